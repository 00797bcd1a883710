"""The parent's side of a run: an untrusted model runs in a fresh, sandboxed child process."""

import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from math import prod
from threading import Event, Timer
from typing import IO, Any, Final

import numpy as np

from offchain.enclave.models.pipe import (
    OutcomeStatus,
    RunOutcome,
    RunSettings,
    read_exactly,
    read_message,
    run_seconds,
    write_message,
)
from offchain.enclave.models.processes import (
    CHILD,
    Process,
    Program,
    SharedInputs,
    Zygote,
    ZygoteEnded,
    spawn,
)
from offchain.enclave.models.sandbox import Confinement
from offchain.protocol.errors import DETAIL_LENGTH, InvalidModel, ModelFault, RunAborted, RunStopped
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.passes import order

Array = np.ndarray[Any, Any]

ATTEMPTS: Final = 3
"""Number of zygotes after which a run that lost each of them is aborted."""

_STDERR_BYTES: Final = 65_536
_ZYGOTE: Final = Zygote()
_SHARED: Final = SharedInputs()

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunLimits:
    """Limits behind the static checks. Exceeding one aborts the run; it never becomes a result.

    Args:
        wall_seconds: time after which the child is killed, beside twice the CPU time of its work.
        cpu_seconds: CPU time of the child beside `run_seconds` of its work.
        require_sandbox: fail closed unless Landlock, seccomp or both deny files and network to the
            child. False is for enclaves whose runtime confines them itself (Gramine).
    """

    wall_seconds: float = 600.0
    cpu_seconds: int = 300
    require_sandbox: bool = True


@dataclass(frozen=True)
class SecondPass:
    """The order of the second pass, and when a part of it suffices.

    Args:
        order: every row once, int64.
        part: number of its first rows that always run, at least 1.
        agrees: returns True if the other rows need not run, from all predictions of the first pass
            and those of the part in the second.
    """

    order: Array
    part: int
    agrees: Callable[[Array, Array], bool]

    @classmethod
    def whole(cls, rows: int) -> "SecondPass":
        """Return a second pass over all rows, for runs that belong to no task."""
        return cls(order(bytes(32), 2, rows), rows, lambda *_: False)


@dataclass(frozen=True)
class Predictions:
    """A model's predictions for each sample, in the form of its task's ``Output``.

    Args:
        optimised: from the first pass, with the runtime's graph optimisations; these are scored.
        plain: from the second pass, without them and in another order; None if a part of it agreed
            and the rest did not run. A model whose two scores differ too much is unstable: it
            depends on rounding, or on the other samples of a batch.
        confinement: the sandbox of the child.
    """

    optimised: Array
    plain: Array | None
    confinement: Confinement


def run_model(
    model: bytes,
    samples: Array,
    spec: ModelSpec,
    limits: ModelLimits,
    run_limits: RunLimits,
    submission: int,
    second: SecondPass | None = None,
    child_program: Program | None = None,
    zygote: Zygote = _ZYGOTE,
) -> Predictions:
    """Check a model and run it on every sample, with and without optimisations.

    The child is forked by a zygote and never by this process, which has secrets and may have
    threads. It is killed at its deadline, and in any case at the end. If the zygote ends, the run
    is repeated.

    Args:
        model: content of an ONNX file; untrusted.
        samples: shape (n, *spec.input_shape), dtype `spec.sample_dtype`, n at least 1.
        spec: shapes and types of the task's models.
        limits: resource limits of the task's models.
        run_limits: time limits and sandbox of the child.
        submission: index for a `RunAborted`.
        second: the second pass; None for one over all rows.
        child_program: arguments of a Python interpreter that runs the child without a zygote, and
            gets the samples by its pipe; None for that only where the runtime lacks shared memory.
        zygote: forks the child.

    Raises:
        InvalidModel: the model breaks a rule.
        RunAborted: the environment failed; `RunStopped` if it ended the child, or the child broke
            the protocol.
        ValueError: the samples have another shape or dtype.
    """
    _check_samples(samples, spec)
    limits.check_size(len(model))
    work_seconds = run_seconds(limits.operations)
    cpu_seconds = run_limits.cpu_seconds + int(work_seconds)
    wall_seconds = run_limits.wall_seconds + 2 * work_seconds
    run = _Run(model, samples, second or SecondPass.whole(len(samples)), run_limits, wall_seconds)
    settings = RunSettings(0, len(model), len(samples), run.second.part, cpu_seconds, spec, limits)
    failure = ""
    for _ in range(ATTEMPTS):
        try:
            inputs = None if child_program else _SHARED.descriptor(samples, spec.sample_dtype)
            child = spawn(child_program or CHILD) if inputs is None else zygote.fork(inputs)
            return run.of(child, replace(settings, parent=child.parent), inputs is not None)
        except OSError as error:
            raise RunAborted(submission, f"no child process: {error}") from error
        except _ChildEnded as error:
            raise RunStopped(submission, str(error)) from error
        except _ChildError as error:  # its text can quote a child that holds hidden samples
            raise RunStopped(submission, "the process of the model broke the protocol") from error
        except (_MachineError, MemoryError) as error:
            raise RunAborted(submission, str(error) or "out of memory") from error
        except ZygoteEnded as error:
            failure = str(error)
            log.warning("the zygote ended: %s", failure)
    raise RunAborted(submission, f"{ATTEMPTS} zygotes ended: {failure}")


