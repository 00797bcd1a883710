"""Memory of a measurement: the capacity check bounds the peak of a real process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
SLACK = 24 * 2**20
"""For the interpreter: objects of libraries and pieces of the allocator."""

TASK = {"width": 1, "classes": 2, "dtype": "uint8", "workers": 1, "metric": "accuracy"}


@pytest.fixture(scope="module")
def measured():
    """Return a function from a task to its peak and the bound of the capacity check, in bytes."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-m", "tests.fire.peak"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def measure(task: dict[str, object]) -> tuple[int, int]:
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert process.stdout.readline() == "\n"
            return answer["peak"], answer["bound"]

        yield measure


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 400_000, "sample": 400_000, "output": "labels", "workers": 2},
        {
            "rows": 50_000,
            "sample": 50_000,
            "output": "probabilities",
            "classes": 40,
            "metric": "log_loss_skill",
        },
        {
            "rows": 3_000_000,
            "sample": 1000,
            "output": "values",
            "classes": 0,
            "metric": "r2",
        },
    ],
)
def test_measuring_bytes__large_task__bounds_the_peak(measured, changes):
    """Rows of nine bytes, all sampled; a wide table; and a test set larger than its sample."""
    peak, bound = measured(TASK | changes)
    assert peak <= bound + SLACK
    assert bound <= 4 * peak + SLACK


METRICS = {
    "accuracy": ("labels", "probabilities"),
    "balanced_accuracy": ("labels", "probabilities"),
    "f1_macro": ("labels", "probabilities"),
    "roc_auc_ovr": ("probabilities",),
    "log_loss_skill": ("probabilities",),
    "r2": ("values",),
    "mae_skill": ("values",),
}


@st.composite
def tasks(draw: st.DrawFn) -> dict[str, object]:
    metric = draw(st.sampled_from(sorted(METRICS)))
    output = draw(st.sampled_from(METRICS[metric]))
    rows = draw(st.integers(10_000, 400_000))
    return {
        "rows": rows,
        "sample": draw(st.integers(1000, rows)),
        "width": draw(st.integers(1, 20)),
        "classes": 0 if output == "values" else draw(st.integers(2, 12)),
        "output": output,
        "dtype": draw(st.sampled_from(["float32", "float64", "int64", "uint8"])),
        "metric": metric,
        "workers": draw(st.integers(1, 3)),
    }


def examples() -> int:
    return 200 if settings.default.max_examples > 50 else 1


@given(tasks())
@settings(max_examples=examples())
def test_measuring_bytes__any_task__bounds_the_peak(measured, task):
    peak, bound = measured(task)
    assert peak <= bound + SLACK
