"""Writes golden.json, which contracts and enclave must agree with.

Run `python -m tests.vectors.generate`.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

from offchain.chain import heads
from offchain.chain.packing import by_signer, payout_words
from offchain.protocol import envelopes, hashes, release
from offchain.protocol.bounds import lower_bound, resample
from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import to_json
from offchain.protocol.errors import SubmissionFault
from offchain.protocol.keys import public_key
from offchain.protocol.pricing import Award, Candidate, Knot, price, walk, words
from offchain.protocol.reports import Report, choices_word, recover, sign
from offchain.protocol.results import Result, Results, make_results
from offchain.protocol.sample import allocate, draw
from offchain.protocol.task import Roster, RosterEntry, Submission, Task, roster_digest
from offchain.protocol.transcript import Reveal

GOLDEN = Path(__file__).with_name("golden.json")
DOMAIN = Domain(chain_id=31337, market="0x5FbDB2315678afecb367f032d93F642f64180aa3")
TOKEN = "0x00000000000000000000000000000000C0FFEE00"  # noqa: S105
CURVES = {
    "threshold": (Knot(900_000, 10**18),),
    "line": (Knot(800_000, 10**18), Knot(1_000_000, 3 * 10**18)),
    "uneven": (Knot(1, 0), Knot(4, 1), Knot(7, 9), Knot(1_000_000, 10)),
    "widest": tuple(Knot(1 + i * 142_857, i * (2**108 - 1) // 7) for i in range(8)),
}
SCORES = (0, 1, 2, 3, 5, 6, 7, 142_858, 799_999, 800_000, 850_001, 899_999, 900_000, 1_000_000)


def word(name: str) -> bytes:
    """32 bytes that mean nothing but are always the same."""
    return sha256(f"golden {name}".encode()).digest()


def address(name: str) -> str:
    """The address of `signing_key(name)`."""
    return signing_key(name).public_key.to_checksum_address()


def signing_key(name: str) -> PrivateKey:
    return PrivateKey(word(f"signing key of {name}"))


def value(made: object) -> Any:
    return json.loads(to_json(made))


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def roster() -> Roster:
    names = [f"enclave {i}" for i in range(4)]
    entries = [
        RosterEntry(address(name), public_key(word(f"sealing key of {name}"))) for name in names
    ]
    return tuple(sorted(entries, key=lambda entry: bytes.fromhex(entry.signing_key[2:])))


def task() -> Task:
    return Task(
        provider=address("provider"),
        token=TOKEN,
        budget=5 * 10**18,
        benchmark_fee=10**17,
        max_awards=3,
        benchmark=word("manifest"),
        measurement=word("measurement"),
        roster=roster_digest(roster()),
        quorum=1,
        tolerance=2_000,
        min_stake=10**18,
        delivery_key=public_key(word("delivery key")),
        max_submissions=100,
        commit_bond=10**15,
        entry_fee=10**14,
        commit_deadline=1_900_000_000,
        reveal_deadline=1_900_086_400,
        report_deadline=1_900_172_800,
        dispute_window=86_400,
        verdict_window=172_800,
        claim_window=259_200,
        nonce=7,
        curve=CURVES["line"],
    )


def reveals() -> list[dict[str, Any]]:
    """Three submissions, revealed in another order than committed."""
    task_id, head, rows = task().id(DOMAIN), hashes.NO_HEAD, []
    for index in (2, 0, 1):
        name = f"submission {index}"
        developer, salt = address(f"developer {index}"), word(f"salt of {name}")
        secret = word(f"key of {name}")
        envelope = envelopes.delivery_envelope(secret, task_id, task().delivery_key)
        submission = Submission(
            model_digest=word(f"model of {name}"),
            artifact_digest=word(f"artifact of {name}"),
            envelope_digest=keccak(envelope),
            min_price=index * 10**18,
        )
        info = envelopes.keyring_info(DOMAIN, task_id, developer, submission.digest())
        keyring = envelopes.make_keyring(secret, info, roster())
        made = Reveal(index, developer, submission, keccak(keyring), salt, "")
        commitment = made.commitment(DOMAIN, task_id)
        payload = hashes.payload(
            submission.model_digest, submission.artifact_digest, made.keyring_digest
        )
        head = hashes.after_reveal(head, made.leaf(task_id), salt)
        rows.append(
            {
                "index": index,
                "developer": developer,
                "submission": value(submission),
                "submission_digest": hexed(submission.digest()),
                "salt": hexed(salt),
                "key": hexed(secret),
                "envelope": hexed(envelope),
                "keyring": hexed(keyring),
                "keyring_digest": hexed(made.keyring_digest),
                "commitment": hexed(commitment),
                "committed": hexed(keccak(commitment)),
                "payload": hexed(payload),
                "leaf": hexed(made.leaf(task_id)),
                "head": hexed(head),
            }
        )
    return rows


LINE = np.arange(40.0), np.arange(40.0) + np.tile([3.0, -5.0], 20)
"""Targets and predictions of a regression."""


def sample(seed: bytes) -> dict[str, Any]:
    """A stratified draw: shares of 6.6, 3.72, 1.2 and 0.48 rows become 7, 4, 1 and 0."""
    targets = np.repeat([0, 1, 2, 3], [55, 31, 10, 4])
    sizes = allocate(np.bincount(targets), 12)
    strata = [np.flatnonzero(targets == c) for c in range(4)]
    drawn = [draw(seed, 0, c, strata[c], int(sizes[c])) for c in range(4)]
    rows = np.sort(np.concatenate(drawn))
    return {
        "targets": targets.tolist(),
        "sizes": sizes.tolist(),
        "rows": rows.tolist(),
        "second_draw_of_class_0": draw(seed, 1, 0, strata[0], 7).tolist(),
        "resample": resample(seed, 3, [np.arange(4), np.arange(4, 9)]).tolist(),
        "lower_bound_of_r2": lower_bound("r2", *LINE, None, 950_000, seed),
    }


def closing(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The seed, an inventory that leaves submission 1 out, and the test set's key for it."""
    prevrandao, parent_hash = word("prevrandao"), word("parent hash")
    seed = hashes.seed(bytes.fromhex(rows[-1]["head"][2:]), prevrandao, parent_hash)
    leaves = {row["index"]: bytes.fromhex(row["leaf"][2:]) for row in rows}
    inventory = hashes.inventory(seed, [leaves[0], leaves[2]])
    info = release.release_info(DOMAIN, task().id(DOMAIN), seed, inventory)
    secret, sealing_key = word("key of the test set"), roster()[0].sealing_key
    envelope = envelopes.seal(sealing_key, info, secret, word("ephemeral of the release"))
    return {
        "prevrandao": hexed(prevrandao),
        "parent_hash": hexed(parent_hash),
        "seed": hexed(seed),
        "inventory": hexed(inventory),
        "stopped": hexed(hashes.stopped(inventory)),
        "sample": sample(seed),
        "release": {
            "key": hexed(secret),
            "key_commitment": hexed(release.key_commitment(secret)),
            "sealing_key": hexed(sealing_key),
            "ephemeral": hexed(word("ephemeral of the release")),
            "envelope": hexed(envelope),
        },
    }


