"""Random models: a few nodes with random attributes on earlier values, most of them valid."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper

from tests.offchain.enclave.models.onnx_files import constant

ROWS = 32
Random = np.random.Generator
ELEMENTWISE = """
    Abs Acosh Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish
    Hardmax Identity IsInf IsNaN LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization
    Mish Neg Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt
    Tan Tanh ThresholdedRelu
""".split()  # noqa: SIM905 - read as a list of words
PAIRS = "Add Div Equal Less Max Min Mod Mul PRelu Pow Sub".split()  # noqa: SIM905 - likewise
SUMS = "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare".split()  # noqa: SIM905 - likewise


class Graph:
    """A graph that grows: every node reads values that are there."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.shape = tuple(int(n) for n in random.integers(1, 24, random.integers(1, 4)))
        self.values = ["x"]
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def pick(self) -> str:
        """Return one of the last values."""
        return str(self.random.choice(self.values[-3:]))

    def number(self, low: int, high: int) -> int:
        """Return a number from low to high, both included."""
        return int(self.random.integers(low, high + 1))

    def make(self, op: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node, and return the name of its output; its shape is not known here."""
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        self.values.append(name)
        return name

    def hold(self, value: Any, dtype: Any) -> str:
        """Add a constant, and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(constant(name, value, dtype))
        return name

    def floats(self, *shape: int) -> str:
        """Add a constant of floats of any size, some of them extreme."""
        made = self.random.normal(size=shape) * 10.0 ** self.number(-3, 3)
        if self.number(0, 4) == 0:
            made = np.full(shape, self.random.choice([np.nan, np.inf, -np.inf, 1e-40, 3e38]))
        return self.hold(made, np.float32)


def elementwise(graph: Graph) -> None:
    op = str(graph.random.choice(ELEMENTWISE))
    made = graph.make(op, [graph.pick()])
    if op in ("IsInf", "IsNaN"):
        graph.make("Cast", [made], to=TensorProto.FLOAT)


def pair(graph: Graph) -> None:
    op = str(graph.random.choice(PAIRS))
    other = graph.pick() if graph.number(0, 1) else graph.floats(graph.number(1, 2))
    extra = {"fmod": 1} if op == "Mod" else {}
    made = graph.make(op, [graph.pick(), other], **extra)
    if op in ("Equal", "Less"):
        graph.make("Cast", [made], to=TensorProto.FLOAT)


def reduction(graph: Graph) -> None:
    op = "Reduce" + str(graph.random.choice(SUMS))
    axes = graph.hold([graph.number(-2, 2)], np.int64)
    graph.make(op, [graph.pick(), axes], keepdims=graph.number(0, 1))


def shaped(graph: Graph) -> None:
    """Add an op that moves, repeats or leaves out elements."""
    kind, source, random = graph.number(0, 8), graph.pick(), graph.random
    if kind == 0:
        graph.make("Flatten", [source], axis=graph.number(0, 2))
    elif kind == 1:
        graph.make("Transpose", [source])
    elif kind == 2:
        graph.make("Concat", [source, graph.pick()], axis=graph.number(-2, 2))
    elif kind == 3:
        graph.make("Unsqueeze", [source, graph.hold([graph.number(0, 2)], np.int64)])
    elif kind == 4:
        graph.make("Expand", [source, graph.hold(random.integers(1, 40, (3,)), np.int64)])
    elif kind == 5:
        bounds = [graph.hold([value], np.int64) for value in (0, graph.number(1, 9), 1)]
        graph.make("Slice", [source, *bounds])
    elif kind == 6:
        graph.make("Gather", [source, graph.hold([0] * graph.number(1, 90), np.int64)], axis=1)
    elif kind == 7:
        target = [-1, graph.number(1, 4)] if graph.number(0, 1) else [0, -1]
        graph.make("Reshape", [source, graph.hold(target, np.int64)])
    else:
        rank = graph.number(1, 4)
        graph.make("Tile", [source, graph.hold(random.integers(1, 6, (rank,)), np.int64)])


def product(graph: Graph) -> None:
    kind, source = graph.number(0, 3), graph.pick()
    if kind == 0:
        graph.make("MatMul", [source, graph.make("Transpose", [source])])
    elif kind == 1:
        graph.make("MatMul", [source, graph.floats(graph.shape[-1], graph.number(1, 200))])
    elif kind == 2:
        graph.make("Gemm", ["x", graph.floats(graph.shape[-1], graph.number(1, 200))])
    else:
        letters = "abcd"[: len(graph.shape) + 1]
        graph.make("Einsum", ["x", "x"], equation=f"{letters},{letters}->{letters[::-1]}")


def windowed(graph: Graph) -> None:
    """Add an op on an image made of the input: a window, an interpolation or a statistic."""
    wide = graph.hold([ROWS, 1, -1, graph.shape[-1]], np.int64)
    image = graph.make("Reshape", ["x", wide])
    kind, size, pad = graph.number(0, 7), graph.number(1, 5), graph.number(0, 2)
    pads = {"pads": [pad] * 4}
    if kind in (0, 1):
        op = ("Conv", "ConvTranspose")[kind]
        shape = (graph.number(1, 32), 1) if kind == 0 else (1, graph.number(1, 32))
        made = graph.make(op, [image, graph.floats(*shape, size, size)], **pads)
    elif kind in (2, 3):
        op = ("MaxPool", "AveragePool")[kind - 2]
        made = graph.make(op, [image], kernel_shape=[size, size], **pads)
    elif kind == 4:
        scales = graph.hold([1, 1, graph.number(1, 6), graph.number(1, 6)], np.float32)
        mode = str(graph.random.choice(["nearest", "linear", "cubic"]))
        made = graph.make("Resize", [image, "", scales], mode=mode)
    elif kind == 5:
        made = graph.make("LRN", [image], size=graph.number(1, 9))
    elif kind == 6:
        made = graph.make("Pad", [image, graph.hold(graph.random.integers(0, 30, (8,)), np.int64)])
    else:
        made = graph.make("InstanceNormalization", [image, graph.floats(1), graph.floats(1)])
    if graph.number(0, 1):
        graph.make("Flatten", [made])


def integral(graph: Graph) -> None:
    """Add ops on integers, or on numbers of other sizes."""
    kinds = (TensorProto.INT64, TensorProto.INT32, TensorProto.DOUBLE, TensorProto.FLOAT16)
    made = graph.make("Cast", [graph.pick()], to=kinds[graph.number(0, 3)])
    made = graph.make(("Neg", "Abs", "Sign", "Relu")[graph.number(0, 3)], [made])
    graph.make("Cast", [made], to=TensorProto.FLOAT)


def sorted_or_summed(graph: Graph) -> None:
    kind, source = graph.number(0, 3), graph.pick()
    if kind == 0:
        graph.make("CumSum", [source, graph.hold(graph.number(-1, 1), np.int64)])
    elif kind == 1:
        graph.make("TopK", [source, graph.hold([graph.number(1, 4)], np.int64)])
        graph.nodes[-1].output.append(f"i{len(graph.nodes)}")
    elif kind == 2:
        best = graph.make("ArgMax", [source], axis=-1)
        depth, pair = graph.hold(graph.number(1, 200), np.int64), graph.hold([0, 1], np.float32)
        graph.make("OneHot", [best, depth, pair])
    else:
        scale, zero = graph.hold(0.1, np.float32), graph.hold(3, np.uint8)
        made = graph.make("QuantizeLinear", [source, scale, zero])
        graph.make("DequantizeLinear", [made, scale, zero])


def scanned(graph: Graph) -> None:
    """Add a loop over the rows of the input, with the whole input beside it."""
    row, made = f"r{len(graph.nodes)}", f"m{len(graph.nodes)}"
    body = helper.make_graph(
        [
            helper.make_node("Sub", ["x", row], [f"{made}d"]),
            helper.make_node("ReduceSumSquare", [f"{made}d"], [made], keepdims=0),
        ],
        "body",
        [helper.make_tensor_value_info(row, TensorProto.FLOAT, graph.shape)],
        [helper.make_tensor_value_info(made, TensorProto.FLOAT, [])],
    )
    graph.make("Scan", ["x"], body=body, num_scan_inputs=1)


STEPS: tuple[Callable[[Graph], None], ...] = (
    *(elementwise, pair, reduction, shaped, product, windowed, integral, sorted_or_summed, scanned),
)


def random_model(seed: int) -> tuple[bytes, dict[str, Any]]:
    """Return the file of a random model, and an input for it."""
    graph = Graph(np.random.default_rng(seed))
    for _ in range(graph.number(1, 10)):
        before = [*graph.values]
        STEPS[graph.number(0, len(STEPS) - 1)](graph)
        graph.values = [*before, graph.nodes[-1].output[0]]  # the others can have another type
    last = graph.nodes[-1].output[0]
    made = helper.make_graph(
        graph.nodes,
        "random",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, *graph.shape])],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["N"])],
        graph.constants,
    )
    opset = graph.number(18, 23)
    imports = [helper.make_opsetid("", opset)]
    model = helper.make_model(made, opset_imports=imports, ir_version=10)
    samples = graph.random.normal(size=(ROWS, *graph.shape)) * 10.0 ** graph.number(-2, 4)
    return model.SerializeToString(), {"x": samples.astype(np.float32)}
