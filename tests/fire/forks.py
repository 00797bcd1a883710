"""Thousands of models, each in a process of its own that is forked from one that has loaded all.

A process serves lists of models with the parent's and the child's own code. Only the start differs
from `run_model`: it is a fork, which takes milliseconds, in place of a new interpreter.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offchain.enclave.models import child, processes, protobuf_size, runner, static
from offchain.enclave.models.pipe import RunSettings, run_seconds
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import ModelLimits, ModelSpec

ROOT = Path(__file__).parents[2]


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Case:
    """A model with its task and samples.

    Args:
        prepare: called in the new process before anything else; a function that can be pickled.
    """

    model: bytes
    samples: np.ndarray
    spec: ModelSpec
    limits: ModelLimits
    cpu_seconds: int = 60
    prepare: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run: predictions, the model's fault, or the cause of an abort."""

    plain: np.ndarray | None = None
    fault: ModelFault | None = None
    detail: str = ""
    abort: str = ""


def outcomes(cases: Iterable[Case], preload: str = "") -> list[Outcome]:
    """Return the outcome of each case; see `outcomes_and_growth`."""
    return outcomes_and_growth(cases, preload)[0]


def outcomes_and_growth(cases: Iterable[Case], preload: str = "") -> tuple[list[Outcome], int]:
    """Return the outcome of each case, from a process with the environment of a child.

    Args:
        preload: a library that the process loads before all others.

    Returns:
        the outcomes, and the bytes of memory that the process has more after them.
    """
    served = subprocess.run(
        [sys.executable, "-P", "-s", "-c", "from tests.fire.forks import serve; serve()"],
        input=pickle.dumps(list(cases)),
        env={"PYTHONPATH": str(ROOT), "PATH": os.defpath, "LD_PRELOAD": preload}
        | processes.ENVIRONMENT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return pickle.loads(served.stdout)  # noqa: S301 - our own bytes


def without_checks_of_texts() -> None:
    """Leave out the static checks of texts, so that the runtime reads them."""
    static.check_strings = protobuf_size._check_text = lambda *_: None


def outcome(case: Case) -> Outcome:
    """Fork, run a case in the new process and return its outcome."""
    (source, to_child), (from_child, sink) = os.pipe(), os.pipe()
    process = os.fork()
    if process == 0:
        os.close(to_child)
        os.close(from_child)
        _serve(source, sink, case.prepare)
    os.close(source)
    os.close(sink)
    to, back = os.fdopen(to_child, "wb"), os.fdopen(from_child, "rb")
    settings = RunSettings(
        os.getpid(),
        len(case.model),
        len(case.samples),
        len(case.samples),
        case.cpu_seconds + int(run_seconds(case.limits.operations)),
        case.spec,
        case.limits,
    )
    ended = None
    try:
        second = runner.SecondPass.whole(len(case.samples))
        talk = runner.Conversation(to, back, settings, shared=False)
        found = talk.predictions(case.model, case.samples, second, runner.RunLimits())
        return Outcome(plain=found.plain)
    except InvalidModel as refusal:
        return Outcome(fault=refusal.reason, detail=refusal.detail)
    except runner._ChildError as error:
        return Outcome(abort=str(error))
    except EOFError:
        ended = os.waitpid(process, 0)[1]
        code = os.waitstatus_to_exitcode(ended)
        return Outcome(abort=signal.Signals(-code).name if code < 0 else f"exit code {code}")
    finally:
        back.close()
        with suppress(BrokenPipeError):
            to.close()
        if ended is None:
            os.waitpid(process, 0)


def serve() -> None:
    """Answer one call of `outcomes_and_growth`."""
    cases = pickle.load(sys.stdin.buffer)  # noqa: S301 - as above
    outcome(cases[0])  # imports
    before = status_bytes("self", "VmRSS")
    results = [outcome(case) for case in cases]
    growth = status_bytes("self", "VmRSS") - before
    sys.stdout.buffer.write(pickle.dumps((results, growth)))


def status_bytes(process: object, name: str) -> int:
    """Return a figure of /proc/PROCESS/status in bytes, such as ``VmRSS`` or ``VmHWM``."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def _serve(source: int, sink: int, prepare: Callable[[], None]) -> None:
    """Be the child, with its pipes where `runner` puts them."""
    status = 1
    try:
        os.dup2(source, 0)
        os.dup2(sink, 1)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.closerange(3, 100)
        signal.alarm(60)  # the deadline of `run_model`
        prepare()
        child.main(*child.take_pipes())
        status = 0
    finally:
        os._exit(status)
