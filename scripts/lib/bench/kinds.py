"""Six kinds of models, made from a seed: linear, forest, boosting, perceptron, CNN, transformer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.base import BaseEstimator
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

Floats = NDArray[np.float32]
node = helper.make_node


@dataclass(frozen=True)
class Kind:
    """A model and the samples that it takes.

    Args:
        features: values of one sample.
        classes: that it tells apart.
        make: returns the ONNX file.
    """

    features: int
    classes: int
    make: Callable[[], bytes]

    def samples(self, rows: int) -> Floats:
        """Return random samples, the same in every process."""
        return np.random.default_rng(1).random((rows, self.features), np.float32)


class _Weights:
    """Constants of a model, each with random values of the size that keeps a layer's in range."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self.tensors: list[TensorProto] = []

    def layer(self, name: str, *shape: int) -> str:
        fan_in = int(np.prod(shape[1:])) if len(shape) == 4 else shape[0]
        values = self._random.normal(size=shape) / np.sqrt(fan_in)
        return self.constant(name, values.astype(np.float32))

    def constant(self, name: str, value: Any, dtype: Any = None) -> str:
        self.tensors.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name


def to_file(
    nodes: Sequence[NodeProto], tensors: Sequence[TensorProto], features: int, classes: int
) -> bytes:
    """Return the ONNX file of a graph from ``x`` (n, features) to ``y`` (n, classes), float32."""
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", size])
        for name, size in (("x", features), ("y", classes))
    ]
    graph = helper.make_graph(nodes, "model", values[:1], values[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())


def linear() -> bytes:
    weights = _Weights()
    product = node("MatMul", ["x", weights.layer("w", 784, 1000)], ["y"])
    return to_file([product], weights.tensors, 784, 1000)


def perceptron() -> bytes:
    weights, sizes = _Weights(), (784, 512, 256, 10)
    nodes, value = [], "x"
    for place, (size, width) in enumerate(pairwise(sizes)):
        last = place == len(sizes) - 2
        made = "y" if last else f"h{place}"
        layer = [value, weights.layer(f"w{place}", size, width), weights.layer(f"b{place}", width)]
        nodes.append(node("Gemm", layer, [made]))
        value = made if last else f"a{place}"
        nodes += [] if last else [node("Relu", [made], [value])]
    return to_file(nodes, weights.tensors, 784, 10)


def convolutional() -> bytes:
    weights = _Weights()
    nodes = [node("Reshape", ["x", weights.constant("image", [-1, 1, 28, 28])], ["p0"])]
    for place, (size, width) in enumerate(((1, 32), (32, 64)), 1):
        window = weights.layer(f"c{place}", width, size, 3, 3)
        inputs = [f"p{place - 1}", window, weights.layer(f"d{place}", width)]
        nodes += [
            node("Conv", inputs, [f"v{place}"], pads=[1] * 4),
            node("Relu", [f"v{place}"], [f"r{place}"]),
            node("MaxPool", [f"r{place}"], [f"p{place}"], kernel_shape=[2, 2], strides=[2, 2]),
        ]
    nodes += [
        node("Flatten", ["p2"], ["f"]),
        node("Gemm", ["f", weights.layer("w1", 3136, 128), weights.layer("b1", 128)], ["g"]),
        node("Relu", ["g"], ["h"]),
        node("Gemm", ["h", weights.layer("w2", 128, 10), weights.layer("b2", 10)], ["y"]),
    ]
    return to_file(nodes, weights.tensors, 784, 10)


def transformer(width: int = 64, layers: int = 2, steps: int = 28, heads: int = 4) -> bytes:
    """Encode the rows of an image, as PyTorch exports it: with a GELU of single ops."""
    weights = _Weights()
    ones, zeros = np.ones(width, np.float32), np.zeros(width, np.float32)
    nodes: list[NodeProto] = []

    def add(kind: str, inputs: list[str], **attributes: Any) -> str:
        made = f"v{len(nodes)}"
        nodes.append(node(kind, inputs, [made], **attributes))
        return made

    def dense(value: str, name: str, *shape: int) -> str:
        product = add("MatMul", [value, weights.layer(f"w{name}", *shape)])
        return add("Add", [product, weights.layer(f"b{name}", shape[-1])])

    def norm(value: str, name: str) -> str:
        scale = [weights.constant(f"g{name}", ones), weights.constant(f"o{name}", zeros)]
        return add("LayerNormalization", [value, *scale], axis=-1)

    split = weights.constant("split", [0, 0, heads, width // heads])
    joined = weights.constant("joined", [0, 0, width])
    root = weights.constant("root", np.sqrt(width // heads), np.float32)
    two, one, half = (
        weights.constant(name, value, np.float32)
        for name, value in (("two", np.sqrt(2)), ("one", 1), ("half", 0.5))
    )
    value = add("Reshape", ["x", weights.constant("rows", [-1, steps, 784 // steps])])
    value = dense(value, "in", 784 // steps, width)
    for layer in range(layers):
        query, key, content = (
            add("Transpose", [add("Reshape", [dense(value, f"{p}{layer}", width, width), split])],
                perm=[0, 2, 3, 1] if p == "k" else [0, 2, 1, 3])
            for p in "qkv"
        )  # fmt: skip
        scores = add("Div", [add("MatMul", [query, key]), root])
        seen = add("MatMul", [add("Softmax", [scores], axis=-1), content])
        seen = add("Reshape", [add("Transpose", [seen], perm=[0, 2, 1, 3]), joined])
        value = norm(add("Add", [dense(seen, f"o{layer}", width, width), value]), f"a{layer}")
        wide = dense(value, f"u{layer}", width, 4 * width)
        gate = add("Add", [add("Erf", [add("Div", [wide, two])]), one])
        wide = add("Mul", [add("Mul", [wide, gate]), half])
        value = norm(add("Add", [dense(wide, f"d{layer}", 4 * width, width), value]), f"m{layer}")
    value = add("ReduceMean", [value, weights.constant("axis", [1])], keepdims=0)
    nodes.append(node("Identity", [dense(value, "out", width, 10)], ["y"]))
    return to_file(nodes, weights.tensors, 784, 10)


def _trees(learner: BaseEstimator) -> bytes:
    random = np.random.default_rng(0)
    samples = random.random((2000, 64), np.float32)
    targets = (samples[:, :10] + 0.3 * random.random((2000, 10))).argmax(axis=1)
    learner.fit(samples, targets)
    options = {id(learner): {"zipmap": False}}
    return bytes(
        to_onnx(learner, samples[:1], options=options, target_opset=18).SerializeToString()
    )


def forest() -> bytes:
    return _trees(RandomForestClassifier(50, max_depth=10, random_state=0))


def boosting() -> bytes:
    return _trees(GradientBoostingClassifier(n_estimators=30, max_features=8, random_state=0))


KINDS = {
    "linear": Kind(784, 1000, linear),
    "forest": Kind(64, 10, forest),
    "boosting": Kind(64, 10, boosting),
    "perceptron": Kind(784, 10, perceptron),
    "CNN": Kind(784, 10, convolutional),
    "transformer": Kind(784, 10, transformer),
}
