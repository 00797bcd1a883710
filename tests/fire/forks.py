"""Thousands of models, in processes that are forked from one that has loaded all.

A process serves lists of models with the parent's and the child's own code. Only the start differs
from `run_model`: it is a fork, which takes milliseconds, in place of a new interpreter. Where a
hundred thousand models are run, several of them share a fork, one after the other; should it end or
abort, each of them gets a fork of its own, and the outcome there counts.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from offchain.enclave.models import child, processes, protobuf_size, runner, static
from offchain.enclave.models.pipe import (
    OutcomeStatus,
    RunOutcome,
    RunSettings,
    read_message,
    run_seconds,
    write_message,
)
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


def outcomes(cases: Iterable[Case], preload: str = "", together: int = 1) -> list[Outcome]:
    """Return the outcome of each case; see `outcomes_and_growth`."""
    return outcomes_and_growth(cases, preload, together)[0]


def outcomes_and_growth(
    cases: Iterable[Case], preload: str = "", together: int = 1
) -> tuple[list[Outcome], int]:
    """Return the outcome of each case, from a process with the environment of a child.

    Args:
        preload: a library that the process loads before all others.
        together: number of cases that share a fork, and so the limits and ``prepare`` of the first.

    Returns:
        the outcomes, and the bytes of memory that the process has more after them.
    """
    idle = _idle[preload]
    server = idle.pop() if idle else _started(preload)
    pickle.dump((list(cases), together), server.stdin)
    server.stdin.flush()
    results, growth = pickle.load(server.stdout)  # noqa: S301 - our own bytes
    idle.append(server)
    return results, growth


_idle: defaultdict[str, list[subprocess.Popen]] = defaultdict(list)
"""Processes that have loaded all and wait for cases, by preloaded library; they end with us."""


def _started(preload: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-P", "-s", "-c", "from tests.fire.forks import serve; serve()"],
        env={"PYTHONPATH": str(ROOT), "PATH": os.defpath, "LD_PRELOAD": preload}
        | processes.ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


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
    """Answer calls of `outcomes_and_growth` until the caller ends."""
    first = True
    with suppress(EOFError):
        while True:
            cases, together = pickle.load(sys.stdin.buffer)  # noqa: S301 - as above
            if first:
                outcome(cases[0])  # imports
                first = False
            before = status_bytes("self", "VmRSS")
            results = _results(cases, together)
            growth = status_bytes("self", "VmRSS") - before
            pickle.dump((results, growth), sys.stdout.buffer)
            sys.stdout.buffer.flush()


def _results(cases: list[Case], together: int) -> list[Outcome]:
    results = []
    for start in range(0, len(cases), together):
        part = cases[start : start + together]
        found = _outcomes_of_one_fork(part) if together > 1 else []
        missing = [Outcome(abort="ended")] * (len(part) - len(found))
        results += [
            outcome(case) if known.abort else known
            for case, known in zip(part, found + missing, strict=True)
        ]
    return results


def status_bytes(process: object, name: str) -> int:
    """Return a figure of /proc/PROCESS/status in bytes, such as ``VmRSS`` or ``VmHWM``."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def _outcomes_of_one_fork(cases: list[Case]) -> list[Outcome]:
    """Run cases one after the other in a new process; return the outcomes until it ended."""
    from_child, sink = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(from_child)
        _serve_all(sink, cases)
    os.close(sink)
    found: list[Outcome] = []
    with os.fdopen(from_child, "rb") as answers, suppress(EOFError):
        for case in cases:
            answer = RunOutcome(**read_message(answers))
            if answer.status == OutcomeStatus.OK:
                rows = len(case.samples)
                settings = RunSettings(0, 0, rows, rows, 0, case.spec, case.limits)
                talk = runner.Conversation(answers, answers, settings, shared=False)
                found.append(Outcome(plain=talk._read_predictions(rows)))
            elif answer.status == OutcomeStatus.REFUSED:
                found.append(Outcome(fault=ModelFault(answer.reason), detail=answer.detail))
            else:
                found.append(Outcome(abort=answer.detail))
    os.waitpid(process, 0)
    return found


def _serve_all(sink: int, cases: list[Case]) -> None:
    """Be a child that is confined once and then runs all cases."""
    try:
        limits, answers = cases[0].limits, os.fdopen(sink, "wb")
        null = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(null, standard)
        seconds = cases[0].cpu_seconds + int(run_seconds(limits.operations))
        signal.alarm(60 * len(cases))
        cases[0].prepare()
        child.limit_resources(child.mapped_bytes() + limits.memory_bytes, seconds * len(cases))
        most = limits.memory_bytes + child.ADDRESS_MARGIN_BYTES - child.UNRESERVED_BYTES
        reserve = child.reserve_memory(most)
        child.confine()
        for case in cases:
            rows = len(case.samples)
            settings = RunSettings(0, len(case.model), rows, rows, seconds, case.spec, case.limits)
            samples = case.samples.astype(case.spec.sample_dtype, copy=False).tobytes()
            passes = []
            try:
                source = BytesIO(case.model + samples * 2)
                stream = child._Samples(source, case.spec, None)
                passes = next(child._stages(source, settings, stream))
                answer = RunOutcome(OutcomeStatus.OK)
            except InvalidModel as refusal:
                answer = child._refuse(refusal, reserve)
            except Exception as error:
                answer = child._abort(error)
            write_message(answers, asdict(answer))
            answers.write(passes[0].tobytes() if passes else b"")
        answers.flush()
    finally:
        os._exit(0)


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
