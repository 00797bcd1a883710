"""ONNX files that packages on PyPI ship, as they are: `onnx`, `onnxruntime` and two others.

A file is judged as a task's model with a vector for each sample. Many were made for other ends: a
single op without a batch, or a detector that keeps a state. They are counted apart.
"""

import importlib.metadata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime import InferenceSession, SessionOptions

from scripts.models.exports import Array, Export, Folder, records

PACKAGES = ("onnx", "onnxruntime", "rapidocr-onnxruntime", "silero-vad")
ROWS, OPEN = 2, 64
"""Samples of each case, and the size of a dimension that a file leaves open."""


def files(package: str) -> list[Path]:
    """Return the ONNX files of an installed package."""
    found = importlib.metadata.files(package) or ()
    return sorted(Path(str(each.locate())) for each in found if each.suffix == ".onnx")


def case(file: Path) -> Callable[[], tuple[Mapping[str, Export], Array, Array]]:
    """Return a case of one file, with made-up inputs of its shapes."""

    def build() -> tuple[Mapping[str, Export], Array, Array]:
        options = SessionOptions()
        options.log_severity_level = 4
        session = InferenceSession(str(file), options)
        random, inputs = np.random.default_rng(0), {}
        for each in session.get_inputs():
            sizes = [size if isinstance(size, int) and size > 0 else OPEN for size in each.shape]
            first = each.shape[0] if each.shape else None
            sizes[:1] = [first if isinstance(first, int) and first > 0 else ROWS] if sizes else []
            inputs[each.name] = _values(each.type, sizes, random)
        made = np.asarray(session.run(None, inputs)[0])
        single = next(iter(inputs.values())) if len(inputs) == 1 else None
        plain = single is not None and single.dtype.kind in "fiu" and single.ndim > 1
        samples = single if plain else records(**inputs)
        return {"": lambda target: target.write_bytes(file.read_bytes())}, samples, made

    return build


def _values(kind: str, sizes: list[int], random: Any) -> Array:
    if kind == "tensor(string)":
        return np.full(sizes, "word")
    if kind == "tensor(bool)":
        return np.ones(sizes, bool)
    name = kind.removeprefix("tensor(").removesuffix(")")
    dtype = {"float": "float32", "double": "float64"}.get(name, name)
    return (random.random(sizes) * 4).astype(dtype)


def export(folder: Folder) -> None:
    """Add every file as a case."""
    for package in PACKAGES:
        for file in files(package):
            graph = onnx.load(file, load_external_data=False).graph
            name = file.stem if file.stem != "model" else file.parent.name
            if not graph.output or not graph.input:
                continue
            folder.add(f"public: {package}", name, case(file), -1, "vectors")
