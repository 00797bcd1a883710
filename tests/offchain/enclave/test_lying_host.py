"""A malicious host that lies about its input: the enclave refuses, or its signature is useless.

A signature is useless if the report is of another task, seed or domain than the market's: the
market does not accept it from any caller.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from offchain.enclave.enclave import Enclave
from offchain.enclave.models.runner import Predictions
from offchain.enclave.opening import open_key
from offchain.protocol.artifacts import MODEL, decrypt_bytes
from offchain.protocol.encoding import to_json
from offchain.protocol.envelopes import keyring_info, make_keyring, seal
from offchain.protocol.errors import InvalidRequest, RequestFault, RunAborted, SubmissionFault
from offchain.protocol.keys import public_key
from offchain.protocol.messages import Bundle, read_bundle
from offchain.protocol.release import release_info
from offchain.provider.sealing import make_release
from tests.offchain.honest import BUNDLE, HONEST, OFFERS, TASK_ID, fresh, sign
from tests.offchain.market import (
    STORE,
    TOOLS,
    Market,
    Offer,
    enclaves,
    make_market,
    model,
    run,
)
from tests.vectors.generate import DOMAIN, address, word


def refused(bundle: Bundle, position: int = 0) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refusal:
        sign(fresh(position), bundle)
    return refusal.value


def lie(bundle: Bundle, **changes: Any) -> Bundle:
    """Return the bundle with another transcript, and the release's header changed to match."""
    transcript = replace(bundle.transcript, **changes)
    release = replace(bundle.release, task_id=transcript.task_id, seed=transcript.seed)
    return replace(bundle, transcript=transcript, release=release)


# ── Another transcript ──


def altered_reveal(**changes: Any) -> tuple[Any, ...]:
    first, *others = HONEST.transcript.reveals
    return (replace(first, **changes), *others)


REVEALS = HONEST.transcript.reveals
STRANGER = replace(REVEALS[0], index=3, developer=address("stranger"))
JUNK = replace(REVEALS[0], index=3, developer=REVEALS[1].developer, salt=word("junk"))

TRANSCRIPTS: dict[str, dict[str, Any]] = {
    "another budget": {"task": replace(HONEST.transcript.task, budget=4_000_000)},
    "another delivery key": {
        "task": replace(
            HONEST.transcript.task, delivery_key=HONEST.transcript.roster[0].sealing_key
        )
    },
    "another chain": {"domain": replace(DOMAIN, chain_id=1)},
    "another market": {"domain": replace(DOMAIN, market=address("market"))},
    "a submission altered": {
        "reveals": altered_reveal(submission=replace(REVEALS[0].submission, min_price=1))
    },
    "a developer altered": {"reveals": altered_reveal(developer=address("stranger"))},
    "a keyring altered": {"reveals": altered_reveal(keyring_digest=word("keyring"))},
    "a salt altered": {"reveals": altered_reveal(salt=word("salt"))},
    "an index altered": {"reveals": altered_reveal(index=9)},
    "a submission omitted": {"reveals": REVEALS[:2]},
    "a submission added": {"reveals": (*REVEALS, STRANGER)},
    "junk added in a rival's name": {"reveals": (*REVEALS, JUNK)},
    "submissions reordered": {"reveals": REVEALS[::-1]},
    "other randomness": {"prevrandao": word("lucky")},
    "another parent": {"parent_hash": word("lucky")},
}
TASK_LIES = {"another budget", "another delivery key", "another chain", "another market"}


@pytest.mark.parametrize("lie_", TRANSCRIPTS)
def test_measure__another_transcript__is_refused_by_the_release(lie_: str) -> None:
    transcript = replace(HONEST.transcript, **TRANSCRIPTS[lie_])
    expected = RequestFault.ANOTHER_TASK if lie_ in TASK_LIES else RequestFault.ANOTHER_SEED
    assert refused(replace(BUNDLE, transcript=transcript)).reason is expected


@pytest.mark.parametrize("lie_", TRANSCRIPTS)
def test_measure__another_transcript_and_forged_header__does_not_open(lie_: str) -> None:
    bundle = lie(BUNDLE, **TRANSCRIPTS[lie_])
    if lie_ in ("a submission omitted", "an index altered"):
        inventory = tuple(sorted(each.index for each in bundle.transcript.reveals))
        bundle = replace(bundle, release=replace(bundle.release, inventory=inventory))
    assert refused(bundle).reason is RequestFault.TEST_SET_ENVELOPE


def test_measure__forged_chain_of_the_hosts_own_models__does_not_open() -> None:
    probes = [Offer(model(range(i))) for i in range(12)]
    forged = make_market(probes)
    assert forged.transcript.task_id == TASK_ID
    own = forged.bundle(fresh())
    release = replace(BUNDLE.release, seed=own.release.seed, inventory=own.release.inventory)
    assert refused(replace(own, release=release)).reason is RequestFault.TEST_SET_ENVELOPE


