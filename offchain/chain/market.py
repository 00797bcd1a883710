"""A market on a node: its tasks, their histories and transcripts."""

from collections.abc import Iterator
from functools import cached_property

from web3.contract.contract import ContractFunction
from web3.types import BlockIdentifier, EventData

from offchain.chain.history import History, after
from offchain.chain.node import Node, abi, decoder
from offchain.chain.progress import Stage, TaskProgress
from offchain.protocol.eip712 import Domain
from offchain.protocol.messages import Posted
from offchain.protocol.task import Roster, Task
from offchain.protocol.transcript import Transcript


class Market:
    """A market on a node."""

    def __init__(self, node: Node, address: str) -> None:
        self.node = node
        self.contract = node.web3.eth.contract(
            address=node.web3.to_checksum_address(address), abi=abi("IModelMarket")
        )
        self.decode = decoder(self.contract)

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

    def progress(self, task_id: bytes, block: BlockIdentifier = "latest") -> TaskProgress:
        """Return a task's progress in a block; the latest one may not be confirmed."""
        call = self.contract.functions.progress(task_id)
        stage, *values = call.call(block_identifier=block)
        return TaskProgress(Stage(stage), *values)

    def stage(self, task_id: bytes) -> Stage:
        """Return a task's stage in the latest block, which may not be confirmed."""
        return self.progress(task_id).stage

    def dispute_bond(self, task: Task) -> int:
        """Return the wei that a dispute of a task's report costs."""
        return int(self.contract.functions.seat_bond().call()) * (2 * task.quorum + 1)

    def settle(self, history: History) -> ContractFunction:
        """Return the call that settles a task by the report that stands."""
        return self.contract.functions.settle(*self._standing(history))

    def expire_dispute(self, history: History) -> ContractFunction:
        """Return the call that ends a dispute without a verdict."""
        challenger = history.challenger
        return self.contract.functions.expire_dispute(*self._standing(history), challenger)

    def _standing(self, history: History) -> tuple[object, ...]:
        record = history.record(self.domain)
        signers = [each.to_abi() for each in record.signers]
        return history.task.to_abi(), record.payouts, record.digest, signers

    def now(self) -> int:
        """Return the time of the latest block, in Unix seconds."""
        return self.node.now()

    def events(self, task_id: bytes) -> Iterator[EventData]:
        """Yield the confirmed events of a task, decoded, in the order of the chain."""
        topics = [None, "0x" + task_id.hex()]
        for log in self.node.logs(self.contract.address, topics, self.node.confirmed()):
            yield self.decode(log)

    def history(self, task_id: bytes) -> History | None:
        """Return a task's history, or None when no confirmed log creates the task."""
        history: History | None = None
        for entry in self.events(task_id):
            history = after(history, entry)
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
        if history.posted is None:
            raise ValueError("no report is posted in a confirmed block: `golden-grain status`")
        return Posted(history.report(transcript.task_id), history.posted.cosignatures)
