"""Attacks on money: the attack corpus, 23 to 34."""

# Holds I-6.

import boa
import pytest

from offchain.protocol.encoding import ZERO_ADDRESS
from tests import reasons
from tests import sale as parts
from tests.deployment import SEAT_BOND, Sale
from tests.inprocess import NO_REASON, account, deploy, ether, models, refuses
from tests.sale import ETHER, VOIDED, curve, model
from tests.token_modes import TokenMode

AWARDS = ((0, 900_000), (1, 800_000))
SUPPLY = 10**30


@pytest.fixture
def configurable(provider):
    made = deploy("testing/ConfigurableToken")
    made.mint(provider, SUPPLY)
    return made


@pytest.fixture
def plain(chain, provider):
    made = deploy("testing/PlainToken", 6)
    made.mint(provider, SUPPLY)
    made.approve(chain.market, SUPPLY, sender=provider)
    return made


@pytest.fixture
def hostile():
    made = deploy("testing/HostileAccount")
    boa.env.set_balance(made.address, 100 * ETHER)
    return made


def calldata(contract, name, *args):
    return getattr(contract, name).prepare_calldata(*args)


# ── 23, 24, 39: who refuses money ──


# Holds S-16.
def test_reveal_model__developer_refuses_ether__bond_is_its_credit(chain, hostile):
    """23: a contract that takes no ether loses nothing and stops nothing."""
    developer = str(hostile.address)
    sale = Sale(chain).create().commit(model(developer, "refuser"))
    hostile.set_refusal(True)
    sale.reveal(0).close()
    bond = sale.task.commit_bond
    assert chain.market.credits(ZERO_ADDRESS, developer) == bond
    stands = sale.post((0, 900_000))
    sale.claim(stands, 0)
    owed = bond + sale.task.price(900_000)
    assert chain.market.credits(ZERO_ADDRESS, developer) == owed
    with refuses(reasons.PAYMENT_FAILED):
        chain.market.withdraw(ZERO_ADDRESS, developer, sender=developer)
    assert chain.market.credits(ZERO_ADDRESS, developer) == owed
    elsewhere = account("elsewhere")
    before = ether(elsewhere)
    assert chain.market.withdraw(ZERO_ADDRESS, elsewhere, sender=developer) == owed
    assert ether(elsewhere) - before == owed


# Holds S-25.
@pytest.mark.parametrize("end", ["settle", "void"])
def test_end__provider_refuses_ether__its_own_call_and_strangers_end_the_task(chain, hostile, end):
    """23: a provider that refuses its refund strands nobody, not even itself."""
    provider = str(hostile.address)
    sale = Sale(chain, provider=provider).enter(*models("one", "two"))
    hostile.set_refusal(True)
    if end == "void":
        sale.void(sender=provider)
        refund = sale.task.budget
    else:
        stands = sale.post(*AWARDS)
        chain.at(sale.time_b)
        sale.settle(stands, sender=provider)
        refund = sale.task.budget
    assert chain.market.credits(ZERO_ADDRESS, provider) >= refund


# Holds S-25.
@pytest.mark.parametrize("fails", ["token", "ether"])
def test_void__one_of_two_payments_fails__the_other_is_made(
    chain, configurable, hostile, developer, fails
):
    """23, 24: of token and ether a provider gets the one, whatever becomes of the other."""
    provider = str(hostile.address)
    configurable.mint(provider, SUPPLY)
    sale = Sale(chain, provider=provider, token=str(configurable.address)).create()
    sale.commit(model(developer, "silent"))
    units = sale.task.budget + sale.task.benchmark_fee
    wei = sale.task.commit_bond + sale.task.entry_fee
    if fails == "token":
        configurable.set_blocked(provider, True)
    else:
        hostile.set_refusal(True)
    before = ether(provider), configurable.balanceOf(provider)
    sale.void(sender=provider)
    paid = ether(provider) - before[0], configurable.balanceOf(provider) - before[1]
    owed = tuple(chain.market.credits(each, provider) for each in (ZERO_ADDRESS, configurable))
    assert paid == ((wei, 0) if fails == "token" else (0, units))
    assert owed == ((0, units) if fails == "token" else (wei, 0))