def test_read_bundle__submission_twice_in_the_transcript__is_refused() -> None:
    document = json.loads(to_json(BUNDLE))
    document["transcript"]["reveals"] *= 2
    with pytest.raises(InvalidRequest, match="submission 0 is revealed twice") as refusal:
        read_bundle(json.dumps(document).encode())
    assert refusal.value.reason is RequestFault.MALFORMED


def test_read_bundle__another_roster__is_refused() -> None:
    document = json.loads(to_json(BUNDLE))
    document["transcript"]["roster"].pop()
    document["transcript"]["roster"].append(
        {"signing_key": address("z"), "sealing_key": "0x09" + 62 * "0"}
    )
    with pytest.raises(InvalidRequest, match=r"roster 0x[0-9a-f]{64}, expected 0x") as refusal:
        read_bundle(json.dumps(document).encode())
    assert refusal.value.reason is RequestFault.MALFORMED


# ── Another manifest, inventory, release, enclave ──


def test_measure__another_manifest__is_refused() -> None:
    manifest = replace(HONEST.manifest, minimum_gain=1)
    assert refused(replace(BUNDLE, manifest=manifest)).reason is RequestFault.ANOTHER_MANIFEST


@pytest.mark.parametrize(
    ("inventory", "why"),
    [
        ((0, 1), RequestFault.TEST_SET_ENVELOPE),
        ((), RequestFault.TEST_SET_ENVELOPE),
        ((0, 2, 1), RequestFault.ANOTHER_INVENTORY),
        ((0, 1, 1, 2), RequestFault.ANOTHER_INVENTORY),
        ((0, 1, 2, 3), RequestFault.ANOTHER_INVENTORY),
    ],
)
def test_measure__another_inventory__is_refused(
    inventory: tuple[int, ...], why: RequestFault
) -> None:
    release = replace(BUNDLE.release, inventory=inventory)
    assert refused(replace(BUNDLE, release=release)).reason is why


def test_measure__release_to_another_enclave__is_refused() -> None:
    release = HONEST.release(fresh(1))
    assert refused(replace(BUNDLE, release=release)).reason is RequestFault.ANOTHER_ENCLAVE
    forged = replace(release, sealing_key=fresh().identity.sealing_key)
    assert refused(replace(BUNDLE, release=forged)).reason is RequestFault.TEST_SET_ENVELOPE


REHOMED: dict[str, Market] = {
    "task": make_market(OFFERS, nonce=8),
    "chain": make_market(OFFERS, domain=replace(DOMAIN, chain_id=1)),
    "market": make_market(OFFERS, domain=replace(DOMAIN, market=address("market"))),
    "seed": make_market(OFFERS, prevrandao=word("fork")),
}


@pytest.mark.parametrize("home", REHOMED)
def test_measure__test_set_envelope_of_another_home__does_not_open(home: str) -> None:
    envelope = REHOMED[home].release(fresh()).envelope
    release = replace(BUNDLE.release, envelope=envelope)
    assert refused(replace(BUNDLE, release=release)).reason is RequestFault.TEST_SET_ENVELOPE


def test_measure__test_set_key_that_the_manifest_does_not_commit_to__is_refused() -> None:
    sealing_key = fresh().identity.sealing_key
    release = make_release(HONEST.transcript, [0, 1, 2], sealing_key, word("other"), word("e"))
    assert refused(replace(BUNDLE, release=release)).reason is RequestFault.TEST_SET_KEY


def test_measure__enclave_outside_the_roster__is_refused() -> None:
    stranger = enclaves(boot=1)[0]
    with pytest.raises(InvalidRequest) as refusal:
        stranger.measure(BUNDLE, TOOLS)
    assert refusal.value.reason is RequestFault.ANOTHER_ENCLAVE


def test_measure__sealing_key_of_another_boot_in_the_roster__is_refused() -> None:
    rebooted = Enclave(fresh()._signing_key, word("new sealing key"))
    sealing_key, transcript = rebooted.identity.sealing_key, HONEST.transcript
    info = release_info(DOMAIN, TASK_ID, transcript.seed, transcript.inventory_digest([0, 1, 2]))
    envelope = seal(sealing_key, info, HONEST.key, word("ephemeral"))
    opens = replace(BUNDLE.release, sealing_key=sealing_key, envelope=envelope)
    for bundle in (BUNDLE, replace(BUNDLE, release=opens)):
        with pytest.raises(InvalidRequest, match="another enclave: roster without"):
            rebooted.measure(bundle, TOOLS)


def test_measure__test_set_missing_from_the_store__is_refused() -> None:
    manifest = replace(
        HONEST.manifest, test_set=replace(HONEST.manifest.test_set, artifact_digest=word("absent"))
    )
    market = make_market(OFFERS, manifest={"test_set": manifest.test_set})
    assert refused(market.bundle(fresh())).reason is RequestFault.TEST_SET


