"""A small convolutional network in numpy: training, predictions, and its ONNX file.

Two convolutions of 3 by 3 with a stride of 2, each with a ReLU, then a dense layer and a softmax;
trained by Adam (Kingma and Ba, ICLR 2015) on the cross-entropy. Images are square, with one
channel and a size that 4 divides. It exists because no pinned package trains one.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from scripts.lib.bench.kinds import to_file

Array = NDArray[Any]
WIDTHS = (16, 32)
"""Channels of the convolutions."""
BATCH, RATE, DECAYS = 64, 2e-3, (0.9, 0.999)


class Convolutional:
    """A classifier with the interface of scikit-learn's."""

    def __init__(self, steps: int) -> None:
        """Train for that many batches; weights and order follow from a fixed seed."""
        self._steps, self._random = steps, np.random.default_rng(0)
        self.side, self.scale = 0, 1.0
        self.weights: list[Array] = []

    def fit(self, inputs: Array, targets: Array) -> "Convolutional":
        """Train on inputs of shape (n, side * side) and classes of shape (n,)."""
        self.side, classes = round(inputs.shape[1] ** 0.5), int(targets.max()) + 1
        self.scale = float(inputs.max())
        narrow, wide = WIDTHS
        shapes = (9, narrow), (9 * narrow, wide), (wide * (self.side // 4) ** 2, classes)
        weights = [self._random.normal(0, (2 / each[0]) ** 0.5, each) for each in shapes]
        weights += [np.zeros(each[1]) for each in shapes]
        self.weights = [each.astype(np.float32) for each in weights]
        means, squares = ([np.zeros_like(each) for each in self.weights] for _ in DECAYS)
        first, second = DECAYS
        for step in range(1, self._steps + 1):
            rows = self._random.integers(0, len(inputs), BATCH)
            gradients = self._gradients(inputs[rows], targets[rows])
            for weight, gradient, mean, square in zip(
                self.weights, gradients, means, squares, strict=True
            ):
                mean += (1 - first) * (gradient - mean)
                square += (1 - second) * (gradient**2 - square)
                root = np.sqrt(square / (1 - second**step)) + 1e-8
                weight -= RATE * mean / (1 - first**step) / root
        return self

    def predict_proba(self, inputs: Array) -> Array:
        """Return probabilities of shape (n, classes)."""
        parts = np.array_split(inputs, max(len(inputs) // 512, 1))
        return np.concatenate([self._forward(part)[-1] for part in parts])

    def _forward(self, inputs: Array) -> tuple[Array, ...]:
        """Return the patches and the output of each layer, and the probabilities."""
        first, second, dense, *biases = self.weights
        image = inputs.reshape(-1, self.side, self.side, 1) / np.float32(self.scale)
        patches = _patches(image)
        hidden = np.maximum(patches @ first + biases[0], 0)
        others = _patches(hidden)
        last = np.maximum(others @ second + biases[1], 0)
        scores = last.reshape(len(last), -1) @ dense + biases[2]
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return patches, hidden, others, last, shares / shares.sum(axis=1, keepdims=True)

    def _gradients(self, inputs: Array, targets: Array) -> list[Array]:
        patches, hidden, others, last, shares = self._forward(inputs)
        _, second, dense, *_ = self.weights
        error = shares
        error[np.arange(len(targets)), targets] -= 1
        error /= len(targets)
        above = (error @ dense.T).reshape(last.shape) * (last > 0)
        below = _spread(above @ second.T, hidden.shape) * (hidden > 0)
        return [
            np.tensordot(patches, below, ([0, 1, 2], [0, 1, 2])),
            np.tensordot(others, above, ([0, 1, 2], [0, 1, 2])),
            last.reshape(len(last), -1).T @ error,
            below.sum((0, 1, 2)),
            above.sum((0, 1, 2)),
            error.sum(0),
        ]

    def to_onnx(self) -> bytes:
        """Return the ONNX file: float32 inputs of shape (n, side * side), probabilities."""
        narrow, wide = WIDTHS
        first, second, dense, *biases = self.weights
        inner, classes = self.side // 4, dense.shape[1]
        constants = {
            "scale": np.float32(self.scale),
            "image": np.array([-1, 1, self.side, self.side]),
            # Patches have rows, columns, channels; ONNX wants channels before rows and columns.
            "first": first.reshape(3, 3, 1, narrow).transpose(3, 2, 0, 1),
            "second": second.reshape(3, 3, narrow, wide).transpose(3, 2, 0, 1),
            "dense": dense.reshape(inner, inner, wide, classes)
            .transpose(2, 0, 1, 3)
            .reshape(-1, classes),
        } | {f"bias{place}": bias for place, bias in enumerate(biases)}
        window: dict[str, Any] = {"pads": [1, 1, 1, 1], "strides": [2, 2]}
        nodes = [
            helper.make_node("Div", ["x", "scale"], ["scaled"]),
            helper.make_node("Reshape", ["scaled", "image"], ["pixels"]),
            helper.make_node("Conv", ["pixels", "first", "bias0"], ["c0"], **window),
            helper.make_node("Relu", ["c0"], ["r0"]),
            helper.make_node("Conv", ["r0", "second", "bias1"], ["c1"], **window),
            helper.make_node("Relu", ["c1"], ["r1"]),
            helper.make_node("Flatten", ["r1"], ["flat"]),
            helper.make_node("Gemm", ["flat", "dense", "bias2"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["y"], axis=1),
        ]
        tensors = [
            numpy_helper.from_array(np.ascontiguousarray(value), name)
            for name, value in constants.items()
        ]
        return to_file(nodes, tensors, self.side**2, classes)


def _patches(values: Array) -> Array:
    """Return patches (n, s / 2, s / 2, 9 * c) of values (n, s, s, c), as a stride of 2 takes."""
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)))
    found = sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::2, ::2]
    return found.transpose(0, 1, 2, 4, 5, 3).reshape(*found.shape[:3], -1)


def _spread(patches: Array, shape: tuple[int, ...]) -> Array:
    """Add patches up at the places that `_patches` took them from."""
    count, side, _, channels = shape
    half = side // 2
    padded = np.zeros((count, side + 2, side + 2, channels), patches.dtype)
    each = patches.reshape(count, half, half, 3, 3, channels)
    for row in range(3):
        for column in range(3):
            padded[:, row : row + side : 2, column : column + side : 2] += each[
                :, :, :, row, column
            ]
    return padded[:, 1:-1, 1:-1]
