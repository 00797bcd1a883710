"""Effects of a revocation: enclaves that can sign no more, and the tasks that run."""

from collections.abc import Iterator
from dataclasses import dataclass

from offchain.chain.history import CLOSED, OPEN, History
from offchain.chain.market import Market
from offchain.chain.registry import Registry


@dataclass(frozen=True)
class Record:
    """A registration, by the registry's events."""

    signing_key: str
    operator: str
    measurement: bytes
    platform: bytes
    sealing_key: bytes
    verifier: str


@dataclass(frozen=True)
class Target:
    """The target of a revocation: all of an enclave that is given here has to fit."""

    signing_key: str | None = None
    measurement: bytes | None = None
    platform: bytes | None = None
    verifier: str | None = None

    @property
    def is_program(self) -> bool:
        """True if every enclave of a program is concerned, so that nobody in particular is."""
        return self.signing_key is None and self.platform is None

    def fits(self, record: Record) -> bool:
        """Return True if a registration is concerned."""
        return all(
            wanted is None or getattr(record, name) == wanted for name, wanted in vars(self).items()
        )


def registrations(registry: Registry) -> list[Record]:
    """Return all registrations, oldest first."""
    event = registry.contract.events.EnclaveRegistered()
    latest = int(registry.node.web3.eth.block_number)
    logs = registry.node.logs(registry.contract.address, [event.topic], latest)
    names = Record.__dataclass_fields__
    return [Record(*(event.process_log(log)["args"][name] for name in names)) for log in logs]


def effects(market: Market, registry: Registry, target: Target) -> Iterator[str]:
    """Yield a line for each enclave and each running task that a revocation concerns."""
    concerned = {
        (record.signing_key, record.measurement): record
        for record in registrations(registry)
        if target.fits(record)
    }
    for record in concerned.values():
        keys = record.signing_key, record.sealing_key, record.platform, record.measurement
        if registry.contract.functions.is_active(*keys).call():
            yield f"enclave {record.signing_key} of operator {record.operator} can sign no more"
    signers = {record.signing_key for record in concerned.values()}
    named = {record.measurement for record in concerned.values()}
    if target.measurement is not None:
        named.add(target.measurement)
    for task_id in market.tasks():
        history = market.history(task_id)
        if history is not None and history.ending is None and history.task.measurement in named:
            for line in _of_task(history, target, signers):
                yield f"task 0x{task_id.hex()}: {line}"


def _of_task(history: History, target: Target, signers: set[str]) -> Iterator[str]:
    if history.posted is None:
        if history.stage in (OPEN, CLOSED) and target.is_program:
            yield "no report can be posted any more, it ends by `golden-grain void`"
        else:
            yield "loses a seat if its roster names such an enclave"
        return
    found = sorted(signers & {each.signing_key for each in history.posted.signers})
    if history.verdict is not None:
        yield "a panel has judged its report, which stays"
    elif target.is_program:
        yield "its report stands, and no panel can judge it any more"
    elif found:
        yield f"its report, signed by {', '.join(found)}, can be voided unless a panel judges it"
