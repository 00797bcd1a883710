"""The messages between a parent and the child that runs a model: JSON with its length in front.

=====  =========  ==================================================================================
order  direction  what
=====  =========  ==================================================================================
1      to child   ``RunSettings``
2      to parent  ``Confinement``; the parent sends nothing of a stranger before it has read this
3      to child   the model, then the samples once for each pass, in its order
4      to parent  ``RunOutcome``, and for ``OK`` the predictions of each pass
=====  =========  ==================================================================================

Arrays are raw little-endian values in C order. Both sides know every size beforehand: the parent
reads no more from a child than it expects, and nothing that executes.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, Final

from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output

MESSAGE_BYTES: Final = 64 * 1024
"""Size of the largest message."""

MAX_BRACKETS: Final = 400
"""Of one message: more than a refusal's detail has characters."""


class OutcomeStatus(StrEnum):
    """How a run in the child ended."""

    OK = "ok"
    REFUSED = "refused"
    ABORTED = "aborted"


@dataclass(frozen=True)
class RunSettings:
    """What a child is told by its parent.

    Args:
        parent: process id of the parent, with which the child dies.
        model_bytes: size of the model that follows.
        rows: number of samples that follow.
        cpu_seconds: see `RunLimits`.
    """

    parent: int
    model_bytes: int
    rows: int
    cpu_seconds: int
    spec: ModelSpec
    limits: ModelLimits

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "RunSettings":
        """Rebuilds what ``dataclasses.asdict`` took apart."""
        spec, limits = value["spec"], value["limits"]
        shape, output = tuple(spec["input_shape"]), Output(spec["output"])
        extra = tuple(limits["extra_ops"])
        return cls(
            **value
            | {
                "spec": ModelSpec(**spec | {"input_shape": shape, "output": output}),
                "limits": ModelLimits(**limits | {"extra_ops": extra}),
            }
        )


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Args:
        reason: the reason of a refusal, else empty.
        detail: what a refusal or an abort says.
    """

    status: OutcomeStatus
    reason: str = ""
    detail: str = ""


def write_message(stream: IO[bytes], message: dict[str, Any]) -> None:
    """Sends one message."""
    encoded = json.dumps(message).encode()
    stream.write(len(encoded).to_bytes(4, "little") + encoded)
    stream.flush()


def read_message(stream: IO[bytes]) -> dict[str, Any]:
    """Receives one message.

    Raises:
        EOFError: when the stream ends before the message does.
        ValueError: when it is too large, or is no JSON object.
    """
    size = int.from_bytes(read_exactly(stream, 4), "little")
    if size > MESSAGE_BYTES:
        raise ValueError(f"message of {size} bytes, expected {MESSAGE_BYTES} at most")
    content = read_exactly(stream, size)
    brackets = content.count(b"[") + content.count(b"{")
    if brackets > MAX_BRACKETS:  # a parser that follows them may exhaust the stack
        raise ValueError(f"message of {brackets} brackets, expected {MAX_BRACKETS} at most")
    message = json.loads(content)
    if not isinstance(message, dict):
        raise ValueError(f"message {message!r}, expected an object")
    return message


def read_exactly(stream: IO[bytes], size: int) -> bytes:
    """Reads ``size`` bytes from a buffered stream.

    Raises:
        EOFError: when it ends before.
    """
    content = stream.read(size)
    if len(content) != size:
        raise EOFError(f"stream ended after {len(content)} of {size} bytes")
    return content
