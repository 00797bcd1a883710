"""Attacks on delivery, and of parties that are several at once: the attack corpus, 44 to 50."""

from itertools import product

import boa
import pytest

from offchain.protocol.encoding import ZERO_ADDRESS
from tests import reasons
from tests import sale as parts
from tests.deployment import PAYMENT_GAS, PLATFORM_STAKE, SEAT_BOND, TERMS, Sale
from tests.inprocess import account, deploy, ether, models, refuses
from tests.sale import ETHER, Model, model, word

AWARDS = ((0, 900_000), (1, 800_000))


@pytest.fixture
def sale(chain) -> Sale:
    return Sale(chain).enter(*models("one", "two"))


# ── 44, 45, 46: the envelope and the money ──


@pytest.mark.parametrize("envelope", ["another's", "none", "longer", "altered"])
def test_claim_award__envelope_not_the_committed_one__unpaid(chain, sale, envelope):
    """44: money moves for the very envelope that was committed before the benchmark."""
    stands = sale.post(*AWARDS)
    chain.at(sale.time_a)
    own = sale.models[0].envelope
    wrong = {
        "another's": sale.models[1].envelope,
        "none": b"",
        "longer": own[:79],
        "altered": bytes([own[0] ^ 1]) + own[1:],
    }[envelope]
    args = stands.claim(0, sale.models[0])
    with refuses(reasons.WRONG_SUBMISSION):
        chain.market.claim_award(*args[:-1], wrong, sender=account("one"))
    assert chain.market.progress(sale.id).claimed == 0
    sale.claim(stands, 0)


def test_claim_award__right_envelope_of_another_award__unpaid(chain, sale):
    """44: the second-best model is not sold at the best one's price, by either developer."""
    stands = sale.post(*AWARDS)
    chain.at(sale.time_a)
    for entered in sale.models:
        other = 1 - sale.models.index(entered)
        with refuses(reasons.WRONG_SUBMISSION):
            chain.market.claim_award(*stands.claim(other, entered), sender=entered.developer)


def test_claim_award__sale_of_another_report_or_price__refused(chain, sale):
    """44: payouts, token and signers are the report's: nobody claims a price of its own making."""
    stands = sale.post(*AWARDS)
    chain.at(sale.time_a)
    task_id, award, token, payouts, signed, *rest = stands.claim(0, sale.models[0])
    dearer = [payouts[0] + 1, payouts[1]]
    for changed in (
        (task_id, award, token, dearer, signed),
        (task_id, award, token, [*payouts, payouts[0]], signed),
        (task_id, award, account("token"), payouts, signed),
        (task_id, award, token, payouts, word("other signers")),
    ):
        with refuses(reasons.WRONG_SALE):
            chain.market.claim_award(*changed, *rest, sender=account("one"))
    with refuses(reasons.NO_SUCH_AWARD):
        chain.market.claim_award(task_id, 2, token, payouts, signed, *rest, sender=account("one"))


def test_claim_award__another_task_with_the_same_models__refused(chain, sale):
    """44: a sale is claimed once, in the task that measured it."""
    twin = Sale(chain, nonce=1).create()
    stands = sale.post(*AWARDS)
    chain.at(sale.time_a)
    _, *args = stands.claim(0, sale.models[0])
    with refuses(reasons.WRONG_STAGE):
        chain.market.claim_award(twin.id, *args, sender=account("one"))


def test_claim_award__seen_in_the_mempool__pays_its_developer_only(chain, sale, stranger):
    """44: whoever sees a claim before it is mined can do nothing with it."""
    stands = sale.post(*AWARDS)
    chain.at(sale.time_a)
    for thief in (stranger, sale.provider, sale.signing[0].operator, account("two")):
        with refuses(reasons.WRONG_SUBMISSION):
            chain.market.claim_award(*stands.claim(0, sale.models[0]), sender=thief)


# Holds S-8.
def test_claim_award__below_the_reserve_price__not_sold(chain, developer):
    """44: even a report that awards it does not make a developer sell below its price."""
    price = Sale(chain).task.price(900_000)
    sale = Sale(chain).enter(
        model(developer, "dear", min_price=price + 1), model(developer, "fair", min_price=price)
    )
    stands = sale.post((0, 900_000), (1, 900_000))
    with refuses(reasons.BELOW_MIN_PRICE):
        sale.claim(stands, 0)
    args = stands.claim(0, sale.models[0])
    with refuses(reasons.WRONG_SUBMISSION):
        chain.market.claim_award(*args[:5], 0, *args[6:], sender=developer)
    sale.claim(stands, 1)


# Holds S-8.
def test_claim_award__reserve_price_between_two_awards__not_sold_at_the_lower(chain):
    """44: what a developer accepts is compared with its own price, not with the best one."""
    low, high = (Sale(chain).task.price(score) for score in (800_000, 900_000))
    sale = Sale(chain).enter(
        model(account("one"), "best", min_price=high),
        model(account("two"), "dear", min_price=low + 1),
    )
    stands = sale.post(*AWARDS)
    with refuses(reasons.BELOW_MIN_PRICE):
        sale.claim(stands, 1)
    sale.claim(stands, 0)


