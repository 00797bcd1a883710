"""Payments of a sale, over everything that its parties and every coalition of them may do.

Each property is of all results of `scenarios.py`. Whoever is no party to a coalition is among the
others, so a floor under what each role can lose is a ceiling on what any coalition can take: of
proposer, co-signers, poster, panel, guardian, and whoever else.
"""

from collections.abc import Iterable
from dataclasses import replace

import boa
import pytest

from offchain.protocol.encoding import ZERO_ADDRESS
from tests import reasons
from tests import sale as parts
from tests.attacks.scenarios import (
    OF_A_SIGNER,
    OF_THE_PROGRAM,
    ROLES,
    SIGNERS,
    Result,
    Scenario,
    Scenarios,
)
from tests.deployment import SEAT_BOND, Sale
from tests.inprocess import account, deploy, models, refuses
from tests.sale import ETHER, cosign, ordered, posted

SUPPLY = 10**30


@pytest.fixture(scope="module")
def results(chain) -> list[Result]:
    token = deploy("testing/PlainToken", 6)
    token.mint(account("provider"), SUPPLY)
    token.approve(chain.market, SUPPLY, sender=account("provider"))
    return [result for quorum in (1, 2, 3) for result in Scenarios(chain, token).play(quorum)]


def by_scenario(results: Iterable[Result]) -> dict[Scenario, Result]:
    return {result.scenario: result for result in results}


def undisturbed(scenario: Scenario) -> Scenario:
    """The same sale without revocation and dispute."""
    last = scenario.last or "stranger"
    return replace(scenario, challenger=None, verdict=None, revoked="", last=last)


def gain(result: Result, coalition: Iterable[str]) -> tuple[int, int]:
    roles = list(coalition)
    return sum(result.ether[role] for role in roles), sum(result.token[role] for role in roles)


# ── Money ──


# Holds I-3.
def test_scenarios__all_of_them__neither_make_nor_lose_money(results):
    for result in results:
        assert sum(result.ether.values()) == -result.burned
        assert sum(result.token.values()) == 0


# ── Disputing oneself ──


# Holds I-21.
def test_dispute__of_ones_own_report__earns_nothing(results):
    """Signers who dispute themselves, with the panel or without, have less than if they had not."""
    undisputed = by_scenario(results)
    for result in results:
        if not result.scenario.challenger or result.scenario.challenger not in (
            "proposer",
            "challenger",
        ):
            continue
        calm = undisputed[undisturbed(result.scenario)]
        for coalition in ((*SIGNERS, "challenger"), (*SIGNERS, "challenger", "panel")):
            wei, units = gain(result, coalition)
            calm_wei, calm_units = gain(calm, coalition)
            assert wei <= calm_wei
            assert units <= calm_units


def test_dispute__by_a_coalition_of_all_who_judge__moves_money_only_within_it(results):
    """Even with the provider: what signers lose by an overturned report the provider gets."""
    undisputed = by_scenario(results)
    for result in results:
        if result.scenario.challenger is None or result.voided:
            continue
        calm = undisputed[undisturbed(result.scenario)]
        everybody_else = ("best", "second", "silent")
        judges = [role for role in ROLES if role not in everybody_else]
        wei, units = gain(result, judges)
        calm_wei, calm_units = gain(calm, judges)
        bonds = result.bond if result.scenario.challenger in everybody_else else 0
        assert wei <= calm_wei + bonds
        assert units - calm_units == sum(calm.prices.values()) - sum(result.prices.values())


# ── The challenger ──


# Holds I-22.
def test_challenger__true_claim_and_a_working_panel__never_loses(results):
    """A false report that the panel overturns gives the bond back, but for a rest below q wei."""
    seen = 0
    for result in results:
        scenario = result.scenario
        if (scenario.challenger, scenario.reported, scenario.verdict) == (
            "challenger",
            "false",
            "true",
        ):
            assert result.ether["challenger"] == result.scenario.quorum * result.fine - result.bond
            assert 0 <= result.bond - result.scenario.quorum * result.fine < result.scenario.quorum
            seen += 1
    assert seen


def test_challenger__frivolous__pays_for_it(results):
    """A report that the panel upholds costs the whole bond, one that nobody judges half of it."""
    for result in results:
        if result.scenario.challenger != "challenger" or result.found_false or result.voided:
            continue
        cost = result.bond if result.scenario.verdict else result.bond - result.bond // 2
        assert result.ether["challenger"] == -cost


