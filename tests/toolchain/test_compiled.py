"""titanoboa's cache serves no contract whose sources have changed, however deep the change is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compiled import imported_sources, source_digest

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
from tests.compiled import cache_of, use_cache
root, name = Path(sys.argv[1]), "contracts/Facade.vy"
set_search_paths([str(root)])
if sys.argv[2] == "all":
    use_cache(root)
    print(boa.load(str(root / name)).answer())
else:
    with cache_of(root, name):
        print(boa.load(str(root / name)).answer())
"""


def answer(root: Path, of: str) -> str:
    """The answer of the contract, compiled in a process of its own or taken from the cache."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root), of],
        cwd=ROOT,
        env={**os.environ, "HOME": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


@pytest.mark.parametrize("of", ["all", "one"])
def test_cache__edit_of_a_module_behind_a_module__compiles_anew(tmp_path: Path, of: str) -> None:
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    sources = {"Facade": FACADE, "middle": MIDDLE, "deep": DEEP.format(answer=1)}
    for name, source in sources.items():
        (contracts / f"{name}.vy").write_text(source)
    before = source_digest(tmp_path)
    assert answer(tmp_path, of) == "1"
    assert answer(tmp_path, of) == "1"
    (contracts / "deep.vy").write_text(DEEP.format(answer=2))
    assert source_digest(tmp_path) != before
    assert answer(tmp_path, of) == "2"


def test_imported_sources__market__are_those_of_the_compiler() -> None:
    name = "contracts/ModelMarket.vy"
    program = [Path(sys.executable).parent / "vyper", "-f", "annotated_ast", "-p", ".", name]
    run = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
    read = {Path(path) for path in re.findall(r'"resolved_path": "([^"]+)"', run.stdout)}
    own = {path for path in read if ROOT in path.parents and "site-packages" not in path.parts}
    assert imported_sources(ROOT, name) == own
    assert len(own) > 15
