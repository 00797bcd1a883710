"""The environment is what the requirements say, and Brownie in it is the interpreted build."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

EXPECTED = Path(__file__).with_name("pip_check.txt")


def test_pip_check__environment__misses_only_what_is_listed() -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"]
    found = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=False).stdout
    expected = [line for line in EXPECTED.read_text().splitlines() if not line.startswith("#")]
    assert sorted(found.splitlines()) == expected


def test_brownie__as_installed__is_interpreted() -> None:
    """The compiled build rejects Vyper >= 0.4."""
    found = find_spec("brownie")
    assert found is not None
    (folder,) = found.submodule_search_locations or ()
    assert list(Path(folder).rglob("*.py"))
    assert not list(Path(folder).rglob("*.so"))
