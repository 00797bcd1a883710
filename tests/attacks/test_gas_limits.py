"""One gas limit for each function that pays: I-28 and I-29, under three price lists."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boa
import pytest
from eth_abi.abi import encode

from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import ZERO_ADDRESS
from tests.attacks.gas_limits import (
    BEYOND,
    LISTS,
    RECEIVERS,
    TRANSACTION,
    behind_proxy,
    delegating,
    measure,
    world,
)
from tests.deployment import PLATFORM_STAKE, Sale
from tests.deployment import TERMS as CONSTRUCTOR
from tests.inprocess import ROOT, account, deploy, deployer, models
from tests.sale import ETHER
from tests.token_modes import TokenMode

GWEI = 10**9
TERMS = {"quorum": 3, "max_awards": 8, "benchmark_fee": ETHER + 5, "commit_bond": GWEI}


@dataclass(frozen=True)
class Payout:
    """A call that pays its caller, and in what."""

    method: str
    sender: str
    arguments: tuple[Any, ...]
    in_token: bool = False
    in_ether: bool = True

    def on(self, market: Any) -> dict[str, Any]:
        data = getattr(market, self.method).prepare_calldata(*self.arguments)
        return {
            "to": str(market.address),
            "sender": self.sender,
            "data": "0x" + data.hex(),
            "payments": self.in_token + self.in_ether,
        }

    def outcome(self, token_pays: bool, receiver_takes: bool) -> str:
        """Return the fate of its payments."""
        payments = [token_pays] * self.in_token + [receiver_takes] * self.in_ether
        return "pays" if all(payments) else "both" if any(payments) else "credits"


# ── The calls: nobody has a credit yet, and calldata is as long as it can be ──


def revealing(sale: Sale, in_token: bool) -> Payout:
    sale.chain.at(sale.task.commit_deadline)
    return Payout("reveal_model", account("model 8"), sale.models[8].reveal(sale.id, 8))


def posted(sale: Sale, reveals: int) -> Any:
    """Eight awards, signed by three."""
    sale.reveal(*range(reveals)).close()
    sale.chain.at(sale.task.report_deadline - 1)
    return sale.post(*((n, 500_000) for n in range(8)))


def claiming(sale: Sale, in_token: bool) -> Payout:
    stands = posted(sale, 8)
    sale.chain.at(sale.time_a)
    claim = stands.claim(7, sale.models[7])
    return Payout("claim_award", account("model 7"), claim, in_token, not in_token)


def settling(sale: Sale, in_token: bool) -> Payout:
    """One award is claimed, and of the pot one wei is left to the provider."""
    stands = posted(sale, 8)
    sale.claim(stands, 0)
    sale.chain.at(sale.time_b)
    return Payout("settle", sale.provider, stands.settle(), in_token)


def voiding(sale: Sale, in_token: bool) -> Payout:
    """Of the pot, which seven developers share, something is left to the provider."""
    sale.reveal(*range(7)).close()
    sale.chain.at(sale.task.report_deadline)
    return Payout("void", sale.provider, (sale.task,), in_token)


def expiring(sale: Sale, in_token: bool) -> Payout:
    stands = posted(sale, 7)
    sale.dispute(account("challenger"))
    sale.chain.registry.revoke_platform(sale.signing[0].platform, sender=sale.chain.owner)
    sale.chain.at(sale.time_a)
    return Payout("expire_dispute", sale.provider, stands.expire(account("challenger")), in_token)


PAYOUTS: dict[str, Callable[[Sale, bool], Payout]] = {
    "reveal_model": revealing,
    "claim_award": claiming,
    "settle": settling,
    "void": voiding,
    "expire_dispute": expiring,
}
TOKENS = {
    TokenMode.STANDARD: True,
    TokenMode.RETURNS_NOTHING: True,
    TokenMode.RETURNS_4_KB: True,
    TokenMode.RETURNS_FALSE: False,
    TokenMode.REVERTS: False,
    TokenMode.BURNS_ALL_GAS: False,
}
SIMULATION_ONLY = "takes in simulation only"


@dataclass(frozen=True)
class Case:
    """A call that pays, on one market."""

    payout: Payout
    market: Any
    token: Any

    def worlds(self) -> dict[str, tuple[dict[str, Any], str]]:
        """The call before every receiver and token, and what should become of its payments."""
        payout, sender = self.payout, self.payout.sender
        before = world(sender)
        made = {
            name: (delegating(before, sender, name), payout.outcome(True, takes))
            for name, (_, takes) in RECEIVERS.items()
        }
        if not payout.in_token:
            return made
        for mode, pays in TOKENS.items():
            self.token.set_mode(mode)
            made[f"token {mode}"] = world(sender), payout.outcome(pays, True)
        self.token.set_mode(TokenMode.STANDARD)
        address = str(self.token.address)
        proxied = behind_proxy(before, address), payout.outcome(True, True)
        trap = behind_proxy(before, address, simulated=True)
        made |= {
            "token behind a proxy": proxied,
            "token in simulation only": (trap, payout.outcome(False, True)),
            "both in simulation only": (
                delegating(trap, sender, SIMULATION_ONLY),
                payout.outcome(False, False),
            ),
        }
        return made

    def request(self, prices: str, before: dict[str, Any], **how: Any) -> dict[str, Any]:
        return {"list": prices, "world": before, "call": self.payout.on(self.market), **how}


@pytest.fixture
def case(chain, provider, function, in_token) -> Case:
    token, terms = None, dict(TERMS)
    if in_token:
        token = deploy("testing/ConfigurableToken")
        token.mint(provider, 10**30)
        terms["token"] = str(token.address)
    sale = Sale(chain, **terms).create()
    sale.commit(*models(*(f"model {n}" for n in range(9))))
    return Case(PAYOUTS[function](sale, in_token), chain.market, token)


in_both = pytest.mark.parametrize("in_token", [False, True], ids=["ether", "token"])
for_each_function = pytest.mark.parametrize("function", PAYOUTS)
under_each_list = pytest.mark.parametrize("prices", LISTS)


def limits_told(function: str) -> list[int]:
    """Limits that integrators read, under each list."""
    text = (ROOT / "docs" / "INTEGRATING.md").read_text()
    (row,) = (line for line in text.splitlines() if line.startswith(f"| {function} | "))
    return [int(cell.replace(",", "")) for cell in row.strip("| ").split(" | ")[1:]]


# ── I-28 ──


# Holds I-28, S-26.
@in_both
@for_each_function
@under_each_list
def test_payout__whatever_receiver_and_token_do__one_gas_limit(case, function, in_token, prices):
    """From one limit every call pays or credits, and below it every call reverts."""
    worlds = case.worlds()
    requests = [case.request(prices, before) for before, _ in worlds.values()]
    # An estimate, at which receiver and token behave.
    requests.append({**requests[-1], "simulated": True})
    *measured, estimate = measure(requests)
    (limit,) = {each.limit for each in measured}
    assert estimate.limit == limit
    for (name, (_, outcome)), each in zip(worlds.items(), measured, strict=True):
        assert each.outcomes == [(limit // 2, "reverts"), (limit, outcome)], name
    if in_token or function == "reveal_model":
        told = limits_told(function)[LISTS.index(prices)]
        assert limit <= told < 1.02 * limit


# Holds I-28.
@in_both
@for_each_function
@under_each_list
def test_payout__swept_to_twice_its_limit__changes_once(case, prices, step):
    """No gas limit in between behaves otherwise. `make deep` goes in steps of 500."""
    worlds = case.worlds()
    names = ["takes", "both in simulation only" if case.payout.in_token else SIMULATION_ONLY]
    measured = measure(case.request(prices, worlds[name][0], step=step) for name in names)
    for name, each in zip(names, measured, strict=True):
        first = -(-each.limit // step) * step
        assert each.outcomes == [(0, "reverts"), (first, worlds[name][1])]


@pytest.fixture
def step(request) -> int:
    return 500 if request.config.getoption("--hypothesis-profile") == "deep" else 49_999


@pytest.fixture
def market_of(chain, monkeypatch) -> Callable[..., None]:
    """Puts a market with other caps and another reserve in the place of the chain's."""

    def put(*gas: int) -> None:
        made = deploy("ModelMarket", chain.registry, *CONSTRUCTOR[:2], *gas)
        monkeypatch.setattr(chain, "market", made)
        monkeypatch.setattr(chain, "domain", Domain(chain.domain.chain_id, str(made.address)))

    return put


