"""Runs a stranger's model in a fresh child process and takes nothing from it but numbers."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from math import prod
from pathlib import Path
from threading import Event, Timer
from typing import IO, Any, Final, cast

import numpy as np

import offchain
from offchain.enclave.models.pipe import (
    OutcomeStatus,
    RunOutcome,
    RunSettings,
    read_exactly,
    read_message,
    write_message,
)
from offchain.enclave.models.sandbox import Confinement
from offchain.protocol.errors import DETAIL_LENGTH, InvalidModel, ModelFault, RunAborted
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output

Array = np.ndarray[Any, Any]

CHILD: Final = ("-m", "offchain.enclave.models.child")

_SOURCE_ROOT: Final = Path(offchain.__file__).resolve().parents[1]
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
_LAST_WORDS_BYTES: Final = 65_536


@dataclass(frozen=True)
class RunLimits:
    """The backstop behind the static checks: hitting one aborts the run, it never makes a result.

    Args:
        wall_seconds: after which the child is killed.
        cpu_seconds: CPU time of the child, start-up not included.
        require_sandbox: run only where Landlock and seccomp, or either, keep the child from files
            and network. False is for enclaves whose runtime confines them itself (Gramine).
    """

    wall_seconds: float = 900.0
    cpu_seconds: int = 600
    require_sandbox: bool = True


@dataclass(frozen=True)
class Predictions:
    """What a model says of each sample, in the form of its task's ``Output``.

    Args:
        plain: with the runtime's graph optimisations off: what is scored.
        optimised: with them on, and the samples in the order of `shuffled`: a model whose scores
            differ too much is unstable, be it by rounding or since it looks at neighbours.
        confinement: what held the child.
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
    """Checks a model and runs it on every sample, without and with optimisations.

    The child is spawned, not forked, since the parent may have threads; its environment holds
    paths and thread counts only. It is killed at its deadline, and in any case at the end.

    Args:
        model: content of an ONNX file.
        samples: shape (n, *spec.input_shape), dtype `spec.input_dtype`, n at least 1.
        submission: index that an abort names.
        child_program: arguments of the Python that plays the child's part.

    Raises:
        InvalidModel: what the model gets wrong by itself.
        RunAborted: what the environment gets wrong.
        ValueError: samples of another shape or dtype.
    """
    _check_samples(samples, spec)
    limits.check_size(len(model))
    settings = RunSettings(
        os.getpid(), len(model), len(samples), run_limits.cpu_seconds, spec, limits
    )
    try:
        child = _spawn(child_program)
    except OSError as error:
        raise RunAborted(submission, f"no child process: {error}") from error
    expired = Event()

    def expire() -> None:
        expired.set()
        child.kill()

    deadline = Timer(run_limits.wall_seconds, expire)
    deadline.start()
    try:
        return _converse(child, settings, model, samples, run_limits.require_sandbox)
    except EOFError as error:
        child.wait()
        late = f"deadline of {run_limits.wall_seconds} s passed"
        cause = late if expired.is_set() else f"{error}, {_end(child)}"
        raise RunAborted(submission, cause) from error
    except _ChildError as error:
        raise RunAborted(submission, str(error)) from error
    finally:
        deadline.cancel()
        child.kill()
        with suppress(BrokenPipeError):
            _stream(child.stdin).close()
        with child:  # closes the other pipes and waits
            pass


def shuffled(count: int) -> Array:
    """The rows of ``count`` samples by rising sha256 of their number (8 bytes, big-endian).

    Neighbours in the test set, which may be of one class, are none in this order.

    Returns:
        int64 of shape (count,).
    """
    return np.array(sorted(range(count), key=lambda row: sha256(row.to_bytes(8, "big")).digest()))


class _ChildError(Exception):
    """The child did not do what the protocol says."""


def _check_samples(samples: Array, spec: ModelSpec) -> None:
    if samples.shape[1:] != spec.input_shape or len(samples) < 1:
        raise ValueError(f"samples of shape {samples.shape}, expected (n, *{spec.input_shape})")
    if samples.dtype != np.dtype(spec.input_dtype):
        raise ValueError(f"samples of {samples.dtype}, expected {spec.input_dtype}")


def _spawn(program: tuple[str, ...]) -> subprocess.Popen[bytes]:
    paths = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", "-s", *program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=paths | _ONE_THREAD | {"PYTHONPATH": str(_SOURCE_ROOT)},
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
        with suppress(BrokenPipeError):  # why a child ended early is read below
            write_message(sink, asdict(settings))
        confinement = Confinement(**read_message(source))
        if require_sandbox and not confinement.complete:
            raise _ChildError(f"the sandbox does not hold: {confinement}")
        order = shuffled(len(samples))
        with suppress(BrokenPipeError):
            sink.write(model)
            for sequence in (np.arange(len(samples)), order):
                for start in range(0, len(samples), settings.limits.batch_rows):
                    batch = samples[sequence[start : start + settings.limits.batch_rows]]
                    sink.write(batch.astype(batch.dtype.newbyteorder("<"), copy=False).tobytes())
            sink.close()
        verdict = RunOutcome(**read_message(source))
        if not isinstance(verdict.detail, str):
            raise ValueError(f"detail {verdict.detail!r}, expected text")
        if verdict.status == OutcomeStatus.REFUSED:
            raise InvalidModel(ModelFault(verdict.reason), verdict.detail)
        if verdict.status != OutcomeStatus.OK:
            raise _ChildError(verdict.detail)
        spec, rows = settings.spec, settings.rows
        plain, again = (_read_predictions(source, spec, rows) for _ in range(2))
    except (KeyError, TypeError, ValueError) as error:
        raise _ChildError(f"no proper answer ({error})") from error
    optimised = np.empty_like(again)
    optimised[order] = again
    return Predictions(plain, optimised, confinement)


def _read_predictions(source: IO[bytes], spec: ModelSpec, rows: int) -> Array:
    shape = (rows, spec.classes) if spec.output is Output.PROBABILITIES else (rows,)
    dtype = np.dtype("<i8" if spec.output is Output.LABELS else "<f8")
    return np.frombuffer(read_exactly(source, prod(shape) * dtype.itemsize), dtype).reshape(shape)


def _end(child: subprocess.Popen[bytes]) -> str:
    """Returns how a child ended, as far as it tells."""
    if child.returncode < 0:
        return f"killed by {signal.Signals(-child.returncode).name}"
    last_words = _stream(child.stderr).read(_LAST_WORDS_BYTES).decode(errors="replace").strip()
    return f"exit code {child.returncode} {last_words[-DETAIL_LENGTH:]}"


def _stream(pipe: IO[bytes] | None) -> IO[bytes]:
    return cast(IO[bytes], pipe)
