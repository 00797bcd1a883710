"""The plots of docs/EXPERIMENTS.md, the last step of `make experiments`.

.venv/bin/python -m scripts.lib.experiments.plots FIGURES FOLDER
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# The same figures give the same file.
mpl.rcParams |= {"svg.hashsalt": "experiments", "svg.fonttype": "none", "font.size": 9}
MARKERS = "osD^vP*X"
Content = dict[str, Any]


def draw_times(axes: Axes, content: Content) -> None:
    """Draw the time of each model in the enclave over that of plain onnxruntime."""
    models = content["models"]
    names = dict.fromkeys(model["data_set"] for model in models)
    for name, marker in zip(names, MARKERS, strict=False):
        own = [model for model in models if model["data_set"] == name]
        plain, enclave = ([1000 * model[side] for model in own] for side in ("plain", "enclave"))
        axes.scatter(plain, enclave, s=22, marker=marker, label=name, alpha=0.8)
    ends = [1000 * min(m["plain"] for m in models), 1000 * max(m["enclave"] for m in models)]
    axes.plot(ends, ends, color="grey", linewidth=0.8, label="equal")
    axes.set(xscale="log", yscale="log", xlabel="plain onnxruntime, ms", ylabel="enclave, ms")


def draw_market(axes: Axes, content: Content) -> None:
    """Draw what each purchase is worth on unseen data over its price."""
    for rule, marker in (("top", "o"), ("ensemble", "s")):
        own = [each for each in content["purchases"] if each["rule"] == rule]
        paid, worth = ([each[name] / 1e6 for each in own] for name in ("paid", "unseen"))
        axes.plot(paid, worth, marker=marker, label=rule)
        for x, y, each in zip(paid, worth, own, strict=True):
            axes.annotate(str(each["models"]), (x, y), (3, 4), textcoords="offset points", size=7)
    axes.set(xlabel="paid, dollars", ylabel="accuracy of the vote on unseen data")


PLOTS: dict[str, Callable[[Axes, Content], None]] = {
    "experiments-times": draw_times,
    "experiments-market": draw_market,
}


def draw(figures: Path, folder: Path) -> None:
    """Write all plots."""
    content = json.loads(figures.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    for name, function in PLOTS.items():
        figure = Figure(figsize=(6, 3.6), layout="constrained")
        axes = figure.add_subplot()
        function(axes, content)
        axes.legend(frameon=False, fontsize=8)
        axes.grid(alpha=0.3)
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    draw(*map(Path, sys.argv[1:]))
