"""Children that do not do what the parent expects, each a ``child_program`` of `run_model`."""

import os
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
    write_message,
)

HELD = asdict(sandbox.Confinement(7, True, True, True))


def unconfined() -> None:
    """Honest, on a kernel without Landlock and seccomp."""
    child.confine = lambda: sandbox.Confinement(0, False, False, False)
    child.main(sys.stdin.buffer, sys.stdout.buffer)


def networked() -> None:
    """Honest, on a kernel with Landlock alone."""
    child.confine = lambda: sandbox.Confinement(7, False, True, False)
    child.main(sys.stdin.buffer, sys.stdout.buffer)


def silent() -> None:
    """Says nothing."""
    time.sleep(600)


def dead() -> None:
    """Ends before it starts."""
    sys.exit("cannot import a thing")


def killed() -> None:
    """Is killed when it has the model, as when a machine runs out of memory."""
    _receive()
    os.kill(os.getpid(), 9)


def crashed() -> None:
    """Aborts when it has the model."""
    _receive()
    os.abort()


def garbage() -> None:
    """Answers what is no message."""
    _receive()
    sys.stdout.buffer.write(b"\xff" * 1000)


def short() -> None:
    """Ends in the middle of the predictions."""
    _receive()
    write_message(sys.stdout.buffer, asdict(RunOutcome(OutcomeStatus.OK)))
    sys.stdout.buffer.write(bytes(100))


def endless() -> None:
    """Answers without end."""
    _receive()
    write_message(sys.stdout.buffer, asdict(RunOutcome(OutcomeStatus.OK)))
    while True:
        sys.stdout.buffer.write(bytes(2**20))


def unreasonable() -> None:
    """Refuses for a reason that there is not."""
    _receive()
    write_message(sys.stdout.buffer, asdict(RunOutcome(OutcomeStatus.REFUSED, "dislike", "")))


def deaf() -> None:
    """Refuses before it has read its samples."""
    settings = read_message(sys.stdin.buffer)
    write_message(sys.stdout.buffer, HELD)
    read_exactly(sys.stdin.buffer, settings["model_bytes"])
    write_message(
        sys.stdout.buffer, asdict(RunOutcome(OutcomeStatus.REFUSED, "unsupported-op", "at once"))
    )


def noisy() -> None:
    """Honest, with a runtime that writes more errors than a pipe holds."""
    confine = child.confine

    def confine_and_complain() -> sandbox.Confinement:
        for _ in range(100):
            with suppress(BlockingIOError):
                os.write(2, b"error " * 1000)
        return confine()

    child.confine = confine_and_complain
    child.main(sys.stdin.buffer, sys.stdout.buffer)


def nested() -> None:
    """Answers with brackets that a parser would follow until its stack ends."""
    _receive()
    brackets = b"[" * MESSAGE_BYTES
    sys.stdout.buffer.write(len(brackets).to_bytes(4, "little") + brackets)


def wordless() -> None:
    """Refuses with a detail that is no text."""
    _receive()
    verdict = {"status": "refused", "reason": "unsupported-op", "detail": ["no", "text"]}
    write_message(sys.stdout.buffer, verdict)


def forgetful() -> None:
    """Runs out of memory where it may not."""
    _receive()
    verdict = RunOutcome(OutcomeStatus.ABORTED, detail="out of memory: std::bad_alloc")
    write_message(sys.stdout.buffer, asdict(verdict))


def _receive() -> None:
    settings = read_message(sys.stdin.buffer)
    write_message(sys.stdout.buffer, HELD)
    read_exactly(sys.stdin.buffer, settings["model_bytes"])


if __name__ == "__main__":
    globals()[sys.argv[1]]()
