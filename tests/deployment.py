"""The market with its registry and enclaves, and the steps of a sale, for every kind of chain.

A `Driver` acts on a chain with three verbs: `send`, `at` and `read`. Two exist: Brownie on anvil
(`tests/anvil.py`) and titanoboa in this process (`tests/inprocess.py`). Each deploys the contracts
and hands them to a `Deployment`. `Steps` has every step of a sale once: they take the task and
remember nothing, so they fit fixtures that outlive the snapshots of a chain. `Sale` plays one task
with them and remembers its models, its seed and its challenger.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.protocol.eip712 import Domain
from tests import sale as parts
from tests.sale import (
    DAY,
    ETHER,
    OPEN,
    TASK_URI,
    VOIDED,
    Enclave,
    Model,
    Posted,
    Progress,
    Report,
    RosterEntry,
    Task,
)

SEAT_BOND = ETHER // 10 + 1  # odd, so that halves and thirds of a bond have to be rounded
MIN_TOLERANCE = 1_000
PLATFORM_STAKE = ETHER // 10
PAYMENT_GAS = 100_000, 600_000, 600_000
"""Caps of a payment of ether and of a token, and the reserve beside each, as settings have them."""
TERMS = SEAT_BOND, MIN_TOLERANCE, *PAYMENT_GAS
"""Arguments that the market's constructor takes beside the registry."""
PROGRAM = parts.word("program")

Contract = Any
Method = Callable[..., Any]


class Driver(Protocol):
    """How tests act on a chain."""

    @property
    def now(self) -> int:
        """Time of the chain, in unix seconds."""

    @property
    def known_block(self) -> int:
        """Number of a recent block whose hash the contracts can look up."""

    def send(self, method: Method, *args: Any, sender: Any, value: int = 0) -> Any:
        """Call a method in a transaction; return what the backend returns of it."""

    def at(self, time: int) -> None:
        """Let the next transaction happen at this time, which is later than `now`."""

    def read(self, view: Method, *args: Any) -> Any:
        """Call a view on the latest block."""