@pytest.fixture
def token(provider) -> Any:
    made = deploy("testing/ConfigurableToken")
    made.mint(provider, 10**30)
    return made


def called(sale: Sale, method: str) -> Payout:
    """A call that pays, on a sale of one model."""
    in_token = sale.task.token != ZERO_ADDRESS
    sale.create().commit(*models("one"))
    if method == "void":
        sale.chain.at(sale.task.reveal_deadline)
        return Payout(method, sale.provider, (sale.task,), in_token)
    if method == "reveal_model":
        sale.chain.at(sale.task.commit_deadline)
        return Payout(method, account("one"), sale.models[0].reveal(sale.id, 0))
    stands = sale.reveal(0).close().post((0, 900_000))
    sale.chain.at(sale.time_a)
    claim = stands.claim(0, sale.models[0])
    return Payout(method, account("one"), claim, in_token, not in_token)


# Holds S-26.
@pytest.mark.parametrize(
    ("method", "in_token", "times"),
    [
        ("reveal_model", False, (1, 0, 1)),
        ("claim_award", False, (1, 0, 1)),
        ("claim_award", True, (0, 1, 1)),
        ("void", False, (1, 0, 1)),
        ("void", True, (1, 1, 2)),
    ],
)
def test_payout__a_cap_or_the_reserve_is_raised__so_is_the_limit(
    chain, market_of, token, method, in_token, times
):
    """By as much as the payments of the call have of it: of both caps and the reserve."""
    terms = {"token": str(token.address)} if in_token else {}

    def limit(*gas: int) -> int:
        with boa.env.anchor():
            market_of(*gas)
            payout = called(Sale(chain, **terms), method)
            case = Case(payout, chain.market, token)
            (measured,) = measure([case.request("osaka", world(payout.sender))])
        return int(measured.limit or 0)

    gas = 100_000, 300_000, 200_000
    before = limit(*gas)
    for place, payments in enumerate(times):
        raised = [each + 63_000 * (n == place) for n, each in enumerate(gas)]
        assert limit(*raised) - before == pytest.approx(payments * 64_000, abs=500)