# ── The provider ──


# Holds I-4.
def test_provider__whatever_it_does__pays_for_every_envelope(results):
    """No model without its price, and no refund of one that it can open."""
    for result in results:
        assert result.token["provider"] <= -sum(result.prices.values())
        for name in ("best", "second"):
            assert result.token[name] >= result.prices.get(name, 0)


# Holds I-24.
def test_provider__stops_a_sale__pays_its_fee_for_nothing(results):
    """With no report the developers share the fee, and no envelope is out."""
    for result in results:
        if result.scenario.reported is None:
            assert result.token["provider"] == -result.task.benchmark_fee + 1  # the rest of a half
            assert result.prices == {}


def test_provider__silences_the_panel__gets_what_was_reported(results):
    """A dispute that nobody judges changes nothing for the provider, but its own bond."""
    undisputed = by_scenario(results)
    for result in results:
        scenario = result.scenario
        if scenario.challenger is None or scenario.verdict or result.voided:
            continue
        calm = undisputed[undisturbed(scenario)]
        bond = result.bond - result.bond // 2 if scenario.challenger == "provider" else 0
        assert result.token["provider"] == calm.token["provider"]
        assert result.ether["provider"] == calm.ether["provider"] - bond


# ── Developers ──


# Holds I-25.
def test_developer__never_paid__for_what_was_not_measured_or_not_committed(results):
    """A price is paid for an award of the report that stands, and to nobody who did not reveal."""
    for result in results:
        assert result.token["silent"] == 0
        assert result.ether["silent"] == -result.task.commit_bond - result.task.entry_fee
        if result.voided:
            continue
        for name in ("best", "second"):
            assert result.token[name] == result.prices.get(name, 0)


# Holds I-25.
def test_developer__who_reveals__risks_its_entry_fee_and_no_more(results):
    for result in results:
        for name in ("best", "second"):
            bond = result.bond if result.scenario.challenger == name else 0
            assert result.ether[name] >= -result.task.entry_fee - bond


# ── Signers and seats ──


# Holds I-23.
def test_signers__never_lose__more_than_their_fines(results):
    """Whatever panel, provider and challenger do together: a fine each, once."""
    for result in results:
        own_bond = result.bond if result.scenario.challenger == "proposer" else 0
        fine = result.fine if result.found_false else 0
        assert result.ether["proposer"] >= -fine - own_bond
        assert result.ether["cosigners"] >= -(result.scenario.quorum - 1) * fine
        assert min(result.token[role] for role in SIGNERS) >= 0


# Holds I-21.
def test_panel__whatever_it_finds__earns_the_same(results):
    """Seats are paid for judging, and neither by the outcome nor for silence."""
    for result in results:
        own_bond = result.bond if result.scenario.challenger == "panel" else 0
        if result.scenario.verdict:
            fines = result.scenario.quorum * result.fine if result.found_false and own_bond else 0
            assert result.ether["panel"] == result.bond - own_bond + fines
        elif not own_bond:
            assert result.ether["panel"] == 0
        assert result.token["panel"] == 0


# ── Withholding ──


@pytest.mark.parametrize("name", ["best", "second"])
def test_withholding__a_claim__loses_the_price(results, name):
    """A developer who keeps its envelope keeps it unpaid."""
    played = by_scenario(results)
    for result in results:
        if name not in result.prices or result.scenario.revoked:
            continue
        rest = tuple(each for each in result.scenario.claimants if each != name)
        silent = played[replace(result.scenario, claimants=rest)]
        assert silent.token[name] == result.token[name] - result.prices[name]
        assert silent.ether[name] == result.ether[name]


def test_withholding__a_signature__earns_no_fee(results):
    """Signers who do not sign, and seats that do not sit, get nothing."""
    for result in results:
        if result.scenario.reported is None:
            assert result.signers == (0, 0)
        if result.scenario.verdict is None and result.scenario.challenger != "panel":
            assert result.ether["panel"] == 0


