"""Messages between a parent and the child that runs a model: JSON with its length in front.

=====  =========  ==================================================================================
order  direction  content
=====  =========  ==================================================================================
1      to child   ``RunSettings``
2      to parent  ``Confinement``; the parent sends untrusted bytes only after it has read this
3      to child   the model, then the samples once for each pass, in the order of the pass
4      to parent  ``RunOutcome``, and for ``OK`` the predictions of each pass
=====  =========  ==================================================================================

Arrays are raw little-endian values in C order. Both sides know every size beforehand. A child may
be exploited by its model, so the parent reads no more from it than expected, and never unpickles.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, Final

from offchain.protocol.model_spec import Input, ModelLimits, ModelSpec, Output

MESSAGE_BYTES: Final = 64 * 1024
"""Maximum size of a message in bytes."""

MAX_BRACKETS: Final = 400
"""Maximum number of brackets in a message: more than a refusal's detail has characters."""


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
        rows: number of samples that follow.
        cpu_seconds: as in `RunLimits`.
        spec: shapes and types of the task's models.
        limits: resource limits of the task's models.
    """

    parent: int
    model_bytes: int
    rows: int
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
