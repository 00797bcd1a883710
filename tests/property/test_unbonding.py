"""A stake outlasts every dispute of a report that its operator could still sign.

With a report at p, a dispute before p + dispute_window and a verdict before that + verdict_window,
every fine falls before p + 14 days; a stake that was asked back at p or later is paid from p + 21
days on.
"""

# Holds I-15, S-34.

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import reasons
from tests.deployment import SEAT_BOND, Sale
from tests.inprocess import ROOT, account, models, refuses
from tests.sale import DAY

WINDOWS = st.one_of(st.sampled_from([DAY, 7 * DAY]), st.integers(DAY, 7 * DAY))
TERMS = (ROOT / "contracts" / "modules" / "market" / "task_terms.vy").read_text()
STAKE = (ROOT / "contracts" / "modules" / "registry" / "staking.vy").read_text()


def days(source: str, name: str) -> int:
    [number] = re.findall(
        rf"^{name}: constant\(uint256\) = (\d+) \* clock\.DAY$", source, re.MULTILINE
    )
    return int(number)


def test_unbonding__constants__outlast_two_of_the_longest_windows():
    assert days(STAKE, "UNBONDING") > 2 * days(TERMS, "MAX_WINDOW")


@settings(max_examples=max(10, settings.default.max_examples // 2))
@given(
    dispute_window=WINDOWS,
    verdict_window=WINDOWS,
    waited=st.one_of(st.just(0), st.integers(0, DAY - 1)),
    condemned=st.booleans(),
)
def test_resolve_dispute__operator_left_at_once__fined_in_the_last_second(
    chain, dispute_window, verdict_window, waited, condemned
):
    sale = Sale(chain, dispute_window=dispute_window, verdict_window=verdict_window)
    stands = sale.enter(*models("one", "two")).post((0, 900_000))
    operator, challenger = sale.signing[0].operator, account("challenger")
    chain.at(chain.now + waited)
    if condemned:
        prove(sale)
    else:
        chain.registry.request_unstake(sender=operator)
    chain.at(sale.time_a - 1)
    sale.dispute(challenger)
    chain.at(sale.time_a - 1)
    with refuses(reasons.CONDEMNED if condemned else reasons.TOO_EARLY):
        chain.registry.unstake(operator, sender=operator)
    with refuses(reasons.TOO_EARLY if condemned else reasons.NOT_CONDEMNED):
        chain.registry.burn_stake(operator)
    for seat in sale.panel:  # a renewal, where enclaves expire before the verdict
        chain.register(seat)
    sale.resolve(stands, (1, 900_000))
    assert chain.registry.credits(challenger) == sale.task.bond(SEAT_BOND)


def prove(sale: Sale) -> None:
    """The signer's operator is caught with two reports of one run."""
    enclave = sale.signing[0]
    reports = [sale.measured((n, 900_000)) for n in range(2)]
    cosignatures = [enclave.cosign(each.digest(sale.chain.domain)) for each in reports]
    of = enclave.operator, enclave.sealing_key
    sale.chain.registry.prove_equivocation(sale.task, reports, cosignatures, *of)


@given(dispute_window=WINDOWS, verdict_window=WINDOWS)
def test_windows__any_that_a_task_may_have__end_before_the_stake(dispute_window, verdict_window):
    unbonding = days(STAKE, "UNBONDING") * DAY
    last_verdict = (dispute_window - 1) + (verdict_window - 1)
    assert last_verdict < unbonding
