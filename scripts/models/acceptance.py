"""The share of exported models that an enclave accepts, and whether it predicts what they do.

    .venv/bin/python -m scripts.models.acceptance FOLDER [FAMILY …]

A case is accepted as it comes, or with one flag of the exporter that the refusal names. Its scores
are compared with those of plain onnxruntime on the same file, with all of its defaults.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.enclave.benchmark import read
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.enclave.models.text import load_locale
from offchain.protocol.errors import InvalidModel, RunAborted
from offchain.protocol.model_spec import STRING, Input, ModelSpec, Output
from offchain.provider.hidden_set import propose_limits

# after the enclave's own module, which switches the runtime's telemetry off
from onnxruntime import InferenceSession, SessionOptions  # isort: skip

Array = NDArray[Any]

APART = "public: "
"""Start of the families that are not counted in the sum: files that were not made for a sale."""


@dataclass(frozen=True)
class Verdict:
    """Outcome of a case.

    Args:
        accepted: the flag it was accepted with, empty for none; None if it was refused.
        apart: largest difference from plain onnxruntime.
        reason: the last refusal.
    """

    accepted: str | None
    apart: float = 0.0
    reason: str = ""


def judge(folder: Path) -> Verdict:
    """Check and run the files of a case until one is accepted."""
    case = json.loads((folder / "case.json").read_text())
    reason = ""
    if "exporter" in case:  # such as a state beside the batch
        return Verdict(None, reason=case["exporter"])
    with np.load(folder / "data.npz") as data:
        inputs = data["inputs"]
    try:
        spec = spec_of(inputs, Output(case["output"]), case["classes"])
    except ValueError as error:  # no task has such inputs
        return Verdict(None, reason=str(error))
    limits = propose_limits(spec, len(inputs))
    for index, flag in enumerate(case["flags"]):
        model = (folder / f"{index}.onnx").read_bytes()
        try:
            run = run_model(model, inputs, spec, limits, RunLimits(), 0)
            ours = read(run.plain, spec)
        except (InvalidModel, RunAborted) as refusal:
            reason = reason or str(refusal)
            continue
        return Verdict(flag, apart(folder / f"{index}.onnx", inputs, ours))
    return Verdict(None, reason=reason)


def spec_of(inputs: Array, output: Output, classes: int) -> ModelSpec:
    """Return the shapes and types of a task with these inputs; records are named inputs."""
    floats = [each for each in feeds_of(inputs, "").values() if each.dtype.kind == "f"]
    missing = any(bool(np.isnan(each).any()) for each in floats)
    if inputs.dtype.names is None:
        kind = str(inputs.dtype)
        return ModelSpec(inputs.shape[1:], output, classes, kind, missing=missing)
    named = []
    for name in inputs.dtype.names:
        column = inputs[name]
        size = column.dtype.itemsize if column.dtype.kind == "S" else 0
        kind = STRING if size else str(column.dtype)
        named.append(Input(name, column.shape[1:], kind, size))
    return ModelSpec((), output, classes, inputs=tuple(named), missing=missing)


def feeds_of(inputs: Array, name: str) -> dict[str, Array]:
    """Return the inputs as plain onnxruntime takes them; a single one has the given name."""
    if inputs.dtype.names is None:
        return {name: inputs}
    columns = {each: inputs[each] for each in inputs.dtype.names}
    return {
        each: np.char.decode(column, "utf-8").astype(object) if column.dtype.kind == "S" else column
        for each, column in columns.items()
    }


def apart(file: Path, inputs: Array, ours: Array) -> float:
    """Return the largest difference between our predictions and those of plain onnxruntime."""
    options = SessionOptions()
    options.log_severity_level = 4
    try:
        session = InferenceSession(str(file), options)
    except Exception:  # such as a ZipMap of doubles, past which an enclave reads
        return 0.0
    rows = session.get_inputs()[0].shape[0]
    step = rows if isinstance(rows, int) and rows > 0 else len(inputs)
    name = session.get_inputs()[0].name
    batches = [feeds_of(inputs[i : i + step], name) for i in range(0, len(inputs), step)]
    parts = [session.run(None, feeds) for feeds in batches]
    best = np.inf
    for place in range(len(parts[0])):
        best = min(best, difference([part[place] for part in parts], ours))
    return float(best)


def difference(parts: list[Any], ours: Array) -> float:
    """Return the largest difference between an output and our predictions; infinity if none fit."""
    if isinstance(parts[0], list):  # of a ZipMap
        theirs = np.array([list(row.values()) for part in parts for row in part], float)
    else:
        theirs = np.concatenate(parts)
    if theirs.dtype.kind not in "iuf":
        return float("inf")
    if ours.ndim == 2 and theirs.size == len(ours):
        theirs = np.hstack((1 - theirs.reshape(-1, 1), theirs.reshape(-1, 1)))
    if ours.ndim == 1 and theirs.ndim == 2 and theirs.shape[1] > 1:
        theirs = theirs.argmax(axis=1)
    if theirs.size != ours.size:
        return float("inf")
    if ours.ndim == 2 and np.allclose(ours.sum(axis=1), 1):  # probabilities
        theirs = theirs.clip(0, 1) / theirs.clip(0, 1).sum(axis=1, keepdims=True)
    scale = max(1.0, float(np.abs(theirs).max()))
    return float(np.abs(theirs.reshape(ours.shape) - ours).max() / scale)


def table(root: Path, families: list[str]) -> Iterator[str]:
    """Judge every case and yield the lines of the table."""
    yield "| family | models | as they come | with the named flag | share | largest difference |"
    yield "|---|---|---|---|---|---|"
    total: Counter[str] = Counter()
    for family in families or sorted(each.name for each in root.iterdir() if each.is_dir()):
        count: Counter[str] = Counter()
        largest = 0.0
        for folder in sorted((root / family).iterdir()):
            if not (folder / "case.json").exists():
                continue
            case = json.loads((folder / "case.json").read_text())
            if "exporter" in case and not family.startswith(APART):
                count["exporter"] += 1
                continue
            verdict = judge(folder)
            count["models"] += 1
            count["default"] += verdict.accepted == ""
            count["flag"] += bool(verdict.accepted)
            largest = max(largest, verdict.apart)
            if verdict.accepted is None or verdict.apart > 1e-3:
                where = f"{family}/{folder.name}"
                print(f"{where}: {verdict.reason or verdict.apart}", file=sys.stderr, flush=True)
        if not family.startswith(APART):
            total += count
        yield line(family, count, f"{largest:.1e}")
    yield line("all", total, "")
    yield f"\nNot exported by their own library: {total['exporter']}."


def line(family: str, count: Counter[str], largest: str) -> str:
    """Return a row of the table."""
    share = (count["default"] + count["flag"]) / max(count["models"], 1)
    columns = (family, count["models"], count["default"], count["flag"], f"{share:.0%}", largest)
    return f"| {' | '.join(map(str, columns))} |"


def main() -> None:
    """Print the table."""
    load_locale()  # of text for plain onnxruntime
    for each in table(Path(sys.argv[1]), sys.argv[2:]):
        print(each, flush=True)


if __name__ == "__main__":
    main()
