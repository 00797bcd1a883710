"""History of a task, read from the market's logs, and the transcript that follows from it."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from eth_utils.abi import event_abi_to_log_topic

from offchain.chain.node import Node, abi
from offchain.protocol.eip712 import Domain
from offchain.protocol.messages import Posted
from offchain.protocol.pricing import Award, Knot
from offchain.protocol.reports import Cosignature, Report, choices_of
from offchain.protocol.task import Roster, Submission, Task
from offchain.protocol.transcript import Reveal, Transcript

NONE, OPEN, CLOSED, REPORTED, DISPUTED = range(5)
"""The stages of `IModelMarket` that hosts act on."""


@dataclass(frozen=True)
class Signer:
    """A signer of a report: signing key, operator and platform, as in the registry."""

    signing_key: str
    operator: str
    platform: bytes

    def to_abi(self) -> tuple[str, str, bytes]:
        """Return the fields in the order of the contract's struct."""
        return self.signing_key, self.operator, self.platform


@dataclass(frozen=True)
class StandingReport:
    """A report that was posted, with its signers and their signatures."""

    inventory: bytes
    results: bytes
    choices: tuple[int, ...]
    awards: tuple[Award, ...]
    signers: tuple[Signer, ...]
    cosignatures: tuple[Cosignature, ...]


@dataclass(frozen=True)
class History:
    """The history of a task in confirmed logs.

    Args:
        task: its terms.
        uri: where the provider says that the files of the task are; untrusted.
        reveals: in the order of the chain.
        seed: bytes32, once the reveals are closed.
        randomness: prevrandao and parent hash of the block that closed the reveals.
        posted: the report that was posted.
        challenger: address of the account that opened a dispute.
        over: True once enclaves have nothing left to do: the task or its dispute has ended.
    """

    task: Task
    uri: str = ""
    reveals: tuple[Reveal, ...] = ()
    seed: bytes | None = None
    randomness: tuple[bytes, bytes] | None = None
    posted: StandingReport | None = None
    challenger: str | None = None
    over: bool = False

    @property
    def stage(self) -> int:
        """The current stage, one of the constants above; `NONE` once ``over`` is True."""
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
        """The market's EIP-712 domain."""
        return Domain(self.node.web3.eth.chain_id, self.contract.address)

    @cached_property
    def registry(self) -> str:
        """The address of the market's registry."""
        return str(self.contract.functions.registry().call())

    def tasks(self) -> list[bytes]:
        """Return the ids of all confirmed tasks, oldest first."""
        topic = self.contract.events.TaskCreated().topic
        logs = self.node.logs(self.contract.address, [topic], self.node.confirmed())
        return [bytes(log["topics"][1]) for log in logs]

    def stage(self, task_id: bytes) -> int:
        """Return a task's stage in the latest block, which may not be confirmed."""
        return int(self.contract.functions.progress(task_id).call()[0])

    def history(self, task_id: bytes) -> History | None:
        """Return a task's history, or None when no confirmed log creates the task."""
        topics = [None, "0x" + task_id.hex()]
        history: History | None = None
        for log in self.node.logs(self.contract.address, topics, self.node.confirmed()):
            entry = self._events[bytes(log["topics"][0])].process_log(log)
            if entry["event"] == "TaskCreated":
                history = History(_task(entry["args"]["task"]), entry["args"]["uri"])
            elif history is not None and entry["event"] in _STEPS:
                history = _STEPS[entry["event"]](history, entry)
        return history

    def transcript(self, history: History, roster: Roster) -> Transcript:
        """Return the transcript of a task whose reveals are closed.

        Raises:
            ValueError: the reveals are not closed; the roster is not the task's; or the seed
                computed from the logs is not the contract's, so that the node lacks some logs.
        """
        if history.randomness is None or history.seed is None:
            raise ValueError("reveals are not closed, expected a confirmed RevealsClosed")
        transcript = Transcript(
            self.domain, history.task, roster, history.reveals, *history.randomness
        )
        if transcript.seed != history.seed:
            raise ValueError(
                f"logs give seed 0x{transcript.seed.hex()}, expected 0x{history.seed.hex()}: the "
                "node lacks some logs of the task"
            )
        return transcript

    def posted(self, history: History, transcript: Transcript) -> Posted:
        """Return the posted report with its signatures.

        Raises:
            ValueError: no report is posted.
        """
        standing = history.posted
        if standing is None:
            raise ValueError("no report is posted, expected a confirmed ReportPosted")
        report = Report(
            transcript.task_id,
            0,
            transcript.seed,
            standing.inventory,
            standing.results,
            standing.choices,
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
    standing = StandingReport(
        inventory=values["inventory"],
        results=values["results"],
        choices=choices_of(values["choices"]),
        awards=tuple(Award.of_payout(payout) for payout in values["payouts"]),
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
