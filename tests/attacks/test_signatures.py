"""Attacks with signatures and enclaves: the attack corpus, 11 to 22."""

# Holds I-9.

import boa
import pytest
from eth_abi.abi import encode

from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import ZERO_ADDRESS
from tests import reasons
from tests import sale as parts
from tests.deployment import PROGRAM, SEAT_BOND, TERMS, Sale
from tests.inprocess import UNBONDING, account, deploy, ether, models, refuses
from tests.sale import CLOSED, DAY, ETHER, REPORTED, VOIDED, Cosignature, cosign, word
from tests.signing import ORDER, digest_signed_with

AWARDS = ((0, 900_000), (1, 800_000))


@pytest.fixture
def sale(chain) -> Sale:
    return Sale(chain).enter(*models("one", "two"))


def post(sale: Sale, report: parts.Report, cosignatures: list[Cosignature]) -> None:
    sale.market.post_report(*parts.post(sale.task, sale.roster, report, cosignatures))


def signed_by(sale: Sale, report: parts.Report, *enclaves: parts.Enclave) -> list[Cosignature]:
    return cosign(report.digest(sale.chain.domain), enclaves)


# ── 11: signatures ──


def test_post_report__signature_that_is_none__refused(sale):
    """11: zeros and out-of-range numbers, whose `ecrecover` is the zero address."""
    report = sale.measured(*AWARDS)
    [good] = signed_by(sale, report, *sale.signing)
    nothing, too_large = bytes(32), ORDER.to_bytes(32, "big")
    for r, vs in ((nothing, good.vs), (good.r, nothing), (nothing, nothing), (too_large, good.vs)):
        with refuses(reasons.BAD_SIGNATURE):
            post(sale, report, [good._replace(r=r, vs=vs)])


def test_post_report__other_parity__another_signer(sale):
    """11: the parity of v flipped gives another key, which no roster holds."""
    report = sale.measured(*AWARDS)
    [good] = signed_by(sale, report, *sale.signing)
    flipped = bytes([good.vs[0] ^ 0x80]) + good.vs[1:]
    with refuses(reasons.NOT_IN_ROSTER):
        post(sale, report, [good._replace(vs=flipped)])


