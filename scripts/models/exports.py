"""Export honest models of each family, as users of the libraries do; `make models` runs this.

    .venv-models/bin/python -m scripts.models.exports FOLDER [FAMILY …]

Each case is a folder with ``data.npz`` (inputs, and the library's own predictions), ``case.json``
and one ONNX file for each way to export it: ``0.onnx`` as its user would, with defaults, and the
others with one flag of the exporter. A case that exists is not exported again.
"""

import importlib
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Export = Callable[[Path], object]
"""Writes an ONNX file."""

FAMILIES = (
    *("scikit_learn", "boosting", "pytorch", "quantised", "text"),
    *("keras_and_transformers", "torchvision_models", "public", "snippets"),
)
"""Modules of this folder with a function ``export(folder)``."""


def records(**arrays: Array) -> Array:
    """Return an array of records with one field for each named input; text is in UTF-8."""
    columns = {
        name: np.char.encode(each, "utf-8") if each.dtype.kind == "U" else each
        for name, each in arrays.items()
    }
    kinds = [(name, each.dtype, each.shape[1:]) for name, each in columns.items()]
    made = np.empty(len(next(iter(arrays.values()))), kinds)
    for name, each in columns.items():
        made[name] = each
    return made


class Folder:
    """The folder of one run, with a folder for each family in it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def add(
        self,
        family: str,
        name: str,
        make: Callable[[], tuple[Mapping[str, Export], Array, Array]],
        classes: int = 0,
        output: str = "",
    ) -> None:
        """Write a case unless it exists.

        Args:
            family: such as ``scikit-learn``.
            name: of the case.
            make: returns the exports by flag, ``""`` for the defaults; inputs, as `records` if they
                are named; and predictions.
            classes: number of classes; 0 for a regression, -1 for as many as were predicted.
            output: ``values``, ``probabilities`` or ``labels``; by the classes if empty.
        """
        target = self._root / family / name
        if (target / "case.json").exists():
            return
        target.mkdir(parents=True, exist_ok=True)
        record: dict[str, Any] = {"family": family, "name": name, "classes": classes}
        record["output"] = output or ("probabilities" if classes else "values")
        try:
            exports, inputs, expected = make()
            if classes < 0:
                record["classes"] = max(prod(expected.shape[1:]), 1)
            np.savez(target / "data.npz", inputs=inputs, expected=expected)
            record["flags"] = list(exports)
            for index, export in enumerate(exports.values()):
                export(target / f"{index}.onnx")
        except Exception as error:  # the exporter's own limits: counted apart
            record["exporter"] = f"{type(error).__name__}: {str(error)[:200]}"
            traceback.print_exc(limit=-2)
        (target / "case.json").write_text(json.dumps(record))
        print(family, name, record.get("exporter", "ok")[:90], flush=True)


def main() -> None:
    root, *families = sys.argv[1:]
    for family in families or FAMILIES:
        importlib.import_module(f"scripts.models.{family}").export(Folder(Path(root)))


if __name__ == "__main__":
    main()
