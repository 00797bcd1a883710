"""The mutants: which there are, which tests come first, and what counts as noticed."""

import os
import signal
import sysconfig
from collections import Counter
from pathlib import Path

import boa
import pytest
from boa import interpret
from vyper.exceptions import CompilerPanic, StructureException
from vyper.ir import optimizer

from tests.mutation import attempt, nearest_python
from tests.mutation.__main__ import CONTRACTS, key_of, project_modules
from tests.mutation.attempt import in_fork, optimise_once
from tests.mutation.campaign import (
    KILLED,
    SURVIVED,
    UNDECIDED,
    drawn,
    listed_equivalents,
    verdict,
)
from tests.mutation.copies import INVALID, ROOT, Journal, Run
from tests.mutation.nearest import NEAREST, contracts_with, nearest_tests, short
from tests.mutation.operators import mutants

SOURCE = '''# pragma version 0.4.3
# pragma nonreentrancy on
from contracts.modules.common import errors

LIMIT: constant(uint256) = 7


@external
@payable
def pay(_to: address, _flag: bool) -> uint256:
    """
    @notice Ärger in a docstring is no string of the program: 5 < 6.
    """
    if (msg.value) <= LIMIT and not _flag:  # 3 < 4
        errors._revert(errors.TOO_LATE)
    if self._find(_to, self) == b"":
        errors._revert(errors.TOO_EARLY)
    return (msg.value << 2) + min(1, msg.value)
'''
CHANGES = {
    "constant 7 → 8",
    "constant 7 → 6",
    "constant 2 → 3",
    "constant 2 → 1",
    "constant 1 → 2",
    "constant 1 → 0",
    "guard on → off",
    "guard @payable → ",
    "relation <= → <",
    "relation <= → >",
    "relation == → !=",
    "connective and → or",
    "condition (msg.value) <= LIMIT and not _flag → not ((msg.value) <= LIMIT and not _flag)",
    "negation not _flag → (_flag)",
    "statement errors._revert(errors.TOO_LATE) → pass",
    "statement errors._revert(errors.TOO_EARLY) → pass",
    "reason errors.TOO_LATE → errors.TOO_EARLY",
    "reason errors.TOO_EARLY → errors.TOO_LATE",
    "argument order _to, self → self, _to",
    "arithmetic << → >>",
    "arithmetic + → -",
    "arithmetic min → max",
}


def test_mutants__every_kind_of_change__once():
    found = mutants("contracts/modules/sample.vy", SOURCE.encode())
    named = [f"{mutant.operator} {mutant.change}" for mutant in found]
    assert sorted(named) == sorted(CHANGES)
    for mutant in found:
        changed = mutant.apply(SOURCE.encode()).decode()
        kept = len(SOURCE) - len(mutant.old) + len(mutant.new)
        assert len(changed) == kept
        assert changed != SOURCE
        assert mutant.text in SOURCE.splitlines()[mutant.line - 1]


def test_nearest__every_module__has_tests_and_a_contract():
    modules = project_modules()
    assert {short(module) for module in modules} == NEAREST.keys()
    for module in modules:
        quick, units, slow = nearest_tests(module)
        assert quick
        assert all((ROOT / name).is_file() for name in [*quick, *units, *slow]), module
        assert contracts_with(ROOT, module), module


def test_nearest_python__every_module__has_tests():
    modules = nearest_python.modules(ROOT)
    names = {nearest_python.short(module) for module in modules}
    assert names >= nearest_python.FIRST.keys()
    assert {name.rpartition("/")[0] for name in names} == nearest_python.THEN.keys()
    for tests in (
        *nearest_python.FIRST.values(),
        *nearest_python.THEN.values(),
        nearest_python.RUNS,
    ):
        assert all((ROOT / f"tests/offchain/{each}.py").is_file() for each in tests)
    for module in modules:
        assert nearest_python.nearest_tests(ROOT, module)


