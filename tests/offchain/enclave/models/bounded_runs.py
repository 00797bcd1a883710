"""Process that walks and runs models, and prints for each whether its bounds held, as JSON.

    python -m tests.offchain.enclave.models.bounded_runs nodes|graphs|attention quick|deep

A crash of the runtime ends a forked child: it is reported, and the next child goes on behind it.
"""

import ctypes
import importlib
import json
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, helper, numpy_helper

from offchain.enclave.models import static
from offchain.enclave.models.graph import Walk, longest_string
from offchain.enclave.models.ops import opset_versions
from offchain.enclave.models.protobuf_size import parsed_bytes
from offchain.enclave.models.runtime import open_session, run_session
from offchain.enclave.models.tensors import shape_of, tensor_type
from offchain.enclave.models.text import Texts
from offchain.protocol.errors import InvalidModel
from offchain.protocol.model_spec import OPERATION_SECONDS, ModelLimits
from tests.offchain.enclave.models.random_graphs import random_model

LIMITS = ModelLimits(memory_bytes=2**28, operations=10**10)
QUICK_NODES = ["attention", "conv", "gru", "maxpool", "resize", "scan", "tfidfvectorizer", "topk"]
"""Modules of node tests that the quick run takes."""

CALL_SECONDS = 1e-3
"""Time of a call of the runtime for the smallest model, which no bound has to cover."""

GRAPHS = {"quick": 150, "deep": 5000}
Case = tuple[str, bytes, dict[str, Any]]


def node_cases(size: str) -> Iterator[Case]:
    """Yield the node tests of onnx, as they are and with all inputs but the first as constants."""
    warnings.simplefilter("ignore")
    from onnx.backend.test.case import node

    if size == "deep":
        found = node.collect_testcases(None)
    else:
        for each in QUICK_NODES:
            importlib.import_module(f"onnx.backend.test.case.node.{each}")
        found = node._NodeTestCases  # no public way to take some
    for case in found:
        names = [value.name for value in case.model.graph.input]
        feeds = dict(zip(names, case.data_sets[0][0], strict=False))
        if all(isinstance(each, np.ndarray | np.generic) for each in feeds.values()):
            feeds = {name: np.asarray(each) for name, each in feeds.items()}
            yield case.name, case.model.SerializeToString(), feeds
            if len(feeds) > 1:
                yield f"{case.name} with constants", *_with_constants(case.model, feeds)


def _with_constants(model: ModelProto, feeds: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    changed, first = ModelProto.FromString(model.SerializeToString()), next(iter(feeds))
    for name, each in feeds.items():
        if name != first:
            changed.graph.initializer.append(numpy_helper.from_array(each, name))
    kept = [value for value in changed.graph.input if value.name == first]
    del changed.graph.input[:]
    changed.graph.input.extend(kept)
    return changed.SerializeToString(), {first: feeds[first]}


def graph_cases(size: str) -> Iterator[Case]:
    """Yield random graphs."""
    for seed in range(GRAPHS[size]):
        yield f"graph {seed}", *random_model(seed)


def attention_cases() -> Iterator[Case]:
    """Yield attentions that are large enough for their memory and time to show."""
    large, flat = {"queries": 512, "keys": 512, "depth": 8}, {"queries": 16, "keys": 4096}
    for opset in (23, 24, 25):  # the runtime has a kernel for the first two
        for shape in (large, large | {"others": 2}, flat | {"others": 1}, flat, {"keys": 64}):
            for options in (
                {},
                {"mask": True, "is_causal": 1},
                {"three": True, "softcap": 2.0},
                {"past": 256},
            ):
                name = f"attention {opset} {shape} {options}"
                yield name, *attention(opset, **shape, **options)


def attention(
    opset: int = 23,
    batch: int = 2,
    heads: int = 4,
    queries: int = 64,
    keys: int = 64,
    depth: int = 64,
    others: int | None = None,
    mask: bool = False,
    past: int = 0,
    three: bool = False,
    **attributes: float,
) -> tuple[bytes, dict[str, Any]]:
    """Return a model of one attention, with inputs of four or three dimensions.

    ``others`` is the number of heads of keys and values, ``past`` the length of earlier ones.
    """
    others = others or heads
    sizes = [(heads, queries), (others, keys), (others, keys)]
    if three:
        shapes = [(batch, length, count * depth) for count, length in sizes]
        attributes |= {"q_num_heads": heads, "kv_num_heads": others}
    else:
        shapes = [(batch, count, length, depth) for count, length in sizes]
    feeds = dict(zip("qkv", shapes, strict=True))
    names, outputs = ["q", "k", "v", "m" if mask else ""], ["y"]
    if mask:
        feeds["m"] = (queries, keys)
    if past:
        feeds |= dict.fromkeys(("pk", "pv"), (batch, others, past, depth))
        names, outputs = [*names, "pk", "pv"], ["y", "nk", "nv"]
    kinds = {name: helper.make_tensor_value_info(name, 1, shape) for name, shape in feeds.items()}
    node = helper.make_node("Attention", names, outputs, **attributes)
    ranks = [3 if three and name == "y" else 4 for name in outputs]
    made = [
        helper.make_tensor_value_info(name, 1, rank * [None])
        for name, rank in zip(outputs, ranks, strict=True)
    ]
    graph = helper.make_graph([node], "attention", list(kinds.values()), made)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=11)
    random = np.random.default_rng(0)
    values = {name: random.random(shape, np.float32) for name, shape in feeds.items()}
    return model.SerializeToString(), values


