"""The market as docs/SPEC.md and interfaces/IModelMarket.vyi specify it: reports and disputes."""

from collections.abc import Sequence

from offchain.chain import heads
from tests import reasons
from tests.inprocess import NO_REASON
from tests.sale import (
    CLOSED,
    DISPUTED,
    FINAL,
    REPORTED,
    Cosignature,
    Posted,
    Report,
    RosterEntry,
    Signer,
    Task,
    payouts_of,
    roster_digest,
)
from tests.stateful.ledger import BURNED, ETHER, Call, Refused, unless
from tests.stateful.sale_model import Payouts, SaleModel, report_digest, task_id
from tests.stateful.task_state import TaskState, acceptable, head_of_report, wrong_stage
from tests.stateful.terms_model import is_roster

MAX_SIGNERS, MAX_SEATS = 3, 7
UNREADABLE = Refused(frozenset([NO_REASON]))
"""A list is longer than its type allows, which is noticed before anything else."""


class MarketModel(SaleModel):
    """A market, all of it."""

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
        if len(cosignatures) > MAX_SIGNERS:
            return UNREADABLE
        if state.stage != CLOSED:
            return wrong_stage()
        report = report._replace(task_id=of, round=0, seed=state.head)
        digest = report_digest(report, self.domain)
        no = unless(
            (call.now < task.report_deadline, reasons.TOO_LATE),
            (roster_digest(roster) == task.roster, reasons.WRONG_ROSTER),
            (is_roster(roster, task.quorum), reasons.BAD_ROSTER),
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
        self._emit(
            "ReportPosted",
            task_id=of,
            inventory=report.inventory,
            results=report.results,
            choices=report.choices,
            payouts=state.payouts,
            signers=[(*by, *to[:2]) for by, to in zip(signers, cosignatures, strict=True)],
        )
        return digest

    def dispute_report(self, call: Call, task: Task) -> Refused | None:
        of = task_id(task, self.domain)
        state = self.tasks[of]
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
        asked = {"bond": bond, "verdict_deadline": state.time_a}
        self._emit("ReportDisputed", task_id=of, challenger=call.sender, **asked)
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
        if len(cosignatures) > MAX_SEATS:
            return UNREADABLE
        if state.stage != DISPUTED:
            return wrong_stage()
        stands = Posted(
            task, disputed, self.domain, payouts_of(task, disputed.awards), list(signers)
        )
        on_record = state.head == stands.disputed_head(challenger)
        no = unless(
            (call.now < state.time_a, reasons.TOO_LATE),
            (on_record, reasons.WRONG_SALE),
            (acceptable(task, disputed.awards, len(state.words)), reasons.BAD_AWARDS),
            (verdict.task_id == of, reasons.WRONG_TASK),
            (verdict.round == 1, reasons.WRONG_ROUND),
            (verdict.seed == disputed.seed, reasons.WRONG_SEED),
            (verdict.inventory == disputed.inventory, reasons.WRONG_INVENTORY),
            (roster_digest(roster) == task.roster, reasons.WRONG_ROSTER),
            (is_roster(roster, task.quorum), reasons.BAD_ROSTER),
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
            by_market = Call(call.now, self.address)
            for signer in signers:
                fine = state.bond // task.quorum
                self.registry.slash(by_market, signer.operator, fine, challenger)
        for seat in panel:
            self._credit(ETHER, seat.operator, self.seat_bond)
        self._finish(call, state, stands)
        self._emit(
            "DisputeResolved",
            task_id=of,
            upheld=upheld,
            results=verdict.results,
            choices=verdict.choices,
            payouts=state.payouts,
            panel=panel,
        )
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
        of = task_id(task, self.domain)
        state = self.tasks[of]
        if state.stage != DISPUTED:
            return wrong_stage()
        head = head_of_report(task, payouts, digest, signers)
        on_record = state.head == heads.after_dispute(head, challenger)
        if no := unless(
            (call.now >= state.time_a, reasons.TOO_EARLY), (on_record, reasons.WRONG_SALE)
        ):
            return no
        voided = self.registry.revoked_since(signers, task.measurement, state.time_b)
        self._emit("DisputeExpired", task_id=of, voided=voided)
        if voided:
            self._credit(ETHER, challenger, state.bond)
            self._void(call, of, state)
            return True
        returned = state.bond // 2
        self._credit(ETHER, challenger, returned)
        self.ledger.move(ETHER, self.address, BURNED, state.bond - returned)
        state.head = head
        self._claims_open(call, state)
        return False

    # ── Internal ──

    def _finish(self, call: Call, state: TaskState, stands: Posted) -> None:
        state.payouts, state.head = stands.payouts, stands.head()
        self._claims_open(call, state)

    def _claims_open(self, call: Call, state: TaskState) -> None:
        state.stage, state.bond = FINAL, 0
        state.time_a, state.time_b = call.now, call.now + state.terms().claim_window
