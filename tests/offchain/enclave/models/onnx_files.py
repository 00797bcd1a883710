"""ONNX files for the tests, honest and malicious; most have a few nodes."""

import itertools
from collections.abc import Sequence

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output

FEATURES, CLASSES = 8, 3
VALUES = ModelSpec((FEATURES,), Output.VALUES, 0)
LABELS = ModelSpec((FEATURES,), Output.LABELS, CLASSES)
PROBABILITIES = ModelSpec((FEATURES,), Output.PROBABILITIES, CLASSES)
LIMITS = ModelLimits(memory_bytes=64 * 2**20, operations=10**10)

node = helper.make_node


def constant(name: str, value: object, dtype: object = None) -> TensorProto:
    return numpy_helper.from_array(np.asarray(value, dtype), name)


def proto(
    nodes: Sequence[NodeProto],
    constants: Sequence[TensorProto] = (),
    *,
    input_shape: Sequence[object] = ("N", FEATURES),
    input_type: int = TensorProto.FLOAT,
    output_type: int = TensorProto.FLOAT,
    opset: int = 18,
) -> ModelProto:
    """Return a model from ``x`` to ``y``."""
    graph = helper.make_graph(
        list(nodes),
        "model",
        [helper.make_tensor_value_info("x", input_type, input_shape)],
        [helper.make_tensor_value_info("y", output_type, ["N"])],
        list(constants),
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=imports, ir_version=9)


def file(*args: object, **options: object) -> bytes:
    return proto(*args, **options).SerializeToString()


def mean(*, of: str = "x") -> list[NodeProto]:
    """Return nodes that end a model with one value per sample."""
    return [
        node("Flatten", [of], ["flat"]),
        node("ReduceMean", ["flat", "last"], ["y"], keepdims=0),
    ]


LAST = constant("last", [1], np.int64)


def honest() -> bytes:
    """Return a model of the mean of the features."""
    return file(mean(), [LAST])


def linear() -> bytes:
    """Return a linear model with one output of scores, as PyTorch exports it."""
    weights = np.random.default_rng(0).normal(size=(FEATURES, CLASSES)).astype(np.float32)
    return file([node("MatMul", ["x", "w"], ["y"])], [constant("w", weights)])


def quantised() -> bytes:
    """Return a linear model with quantised weights, input and output, between conversions."""
    weights = np.random.default_rng(0).integers(-128, 128, (FEATURES, CLASSES))
    scales = {"x": (1 / 255, np.uint8, 0), "w": (0.013, np.int8, 0), "m": (0.0371, np.uint8, 128)}
    constants = [constant("w", weights, np.int8)]
    for name, (scale, kind, zero) in scales.items():
        constants += [constant(f"s{name}", scale, np.float32), constant(f"z{name}", zero, kind)]
    nodes = [
        node("QuantizeLinear", ["x", "sx", "zx"], ["q"]),
        node("DequantizeLinear", ["q", "sx", "zx"], ["d"]),
        node("DequantizeLinear", ["w", "sw", "zw"], ["dw"]),
        node("MatMul", ["d", "dw"], ["m"]),
        node("QuantizeLinear", ["m", "sm", "zm"], ["p"]),
        node("DequantizeLinear", ["p", "sm", "zm"], ["y"]),
    ]
    return file(nodes, constants)


def two_classes(slope: float = 1.0) -> bytes:
    """Return a model of two probabilities from one number."""
    weights = constant("w", np.array([[slope, -slope]]), np.float32)
    nodes = [node("MatMul", ["x", "w"], ["s"]), node("Softmax", ["s"], ["y"], axis=1)]
    return file(nodes, [weights], input_shape=("N", 1))


def asks_for(elements: int) -> bytes:
    """Return a short file with one huge intermediate value."""
    nodes = [
        node("ConstantOfShape", ["size"], ["huge"]),
        node("ReduceSum", ["huge"], ["sum"]),
        node("Add", ["x", "sum"], ["z"]),
        *mean(of="z"),
    ]
    return file(nodes, [constant("size", [elements], np.int64), LAST])


def endless() -> bytes:
    """Return a loop whose condition stays true for 2^62 iterations."""
    return _loop(2**62, [node("Sin", ["value"], ["next"])])


def doubling_loop(turns: int) -> bytes:
    """Return a loop that doubles its value with every iteration."""
    return _loop(turns, [node("Concat", ["value", "value"], ["next"], axis=0)])


def _loop(turns: int, body: Sequence[NodeProto]) -> bytes:
    graph = helper.make_graph(
        [node("Identity", ["going"], ["kept"]), *body],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, ["N", FEATURES]),
        ],
        [
            helper.make_tensor_value_info("kept", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, ["M", FEATURES]),
        ],
    )
    nodes = [node("Loop", ["turns", "true", "x"], ["z"], body=graph), *mean(of="z")]
    return file(nodes, [constant("turns", turns, np.int64), constant("true", True), LAST])