def walked(model: bytes, feeds: dict[str, Any]) -> tuple[ModelProto, Walk]:
    """Return a model after all static checks but those of its inputs and outputs.

    Raises:
        InvalidModel: it is refused.
    """
    proto = static._parse(model)
    versions = opset_versions(proto)
    static._check_structure(proto, LIMITS)
    static._check_tensors(proto)
    static._check_validity(model)
    strings = [
        str(text) for each in feeds.values() if each.dtype.kind in "OU" for text in each.flat
    ]
    longest = max([longest_string(proto.graph), *(len(text.encode()) for text in strings)])
    walk = Walk(versions, LIMITS, 1, Texts(longest), value_bytes=2 * parsed_bytes(model, 2**30))
    for tensor in proto.graph.initializer:
        walk.add_constant(tensor)
    for value in proto.graph.input:
        if value.name not in walk.types:
            kind = helper.np_dtype_to_tensor_dtype(feeds[value.name].dtype)
            walk.add_input(value.name, tensor_type(kind, feeds[value.name].shape))
    for node in proto.graph.node:
        walk.add_node(node)
    walk.add_live_values(proto.graph)
    return proto, walk


def verdict(model: bytes, feeds: dict[str, Any]) -> dict[str, Any]:
    """Return what became of a model: refused, or run with its use of memory and time."""
    try:
        proto, walk = walked(model, feeds)
    except InvalidModel as refusal:
        return {"refused": refusal.reason}
    wrong: list[str] = []
    memory, seconds = 0, 0.0
    names = [value.name for value in proto.graph.output if value.name]
    for optimised in (False, True):
        base = _reset_peak()
        try:
            session = open_session(model, optimised)
            times = []
            for _ in range(2):
                made: list[Any] = []  # of the first run, whose memory does not belong to the second
                start = time.process_time()
                made = run_session(session, names, feeds)
                times.append(time.process_time() - start)
        except InvalidModel as refusal:
            return {"refused": refusal.reason, "at_run": str(refusal)}
        seconds = max(seconds, min(times))
        memory = max(memory, _status("VmHWM") - base)
        for name, value in zip(names, made, strict=True):
            wrong += _differs(name, np.asarray(value), walk)
    return {
        "wrong": wrong,
        "used_bytes": memory,
        "memory_bytes": walk.memory_bytes,
        "factor": max(seconds - CALL_SECONDS, 0) / (OPERATION_SECONDS * walk.operations),
    }


def _differs(name: str, value: np.ndarray[Any, Any], walk: Walk) -> list[str]:
    """Return what an output has of another type or shape than its walk found."""
    expected = shape_of(walk.types[name]) or ()
    kind = walk.types[name].tensor_type.elem_type
    same = value.shape == expected
    if name in walk.texts.tokens:  # of which there are no more than found
        same = all(a <= b for a, b in zip(value.shape, expected, strict=True))
    if not same or helper.np_dtype_to_tensor_dtype(value.dtype) != kind:
        return [f"{name}: {value.dtype} {value.shape}, expected {kind} {expected}"]
    return []


def _status(field: str) -> int:
    text = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"{field}:\s+(\d+)", text)[1])  # type: ignore[index]


def _reset_peak() -> int:
    """Return free memory to the kernel, start the peak anew, and return the memory in use."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def return_freed_memory() -> None:
    """Have glibc give every block of 64 KiB its own mapping, so that a freed one is not counted."""
    m_mmap_threshold = -3
    ctypes.CDLL(None).mallopt(m_mmap_threshold, 2**16)


def main() -> None:
    """Print a line for every case."""
    family, size = sys.argv[1:]
    return_freed_memory()
    made = {"nodes": node_cases, "graphs": graph_cases, "attention": lambda _: attention_cases()}
    cases = list(made[family](size))
    done = 0
    while done < len(cases):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            verdict(*random_model(0))  # what the runtime loads once belongs to no case
            for name, model, feeds in cases[done:]:
                line = json.dumps({"name": name} | verdict(model, feeds)) + "\n"
                os.write(writer, line.encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as lines:
            for line in lines:
                print(line, end="", flush=True)
                done += 1
        _, status = os.waitpid(child, 0)
        if status != 0:
            crash = {"name": cases[done][0], "crash": os.waitstatus_to_exitcode(status)}
            print(json.dumps(crash), flush=True)
            done += 1


if __name__ == "__main__":
    main()
