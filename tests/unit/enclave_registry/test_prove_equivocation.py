from dataclasses import dataclass, replace
from typing import Any

import pytest
from brownie import EnclaveRegistry, reverts, web3

from offchain.protocol.eip712 import Domain
from tests.anvil import at, now
from tests.deployment import PLATFORM_STAKE
from tests.reasons import (
    BAD_SIGNATURE,
    CONDEMNED,
    DIFFERENT_RUNS,
    DIFFERENT_SIGNERS,
    ENCLAVE_UNKNOWN,
    MARKET_UNKNOWN,
    NO_CONTRADICTION,
    NO_STAKE,
    OPERATOR_INACTIVE,
    WRONG_TASK,
)
from tests.reasons import UNBONDING as UNBONDING_REASON
from tests.sale import (
    DAY,
    ETHER,
    Enclave,
    Report,
    Task,
    enclave,
    report,
    roster,
    task,
    word,
)
from tests.signing import ORDER, digest_signed_with
from tests.unit.enclave_registry.registry_deployment import MAX_LIFETIME, UNBONDING, only_event

TOLERANCE = 2_000
SEED = word("seed")


@dataclass(frozen=True)
class Case:
    """A task that no market knows, and enclaves that sign reports of it."""

    registry: Any
    prover: Any
    domain: Domain
    task: Task

    def report(self, *pairs: tuple[int, int], **changed: Any) -> Report:
        made = report(self.task.id(self.domain), SEED, *pairs)
        return made._replace(**changed)

    def arguments(self, reports: tuple[Report, Report], by: tuple[Enclave, Enclave]) -> list[Any]:
        cosignatures = [
            each.cosign(made.digest(self.domain)) for each, made in zip(by, reports, strict=True)
        ]
        return [self.task, list(reports), cosignatures, by[0].operator, by[0].sealing_key]

    def prove(self, first: Report, second: Report, by: tuple[Enclave, Enclave]) -> Any:
        arguments = self.arguments((first, second), by)
        return self.registry.prove_equivocation(*arguments, {"from": self.prover})

    def try_prove(self, first: Report, second: Report, by: tuple[Enclave, Enclave]) -> Any:
        """The same as a call, for what reverts, and for what it would return."""
        arguments = self.arguments((first, second), by)
        return self.registry.prove_equivocation.call(*arguments, {"from": self.prover})


def is_condemned(registry, operator):
    stake, _, _, condemned_at, _ = registry.operator(operator)
    return condemned_at == now() and stake == 10 * ETHER - 10 * ETHER // 4


@pytest.fixture
def case(deployment, registry, prover, market, enlisted):
    made = task(
        prover.address, roster([enlisted]), deployment.measurement, now(), tolerance=TOLERANCE
    )
    return Case(registry, prover, Domain(web3.eth.chain_id, market.address), made)


@pytest.fixture
def two_stories(case):
    """Reports that award another index."""
    return case.report((0, 900_000)), case.report((1, 900_000))


# ── Success ──


def test_prove_equivocation__one_enclave__condemns_and_gives_the_prover_a_quarter(
    deployment, registry, case, two_stories, enlisted, operator, rival, prover
):
    deployment.stake(operator, 3)
    deployment.stake(rival)
    deployment.slash(rival, ETHER, prover)
    time = now() + 100
    at(time)
    receipt = case.prove(*two_stories, by=(enlisted, enlisted))
    stake = 10 * ETHER + 3
    reward = stake // 4
    assert receipt.return_value == reward
    assert registry.operator(operator) == (stake - reward, time + UNBONDING, 0, time, 1)
    assert registry.operator(rival) == (9 * ETHER, 0, 0, 0, 0)
    assert registry.credits(prover) == ETHER + reward
    assert registry.balance() == 10 * ETHER + stake
    assert not deployment.is_active(enlisted)
    assert only_event(receipt, "EquivocationProven") == {
        "operator": operator,
        "prover": prover,
        "platform": enlisted.platform,
        "task_id": case.task.id(case.domain),
        "stake": stake,
        "reward": reward,
    }


@pytest.mark.parametrize("same_sealing_key", [True, False])
def test_prove_equivocation__two_enclaves_of_one_platform__reverts(
    deployment, case, two_stories, enlisted, operator, same_sealing_key
):
    """A machine that restarts has two honest enclaves, and each may break a tie its own way."""
    twin = replace(enclave("twin", operator.address), platform=enlisted.platform)
    if same_sealing_key:
        twin = replace(twin, sealing_key=enlisted.sealing_key)
    deployment.register(twin)
    for by in ((enlisted, twin), (twin, enlisted)):
        with reverts(DIFFERENT_SIGNERS):
            case.try_prove(*two_stories, by=by)