def results(rows: list[dict[str, Any]]) -> Results:
    """Two scores, and one that was left out."""
    leaves = {row["index"]: bytes.fromhex(row["leaf"][2:]) for row in rows}
    made = [
        Result(0, 850_000),
        Result(1, reason=SubmissionFault.NOT_IN_INVENTORY),
        Result(2, 950_001),
    ]
    return make_results(task().id(DOMAIN), leaves, word("key of the test set"), made)


def report(closed: dict[str, Any], results: Results) -> dict[str, Any]:
    """A report of two awards, signed by one enclave, then disputed."""
    made = Report(
        task_id=task().id(DOMAIN),
        round=0,
        seed=bytes.fromhex(closed["seed"][2:]),
        inventory=bytes.fromhex(closed["inventory"][2:]),
        results=results.root(),
        choices=(2, 0),
        awards=(Award(2, 950_001), Award(0, 850_000)),
    )
    digest, operator, platform = made.digest(DOMAIN), address("operator 0"), word("platform 0")
    names = ("enclave 0", "enclave 1", "enclave 2")
    cosigned = by_signer(
        digest, [sign(digest, signing_key(n), word(f"platform of {n}")) for n in names]
    )
    signers = [(address("enclave 0"), operator, platform)]
    payouts = payout_words(task().curve, made.awards)
    signed = hashes.signed(digest, signers)
    head = heads.after_report(TOKEN, payouts, signed)
    return {
        "results": value(results),
        "report": value(made),
        "award_words": [str(each) for each in words(made.awards, 64)],
        "choices_word": str(choices_word(made.choices)),
        "report_digest": hexed(digest),
        "cosignatures": [{**value(each), "signer": recover(digest, each)} for each in cosigned],
        "signers": [
            {"signing_key": key, "operator": operator, "platform": hexed(platform)}
            for key, operator, platform in signers
        ],
        "payout_words": [str(each) for each in payouts],
        "signed": hexed(signed),
        "head_after_report": hexed(head),
        "challenger": address("challenger"),
        "head_after_dispute": hexed(heads.after_dispute(head, address("challenger"))),
    }


