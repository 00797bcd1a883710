"""Whole sales: every combination of what the parties may do, and what each has in the end.

The parties: a provider, two developers who reveal and one who does not, the signers' operators, the
panel's, a challenger. Two models are worth money: the report that says so is true, the other false.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import boa

from offchain.protocol.encoding import ZERO_ADDRESS
from tests.deployment import SEAT_BOND, Sale
from tests.inprocess import Chain, Contract, account, ether
from tests.sale import ETHER, GWEI, VOIDED, Posted, Task, model
from tests.stateful.words import Words

REPORTS = {"true": ((0, 900_000), (1, 800_000)), "false": ((1, 900_000),)}
DEVELOPERS = ("best", "second", "silent")
ROLES = ("provider", "best", "second", "silent", "signers", "panel", "challenger")
"""`best` and `second` are the developers of the two models, `silent` reveals nothing."""


@dataclass(frozen=True)
class Scenario:
    """The events of one sale."""

    quorum: int
    reported: str | None  # "true", "false"
    challenger: str | None  # the role that disputes
    verdict: str | None  # "true", "false": what the panel finds; None: it is silent
    revoked: bool  # the owner revokes a signer's platform in the dispute
    claimants: tuple[str, ...]
    last: str  # who ends it


@dataclass(frozen=True)
class Result:
    scenario: Scenario
    ether: dict[str, int]  # what each role gained, in wei: purses, stakes and credits
    token: dict[str, int]  # and in the task's token
    prices: dict[str, int]  # what was due to the developers whose envelopes are public
    burned: int
    bond: int
    fine: int
    task: Task

    @property
    def found_false(self) -> bool:
        """Return whether the panel overturned the report."""
        return self.scenario.verdict not in (None, self.scenario.reported)


def people(sale: Sale) -> dict[str, list[str]]:
    """Who plays which role; several signers are one role, and so are the seats."""
    return {
        "provider": [sale.provider],
        "best": [account("best")],
        "second": [account("second")],
        "silent": [account("silent")],
        "signers": [each.operator for each in sale.signing],
        "panel": [each.operator for each in sale.panel],
        "challenger": [account("challenger")],
    }


class Scenarios:
    """All scenarios on a chain, in a token of which the provider has enough."""

    def __init__(self, chain: Chain, token: Contract) -> None:
        self.chain, self.token = chain, token
        self.market, self.registry = Words(chain.market), Words(chain.registry)
        self.tokens = Words(token)

    def play(self, quorum: int) -> Iterator[Result]:
        """Every scenario with this quorum; they share what they begin with."""
        with boa.env.anchor():
            sale = Sale(
                self.chain,
                token=str(self.token.address),
                quorum=quorum,
                benchmark_fee=ETHER + 5,
                commit_bond=50_000_001 * GWEI,
                entry_fee=10_000_003 * GWEI,
            )
            before = Before(sale, people(sale), ether(ZERO_ADDRESS), self._holdings(people(sale)))
            sale.create().commit(*(model(account(name), name) for name in DEVELOPERS))
            sale.reveal(0, 1).close()
            for last in ("provider", "stranger"):
                yield self._end(before, Scenario(quorum, None, None, None, False, (), last), None)
            for reported in REPORTS:
                with boa.env.anchor():
                    stands = sale.post(*REPORTS[reported])
                    undisputed = Scenario(quorum, reported, None, None, False, (), "")
                    yield from self._endings(before, undisputed, stands)
                    yield from self._disputes(before, undisputed, stands)

    def _disputes(self, before: "Before", scenario: Scenario, stands: Posted) -> Iterator[Result]:
        sale = before.sale
        for challenger in ("challenger", "signers", "provider", "best", "panel"):
            with boa.env.anchor():
                sale.dispute(before.roles[challenger][0])
                disputed = replace(scenario, challenger=challenger)
                for verdict in REPORTS:
                    with boa.env.anchor():
                        found = sale.resolve(stands, *REPORTS[verdict])
                        decided = replace(disputed, verdict=verdict)
                        yield from self._endings(before, decided, found)
                with boa.env.anchor():
                    sale.expire(stands)
                    yield from self._endings(before, disputed, stands)
                platform = sale.signing[0].platform
                self.chain.registry.revoke_platform(platform, sender=self.chain.owner)
                for last in ("provider", "stranger"):
                    revoked = replace(disputed, revoked=True, last=last)
                    yield self._end(before, revoked, stands)

    def _endings(self, before: "Before", scenario: Scenario, stands: Posted) -> Iterator[Result]:
        claims = [(), ("best",), ("second",), ("best", "second")]
        for claimants, last in product(claims, ("provider", "stranger")):
            yield self._end(before, replace(scenario, claimants=claimants, last=last), stands)

    def _end(self, before: "Before", scenario: Scenario, stands: Posted | None) -> Result:
        """Claims, settles or voids, and counts."""
        sale, due = before.sale, {}
        last = sale.provider if scenario.last == "provider" else account("stranger")
        with boa.env.anchor():
            if stands and scenario.revoked:
                sale.expire(stands, sender=last)
            elif stands:
                for award, payout in enumerate(stands.payouts):
                    name = DEVELOPERS[(payout >> 128) % 2**32]
                    if name in scenario.claimants:
                        sale.claim(stands, award)
                        due[name] = payout % 2**128
                sale.settle(stands, sender=last)
            else:
                sale.void(sender=last)
            if sale.stage == VOIDED:
                sale.share(0)
                sale.share(1)
            now, held = self._holdings(before.roles), before.holdings
            bond = sale.task.bond(SEAT_BOND)
            return Result(
                scenario,
                {role: now[role][0] - held[role][0] for role in ROLES},
                {role: now[role][1] - held[role][1] for role in ROLES},
                due,
                ether(ZERO_ADDRESS) - before.burned,
                bond,
                bond // scenario.quorum,
                sale.task,
            )

    def _holdings(self, roles: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
        """Ether and tokens of each role: in purses and as credits, of signers their stake too."""
        held = {
            role: (sum(map(self._ether, accounts)), sum(map(self._units, accounts)))
            for role, accounts in roles.items()
        }
        staked = sum(self.chain.registry.operator(each).stake for each in roles["signers"])
        return held | {"signers": (held["signers"][0] + staked, held["signers"][1])}

    def _ether(self, of: str) -> int:
        credit = self.market.read("escrow.credit_of", ZERO_ADDRESS, of)
        return ether(of) + credit + self.registry.read("staking.credit_of", of)

    def _units(self, of: str) -> int:
        credit = self.market.read("escrow.credit_of", str(self.token.address), of)
        return self.tokens.read("balanceOf", of) + credit


@dataclass(frozen=True)
class Before:
    """The state before a scenario."""

    sale: Sale
    roles: dict[str, list[str]]
    burned: int
    holdings: dict[str, tuple[int, int]]
