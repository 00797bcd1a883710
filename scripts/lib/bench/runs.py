"""Runs of models in the enclave beside plain onnxruntime, in turns.

Their times are CPU times, so that they are the same on a machine that has other work. A run has one
thread at a time, so on a quiet machine they are the times on the clock.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from statistics import median
from typing import Any

from joblib import Parallel, delayed, parallel_config

from offchain.enclave.models import runner
from offchain.enclave.models.runner import RunLimits, SecondPass, run_model
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.passes import order, part_rows
from scripts.lib.bench.kinds import KINDS, Floats, Kind

EXTENDED, DEFAULT = "ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL"
BATCHES = (8, 32, 128, 512)
INPUT_BYTES = 2**29
WORKER_RUNS = 12
TOLERANCE = 10_000
"""Of the part of the second pass, in parts per million."""

LIMITS = ModelLimits(memory_bytes=2**33, operations=10**15)


@dataclass(frozen=True)
class RunFigures:
    """Figures of a kind of model: seconds are of this run, ratios of medians in turns."""

    kind: str
    rows: int
    plain: float
    part: int
    ratio_part: float
    ratio_whole: float
    ratio_default: float
    fixed: float
    """Milliseconds of a run on one sample, beyond those of plain onnxruntime: a mean."""


def enclave(model: bytes, kind: Kind, samples: Floats, part: int) -> float:
    """Return the seconds of a run whose part of the second pass agrees: of parent and child."""
    rows = len(samples)
    second = SecondPass(order(bytes(32), 2, rows), part, lambda *_: True)
    spec = ModelSpec((kind.features,), Output.LABELS, kind.classes)
    start = time.process_time() + children_seconds()
    run_model(model, samples, spec, LIMITS, RunLimits(), 0, second)
    return time.process_time() + children_seconds() - start


def children_seconds() -> float:
    """Return the CPU time of all children that the zygote has reaped, in steps of 10 ms."""
    running = runner._ZYGOTE._running
    if running is None:
        return 0.0
    stat = Path(f"/proc/{running[0].pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
    user, system = stat.split()[13:15]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def plain(file: Path, name: str, rows: int) -> Iterator[Callable[[int, int, str], float]]:
    """Yield a function of rows, batch size and level that returns the seconds of a plain run."""
    command = [sys.executable, "-m", "scripts.lib.bench.plain", str(file), name, str(rows)]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        sink, source = process.stdin, process.stdout
        if sink is None or source is None:
            raise RuntimeError("a process without pipes")

        def run(count: int, batch: int, level: str) -> float:
            print(count, batch, level, file=sink, flush=True)
            return float(source.readline())

        yield run
        sink.close()


def compare(name: str, folder: Path, seconds: float, turns: int) -> RunFigures:
    """Compare a kind of model, on as many rows as plain onnxruntime needs some seconds for."""
    kind = KINDS[name]
    model, file = kind.make(), folder / f"{name}.onnx"
    file.write_bytes(model)
    most = INPUT_BYTES // (4 * kind.features)
    with plain(file, name, most) as run:
        run(512, 128, EXTENDED)
        loaded = min(run(1, 1, EXTENDED) for _ in range(3))
        times = {batch: min(run(2048, batch, EXTENDED) for _ in range(3)) for batch in BATCHES}
        best = min(times, key=lambda batch: times[batch])
        rows = min(most, int(seconds * 2048 / max(times[best] - loaded, 1e-4)))
        samples = kind.samples(rows)
        part = part_rows("accuracy", rows, None, TOLERANCE)
        enclave(model, kind, samples, 1)  # writes the shared memory
        ours = {"part": part, "whole": rows}
        found: dict[str, list[float]] = {"plain": [], "default": [], "part": [], "whole": []}
        for _ in range(turns):
            found["plain"].append(run(rows, best, EXTENDED))
            found["default"].append(run(rows, best, DEFAULT))
            for case, size in ours.items():
                found[case].append(enclave(model, kind, samples, size))
        one = samples[:1].copy()
        enclave(model, kind, one, 1)
        count = 8 * turns  # whose sum is long beside a tick of the clock
        fixed = (
            sum(enclave(model, kind, one, 1) - run(1, 1, EXTENDED) for _ in range(count)) / count
        )

    def ratio(case: str, base: str) -> float:
        pairs = zip(found[case], found[base], strict=True)
        return median(ours / theirs for ours, theirs in pairs)

    return RunFigures(
        name,
        rows,
        median(found["plain"]),
        part,
        ratio("part", "plain"),
        ratio("whole", "plain"),
        ratio("part", "default"),
        1000 * fixed,
    )


def workers(turns: int, client: object, folder: Path) -> tuple[float, float, float]:
    """Return how much faster two workers are than one, and a cluster of two than two workers.

    The second of the three is for two processes of plain onnxruntime: the most that the machine
    gives.
    """
    kind = KINDS["CNN"]  # a second for each run
    model, samples, file = kind.make(), kind.samples(10_000), folder / "workers.onnx"
    file.write_bytes(model)

    def measure(
        count: int, run: Callable[..., object], *values: object, **options: object
    ) -> float:
        start = time.perf_counter()
        with parallel_config(**{"backend": "threading", **options}):
            Parallel(n_jobs=count)(delayed(run)(*values) for _ in range(WORKER_RUNS))
        return time.perf_counter() - start

    whole = enclave, model, kind, samples, len(samples)
    cluster: dict[str, Any] = {"backend": "dask", "client": client}
    with plain(file, "CNN", 10_000) as one, plain(file, "CNN", 10_000) as other:
        idle = Queue[Callable[[int, int, str], float]]()
        idle.put(one)
        idle.put(other)

        def run_plain() -> None:
            run = idle.get()
            run(10_000, 32, EXTENDED)
            idle.put(run)

        measure(2, *whole)
        measure(2, *whole, **cluster)
        found = [
            (
                measure(1, *whole),
                measure(2, *whole),
                measure(2, *whole, **cluster),
                measure(1, run_plain),
                measure(2, run_plain),
            )
            for _ in range(turns)
        ]
    return (
        median(one / two for one, two, *_ in found),
        median(one / two for *_, one, two in found),
        median(two / dask for _, two, dask, *_ in found),
    )
