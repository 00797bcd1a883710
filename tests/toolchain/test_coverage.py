"""The count of `make coverage`: what it takes for executed, and what it calls missing."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boa
import pytest
from boa.interpret import set_cache_dir
from boa.vm.py_evm import titanoboa_computation
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception

from tests.compiled import use_cache
from tests.coverage import __main__ as coverage
from tests.coverage.__main__ import listed, report
from tests.coverage.chain import Node, follow, steps_of
from tests.coverage.code import Code, compiled, keep_nodes
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


CALLER = """# pragma version 0.4.3
interface Counter:
    def count(_most: uint256, _flag: bool, _other: bool) -> uint256: nonpayable
    def least() -> uint256: view


@external
@payable
def call(_counter: Counter, _friend: address) -> uint256:
    send(_friend, msg.value)
    found: uint256 = extcall _counter.count(2, True, False)
    digest: bytes32 = sha256(convert(found, bytes32))
    return staticcall _counter.least()
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "contracts").mkdir()
    (root / NAME).write_text(SOURCE)
    return root


@pytest.fixture(scope="module")
def counter(project: Path) -> Any:
    set_cache_dir(project / "cache")
    found = boa.load_partial(str(project / NAME))
    use_cache(ROOT)
    return found


@pytest.fixture(scope="module")
def codes(counter: Any, project: Path) -> dict[str, Code]:
    keep_nodes()
    return compiled("Counter", counter.compiler_data, project)


@pytest.fixture
def recorder(codes: dict[str, Code], monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A recorder of titanoboa's calls."""
    name = "apply_computation"
    monkeypatch.setattr(titanoboa_computation, name, vars(titanoboa_computation)[name])  # undone
    made = Recorder({name: code.bytecode for name, code in codes.items()})
    made.watch()
    return made


@pytest.fixture(scope="module")
def anvil() -> Iterator[Web3]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [ROOT / "node_modules/.bin/anvil", "--quiet", "--steps-tracing", "--port", str(port)]
    process = subprocess.Popen(command, start_new_session=True)
    node = Web3(HTTPProvider(f"http://127.0.0.1:{port}"))
    while not node.is_connected():
        assert process.poll() is None
        time.sleep(0.05)
    yield node
    os.killpg(process.pid, signal.SIGKILL)  # npm's anvil starts the real one
    process.wait()


def gaps_after(project: Path, counter: Any, codes: Any, recorder: Recorder, *calls: Any) -> list:
    """Deploy, call `count` with each of these arguments, and return what never happened."""
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


def test_gaps__every_way_taken__only_what_was_not_called(project, counter, codes, recorder) -> None:
    calls = (2, True, False), (9, False, False), (9, True, True)
    assert gaps_after(project, counter, codes, recorder, *calls) == OF_THE_REST


def test_gaps__one_way_taken__names_the_other(project, counter, codes, recorder) -> None:
    assert gaps_after(project, counter, codes, recorder, (9, False, False)) == [
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


# ── On anvil ──


def test_node__calls_and_transactions__has_the_steps_that_titanoboa_has(
    counter, recorder, anvil, monkeypatch
) -> None:
    maker = boa.loads_partial(CALLER)
    contract, caller = counter.deploy(3), maker.deploy()
    boa.env.set_balance(boa.env.eoa, 5)
    caller.call(contract, boa.env.generate_address(), value=5)
    contract.count(9, True, True)
    with pytest.raises(boa.BoaError):
        counter.deploy(1)

    seen = Recorder(recorder.known)
    monkeypatch.setattr(HTTPProvider, "make_request", HTTPProvider.make_request)  # undone
    Node(seen).watch()
    sender, friend = anvil.eth.accounts[0], "0x" + "ab" * 20

    def deployed(bytecode: bytes) -> str:
        sent = anvil.eth.send_transaction({"from": sender, "data": bytecode, "gas": 10**7})
        return anvil.eth.wait_for_transaction_receipt(sent)["contractAddress"]

    def data(name: str, kinds: list[str], *values: Any) -> bytes:
        return keccak(text=f"{name}({','.join(kinds)})")[:4] + encode(kinds, values)

    new = counter.compiler_data.bytecode
    on_chain, caller_there = (
        deployed(code) for code in (new + encode(["uint256"], [3]), maker.compiler_data.bytecode)
    )
    call = data("call", ["address", "address"], on_chain, friend)
    anvil.eth.send_transaction({"from": sender, "to": caller_there, "data": call, "value": 5})
    anvil.eth.call(
        {"to": on_chain, "data": data("count", ["uint256", "bool", "bool"], 9, True, True)}
    )
    with pytest.raises(Web3Exception):
        anvil.eth.call({"from": sender, "data": new + encode(["uint256"], [1])})
    assert seen.steps == recorder.steps
    assert all(seen.steps.values())


def test_steps__answer_in_pieces__are_those_of_the_whole() -> None:
    answer = (
        b'{"structLogs":[{"pc":0,"op":"PUSH1","gas":9,"depth":1},{"pc":2,"op":"STOP","depth":2}]}'
    )
    for size in range(1, len(answer) + 1):
        pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
        assert list(steps_of(pieces)) == [(0, "PUSH1", 1), (2, "STOP", 2)]


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        ([(0, "PUSH1", 1), (2, "STOP", 2)], ["known"]),
        ([(0, "PUSH1", 1)], ["known", None]),
        ([(0, "PUSH1", 1), (2, "JUMPI", 1)], ["known"]),
    ],
    ids=["a frame too many", "a frame without steps", "another operation"],
)
def test_follow__steps_of_other_frames__raises(steps, names) -> None:
    with pytest.raises(AssertionError):
        follow(Recorder({"known": bytes.fromhex("600000")}), steps, names)


# ── The gate ──


@pytest.fixture
def judged(project, tmp_path, monkeypatch, capsys) -> Callable[..., tuple[int, list[str]]]:
    """Judges a source of which nothing ran by a page of these rows."""
    monkeypatch.setattr(coverage, "ROOT", project)
    monkeypatch.setattr(coverage, "LIST", tmp_path / "AUDIT.md")
    monkeypatch.setattr(coverage, "sources", lambda: [NAME])
    monkeypatch.setattr(coverage, "executed", Executed)

    def judge(rows: list[str]) -> tuple[int, list[str]]:
        (tmp_path / "AUDIT.md").write_text("\n".join(rows))
        return coverage.main(["--again"]), capsys.readouterr().out.splitlines()

    return judge


def test_main__each_gap_listed_and_nothing_else__passes(judged, project) -> None:
    gaps, _ = report([Module(NAME, project / NAME, Executed())])
    rows = [f"| `Counter` | never {gap.never} | `{gap.text}` | because |" for gap in gaps]
    code, said = judged(rows)
    assert (code, said[0]) == (0, f"Listed in AUDIT.md: {len(rows)} places")
    for missing in range(len(rows)):
        code, said = judged(rows[:missing] + rows[missing + 1 :])
        gap = gaps[missing]
        assert code == 1
        assert f"{NAME}:{gap.line}: never {gap.never}: {gap.text}" in said
    code, said = judged([*rows, "| `Counter` | never runs | `x \\| y` | because |"])
    assert (code, said[0]) == (
        1,
        "AUDIT.md lists Counter: never runs: x | y, but some test does it",
    )


def test_list__every_row__is_read() -> None:
    page = (ROOT / "docs/AUDIT.md").read_text()
    section = page.partition("## Coverage")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert listed(page).total() == len(rows) > 0
