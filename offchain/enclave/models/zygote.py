"""The zygote: a confined process that has all libraries loaded, and forks a child for each model.

A new interpreter takes a third of a second to import them. The zygote is started as a program of
its own, so it has nothing of the enclave's memory, and it never reads a model or a sample: it only
passes descriptors on. Its children confine themselves again, down to the list of `sandbox`.

For each model it gets one message on its socket, with five descriptors: the child's two pipes, the
pipe for its errors, the shared memory of the samples, and a pipe for its exit status. It answers
with a descriptor of the child's process. It ends with its parent, and its children with it.
"""

import os
import select
import socket
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NoReturn

import numpy as np
from onnx import TensorProto, helper

from offchain.enclave.models.child import Origin, main
from offchain.enclave.models.runtime import open_session, run_session
from offchain.enclave.models.sandbox import (
    confine,
    deny_core_dumps,
    expect_one_thread,
    mapped_bytes,
)
from offchain.enclave.models.static import check_model
from offchain.enclave.models.text import load_locale
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output

DESCRIPTORS: Final = 5
"""Number of descriptors in a message to the zygote."""


@dataclass
class Zygote:
    """The loop that forks and reaps.

    Args:
        control: socket to the parent.
        mapped: address space before the first fork, in bytes.
        silence: descriptor of /dev/null.
        running: process id and pipe for the exit status of each child, by its descriptor.
    """

    control: socket.socket
    mapped: int
    silence: int
    running: dict[int, tuple[int, int]] = field(default_factory=dict)

    def serve(self) -> None:
        """Fork and reap until the parent ends."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while True:
            for ready, _ in poll.poll():
                if ready in self.running:
                    poll.unregister(ready)
                    self._reap(ready)
                elif (process := self._fork()) is not None:
                    poll.register(process, select.POLLIN)
                else:
                    return

    def _fork(self) -> int | None:
        """Fork the child of the next message; return its descriptor, None if the parent ended."""
        _, descriptors, _, _ = socket.recv_fds(self.control, 1, DESCRIPTORS)
        if len(descriptors) != DESCRIPTORS:
            return None
        source, sink, errors, inputs, status = descriptors
        child = os.fork()
        if child == 0:
            self._become_child(source, sink, errors, inputs, status)
        process = os.pidfd_open(child)
        for each in (source, sink, errors, inputs):
            os.close(each)
        self.running[process] = child, status
        socket.send_fds(self.control, [b"+"], [process])
        return process

    def _reap(self, process: int) -> None:
        child, status = self.running.pop(process)
        _, ended = os.waitpid(child, 0)
        with suppress(BrokenPipeError):
            os.write(status, ended.to_bytes(4, "little"))
        os.close(status)
        os.close(process)

    def _become_child(
        self, source: int, sink: int, errors: int, inputs: int, status: int
    ) -> NoReturn:
        """Keep only the child's own descriptors, and serve one model."""
        code = 1
        try:
            os.dup2(errors, 2)
            for each in (errors, status, *self.running, *(s for _, s in self.running.values())):
                os.close(each)
            self.control.close()
            origin = Origin(self.mapped, self.silence, inputs)
            main(os.fdopen(source, "rb"), os.fdopen(sink, "wb"), origin)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)


def warm_up() -> None:
    """Check and run a small model, so that what libraries load at first use is loaded."""
    node = helper.make_node("Flatten", ["x"], ["y"])
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 2]) for name in "xy")
    opset = helper.make_opsetid("", 18)
    graph = helper.make_graph([node], "warm", [x], [y])
    model = helper.make_model(graph, opset_imports=[opset], ir_version=9)
    spec = ModelSpec((2,), Output.VECTORS, 2)
    plan = check_model(model.SerializeToString(), spec, ModelLimits(), 1)
    for optimised in (True, False):
        session = open_session(plan.model, optimised)
        run_session(session, [plan.output], {plan.input: np.zeros((1, 2), np.float32)})
    with suppress(OSError):  # of tasks with text alone, which then abort
        load_locale()


def start(control: socket.socket) -> None:
    """Load everything, confine this process, and serve its parent."""
    deny_core_dumps()
    warm_up()
    silence = os.open(os.devnull, os.O_RDWR)
    expect_one_thread()  # and the confinement allows no other
    mapped = mapped_bytes()
    confine(zygote=True)
    control.sendmsg([b"+"])
    Zygote(control, mapped, silence).serve()


if __name__ == "__main__":
    start(socket.socket(fileno=int(sys.argv[1])))
