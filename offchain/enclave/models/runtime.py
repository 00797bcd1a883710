"""onnxruntime on one thread, with errors sorted into faults of the model and lack of memory.

Since 1.29 onnxruntime's Linux packages send telemetry to Microsoft. It must be switched off before
the first import, so this is the only module that imports it.
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
    """Load a model that passed the static checks.

    Args:
        optimised: True for the runtime's graph optimisations. Those that depend on the processor
            are excluded: their layouts pad channels, in memory that no static check bounds.

    Raises:
        InvalidModel: `RUNTIME`: the runtime refuses it.
        MemoryError: memory ran out.
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
    with _sorted_errors():
        return InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run_session(
    session: InferenceSession, outputs: list[str], feeds: Mapping[str, np.ndarray[Any, Any]]
) -> list[np.ndarray[Any, Any]]:
    """Return the named outputs for one batch.

    Raises:
        InvalidModel: `RUNTIME`: the model fails on the batch.
        MemoryError: memory ran out.
    """
    with _sorted_errors():
        return list(session.run(outputs, dict(feeds)))


@contextmanager
def _sorted_errors() -> Iterator[None]:
    try:
        yield
    except _ERRORS as error:
        if _OUT_OF_MEMORY.search(str(error)):
            raise MemoryError(f"onnxruntime: {error}") from error
        raise InvalidModel(ModelFault.RUNTIME, str(error)) from error
