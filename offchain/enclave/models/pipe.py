"""Messages between a parent and the child that runs a model: JSON with its length in front.

=====  =========  ==================================================================================
order  direction  content
=====  =========  ==================================================================================
1      to child   ``RunSettings``
2      to parent  ``Confinement``; the parent sends untrusted bytes only after it has read this
3      to child   the model, all samples, and those of a part of the second pass in its order
4      to parent  ``RunOutcome``, and for ``OK`` the predictions of the first pass and of the part
5      to child   nothing if the part suffices, else one byte and the rest of the second pass
6      to parent  ``RunOutcome``, and for ``OK`` the predictions of these
=====  =========  ==================================================================================

A child with shared memory has all samples there. It then gets none for the first pass, and their
row numbers (int64) for the second.

Arrays are raw little-endian values in C order. Both sides know every size beforehand. A child may
be exploited by its model, so the parent reads no more from it than expected, and never unpickles.
The child takes both pipes off the standard descriptors, because libraries print to those.
"""

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, Final

from offchain.protocol.model_spec import OPERATION_SECONDS, Input, ModelLimits, ModelSpec, Output

MESSAGE_BYTES: Final = 64 * 1024
"""Maximum size of a message in bytes."""

MAX_BRACKETS: Final = 400
"""Maximum number of brackets in a message: more than a refusal's detail has characters."""


WORK_MARGIN: Final = 8
"""Factor between the time that a work may take and the limit that stops it, on a slow machine."""


def run_seconds(operations: int) -> float:
    """Return the CPU time (seconds) after which the work of two passes is stopped."""
    return 2 * WORK_MARGIN * OPERATION_SECONDS * operations


class OutcomeStatus(StrEnum):
    """Outcomes of a run in the child."""

    OK = "ok"
    REFUSED = "refused"
    ABORTED = "aborted"


@dataclass(frozen=True)
class RunSettings:
    """Settings of a run, from parent to child.

    Args:
        parent: process id of the parent; the child is killed when it ends.
        model_bytes: size of the model that follows.
        rows: number of samples.
        part: number of them in the part of the second pass that always runs.
        cpu_seconds: limit of CPU time, for all the work that `limits` allow.
        spec: shapes and types of the task's models.
        limits: resource limits of the task's models.
    """

    parent: int
    model_bytes: int
    rows: int
    part: int
    cpu_seconds: int
    spec: ModelSpec
    limits: ModelLimits

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "RunSettings":
        """Return the settings that ``dataclasses.asdict`` turned into a dict."""
        spec, limits = value["spec"], value["limits"]
        shape, output = tuple(spec["input_shape"]), Output(spec["output"])
        inputs = tuple(Input(**each | {"shape": tuple(each["shape"])}) for each in spec["inputs"])
        extra = tuple(limits["extra_ops"])
        return cls(
            **value
            | {
                "spec": ModelSpec(
                    **spec | {"input_shape": shape, "output": output, "inputs": inputs}
                ),
                "limits": ModelLimits(**limits | {"extra_ops": extra}),
            }
        )


@dataclass(frozen=True)
class RunOutcome:
    """Outcome of a run, from child to parent.

    Args:
        status: result, refusal or abort.
        reason: the `ModelFault` of a refusal, else empty.
        detail: the cause of a refusal or an abort.
    """

    status: OutcomeStatus
    reason: str = ""
    detail: str = ""


def take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Return source and sink of a child on descriptors of their own.

    What is printed to standard output is lost. Standard error stays a pipe that does not block, so
    what is printed there is cut off at its size; the parent reads it only after the end.
    """
    source, sink = (os.fdopen(os.dup(standard), mode) for standard, mode in ((0, "rb"), (1, "wb")))
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(null, standard)
    os.close(null)
    os.set_blocking(2, False)
    return source, sink


def write_message(stream: IO[bytes], message: dict[str, Any]) -> None:
    """Send one message."""
    encoded = json.dumps(message).encode()
    stream.write(len(encoded).to_bytes(4, "little") + encoded)
    stream.flush()


def read_message(stream: IO[bytes]) -> dict[str, Any]:
    """Receive one untrusted message.

    Raises:
        EOFError: the stream ends before the message does.
        ValueError: the message is too large, has too many brackets, or is not a JSON object.
    """
    size = int.from_bytes(read_exactly(stream, 4), "little")
    if size > MESSAGE_BYTES:
        raise ValueError(f"message of {size} bytes, expected {MESSAGE_BYTES} at most")
    content = read_exactly(stream, size)
    brackets = content.count(b"[") + content.count(b"{")
    if brackets > MAX_BRACKETS:  # the parser recurses into them and could overflow the stack
        raise ValueError(f"message of {brackets} brackets, expected {MAX_BRACKETS} at most")
    message = json.loads(content)
    if not isinstance(message, dict):
        raise ValueError(f"message {message!r}, expected an object")
    return message


def read_exactly(stream: IO[bytes], size: int) -> bytes:
    """Read ``size`` bytes from a buffered stream.

    Raises:
        EOFError: the stream ends before.
    """
    content = stream.read(size)
    if len(content) != size:
        raise EOFError(f"stream ended after {len(content)} of {size} bytes")
    return content