@dataclass(frozen=True)
class _Run:
    """A run with one child after another."""

    model: bytes
    samples: Array
    second: SecondPass
    limits: RunLimits
    wall_seconds: float

    def of(self, child: Process, settings: RunSettings, shared: bool) -> Predictions:
        """Run the model in a child."""
        expired = Event()

        def expire() -> None:
            expired.set()
            child.kill()

        deadline = Timer(self.wall_seconds, expire)
        deadline.start()
        try:
            talk = Conversation(child.sink, child.source, settings, shared)
            return talk.predictions(self.model, self.samples, self.second, self.limits)
        except EOFError as error:
            code = child.wait()
            late = f"deadline of {self.wall_seconds:g} s passed"
            cause = late if expired.is_set() else f"{error}, {_end(code, child.errors)}"
            raise _ChildEnded(cause) from error
        finally:
            deadline.cancel()
            child.close()


class _MachineError(Exception):
    """The machine cannot run any model as it must."""


class _ChildEnded(Exception):
    """The child was ended."""


class _ChildError(Exception):
    """The child broke the protocol of `offchain.enclave.models.pipe`."""


def _check_samples(samples: Array, spec: ModelSpec) -> None:
    if samples.shape[1:] != spec.input_shape or len(samples) < 1:
        raise ValueError(f"samples of shape {samples.shape}, expected (n, *{spec.input_shape})")
    if samples.dtype != spec.sample_dtype:
        raise ValueError(f"samples of {samples.dtype}, expected {spec.sample_dtype}")


@dataclass(frozen=True)
class Conversation:
    """The parent's part of the protocol of `offchain.enclave.models.pipe`.

    Args:
        shared: True if the child has all samples in shared memory.
    """

    sink: IO[bytes]
    source: IO[bytes]
    settings: RunSettings
    shared: bool

    def predictions(
        self, model: bytes, samples: Array, second: SecondPass, limits: RunLimits
    ) -> Predictions:
        """Return the predictions of both passes.

        Raises:
            EOFError: the child has ended.
            InvalidModel: the model breaks a rule.
        """
        rows, part = self.settings.rows, second.order[: second.part]
        try:
            with suppress(BrokenPipeError):  # if the child has ended, reading raises its cause
                write_message(self.sink, asdict(self.settings))
            confinement = _confinement(read_message(self.source))
            if limits.require_sandbox and not confinement.complete:
                raise _MachineError(
                    f"the sandbox is incomplete, expected all denied: {confinement}"
                )
            with suppress(BrokenPipeError):
                self.sink.write(model)
                if not self.shared:
                    self._send(samples, np.arange(rows))
                self._send(samples, part)
                self.sink.flush()
            self._expect_ok()
            optimised, plain = (self._read_predictions(count) for count in (rows, len(part)))
            if len(part) < rows and not second.agrees(optimised, plain):
                with suppress(BrokenPipeError):
                    self.sink.write(b"+")
                    self._send(samples, second.order[second.part :])
                    self.sink.flush()
                self._expect_ok()
                plain = np.concatenate((plain, self._read_predictions(rows - len(part))))
        except (KeyError, TypeError, ValueError) as error:
            raise _ChildError(f"malformed answer of the child: {error}") from error
        if len(plain) < rows:
            return Predictions(optimised, None, confinement)
        by_row = np.empty_like(plain)
        by_row[second.order] = plain
        return Predictions(optimised, by_row, confinement)

    def _send(self, samples: Array, order: Array) -> None:
        """Send the samples at these rows, or their numbers."""
        step, dtype = self.settings.limits.batch_rows, self.settings.spec.sample_dtype
        for start in range(0, len(order), step):
            rows = order[start : start + step]
            content = rows.astype("<i8") if self.shared else samples[rows].astype(dtype, copy=False)
            self.sink.write(content.tobytes())

    def _expect_ok(self) -> None:
        outcome = RunOutcome(**read_message(self.source))
        str.encode(outcome.detail)  # a results file holds it: text, without half a surrogate pair
        if outcome.status == OutcomeStatus.REFUSED:
            raise InvalidModel(ModelFault(outcome.reason), outcome.detail)
        if outcome.status != OutcomeStatus.OK:
            raise _ChildError(outcome.detail)

    def _read_predictions(self, rows: int) -> Array:
        spec = self.settings.spec
        shape = (rows, *spec.columns)
        dtype = np.dtype("<i8" if spec.output is Output.LABELS else "<f8")
        content = read_exactly(self.source, prod(shape) * dtype.itemsize)
        return np.frombuffer(content, dtype).reshape(shape)


def _confinement(message: dict[str, Any]) -> Confinement:
    found = Confinement(**message | {"missing": tuple(message["missing"])})
    if found.missing:
        _tell_missing(found.missing)
    return found


@cache
def _tell_missing(calls: tuple[str, ...]) -> None:
    log.warning("the runtime lacks %s: what they limit is not limited", ", ".join(calls))


def _end(code: int, errors: IO[bytes]) -> str:
    """Return the signal or the exit code that ended a child, with the end of its errors."""
    if code < 0:
        ended = signal.Signals(-code)
        memory = ", as when it is out of memory" if ended is signal.SIGABRT else ""
        return f"killed by {ended.name}{memory}"
    text = errors.read(_STDERR_BYTES).decode(errors="replace").strip()
    return f"exit code {code} {text[-DETAIL_LENGTH:]}"
