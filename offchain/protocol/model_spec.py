"""Shapes, types and size limits of a task's models, as the manifest sets them."""

from dataclasses import dataclass
from enum import StrEnum

from offchain.protocol.errors import InvalidModel, ModelFault

INPUT_DTYPES = ("float32", "float64", "int64", "uint8")


class Output(StrEnum):
    """The output that is read from a model, for ``n`` samples and ``c`` classes."""

    LABELS = "labels"
    """int64 of shape (n,), class indices from 0 to c - 1."""
    PROBABILITIES = "probabilities"
    """float64 of shape (n, c)."""
    VALUES = "values"
    """float64 of shape (n,)."""


@dataclass(frozen=True)
class ModelSpec:
    """Shapes and types of a model's input and output.

    Args:
        input_shape: shape of one sample, without the batch dimension, such as `(64,)`.
        output: the kind of output that is read.
        classes: number of classes, at least 2; 0 when values are read.
        input_dtype: one of `INPUT_DTYPES`.

    Raises:
        ValueError: a field is out of range; names it and what was expected.
    """

    input_shape: tuple[int, ...]
    output: Output
    classes: int
    input_dtype: str = "float32"

    def __post_init__(self) -> None:
        if not self.input_shape or min(self.input_shape) < 1:
            raise ValueError(f"input_shape is {self.input_shape}, expected positive dimensions")
        if self.input_dtype not in INPUT_DTYPES:
            raise ValueError(f"input_dtype is {self.input_dtype!r}, expected one of {INPUT_DTYPES}")
        if self.output is Output.VALUES and self.classes != 0:
            raise ValueError(f"classes is {self.classes}, expected 0 for values")
        if self.output is not Output.VALUES and self.classes < 2:
            raise ValueError(f"classes is {self.classes}, expected at least 2 for {self.output}")


@dataclass(frozen=True)
class ModelLimits:
    """Resource limits of a model, checked before it runs: exceeding one is the model's result.

    Args:
        model_bytes: size of the ONNX file in bytes.
        nodes: ONNX nodes in the graph, those of nested graphs included.
        memory_bytes: upper bound in bytes of the parsed model, its weights, all values of one batch
            at once, and all predictions.
        operations: upper bound of the work for all samples, one pass. The unit is one
            multiplication of a large matrix product; other work is charged by the time it takes.
        batch_rows: samples in one batch. A model sees every batch at this size: the last one is
            filled up with copies of the last sample.
        extra_ops: ONNX ops admitted beyond the allow-list, such as `("Loop",)`. No static check
            bounds their values; only the limits of the child process do.

    Raises:
        ValueError: a field is below 1; names it and what was expected.
    """

    model_bytes: int = 64 * 2**20
    nodes: int = 10_000
    memory_bytes: int = 2**30
    operations: int = 10**12
    batch_rows: int = 256
    extra_ops: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("model_bytes", "nodes", "memory_bytes", "operations", "batch_rows"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} is {value}, expected at least 1")

    def check_size(self, size: int) -> None:
        """Refuse an ONNX file of more than ``model_bytes``.

        Raises:
            InvalidModel: `TOO_LARGE`.
        """
        if size > self.model_bytes:
            raise InvalidModel(
                ModelFault.TOO_LARGE, f"{size} bytes, expected {self.model_bytes} at most"
            )
