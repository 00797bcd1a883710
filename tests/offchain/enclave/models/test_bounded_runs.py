"""The node tests of onnx, and random graphs: shapes, memory and no crash (work is printed)."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import settings

SIZE = "deep" if settings.get_current_profile_name() == "deep" else "quick"
LEAST_RUN = {
    "quick": {"nodes": 200, "graphs": 60, "attention": 60},
    "deep": {"nodes": 1700, "graphs": 2000, "attention": 60},
}
"""Models that pass the static checks and run, at least."""

LOADED_BYTES = 2 * 2**20
"""Memory of a session beside the model's, such as its kernels; the sandbox's margin covers it."""


@pytest.mark.parametrize("family", ["nodes", "graphs", "attention"])
def test_walk__models_of_every_kind__keep_their_bounds(family, capsys):
    command = [sys.executable, "-m", "tests.offchain.enclave.models.bounded_runs", family, SIZE]
    lines = subprocess.run(command, capture_output=True, check=True).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    run = [each for each in found if "wrong" in each]
    refused = Counter(each["refused"] for each in found if "refused" in each)
    slowest = max(run, key=lambda each: each["factor"])
    with capsys.disabled():
        print(
            f"\n{family}: {len(found)} models, {len(run)} run, refused {dict(refused)}, "
            f"at most {slowest['factor']:.2f} of the time of the work ({slowest['name']})"
        )
    assert [each for each in found if "crash" in each] == []
    assert [(each["name"], each["wrong"]) for each in run if each["wrong"]] == []
    assert len(run) >= LEAST_RUN[SIZE][family]
    for each in run:
        assert each["used_bytes"] < each["memory_bytes"] + LOADED_BYTES, each["name"]
