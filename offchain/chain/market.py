"""What a market's logs say of a task: its history, and from it the transcript."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from eth_utils.abi import event_abi_to_log_topic

from offchain.chain.node import Node, abi
from offchain.protocol.eip712 import Domain
from offchain.protocol.messages import Posted
from offchain.protocol.pricing import Award, Knot
from offchain.protocol.reports import Cosignature, Report
from offchain.protocol.task import Roster, Submission, Task
from offchain.protocol.transcript import Reveal, Transcript

NONE, OPEN, CLOSED, REPORTED, DISPUTED = range(5)
"""The stages of `IModelMarket` that hosts act on."""

_MASK_32 = 2**32 - 1


@dataclass(frozen=True)
class Signer:
    """Who signed a report: signing key, operator and platform, as the registry holds them."""

    signing_key: str
    operator: str
    platform: bytes

    def to_abi(self) -> tuple[str, str, bytes]:
        """The struct as the contract takes it."""
        return self.signing_key, self.operator, self.platform


@dataclass(frozen=True)
class StandingReport:
    """A report that was posted."""

    inventory: bytes
    results: bytes
    awards: tuple[Award, ...]
    signers: tuple[Signer, ...]
    cosignatures: tuple[Cosignature, ...]


@dataclass(frozen=True)
class History:
    """What the confirmed logs say of a task.

    Args:
        randomness: prevrandao and parent hash of the block that closed the reveals.
        challenger: of the dispute.
        over: nothing is left for an enclave to do: the task ended, or its dispute did.
    """

    task: Task
    reveals: tuple[Reveal, ...] = ()
    seed: bytes | None = None
    randomness: tuple[bytes, bytes] | None = None
    posted: StandingReport | None = None
    challenger: str | None = None
    over: bool = False

    @property
    def stage(self) -> int:
        """One of those above; `NONE` once it is over."""
        if self.over:
            return NONE
        if self.challenger is not None:
            return DISPUTED
        if self.posted is not None:
            return REPORTED
        return OPEN if self.seed is None else CLOSED


class Market:
    """A market on a node."""

    def __init__(self, node: Node, address: str) -> None:
        self.node = node
        self.contract = node.web3.eth.contract(
            address=node.web3.to_checksum_address(address), abi=abi("IModelMarket")
        )
        self._events = {
            event_abi_to_log_topic(entry): self.contract.events[entry["name"]]()  # type: ignore[arg-type]
            for entry in abi("IModelMarket")
            if entry["type"] == "event"
        }

    @cached_property
    def domain(self) -> Domain:
        """Of EIP-712."""
        return Domain(self.node.web3.eth.chain_id, self.contract.address)

    @cached_property
    def registry(self) -> str:
        """Address of the registry."""
        return str(self.contract.functions.registry().call())

    def tasks(self) -> list[bytes]:
        """The ids of all confirmed tasks, oldest first."""
        topic = self.contract.events.TaskCreated().topic
        logs = self.node.logs(self.contract.address, [topic], self.node.confirmed())
        return [bytes(log["topics"][1]) for log in logs]

    def stage(self, task_id: bytes) -> int:
        """The stage in the latest block, confirmed or not."""
        return int(self.contract.functions.progress(task_id).call()[0])

    def history(self, task_id: bytes) -> History | None:
        """What the confirmed logs say of a task; None when they do not know it."""
        topics = [None, "0x" + task_id.hex()]
        history: History | None = None
        for log in self.node.logs(self.contract.address, topics, self.node.confirmed()):
            entry = self._events[bytes(log["topics"][0])].process_log(log)
            if entry["event"] == "TaskCreated":
                history = History(_task(entry["args"]["task"]))
            elif history is not None and entry["event"] in _STEPS:
                history = _STEPS[entry["event"]](history, entry)
        return history

    def transcript(self, history: History, roster: Roster) -> Transcript:
        """The transcript of a task whose reveals are closed.

        Raises:
            ValueError: the reveals are not closed; the roster is not the task's; or the logs do not
                lead to the seed, so that the node is missing some.
        """
        if history.randomness is None or history.seed is None:
            raise ValueError("reveals are not closed, expected a confirmed RevealsClosed")
        transcript = Transcript(
            self.domain, history.task, roster, history.reveals, *history.randomness
        )
        if transcript.seed != history.seed:
            raise ValueError(
                f"logs lead to seed 0x{transcript.seed.hex()}, expected 0x{history.seed.hex()}"
            )
        return transcript

    def posted(self, history: History, transcript: Transcript) -> Posted:
        """The report that stands, with its signatures.

        Raises:
            ValueError: none stands.
        """
        standing = history.posted
        if standing is None:
            raise ValueError("no report stands, expected a confirmed ReportPosted")
        report = Report(
            transcript.task_id,
            0,
            transcript.seed,
            standing.inventory,
            standing.results,
            standing.awards,
        )
        return Posted(report, standing.cosignatures)


def _plain(struct: Any) -> dict[str, Any]:
    return dict(struct)


def _task(struct: Any) -> Task:
    values = _plain(struct)
    knots = (Knot(word >> 128, word % 2**128) for word in values.pop("curve") if word)
    names = [field.name for field in fields(Task) if field.name != "curve"]
    return Task(**{name: values[name] for name in names}, curve=tuple(knots))


def _revealed(history: History, log: Any) -> History:
    values = _plain(log["args"])
    del values["task_id"]
    reveal = Reveal(**values | {"submission": Submission(**_plain(values["submission"]))})
    return replace(history, reveals=(*history.reveals, reveal))


def _closed(history: History, log: Any) -> History:
    values = log["args"]
    randomness = values["prevrandao"], values["parent_hash"]
    return replace(history, seed=values["seed"], randomness=randomness)


def _posted(history: History, log: Any) -> History:
    values = log["args"]
    words = (payout >> 128 for payout in values["payouts"])
    standing = StandingReport(
        inventory=values["inventory"],
        results=values["results"],
        awards=tuple(Award(word & _MASK_32, word >> 32) for word in words),
        signers=tuple(
            Signer(each["signing_key"], each["operator"], each["platform"])
            for each in values["signers"]
        ),
        cosignatures=tuple(
            Cosignature(each["r"], each["vs"], each["platform"]) for each in values["signers"]
        ),
    )
    return replace(history, posted=standing)


def _disputed(history: History, log: Any) -> History:
    return replace(history, challenger=log["args"]["challenger"])


def _over(history: History, _: Any) -> History:
    return replace(history, over=True)


_STEPS: dict[str, Callable[[History, Any], History]] = {
    "ModelRevealed": _revealed,
    "RevealsClosed": _closed,
    "ReportPosted": _posted,
    "ReportDisputed": _disputed,
    "DisputeResolved": _over,
    "DisputeExpired": _over,
    "TaskSettled": _over,
    "TaskVoided": _over,
}