def test_prove_equivocation__retired__condemns(
    deployment, registry, case, two_stories, enlisted, operator
):
    """A clone that outlives its registration is a clone."""
    twin = replace(enclave("twin", operator.address), platform=enlisted.platform)
    deployment.register(twin)
    case.prove(*two_stories, by=(enlisted, enlisted))
    assert is_condemned(registry, operator)


def test_prove_equivocation__unbonding__condemns_and_locks_anew(
    registry, case, two_stories, enlisted, operator
):
    registry.request_unstake({"from": operator})
    time = registry.operator(operator)[1] + 1
    at(time)
    case.prove(*two_stories, by=(enlisted, enlisted))
    left = 10 * ETHER - 10 * ETHER // 4
    assert registry.operator(operator) == (left, time + UNBONDING, 0, time, 1)


def test_prove_equivocation__expired_and_revoked__condemns(
    deployment, registry, case, two_stories, enlisted, operator, owner
):
    registry.revoke_enclave(enlisted.signing_key, deployment.measurement, {"from": owner})
    registry.revoke_platform(enlisted.platform, {"from": owner})
    registry.revoke_measurement(deployment.measurement, {"from": owner})
    at(now() + MAX_LIFETIME + UNBONDING + DAY)
    case.prove(*two_stories, by=(enlisted, enlisted))
    assert is_condemned(registry, operator)


def test_prove_equivocation__by_the_culprit__costs_three_quarters_and_still_serves_fines(
    deployment, registry, case, two_stories, enlisted, operator, challenger
):
    """Nobody proves its own fault to leave a challenger without its fine."""
    replace(case, prover=operator).prove(*two_stories, by=(enlisted, enlisted))
    assert registry.credits(operator) == 10 * ETHER // 4
    assert deployment.slash(operator, 7 * ETHER, challenger).return_value == 7 * ETHER
    at(now() + UNBONDING + 1)
    with reverts(CONDEMNED):
        registry.unstake(operator, {"from": operator})


def test_prove_equivocation__condemned__can_do_nothing_until_the_stake_is_burned(
    deployment, registry, case, two_stories, enlisted, operator
):
    case.prove(*two_stories, by=(enlisted, enlisted))
    with reverts(UNBONDING_REASON):
        deployment.stake(operator)
    with reverts(UNBONDING_REASON):
        registry.request_unstake({"from": operator})
    with reverts(UNBONDING_REASON):
        deployment.try_register(enlisted)
    with reverts(CONDEMNED):
        registry.unstake(operator, {"from": operator})


# Holds S-55.
def test_prove_equivocation__by_a_contract__credits_it_and_not_who_sent_to_it(
    registry, case, two_stories, enlisted, prover, hostile_account
):
    arguments = case.arguments(two_stories, (enlisted, enlisted))
    proof = registry.prove_equivocation.encode_input(*arguments)
    hostile_account.execute(registry, proof, {"from": prover})
    assert registry.credits(hostile_account) == 10 * ETHER // 4
    assert registry.credits(prover) == 0


@pytest.mark.parametrize("stake", [1, 3, 4, 5])
def test_prove_equivocation__a_few_wei__reward_rounds_down(
    deployment, registry, case, two_stories, enlisted, operator, challenger, prover, stake
):
    deployment.slash(operator, 10 * ETHER - stake, challenger)
    case.prove(*two_stories, by=(enlisted, enlisted))
    assert registry.credits(prover) == stake // 4
    assert registry.operator(operator)[0] == stake - stake // 4


# ── What contradicts ──

BASE = (3, 900_000), (7, 800_000)


@pytest.mark.parametrize(
    "pairs",
    [
        [(3, 900_000), (8, 800_000)],
        [(7, 900_000), (3, 800_000)],
        [(3, 900_000)],
        [],
        [*BASE, (9, 1)],
        [(3, 900_000 + 2 * TOLERANCE + 1), (7, 800_000)],
        [(3, 900_000), (7, 800_000 - 2 * TOLERANCE - 1)],
        [(3, 2**32 - 1), (7, 800_000)],
    ],
    ids=["index", "order", "shorter", "empty", "longer", "higher", "lower", "absurd"],
)
def test_prove_equivocation__awards_that_contradict__either_way_round(case, enlisted, pairs):
    stories = [case.report(*BASE), case.report(*pairs)]
    for first, second in (stories, stories[::-1]):
        assert case.try_prove(first, second, by=(enlisted, enlisted)) == 10 * ETHER // 4


@pytest.mark.parametrize(
    "pairs",
    [
        BASE,
        [(3, 900_000 + 2 * TOLERANCE), (7, 800_000 - 2 * TOLERANCE)],
        [(3, 900_000 - 2 * TOLERANCE), (7, 800_000 + 2 * TOLERANCE)],
    ],
    ids=["same", "apart", "closer"],
)
def test_prove_equivocation__awards_within_twice_the_tolerance__reverts(case, enlisted, pairs):
    first, second = case.report(*BASE), case.report(*pairs, results=word("other results"))
    for stories in ((first, second), (second, first)):
        with reverts(NO_CONTRADICTION):
            case.try_prove(*stories, by=(enlisted, enlisted))


