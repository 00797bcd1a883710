"""Models that onnxruntime's own tools have quantised to eight bits."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from onnxruntime import quantization
from torch import nn

from scripts.models.exports import Array, Export, Folder
from scripts.models.pytorch import IMAGE, ROWS_OF, TABLE, Attention, Convolutional, perceptron

NETWORKS: Mapping[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "perceptron": (perceptron, TABLE),
    "convolutional": (Convolutional, IMAGE),
    "transformer": (Attention, ROWS_OF),
    "perceptron-Tanh": (partial(perceptron, nn.Tanh), TABLE),
}


class Calibration(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Some samples, for the ranges of static quantisation."""

    def __init__(self, inputs: Array) -> None:
        self._rows: Iterator[Array] = iter(inputs[:16, None])

    def get_next(self) -> dict[str, Array] | None:
        return next(({"x": row} for row in self._rows), None)


def export(folder: Folder) -> None:
    """Export every network with each way to quantise it."""
    static = quantization.QuantFormat
    for name, (make, shape) in NETWORKS.items():
        for kind, options in {
            "dynamic": None,
            "QDQ": {"quant_format": static.QDQ},
            "QOperator": {"quant_format": static.QOperator},
        }.items():
            folder.add("quantised", f"{name}-{kind}", _case(make, shape, options), 10)


def _case(
    make: Callable[[], nn.Module], shape: tuple[int, ...], options: dict[str, Any] | None
) -> Callable[[], tuple[Mapping[str, Export], Array, Array]]:
    def build() -> tuple[Mapping[str, Export], Array, Array]:
        torch.manual_seed(0)
        model, inputs = make().eval(), torch.rand(64, *shape)
        with torch.no_grad():
            expected = model(inputs).numpy()

        def write(file: Path) -> None:
            plain = file.with_name("plain.onnx")
            names = {"input_names": ["x"], "output_names": ["y"], "opset_version": 17}
            axes = {"x": {0: "n"}, "y": {0: "n"}}
            torch.onnx.export(
                model, (inputs[:1],), str(plain), dynamo=False, dynamic_axes=axes, **names
            )
            if options is None:
                quantization.quantize_dynamic(plain, file)
            else:
                quantization.quantize_static(plain, file, Calibration(inputs.numpy()), **options)

        return {"": write}, inputs.numpy(), expected

    return build