def test_claim_award__after_the_window__provider_keeps_its_money(chain, sale):
    """45: a model that is not delivered in time is not sold."""
    stands = sale.post(*AWARDS)
    chain.at(sale.time_b)
    with refuses(reasons.TOO_LATE):
        sale.claim(stands, 0)
    before = ether(sale.provider)
    sale.settle(stands, sender=sale.provider)
    assert ether(sale.provider) - before == sale.task.budget


@pytest.mark.parametrize("disputed", [False, True])
def test_settle__after_a_delivery__refunds_only_what_was_not_sold(
    chain, sale, challenger, disputed
):
    """46: once an envelope is out, its price is gone, whatever the provider tries."""
    stands = sale.post(*AWARDS)
    if disputed:
        sale.dispute(challenger)
        stands = sale.resolve(stands, *AWARDS)
    sale.claim(stands, 0)
    with refuses(reasons.WRONG_STAGE):
        chain.market.void(sale.task, sender=sale.provider)
    with refuses(reasons.WRONG_STAGE if disputed else reasons.TOO_LATE):
        chain.market.dispute_report(sale.task, sender=sale.provider)
    with refuses(reasons.WRONG_STAGE):
        chain.market.expire_dispute(*stands.expire(challenger), sender=sale.provider)
    chain.registry.revoke_measurement(chain.measurement, sender=chain.owner)
    chain.registry.revoke_platform(sale.signing[0].platform, sender=chain.owner)
    chain.at(sale.time_b)
    before = ether(sale.provider)
    sale.settle(stands, sender=sale.provider)
    assert ether(sale.provider) - before == sale.task.budget - sale.task.price(900_000)


# Holds I-24, S-32.
def test_sale__no_refund__while_an_envelope_can_come_out(chain, sale, challenger):
    """46, I-24: a voided task shows no envelope: claims open when no void is left."""
    stands = sale.post(*AWARDS)
    claim = stands.claim(0, sale.models[0])
    with boa.env.anchor():
        chain.at(sale.task.report_deadline)
        sale.claim(stands, 0)
        with refuses(reasons.WRONG_STAGE):
            chain.market.void(sale.task, sender=sale.provider)
    with refuses(reasons.TOO_EARLY):
        chain.market.claim_award(*claim, sender=account("one"))
    sale.dispute(challenger)
    with refuses(reasons.WRONG_STAGE):
        chain.market.claim_award(*claim, sender=account("one"))
    chain.registry.revoke_platform(sale.signing[0].platform, sender=chain.owner)
    assert sale.expire(stands) is True
    with refuses(reasons.WRONG_STAGE):
        chain.market.claim_award(*claim, sender=account("one"))


# ── 47: what is withheld ──


def test_void__provider_withholds_the_test_set__pays_the_fee(chain, sale):
    """47: a provider that stops after the reveals gets its budget, and the developers its fee."""
    before = chain.worth(sale.provider)
    sale.void(sender=sale.provider)
    assert chain.worth(sale.provider) - before == sale.task.budget
    for index in (0, 1):
        owed = chain.market.credits(ZERO_ADDRESS, sale.models[index].developer)
        sale.share(index)
        share = chain.market.credits(ZERO_ADDRESS, sale.models[index].developer) - owed
        assert share == (sale.task.benchmark_fee + 2 * sale.task.entry_fee) // 2


def test_expire_dispute__provider_withholds_it_from_the_panel__pays_the_report(chain, sale):
    """47: a provider that silences the panel of its own dispute buys what was reported."""
    stands = sale.post(*AWARDS)
    before = chain.worth(sale.provider)
    sale.dispute(sale.provider)
    sale.expire(stands)
    sale.claim(stands, 0)
    sale.claim(stands, 1)
    sale.settle(stands)
    bond = sale.task.bond(SEAT_BOND)
    spent = sale.task.price(900_000) + sale.task.price(800_000) + bond - bond // 2
    assert chain.worth(sale.provider) - before == sale.task.budget - spent


def test_void__provider_fills_the_slots_itself__still_pays_what_others_revealed(chain, provider):
    """47: of an abort's price a provider that enters too gets back its share, no more."""
    before = chain.worth(provider)
    sale = Sale(chain, max_submissions=4).create()
    sale.commit(model(account("honest"), "honest"))
    sale.commit(*(model(provider, f"filler {n}") for n in range(3)))
    sale.reveal(0, 1, 2, 3).close().void(sender=provider)
    for index in range(4):
        sale.share(index)
    assert chain.worth(provider) - before == -sale.task.benchmark_fee // 4


