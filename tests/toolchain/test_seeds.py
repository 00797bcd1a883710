"""Random tests draw other examples in every run, and a printed seed plays a run again."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST = """
from hypothesis import given, strategies as st

@given(st.integers(0, 2**64))
def test_random(number):
    print("drawn", number)
"""


@pytest.fixture
def run(tmp_path: Path):
    """Runs a random test under the settings of all suites, as in CI; returns seed and examples."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_random.py").write_text(TEST)

    def runs(*options: str) -> tuple[str, list[str]]:
        plugin = "-p", "_hypothesis_pytestplugin"
        command = [sys.executable, "-m", "pytest", "-q", "-s", *plugin, f"--rootdir={tmp_path}"]
        done = subprocess.run(
            [*command, *options, str(tmp_path)],
            env={**os.environ, "CI": "true", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        seed = re.findall(r"--hypothesis-seed=(\w+)", done.stdout)[-1]
        return seed, re.findall(r"drawn (\d+)", done.stdout)

    return runs


def test_examples__two_runs__differ_and_a_seed_plays_one_again(run):
    (first, drawn), (second, others) = run(), run()
    assert first != second
    assert drawn != others
    assert run(f"--hypothesis-seed={first}") == (first, drawn)
    assert len(set(drawn)) > 40