# Holds S-25.
def test_credit__account_is_owed_already__grows_and_the_event_says_by_how_much(chain, hostile):
    """23: a credit adds to what is owed, and a later payment takes nothing of it."""
    developer, market = str(hostile.address), chain.market

    def credited():
        events = [each for each in market.get_logs() if type(each).__name__ == "Credited"]
        return [(each.token, each.account, each.amount) for each in events]

    sale = Sale(chain).create().commit(*(model(developer, name) for name in ("one", "two")))
    bond, prices = sale.task.commit_bond, [sale.task.price(score) for _, score in AWARDS]
    hostile.set_refusal(True)
    for index in range(2):
        sale.reveal(index)
        assert credited() == [(ZERO_ADDRESS, developer, bond)]
    stands = sale.close().post(*AWARDS)
    sale.claim(stands, 0)
    assert credited() == [(ZERO_ADDRESS, developer, prices[0])]
    hostile.set_refusal(False)
    sale.claim(stands, 1)
    assert credited() == []
    assert market.credits(ZERO_ADDRESS, developer) == 2 * bond + prices[0]


def test_claim_award__developer_on_the_tokens_blacklist__credited(chain, configurable, developer):
    """24: a token that blocks the winner keeps neither the model's price nor the sale."""
    sale = Sale(chain, token=str(configurable.address)).enter(model(developer, "blocked"))
    stands = sale.post((0, 900_000))
    configurable.set_blocked(developer, True)
    sale.claim(stands, 0)
    price = sale.task.price(900_000)
    assert chain.market.credits(configurable, developer) == price
    with refuses("blocked"):
        chain.market.withdraw(configurable, developer, sender=developer)
    assert chain.market.withdraw(configurable, account("elsewhere"), sender=developer) == price
    assert configurable.balanceOf(account("elsewhere")) == price
    sale.settle(stands)


def test_settle__provider_on_the_tokens_blacklist__others_are_paid(chain, configurable, provider):
    """24: a blocked provider is credited with its refund, and the operators with their fee."""
    sale = Sale(chain, token=str(configurable.address)).enter(*models("one"))
    stands = sale.post((0, 900_000))
    configurable.set_blocked(provider, True)
    chain.at(sale.time_b)
    sale.settle(stands, sender=provider)
    assert chain.market.credits(configurable, provider) == sale.task.budget
    operator = sale.signing[0].operator
    assert chain.market.credits(configurable, operator) == sale.task.benchmark_fee
    escrow = sale.task.budget + sale.task.benchmark_fee
    assert configurable.balanceOf(chain.market) == escrow


# ── 25: tokens that misbehave ──


# Holds S-13.
@pytest.mark.parametrize(
    "mode",
    [
        TokenMode.DELIVERS_ONE_LESS,
        TokenMode.DELIVERS_ONE_MORE,
        TokenMode.RETURNS_FALSE,
        TokenMode.MOVES_NOTHING,
        TokenMode.HIDES_BALANCES,
        TokenMode.MOVES_AND_RETURNS_FALSE,
    ],
)
def test_create_task__token_that_delivers_not_just_the_amount__refused(chain, configurable, mode):
    """25: fee on transfer, false, lies: no task begins."""
    configurable.set_mode(mode)
    with refuses(reasons.BAD_TOKEN):
        Sale(chain, token=str(configurable.address)).create()
    configurable.set_mode(TokenMode.STANDARD)
    assert configurable.balanceOf(chain.market) == 0


def test_create_task__token_without_code__refused(chain):
    """25: a transfer of nobody's token succeeds always: an address without code is none."""
    with refuses(reasons.BAD_TOKEN):
        Sale(chain, token=account("nobody's token")).create()


