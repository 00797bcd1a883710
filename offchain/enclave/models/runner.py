"""The parent's side of a run: an untrusted model runs in a fresh, sandboxed child process."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from math import prod
from pathlib import Path
from threading import Event, Lock, Timer
from typing import IO, Any, Final, cast

import numpy as np

import offchain
from offchain.enclave.models.pipe import (
    OutcomeStatus,
    RunOutcome,
    RunSettings,
    read_exactly,
    read_message,
    run_seconds,
    write_message,
)
from offchain.enclave.models.sandbox import Confinement
from offchain.protocol.errors import DETAIL_LENGTH, InvalidModel, ModelFault, RunAborted, RunStopped
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output

Array = np.ndarray[Any, Any]

CHILD: Final = ("-m", "offchain.enclave.models.child")

_SOURCE_ROOT: Final = Path(offchain.__file__).resolve().parents[1]
_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "PYTHONMALLOC": "malloc",  # so that the heap's reserve serves Python's objects too
}
_STDERR_BYTES: Final = 65_536
_SHUFFLING: Final = Lock()


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
class Predictions:
    """A model's predictions for each sample, in the form of its task's ``Output``.

    Args:
        plain: from the pass without the runtime's graph optimisations; these are scored.
        optimised: from the pass with them, and with the samples in the order of `shuffled`. A model
            whose two scores differ too much is unstable: it depends on rounding, or on the other
            samples of a batch.
        confinement: the sandbox of the child.
    """

    plain: Array
    optimised: Array
    confinement: Confinement


def run_model(
    model: bytes,
    samples: Array,
    spec: ModelSpec,
    limits: ModelLimits,
    run_limits: RunLimits,
    submission: int,
    child_program: tuple[str, ...] = CHILD,
) -> Predictions:
    """Check a model and run it on every sample, without and with optimisations.

    The child is spawned, not forked, since the parent may have threads. Its environment has only
    paths and thread counts. It is killed at its deadline, and in any case at the end.

    Args:
        model: content of an ONNX file; untrusted.
        samples: shape (n, *spec.input_shape), dtype `spec.sample_dtype`, n at least 1.
        spec: shapes and types of the task's models.
        limits: resource limits of the task's models.
        run_limits: time limits and sandbox of the child.
        submission: index for a `RunAborted`.
        child_program: arguments of the Python interpreter that runs the child.

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
    settings = RunSettings(os.getpid(), len(model), len(samples), cpu_seconds, spec, limits)
    try:
        child = _spawn(child_program)
    except OSError as error:
        raise RunAborted(submission, f"no child process: {error}") from error
    expired = Event()

    def expire() -> None:
        expired.set()
        child.kill()

    deadline = Timer(wall_seconds, expire)
    deadline.start()
    try:
        return _converse(child, settings, model, samples, run_limits.require_sandbox)
    except EOFError as error:
        child.wait()
        late = f"deadline of {wall_seconds:g} s passed"
        cause = late if expired.is_set() else f"{error}, {_end(child)}"
        raise RunStopped(submission, cause) from error
    except _ChildError as error:  # its text can quote a child that holds hidden samples
        raise RunStopped(submission, "the process of the model broke the protocol") from error
    except (_MachineError, MemoryError) as error:
        raise RunAborted(submission, str(error) or "out of memory") from error
    finally:
        deadline.cancel()
        child.kill()
        with suppress(BrokenPipeError):
            _stream(child.stdin).close()
        with child:  # closes the other pipes and waits
            pass


def shuffled(count: int) -> Array:
    """Return the rows of ``count`` samples by rising sha256 of their number (8 bytes, big-endian).

    The order separates neighbours in the test set, which may be of one class. It takes 40 bytes of
    memory per row, and 8 for the result, which is kept until another count is asked for: all
    submissions of a task share it.

    Returns:
        int64 of shape (count,), read-only.
    """
    with _SHUFFLING:
        return _shuffled(count)


@lru_cache(maxsize=1)
def _shuffled(count: int) -> Array:
    digests = (sha256(row.to_bytes(8, "big")).digest() for row in range(count))
    order = np.fromiter(digests, "S32", count).argsort().astype(np.int64, copy=False)
    order.setflags(write=False)
    return order


class _MachineError(Exception):
    """The machine cannot run any model as it must."""


class _ChildError(Exception):
    """The child broke the protocol of `offchain.enclave.models.pipe`."""


def _check_samples(samples: Array, spec: ModelSpec) -> None:
    if samples.shape[1:] != spec.input_shape or len(samples) < 1:
        raise ValueError(f"samples of shape {samples.shape}, expected (n, *{spec.input_shape})")
    if samples.dtype != spec.sample_dtype:
        raise ValueError(f"samples of {samples.dtype}, expected {spec.sample_dtype}")


def _spawn(program: tuple[str, ...]) -> subprocess.Popen[bytes]:
    paths = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-s", *program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=paths | _ENVIRONMENT | {"PYTHONPATH": str(_SOURCE_ROOT)},
        start_new_session=True,
    )


def _converse(
    child: subprocess.Popen[bytes],
    settings: RunSettings,
    model: bytes,
    samples: Array,
    require_sandbox: bool,
) -> Predictions:
    sink, source = _stream(child.stdin), _stream(child.stdout)
    try:
        with suppress(BrokenPipeError):  # if the child has ended, reading below raises its cause
            write_message(sink, asdict(settings))
        confinement = Confinement(**read_message(source))
        if require_sandbox and not confinement.complete:
            raise _MachineError(f"the sandbox is incomplete, expected all denied: {confinement}")
        order = shuffled(len(samples))
        with suppress(BrokenPipeError):
            sink.write(model)
            for sequence in (None, order):
                for start in range(0, len(samples), settings.limits.batch_rows):
                    part = slice(start, start + settings.limits.batch_rows)
                    batch = samples[part] if sequence is None else samples[sequence[part]]
                    sink.write(batch.astype(settings.spec.sample_dtype, copy=False).tobytes())
            sink.close()
        outcome = RunOutcome(**read_message(source))
        if not isinstance(outcome.detail, str):
            raise ValueError(f"detail {outcome.detail!r}, expected text")
        if outcome.status == OutcomeStatus.REFUSED:
            raise InvalidModel(ModelFault(outcome.reason), outcome.detail)
        if outcome.status != OutcomeStatus.OK:
            raise _ChildError(outcome.detail)
        spec, rows = settings.spec, settings.rows
        plain, reordered = (_read_predictions(source, spec, rows) for _ in range(2))
    except (KeyError, TypeError, ValueError) as error:
        raise _ChildError(f"malformed answer of the child: {error}") from error
    optimised = np.empty_like(reordered)
    optimised[order] = reordered
    return Predictions(plain, optimised, confinement)


def _read_predictions(source: IO[bytes], spec: ModelSpec, rows: int) -> Array:
    shape = (rows, *spec.columns)
    dtype = np.dtype("<i8" if spec.output is Output.LABELS else "<f8")
    return np.frombuffer(read_exactly(source, prod(shape) * dtype.itemsize), dtype).reshape(shape)


def _end(child: subprocess.Popen[bytes]) -> str:
    """Return the signal or the exit code that ended a child, with the end of its errors."""
    if child.returncode < 0:
        ended = signal.Signals(-child.returncode)
        memory = ", as when it is out of memory" if ended is signal.SIGABRT else ""
        return f"killed by {ended.name}{memory}"
    errors = _stream(child.stderr).read(_STDERR_BYTES).decode(errors="replace").strip()
    return f"exit code {child.returncode} {errors[-DETAIL_LENGTH:]}"


def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
    return cast(IO[bytes], pipe)
