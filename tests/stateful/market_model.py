"""The market as docs/SPEC.md and interfaces/IModelMarket.vyi specify it: oracle of random sales.

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
from tests import reasons
from tests.sale import (
    CLOSED,
    DAY,
    DISPUTED,
    FINAL,
    NONE,
    OPEN,
    REPORTED,
    SETTLED,
    VOIDED,
    Cosignature,
    Model,
    Posted,
    Report,
    RosterEntry,
    Signer,
    Submission,
    Task,
    payouts_of,
    roster_digest,
)
from tests.stateful.ledger import BURNED, ETHER, Books, Call, Ledger, Refused, unless
from tests.stateful.registry_model import RegistryModel
from tests.stateful.task_state import TaskState, acceptable, head_of_report, wrong_stage

Payouts = Sequence[int]
task_id = cache(Task.id)
report_digest = cache(Report.digest)


class MarketModel(Books):
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
        state = self.tasks[task_id(task, self.domain)]
        amount = task.budget + task.benchmark_fee
        if no := unless(
            (call.sender == task.provider, reasons.NOT_PROVIDER),
            (state.stage == NONE, reasons.TASK_EXISTS),
            (call.now < task.commit_deadline <= call.now + 30 * DAY, reasons.BAD_DEADLINE),
            (call.value == (amount if task.token == ETHER else 0), reasons.WRONG_VALUE),
        ):
            return no
        if task.token != ETHER:
            token = self.ledger.tokens[task.token]
            if fault := token.fault(self.address, reasons.BAD_TOKEN):
                return Refused(frozenset([fault]))
        self.ledger.move(task.token, task.provider, self.address, amount)
        state.task, state.stage = task, OPEN
        state.time_a, state.time_b = task.commit_deadline, task.reveal_deadline
        return task_id(task, self.domain)

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
        state.words.append(keccak(commitment))
        return len(state.words) - 1

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
        state.head = hashes.seed(state.head, prevrandao, parent)
        return state.head

    # ── Report and dispute ──

    def post_report(
        self,
        call: Call,
        task: Task,
        roster: Sequence[RosterEntry],
        report: Report,
        cosignatures: Sequence[Cosignature],
    ) -> Refused | bytes:
        of = task_id(task, self.domain)
        state = self.tasks[of]
        if state.stage != CLOSED:
            return wrong_stage()
        report = report._replace(task_id=of, round=0, seed=state.head)
        digest = report_digest(report, self.domain)
        no = unless(
            (call.now < task.report_deadline, reasons.TOO_LATE),
            (roster_digest(roster) == task.roster, reasons.WRONG_ROSTER),
            (len(cosignatures) == task.quorum, reasons.WRONG_QUORUM),
            (acceptable(task, report.awards, len(state.words)), reasons.BAD_AWARDS),
        )
        signers = self.registry.check_quorum(call.now, digest, task, roster, cosignatures)
        if isinstance(signers, Refused):
            return Refused(signers.reasons | (no.reasons if no else frozenset()))
        if no:
            return no
        state.stage = REPORTED
        state.time_a = call.now + task.dispute_window
        state.time_b = state.time_a + task.claim_window
        state.payouts = payouts_of(task, report.awards)
        state.head = Posted(task, report, self.domain, state.payouts, signers).head()
        return digest

    def dispute_report(self, call: Call, task: Task) -> Refused | None:
        state = self.tasks[task_id(task, self.domain)]
        if state.stage != REPORTED:
            return wrong_stage()
        bond = task.bond(self.seat_bond)
        if no := unless(
            (call.now < state.time_a, reasons.TOO_LATE), (call.value == bond, reasons.WRONG_VALUE)
        ):
            return no
        self.ledger.move(ETHER, call.sender, self.address, bond)
        state.bond, state.stage = bond, DISPUTED
        reported_at = state.time_a - task.dispute_window
        state.time_a, state.time_b = call.now + task.verdict_window, reported_at
        state.head = heads.after_dispute(state.head, call.sender)
        return None

    def resolve_dispute(
        self,
        call: Call,
        task: Task,
        roster: Sequence[RosterEntry],
        disputed: Report,
        signers: Sequence[Signer],
        challenger: str,
        verdict: Report,
        cosignatures: Sequence[Cosignature],
    ) -> Refused | bool:
        of = task_id(task, self.domain)
        state, digest = self.tasks[of], report_digest(verdict, self.domain)
        if state.stage != DISPUTED:
            return wrong_stage()
        stands = Posted(
            task, disputed, self.domain, payouts_of(task, disputed.awards), list(signers)
        )
        on_record = state.head == stands.disputed_head(challenger)
        no = unless(
            (call.now < state.time_a, reasons.TOO_LATE),
            (on_record, reasons.WRONG_SALE),
            (verdict.task_id == of, reasons.WRONG_TASK),
            (verdict.round == 1, reasons.WRONG_ROUND),
            (verdict.seed == disputed.seed, reasons.WRONG_SEED),
            (verdict.inventory == disputed.inventory, reasons.WRONG_INVENTORY),
            (roster_digest(roster) == task.roster, reasons.WRONG_ROSTER),
            (len(cosignatures) == 2 * task.quorum + 1, reasons.WRONG_QUORUM),
            (acceptable(task, verdict.awards, len(state.words)), reasons.BAD_AWARDS),
        )
        panel = self.registry.check_quorum(
            call.now, digest, task, roster, cosignatures, excluded=signers
        )
        if isinstance(panel, Refused):
            return Refused(panel.reasons | (no.reasons if no else frozenset()))
        if no:
            return no
        upheld = verdict.awards == disputed.awards
        if not upheld:
            stands = Posted(task, verdict, self.domain, payouts_of(task, verdict.awards), [])
            for signer in signers:
                fine = state.bond // task.quorum
                self.registry.slash(signer.operator, fine, challenger)
        for seat in panel:
            self._credit(ETHER, seat.operator, self.seat_bond)
        self._finish(call, state, stands)
        return upheld

    def expire_dispute(
        self,
        call: Call,
        task: Task,
        payouts: Payouts,
        digest: bytes,
        signers: Sequence[Signer],
        challenger: str,
    ) -> Refused | bool:
        state = self.tasks[task_id(task, self.domain)]
        if state.stage != DISPUTED:
            return wrong_stage()
        head = head_of_report(task, payouts, digest, signers)
        on_record = state.head == heads.after_dispute(head, challenger)
        if no := unless(
            (call.now >= state.time_a, reasons.TOO_EARLY), (on_record, reasons.WRONG_SALE)
        ):
            return no
        if self.registry.revoked_since(signers, task.measurement, state.time_b):
            self._credit(ETHER, challenger, state.bond)
            self._void(call, state)
            return True
        returned = state.bond // 2
        self._credit(ETHER, challenger, returned)
        self.ledger.move(ETHER, self.address, BURNED, state.bond - returned)
        state.head = head
        self._claims_open(call, state)
        return False

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
        self._pay(call, token, call.sender, price)
        return None

    def settle(
        self, call: Call, task: Task, payouts: Payouts, digest: bytes, signers: Sequence[Signer]
    ) -> Refused | None:
        state = self.tasks[task_id(task, self.domain)]
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
        self._pay(call, task.token, task.provider, task.budget - sold + fee_left)
        self._pay(call, ETHER, task.provider, pot - pot_share * len(signers))
        return None

    def void(self, call: Call, task: Task) -> Refused | None:
        state = self.tasks[task_id(task, self.domain)]
        if state.stage not in (OPEN, CLOSED):
            return wrong_stage()
        deadline = task.report_deadline if state.reveals else task.reveal_deadline
        if no := unless((call.now >= deadline, reasons.TOO_EARLY)):
            return no
        self._void(call, state)
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
        self._credit(task.token, developer, task.benchmark_fee // state.reveals)
        self._credit(ETHER, developer, state.pot // state.reveals)
        return None

    def withdraw(self, call: Call, token: str, to: str) -> Refused | int:
        amount = self.credits[token, call.sender]
        if no := unless(
            (to != self.address, reasons.BAD_ADDRESS), (amount > 0, reasons.NOTHING_OWED)
        ):
            return no
        if fault := self.ledger.fault(token, to, reasons.PAYMENT_FAILED):
            return Refused(frozenset([fault]))
        self.credits[token, call.sender] = 0
        self.ledger.move(token, self.address, to, amount)
        return amount

    # ── Internal ──

    def _void(self, call: Call, state: TaskState) -> None:
        task, pot = state.terms(), state.pot
        state.stage = VOIDED
        fee_left = task.benchmark_fee % state.reveals if state.reveals else task.benchmark_fee
        pot_left = pot % state.reveals if state.reveals else pot
        self._pay(call, task.token, task.provider, task.budget + fee_left)
        self._pay(call, ETHER, task.provider, pot_left)

    def _finish(self, call: Call, state: TaskState, stands: Posted) -> None:
        state.payouts, state.head = stands.payouts, stands.head()
        self._claims_open(call, state)

    def _claims_open(self, call: Call, state: TaskState) -> None:
        state.stage, state.bond = FINAL, 0
        state.time_a, state.time_b = call.now, call.now + state.terms().claim_window