def test_create_task__market_or_registry_as_token__refused(chain):
    """25: neither contract can be made to pay itself."""
    for contract in (chain.market, chain.registry):
        with pytest.raises(boa.BoaError):
            Sale(chain, token=str(contract.address)).create()


def test_sale__token_that_returns_nothing__works(chain, configurable, developer):
    """25: tokens of the old kind, which return nothing, are as good as others."""
    configurable.set_mode(TokenMode.RETURNS_NOTHING)
    sale = Sale(chain, token=str(configurable.address)).enter(model(developer, "old"))
    stands = sale.post((0, 900_000))
    sale.claim(stands, 0)
    sale.settle(stands, sender=sale.provider)
    assert configurable.balanceOf(developer) == sale.task.price(900_000)
    assert chain.market.withdraw(configurable, account("x"), sender=sale.signing[0].operator) > 0
    assert configurable.balanceOf(chain.market) == 0


@pytest.mark.parametrize(
    "mode", [TokenMode.RETURNS_FALSE, TokenMode.REVERTS, TokenMode.BURNS_ALL_GAS]
)
def test_claim_award__token_fails_by_now__envelope_never_out_unpaid(
    chain, configurable, developer, mode
):
    """25, 39: if the transfer fails when the envelope comes out, the price is a credit."""
    sale = Sale(chain, token=str(configurable.address)).enter(model(developer, "sold"))
    stands = sale.post((0, 900_000))
    configurable.set_mode(mode)
    sale.claim(stands, 0)
    assert chain.market.credits(configurable, developer) == sale.task.price(900_000)
    chain.at(sale.time_b)
    sale.settle(stands, sender=sale.provider)
    configurable.set_mode(TokenMode.STANDARD)
    owed = chain.market.credits(configurable, developer)
    assert chain.market.withdraw(configurable, developer, sender=developer) == owed


def test_claim_award__token_returns_a_bomb__paid_and_not_read(chain, configurable, developer):
    """39: of what a token returns at most a word is read."""
    sale = Sale(chain, token=str(configurable.address)).enter(model(developer, "sold"))
    stands = sale.post((0, 900_000))
    configurable.set_mode(TokenMode.RETURNS_4_KB)
    sale.claim(stands, 0)
    assert configurable.balanceOf(developer) == sale.task.price(900_000)


def test_claim_award__too_little_gas__nothing_happens(chain, plain, developer):
    """25, 39: nobody turns a payment into a credit, or loses an envelope, for want of gas."""
    sale = Sale(chain, token=str(plain.address)).enter(model(developer, "sold"))
    stands = sale.post((0, 900_000))
    chain.at(sale.time_a)
    claim = stands.claim(0, sale.models[0])
    price, outcomes = sale.task.price(900_000), set()
    for gas in range(20_000, 2_000_000, 29_989):
        with boa.env.anchor():
            call = {"to_address": chain.market.address, "sender": developer, "gas": gas}
            data = calldata(chain.market, "claim_award", *claim)
            failed = boa.env.execute_code(**call, data=data).is_error
            paid, credited = plain.balanceOf(developer), chain.market.credits(plain, developer)
            assert (paid, credited) == ((0, 0) if failed else (price, 0))
            assert chain.market.progress(sale.id).claimed == (0 if failed else 1)
            outcomes.add(failed)
    assert outcomes == {True, False}


# ── 26: reentrancy ──


def reentrant_calls(sale, stands):
    """Everything that changes state, and what would show half-done books; last, a control."""
    market, chain = sale.market, sale.chain
    entered = sale.models[0]
    return {
        "claim_award": (market, stands.claim(0, entered)),
        "settle": (market, stands.settle()),
        "void": (market, (sale.task,)),
        "claim_share": (market, entered.share(sale.task, 0)),
        "withdraw": (market, (sale.task.token, account("loot"))),
        "reveal_model": (market, entered.reveal(sale.id, 0)),
        "commit_model": (market, (sale.id, bytes(32))),
        "dispute_report": (market, (sale.task,)),
        "expire_dispute": (market, stands.expire(account("challenger"))),
        "create_task": (market, (sale.task, "")),
        "credits": (market, (sale.task.token, chain.owner)),
        "progress": (market, (sale.id,)),
        "owner": (chain.registry, ()),
    }


