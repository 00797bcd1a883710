"""The market apart from reports and disputes, as docs/SPEC.md and IModelMarket.vyi specify it.

Every operation takes the call and the contract's arguments. It gives back what the contract
returns, having changed the model's state, or `Refused` with every reason that speaks against it.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from eth_utils.crypto import keccak

from offchain.chain import heads
from offchain.protocol import hashes
from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import ZERO_ADDRESS
from tests import reasons
from tests.sale import (
    CLOSED,
    FINAL,
    NONE,
    OPEN,
    REPORTED,
    SETTLED,
    VOIDED,
    Model,
    Report,
    Signer,
    Submission,
    Task,
)
from tests.stateful.ledger import ETHER, Books, Call, Ledger, Refused, unless
from tests.stateful.registry_model import RegistryModel
from tests.stateful.task_state import TaskState, head_of_report, wrong_stage
from tests.stateful.terms_model import conditions

Payouts = Sequence[int]
task_id = cache(Task.id)
report_digest = cache(Report.digest)


class SaleModel(Books):
    def __init__(
        self,
        domain: Domain,
        seat_bond: int,
        registry: RegistryModel,
        ledger: Ledger,
    ) -> None:
        super().__init__(domain.market, ledger)
        self.domain, self.seat_bond, self.registry = domain, seat_bond, registry
        self.tasks: defaultdict[bytes, TaskState] = defaultdict(TaskState)

    # ── Commit and reveal ──

    def create_task(self, call: Call, task: Task, uri: str) -> Refused | bytes:
        """The URI is in the event only."""
        of = task_id(task, self.domain)
        state = self.tasks[of]
        amount = task.budget + task.benchmark_fee
        if no := unless(
            (call.sender == task.provider, reasons.NOT_PROVIDER),
            (state.stage == NONE, reasons.TASK_EXISTS),
            *conditions(task, self.seat_bond, call.now),
            (call.value == (amount if task.token == ETHER else 0), reasons.WRONG_VALUE),
            (task.token == ETHER or task.token in self.ledger.tokens, reasons.BAD_TOKEN),
        ):
            return no
        if task.token != ETHER:
            token = self.ledger.tokens[task.token]
            if fault := token.fault(self.address, reasons.BAD_TOKEN):
                return Refused(frozenset([fault]))
        self.ledger.move(task.token, task.provider, self.address, amount)
        state.task, state.stage = task, OPEN
        state.time_a, state.time_b = task.commit_deadline, task.reveal_deadline
        self._emit("TaskCreated", task_id=of, provider=task.provider, task=task, uri=uri)
        return of

    def commit_model(self, call: Call, of: bytes, commitment: bytes) -> Refused | int:
        state = self.tasks[of]
        if state.stage != OPEN:
            return wrong_stage()
        task = state.terms()
        if no := unless(
            (call.now < task.commit_deadline, reasons.TOO_LATE),
            (len(state.words) < task.max_submissions, reasons.TASK_FULL),
            (call.value == task.commit_bond + task.entry_fee, reasons.WRONG_VALUE),
        ):
            return no
        self.ledger.move(ETHER, call.sender, self.address, call.value)
        index = len(state.words)
        state.words.append(keccak(commitment))
        self._emit(
            "ModelCommitted",
            task_id=of,
            developer=call.sender,
            index=index,
            commitment=commitment,
        )
        return index

    def reveal_model(
        self,
        call: Call,
        of: bytes,
        index: int,
        submission: Submission,
        keyring_digest: bytes,
        salt: bytes,
        uri: str,
    ) -> Refused | None:
        state = self.tasks[of]
        if state.stage != OPEN:
            return wrong_stage()
        task = state.terms()
        opened = Model(call.sender, submission, keyring_digest, salt, uri, b"")
        committed = keccak(opened.commitment(self.domain, of))
        if no := unless(
            (call.now >= task.commit_deadline, reasons.TOO_EARLY),
            (call.now < task.reveal_deadline, reasons.TOO_LATE),
            (state.words[index : index + 1] == [committed], reasons.WRONG_COMMITMENT),
        ):
            return no
        leaf = opened.leaf(of, index)
        state.words[index] = leaf
        state.leaves.add(leaf)
        state.reveals += 1
        state.head = hashes.after_reveal(state.head, leaf, salt)
        self._emit(
            "ModelRevealed",
            task_id=of,
            index=index,
            developer=call.sender,
            submission=submission,
            keyring_digest=keyring_digest,
            salt=salt,
            uri=uri,
        )
        self._pay(call, ETHER, call.sender, task.commit_bond)
        return None

    def close_reveals(
        self, call: Call, of: bytes, prevrandao: bytes, parent: bytes
    ) -> Refused | bytes:
        state = self.tasks[of]
        if state.stage != OPEN:
            return wrong_stage()
        if no := unless(
            (call.now >= state.terms().reveal_deadline, reasons.TOO_EARLY),
            (state.reveals > 0, reasons.NOTHING_REVEALED),
        ):
            return no
        state.stage = CLOSED
        seed = state.head = hashes.seed(state.head, prevrandao, parent)
        drawn = {"seed": seed, "prevrandao": prevrandao, "parent_hash": parent}
        self._emit("RevealsClosed", task_id=of, **drawn)
        return seed

    # ── Claims and the end ──

    def claim_award(
        self,
        call: Call,
        of: bytes,
        award: int,
        token: str,
        payouts: Payouts,
        signed: bytes,
        min_price: int,
        payload: bytes,
        envelope: bytes,
    ) -> Refused | None:
        state = self.tasks[of]
        if state.stage not in (REPORTED, FINAL):
            return wrong_stage()
        head = heads.after_report(token, payouts, signed)
        if no := unless(
            (call.now >= state.time_a, reasons.TOO_EARLY),
            (call.now < state.time_b, reasons.TOO_LATE),
            (head == state.head, reasons.WRONG_SALE),
            (award < len(payouts), reasons.NO_SUCH_AWARD),
        ):
            return no
        index, price = payouts[award] >> 128 & 2**32 - 1, payouts[award] % 2**128
        leaf = hashes.leaf(of, index, call.sender, keccak(envelope), min_price, payload)
        if no := unless(
            (award not in state.claimed, reasons.ALREADY_CLAIMED),
            (price >= min_price, reasons.BELOW_MIN_PRICE),
            (leaf in state.leaves, reasons.WRONG_SUBMISSION),
        ):
            return no
        state.claimed.add(award)
        sold = {"index": index, "price": price, "envelope": envelope}
        self._emit("AwardClaimed", task_id=of, developer=call.sender, **sold)
        self._pay(call, token, call.sender, price)
        return None

    def settle(
        self, call: Call, task: Task, payouts: Payouts, digest: bytes, signers: Sequence[Signer]
    ) -> Refused | None:
        of = task_id(task, self.domain)
        state = self.tasks[of]
        if state.stage not in (REPORTED, FINAL):
            return wrong_stage()
        over = len(state.claimed) == len(state.payouts) or call.now >= state.time_b
        on_record = state.head == head_of_report(task, payouts, digest, signers)
        if no := unless(
            (call.now >= state.time_a and over, reasons.TOO_EARLY), (on_record, reasons.WRONG_SALE)
        ):
            return no
        pot, state.stage = state.pot, SETTLED
        sold = sum(payouts[award] % 2**128 for award in state.claimed)
        fee_share, pot_share = (
            (task.benchmark_fee // len(signers), pot // len(signers)) if signers else (0, 0)
        )
        for signer in signers:
            self._credit(task.token, signer.operator, fee_share)
            self._credit(ETHER, signer.operator, pot_share)
        fee_left = task.benchmark_fee - fee_share * len(signers)
        refund, fee = task.budget - sold + fee_left, task.benchmark_fee - fee_left
        self._emit("TaskSettled", task_id=of, refund=refund, fee=fee, pot=pot)
        self._pay(call, task.token, task.provider, refund, pot - pot_share * len(signers))
        return None

    def void(self, call: Call, task: Task) -> Refused | None:
        of = task_id(task, self.domain)
        state = self.tasks[of]
        if state.stage not in (OPEN, CLOSED):
            return wrong_stage()
        deadline = task.report_deadline if state.reveals else task.reveal_deadline
        if no := unless((call.now >= deadline, reasons.TOO_EARLY)):
            return no
        self._void(call, of, state)
        return None

    def claim_share(
        self,
        call: Call,
        task: Task,
        index: int,
        developer: str,
        envelope_digest: bytes,
        min_price: int,
        payload: bytes,
    ) -> Refused | None:
        of = task_id(task, self.domain)
        state = self.tasks[of]
        if state.stage != VOIDED:
            return wrong_stage()
        leaf = hashes.leaf(of, index, developer, envelope_digest, min_price, payload)
        revealed = state.words[index : index + 1] == [leaf] and leaf in state.leaves
        if no := unless((revealed, reasons.WRONG_SUBMISSION)):
            return no
        state.words[index] = bytes(32)
        fee_share, pot_share = task.benchmark_fee // state.reveals, state.pot // state.reveals
        shares = {"fee_share": fee_share, "pot_share": pot_share}
        self._emit("ShareClaimed", task_id=of, developer=developer, index=index, **shares)
        self._credit(task.token, developer, fee_share)
        self._credit(ETHER, developer, pot_share)
        return None

    def withdraw(self, call: Call, token: str, to: str) -> Refused | int:
        amount = self.credits[token, call.sender]
        if no := unless(
            (to not in (self.address, ZERO_ADDRESS), reasons.BAD_ADDRESS),
            (amount > 0, reasons.NOTHING_OWED),
        ):
            return no
        if fault := self.ledger.fault(token, to, reasons.PAYMENT_FAILED):
            return Refused(frozenset([fault]))
        self.credits[token, call.sender] = 0
        self.ledger.move(token, self.address, to, amount)
        self._emit("Withdrawn", token=token, account=call.sender, to=to, amount=amount)
        return amount

    # ── Internal ──

    def _void(self, call: Call, of: bytes, state: TaskState) -> None:
        task, pot = state.terms(), state.pot
        state.stage = VOIDED
        fee_left = task.benchmark_fee % state.reveals if state.reveals else task.benchmark_fee
        pot_left = pot % state.reveals if state.reveals else pot
        refund = task.budget + fee_left
        self._emit("TaskVoided", task_id=of, refund=refund, pot_refund=pot_left)
        self._pay(call, task.token, task.provider, refund, pot_left)