# Holds I-26.
def test_withholding__by_any_coalition__takes_nothing_from_the_others(results):
    """Whoever stays silent, disputes or revokes: all others lose their own fees, bonds and fines.

    Roles are held to their floors one by one, so every set of them is.
    """
    for result in results:
        task, scenario = result.task, result.scenario
        fine = result.fine if result.found_false else 0
        floors = dict.fromkeys(ROLES, 0) | {
            "best": -task.entry_fee,
            "second": -task.entry_fee,
            "silent": -task.entry_fee - task.commit_bond,
            "proposer": -fine,
            "cosigners": -(scenario.quorum - 1) * fine,
        }
        for role in ROLES:
            bond = result.bond if scenario.challenger == role else 0
            assert result.ether[role] >= floors[role] - bond
            due = sum(result.prices.values()) + task.benchmark_fee if role == "provider" else 0
            assert result.token[role] >= -due


# ── Revocations ──


# Holds I-39.
def test_revocation__of_the_program__changes_nothing_for_a_posted_report(results):
    """Measurement or verifier, before a dispute or in it: a dispute that follows costs what it did.

    Nobody buys a way out of an honest report with it: not the provider, not a developer who lost,
    not the guardian, and not who saw the revocation coming and disputed first.
    """
    played, seen = by_scenario(results), set()
    for result in results:
        scenario = result.scenario
        if not scenario.revoked.startswith(OF_THE_PROGRAM):
            continue
        same = played[replace(scenario, revoked="", last=scenario.last or "stranger")]
        assert not result.voided
        assert (result.ether, result.token) == (same.ether, same.token)
        assert result.ether[scenario.challenger] <= same.ether[scenario.challenger]
        seen.add((scenario.revoked, scenario.challenger))
    assert len(seen) == 4 * 6


# Holds I-39.
def test_revocation__of_a_signer__voids_only_what_no_panel_judged(results):
    """The guardian accuses the signers. A verdict outweighs it; without one all is undone.

    Before the dispute or in it makes no difference, so nobody gains by being first.
    """
    played = by_scenario(results)
    for result in results:
        scenario = result.scenario
        if not scenario.revoked.startswith(OF_A_SIGNER):
            assert result.voided == (scenario.reported is None)
            continue
        what, when = scenario.revoked.split()
        other = played[
            replace(scenario, revoked=f"{what} {'in' if when == 'before' else 'before'}")
        ]
        assert (result.ether, result.token) == (other.ether, other.token)
        assert result.voided == (scenario.verdict is None)


# Holds I-39.
def test_revocation__of_a_signer__gains_what_the_rules_name(results):
    """Who gains by a void: the provider its budget, each developer a share; the guardian nothing.

    This is the guardian's power over a report that is not final yet, and the whole of it.
    """
    undisputed = by_scenario(results)
    for result in results:
        scenario, task = result.scenario, result.task
        if not (result.voided and scenario.revoked):
            continue
        calm = undisputed[replace(undisturbed(scenario), claimants=("best", "second"))]
        share = task.benchmark_fee // 2
        assert result.token["best"] == result.token["second"] == share
        assert result.token["provider"] == -2 * share
        assert result.ether["guardian"] == result.token["guardian"] == 0
        assert result.signers == (0, 0)
        assert result.ether["challenger"] == result.ether["panel"] == 0
        rest = task.benchmark_fee % 2 - task.benchmark_fee % scenario.quorum
        saved = sum(calm.prices.values()) + rest
        assert result.token["provider"] - calm.token["provider"] == saved


# ── A verdict in the second of the posting ──


# Holds I-40.
def test_verdict__of_a_challenger_who_owns_the_panel__costs_it_nothing(results):
    """2 * quorum + 1 operators replace the window: what they pay as bond they earn as seats.

    They gain the fines if they overturn a true report. That is the signers' own risk.
    """
    seen = 0
    for result in results:
        if result.scenario.challenger not in ("challenger", "panel") or not result.scenario.verdict:
            continue
        wei, units = gain(result, ("challenger", "panel"))
        fines = result.scenario.quorum * result.fine if result.found_false else 0
        assert (wei, units) == (fines, 0)
        seen += 1
    assert seen


