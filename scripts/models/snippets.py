"""The snippets of docs/MODELS.md: each writes ``model.onnx`` and makes ``inputs`` and ``expected``.

``inputs`` is one array, or a dictionary of named ones; ``expected`` is a table of probabilities.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scripts.models.exports import Array, Export, Folder, records

PAGE = Path(__file__).parents[2] / "docs/MODELS.md"
BASE = "scikit-learn"
"""The exporter whose snippet the test suite runs."""


def snippets() -> dict[str, str]:
    """Return the code of each exporter by its heading."""
    found = re.findall(r"^### ([^\n]+)\n+```python\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    return dict(found)


def run(code: str) -> tuple[bytes, Array, Array]:
    """Run a snippet in a folder of its own; return its file, the inputs and the predictions."""
    names: dict[str, Any] = {}
    with _folder():
        exec(compile(code, PAGE.name, "exec"), names)  # noqa: S102 - a page of this repository
        model = Path("model.onnx").read_bytes()
    inputs = names["inputs"]
    if isinstance(inputs, dict):
        inputs = records(**{name: np.asarray(each) for name, each in inputs.items()})
    return model, np.asarray(inputs), np.asarray(names["expected"])


@contextlib.contextmanager
def _folder() -> Iterator[None]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def case(code: str) -> Callable[[], tuple[Mapping[str, Export], Array, Array]]:
    """Return a case of a snippet."""

    def build() -> tuple[Mapping[str, Export], Array, Array]:
        model, inputs, expected = run(code)
        return {"": lambda file: file.write_bytes(model)}, inputs, expected

    return build


def export(folder: Folder) -> None:
    """Export the cases of all snippets."""
    for name, code in snippets().items():
        folder.add("snippets of MODELS.md", name, case(code), -1, "probabilities")
