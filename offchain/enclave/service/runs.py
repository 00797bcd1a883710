"""Measurements in the background: one at a time, whether or not anybody waits for them."""

import logging
from collections.abc import Callable
from dataclasses import replace
from queue import SimpleQueue
from threading import Thread

from offchain.protocol.errors import InvalidRequest, RequestFault, RunAborted
from offchain.protocol.messages import Bundle, RunId, RunStage, RunStatus, problem_of
from offchain.protocol.results import Result

RunMeasurement = Callable[[Bundle, Callable[[Result], None]], None]

log = logging.getLogger(__name__)


class Runs:
    """The measurements of one boot.

    Its thread is a daemon: when the service stops, a run is given up with the keys that it is for.
    """

    def __init__(self, measure: RunMeasurement) -> None:
        """Args:
        measure: `Enclave.measure` with its tools.
        """
        self._measure = measure
        self._queue: SimpleQueue[tuple[RunId, Bundle]] = SimpleQueue()
        self._status: dict[RunId, RunStatus] = {}
        self._what: dict[RunId, tuple[object, ...]] = {}
        Thread(target=self._work, name="measure", daemon=True).start()

    def start(self, bundle: Bundle) -> RunStatus:
        """Queues a measurement, unless it is queued, under way or done; not from two threads.

        Raises:
            InvalidRequest: `MEASURED_OTHERWISE`: that one is on another transcript, inventory or
                report.
        """
        run = RunId(bundle.transcript.task_id, bundle.round)
        what, known = _measured_by(bundle), self._status.get(run)
        if known is not None and known.stage is not RunStage.FAILED:
            if self._what[run] == what:
                return known
            raise InvalidRequest(
                RequestFault.MEASURED_OTHERWISE, f"task 0x{run.task_id.hex()} in round {run.round}"
            )
        self._what[run] = what
        status = RunStatus(run, RunStage.WAITING, 0, len(bundle.transcript.reveals))
        self._status[run] = status
        self._queue.put((run, bundle))
        return status

    def status(self, run: RunId) -> RunStatus | None:
        """How far a measurement is; None when it was never asked for."""
        return self._status.get(run)

    @property
    def busy(self) -> bool:
        """Whether a measurement waits or is under way."""
        stages = [status.stage for status in list(self._status.values())]
        return RunStage.WAITING in stages or RunStage.MEASURING in stages

    def _work(self) -> None:
        while True:
            self._run(*self._queue.get())

    def _run(self, run: RunId, bundle: Bundle) -> None:
        def tell(_: Result) -> None:
            status = self._status[run]
            self._status[run] = replace(status, done=status.done + 1)

        self._note(run, stage=RunStage.MEASURING)
        try:
            self._measure(bundle, tell)
        except (InvalidRequest, RunAborted) as fault:
            self._note(run, stage=RunStage.FAILED, problem=problem_of(fault))
        except Exception as fault:
            log.exception("measurement failed")
            self._note(run, stage=RunStage.FAILED, problem=problem_of(fault))
        else:
            self._note(run, stage=RunStage.MEASURED, done=self._status[run].total)

    def _note(self, run: RunId, **changes: object) -> None:
        status = replace(self._status[run], **changes)  # type: ignore[arg-type]
        self._status[run] = status
        fields = {"task_id": "0x" + run.task_id.hex(), "round": run.round, "stage": status.stage}
        if status.problem is not None:
            fields |= {"kind": status.problem.kind, "detail": status.problem.detail}
        log.info("measurement", extra={"fields": fields})


def _measured_by(bundle: Bundle) -> tuple[object, ...]:
    posted = bundle.posted
    return bundle.transcript.seed, bundle.release.inventory, posted and posted.report
