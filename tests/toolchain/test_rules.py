"""Every rule of docs/SPEC.md and docs/INVARIANTS.md has a number, a test, and a proof of the test.

The proof is a break in tests/mutation/breaks, which `make invariants` plays.
"""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from tests.mutation.rules import NUMBER, ROOT, breaks, numbers
from tests.reasons import REASONS

SPEC = (ROOT / "docs" / "SPEC.md").read_text()
INVARIANTS = (ROOT / "docs" / "INVARIANTS.md").read_text()
RULES = numbers("SPEC.md") + numbers("INVARIANTS.md")
BREAKS = list(breaks())
HOLDS = re.compile(r"^\s*# Holds (.*)\.$")


@cache
def held(path: Path) -> dict[str, set[str]]:
    """The rules that tests of a file hold, by `Class.method` or name; of the whole file by ''."""
    text = path.read_text()
    lines, tree, found = text.splitlines(), ast.parse(text), defaultdict(set)
    named = {}
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else []
        for function in [node, *inner]:
            if isinstance(function, ast.FunctionDef):
                name = function.name if function is node else f"{node.name}.{function.name}"
                found[name] = set()
                named[min([function, *function.decorator_list], key=lambda n: n.lineno).lineno] = (
                    name
                )
    for number, line in enumerate(lines, 1):
        if holds := HOLDS.match(line):
            found[named.get(number + 1, "")] |= set(NUMBER.findall(holds[1]))
    return found


def holds(test: str) -> set[str]:
    """The rules that a test holds, named as `path` or `path::name`; all of its file for a path."""
    path, _, name = test.partition("::")
    found = held(ROOT / path)
    assert not name or name in found, f"{path} has no test {name}"
    return found[name] | found[""] if name else set().union(*found.values())


def test_pages__numbers__rise_without_a_gap():
    for letter, page in ("S", "SPEC.md"), ("I", "INVARIANTS.md"):
        found = numbers(page)
        assert found == tuple(f"{letter}-{number}" for number in range(1, len(found) + 1))
        assert len(found) > 40


def test_breaks__every_rule__has_one_and_no_other_is_named():
    assert {rule for found in BREAKS for rule in found.rules} == set(RULES)


@pytest.mark.parametrize("found", BREAKS, ids=lambda found: "-".join(found.rules))
def test_break__code_and_test__are_there(found):
    assert found.apply() != (ROOT / found.file).read_bytes()
    assert set(found.rules) <= holds(found.test)


def test_invariants__tests_that_the_page_names__hold_them():
    for row in INVARIANTS.splitlines():
        if row.startswith("| I-"):
            rule, tests = row.split("|")[1].strip(), re.findall(r"`(tests/[\w/.:]+)`", row)
            assert tests, rule
            for test in tests:
                assert rule in holds(test), (rule, test)


def test_tests__rules_that_they_hold__exist():
    for path in (ROOT / "tests").rglob("test_*.py"):
        named = set().union(*held(path).values())
        assert named <= set(RULES), path


def test_spec__every_reason__stands_in_a_rule():
    sections = re.split(r"^#+ ", SPEC, flags=re.MULTILINE)
    rules = " ".join(section[section.find("**S-") :] for section in sections if "**S-" in section)
    text = " ".join(rules.split())
    assert not {reason for reason in REASONS.values() if f'"{reason}"' not in text}


def test_spec__every_table__follows_a_rule_of_its_section():
    rule = ""
    for number, line in enumerate(SPEC.splitlines(), 1):
        if line.startswith("#"):
            rule = ""
        rule = next(iter(re.findall(r"^\*\*(S-\d+)", line)), rule)
        assert rule or not line.startswith("|"), f"line {number} is of a table without a rule"