@pytest.mark.parametrize(
    ("run", "outcome"),
    [
        (Run(0, "18 passed"), SURVIVED),
        (Run(1, "..F\nFAILED tests/attacks/test_money.py::test_a - x\n1 failed"), KILLED),
        (Run(1, "no such file"), UNDECIDED),  # the run itself broke, no test failed
        (Run(None, ""), UNDECIDED),  # too slow is not noticed
    ],
)
def test_verdict__of_a_run__counts_failing_tests_alone(run, outcome):
    assert verdict(run)[0] == outcome


def stopped() -> int:
    signal.raise_signal(signal.SIGALRM)
    return 0


@pytest.mark.parametrize(
    ("work", "code", "output"),
    [
        (lambda: os.write(1, b"out"), 3, "out"),
        (lambda: os.write(2, b"err") and 1 // 0, pytest.ExitCode.INTERNAL_ERROR, "err"),
        (stopped, None, ""),  # too slow
    ],
)
def test_in_fork__any_end__is_told_with_what_was_printed(work, code, output):
    assert in_fork(work) == {"code": code, "output": output}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StructureException("no such thing"), INVALID),
        (CompilerPanic("a fault of the compiler"), INVALID),
        (MemoryError(), pytest.ExitCode.INTERNAL_ERROR),
    ],
)
def test_play__contract_that_does_not_compile__is_invalid(monkeypatch, error, code):
    def digest(_path: str) -> str:
        raise error

    monkeypatch.setattr(attempt, "digest", digest)
    order = {"contracts": ["contracts/ModelMarket.vy"], "tests": [], "seed": None}
    assert in_fork(lambda: attempt.play(order, {}))["code"] == code


def test_optimise_once__a_contract__has_the_same_bytecode(monkeypatch):
    def bytecode() -> bytes:
        path = ROOT / "contracts/testing/ExposedSale.vy"
        return boa.load_partial(str(path)).compiler_data.bytecode

    optimise = optimizer._optimize
    monkeypatch.setattr(optimizer, "_optimize", optimise)  # undone in the end
    monkeypatch.setattr(interpret, "_disk_cache", None)
    interpret.set_search_paths([str(ROOT), sysconfig.get_path("purelib")])
    expected = bytecode()
    optimise_once()
    assert optimizer._optimize != optimise
    assert bytecode() == expected


def test_report__mixed_outcomes__scores_what_could_be_noticed(tmp_path: Path):
    module = "contracts/modules/market/tasks.vy"
    first, second, third, fourth = mutants(module, (ROOT / module).read_bytes())[:4]
    journal = Journal(tmp_path / "reports" / "mutants.jsonl")
    for mutant, outcome in (first, KILLED), (second, SURVIVED), (third, SURVIVED), (fourth, "same"):
        journal.add(key_of(mutant), outcome=outcome)
    again = Journal(journal.file)
    listed = {(short(module), third.text, third.change)}
    last = CONTRACTS.report([first, second, third, fourth], again, listed).splitlines()[-1]
    assert last.split() == ["all", "1", "1", "1", "1", "0", "0", "50.0", "%"]


def test_drawn__total_of_a_seed__is_a_part_of_a_larger_one_and_outlives_edits():
    found = mutants("contracts/modules/sample.vy", SOURCE.encode())
    edited = mutants("contracts/modules/sample.vy", SOURCE.replace("< 6", "< 7\n").encode())
    some = [(mutant.text, mutant.change) for mutant in drawn(found, 5, 1)]
    assert some == [(mutant.text, mutant.change) for mutant in drawn(edited, 20, 1)[:5]]
    assert some != [(mutant.text, mutant.change) for mutant in drawn(found, 5, 2)]


def test_mutants_page__every_row__is_one_mutant():
    every = Counter(
        (short(module), mutant.text, mutant.change)
        for module in project_modules()
        for mutant in mutants(module, (ROOT / module).read_bytes())
    )
    assert all(every[row] == 1 for row in listed_equivalents("Contracts"))


def test_mutants_page__every_row_of_python__is_a_line_of_its_module():
    for module, text, change in listed_equivalents("Python"):
        lines = (ROOT / f"offchain/{module}.py").read_text().splitlines()
        assert text in [line.strip() for line in lines], module
        assert change != text