@pytest.mark.parametrize("place", range(8))
def test_prove_equivocation__eight_awards__contradict_at_any_place(case, enlisted, place):
    """By an index, by a score, or since one list ends there."""
    pairs = [(index, 900_000 - 10_000 * index) for index in range(8)]
    before, (index, score), after = pairs[:place], pairs[place], pairs[place + 1 :]

    def prove(*others):
        first, second = case.report(*pairs), case.report(*before, *others)
        return case.try_prove(first, second, by=(enlisted, enlisted))

    within = score - 2 * TOLERANCE
    for others in ([(8, score), *after], [(index, within - 1), *after], []):
        assert prove(*others) == 10 * ETHER // 4
    with reverts(NO_CONTRADICTION):
        prove((index, within), *after)


def test_prove_equivocation__no_awards_twice__reverts(case, enlisted):
    with reverts(NO_CONTRADICTION):
        case.try_prove(case.report(), case.report(), by=(enlisted, enlisted))


def test_prove_equivocation__an_award_and_none__contradict_whatever_the_score(
    registry, case, enlisted
):
    case.prove(case.report((0, 1)), case.report(), by=(enlisted, enlisted))
    assert is_condemned(registry, enlisted.operator)


@pytest.mark.parametrize("tolerance", [0, 2**255, 2**256 - 1])
def test_prove_equivocation__extreme_tolerance__does_not_overflow(case, enlisted, tolerance):
    extreme = replace(case, task=case.task._replace(tolerance=tolerance))
    apart = extreme.report((0, 2**32 - 1)), extreme.report((0, 1))
    if tolerance:
        with reverts(NO_CONTRADICTION):
            extreme.try_prove(*apart, by=(enlisted, enlisted))
    else:
        extreme.prove(*apart, by=(enlisted, enlisted))


# ── What is no proof ──


def test_prove_equivocation__another_task__reverts(case, enlisted):
    another = word("another task")
    first = case.report((0, 900_000))
    second = case.report((1, 900_000), task_id=another)
    for stories in ((first, second), (second, first)):
        with reverts(WRONG_TASK):
            case.try_prove(*stories, by=(enlisted, enlisted))
    both = first._replace(task_id=another), second
    with reverts(WRONG_TASK):
        case.try_prove(*both, by=(enlisted, enlisted))


@pytest.mark.parametrize(
    "changed", [{"round": 1}, {"seed": word("other")}, {"inventory": word("other")}]
)
def test_prove_equivocation__another_run__reverts(case, two_stories, enlisted, changed):
    first, second = two_stories
    with reverts(DIFFERENT_RUNS):
        case.try_prove(first, second._replace(**changed), by=(enlisted, enlisted))


def test_prove_equivocation__in_the_panel_round__condemns(
    registry, case, two_stories, enlisted, operator
):
    first, second = (story._replace(round=1) for story in two_stories)
    case.prove(first, second, by=(enlisted, enlisted))
    assert is_condemned(registry, operator)


def test_prove_equivocation__signature_of_another_report__reverts(
    registry, case, two_stories, enlisted
):
    arguments = case.arguments(two_stories, (enlisted, enlisted))
    arguments[2][1] = arguments[2][0]
    with reverts(DIFFERENT_SIGNERS):
        registry.prove_equivocation.call(*arguments, {"from": case.prover})