def outside(location: str) -> bytes:
    """Return a model with a weight in another file."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[FEATURES])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return file([node("Add", ["x", "w"], ["z"]), *mean(of="z")], [tensor, LAST])


def deep(length: int) -> bytes:
    """Return a chain of nodes."""
    names = ["x", *(f"v{index}" for index in range(length))]
    chain = [node("Sin", [a], [b]) for a, b in itertools.pairwise(names)]
    return file([*chain, *mean(of=names[-1])], [LAST])


def nested(depth: int) -> bytes:
    """Return nested branches."""

    def passes(name: str) -> GraphProto:
        output = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", FEATURES])
        return helper.make_graph([node("Identity", ["x"], [name])], name, [], [output])

    graph = passes("leaf")
    for level in range(depth):
        name = f"level{level}"
        branches = {"then_branch": graph, "else_branch": passes(f"other{level}")}
        output = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", FEATURES])
        graph = helper.make_graph([node("If", ["true"], [name], **branches)], name, [], [output])
    nodes = [*graph.node, *mean(of=graph.output[0].name)]
    return file(nodes, [constant("true", True), LAST])


def field(number: int, content: bytes) -> bytes:
    """Return an encoded field of a protobuf message."""
    size, digits = len(content), bytearray()
    while True:
        size, digit = size >> 7, size & 0x7F
        digits.append(digit | (0x80 if size else 0))
        if not size:
            return bytes([number << 3 | 2, *digits]) + content


def nested_bytes(depth: int) -> bytes:
    """Return the bytes of nested graphs, at any depth, even one that parsers refuse."""
    graph = b""
    for _ in range(depth):
        graph = field(1, field(5, field(6, graph)))  # node, attribute, graph
    return field(7, graph)


def doubling(times: int) -> bytes:
    """Return a shape that doubles with every node: folding it could exhaust memory."""
    names = ["size", *(f"v{index}" for index in range(times))]
    nodes = [node("Concat", [a, a], [b], axis=0) for a, b in itertools.pairwise(names)]
    nodes += [node("Expand", ["x", names[-1]], ["z"]), *mean(of="z")]
    return file(nodes, [constant("size", [1], np.int64), LAST])


def tree(children: Sequence[tuple[int, int] | None], **changes: object) -> bytes:
    """Return a decision tree from the children of each node, none for a leaf."""
    count = len(children)
    attributes: dict[str, object] = {
        "nodes_treeids": [0] * count,
        "nodes_nodeids": list(range(count)),
        "nodes_modes": ["BRANCH_LEQ" if pair else "LEAF" for pair in children],
        "nodes_truenodeids": [pair[0] if pair else 0 for pair in children],
        "nodes_falsenodeids": [pair[1] if pair else 0 for pair in children],
        "nodes_featureids": [0] * count,
        "nodes_values": [0.5] * count,
        "target_ids": [0],
        "target_nodeids": [count - 1],
        "target_treeids": [0],
        "target_weights": [1.0],
        "n_targets": 1,
    }
    regressor = "TreeEnsembleRegressor"
    return file([node(regressor, ["x"], ["y"], domain="ai.onnx.ml", **attributes | changes)])


def chain_of_branches(depth: int, *, left: bool = True) -> bytes:
    """Return a tree with one long path."""
    pairs = [(index + 1, depth + 1 + index) for index in range(depth)]
    return tree([*(pair if left else pair[::-1] for pair in pairs), *[None] * (depth + 1)])


def chaotic(turns: int = 60) -> bytes:
    """Return a logistic map of a layer's outputs, which optimisations round differently."""
    random = np.random.default_rng(1)
    kernel = random.normal(size=(CLASSES, 1, FEATURES)).astype(np.float32)
    scales = [
        constant(name, random.random(CLASSES) + 0.5, np.float32)
        for name in ("scale", "shift", "mean", "variance")
    ]
    nodes = [
        node("Unsqueeze", ["x", "middle"], ["image"]),
        node("Conv", ["image", "kernel"], ["convolved"]),
        node("BatchNormalization", ["convolved", *(s.name for s in scales)], ["normal"]),
        node("Squeeze", ["normal", "end"], ["flat"]),
        node("Sigmoid", ["flat"], ["v0"]),
    ]
    for turn in range(turns):
        nodes += [
            node("Sub", ["one", f"v{turn}"], [f"rest{turn}"]),
            node("Mul", [f"v{turn}", f"rest{turn}"], [f"product{turn}"]),
            node("Mul", [f"product{turn}", "four"], [f"v{turn + 1}"]),
        ]
    nodes.append(node("Identity", [f"v{turns}"], ["y"]))
    constants = [
        constant("middle", [1]),
        constant("end", [2]),
        constant("kernel", kernel),
        constant("one", 1, np.float32),
        constant("four", 4, np.float32),
        *scales,
    ]
    return file(nodes, constants)