def test_void__guardian_enters_and_revokes__takes_shares_of_the_fee_and_no_more(chain, provider):
    """47: who fills slots of a task that cannot end otherwise risks nothing, even its guardian."""
    guardian, honest = chain.owner, account("honest")
    sale = Sale(chain, max_submissions=4).create()
    before = {who: chain.worth(who) for who in (guardian, honest, provider)}
    sale.commit(model(honest, "honest"), *(model(guardian, f"filler {n}") for n in range(3)))
    sale.reveal(0, 1, 2, 3).close()
    chain.registry.revoke_measurement(chain.measurement, sender=guardian)
    with refuses(reasons.MEASUREMENT_REVOKED):
        sale.post(*AWARDS)
    sale.void()
    for index in range(4):
        sale.share(index)
    gained = {who: chain.worth(who) - worth for who, worth in before.items()}
    share = sale.task.benchmark_fee // 4
    assert gained == {guardian: 3 * share, honest: share, provider: sale.task.budget}


# ── 48: initialisation ──


# Holds S-38.
def test_deploy__front_run__nothing_left_to_initialise(chain, stranger):
    """48: constructors fix what a deployment fixes; the owner names the market."""
    fresh = deploy("EnclaveRegistry", chain.owner, chain.verifier, PLATFORM_STAKE)
    for name, args in {
        "set_market": (chain.market,),
        "propose_verifier": (chain.market,),
        "revoke_measurement": (chain.measurement,),
        "describe_measurement": (chain.verifier, bytes(32), bytes(32), "trusted"),
        "transfer_ownership": (stranger,),
    }.items():
        with refuses("ownable: caller is not the owner"):
            getattr(fresh, name)(*args, sender=stranger)
    with refuses("ownable_2step: caller is not the new owner"):
        fresh.accept_ownership(sender=stranger)
    with refuses(reasons.NOT_MARKET):
        chain.registry.slash(chain.enclaves[0].operator, 1, stranger, sender=stranger)


# Holds S-9.
@pytest.mark.parametrize(
    ("seat_bond", "tolerance", "reason"),
    [
        (0, 1, "BAD_BOND"),
        (2**64, 1, "BAD_BOND"),
        (1, 0, "BAD_TOLERANCE"),
        (1, 10**6 + 1, "BAD_TOLERANCE"),
    ],
)
def test_deploy__market_that_could_not_work__refused(chain, seat_bond, tolerance, reason):
    """48: no market begins with a dispute that costs nothing, or a tolerance that is none."""
    with refuses(getattr(reasons, reason)):
        deploy("ModelMarket", chain.registry, seat_bond, tolerance, *PAYMENT_GAS)
    with refuses(reasons.NOT_A_CONTRACT):
        deploy("ModelMarket", account("nobody"), *TERMS)


# ── 49, 50: several at once ──


def test_claim_award__same_model_by_a_second_seller__first_ones_envelope_sells_once(
    chain, developer, stranger
):
    """49: who enters another's submission as its own cannot claim the other's award."""
    original = model(developer, "original")
    copy = Model(**{**vars(original), "developer": stranger})
    sale = Sale(chain).enter(original, copy)
    stands = sale.post((0, 900_000))
    with refuses(reasons.WRONG_SUBMISSION):
        chain.at(sale.time_a)
        chain.market.claim_award(*stands.claim(0, copy), sender=stranger)
    sale.claim(stands, 0)
    with refuses(reasons.ALREADY_CLAIMED):
        chain.market.claim_award(*stands.claim(0, copy), sender=stranger)


@pytest.mark.parametrize(
    ("reported", "disputed", "claimed"), list(product([True, False], [True, False], [True, False]))
)
def test_sale__provider_is_developer_and_operator__gains_nothing(
    chain, reported, disputed, claimed
):
    """50: one party in every role pays itself, whatever it does, and nobody else pays it."""
    me = account("everybody")
    chain.registry.stake(value=50 * ETHER, sender=me)
    enclaves = [chain.enlist(f"mine {n}", me) for n in range(2)]
    roster = [*enclaves, *chain.enclaves[:5]]
    honest = account("honest")
    before, before_honest = chain.worth(me), chain.worth(honest)
    sale = Sale(chain, roster, provider=me).create()
    sale.commit(model(me, "mine"), model(honest, "honest")).reveal(0, 1).close()
    if reported:
        report = sale.measured((0, 1_000_000))
        own = parts.cosign(report.digest(chain.domain), enclaves[:1])
        chain.market.post_report(*parts.post(sale.task, sale.roster, report, own))
        stands = parts.posted(chain.domain, sale.task, report, enclaves[:1])
        if disputed:
            sale.dispute(me)
            sale.expire(stands)
        if claimed:
            sale.claim(stands, 0)
        chain.at(sale.time_b)
        sale.settle(stands)
    else:
        sale.void()
        sale.share(0)
        sale.share(1)
    gained, honest_lost = chain.worth(me) - before, before_honest - chain.worth(honest)
    assert gained <= honest_lost <= sale.task.entry_fee
    if not reported:
        assert gained < 0 < -honest_lost
    people = (me, honest, *(each.operator for each in chain.enclaves))
    assert boa.env.get_balance(chain.market.address) == chain.credited(ZERO_ADDRESS, people)