# Holds S-25.
@pytest.mark.parametrize(("cap", "reserve"), [(300_000, 200_000), (200_000, 300_000)])
def test_claim_award__token_of_a_cost_between_cap_and_reserve__paid_within_the_cap(
    chain, market_of, token, cap, reserve
):
    market_of(100_000, cap, reserve)
    sale = Sale(chain, token=str(token.address))
    payout = called(sale, "claim_award")
    token.set_cost(250_000)
    chain.market.claim_award(*payout.arguments, sender=payout.sender)
    paid, price = cap > 250_000, sale.task.price(900_000)
    assert token.balanceOf(payout.sender) == price * paid
    assert chain.market.credits(token, payout.sender) == price * (not paid)


# ── I-29, I-31 ──


# Holds I-29.
@in_both
@pytest.mark.parametrize("function", ["claim_award"])
def test_claim_award__new_storage_however_dear__credits_what_it_cannot_pay(case):
    """Its credit is written before the payment, so that nothing dear is left to do."""
    measured = measure(case.request(BEYOND, before) for before, _ in case.worlds().values())
    (limit,) = {each.limit for each in measured}
    for each in measured:
        (_, below), (first, outcome) = each.outcomes
        assert (below, first) == ("reverts", limit)
        assert outcome in ("pays", "credits")


