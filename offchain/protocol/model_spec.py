"""Shapes, types and size limits of a task's models, as the manifest sets them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from offchain.protocol.errors import InvalidModel, ModelFault

INPUT_DTYPES = ("float32", "float64", "int64", "int32", "uint8")
STRING = "string"
MAX_INPUTS = 64
"""Maximum number of named inputs of a model."""


OPERATION_SECONDS = 3e-10
"""Upper bound of the time of one operation on one core, as `ModelLimits` counts them."""


class Output(StrEnum):
    """The output that is read from a model, for ``n`` samples and ``c`` columns."""

    LABELS = "labels"
    """int64 of shape (n,), class indices from 0 to c - 1."""
    PROBABILITIES = "probabilities"
    """float64 of shape (n, c): one class each, every row sums to one."""
    SCORES = "scores"
    """float64 of shape (n, c): one class each; margins or logits, the largest wins."""
    VALUES = "values"
    """float64 of shape (n,)."""
    VECTORS = "vectors"
    """float64 of shape (n, c): c values, such as several targets or one score for each item."""
    MULTILABEL = "multilabel"
    """float64 of shape (n, c) in [0, 1]: any number of labels, or the pixels of a mask."""


CLASSES = frozenset({Output.LABELS, Output.PROBABILITIES, Output.SCORES})
"""Outputs whose target is one class for each sample."""


@dataclass(frozen=True)
class Input:
    """One named input of a model.

    Args:
        name: of the input in the ONNX file.
        shape: shape of one sample, without the batch dimension; `()` for a model that takes (n,).
        dtype: one of `INPUT_DTYPES`, or `STRING` for text in UTF-8.
        string_bytes: maximum size of a string in bytes; 0 for numbers.

    Raises:
        ValueError: a field is out of range; names it and what was expected.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    string_bytes: int = 0

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("input without a name, expected the name in the ONNX file")
        if min(self.shape, default=1) < 1:
            raise ValueError(f"input {self.name!r} of shape {self.shape}, expected no size below 1")
        if self.dtype not in (*INPUT_DTYPES, STRING):
            raise ValueError(
                f"input {self.name!r} of {self.dtype!r}, expected one of {(*INPUT_DTYPES, STRING)}"
            )
        if (self.dtype == STRING) != (1 <= self.string_bytes <= 2**16):
            raise ValueError(
                f"input {self.name!r} of {self.dtype} with string_bytes {self.string_bytes}, "
                "expected 1 to 65536 for strings and 0 for numbers"
            )

    @property
    def array_dtype(self) -> np.dtype[Any]:
        """The little-endian dtype of its array; strings are UTF-8, filled up with zero bytes."""
        return np.dtype(f"S{self.string_bytes}" if self.string_bytes else self.dtype).newbyteorder(
            "<"
        )


@dataclass(frozen=True)
class ModelSpec:
    """Shapes and types of a model's inputs and output.

    Args:
        input_shape: shape of one sample of a model with one input of numbers, without the batch
            dimension, such as `(64,)`; `()` when ``inputs`` are named.
        output: the kind of output that is read.
        classes: number of columns: of classes (at least 2), of labels, or of values in a vector
            (at least 1); 0 when one value is read.
        input_dtype: one of `INPUT_DTYPES`, of a model with one input.
        inputs: the inputs of a model with several of them, or with strings.
        missing: True if inputs of floats may be NaN, which then stands for a missing value.

    Raises:
        ValueError: a field is out of range; names it and what was expected.
    """

    input_shape: tuple[int, ...]
    output: Output
    classes: int
    input_dtype: str = "float32"
    inputs: tuple[Input, ...] = ()
    missing: bool = False

    def __post_init__(self) -> None:
        if self.inputs:
            self._check_inputs()
        elif not self.input_shape or min(self.input_shape) < 1:
            raise ValueError(f"input_shape is {self.input_shape}, expected positive dimensions")
        if self.input_dtype not in INPUT_DTYPES:
            raise ValueError(f"input_dtype is {self.input_dtype!r}, expected one of {INPUT_DTYPES}")
        least = {Output.VALUES: 0, Output.VECTORS: 1, Output.MULTILABEL: 1}.get(self.output, 2)
        if least == 0 and self.classes != 0:
            raise ValueError(f"classes is {self.classes}, expected 0 for values")
        if self.classes < least:
            raise ValueError(
                f"classes is {self.classes}, expected at least {least} for {self.output}"
            )

    def _check_inputs(self) -> None:
        names = [each.name for each in self.inputs]
        if self.input_shape:
            raise ValueError(
                f"input_shape is {self.input_shape}, expected () beside the inputs {names}"
            )
        if len(set(names)) != len(names) or len(names) > MAX_INPUTS:
            raise ValueError(f"inputs {names}, expected at most {MAX_INPUTS} of different names")

    @property
    def sample_dtype(self) -> np.dtype[Any]:
        """Little-endian dtype of an array of inputs of shape (n, *input_shape).

        If inputs are named it is a record of all of them, and the array has the shape (n,).
        """
        if self.inputs:
            return np.dtype([(each.name, each.array_dtype, each.shape) for each in self.inputs])
        return np.dtype(self.input_dtype).newbyteorder("<")

    @property
    def columns(self) -> tuple[int, ...]:
        """Shape of one sample's predictions: `()` for labels and values, else `(classes,)`."""
        return () if self.output in (Output.LABELS, Output.VALUES) else (self.classes,)

    @property
    def target_shape(self) -> tuple[int, ...]:
        """Shape of one sample's target: `()` for a class or a value, else `(classes,)`."""
        return () if self.output in CLASSES else self.columns


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
