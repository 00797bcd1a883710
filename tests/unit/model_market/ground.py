"""A market with its registry and enclaves on the local chain, and the steps of a sale on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from brownie import EnclaveRegistry, MockVerifier, ModelMarket, accounts, chain
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.protocol.eip712 import Domain
from tests import sale
from tests.sale import DAY, ETHER, Enclave, Model, Posted, Report, Task
from tests.signing import signing_key
from tests.unit.chain import at, fund, now

SEAT_BOND = ETHER // 10 + 1  # odd, so that halves and thirds of a bond have to be rounded
MIN_TOLERANCE = 1_000
STAKE = 2 * ETHER
PROGRAM = sale.word("program")
ENCLAVES = 10  # as many as three signers and their panel


@dataclass(frozen=True)
class Ground:
    """Deployed contracts, and the enclaves that may judge, by rising signing key."""

    market: Any
    registry: Any
    verifier: Any
    guardian: Any
    domain: Domain
    measurement: bytes
    enclaves: list[Enclave]

    @property
    def roster(self) -> list[sale.RosterEntry]:
        return sale.roster(self.enclaves)

    def task(self, provider: Any, **terms: Any) -> Task:
        """A task that begins now."""
        made = sale.task(str(provider), self.roster, self.measurement, now())
        return made._replace(**terms)

    # ── State ──

    def progress(self, task: Task) -> sale.Progress:
        return sale.Progress(*self.market.progress(task.id(self.domain)))

    def head(self, task: Task) -> bytes:
        return bytes(self.market.head(task.id(self.domain)))

    def submission(self, task: Task, index: int) -> bytes:
        return bytes(self.market.submissions(task.id(self.domain), index))

    # ── The steps of a sale ──

    def creation(self, task: Task) -> tuple[Any, ...]:
        """The arguments of `create_task`."""
        escrow = task.budget + task.benchmark_fee
        value = escrow if task.token == sale.ZERO_ADDRESS else 0
        return task, {"from": task.provider, "value": value}

    def create(self, task: Task) -> Any:
        return self.market.create_task(*self.creation(task))

    def commitment(self, task: Task, model: Model) -> tuple[Any, ...]:
        """The arguments of `commit_model`."""
        task_id, value = task.id(self.domain), task.commit_bond + task.entry_fee
        commitment = model.commitment(self.domain, task_id)
        return task_id, commitment, {"from": model.developer, "value": value}

    def commit(self, task: Task, *models: Model) -> None:
        for model in models:
            self.market.commit_model(*self.commitment(task, model))

    def reveal(self, task: Task, *revealed: tuple[int, Model]) -> None:
        """From the commit deadline on: pairs of index and model, in this order."""
        at(task.commit_deadline)
        for index, model in revealed:
            arguments = model.reveal(task.id(self.domain), index)
            self.market.reveal_model(*arguments, {"from": model.developer})

    def close(self, task: Task) -> bytes:
        """At the reveal deadline; gives the seed."""
        at(task.reveal_deadline)
        self.market.close_reveals(task.id(self.domain), {"from": self.guardian})
        return self.head(task)

    def post(self, task: Task, report: Report) -> Posted:
        """Signed by the first enclaves of the roster."""
        signing = self.signing(task)
        cosignatures = sale.cosign(report.digest(self.domain), signing)
        self.market.post_report(task, self.roster, report, cosignatures, {"from": self.guardian})
        return self.posted(task, report)

    def posted(self, task: Task, report: Report) -> Posted:
        """The report as it stands once the first enclaves of the roster have signed it."""
        return sale.posted(self.domain, task, report, self.signing(task))

    def enter(self, task: Task, models: Sequence[Model], revealed: Sequence[int]) -> bytes:
        """From nothing to the seed, which it gives: all models committed, some revealed."""
        self.create(task)
        self.commit(task, *models)
        self.reveal(task, *((index, models[index]) for index in revealed))
        return self.close(task)

    def dispute(self, task: Task, challenger: Any) -> None:
        value = task.bond(SEAT_BOND)
        self.market.dispute_report(task, {"from": challenger, "value": value})

    # ── Who judges ──

    def signing(self, task: Task) -> list[Enclave]:
        """The enclaves that sign the report."""
        return self.enclaves[: task.quorum]

    def panel(self, task: Task) -> list[Enclave]:
        """The enclaves that follow them in the roster, as many as a panel has seats."""
        return self.enclaves[task.quorum : task.quorum + sale.panel_size(task.quorum)]


def lay(guardian: Any) -> Ground:
    """Deploys registry and market, and registers one enclave of each operator."""
    sender = {"from": guardian}
    verifier = guardian.deploy(MockVerifier)
    registry = guardian.deploy(EnclaveRegistry, guardian, verifier)
    market = guardian.deploy(ModelMarket, registry, SEAT_BOND, MIN_TOLERANCE)
    registry.set_market(market, sender)
    enclaves = [_enclave(registry, verifier, number) for number in range(ENCLAVES)]
    measurement = keccak(encode(["address", "bytes32"], [verifier.address, PROGRAM]))
    return Ground(
        market=market,
        registry=registry,
        verifier=verifier,
        guardian=guardian,
        domain=Domain(chain.id, market.address),
        measurement=measurement,
        enclaves=sale.ordered(enclaves),
    )


def _enclave(registry: Any, verifier: Any, number: int) -> Enclave:
    """Of an operator of its own, who stakes for it."""
    operator = accounts.add(signing_key(f"operator {number}").to_hex())
    fund(operator, 100 * ETHER)
    enclave = sale.enclave(f"enclave {number}", operator.address)
    registry.stake({"from": operator, "value": STAKE})
    keys = (enclave.signing_key, enclave.sealing_key, chain.height - 1)
    evidence = encode(
        ["bytes32", "bytes32", "uint256", "bytes32"],
        [PROGRAM, enclave.platform, now() + 90 * DAY, registry.report_data(operator, *keys)],
    )
    registry.register_enclave(verifier, evidence, *keys, {"from": operator})
    return enclave
