"""One gas limit for each function that pays: I-28 and I-29, under three price lists."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.attacks.gas_limits import (
    CREDITED,
    LISTS,
    RECEIVERS,
    behind_proxy,
    delegating,
    measure,
    world,
)
from tests.deployment import Sale
from tests.inprocess import account, deploy, models
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
            "credited": CREDITED,
            "payments": self.in_token + self.in_ether,
        }

    def outcome(self, token_pays: bool, receiver_takes: bool) -> str:
        """What becomes of its payments."""
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
    sale.chain.registry.revoke_measurement(sale.chain.measurement, sender=sale.chain.owner)
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


# ── I-28 ──


@in_both
@for_each_function
@under_each_list
def test_payout__whatever_receiver_and_token_do__one_gas_limit(case, prices):
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


@in_both
@for_each_function
@under_each_list
def test_payout__swept_to_twice_its_limit__changes_once(case, prices, step):
    """No gas limit in between behaves otherwise. `make deep` goes in steps of 500."""
    worlds = case.worlds()
    names = ["takes", "both in simulation only" if case.token else SIMULATION_ONLY]
    measured = measure(case.request(prices, worlds[name][0], step=step) for name in names)
    for name, each in zip(names, measured, strict=True):
        first = -(-each.limit // step) * step
        assert each.outcomes == [(0, "reverts"), (first, worlds[name][1])]


@pytest.fixture
def step(request) -> int:
    return 500 if request.config.getoption("--hypothesis-profile") == "deep" else 49_999
