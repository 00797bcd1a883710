"""Attacks on reports by disputes, and on disputes: the attack corpus, 35 to 43."""

from dataclasses import replace
from itertools import product

import boa
import pytest

from offchain.protocol.encoding import ZERO_ADDRESS
from tests import reasons
from tests import sale as parts
from tests.attacks.outcomes import Facts, gains, outcomes
from tests.deployment import SEAT_BOND, Sale
from tests.inprocess import account, deploy, ether, models, refuses
from tests.sale import (
    DAY,
    DISPUTED,
    ETHER,
    FINAL,
    GWEI,
    HOUR,
    SETTLED,
    VOIDED,
    Posted,
    cosign,
    curve,
    word,
)

HONEST = ((0, 900_000), (1, 800_000))
WRONG = ((1, 900_000), (0, 700_000))


@pytest.fixture
def token():
    made = deploy("testing/PlainToken", 6)
    made.mint(account("provider"), 10**30)
    return made


# ── Every outcome, to the wei ──


def terms(quorum: int) -> dict[str, int]:
    """Amounts that leave a rest in every division."""
    return {
        "quorum": quorum,
        "benchmark_fee": ETHER + 5,
        "commit_bond": 50_000_001 * GWEI,
        "entry_fee": 10_000_003 * GWEI,
    }


def played(sale: Sale, stands: Posted, outcome: str, challenger: str) -> Posted:
    """From the report to the end of the dispute, if there is one; who is there claims."""
    if outcome == "undisputed":
        return stands
    sale.dispute(challenger)
    if outcome == "upheld":
        return sale.resolve(stands, *HONEST)
    if outcome == "overturned":
        return sale.resolve(stands, *WRONG)
    if outcome == "revoked":
        sale.chain.registry.revoke_platform(sale.signing[0].platform, sender=sale.chain.owner)
    sale.expire(stands)
    return stands


