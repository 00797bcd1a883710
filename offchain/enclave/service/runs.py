"""Measurements in the background: one at a time, independent of the requests that start them."""

import logging
from collections.abc import Callable
from dataclasses import replace
from queue import SimpleQueue
from threading import Thread

from offchain.protocol.errors import InvalidRequest, RequestFault, RunAborted
from offchain.protocol.messages import Bundle, RunId, RunStage, RunStatus, problem_of
from offchain.protocol.reports import Report
from offchain.protocol.results import Result

_Inputs = tuple[bytes, tuple[int, ...], Report | None]
RunMeasurement = Callable[[Bundle, Callable[[Result], None]], None]

log = logging.getLogger(__name__)


class Runs:
    """The measurements of one boot.

    The thread is a daemon: when the service stops, the keys are lost, so a run is abandoned too.
    """

    def __init__(self, measure: RunMeasurement) -> None:
        """Start the thread.

        Args:
            measure: `Enclave.measure` with its tools.
        """
        self._measure = measure
        self._queue: SimpleQueue[tuple[RunId, Bundle]] = SimpleQueue()
        self._status: dict[RunId, RunStatus] = {}
        self._inputs: dict[RunId, _Inputs] = {}
        self._before: dict[RunId, tuple[RunStatus, _Inputs]] = {}
        Thread(target=self._work, name="measure", daemon=True).start()

    def start(self, bundle: Bundle) -> RunStatus:
        """Queue a measurement unless it is waiting, running or done; call from one thread only.

        Raises:
            InvalidRequest: `MEASURED_OTHERWISE`: the known measurement is on another transcript,
                inventory or report.
        """
        run = RunId(bundle.transcript.task_id, bundle.round)
        inputs, known = _inputs_of(bundle), self._status.get(run)
        if known is not None and known.stage is not RunStage.FAILED:
            if self._inputs[run] == inputs:
                return known
            if known.stage is not RunStage.MEASURED or not _smaller(inputs, self._inputs[run]):
                raise InvalidRequest(
                    RequestFault.MEASURED_OTHERWISE,
                    f"task 0x{run.task_id.hex()} in round {run.round}",
                )
            self._before[run] = known, self._inputs[run]
        self._inputs[run] = inputs
        status = RunStatus(run, RunStage.WAITING, 0, len(bundle.transcript.reveals))
        self._status[run] = status
        self._queue.put((run, bundle))
        return status

    def status(self, run: RunId) -> RunStatus | None:
        """Return the progress of a measurement; None if it was never requested."""
        return self._status.get(run)

    @property
    def busy(self) -> bool:
        """True while a measurement is waiting or running."""
        stages = [status.stage for status in list(self._status.values())]
        return RunStage.WAITING in stages or RunStage.MEASURING in stages

    def _work(self) -> None:
        while True:
            self._run(*self._queue.get())

    def _run(self, run: RunId, bundle: Bundle) -> None:
        def count(_: Result) -> None:
            status = self._status[run]
            self._status[run] = replace(status, done=status.done + 1)

        self._update(run, stage=RunStage.MEASURING)
        try:
            self._measure(bundle, count)
        except (InvalidRequest, RunAborted) as fault:
            self._update(run, stage=RunStage.FAILED, problem=problem_of(fault))
            if isinstance(fault, InvalidRequest) and run in self._before:
                self._status[run], self._inputs[run] = self._before.pop(run)
        except Exception as fault:
            log.exception("measurement failed")
            self._update(run, stage=RunStage.FAILED, problem=problem_of(fault))
        else:
            self._update(run, stage=RunStage.MEASURED, done=self._status[run].total)

    def _update(self, run: RunId, **changes: object) -> None:
        status = replace(self._status[run], **changes)  # type: ignore[arg-type]
        self._status[run] = status
        fields = {"task_id": "0x" + run.task_id.hex(), "round": run.round, "stage": status.stage}
        if status.problem is not None:
            fields |= {"kind": status.problem.kind, "detail": status.problem.detail}
        log.info("measurement", extra={"fields": fields})


def _inputs_of(bundle: Bundle) -> _Inputs:
    posted = bundle.posted
    report = None if posted is None else posted.report
    return bundle.transcript.seed, bundle.release.inventory, report


def _smaller(new: _Inputs, known: _Inputs) -> bool:
    """Return True if only the inventory differs, and leaves submissions out."""
    return new[::2] == known[::2] and set(new[1]) < set(known[1])