class Steps:
    """The steps of the parties of a task, each at the first time that allows it."""

    def __init__(self, driver: Driver, market: Contract, owner: Any) -> None:
        """`owner` is who sends what anybody may."""
        self.driver, self.market, self.owner = driver, market, owner
        chain_id = driver.read(market.eip712Domain)[3]
        self.domain = Domain(chain_id, str(market.address))

    # ── State ──

    def progress(self, task: Task) -> Progress:
        return Progress(*self.driver.read(self.market.progress, task.id(self.domain)))

    def head(self, task: Task) -> bytes:
        return bytes(self.driver.read(self.market.head, task.id(self.domain)))

    def submission(self, task: Task, index: int) -> bytes:
        return bytes(self.driver.read(self.market.submissions, task.id(self.domain), index))

    def until(self, time: int) -> None:
        """Let the next step happen at this time, or now if it has passed."""
        if time > self.driver.now:
            self.driver.at(time)

    # ── Up to the seed ──

    def create(self, task: Task) -> Any:
        value = task.escrow()
        return self.driver.send(
            self.market.create_task, task, TASK_URI, sender=task.provider, value=value
        )

    def commit(self, task: Task, *models: Model) -> None:
        for model in models:
            self.driver.send(
                self.market.commit_model,
                task.id(self.domain),
                model.commitment(self.domain, task.id(self.domain)),
                sender=model.developer,
                value=task.commit_bond + task.entry_fee,
            )

    def reveal(self, task: Task, *revealed: tuple[int, Model]) -> None:
        """Pairs of index and model, in this order."""
        self.until(task.commit_deadline)
        for index, model in revealed:
            arguments = model.reveal(task.id(self.domain), index)
            self.driver.send(self.market.reveal_model, *arguments, sender=model.developer)

    def close(self, task: Task) -> bytes:
        """Return the seed."""
        self.until(task.reveal_deadline)
        self.driver.send(self.market.close_reveals, task.id(self.domain), sender=self.owner)
        return self.head(task)

    def enter(self, task: Task, models: Sequence[Model], revealed: Iterable[int]) -> bytes:
        """From nothing to the seed, which it returns: all models committed, some revealed."""
        self.create(task)
        self.commit(task, *models)
        self.reveal(task, *((index, models[index]) for index in revealed))
        return self.close(task)

    # ── The report ──

    def report(
        self, task: Task, seed: bytes, *pairs: tuple[int, int], panel: bool = False
    ) -> Report:
        """A report, or a panel's, that awards pairs of index and score, best first."""
        return parts.report(task.id(self.domain), seed, *pairs, panel=panel)

    def post(self, task: Task, report: Report, enclaves: Sequence[Enclave]) -> Posted:
        """Signed by the first of the enclaves that make up the roster."""
        signing, roster = enclaves[: task.quorum], parts.roster(enclaves)
        cosignatures = parts.cosign(report.digest(self.domain), signing)
        arguments = parts.post(task, roster, report, cosignatures)
        self.driver.send(self.market.post_report, *arguments, sender=self.owner)
        return parts.posted(self.domain, task, report, signing)

    def dispute(self, task: Task, challenger: Any) -> None:
        bond = task.bond(SEAT_BOND)
        self.driver.send(self.market.dispute_report, task, sender=challenger, value=bond)

    def resolve(
        self,
        stands: Posted,
        roster: Sequence[RosterEntry],
        challenger: str,
        verdict: Report,
        panel: Iterable[Enclave],
        sender: Any = None,
    ) -> Posted:
        """Return the report that stands after the panel's verdict."""
        arguments = stands.resolve(roster, challenger, verdict, panel)
        self.driver.send(self.market.resolve_dispute, *arguments, sender=sender or self.owner)
        if self.head(stands.task) == stands.head():
            return stands
        return parts.posted(self.domain, stands.task, verdict, [])

    def expire(self, stands: Posted, challenger: str, sender: Any = None) -> bool:
        """Return True where that voids the task."""
        self.until(self.progress(stands.task).time_a)
        arguments = stands.expire(challenger)
        self.driver.send(self.market.expire_dispute, *arguments, sender=sender or self.owner)
        return self.progress(stands.task).stage == VOIDED

    # ── The end ──

    def claim(self, stands: Posted, award: int, model: Model) -> None:
        self.until(self.progress(stands.task).time_a)
        arguments = stands.claim(award, model)
        self.driver.send(self.market.claim_award, *arguments, sender=model.developer)

    def settle(self, stands: Posted, sender: Any = None) -> None:
        progress = self.progress(stands.task)
        claimed = progress.claimed == (1 << len(stands.payouts)) - 1
        self.until(progress.time_a if claimed else progress.time_b)
        self.driver.send(self.market.settle, *stands.settle(), sender=sender or self.owner)

    def void(self, task: Task, sender: Any = None) -> None:
        revealed = self.progress(task).reveals > 0
        self.until(task.report_deadline if revealed else task.reveal_deadline)
        self.driver.send(self.market.void, task, sender=sender or self.owner)

    def share(self, task: Task, index: int, model: Model) -> None:
        self.driver.send(self.market.claim_share, *model.share(task, index), sender=self.owner)


class Deployment(Steps):
    """All contracts, and the enclaves that may judge, by rising signing key."""

    def __init__(
        self,
        driver: Driver,
        contracts: tuple[Contract, Contract, Contract],
        owner: Any,
        provider: Any,
        operators: Iterable[str],
        stake: int,
    ) -> None:
        """Connect verifier, registry and market; register one enclave for each operator."""
        self.verifier, self.registry, market = contracts
        super().__init__(driver, market, owner)
        self.provider = provider
        driver.send(self.registry.set_market, market, sender=owner)
        program = encode(["address", "bytes32"], [str(self.verifier.address), PROGRAM])
        self.measurement = keccak(program)
        self.enclaves = parts.ordered(
            self.enlist(f"enclave {n}", operator, stake) for n, operator in enumerate(operators)
        )

    def enlist(self, name: str, operator: str, stake: int = 0, lifetime: int = 30 * DAY) -> Enclave:
        """Stake for an operator, and register an enclave on a machine of its own."""
        made = parts.enclave(name, operator)
        if stake:
            self.driver.send(self.registry.stake, sender=operator, value=stake)
        self.register(made, lifetime)
        return made

    def register(self, made: Enclave, lifetime: int = 30 * DAY, by: Contract = None) -> None:
        """Register an enclave, or renew it, with what a verifier attests."""
        keys = made.signing_key, made.sealing_key, self.driver.known_block
        evidence = encode(
            ["bytes32", "bytes32", "uint256", "bytes32"],
            [
                PROGRAM,
                made.platform,
                self.driver.now + lifetime,
                bytes(self.driver.read(self.registry.report_data, made.operator, *keys)),
            ],
        )
        method, verifier = self.registry.register_enclave, by or self.verifier
        self.driver.send(method, verifier, evidence, *keys, sender=made.operator)

    @property
    def roster(self) -> list[RosterEntry]:
        return parts.roster(self.enclaves)

    def signing(self, task: Task) -> list[Enclave]:
        """The enclaves that sign the report: the first of the roster."""
        return self.enclaves[: task.quorum]

    def panel(self, task: Task) -> list[Enclave]:
        """The enclaves that follow them in the roster, as many as a panel has seats."""
        return self.enclaves[task.quorum : task.quorum + parts.panel_size(task.quorum)]

    def task(self, provider: Any = None, **terms: Any) -> Task:
        """A task that begins now."""
        who = str(provider or self.provider)
        made = parts.task(who, self.roster, self.measurement, self.driver.now)
        return made._replace(**terms)

    def posted(self, task: Task, report: Report) -> Posted:
        """The report as it stands once the first enclaves of the roster have signed it."""
        return parts.posted(self.domain, task, report, self.signing(task))

    def post(self, task: Task, report: Report, enclaves: Sequence[Enclave] = ()) -> Posted:
        return super().post(task, report, enclaves or self.enclaves)


