"""Misbehaving child processes, each a ``child_program`` of `run_model`."""

import ctypes
import os
import resource
import sys
import time
from contextlib import suppress
from dataclasses import asdict

from offchain.enclave.models import child, sandbox
from offchain.enclave.models.pipe import (
    MESSAGE_BYTES,
    OutcomeStatus,
    RunOutcome,
    read_exactly,
    read_message,
    take_pipes,
    write_message,
)
from offchain.protocol.errors import InvalidModel, ModelFault

HELD = asdict(sandbox.Confinement(7, True, True, True))


def unconfined() -> None:
    """Run honestly on a kernel without Landlock and seccomp."""
    child.confine = lambda: sandbox.Confinement(0, False, False, False)
    child.main(*take_pipes())


def networked() -> None:
    """Run honestly on a kernel with Landlock alone."""
    child.confine = lambda: sandbox.Confinement(7, False, True, False)
    child.main(*take_pipes())


def silent() -> None:
    """Never answer."""
    time.sleep(600)


def dead() -> None:
    """End before the start."""
    sys.exit("cannot import a thing")


def killed() -> None:
    """Die of SIGKILL after reading the model, as when a machine runs out of memory."""
    _receive()
    os.kill(os.getpid(), 9)


def crashed() -> None:
    """Abort after reading the model."""
    _receive()
    os.abort()


def garbage() -> None:
    """Answer with bytes that are not a message."""
    _receive()
    sys.stdout.buffer.write(b"\xff" * 1000)


def short() -> None:
    """End in the middle of the predictions."""
    _receive()
    write_message(sys.stdout.buffer, asdict(RunOutcome(OutcomeStatus.OK)))
    sys.stdout.buffer.write(bytes(100))


def endless() -> None:
    """Answer without end."""
    _receive()
    write_message(sys.stdout.buffer, asdict(RunOutcome(OutcomeStatus.OK)))
    while True:
        sys.stdout.buffer.write(bytes(2**20))


def unreasonable() -> None:
    """Refuse with an unknown reason."""
    _receive()
    write_message(sys.stdout.buffer, asdict(RunOutcome(OutcomeStatus.REFUSED, "dislike", "")))


def deaf() -> None:
    """Refuse before reading the samples."""
    settings = read_message(sys.stdin.buffer)
    write_message(sys.stdout.buffer, HELD)
    read_exactly(sys.stdin.buffer, settings["model_bytes"])
    write_message(
        sys.stdout.buffer, asdict(RunOutcome(OutcomeStatus.REFUSED, "unsupported-op", "at once"))
    )


def noisy() -> None:
    """Run honestly with a runtime that writes more errors than a pipe can hold."""
    confine = child.confine

    def confine_and_complain() -> sandbox.Confinement:
        for _ in range(100):
            with suppress(BlockingIOError):
                os.write(2, b"error " * 1000)
        return confine()

    child.confine = confine_and_complain
    child.main(*take_pipes())


def printing() -> None:
    """Run honestly with libraries that print more than a pipe can hold, as onnxruntime's did."""
    check_model = child.check_model

    def print_and_check(*arguments: object) -> object:
        for _ in range(100):
            os.write(1, b"*** EP Error ***" * 1000)
            os.write(2, b"*** EP Error ***" * 1000)
            print("Falling back", flush=True)
        return check_model(*arguments)

    child.check_model = print_and_check
    child.main(*take_pipes())


def flagged() -> None:
    """Refuse every model, with what the process had set before the sandbox as the detail."""
    confine = child.confine

    def look_and_confine() -> sandbox.Confinement:
        dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
        cores = resource.getrlimit(resource.RLIMIT_CORE)

        def refuse(*_: object) -> None:
            raise InvalidModel(ModelFault.OUTPUT, f"dumpable {dumpable}, core files {cores}")

        child.check_model = refuse
        return confine()

    child.confine = look_and_confine
    child.main(*take_pipes())


def raising() -> None:
    """Run with a defect that raises an error with a value of the samples in it."""

    def fail(*_: object) -> None:
        raise ArithmeticError("sample 0.123")

    child.run_session = fail
    child.main(*take_pipes())


def nested() -> None:
    """Answer with nested brackets that would overflow a parser's stack."""
    _receive()
    brackets = b"[" * MESSAGE_BYTES
    sys.stdout.buffer.write(len(brackets).to_bytes(4, "little") + brackets)


def wordless() -> None:
    """Refuse with a detail that is not text."""
    _receive()
    verdict = {"status": "refused", "reason": "unsupported-op", "detail": ["no", "text"]}
    write_message(sys.stdout.buffer, verdict)


def halved() -> None:
    """Refuse with a detail that UTF-8 cannot hold, so that no results file could be written."""
    _receive()
    verdict = {"status": "refused", "reason": "unsupported-op", "detail": "\ud800"}
    write_message(sys.stdout.buffer, verdict)


def forgetful() -> None:
    """Report that memory ran out."""
    _receive()
    verdict = RunOutcome(OutcomeStatus.ABORTED, detail="out of memory: std::bad_alloc")
    write_message(sys.stdout.buffer, asdict(verdict))


def _receive() -> None:
    settings = read_message(sys.stdin.buffer)
    write_message(sys.stdout.buffer, HELD)
    read_exactly(sys.stdin.buffer, settings["model_bytes"])


if __name__ == "__main__":
    globals()[sys.argv[1]]()
