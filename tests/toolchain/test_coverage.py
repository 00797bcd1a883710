"""The count of `make coverage`: what it takes for executed, and what it calls missing."""

from pathlib import Path

import boa
import pytest
from boa.interpret import set_cache_dir
from boa.vm.py_evm import titanoboa_computation

from tests.compiled import use_cache
from tests.coverage.__main__ import report
from tests.coverage.code import compiled, keep_nodes
from tests.coverage.places import Executed, Module
from tests.coverage.plugin import Recorder
from tests.inprocess import ROOT

SOURCE = """# pragma version 0.4.3
limit: immutable(uint256)


@deploy
def __init__(_limit: uint256):
    assert _limit != 1
    limit = 0 if _limit == 2 else _limit


@external
@view
def least() -> uint256:
    return limit


@external
def count(_most: uint256, _flag: bool, _other: bool) -> uint256:
    found: uint256 = 0
    for i: uint256 in range(4):
        if i == _most:
            break
        if _flag and _other and i == 1:
            continue
        found += 1
    if _flag or found > 9:
        return self._twice(found)
    return found


@internal
@pure
def _twice(_number: uint256) -> uint256:
    return 2 * _number
"""
NAME = "contracts/Counter.vy"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "contracts").mkdir()
    (root / NAME).write_text(SOURCE)
    return root


def gaps_after(project: Path, monkeypatch: pytest.MonkeyPatch, *calls: tuple[object, ...]) -> list:
    """Deploy, call `count` with each of these arguments, and return what never happened."""
    set_cache_dir(project / "cache")
    counter = boa.load_partial(str(project / NAME))
    use_cache(ROOT)
    keep_nodes()
    codes = compiled("Counter", counter.compiler_data, project)
    name = "apply_computation"
    monkeypatch.setattr(titanoboa_computation, name, vars(titanoboa_computation)[name])  # undone
    recorder = Recorder({name: code.bytecode for name, code in codes.items()})
    recorder.watch()
    contract, executed = counter.deploy(3), Executed()
    for arguments in calls:
        contract.count(*arguments)
    for name, code in codes.items():
        executed.add(code, recorder.steps[name])
    missing, statements, branches = Module(NAME, project / NAME, executed).gaps()
    assert (statements, branches) == (14, 16)
    return [(gap.line, gap.text, gap.never) for gap in missing]


OF_THE_REST = [
    (7, "_limit != 1", "is both"),  # the constructor ran once
    (8, "_limit == 2", "is true"),
    (14, "return limit", "runs"),  # no instruction of its own: its function was not called
]


def test_gaps__every_way_taken__only_what_was_not_called(project, monkeypatch) -> None:
    calls = (2, True, False), (9, False, False), (9, True, True)
    assert gaps_after(project, monkeypatch, *calls) == OF_THE_REST


def test_gaps__one_way_taken__names_the_other(project, monkeypatch) -> None:
    assert gaps_after(project, monkeypatch, (9, False, False)) == [
        *OF_THE_REST,
        (21, "i == _most", "is both"),  # its body is a jump alone
        (22, "break", "runs"),
        (23, "_flag", "is true"),
        (23, "_flag and _other and i == 1", "is both"),
        (23, "_other", "is false"),
        (23, "_other", "is true"),
        (24, "continue", "runs"),
        (26, "_flag", "is true"),
        (26, "_flag or found > 9", "is true"),
        (27, "return self._twice(found)", "runs"),
        (34, "return 2 * _number", "runs"),
    ]


def test_report__of_a_source__counts_statements_and_branches(project) -> None:
    gaps, table = report([Module(NAME, project / NAME, Executed())])
    assert [gap.never for gap in gaps].count("runs") == 14
    last = " ".join(table.splitlines()[-1].split())
    assert last == "all 0 of 14 0.0 % 0 of 16 0.0 %"