class Sale:
    """One task, from its creation on."""

    def __init__(self, chain: Deployment, enclaves: Sequence[Enclave] = (), **terms: Any) -> None:
        self.chain, self.market = chain, chain.market
        self.enclaves = parts.ordered(enclaves or chain.enclaves)
        self.roster = parts.roster(self.enclaves)
        self.provider = str(terms.pop("provider", chain.provider))
        terms = {"roster": parts.roster_digest(self.roster), **terms}
        self.task = chain.task(self.provider, **terms)
        self.id = self.task.id(chain.domain)
        self.models: list[Model] = []
        self.seed = bytes(32)
        self.challenger = ""

    # ── Up to the seed ──

    def create(self) -> "Sale":
        self.chain.create(self.task)
        assert self.stage == OPEN
        return self

    def commit(self, *models: Model) -> "Sale":
        self.chain.commit(self.task, *models)
        self.models += models
        assert self.progress.commits == len(self.models)
        return self

    def reveal(self, *indices: int) -> "Sale":
        self.chain.reveal(self.task, *((index, self.models[index]) for index in indices))
        return self

    def close(self) -> "Sale":
        self.seed = self.chain.close(self.task)
        return self

    def enter(self, *models: Model, revealed: Iterable[int] | None = None) -> "Sale":
        """From nothing to the seed, with these models committed; all revealed, or some."""
        indices = range(len(models)) if revealed is None else revealed
        return self.create().commit(*models).reveal(*indices).close()

    # ── The report ──

    @property
    def signing(self) -> list[Enclave]:
        """The enclaves that sign the report."""
        return self.enclaves[: self.task.quorum]

    @property
    def panel(self) -> list[Enclave]:
        """The enclaves that sit on the panel."""
        return self.enclaves[self.task.quorum : 3 * self.task.quorum + 1]

    def measured(self, *pairs: tuple[int, int], panel: bool = False, **changed: Any) -> Report:
        """A report that awards pairs of index and score, best first."""
        return self.chain.report(self.task, self.seed, *pairs, panel=panel)._replace(**changed)

    def post(self, *pairs: tuple[int, int]) -> Posted:
        return self.chain.post(self.task, self.measured(*pairs), self.enclaves)

    def dispute(self, challenger: Any) -> int:
        """Return the verdict deadline."""
        self.challenger = str(challenger)
        self.chain.dispute(self.task, challenger)
        return self.time_a

    def resolve(self, stands: Posted, *pairs: tuple[int, int], **how: Any) -> Posted:
        """Return the report that stands after the panel's verdict."""
        verdict = self.measured(*pairs, panel=True)
        panel = how.pop("panel", self.panel)
        return self.chain.resolve(stands, self.roster, self.challenger, verdict, panel, **how)

    def expire(self, stands: Posted, **how: Any) -> bool:
        return self.chain.expire(stands, self.challenger, **how)

    # ── The end ──

    def claim(self, stands: Posted, award: int) -> None:
        self.chain.claim(stands, award, self.models[stands.report.entries()[award] % 2**32])

    def settle(self, stands: Posted, **how: Any) -> None:
        self.chain.settle(stands, **how)

    def void(self, **how: Any) -> None:
        self.chain.void(self.task, **how)

    def share(self, index: int) -> None:
        self.chain.share(self.task, index, self.models[index])

    @property
    def progress(self) -> Progress:
        return self.chain.progress(self.task)

    @property
    def time_a(self) -> int:
        return self.progress.time_a

    @property
    def time_b(self) -> int:
        return self.progress.time_b

    @property
    def stage(self) -> int:
        return self.progress.stage