# Holds I-40.
@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_verdict__of_fewer_operators_than_seats__cannot_end_the_window(chain, quorum):
    """With 2 * quorum operators, each with two machines, nobody else loses its window."""
    owned = chain.enclaves[quorum : 3 * quorum]
    twins = [chain.enlist(f"second of {each.operator}", each.operator) for each in owned]
    signing, others = chain.enclaves[:quorum], chain.enclaves[3 * quorum : 16 - 2 * quorum]
    sale = Sale(chain, [*signing, *owned, *twins, *others][:16], quorum=quorum).enter(
        *models("one")
    )
    report = sale.measured((0, 900_000))
    cosignatures = cosign(report.digest(chain.domain), signing)
    chain.market.post_report(*parts.post(sale.task, sale.roster, report, cosignatures))
    stands = posted(chain.domain, sale.task, report, ordered(signing))
    sale.dispute(owned[0].operator)
    seats = 2 * quorum + 1
    for panel, reason in (
        (owned, reasons.WRONG_QUORUM),
        ([*owned, twins[0]], reasons.OPERATOR_TWICE),
        ([*owned, signing[0]], reasons.OPERATOR_EXCLUDED),
    ):
        for pairs in ([(0, 900_000)], [(0, 600_000)]):
            with refuses(reason):
                sale.resolve(stands, *pairs, panel=panel)
    assert sale.time_a - chain.now == sale.task.verdict_window
    honest = [each for each in sale.enclaves if each.operator not in {s.operator for s in signing}]
    chosen = {each.operator: each for each in honest}
    sale.resolve(stands, (0, 600_000), panel=list(chosen.values())[:seats])


# ── What the design concedes (docs/KNOWN_ISSUES.md) ──


def test_challenger__signers_stake_spent_on_other_fines__bears_the_rest(chain):
    """One stake backs all that its operator signs: fines beyond it are nobody's."""
    sales = [Sale(chain, nonce=n).create().commit(*models("one", "two")) for n in range(3)]
    operator, challenger = sales[0].signing[0].operator, account("challenger")
    for sale in sales:
        sale.reveal(0, 1)
    reports = [sale.close().post((1, 900_000)) for sale in sales]
    bond = sales[0].task.bond(SEAT_BOND)
    others = chain.registry.operator(operator).stake - 2 * bond - bond // 2
    market = chain.market.address
    chain.registry.slash(operator, others, account("somebody"), sender=market)
    stake = chain.registry.operator(operator).stake
    before = chain.worth(challenger)
    for sale, stands in zip(sales, reports, strict=True):
        sale.dispute(challenger)
        sale.resolve(stands, (0, 900_000), (1, 800_000))
    assert chain.registry.operator(operator).stake == 0
    assert chain.worth(challenger) - before == stake - 3 * bond < 0


@pytest.mark.parametrize("silenced", ["revoked by the owner", "one operator left"])
def test_signers__with_who_keeps_a_panel_from_sitting__stay_unjudged(chain, silenced):
    """A verdict takes 2 * quorum + 1 seats: a report stands that nobody is left to judge."""
    sale = Sale(chain, chain.enclaves[:4]).enter(*models("best", "friend"))
    stands = sale.post((1, 1_000_000))
    sale.dispute(account("best"))
    if silenced == "one operator left":
        chain.registry.request_unstake(sender=sale.panel[0].operator)
        reason = reasons.OPERATOR_INACTIVE
    else:
        for enclave in sale.panel:
            chain.registry.revoke_platform(enclave.platform, sender=chain.owner)
        reason = reasons.PLATFORM_REVOKED
    with refuses(reason):
        sale.resolve(stands, (0, 900_000), (1, 800_000))
    assert sale.expire(stands) is False
    before = chain.worth(account("friend"))
    sale.claim(stands, 0)
    assert chain.worth(account("friend")) - before == sale.task.price(1_000_000)


def test_provider__enclave_of_its_own_and_a_panel__names_the_winner(chain):
    """Who controls a quorum and a panel of the roster decides: developers vet the roster."""
    sale = Sale(chain).enter(*models("best", "friend"))
    stands = sale.post((1, 1_000_000))
    sale.dispute(account("best"))
    stands = sale.resolve(stands, (1, 1_000_000))
    before = chain.worth(account("friend"))
    sale.claim(stands, 0)
    assert chain.worth(account("friend")) - before == sale.task.price(1_000_000)
    assert chain.market.credits(ZERO_ADDRESS, account("best")) == 0
    assert boa.env.get_balance(account("best")) > ETHER