def revoked_in_dispute(sale):
    """A report whose dispute will end in a void."""
    stands = sale.post((0, 900_000))
    sale.dispute(account("challenger"))
    sale.chain.registry.revoke_platform(sale.signing[0].platform, sender=sale.chain.owner)
    return stands


def calling_back(target, data: bytes) -> bytes:
    """Code that makes a call when it gets ether, within the gas that a push allows it.

    Leaves 2 + success + 256 * (bytes returned) in slot 0.
    """
    head = "61{n:04x} 61{at:04x} 5f 39"  # codecopy(0, at, n)
    call = "5f 5f 61{n:04x} 5f 5f 73{to} 5a f1"  # call(gas, to, 0, 0, n, 0, 0)
    note = "3d 6008 1b 17 6002 17 5f 55 00"  # sstore(0, 2 | success | returndatasize << 8)
    code = f"{head}{call}{note}".replace(" ", "")
    made = code.format(n=len(data), at=0, to=target.address[2:])
    return bytes.fromhex(code.format(n=len(data), at=len(made) // 2, to=target.address[2:])) + data


def check_locked(name, called, returned):
    """The registry answers a call back; the market's lock does not, and gives no reason."""
    if name == "owner":
        assert (called, returned) == (True, 32), "nothing calls back here"
    else:
        assert (called, returned) == (False, 0), f"{name} was re-entered"


@pytest.mark.parametrize("payout", ["reveal", "claim", "settle", "void", "expire", "withdraw"])
def test_payout__receiver_of_ether_calls_back__locked_out(chain, payout):
    """26: whoever gets ether finds every function of the market locked, views too."""
    me = account("re-entrant")
    sale = Sale(chain, provider=me).create().commit(model(me, "own"), *models("two"))
    stands = parts.posted(chain.domain, sale.task, sale.measured((0, 900_000)), sale.signing)
    if payout == "reveal":
        chain.at(sale.task.commit_deadline)
    else:
        sale.reveal(0).close()
    if payout in ("claim", "settle"):
        stands = sale.post((0, 900_000))
        chain.at(sale.time_a if payout == "claim" else sale.time_b)
    if payout == "expire":
        stands = revoked_in_dispute(sale)
    if payout == "withdraw":
        sale.void()
    pay = {
        "reveal": lambda: sale.reveal(0),
        "claim": lambda: sale.claim(stands, 0),
        "settle": lambda: sale.settle(stands, sender=me),
        "void": lambda: sale.void(sender=me),
        "expire": lambda: sale.expire(stands, sender=me),
        "withdraw": lambda: chain.market.withdraw(ZERO_ADDRESS, me, sender=me),
    }[payout]
    for name, (target, args) in reentrant_calls(sale, stands).items():
        with boa.env.anchor():
            boa.env.set_code(me, calling_back(target, calldata(target, name, *args)))
            pay()
            note = boa.env.get_storage(me, 0)
            assert note >= 2, "it was not paid, so it never called back"
            check_locked(name, bool(note & 1), note >> 8)


@pytest.mark.parametrize("payout", ["create", "claim", "settle", "void", "expire", "withdraw"])
def test_payout__token_calls_back__locked_out(chain, configurable, developer, payout):
    """26: a token with hooks (as ERC-777 has) finds every function of the market locked."""
    sale = Sale(chain, token=str(configurable.address))
    stands = parts.posted(chain.domain, sale.task, sale.measured((0, 900_000)), sale.signing)
    sale.models = [model(developer, "sold")]

    if payout != "create":
        sale.models = []
        sale.enter(model(developer, "sold"))
    if payout in ("claim", "settle", "withdraw"):
        stands = sale.post((0, 900_000))
        chain.at(sale.time_a if payout == "claim" else sale.time_b)
    if payout == "expire":
        stands = revoked_in_dispute(sale)
    if payout == "withdraw":
        sale.settle(stands)
    pay = {
        "create": sale.create,
        "claim": lambda: sale.claim(stands, 0),
        "settle": lambda: sale.settle(stands, sender=sale.provider),
        "void": lambda: sale.void(sender=sale.provider),
        "expire": lambda: sale.expire(stands, sender=sale.provider),
        "withdraw": lambda: chain.market.withdraw(
            configurable, sale.provider, sender=sale.provider
        ),
    }[payout]
    for name, (target, args) in reentrant_calls(sale, stands).items():
        with boa.env.anchor():
            configurable.set_call(target, calldata(target, name, *args))
            pay()
            check_locked(name, configurable.called(), len(configurable.response()))


# ── 27, 31, 32, 34: whose money ──


def test_market__forced_ether__changes_no_book_and_no_payout(chain, developer):
    """27: ether that nobody owes, however it came, is nobody's and disturbs nothing."""
    sale = Sale(chain).enter(model(developer, "sold"))
    forced = 7 * ETHER
    boa.env.set_balance(chain.market.address, ether(chain.market.address) + forced)
    stands = sale.post((0, 900_000))
    sale.claim(stands, 0)
    sale.settle(stands)
    people = (sale.provider, sale.signing[0].operator)
    assert ether(chain.market.address) == chain.credited(ZERO_ADDRESS, people) + forced


def test_market__ether_sent_to_it__refused(chain, stranger):
    """27: nobody sends it ether by mistake."""
    sent = boa.env.execute_code(chain.market.address, sender=stranger, value=1)
    assert sent.is_error


# Holds S-14.
@pytest.mark.parametrize("off", [-1, 1])
def test_market__one_wei_too_much_or_too_little__refused(chain, developer, challenger, off):
    """31: nothing is topped up, and nothing comes for less."""
    sale = Sale(chain)
    task, market = sale.task, chain.market
    escrow = task.budget + task.benchmark_fee
    with refuses(reasons.WRONG_VALUE):
        market.create_task(task, "", sender=sale.provider, value=escrow + off)
    sale.create()
    entry = task.commit_bond + task.entry_fee
    with refuses(reasons.WRONG_VALUE):
        market.commit_model(sale.id, bytes(32), sender=developer, value=entry + off)
    sale.commit(model(developer, "sold")).reveal(0).close().post((0, 900_000))
    with refuses(reasons.WRONG_VALUE):
        bond = task.bond(SEAT_BOND)
        market.dispute_report(task, sender=challenger, value=bond + off)


def test_create_task__ether_sent_with_a_token_task__refused(chain, plain):
    """31: ether sent beside a token's budget would belong to nobody."""
    sale = Sale(chain, token=str(plain.address))
    with refuses(reasons.WRONG_VALUE):
        chain.market.create_task(sale.task, "", sender=sale.provider, value=1)


def test_create_task__with_anothers_allowance__only_the_payer_is_debited(chain, plain, stranger):
    """30, 32: an allowance to the market serves its owner's own tasks, and no others."""
    sale = Sale(chain, token=str(plain.address))
    with refuses(reasons.NOT_PROVIDER):
        chain.market.create_task(sale.task, "", sender=stranger)
    own = Sale(chain, token=str(plain.address), provider=stranger)
    with pytest.raises(boa.BoaError):
        own.create()
    assert plain.balanceOf(sale.provider) == SUPPLY
    sale.create()
    assert plain.balanceOf(sale.provider) == SUPPLY - sale.task.budget - sale.task.benchmark_fee


def test_create_task__terms_changed_on_the_way__another_task(chain, provider, developer):
    """30: no term of a task changes: with another price or budget it is another task."""
    sale = Sale(chain).create()
    dearer = sale.task._replace(curve=curve((500_000, 2 * ETHER)))
    for changed in (dearer, sale.task._replace(budget=11 * ETHER)):
        assert changed.id(chain.domain) != sale.id
        assert chain.market.progress(changed.id(chain.domain)).stage == 0
    sale.commit(model(developer, "sold")).reveal(0).close()
    stands = sale.post((0, 900_000))
    chain.at(sale.time_b)
    with refuses(reasons.WRONG_STAGE):
        chain.market.settle(dearer, *stands.settle()[1:])


def test_settle__each_task__pays_from_its_own_escrow(chain, plain, configurable, provider):
    """34: the end of a task touches neither other tokens nor other tasks' money."""
    sales = [
        Sale(chain, token=token, nonce=nonce).create()
        for nonce, token in enumerate(
            (ZERO_ADDRESS, str(plain.address), str(configurable.address)) * 2
        )
    ]
    escrow = sales[0].task.budget + sales[0].task.benchmark_fee
    chain.at(sales[0].task.reveal_deadline)
    for sale in sales[:3]:
        sale.void(sender=provider)
        assert sale.stage == VOIDED
    assert ether(chain.market.address) == escrow
    for token in (plain, configurable):
        assert token.balanceOf(chain.market) == escrow


# Holds S-27.
def test_withdraw__of_a_token__refused_where_ether_is(chain, plain, provider, stranger):
    """31, 34: bad addresses and empty credits are those of every token."""
    sale = Sale(chain, token=str(plain.address)).create()
    sale.void(sender=stranger)
    for to in (ZERO_ADDRESS, chain.market.address):
        with refuses(reasons.BAD_ADDRESS):
            chain.market.withdraw(plain, to, sender=provider)
    for token, account_ in ((plain, stranger), (ZERO_ADDRESS, provider)):
        with refuses(reasons.NOTHING_OWED):
            chain.market.withdraw(token, account_, sender=account_)


# Holds S-27.
def test_withdraw__token_without_code_by_now__stays_owed(chain, configurable, provider, stranger):
    """25: a call of nobody's code succeeds, and pays nobody."""
    sale = Sale(chain, token=str(configurable.address)).create()
    sale.void(sender=stranger)
    owed = chain.market.credits(configurable, provider)
    code = boa.env.get_code(configurable.address)
    boa.env.set_code(configurable.address, b"")
    with refuses(NO_REASON):
        chain.market.withdraw(configurable, provider, sender=provider)
    boa.env.set_code(configurable.address, code)
    assert chain.market.withdraw(configurable, provider, sender=provider) == owed > 0


# Holds S-25.
def test_events__party_is_a_contract__name_it_and_not_who_calls_it(chain, hostile, stranger):
    """31: whoever follows events finds the account that is paid, such as a vault or a wallet."""
    sale, market, me = Sale(chain).create(), chain.market, str(hostile.address)
    own = model(me, "own")
    sale.models.append(own)
    named = {}

    def act(name, *args, value=0):
        data = calldata(market, name, *args)
        hostile.execute(market, data, sender=stranger, value=value)
        for log in hostile.get_logs():
            party = getattr(log, "developer", None) or getattr(log, "challenger", None)
            named[type(log).__name__] = str(party or log.account)

    entry = sale.task.commit_bond + sale.task.entry_fee
    act("commit_model", sale.id, own.commitment(chain.domain, sale.id), value=entry)
    chain.at(sale.task.commit_deadline)
    act("reveal_model", *own.reveal(sale.id, 0))
    stands = sale.close().post((0, 900_000))
    act("dispute_report", sale.task, value=sale.task.bond(SEAT_BOND))
    sale.challenger = me
    assert sale.resolve(stands, (0, 900_000)) is stands
    hostile.set_refusal(True)
    act("claim_award", *stands.claim(0, own))
    act("withdraw", ZERO_ADDRESS, account("elsewhere"))
    entered = "ModelCommitted", "ModelRevealed", "AwardClaimed"
    assert named == dict.fromkeys((*entered, "ReportDisputed", "Credited", "Withdrawn"), me)


# Holds S-13, S-25.
def test_sale__parties_are_contracts__their_tokens_and_nobody_elses(
    chain, plain, hostile, stranger
):
    """32: who signs the transaction neither pays nor is paid, though it may hold the token."""
    market, me = chain.market, str(hostile.address)
    for account_ in (me, stranger):
        plain.mint(account_, SUPPLY)
        plain.approve(market, SUPPLY, sender=account_)
    sale = Sale(chain, provider=me, token=str(plain.address))
    own = model(me, "own")

    def act(name, *args, value=0):
        hostile.execute(market, calldata(market, name, *args), sender=stranger, value=value)

    escrow = sale.task.budget + sale.task.benchmark_fee
    act("create_task", sale.task, "")
    (created,) = (log for log in hostile.get_logs() if type(log).__name__ == "TaskCreated")
    assert created.provider == me
    assert plain.balanceOf(me) == SUPPLY - escrow
    entry = sale.task.commit_bond + sale.task.entry_fee
    act("commit_model", sale.id, own.commitment(chain.domain, sale.id), value=entry)
    sale.models.append(own)
    chain.at(sale.task.commit_deadline)
    act("reveal_model", *own.reveal(sale.id, 0))
    stands = sale.close().post((0, 900_000))
    chain.at(sale.time_a)
    act("claim_award", *stands.claim(0, own))
    assert plain.balanceOf(me) == SUPPLY - escrow + sale.task.price(900_000)
    act("settle", *stands.settle())
    assert plain.balanceOf(me) == SUPPLY - sale.task.benchmark_fee
    assert (market.credits(plain, me), plain.balanceOf(stranger)) == (0, SUPPLY)


# Holds S-25.
def test_void__provider_calls_through_a_contract__the_contract_gets_nothing(
    chain, plain, hostile, provider
):
    """32: the caller is paid at once, and a contract that a provider calls is not the provider."""
    sale = Sale(chain, token=str(plain.address)).create().commit(*models("silent"))
    chain.at(sale.task.reveal_deadline)
    had = ether(hostile.address), plain.balanceOf(hostile)
    data = calldata(chain.market, "void", sale.task)
    hostile.execute(chain.market, data, sender=provider)
    assert (ether(hostile.address), plain.balanceOf(hostile)) == had
    owed = sale.task.budget + sale.task.benchmark_fee
    assert chain.market.credits(plain, provider) == owed
    entered = sale.task.commit_bond + sale.task.entry_fee
    assert chain.market.credits(ZERO_ADDRESS, provider) == entered


# ── 28, 29 ──


@pytest.mark.parametrize("in_token", [False, True], ids=["ether", "token"])
@pytest.mark.parametrize(
    ("score", "price"),
    [(1, 1), (666_667, 1), (666_668, 2), (999_999, 2), (1_000_000, 4)],
)
def test_sale__curve_at_its_ends_and_rests__paid_to_the_unit(
    chain, plain, developer, score, price, in_token
):
    """28: prices at the bottom, between units and at the top, the rest, and a fee of one unit."""
    held, token = (plain.balanceOf, str(plain.address)) if in_token else (ether, ZERO_ADDRESS)
    terms = {"curve": curve((1, 1), (666_668, 2), (999_999, 2), (1_000_000, 4)), "budget": 5}
    sale = Sale(chain, token=token, benchmark_fee=1, **terms).enter(model(developer, "small"))
    stands = sale.post((0, score))
    before = held(developer)
    sale.claim(stands, 0)
    assert held(developer) - before == price
    before, pot = held(sale.provider), 0 if in_token else sale.task.entry_fee
    sale.settle(stands, sender=sale.provider)
    assert held(sale.provider) - before == sale.task.budget - price
    assert chain.market.credits(token, sale.signing[0].operator) == 1 + pot


# Holds S-31.
def test_sale__largest_price_of_a_token__paid_to_the_unit(chain, plain, provider, developer):
    """28: no field of a price is narrower than the curve's."""
    most = 2**108 - 1
    plain.mint(provider, most)
    plain.approve(chain.market, 2**256 - 1, sender=provider)
    terms = {"curve": curve((1, most)), "budget": most, "benchmark_fee": 0}
    sale = Sale(chain, token=str(plain.address), **terms).enter(model(developer, "dear"))
    stands = sale.post((0, 1))
    sale.claim(stands, 0)
    assert plain.balanceOf(developer) == most
    sale.settle(stands)
    assert plain.balanceOf(chain.market) == 0


# Holds S-31.
def test_settle__eight_awards_claimed__refunds_what_is_left(chain, provider):
    """28: each price counts, also of the awards of the second word."""
    prices = [n * ETHER for n in range(1, 9)]
    terms = {"curve": curve(*((n, n * ETHER) for n in range(1, 9))), "budget": sum(prices) + 1}
    sale = Sale(chain, max_awards=8, **terms).enter(*models(*(f"model {n}" for n in range(8))))
    stands = sale.post(*((8 - n, n) for n in range(8, 0, -1)))
    before = ether(provider)
    for award in range(8):
        sale.claim(stands, award)
    sale.settle(stands, sender=provider)
    assert ether(provider) - before == 1
    owed = chain.credited(ZERO_ADDRESS, [sale.signing[0].operator])
    assert ether(chain.market.address) == owed


# Holds S-23.
def test_void__one_reveal__not_before_the_report_deadline(chain, provider, developer):
    """29: who revealed alone waits for a report as many would."""
    sale = Sale(chain).create().commit(model(developer, "alone")).reveal(0)
    chain.at(sale.task.report_deadline - 1)
    with refuses(reasons.TOO_EARLY):
        chain.market.void(sale.task, sender=provider)
    sale.void(sender=provider)
    assert sale.stage == VOIDED


def test_void__no_submission__everything_back(chain, provider):
    """29: a task that nobody enters locks nothing."""
    before = ether(provider)
    sale = Sale(chain).create()
    sale.void(sender=provider)
    assert ether(provider) == before
    assert ether(chain.market.address) == 0


# ── 33: twice ──


# Holds S-21.
def test_sale__everything_twice__second_time_refused(chain, developer, stranger):
    """33: claim, settle, void, share and withdrawal each pay once, in whatever order they race."""
    sale = Sale(chain).enter(model(developer, "sold"), *models("other"))
    stands = sale.post(*AWARDS)
    market, task = chain.market, sale.task
    sale.claim(stands, 0)
    with refuses(reasons.ALREADY_CLAIMED):
        sale.claim(stands, 0)
    with refuses(reasons.WRONG_STAGE):
        market.void(task)
    chain.at(sale.time_b)
    with refuses(reasons.TOO_LATE):
        sale.claim(stands, 1)
    sale.settle(stands, sender=stranger)
    for call in (
        lambda: market.settle(*stands.settle()),
        lambda: sale.claim(stands, 1),
        lambda: market.void(task),
        lambda: sale.share(0),
    ):
        with refuses(reasons.WRONG_STAGE):
            call()
    market.withdraw(ZERO_ADDRESS, sale.provider, sender=sale.provider)
    with refuses(reasons.NOTHING_OWED):
        market.withdraw(ZERO_ADDRESS, sale.provider, sender=sale.provider)


# Holds S-24.
def test_claim_share__twice_or_for_another__refused(chain, stranger):
    """33: one share for each reveal, to its developer."""
    sale = Sale(chain).create()
    sale.commit(*models("one", "two", "silent", min_price=7)).reveal(0, 1).close()
    sale.void()
    task, index, developer, digest, _, payload = sale.models[0].share(sale.task, 0)
    for other in ((stranger, digest, 7), (developer, digest, 0), (developer, payload, 7)):
        with refuses(reasons.WRONG_SUBMISSION):
            chain.market.claim_share(task, index, *other, payload)
    sale.share(0)
    for again in (0, 2):
        with refuses(reasons.WRONG_SUBMISSION):
            sale.share(again)
    sale.share(1)
    with refuses(reasons.WRONG_STAGE):
        chain.market.settle(sale.task, [], bytes(32), [])
