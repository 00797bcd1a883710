"""onnxruntime on one thread, with errors sorted into faults of the model and of the machine.

The sessions are those of the C++ bindings. The class around them in Python prints an error and
tries once more with other providers, which would hide the first error.

Since 1.29 onnxruntime's Linux packages send telemetry to Microsoft. It must be switched off before
the first import, so this is the only module that imports it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from onnxruntime import GraphOptimizationLevel, SessionOptions
from onnxruntime.capi.onnxruntime_pybind11_state import InferenceSession

from offchain.protocol.errors import InvalidModel, ModelFault

Session = InferenceSession

OUT_OF_MEMORY: Final = ("bad_alloc", "Failed to allocate memory", "Arena alloc failed")
"""Words in errors that report lack of memory. A model must not contain them, because an error can
quote a model's names."""

MACHINE_FAULTS: Final = (MemoryError, OSError, ImportError)
"""Exceptions that no model causes while it is checked or run."""


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
    options.add_session_config_entry("session.set_denormal_as_zero", "1")  # they take 200 times
    # What is stored quantised is computed in floats: integers saturate on some processors.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    with _sorted_errors():
        session = InferenceSession(options, model, False, False)  # bytes; no options in the model
        session.initialize_session(["CPUExecutionProvider"], [{}], set())
        return session


def run_session(
    session: InferenceSession, outputs: list[str], feeds: Mapping[str, np.ndarray[Any, Any]]
) -> list[np.ndarray[Any, Any]]:
    """Return the named outputs for one batch.

    Raises:
        InvalidModel: `RUNTIME`: the model fails on the batch.
        MemoryError: memory ran out.
    """
    with _sorted_errors():
        return list(session.run(outputs, dict(feeds), None))


@contextmanager
def _sorted_errors() -> Iterator[None]:
    try:
        yield
    except MACHINE_FAULTS:
        raise
    except Exception as error:  # the bindings raise a dozen types, and those of Python
        text = _text(error)
        if any(words in text for words in OUT_OF_MEMORY):
            raise MemoryError(f"onnxruntime: {text}") from error
        raise InvalidModel(ModelFault.RUNTIME, text) from error


def _text(error: Exception) -> str:
    """Return an error's message; one that is not UTF-8 arrives as the error of decoding it."""
    if isinstance(error, UnicodeDecodeError):
        return error.object.decode(errors="replace")
    return str(error)
