"""docs/INVARIANTS.md names tests that exist, and numbers its lines."""

import ast
import re

import pytest

from tests.inprocess import ROOT

DOCUMENT = (ROOT / "docs" / "INVARIANTS.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/.:]+)`", DOCUMENT)))


@pytest.mark.parametrize("name", NAMED)
def test_document__test_it_names__exists(name):
    path, _, test = name.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    methods = {
        f"{node.name}.{inner.name}"
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for inner in node.body
        if isinstance(inner, ast.FunctionDef)
    }
    assert not test or test in functions | methods


def test_document__invariants__are_numbered_and_held():
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| I-")]
    numbers = [int(row.split("|")[1].strip().removeprefix("I-")) for row in rows]
    assert numbers == list(range(1, len(rows) + 1))
    assert all("`tests/" in row.rsplit("|", 2)[1] for row in rows)
