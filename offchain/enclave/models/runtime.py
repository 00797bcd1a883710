"""onnxruntime on one thread, with its errors told apart: the model's own, or want of memory.

Since 1.29 onnxruntime's Linux packages report their use to Microsoft. It must be told not to before
it is first imported, so this is the one module that imports it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions
from onnxruntime.capi import onnxruntime_pybind11_state as state

from offchain.protocol.errors import InvalidModel, ModelFault

_ERRORS: Final = (
    state.Fail,
    state.InvalidArgument,
    state.InvalidGraph,
    state.InvalidProtobuf,
    state.NotImplemented,
    state.RuntimeException,
)

_OUT_OF_MEMORY: Final = re.compile(
    r"(std::bad_alloc|Failed to allocate memory for requested buffer of size \d+)\s*\Z"
)


def open_session(model: bytes, optimised: bool) -> InferenceSession:
    """Loads a model that passed the static checks.

    Args:
        optimised: with the runtime's graph optimisations, or with none. Left out is what depends
            on the processor: layouts that pad channels, in memory that nothing here would bound.

    Raises:
        InvalidModel: `RUNTIME` when the runtime refuses it.
        MemoryError: when memory ran out.
    """
    options = SessionOptions()
    options.graph_optimization_level = (
        GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        if optimised
        else GraphOptimizationLevel.ORT_DISABLE_ALL
    )
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 4
    with _own_faults():
        return InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run_session(
    session: InferenceSession, outputs: list[str], feeds: Mapping[str, np.ndarray[Any, Any]]
) -> list[np.ndarray[Any, Any]]:
    """Returns the named outputs for one batch.

    Raises:
        InvalidModel: `RUNTIME` when the model fails on it.
        MemoryError: when memory ran out.
    """
    with _own_faults():
        return list(session.run(outputs, dict(feeds)))


@contextmanager
def _own_faults() -> Iterator[None]:
    try:
        yield
    except _ERRORS as error:
        if _OUT_OF_MEMORY.search(str(error)):
            raise MemoryError(f"onnxruntime: {error}") from error
        raise InvalidModel(ModelFault.RUNTIME, str(error)) from error
