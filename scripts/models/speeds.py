"""Time of each op beside the work that it is charged, on normal and on awkward values.

    .venv/bin/python -m scripts.models.speeds

The factor is the CPU time over the bound, `OPERATION_SECONDS`. A factor above 1 breaks the
bound. The values are those on which a processor or a library may be slow.
"""

import itertools
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, defs, helper

from offchain.enclave.models.costs import operations
from offchain.enclave.models.ops import ALLOWED
from offchain.enclave.models.runtime import open_session, run_session
from offchain.enclave.models.shapes import infer
from offchain.enclave.models.tensors import tensor_type
from offchain.protocol.errors import InvalidModel
from offchain.protocol.model_spec import OPERATION_SECONDS

SHAPE = (256, 256)
OPSET = 23
TYPES = {
    TensorProto.FLOAT: np.float32,
    TensorProto.DOUBLE: np.float64,
    TensorProto.FLOAT16: np.float16,
    TensorProto.INT64: np.int64,
    TensorProto.INT32: np.int32,
    TensorProto.UINT8: np.uint8,
}


def values(dtype: type[np.generic]) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Yield arrays of a type by name."""
    random = np.random.default_rng(0).normal(size=SHAPE)
    yield "normal", (100 * random).astype(dtype)
    if np.issubdtype(dtype, np.floating):
        info = np.finfo(dtype)
        yield "small", random.astype(dtype)
        yield "subnormal", np.full(SHAPE, info.smallest_normal / 4, dtype)
        yield "huge", np.full(SHAPE, info.max / 4, dtype)
        yield "nan", np.full(SHAPE, np.nan, dtype)
        yield "infinite", np.full(SHAPE, np.inf, dtype)
        yield "negative", np.full(SHAPE, -50.5, dtype)
        yield "mixed", np.where(random > 0, info.max / 4, info.smallest_normal).astype(dtype)


def cases() -> Iterator[tuple[str, float]]:
    """Yield the factor of every op with one to three inputs of one type."""
    for op in sorted(ALLOWED[""]):
        schema = defs.get_schema(op, OPSET)
        if op in ("Constant", "Shape", "Size", "Identity"):
            continue
        for (kind, dtype), extra in itertools.product(TYPES.items(), extras(op)):
            count = min(max(schema.min_input, 1), 3)
            arrays = list(values(dtype))
            pairs = itertools.product(arrays, arrays) if count == 2 else ((a, a) for a in arrays)
            for (first, left), (second, right) in pairs:
                feeds = dict(zip("abc"[:count], [left, right, left], strict=False))
                factor = measured(op, kind, feeds, extra)
                if factor is not None:
                    yield f"{op} {dtype.__name__} {first} {second} {extra or ''}", factor


def extras(op: str) -> list[dict[str, int]]:
    """Return attributes that an op needs."""
    if op == "Mod":
        return [{"fmod": 1}, {}]
    return [{"to": 1}, {"to": 11}, {"to": 10}] if op == "Cast" else [{}]


def measured(
    op: str, kind: int, feeds: dict[str, NDArray[np.generic]], extra: dict[str, int]
) -> float | None:
    """Return the factor of one node; None if it does not run."""
    node = helper.make_node(op, list(feeds), ["y"], **extra)
    types = {name: tensor_type(kind, SHAPE) for name in feeds}
    try:
        outputs = infer(node, types, {}, {"": OPSET})
    except InvalidModel:
        return None
    inputs = [helper.make_value_info(name, value) for name, value in types.items()]
    graph = helper.make_graph([node], "g", inputs, [helper.make_value_info("y", outputs["y"])])
    imports = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    try:
        session = open_session(model.SerializeToString(), optimised=False)
        run_session(session, ["y"], feeds)
        times = []
        for _ in range(3):
            start = time.process_time()
            run_session(session, ["y"], feeds)
            times.append(time.process_time() - start)
    except InvalidModel:
        return None
    try:
        return min(times) / (OPERATION_SECONDS * operations(node, types | outputs))
    except (KeyError, IndexError, InvalidModel):
        return None


def main() -> None:
    """Print the slowest pair of every op."""
    worst: dict[str, tuple[float, str]] = {}
    for name, factor in cases():
        op = " ".join(name.split()[:2])
        worst[op] = max(worst.get(op, (0.0, "")), (factor, name))
    for factor, name in sorted(worst.values(), reverse=True):
        print(f"{factor:8.3f}  {name}")


if __name__ == "__main__":
    main()
