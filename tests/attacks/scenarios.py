"""Whole sales: every combination of what the parties may do, and what each has in the end.

The parties: a provider, two developers who reveal and one who does not, the signers' operators (one
of them proposes, the others co-sign), the panel's, a challenger, and the guardian, who posts the
report. Two models are worth money: the report that says so is true, the other false. Disputes and
verdicts fall in the second of the posting.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import boa

from offchain.protocol.encoding import ZERO_ADDRESS
from tests.deployment import SEAT_BOND, Sale
from tests.inprocess import Chain, Contract, account, ether
from tests.sale import DISPUTED, ETHER, GWEI, VOIDED, Posted, Task, model
from tests.stateful.words import Words

REPORTS = {"true": ((0, 900_000), (1, 800_000)), "false": ((1, 900_000),)}
DEVELOPERS = ("best", "second", "silent")
SIGNERS = ("proposer", "cosigners")
ROLES = ("provider", *DEVELOPERS, *SIGNERS, "panel", "challenger", "guardian")
"""`best` and `second` are the developers of the two models, `silent` reveals nothing."""

OF_A_SIGNER, OF_THE_PROGRAM = ("enclave", "platform"), ("measurement", "verifier")
REVOCATIONS = [
    f"{what} {when}" for when in ("before", "in") for what in OF_A_SIGNER + OF_THE_PROGRAM
]
"""Revocations by the guardian, before the dispute or in it."""


@dataclass(frozen=True)
class Scenario:
    """The events of one sale."""

    quorum: int
    reported: str | None  # "true", "false"
    challenger: str | None  # the role that disputes
    verdict: str | None  # "true", "false": what the panel finds; None: it is silent
    revoked: str  # one of REVOCATIONS; empty: the guardian revokes nothing
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

    voided: bool

    @property
    def found_false(self) -> bool:
        """Return whether the panel overturned the report."""
        return self.scenario.verdict not in (None, self.scenario.reported)

    @property
    def signers(self) -> tuple[int, int]:
        """The gains of all signers together: wei, and units of the token."""
        return sum(map(self.ether.__getitem__, SIGNERS)), sum(map(self.token.__getitem__, SIGNERS))


def people(sale: Sale) -> dict[str, list[str]]:
    """Who plays which role; several signers are one role, and so are the seats."""
    return {
        "provider": [sale.provider],
        "best": [account("best")],
        "second": [account("second")],
        "silent": [account("silent")],
        "proposer": [sale.signing[0].operator],
        "cosigners": [each.operator for each in sale.signing[1:]],
        "panel": [each.operator for each in sale.panel],
        "challenger": [account("challenger")],
        "guardian": [sale.chain.owner],
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
                yield self._end(before, Scenario(quorum, None, None, None, "", (), last), None)
            for reported in REPORTS:
                with boa.env.anchor():
                    stands = sale.post(*REPORTS[reported])
                    undisputed = Scenario(quorum, reported, None, None, "", (), "")
                    yield from self._endings(before, undisputed, stands)
                    yield from self._disputes(before, undisputed, stands)

    def _disputes(self, before: "Before", scenario: Scenario, stands: Posted) -> Iterator[Result]:
        sale = before.sale
        for challenger in ("challenger", "proposer", "provider", "best", "panel", "guardian"):
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
            for revoked in REVOCATIONS:
                with boa.env.anchor():
                    self._revoke_and_dispute(sale, revoked, before.roles[challenger][0])
                    accused = replace(disputed, revoked=revoked)
                    for ending in [((), "provider"), ((), "stranger"), (("best", "second"), "")]:
                        claimants, last = ending
                        ended = replace(accused, claimants=claimants, last=last)
                        yield self._end(before, ended, stands)
                    if revoked.split()[0] in OF_A_SIGNER:
                        found = sale.resolve(stands, *REPORTS["true"])
                        decided = replace(accused, verdict="true", claimants=("best", "second"))
                        yield self._end(before, decided, found)

    def _revoke_and_dispute(self, sale: Sale, revoked: str, challenger: str) -> None:
        signer, registry = sale.signing[-1], self.chain.registry
        what, when = revoked.split()
        subject = {
            "enclave": (signer.signing_key, self.chain.measurement),
            "platform": (signer.platform,),
            "measurement": (self.chain.measurement,),
            "verifier": (self.chain.verifier,),
        }[what]
        if when == "in":
            sale.dispute(challenger)
        getattr(registry, f"revoke_{what}")(*subject, sender=self.chain.owner)
        if when == "before":
            sale.dispute(challenger)

    def _endings(self, before: "Before", scenario: Scenario, stands: Posted) -> Iterator[Result]:
        claims = [(), ("best",), ("second",), ("best", "second")]
        for claimants, last in product(claims, ("provider", "stranger")):
            yield self._end(before, replace(scenario, claimants=claimants, last=last), stands)

    def _end(self, before: "Before", scenario: Scenario, stands: Posted | None) -> Result:
        """Claims, settles or voids, and counts."""
        sale, due = before.sale, {}
        last = sale.provider if scenario.last == "provider" else account("stranger")
        with boa.env.anchor():
            if scenario.challenger and not scenario.verdict and sale.stage == DISPUTED:
                sale.expire(stands, sender=last)
            if stands and sale.stage != VOIDED:
                for award, payout in enumerate(stands.payouts):
                    name = DEVELOPERS[(payout >> 128) % 2**32]
                    if name in scenario.claimants:
                        sale.claim(stands, award)
                        due[name] = payout % 2**128
                sale.settle(stands, sender=last)
            elif sale.stage != VOIDED:
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
                sale.stage == VOIDED,
            )

    def _holdings(self, roles: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
        """Ether and tokens of each role: in purses and as credits, and stakes."""
        return {
            role: (sum(map(self._ether, accounts)), sum(map(self._units, accounts)))
            for role, accounts in roles.items()
        }

    def _ether(self, of: str) -> int:
        credit = self.market.read("escrow.credit_of", ZERO_ADDRESS, of)
        stake = self.registry.read("records.operators", of) % 2**128
        return ether(of) + stake + credit + self.registry.read("staking.credit_of", of)

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