# ── Keyrings bound elsewhere: committed by a developer that copies, or swapped by the host ──


def keyring_for(**home: Any) -> bytes:
    """Seal submission 1's key for another task, roster or developer."""
    transcript = HONEST.transcript
    roster, task_id = home.get("roster", transcript.roster), home.get("task_id", TASK_ID)
    info = keyring_info(
        home.get("domain", DOMAIN),
        task_id,
        home.get("developer", REVEALS[1].developer),
        home.get("submission", REVEALS[1].submission).digest(),
    )
    return make_keyring(word(f"key 1 {TASK_ID.hex()}"), info, roster)


KEYRINGS = {
    "another task": keyring_for(task_id=word("task")),
    "another submission": keyring_for(submission=REVEALS[0].submission),
    "another developer": keyring_for(developer=address("stranger")),
    "another market": keyring_for(domain=replace(DOMAIN, market=address("market"))),
    "another chain": keyring_for(domain=replace(DOMAIN, chain_id=1)),
    "another order of enclaves": keyring_for(roster=HONEST.transcript.roster[::-1]),
    "other enclaves": keyring_for(roster=tuple(each.identity for each in enclaves(boot=1))),
    "one enclave too few": keyring_for()[:-80],
    "one entry too many": keyring_for() + bytes(80),
}


def test_keyring_for__home__is_the_honest_keyring() -> None:
    assert keyring_for() == HONEST.keyrings[1]


@pytest.mark.parametrize("home", KEYRINGS)
def test_measure__committed_keyring_of_another_home__gets_no_score(home: str) -> None:
    offers = [OFFERS[0], replace(OFFERS[1], keyring=KEYRINGS[home]), OFFERS[2]]
    market, enclave = make_market(offers), fresh()
    enclave.measure(market.bundle(enclave), TOOLS)
    reason = {each.index: each.reason for each in enclave.propose(TASK_ID, 0).results}
    assert reason == {0: None, 1: SubmissionFault.KEYRING, 2: None}


@pytest.mark.parametrize("home", KEYRINGS)
def test_measure__keyring_swapped_by_the_host__aborts_and_names_the_submission(home: str) -> None:
    bundle = replace(BUNDLE, keyrings=HONEST.keyrings | {1: KEYRINGS[home]})
    with pytest.raises(RunAborted) as failure:
        fresh().measure(bundle, TOOLS)
    assert failure.value.submission == 1


# ── Replay, and rollback ──


def test_measure__same_bundle_again__does_not_run_a_model_again() -> None:
    runs: list[int] = []

    def count(*args: Any, submission: int, **options: Any) -> Predictions:
        runs.append(submission)
        return run(*args, submission=submission, **options)

    enclave, tools = fresh(), replace(TOOLS, run=count)
    for _ in range(3):
        enclave.measure(BUNDLE, tools)
    assert sorted(runs) == [0, 1, 2]


@pytest.mark.parametrize(
    "other",
    [
        make_market(OFFERS, prevrandao=word("fork")).bundle(fresh()),
        make_market(OFFERS[:2]).bundle(fresh()),
    ],
    ids=["fork", "roll-back"],
)
def test_measure__other_run_released_too__is_refused_after_the_first(other: Bundle) -> None:
    enclave = fresh()
    enclave.measure(BUNDLE, TOOLS)
    with pytest.raises(InvalidRequest) as refusal:
        enclave.measure(other, TOOLS)
    assert refusal.value.reason is RequestFault.MEASURED_OTHERWISE


@pytest.mark.parametrize("round_", [0, 1])
def test_propose__nothing_measured__is_refused(round_: int) -> None:
    enclave = fresh()
    if round_:
        enclave.measure(BUNDLE, TOOLS)
    with pytest.raises(InvalidRequest) as refusal:
        enclave.propose(TASK_ID, round_)
    assert refusal.value.reason is RequestFault.NOT_MEASURED


# ── A machine whose keys were extracted (docs/KNOWN_ISSUES.md) ──


@pytest.mark.parametrize("position", range(4))
def test_open_key__sealing_key_of_one_enclave_is_out__every_model_of_the_task_is(
    position: int,
) -> None:
    """A secret sealed to the whole roster is only as safe as its weakest machine, signer or not."""
    identity = HONEST.transcript.roster[position]
    secrets = [word(f"sealing key of enclave {n} boot 0") for n in range(4)]
    [extracted] = [each for each in secrets if public_key(each) == identity.sealing_key]
    for index, reveal in HONEST.transcript.by_index.items():
        key = open_key(HONEST.transcript, reveal, HONEST.keyrings[index], position, extracted)
        artifact = STORE.fetch_bytes(reveal.submission.artifact_digest, 10**6)
        assert decrypt_bytes(artifact, key, MODEL) == OFFERS[index].model