def prices() -> list[dict[str, Any]]:
    return [
        {
            "curve_words": [str(each) for each in words(curve, 128)],
            "prices": {str(score): str(price(curve, score)) for score in SCORES},
        }
        for curve in CURVES.values()
    ]


def walks() -> list[dict[str, Any]]:
    """Ties, reserve prices, a budget that ends, a count that ends, a price of zero."""
    line, ether = CURVES["line"], 10**18
    cases = {
        "nothing submitted": (5 * ether, 3, []),
        "ties by index": (9 * ether, 3, [(5, 900_000, 0), (3, 900_000, 0), (4, 900_000, 0)]),
        "below the curve": (9 * ether, 3, [(0, 799_999, 0), (1, 800_000, 0)]),
        "reserve price": (9 * ether, 3, [(0, 900_000, 2 * ether + 1), (1, 850_000, 0)]),
        "reserve price met": (9 * ether, 3, [(0, 900_000, 2 * ether), (1, 850_000, 0)]),
        "budget met": (3 * ether + ether // 2, 3, [(0, 900_000, 0), (1, 850_000, 0)]),
        "stops where the budget ends": (
            3 * ether + ether // 2 - 1,
            3,
            [(0, 900_000, 0), (1, 850_000, 0), (2, 800_000, 0)],
        ),
        "stops at the count": (9 * ether, 1, [(0, 800_000, 0), (1, 850_000, 0)]),
    }
    return [
        {
            "case": case,
            "curve_words": [str(each) for each in words(line, 128)],
            "budget": str(budget),
            "max_awards": max_awards,
            "candidates": value([Candidate(*candidate) for candidate in candidates]),
            "awards": value(
                list(walk(line, budget, max_awards, [Candidate(*c) for c in candidates]))
            ),
        }
        for case, (budget, max_awards, candidates) in cases.items()
    ]


def golden() -> dict[str, Any]:
    """All vectors, in the form of the file."""
    rows = reveals()
    closed = closing(rows)
    return {
        "domain": value(DOMAIN),
        "task": value(task()),
        "task_words": {"curve": [str(each) for each in words(task().curve, 128)]},
        "task_id": hexed(task().id(DOMAIN)),
        "roster": [value(entry) for entry in roster()],
        "reveals": rows,
        "closing": closed,
        "reported": report(closed, results(rows)),
        "prices": prices(),
        "walks": walks(),
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden(), indent=1) + "\n")
