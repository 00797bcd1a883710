"""Each file in `scripts/` is one that `brownie run` can run; the others are in `scripts/lib/`."""

import ast
import json
from pathlib import Path

import pytest
from brownie import run

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
LIBRARIES = sorted((ROOT / "scripts" / "lib").rglob("*.py"))


def main_of(path: Path) -> list[ast.FunctionDef]:
    body = ast.parse(path.read_text()).body
    return [node for node in body if isinstance(node, ast.FunctionDef) and node.name == "main"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script__main__is_documented_and_returns_what_it_made(path):
    (main,) = main_of(path)
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert ast.get_docstring(main)
    assert main.returns is not None
    assert ast.unparse(main.returns) != "None"


@pytest.mark.parametrize("path", LIBRARIES, ids=lambda path: path.stem)
def test_library__has_a_docstring_and_no_main(path):
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert main_of(path) == []


def test_run__deploy__returns_the_contracts_of_its_address_book(fn_isolation):
    made = run("deploy")
    book = json.loads((ROOT / "deployments" / "development.json").read_text())
    for name in ("verifier", "registry", "market"):
        assert getattr(made, name).address == book[name]
    assert made.registry.market() == made.market