# Holds I-20, S-31.
@pytest.mark.parametrize("in_ether", [True, False], ids=["ether", "token"])
@pytest.mark.parametrize(
    ("outcome", "quorum", "drained"),
    [(*case, False) for case in product(outcomes(), [1, 2, 3])]
    + [("overturned", quorum, True) for quorum in (1, 2, 3)],
)
def test_dispute__every_outcome__pays_as_specified(
    chain, token, challenger, outcome, quorum, drained, in_ether
):
    paid_in = ZERO_ADDRESS if in_ether else str(token.address)
    token.approve(chain.market, 2**256 - 1, sender=account("provider"))
    sale = Sale(chain, token=paid_in, **terms(quorum)).create()
    sale.commit(*models("one", "two", "three", "hidden")).reveal(0, 1, 2).close()
    stands = sale.post(*HONEST)
    bond = sale.task.bond(SEAT_BOND)
    if drained:
        another_fine(sale)
    signers = [each.operator for each in sale.signing]
    stakes = [chain.registry.operator(each).stake for each in signers]
    taken = [min(bond // quorum, stake) for stake in stakes]
    people = {
        "challenger": [challenger],
        "each seat": [each.operator for each in sale.panel],
        "each signer": signers,
        "provider": [sale.provider],
        "each reveal": [model.developer for model in sale.models[:3]],
        "burned": [ZERO_ADDRESS],
    }
    everybody = [person for group in people.values() for person in group]
    before = {person: (chain.worth(person), worth_of(token, chain, person)) for person in everybody}

    after = played(sale, stands, outcome, challenger)
    sold = [0, 0, 0]
    if outcome == "revoked":
        for index in range(3):
            sale.share(index)
    else:
        sale.claim(after, 0)
        award = after.report.entries()[0]
        sold[award % 2**32] = sale.task.price(award >> 32)
        sale.settle(after)

    facts = Facts(
        q=quorum,
        seat=SEAT_BOND,
        bond=bond,
        taken=sum(taken) if outcome == "overturned" else 0,
        budget=sale.task.budget,
        fee=sale.task.benchmark_fee,
        pot=4 * sale.task.entry_fee + sale.task.commit_bond,
        r=3,
        sold=sum(sold),
    )
    in_wei, in_token = gains("Ether", outcome, facts), gains("Token", outcome, facts)
    if in_ether:
        in_wei = {role: gain + in_token[role] for role, gain in in_wei.items()}
        in_token = dict.fromkeys(in_token, 0)
    stake_lost = in_wei.pop("signers' stakes"), in_token.pop("signers' stakes")
    assert stake_lost == (-sum(taken) if outcome == "overturned" else 0, 0)
    assert set(people) == set(in_wei)
    for role, group in people.items():
        for n, person in enumerate(group):
            wei, units = in_wei[role], in_token[role]
            if role == "each signer" and outcome == "overturned":
                wei -= taken[n]
            if role == "each reveal":
                wei, units = wei + sold[n] * in_ether, units + sold[n] * (not in_ether)
            gained = chain.worth(person) - before[person][0]
            gained_units = worth_of(token, chain, person) - before[person][1]
            assert (gained, gained_units) == (wei, units), f"{role} {n}"
    assert sale.stage == (VOIDED if outcome == "revoked" else SETTLED)
    everybody = {person for group in people.values() for person in group}
    assert ether(chain.market.address) == chain.credited(ZERO_ADDRESS, everybody)


def worth_of(token, chain, person):
    return token.balanceOf(person) + chain.market.credits(token, person)


def another_fine(sale):
    """Other overturned reports leave the first signer less stake than one fine."""
    chain, operator = sale.chain, sale.signing[0].operator
    fine = sale.task.bond(SEAT_BOND) // sale.task.quorum
    lost = chain.registry.operator(operator).stake - fine + 1
    market = chain.market.address
    chain.registry.slash(operator, lost, account("somebody"), sender=market)


# ── Disputes that attack ──


@pytest.fixture
def sale(chain) -> Sale:
    return Sale(chain).enter(*models("one", "two"))


@pytest.mark.parametrize("outcome", outcomes())
def test_dispute__by_the_signer_itself__earns_nothing(chain, sale, outcome):
    """35: an operator that disputes its own report has less than if it had not, whoever decides."""
    signer, panel = sale.signing[0].operator, [each.operator for each in sale.panel]
    stands = sale.post(*HONEST)

    def earned(outcome, coalition):
        with boa.env.anchor():
            before = sum(map(chain.worth, coalition))
            after = played(sale, stands, outcome, signer)
            if sale.stage != VOIDED:
                chain.at(sale.time_b)
                sale.settle(after)
            return sum(map(chain.worth, coalition)) - before

    assert earned(outcome, [signer]) <= earned("undisputed", [signer])
    assert earned(outcome, [signer, *panel]) <= earned("undisputed", [signer, *panel])


# Holds S-28.
@pytest.mark.parametrize("late", [-1, 0, 1])
def test_dispute_report__around_the_last_second__in_time_or_not_at_all(sale, challenger, late):
    """36: a dispute in the last second has its whole verdict window, and no claim comes first."""
    stands = sale.post(*HONEST)
    opens = sale.time_a
    sale.chain.at(opens + late)
    if late < 0:
        with refuses(reasons.TOO_EARLY):
            sale.market.claim_award(*stands.claim(0, sale.models[0]), sender=account("one"))
        assert sale.dispute(challenger) == opens + late + sale.task.verdict_window
        sale.chain.at(sale.time_a - 1)
        sale.resolve(stands, *WRONG)
        assert sale.stage == FINAL
    else:
        with refuses(reasons.TOO_LATE):
            sale.dispute(challenger)
        sale.claim(stands, 0)


def test_settle__nothing_awarded__not_before_it_could_be_disputed(sale, challenger):
    """36: signers who award nothing, so that nothing waits to be claimed, are not paid at once."""
    stands = sale.post()
    operator = sale.signing[0].operator
    for _ in range(2):
        with refuses(reasons.TOO_EARLY):
            sale.market.settle(*stands.settle(), sender=operator)
        sale.chain.at(sale.time_a - 1)
    sale.dispute(challenger)
    assert len(sale.resolve(stands, *HONEST).payouts) == 2
    assert sale.market.credits(ZERO_ADDRESS, operator) == 0


@pytest.mark.parametrize("end", ["settle", "resolve", "expire"])
def test_report__ended_on_other_terms__refused(chain, sale, challenger, stranger, end):
    """35, 41: neither report, signers nor challenger can be exchanged when money is shared out."""
    stands = sale.post(*HONEST)
    if end == "settle":
        chain.at(sale.time_b)
    else:
        sale.dispute(challenger)
    if end == "expire":
        chain.at(sale.time_a)
    verdict = sale.measured(*WRONG, panel=True)
    other = sale.measured((0, 1_000_000))
    accomplice = replace(stands, signers=parts.signers(sale.enclaves[4:5]))
    ends = {
        "settle": lambda report, _: sale.market.settle(*report.settle()),
        "resolve": lambda report, beneficiary: sale.market.resolve_dispute(
            *report.resolve(sale.roster, beneficiary, verdict, sale.panel)
        ),
        "expire": lambda report, beneficiary: sale.market.expire_dispute(
            *report.expire(beneficiary)
        ),
    }
    forged = [
        (accomplice, challenger),
        (replace(stands, signers=[]), challenger),
        (replace(stands, report=other), challenger),
    ]
    if end != "resolve":
        fewer = replace(stands, payouts=stands.payouts[:1])
        forged.append((fewer, challenger))
    if end != "settle":
        forged.append((stands, stranger))
    for report, beneficiary in forged:
        with refuses(reasons.WRONG_SALE):
            ends[end](report, beneficiary)
    ends[end](stands, challenger)


def test_expire_dispute__nobody_resolves__anybody_ends_it(sale, challenger, stranger):
    """37: a dispute that nobody decides holds nobody up; half its bond is gone."""
    stands = sale.post(*HONEST)
    sale.dispute(challenger)
    burned = ether(ZERO_ADDRESS)
    assert sale.expire(stands, sender=stranger) is False
    bond = sale.task.bond(SEAT_BOND)
    assert sale.market.credits(ZERO_ADDRESS, challenger) == bond // 2
    assert ether(ZERO_ADDRESS) - burned == bond - bond // 2
    sale.claim(stands, 0)
    sale.claim(stands, 1)
    sale.settle(stands, sender=stranger)


# Holds S-20.
def test_expire_dispute__days_after_the_deadline__developers_have_their_whole_window(
    chain, sale, challenger
):
    """37: claims open when the dispute ends, not when it could have ended."""
    stands = sale.post(*HONEST)
    sale.dispute(challenger)
    ended = sale.time_a + sale.task.claim_window + DAY
    chain.at(ended)
    sale.expire(stands)
    assert (sale.time_a, sale.time_b) == (ended, ended + sale.task.claim_window)
    chain.at(sale.time_b - 1)
    sale.claim(stands, 0)


# Holds S-20, S-31.
@pytest.mark.parametrize("end", ["resolve", "expire"])
def test_dispute__windows_of_its_task__set_every_time(chain, challenger, end):
    """36, 37: each time is counted from the task's own window, and a revocation from the report."""
    windows = {"dispute_window": 4 * DAY, "verdict_window": 3 * DAY, "claim_window": 5 * DAY}
    sale = Sale(chain, **windows).enter(*models("one", "two"))
    stands, posted_at = sale.post(*HONEST), chain.now
    assert (sale.time_a, sale.time_b) == (posted_at + 4 * DAY, posted_at + 9 * DAY)
    chain.at(posted_at + 2 * DAY)
    assert sale.dispute(challenger) == chain.now + 3 * DAY
    assert sale.time_b == posted_at
    if end == "resolve":
        sale.resolve(stands, *HONEST)
    else:
        sale.expire(stands)
    assert (sale.time_a, sale.time_b) == (chain.now, chain.now + 5 * DAY)


# Holds S-31.
def test_expire_dispute__signer_revoked_long_before_the_dispute__void(chain, sale, challenger):
    """37: a revocation counts since the report was posted, not since it was disputed."""
    stands = sale.post(*HONEST)
    chain.at(chain.now + HOUR)
    chain.registry.revoke_platform(sale.signing[0].platform, sender=chain.owner)
    chain.at(chain.now + HOUR)
    sale.dispute(challenger)
    assert sale.expire(stands) is True
    assert chain.market.credits(ZERO_ADDRESS, challenger) == sale.task.bond(SEAT_BOND)


# Holds S-28.
def test_dispute_report__challenger_is_a_contract__has_its_half_back(chain, sale, stranger):
    """35: the challenger is who calls, not who signs the transaction."""
    contract = deploy("testing/HostileAccount")
    stands, bond = sale.post(*HONEST), sale.task.bond(SEAT_BOND)
    data = sale.market.dispute_report.prepare_calldata(sale.task)
    contract.execute(sale.market, data, sender=stranger, value=bond)
    sale.challenger = str(contract.address)
    sale.expire(stands)
    assert chain.market.credits(ZERO_ADDRESS, sale.challenger) == bond // 2


# Holds S-25.
@pytest.mark.parametrize("end", ["settle", "resolve", "expire", "revoked", "share"])
def test_sale__ended_by_who_is_credited__gets_nothing_at_once(chain, token, challenger, end):
    """39: signers, seats, challengers and developers with a share withdraw, whoever calls."""
    token.approve(chain.market, 2**256 - 1, sender=account("provider"))
    sale = Sale(chain, token=str(token.address)).enter(*models("one", "two"))
    stands = sale.post(*HONEST) if end != "share" else None
    ends = {
        "settle": (sale.signing[0].operator, lambda who: sale.settle(stands, sender=who)),
        "resolve": (
            sale.panel[-1].operator,
            lambda who: sale.resolve(stands, *HONEST, sender=who),
        ),
        "expire": (challenger, lambda who: sale.expire(stands, sender=who)),
        "revoked": (challenger, lambda who: sale.expire(stands, sender=who)),
        "share": (
            account("one"),
            lambda who: sale.market.claim_share(*sale.models[0].share(sale.task, 0), sender=who),
        ),
    }
    who, call = ends[end]
    if end == "settle":
        chain.at(sale.time_b)
    elif end == "share":
        sale.void()
    else:
        sale.dispute(challenger)
    if end == "revoked":
        chain.registry.revoke_platform(sale.signing[0].platform, sender=chain.owner)
    had = ether(who), token.balanceOf(who)
    call(who)
    assert (ether(who), token.balanceOf(who)) == had
    in_token = end in ("settle", "share")
    assert chain.market.credits(ZERO_ADDRESS, who) > 0
    assert (chain.market.credits(token, who) > 0) == in_token


@pytest.mark.parametrize(
    "silent", ["developers", "provider", "operators", "winners", "panel", "challenger"]
)
def test_sale__a_party_is_silent__others_get_out(chain, challenger, stranger, silent):
    """38: whoever stops, strangers end the task, and all that is left is credits."""
    sale = Sale(chain).create().commit(*models("one", "two"))
    if silent != "developers":
        sale.reveal(0, 1)
    if silent in ("developers", "provider", "operators"):
        if silent == "operators":
            sale.close()
        sale.void(sender=stranger)
        for index in range(chain.market.progress(sale.id).reveals):
            sale.share(index)
    else:
        stands = sale.close().post(*HONEST)
        if silent != "winners":
            sale.dispute(challenger)
            sale.expire(stands, sender=stranger)
        chain.at(sale.time_b)
        sale.settle(stands, sender=stranger)
    assert sale.stage in (SETTLED, VOIDED)
    people = {sale.provider, challenger, *(model.developer for model in sale.models)}
    people |= {each.operator for each in chain.enclaves}
    assert ether(chain.market.address) == chain.credited(ZERO_ADDRESS, people)


def test_dispute__challenger_refuses_ether__verdicts_are_not_held_up(chain, sale):
    """39: a challenger that takes no ether, or eats gas, is credited and delays nobody."""
    hostile = deploy("testing/HostileAccount")
    boa.env.set_balance(hostile.address, 10 * ETHER)
    stands = sale.post(*HONEST)
    hostile.set_refusal(True)
    sale.dispute(str(hostile.address))
    with boa.env.anchor():
        sale.expire(stands, sender=hostile.address)
        assert chain.market.credits(ZERO_ADDRESS, hostile) == sale.task.bond(SEAT_BOND) // 2
    sale.resolve(stands, *WRONG, sender=hostile.address)
    assert chain.registry.credits(hostile) == sale.task.bond(SEAT_BOND)


def test_post_report__verifier_reverts_by_now__not_asked(chain, sale):
    """39: a verifier that reverts or eats gas stops new enclaves, no sale that has its roster."""
    boa.env.set_code(chain.verifier.address, b"\xfe")  # eats all gas
    with pytest.raises(boa.BoaError):
        chain.register(sale.enclaves[0])
    stands = sale.post(*HONEST)
    sale.dispute(account("challenger"))
    assert sale.resolve(stands, *HONEST) is stands


# Holds I-27.
def test_commit_and_reveal__many_strangers_entered__cost_the_same_gas(chain, monkeypatch):
    """40: a flood of submissions makes nobody else's call dearer."""
    used, send = [], chain.driver.send

    def measured(method, *args, **options):
        result = send(method, *args, **options)
        used.append(chain.market._computation.get_gas_used())
        return result

    monkeypatch.setattr(chain.driver, "send", measured)

    def costs(others: int) -> list[int]:
        with boa.env.anchor():
            sale = Sale(chain, nonce=others, max_submissions=1_000).create()
            sale.commit(*models(*(f"dust {n}" for n in range(others))))
            used.clear()
            sale.commit(*models("victim"))
            sale.reveal(others).close().post((others, 900_000))
            return used.copy()

    few, many = costs(2), costs(150)
    assert len(few) == 4
    assert many == [pytest.approx(gas, rel=0.01) for gas in few]


def test_resolve_dispute__panel_that_is_not_one__refused(chain, sale, challenger):
    """41: with a signer of the report on it, too small, or with a stranger to the roster."""
    stands = sale.post(*HONEST)
    sale.dispute(challenger)
    outsider = chain.enlist("outsider", account("outsider"), 10 * ETHER)
    cases = {
        reasons.OPERATOR_EXCLUDED: [*sale.signing, *sale.panel[:2]],
        reasons.WRONG_QUORUM: sale.enclaves[1:3],
        reasons.NOT_IN_ROSTER: [outsider, *sale.panel[:2]],
    }
    for reason, panel in cases.items():
        with refuses(reason):
            sale.resolve(stands, *WRONG, panel=panel)


# Holds S-29.
@pytest.mark.parametrize("place", [0, 1, 2])
def test_resolve_dispute__any_of_three_signers_on_the_panel__refused(chain, challenger, place):
    """41: no signer of the report judges it, wherever it stands among the signers."""
    sale = Sale(chain, quorum=3).enter(*models("one", "two"))
    stands = sale.post(*HONEST)
    sale.dispute(challenger)
    with refuses(reasons.OPERATOR_EXCLUDED):
        sale.resolve(stands, *WRONG, panel=[sale.signing[place], *sale.panel[:6]])


# Holds S-29.
@pytest.mark.parametrize("more", [1, 2, 4])
def test_resolve_dispute__more_seats_than_the_bond_pays__refused(sale, challenger, more):
    """41: each seat is paid, so seats beside the panel would be paid by other tasks."""
    stands = sale.post(*HONEST)
    sale.dispute(challenger)
    panel = sale.enclaves[1 : 4 + more]
    with refuses(reasons.WRONG_QUORUM):
        sale.resolve(stands, *HONEST, panel=panel)
    assert sale.resolve(stands, *HONEST) is stands


# Holds S-29.
@pytest.mark.parametrize("missing", [0, 1])
def test_resolve_dispute__a_seats_stake__is_at_least_what_the_task_wants(
    chain, challenger, missing
):
    """41: whoever has lost its stake to other fines judges nobody."""
    sale = Sale(chain, min_stake=2 * ETHER).enter(*models("one", "two"))
    stands = sale.post(*HONEST)
    sale.dispute(challenger)
    seat, market = sale.panel[-1].operator, chain.market.address
    lost = chain.registry.operator(seat).stake - sale.task.min_stake + missing
    chain.registry.slash(seat, lost, account("somebody"), sender=market)
    if missing:
        with refuses(reasons.TOO_LITTLE_STAKE):
            sale.resolve(stands, *WRONG)
    else:
        assert sale.resolve(stands, *WRONG) is not stands


# Holds S-53.
def test_resolve_dispute__seats_of_one_operator__refused(chain, challenger):
    """41: an operator with two enclaves on the roster has one seat."""
    sibling = chain.enlist("sibling", chain.enclaves[-1].operator)
    others = [each for each in chain.enclaves[-4:] if each.operator != sibling.operator]
    sale = Sale(chain, [*others, chain.enclaves[-1], sibling]).enter(*models("one", "two"))
    twins = [each for each in sale.enclaves if each.operator == sibling.operator]
    rest = [each for each in sale.enclaves if each.operator != sibling.operator]
    report = sale.measured(*HONEST)
    cosignatures = cosign(report.digest(chain.domain), rest[:1])
    sale.market.post_report(*parts.post(sale.task, sale.roster, report, cosignatures))
    stands = parts.posted(chain.domain, sale.task, report, rest[:1])
    sale.dispute(challenger)
    with refuses(reasons.OPERATOR_TWICE):
        sale.resolve(stands, *WRONG, panel=[*twins, rest[1]])


# Holds S-31.
def test_resolve_dispute__same_awards_for_other_reasons__upheld(chain, sale, challenger):
    """41: results and choices are not what is bought: signers of the same awards pay no fine."""
    stands = sale.post(*HONEST)
    sale.dispute(challenger)
    changed = {"results": word("the panel's"), "choices": 1}
    verdict = sale.measured(*HONEST, panel=True, **changed)
    assert verdict.choices != stands.report.choices
    stake = chain.registry.operator(sale.signing[0].operator).stake
    found = chain.resolve(stands, sale.roster, challenger, verdict, sale.panel)
    assert found is stands
    assert chain.registry.operator(sale.signing[0].operator).stake == stake


# Holds S-7.
def test_resolve_dispute__award_beside_hidden_commits__is_judged(chain, challenger):
    """41: an index is below the number of commits, of which some were never revealed."""
    sale = Sale(chain).enter(*models("hidden", "too", "shown"), revealed=[2])
    stands = sale.post((2, 900_000))
    sale.dispute(challenger)
    found = sale.resolve(stands, (2, 800_000))
    assert found is not stands
    sale.claim(found, 0)


# Holds S-31.
def test_resolve_dispute__only_the_fifth_award_is_another__overturned(chain, challenger):
    """41: awards of the second word are judged as those of the first one are."""
    sale = Sale(chain, max_awards=8, curve=curve((500_000, ETHER)))
    sale.enter(*models(*(f"model {n}" for n in range(6))))
    best = [(n, 900_000) for n in range(4)]
    stands = sale.post(*best, (4, 800_000))
    sale.dispute(challenger)
    found = sale.resolve(stands, *best, (5, 800_000))
    assert found is not stands
    assert chain.registry.credits(challenger) == sale.task.bond(SEAT_BOND)
    with refuses(reasons.WRONG_SALE):
        sale.claim(stands, 4)
    sale.claim(found, 4)


# Holds S-7.
def test_resolve_dispute__awards_that_no_report_may_have__refused(chain, challenger):
    """41: a panel is bound by the terms as the signers of a report are."""
    sale = Sale(chain, max_awards=2).enter(*models("one", "two", "three"))
    stands = sale.post(*HONEST)
    sale.dispute(challenger)
    cases = {
        "more than max_awards": [(0, 500_000), (1, 500_000), (2, 500_000)],
        "above the budget": [(0, 1_000_000), (1, 1_000_000)],
        "never committed": [(3, 900_000)],
        "worth nothing": [(0, 499_999)],
    }
    for pairs in cases.values():
        with refuses(reasons.BAD_AWARDS):
            sale.resolve(stands, *pairs)


def test_resolve_dispute__twice__refused(sale, challenger):
    """41: the first verdict is final, whatever another panel would say."""
    stands = sale.post(*HONEST)
    sale.dispute(challenger)
    sale.resolve(stands, *HONEST)
    for panel in (sale.enclaves[1:4], sale.enclaves[4:7]):
        with refuses(reasons.WRONG_STAGE):
            sale.resolve(stands, *WRONG, panel=panel)
    with refuses(reasons.WRONG_STAGE):
        sale.dispute(challenger)


@pytest.mark.parametrize("shift", [-15, -1, 0, 1, 15])
def test_sale__clock_shifted_at_each_boundary__one_side_or_the_other(chain, challenger, shift):
    """42: a proposer who bends the clock gains no second in which both sides of a boundary go."""
    sale = Sale(chain).create().commit(*models("one", "two", "three"))
    task, market = sale.task, chain.market
    entry = {"sender": account("late"), "value": task.commit_bond + task.entry_fee}

    def either(boundary, before, after):
        chain.at(boundary + shift)
        for call, allowed in ((before, shift < 0), (after, shift >= 0)):
            with boa.env.anchor():
                if allowed:
                    call()
                else:
                    with refuses(reasons.TOO_EARLY, reasons.TOO_LATE):
                        call()

    either(
        task.commit_deadline,
        lambda: market.commit_model(sale.id, bytes(32), **entry),
        lambda: sale.market.reveal_model(*sale.models[0].reveal(sale.id, 0), sender=account("one")),
    )
    sale.reveal(0, 1)
    either(
        task.reveal_deadline,
        lambda: market.reveal_model(*sale.models[2].reveal(sale.id, 2), sender=account("three")),
        lambda: market.close_reveals(sale.id),
    )
    sale.close()
    with boa.env.anchor():
        either(task.report_deadline, lambda: sale.post(*HONEST), lambda: market.void(task))
    stands = sale.post(*HONEST)
    claim = stands.claim(0, sale.models[0])
    with boa.env.anchor():
        either(
            sale.time_a,
            lambda: sale.dispute(challenger),
            lambda: market.claim_award(*claim, sender=account("one")),
        )
    with boa.env.anchor():
        either(
            sale.time_b,
            lambda: market.claim_award(*claim, sender=account("one")),
            lambda: market.settle(*stands.settle()),
        )
    sale.dispute(challenger)
    either(
        sale.time_a,
        lambda: sale.resolve(stands, *HONEST),
        lambda: market.expire_dispute(*stands.expire(challenger)),
    )


def test_market__owner_uses_all_its_power__a_final_report_is_paid(chain, sale, challenger):
    """43: after finality nothing the owner does keeps anybody from being paid."""
    stands = sale.post(*HONEST)
    sale.dispute(challenger)
    sale.expire(stands)
    registry, owner = chain.registry, chain.owner
    registry.revoke_measurement(chain.measurement, sender=owner)
    registry.revoke_verifier(chain.verifier, sender=owner)
    registry.revoke_enclave(sale.signing[0].signing_key, chain.measurement, sender=owner)
    registry.transfer_ownership(account("usurper"), sender=owner)
    registry.accept_ownership(sender=account("usurper"))
    before = ether(account("one"))
    sale.claim(stands, 0)
    sale.claim(stands, 1)
    sale.settle(stands)
    assert ether(account("one")) - before == sale.task.price(900_000)


def test_market__owner_widens_trust__a_live_task_keeps_its_judges(chain):
    """43: a verifier added later attests other measurements: a live task hears none of them."""
    registry, owner = chain.registry, chain.owner
    second = deploy("testing/MockVerifier")
    registry.propose_verifier(second, sender=owner)
    with refuses(reasons.TOO_EARLY):
        registry.add_verifier(second)
    with refuses(reasons.MARKET_KNOWN):
        registry.set_market(chain.verifier, sender=owner)
    deadline = chain.now + 30 * DAY
    times = {"commit_deadline": deadline, "reveal_deadline": deadline + DAY}
    sale = Sale(chain, **times, report_deadline=deadline + 2 * DAY).enter(*models("one", "two"))
    registry.add_verifier(second)
    for enclave in sale.signing:
        chain.register(enclave, by=second)
    with refuses(reasons.ENCLAVE_EXPIRED):
        sale.post(*HONEST)
    for enclave in sale.signing:
        chain.register(enclave)
    sale.post(*HONEST)


def test_expire_dispute__owner_revokes_before_the_end__refunds_and_no_more(chain, sale, challenger):
    """43: all that revoking does to a live task is to undo it: the owner gains nothing."""
    stands = sale.post(*HONEST)
    before = chain.worth(chain.owner)
    sale.dispute(challenger)
    chain.at(sale.time_a + HOUR)
    enclave = sale.signing[0]
    chain.registry.revoke_enclave(enclave.signing_key, chain.measurement, sender=chain.owner)
    assert sale.stage == DISPUTED
    assert sale.expire(stands, sender=chain.owner) is True
    assert chain.worth(chain.owner) == before
    assert chain.market.credits(ZERO_ADDRESS, sale.provider) >= sale.task.budget
    assert chain.market.credits(ZERO_ADDRESS, challenger) == sale.task.bond(SEAT_BOND)


@pytest.mark.parametrize("when", ["before", "in"])
@pytest.mark.parametrize("what", ["measurement", "verifier"])
def test_expire_dispute__program_revoked__no_way_out_of_an_honest_report(chain, sale, what, when):
    """43: a provider that disputes as it sees a revocation coming, or after it, loses its bond.

    Nobody can judge any more, so the report stands, and its developers are paid.
    """
    stands, provider = sale.post(*HONEST), sale.provider
    subject = {"measurement": chain.measurement, "verifier": chain.verifier}[what]
    before = chain.worth(provider)
    steps = [
        lambda: getattr(chain.registry, f"revoke_{what}")(subject, sender=chain.owner),
        lambda: sale.dispute(provider),
    ]
    for step in steps if when == "before" else steps[::-1]:
        step()
    with refuses(reasons.MEASUREMENT_REVOKED, reasons.VERIFIER_REVOKED):
        sale.resolve(stands, *WRONG)
    assert sale.expire(stands, sender=provider) is False
    sale.claim(stands, 0)
    sale.claim(stands, 1)
    sale.settle(stands)
    bond = sale.task.bond(SEAT_BOND)
    sold = sale.task.price(900_000) + sale.task.price(800_000)
    assert chain.worth(provider) - before == sale.task.budget - sold - (bond - bond // 2)