@pytest.mark.parametrize("place", [0, 1])
def test_prove_equivocation__invalid_signature__reverts(
    registry, case, two_stories, enlisted, place
):
    arguments = case.arguments(two_stories, (enlisted, enlisted))
    _, (r, vs) = digest_signed_with(enlisted.key, ORDER // 2 + 1)
    for invalid in ({"r": bytes(32)}, {"r": r, "vs": vs}):
        arguments[2][place] = arguments[2][place]._replace(**invalid)
        with reverts(BAD_SIGNATURE):
            registry.prove_equivocation.call(*arguments, {"from": case.prover})


def test_prove_equivocation__for_another_market__reverts(case, two_stories, enlisted, stranger):
    """The digest binds market and chain, so a signature for a twin proves nothing here."""
    elsewhere = replace(case, domain=Domain(case.domain.chain_id, stranger.address))
    with reverts(WRONG_TASK):
        elsewhere.try_prove(
            elsewhere.report((0, 1)), elsewhere.report((1, 1)), by=(enlisted, enlisted)
        )
    signed = [enlisted.cosign(story.digest(elsewhere.domain)) for story in two_stories]
    of = enlisted.operator, enlisted.sealing_key
    with reverts(ENCLAVE_UNKNOWN):
        case.registry.prove_equivocation.call(
            case.task, list(two_stories), signed, *of, {"from": case.prover}
        )


def test_prove_equivocation__enclave_named_otherwise__reverts(
    deployment, registry, case, two_stories, enlisted, rival
):
    """Neither another operator nor another machine answers for what an enclave signed."""
    deployment.stake(rival)
    task, stories, signed, operator, sealing_key = case.arguments(two_stories, (enlisted, enlisted))
    elsewhere = [each._replace(platform=word("another platform")) for each in signed]
    for named in (
        (signed, operator, word("another key")),
        (signed, rival.address, sealing_key),
        ([elsewhere[0], signed[1]], operator, sealing_key),
        ([signed[0], elsewhere[1]], operator, sealing_key),
    ):
        with reverts(ENCLAVE_UNKNOWN):
            registry.prove_equivocation.call(task, stories, *named, {"from": case.prover})


def test_prove_equivocation__platforms_of_one_operator__reverts(
    deployment, case, two_stories, enlisted, operator
):
    elsewhere = enclave("elsewhere", operator.address)
    deployment.register(elsewhere)
    with reverts(DIFFERENT_SIGNERS):
        case.try_prove(*two_stories, by=(enlisted, elsewhere))


@pytest.fixture
def handed_on(deployment, enlisted, rival):
    """The machine is another operator's by now; the first never asked for its stake back."""
    taker = replace(enclave("next", rival.address), platform=enlisted.platform)
    deployment.stake(rival)
    deployment.register(taker, time=now() + MAX_LIFETIME + UNBONDING + 1)
    return taker


# Holds I-38.
def test_prove_equivocation__platform_handed_on__condemns_who_signed(
    registry, case, two_stories, enlisted, operator, rival, handed_on
):
    """Whoever takes over a machine does not answer for what was signed on it before."""
    of_next = replace(enlisted, operator=handed_on.operator)
    with reverts(ENCLAVE_UNKNOWN):
        case.try_prove(*two_stories, by=(of_next, of_next))
    case.prove(*two_stories, by=(enlisted, enlisted))
    assert is_condemned(registry, operator)
    assert registry.operator(rival) == (10 * ETHER, 0, 0, 0, 1)


def test_prove_equivocation__stake_withdrawn__reverts(
    deployment, registry, case, two_stories, enlisted, operator, rival
):
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING)
    registry.unstake(operator, {"from": operator})
    deployment.enlist(replace(enclave("next", rival.address), platform=enlisted.platform))
    with reverts(OPERATOR_INACTIVE):
        case.try_prove(*two_stories, by=(enlisted, enlisted))


def test_prove_equivocation__never_registered__reverts(case, two_stories, stranger):
    unknown = enclave("unknown", stranger.address)
    with reverts(ENCLAVE_UNKNOWN):
        case.try_prove(*two_stories, by=(unknown, unknown))


def test_prove_equivocation__under_another_measurement__reverts(case, enlisted):
    other = replace(case, task=case.task._replace(measurement=word("another measurement")))
    with reverts(ENCLAVE_UNKNOWN):
        other.try_prove(other.report((0, 1)), other.report((1, 1)), by=(enlisted, enlisted))


def test_prove_equivocation__of_an_earlier_epoch__reverts_unless_revived(
    deployment, registry, case, two_stories, enlisted, operator
):
    registry.request_unstake({"from": operator})
    at(now() + UNBONDING)
    registry.unstake(operator, {"from": operator})
    deployment.stake(operator)
    with reverts(OPERATOR_INACTIVE):
        case.try_prove(*two_stories, by=(enlisted, enlisted))
    deployment.register(enlisted)
    case.prove(*two_stories, by=(enlisted, enlisted))
    assert is_condemned(registry, operator)


def test_prove_equivocation__again__reverts(case, two_stories, enlisted):
    case.prove(*two_stories, by=(enlisted, enlisted))
    with reverts(CONDEMNED):
        case.try_prove(*two_stories, by=(enlisted, enlisted))


def test_prove_equivocation__everything_slashed__reverts(
    deployment, case, two_stories, enlisted, operator, challenger
):
    deployment.slash(operator, 10 * ETHER, challenger)
    with reverts(NO_STAKE):
        case.try_prove(*two_stories, by=(enlisted, enlisted))


def test_prove_equivocation__no_market__reverts(
    deployer, owner, verifier, case, two_stories, enlisted
):
    unnamed = deployer.deploy(EnclaveRegistry, owner, verifier, PLATFORM_STAKE)
    with reverts(MARKET_UNKNOWN):
        replace(case, registry=unnamed).try_prove(*two_stories, by=(enlisted, enlisted))