def withdrawing(chain, provider, token) -> Case:
    """The withdrawal of what the provider is owed of a task that a stranger ended."""
    sale = Sale(chain, token=str(token.address) if token else ZERO_ADDRESS).create()
    sale.void()
    arguments = sale.task.token, provider
    payout = Payout("withdraw", provider, arguments, bool(token), not token)
    return Case(payout, chain.market, token)


def unstaking(chain, provider, token) -> Case:
    operator = chain.enclaves[0].operator
    chain.registry.request_unstake(sender=operator)
    chain.at(chain.registry.operator(operator).unlocks_at)
    return Case(Payout("unstake", operator, (operator,)), chain.registry, None)


# Holds I-31.
@under_each_list
@pytest.mark.parametrize(
    ("withdrawal", "in_token"), [(withdrawing, False), (withdrawing, True), (unstaking, False)]
)
def test_withdrawal__at_any_gas_limit__pays_or_changes_nothing(
    chain, provider, prices, withdrawal, in_token
):
    """Without a cap no price can be too high; and what reverts leaves the credit as it was."""
    token = deploy("testing/ConfigurableToken") if in_token else None
    if token:
        token.mint(provider, 10**30)
    case = withdrawal(chain, provider, token)
    worlds = case.worlds()
    measured = measure(case.request(prices, before) for before, _ in worlds.values())
    for (name, (_, outcome)), each in zip(worlds.items(), measured, strict=True):
        if outcome == "pays":
            assert each.outcomes == [(each.limit // 2, "reverts"), (each.limit, "pays")], name
        else:
            assert each.limit is None, name


# ── What one transaction may use ──


@under_each_list
def test_resolve_dispute__seven_signatures__fits_in_a_transaction(chain, prices):
    """Eight awards overturned by a panel of seven, of whom nobody has a credit, and three fines."""
    sale = Sale(chain, **TERMS).create()
    sale.commit(*models(*(f"model {n}" for n in range(9))))
    stands = posted(sale, 8)
    sale.dispute(account("challenger"))
    verdict = sale.measured(*((n, 510_000) for n in range(8)), panel=True)
    arguments = stands.resolve(sale.roster, sale.challenger, verdict, sale.panel)
    payout = Payout("resolve_dispute", chain.owner, arguments, in_ether=False)
    (measured,) = measure([Case(payout, chain.market, None).request(prices, world(chain.owner))])
    assert measured.limit is not None
    assert measured.limit < TRANSACTION // 2


@pytest.mark.parametrize("contract", ["ModelMarket", "EnclaveRegistry"])
@pytest.mark.parametrize(("prices", "most"), [("osaka", TRANSACTION), ("amsterdam", 60_000_000)])
def test_deployment__of_each_contract__fits_in_a_transaction(chain, contract, prices, most):
    """Under the fork's drafts what code costs for its bytes is not part of those 2**24 gas."""
    code = deployer(f"contracts/{contract}.vy").compiler_data.bytecode
    arguments = {
        "ModelMarket": (["address", *["uint256"] * 5], [str(chain.registry.address), *CONSTRUCTOR]),
        "EnclaveRegistry": (
            ["address", "address", "uint256"],
            [chain.owner, str(chain.verifier.address), PLATFORM_STAKE],
        ),
    }[contract]
    data = "0x" + (code + encode(*arguments)).hex()
    before = world(chain.owner, str(chain.verifier.address))
    call = {"sender": chain.owner, "data": data, "most": most}
    (measured,) = measure([{"list": prices, "world": before, "call": call}])
    assert measured.limit is not None