# Holds S-51.
@pytest.mark.parametrize(("s", "low"), [(ORDER // 2, True), (ORDER // 2 + 1, False)])
def test_check_quorum__high_s__refused(chain, s, low):
    """11: of the two signatures that each signature gives, the registry takes the low one only."""
    enclave = chain.enclaves[0]
    digest, (r, vs) = digest_signed_with(enclave.key, s)
    args = (digest, chain.measurement, 0, [enclave.entry()])
    signatures = [Cosignature(r, vs, enclave.platform)]
    if low:
        assert len(chain.registry.check_quorum(*args, signatures, [])) == 1
    else:
        with refuses(reasons.BAD_SIGNATURE):
            chain.registry.check_quorum(*args, signatures, [])


# ── 12, 13: replays and forgeries ──


def test_post_report__signed_for_another_task_round_or_seed__refused(chain, sale):
    """12: the market knows task, round and seed, so what is signed of another is signed by none."""
    other = Sale(chain, nonce=1).create()
    own = sale.measured(*AWARDS)
    for foreign in (
        own._replace(task_id=other.id),
        own._replace(seed=word("another seed")),
        own._replace(round=1),
    ):
        with refuses(reasons.NOT_IN_ROSTER):
            post(sale, own, signed_by(sale, foreign, *sale.signing))
    post(sale, own, signed_by(sale, own, *sale.signing))


def test_post_report__signed_for_another_market_or_chain__refused(chain, sale):
    """12: the domain is signed too."""
    report = sale.measured(*AWARDS)
    second = deploy("ModelMarket", chain.registry, *TERMS)
    for domain in (
        Domain(chain.domain.chain_id, str(second.address)),
        Domain(chain.domain.chain_id + 1, chain.domain.market),
    ):
        with refuses(reasons.NOT_IN_ROSTER):
            post(sale, report, cosign(report.digest(domain), sale.signing))


# Holds S-2.
def test_sale__chain_forked_since_the_deployment__signed_for_the_new_chain(
    chain, challenger, monkeypatch
):
    """12: what was signed for the chain before a fork is of no use on the chain after it."""
    before, forked = chain.domain, Domain(chain.domain.chain_id + 1, chain.domain.market)
    boa.env.evm.patch.chain_id = forked.chain_id
    monkeypatch.setattr(chain, "domain", forked)
    sale = Sale(chain).enter(*models("one", "two"))
    report = sale.measured(*AWARDS)
    assert sale.market.eip712Domain()[3] == forked.chain_id
    assert sale.market.task_id(sale.task) == sale.id != sale.task.id(before)
    assert sale.market.report_digest(report) == report.digest(forked)
    with refuses(reasons.NOT_IN_ROSTER):
        post(sale, report, cosign(report.digest(before), sale.signing))
    stands = sale.post(*AWARDS)
    sale.dispute(challenger)
    assert sale.resolve(stands, *AWARDS) is stands


def test_post_report__another_model_put_in__refused(sale):
    """12: awards exchanged under a signature are not what was signed."""
    report = sale.measured(*AWARDS)
    cosignatures = signed_by(sale, report, *sale.signing)
    exchanged = sale.measured((1, 900_000), (0, 800_000))
    with refuses(reasons.NOT_IN_ROSTER):
        post(sale, exchanged, cosignatures)


def test_resolve_dispute__signed_for_round_0__refused(sale, challenger):
    """12: reports that the panel's enclaves signed in the first round are no verdict."""
    stands = sale.post(*AWARDS)
    sale.dispute(challenger)
    first = sale.measured((0, 700_000))
    args = stands.resolve(sale.roster, challenger, first, sale.panel)
    with refuses(reasons.WRONG_ROUND):
        sale.market.resolve_dispute(*args)
    panels = first._replace(round=1)
    cosignatures = signed_by(sale, first, *sale.panel)
    with refuses(reasons.NOT_IN_ROSTER):
        sale.market.resolve_dispute(*args[:5], panels, cosignatures)


# Holds S-29.
def test_resolve_dispute__another_run__refused(sale, challenger):
    """12: the panel measures what the report measured: same task, seed and inventory."""
    stands = sale.post(*AWARDS)
    sale.dispute(challenger)
    for field, reason in (
        ("task_id", reasons.WRONG_TASK),
        ("seed", reasons.WRONG_SEED),
        ("inventory", reasons.WRONG_INVENTORY),
    ):
        verdict = sale.measured((0, 700_000), panel=True, **{field: word("another")})
        with refuses(reason):
            args = stands.resolve(sale.roster, challenger, verdict, sale.panel)
            sale.market.resolve_dispute(*args)


# Holds S-41.
@pytest.mark.parametrize("age", [-1, 0, 1, 256, 257])
def test_register_enclave__block_of_the_evidence__among_the_last_256(chain, age):
    """13: evidence bound to a future or stale block is refused: quotes cannot be hoarded."""
    operator, patch = account("newcomer"), boa.env.evm.patch
    chain.registry.stake(value=ETHER, sender=operator)
    enclave = parts.enclave("newcomer", operator)
    patch.block_number += 300
    block = patch.block_number - age
    args = (operator, enclave.signing_key, enclave.sealing_key, block)
    if 1 <= age <= 256:
        chain.registry.report_data(*args)
    else:
        with refuses(reasons.STALE_BLOCK):
            chain.registry.report_data(*args)
        with refuses(reasons.STALE_BLOCK):
            chain.registry.register_enclave(
                chain.verifier, bytes(128), *args[1:3], block, sender=operator
            )


def test_post_report__seed_of_a_forged_transcript__refused(sale):
    """13, 19: an enclave that was shown invented reveals signs a seed that is not the market's."""
    invented = parts.head_of_reveals(sale.id, [(0, sale.models[0])])
    for seed in (invented, bytes(32), parts.word("fork")):
        report = sale.measured(*AWARDS, seed=seed)
        with refuses(reasons.NOT_IN_ROSTER):
            post(sale, report, signed_by(sale, report, *sale.signing))


# ── 14: scores ──


# Holds S-7.
@pytest.mark.parametrize(
    "awards",
    [
        (1_000_001 << 32,),
        ((2**32 - 1) << 32,),
        (900_000 << 32 | 2,),
        (900_000 << 32, 900_000 << 32),
        (800_000 << 32, 900_000 << 32 | 1),
        (900_000 << 32 | 1, 900_000 << 32),
        (0, 900_000 << 32),
        (900_000 << 32, 0, 800_000 << 32 | 1),
        (499_999 << 32,),
        (1,),
        (1_000_000 << 32, 999_000 << 32 | 1),
    ],
    ids=[
        "score above all",
        "score of all bits",
        "never committed",
        "twice",
        "worse first",
        "tie out of order",
        "empty first",
        "gap",
        "worth nothing",
        "scored nothing",
        "over budget",
    ],
)
def test_post_report__awards_out_of_range__refused(sale, awards):
    """14: no quorum can make the market sell what the task's terms do not allow."""
    report = sale.measured()._replace(awards=parts.packed(awards, 64))
    with refuses(reasons.BAD_AWARDS):
        post(sale, report, signed_by(sale, report, *sale.signing))


# ── 15, 16, 20: who may sign ──


# Holds I-9.
@pytest.mark.parametrize("signers", [0, 2])
def test_post_report__not_as_many_signatures_as_the_quorum__refused(sale, signers):
    report = sale.measured(*AWARDS)
    with refuses(reasons.WRONG_QUORUM):
        post(sale, report, signed_by(sale, report, *sale.enclaves[:signers]))


def test_post_report__signer_that_may_not__refused(chain, sale):
    """15, 20: unregistered, revoked, expired, unbonding, poor, or under another program."""
    report = sale.measured(*AWARDS)
    enclave = sale.signing[0]
    cosignatures = signed_by(sale, report, enclave)
    registry, owner = chain.registry, chain.owner

    def refused(reason):
        with refuses(reason):
            post(sale, report, cosignatures)

    with boa.env.anchor():
        registry.revoke_enclave(enclave.signing_key, chain.measurement, sender=owner)
        refused(reasons.ENCLAVE_REVOKED)
    with boa.env.anchor():
        registry.revoke_platform(enclave.platform, sender=owner)
        refused(reasons.PLATFORM_REVOKED)
    with boa.env.anchor():
        registry.revoke_measurement(chain.measurement, sender=owner)
        refused(reasons.MEASUREMENT_REVOKED)
    with boa.env.anchor():
        registry.revoke_verifier(chain.verifier, sender=owner)
        refused(reasons.VERIFIER_REVOKED)
    with boa.env.anchor():
        registry.request_unstake(sender=enclave.operator)
        refused(reasons.OPERATOR_INACTIVE)
    with boa.env.anchor():
        chain.register(enclave, lifetime=1)
        chain.at(chain.now + 1)
        refused(reasons.ENCLAVE_EXPIRED)
    with boa.env.anchor():
        stake = registry.operator(enclave.operator).stake
        market = chain.market.address
        left = sale.task.min_stake - 1
        registry.slash(enclave.operator, stake - left, owner, sender=market)
        refused(reasons.TOO_LITTLE_STAKE)
    post(sale, report, cosignatures)


@pytest.mark.parametrize("stranger_to", ["registry", "measurement", "machine"])
def test_post_report__enclave_unknown__refused(chain, stranger_to):
    """15, 20: on the roster, but not registered, of another program, or on another machine."""
    operator = account("newcomer")
    if stranger_to == "registry":
        newcomer = parts.enclave("newcomer", operator)
    else:
        newcomer = chain.enlist("newcomer", operator, ETHER)
    terms = {"measurement": word("other")} if stranger_to == "measurement" else {}
    sale = Sale(chain, [newcomer, *chain.enclaves[:6]], **terms)
    sale.enter(*models("one"))
    report = sale.measured((0, 900_000))
    [cosignature] = signed_by(sale, report, newcomer)
    if stranger_to == "machine":
        cosignature = cosignature._replace(platform=chain.enclaves[0].platform)
    with refuses(reasons.ENCLAVE_UNKNOWN):
        post(sale, report, [cosignature])


def test_post_report__enclave_restarted_with_new_keys__not_in_the_roster(chain, sale):
    """15: whoever rotates its keys in the window is out of that task, renewed or not."""
    before = sale.signing[0]
    after = chain.enlist("rotated", before.operator)
    report = sale.measured(*AWARDS)
    with refuses(reasons.NOT_IN_ROSTER):
        post(sale, report, signed_by(sale, report, after))
    chain.register(before)
    post(sale, report, signed_by(sale, report, before))


def test_expire_dispute__stolen_key_revoked_after_its_report__void(chain, sale, challenger):
    """16: what a stolen key signed before its revocation is undone by a dispute."""
    thief = sale.signing[0]
    stands = sale.post((1, 900_000))
    chain.registry.revoke_enclave(thief.signing_key, chain.measurement, sender=chain.owner)
    sale.dispute(challenger)
    assert sale.expire(stands) is True
    assert sale.stage == VOIDED


def test_revoke_enclave__stolen_key__never_comes_back(chain, sale):
    """16: a revoked key is not renewed, and the thief cannot register it for itself."""
    stolen = sale.signing[0]
    chain.registry.revoke_enclave(stolen.signing_key, chain.measurement, sender=chain.owner)
    with refuses(reasons.ENCLAVE_REVOKED):
        chain.register(stolen)
    thief = account("thief")
    chain.registry.stake(value=ETHER, sender=thief)
    machine = word("the thief's machine")
    with refuses(reasons.ENCLAVE_REVOKED):
        chain.register(parts.Enclave(stolen.key, stolen.sealing_key, machine, thief))


# Holds S-46.
def test_register_enclave__key_of_another_operator__taken(chain, sale):
    """16, 22: who stole a key, or saw one in the mempool, cannot take its registration over."""
    known, thief = sale.signing[0], account("thief")
    chain.registry.stake(value=ETHER, sender=thief)
    with refuses(reasons.PLATFORM_TAKEN):
        chain.register(parts.Enclave(known.key, known.sealing_key, known.platform, thief))
    machine = word("the thief's machine")
    with refuses(reasons.KEY_TAKEN):
        chain.register(parts.Enclave(known.key, known.sealing_key, machine, thief))


# ── 17, 18: clones ──


def equivocation(sale, enclaves, *lists, **changed):
    """The arguments of `prove_equivocation` for reports of these awards, one of each enclave.

    The first of the enclaves is the one that is accused.
    """
    seed = word("a run")
    reports = [sale.measured(*pairs, seed=seed, **changed) for pairs in lists]
    digests = [report.digest(sale.chain.domain) for report in reports]
    cosignatures = [each.cosign(digest) for each, digest in zip(enclaves, digests, strict=True)]
    return sale.task, reports, cosignatures, enclaves[0].operator, enclaves[0].sealing_key


def restarted(chain, of, name="restarted"):
    """The next boot of an enclave on the same machine: new keys, same platform."""
    made = parts.enclave(name, of.operator)
    made = parts.Enclave(made.key, made.sealing_key, of.platform, of.operator)
    chain.register(made)
    return made


# Holds S-55.
@pytest.mark.parametrize("retired", [False, True], ids=["registered", "retired"])
def test_prove_equivocation__two_runs_of_one_enclave__whole_stake_gone(
    chain, sale, stranger, retired
):
    """17: a clone signs with the keys of its original: two results cost its operator all.

    That its machine registered a new enclave since does not help it.
    """
    enclave = sale.signing[0]
    if retired:
        restarted(chain, enclave)
    stake = chain.registry.operator(enclave.operator).stake
    proof = equivocation(sale, [enclave, enclave], [(0, 900_000)], [(1, 900_000)])
    burned = ether(ZERO_ADDRESS)
    assert chain.registry.prove_equivocation(*proof, sender=stranger) == stake // 4
    assert chain.registry.credits(stranger) == stake // 4
    with refuses(reasons.CONDEMNED):
        chain.registry.prove_equivocation(*proof, sender=stranger)
    with refuses(reasons.ENCLAVE_EXPIRED if retired else reasons.OPERATOR_INACTIVE):
        sale.post(*AWARDS)
    chain.at(chain.now + UNBONDING)
    with refuses(reasons.CONDEMNED):
        chain.registry.unstake(enclave.operator, sender=enclave.operator)
    chain.registry.burn_stake(enclave.operator, sender=stranger)
    assert ether(ZERO_ADDRESS) - burned == stake - stake // 4
    assert chain.registry.operator(enclave.operator).stake == 0


def test_prove_equivocation__culprit_proves_its_own_fault__fine_is_still_there(
    chain, sale, challenger
):
    """17: an operator that condemns itself before a verdict keeps a quarter, and owes the fine."""
    enclave = sale.signing[0]
    stands = sale.post(*AWARDS)
    sale.dispute(challenger)
    proof = equivocation(sale, [enclave, enclave], [(0, 900_000)], [])
    chain.registry.prove_equivocation(*proof, sender=enclave.operator)
    sale.resolve(stands, (0, 700_000))
    assert chain.registry.credits(challenger) == sale.task.bond(SEAT_BOND)


# Holds S-36, S-41, S-50, S-55.
def test_events__operator_is_a_contract__name_it_and_not_who_calls_it(chain, stranger):
    """A vault that stakes is the operator, and what it proves and is paid is its own."""
    vault, registry = deploy("testing/HostileAccount"), chain.registry
    me, named = str(vault.address), {}

    def act(name, *args, value=0):
        calldata = getattr(registry, name).prepare_calldata(*args)
        vault.execute(registry, calldata, sender=stranger, value=value)
        for log in vault.get_logs():
            party = getattr(log, "prover", None) or getattr(log, "account", None) or log.operator
            named[type(log).__name__] = str(party)

    act("stake", value=ETHER)
    made = parts.enclave("of a vault", me)
    keys = made.signing_key, made.sealing_key, chain.driver.known_block
    attested = PROGRAM, made.platform, chain.now + DAY, registry.report_data(me, *keys)
    evidence = encode(["bytes32", "bytes32", "uint256", "bytes32"], attested)
    act("register_enclave", chain.verifier, evidence, *keys)
    assert registry.is_active(*keys[:2], made.platform, chain.measurement)
    act("announce", "https://vault.example/")
    act("request_unstake")
    culprit = chain.enclaves[0]
    act("prove_equivocation", *equivocation(Sale(chain), [culprit, culprit], [(0, 1)], []))
    reward = registry.credits(me)
    assert reward == 10 * ETHER // 4
    before = ether(me)
    act("withdraw", me)
    chain.at(chain.now + UNBONDING)
    act("unstake", me)
    assert ether(me) - before == reward + ETHER
    staked = "Staked", "EnclaveRegistered", "EndpointAnnounced", "UnstakeRequested", "Unstaked"
    assert named == dict.fromkeys((*staked, "EquivocationProven", "Withdrawn"), me)


# Holds I-23, S-54.
def test_prove_equivocation__honest_operator__cannot_be_framed(chain, sale, stranger):
    """17: scores within tolerance, other runs or machines, or a forged signature prove nothing."""
    one, other = sale.enclaves[:2]
    tolerance = sale.task.tolerance
    prove = chain.registry.prove_equivocation
    accused = one.operator, one.sealing_key
    near = [(0, 900_000)], [(0, 900_000 + 2 * tolerance)]
    with refuses(reasons.NO_CONTRADICTION):
        prove(*equivocation(sale, [one, one], *near), sender=stranger)
    far = [(0, 900_000)], [(0, 900_001 + 2 * tolerance)]
    with refuses(reasons.ENCLAVE_UNKNOWN, reasons.DIFFERENT_SIGNERS):
        prove(*equivocation(sale, [one, other], *far), sender=stranger)
    task, reports, signatures, *_ = equivocation(sale, [one, one], *far)
    elsewhere = [reports[0], reports[1]._replace(seed=word("another run"))]
    with refuses(reasons.DIFFERENT_RUNS):
        prove(task, elsewhere, signatures, *accused, sender=stranger)
    with refuses(reasons.WRONG_TASK):
        prove(task._replace(tolerance=0), reports, signatures, *accused, sender=stranger)
    forged = [signatures[0], signatures[0]]
    with refuses(reasons.DIFFERENT_SIGNERS):
        prove(task, reports, forged, *accused, sender=stranger)
    prove(task, reports, signatures, *accused, sender=stranger)


TIE = [(0, 900_000), (1, 900_000)], [(1, 900_000), (0, 900_000)]


# Holds I-38.
def test_prove_equivocation__honest_restarts__cannot_be_framed(chain, stranger):
    """18: a roster that names the keys before and after restarts frames nobody, and gives one vote.

    Each boot is honest, and each breaks a tie its own way: the host crashed in the middle of a
    task, or its operator let the old enclave run on while it registered the new one.
    """
    others, before = chain.enclaves[1:11], chain.enclaves[0]
    after = restarted(chain, before)
    again = restarted(chain, before, "restarted again")
    boots = [before, after, again]
    sale = Sale(chain, [*others, *boots], quorum=1).enter(*models("one", "two"))
    for one in boots:
        for other in boots:
            if one is not other:
                with refuses(reasons.DIFFERENT_SIGNERS):
                    chain.registry.prove_equivocation(
                        *equivocation(sale, [one, other], *TIE), sender=stranger
                    )
    report = sale.measured(*TIE[0])
    for retired in (before, after):
        with refuses(reasons.ENCLAVE_EXPIRED):
            post(sale, report, signed_by(sale, report, retired))
    post(sale, report, signed_by(sale, report, again))
    assert sale.stage == REPORTED
    assert chain.registry.operator(before.operator).condemned_at == 0


# Holds I-37.
@pytest.mark.parametrize("retired_at", ["before the dispute", "in the dispute"])
def test_register_enclave__restart_after_a_report__makes_it_neither_void_nor_fined(
    chain, sale, challenger, retired_at
):
    """15: a signer that restarts is retired, not revoked: its report stands as before."""
    stands = sale.post(*AWARDS)
    stake = chain.registry.operator(sale.signing[0].operator).stake
    if retired_at == "before the dispute":
        restarted(chain, sale.signing[0])
    sale.dispute(challenger)
    if retired_at == "in the dispute":
        restarted(chain, sale.signing[0])
    with boa.env.anchor():
        assert sale.resolve(stands, *AWARDS) is stands
    assert sale.expire(stands) is False
    sale.claim(stands, 0)
    sale.claim(stands, 1)
    sale.settle(stands)
    assert chain.registry.operator(sale.signing[0].operator).stake == stake
    assert chain.market.credits(ZERO_ADDRESS, challenger) == sale.task.bond(SEAT_BOND) // 2


def test_check_quorum__two_boots_of_one_machine__never_both(chain, sale, challenger):
    """18: neither in one report nor on one panel nor on both sides of a dispute."""
    enclave = sale.signing[0]
    stands = sale.post(*AWARDS)
    after = restarted(chain, enclave)
    sale.dispute(challenger)
    with refuses(reasons.NOT_IN_ROSTER):
        sale.resolve(stands, *AWARDS, panel=[after, *sale.panel[:2]])
    roster = parts.roster([enclave, after, *sale.panel])
    digest = word("digest")
    registry, signed = chain.registry, parts.cosign(digest, [after, *sale.panel[:2]])
    with refuses(reasons.OPERATOR_EXCLUDED):
        registry.check_quorum(digest, chain.measurement, 0, roster, signed, [enclave.signer()])
    both = parts.cosign(digest, [enclave, after])
    with refuses(reasons.ENCLAVE_EXPIRED, reasons.OPERATOR_TWICE):
        registry.check_quorum(digest, chain.measurement, 0, roster, both, [])


def test_revoke_enclave__then_restart__stays_a_revocation(chain, sale, challenger):
    """16: whoever registers a new enclave does not wash a revocation of the old one away."""
    stands = sale.post(*AWARDS)
    thief = sale.signing[0]
    chain.registry.revoke_enclave(thief.signing_key, chain.measurement, sender=chain.owner)
    restarted(chain, thief)
    sale.dispute(challenger)
    assert sale.expire(stands) is True


def test_register_enclave__operator_unbonds__retires_no_more(chain, sale):
    """An operator that asked for its stake back neither registers nor retires anything."""
    enclave = sale.signing[0]
    chain.registry.request_unstake(sender=enclave.operator)
    with refuses(reasons.UNBONDING):
        restarted(chain, enclave)


# Holds I-41.
@pytest.mark.parametrize("late", [-1, 0, 1])
def test_register_enclave__platform_changes_hands__only_after_every_dispute(
    chain, sale, challenger, late
):
    """No machine judges a report that it signed: it passes on 21 days after its last expiry."""
    before, taker = sale.signing[0], account("taker")
    stands = sale.post(*AWARDS)
    restarted(chain, before)
    held_until = chain.registry.platform(before.platform).held_until
    assert held_until >= chain.now + UNBONDING
    assert held_until > sale.time_a + sale.task.verdict_window
    chain.registry.stake(value=ETHER, sender=taker)
    theirs = parts.enclave("of the taker", taker)
    theirs = parts.Enclave(theirs.key, theirs.sealing_key, before.platform, taker)
    chain.at(held_until + late)
    if late < 0:
        with refuses(reasons.PLATFORM_TAKEN):
            chain.register(theirs)
        return
    chain.register(theirs)
    proof = equivocation(sale, [before, before], *TIE)
    chain.registry.prove_equivocation(*proof)
    assert chain.registry.operator(before.operator).condemned_at == chain.now
    assert chain.registry.operator(taker).condemned_at == 0
    sale.settle(stands)


def test_prove_equivocation__culprit_withdrew_before__too_late_only_then(chain, sale, stranger):
    """17: unbonding stake is still lost; only a stake that was paid out is safe."""
    enclave = sale.signing[0]
    proof = equivocation(sale, [enclave, enclave], [(0, 900_000)], [])
    chain.registry.request_unstake(sender=enclave.operator)
    unlocks_at = chain.registry.operator(enclave.operator).unlocks_at
    chain.at(unlocks_at - 1)
    with boa.env.anchor():
        chain.registry.prove_equivocation(*proof, sender=stranger)
    chain.at(unlocks_at)
    chain.registry.unstake(enclave.operator, sender=enclave.operator)
    with refuses(reasons.OPERATOR_INACTIVE):
        chain.registry.prove_equivocation(*proof, sender=stranger)


# ── 21, 22 ──


# Holds S-2.
def test_post_report__a_report_stands__never_rewritten(sale, challenger):
    """21: nobody posts a second report, before a dispute, after one, or at the end."""
    stands = sale.post(*AWARDS)
    head = sale.market.head(sale.id)
    again = sale.measured((1, 900_000))
    cosignatures = signed_by(sale, again, *sale.enclaves[1:2])

    def refused():
        with refuses(reasons.WRONG_STAGE):
            post(sale, again, cosignatures)

    refused()
    assert sale.market.head(sale.id) == head
    sale.dispute(challenger)
    refused()
    sale.resolve(stands, *AWARDS)
    refused()
    assert sale.market.head(sale.id) == head
    sale.claim(stands, 0)
    sale.claim(stands, 1)
    sale.settle(stands)
    refused()


# Holds S-10.
def test_create_task__identifier_of_anothers_task__not_to_be_taken(chain, stranger):
    """22: a task id says who its provider is, so nobody else can use it up, or use it twice."""
    sale = Sale(chain)
    escrow = sale.task.budget + sale.task.benchmark_fee
    with refuses(reasons.NOT_PROVIDER):
        chain.market.create_task(sale.task, "", sender=stranger, value=escrow)
    with refuses(reasons.WRONG_STAGE):
        chain.market.commit_model(sale.id, bytes(32), sender=stranger)
    sale.create()
    with refuses(reasons.TASK_EXISTS):
        sale.create()


# Holds S-52.
def test_check_quorum__expired_in_the_same_second__refused(chain):
    """15: an enclave signs until the second before its expiry."""
    sale = Sale(chain).enter(*models("one", "two"))
    enclave = sale.signing[0]
    chain.register(enclave, lifetime=DAY)
    chain.at(chain.now + DAY)
    with refuses(reasons.ENCLAVE_EXPIRED):
        sale.post(*AWARDS)
    assert sale.stage == CLOSED
    chain.register(enclave)
    sale.post(*AWARDS)
    assert sale.stage == REPORTED
