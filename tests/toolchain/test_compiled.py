"""titanoboa's cache serves no contract whose sources have changed, however deep the change is."""

import os
import subprocess
import sys
from pathlib import Path

from tests.compiled import source_digest

ROOT = Path(__file__).resolve().parents[2]
DEEP = "# pragma version 0.4.3\n@internal\n@pure\ndef _answer() -> uint256:\n    return {answer}\n"
MIDDLE = (
    "# pragma version 0.4.3\nfrom contracts import deep\n"
    "@internal\n@pure\ndef _answer() -> uint256:\n    return deep._answer()\n"
)
FACADE = (
    "# pragma version 0.4.3\nfrom contracts import middle\n"
    "@external\n@pure\ndef answer() -> uint256:\n    return middle._answer()\n"
)
PROGRAM = """
import sys
from pathlib import Path
import boa
from boa.interpret import set_search_paths
from tests.compiled import use_cache
root = Path(sys.argv[1])
use_cache(root)
set_search_paths([str(root)])
print(boa.load(str(root / "contracts/Facade.vy")).answer())
"""


def answer(root: Path) -> str:
    """The answer of the contract, compiled in a process of its own or taken from the cache."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root)],
        cwd=ROOT,
        env={**os.environ, "HOME": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def test_use_cache__edit_of_a_module_behind_a_module__compiles_anew(tmp_path: Path) -> None:
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    sources = {"Facade": FACADE, "middle": MIDDLE, "deep": DEEP.format(answer=1)}
    for name, source in sources.items():
        (contracts / f"{name}.vy").write_text(source)
    before = source_digest(tmp_path)
    assert answer(tmp_path) == "1"
    assert answer(tmp_path) == "1"
    (contracts / "deep.vy").write_text(DEEP.format(answer=2))
    assert source_digest(tmp_path) != before
    assert answer(tmp_path) == "2"
