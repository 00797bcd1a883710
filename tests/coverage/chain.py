"""Pytest plugin beside `tests.coverage.plugin`: record what unit tests on anvil execute.

After each transaction and each call, anvil is asked for its frames and, unless it went a known
way, for its steps. Steps are read in pieces, so memory does not grow with their number. A way is
known by what each frame was given and returned, and by the gas that it used: if two ways agree in
all of these, the second one counts as missing, never as covered.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest
import requests
from vyper.evm.opcodes import OPCODES
from web3 import HTTPProvider

from tests.coverage.plugin import RECORDER, Recorder

CALLS = "eth_call", "eth_estimateGas"
TRANSACTIONS = "eth_sendTransaction", "eth_sendRawTransaction"
FRAMES = {"tracer": "callTracer"}
STEPS = {"disableStack": True, "disableMemory": True, "disableStorage": True}
STEP = re.compile(rb'"pc":(\d+),"op":"(\w+)"[^}]*?"depth":(\d+)')
PIECE = 2**20
PATIENCE = 600
"""Seconds that anvil may take to answer."""

Step = tuple[int, str, int]
"""Program counter, operation and depth."""
Frame = dict[str, Any]


def frames_of(call: Frame) -> Iterator[Frame]:
    """Yield a call and the calls inside it, in the order in which they begin."""
    yield call
    for inner in call.get("calls", ()):
        yield from frames_of(inner)


def steps_of(pieces: Iterable[bytes]) -> Iterator[Step]:
    """Read the steps of a trace from pieces of anvil's answer."""
    rest = b""
    for piece in pieces:
        whole, brace, rest = (rest + piece).rpartition(b"}")
        for at, operation, depth in STEP.findall(whole + brace):
            yield int(at), operation.decode(), int(depth)


def follow(recorder: Recorder, steps: Iterable[Step], names: list[str | None]) -> None:
    """Record the steps of all frames; the names of their bytecodes come in order.

    Raises:
        AssertionError: steps and frames do not belong together.
    """
    last: list[tuple[str | None, int]] = []
    begun = 0
    for at, operation, depth in steps:
        if depth > len(last):
            assert begun < len(names), "more frames have steps than were named"
            last.append((names[begun], at))
            begun += 1
            continue
        del last[depth:]
        name, before = last[-1]
        last[-1] = name, at
        if name and (before, at) not in recorder.steps[name]:
            known, byte = OPCODES.get(operation), recorder.known[name][at]
            assert known is None or known[0] == byte, f"{name} has no {operation} at {at}"
            recorder.steps[name].add((before, at))
    assert begun == len(names), f"{len(names) - begun} frames have no step"


Ask = Callable[[str, list[Any]], Any]


class Node:
    """Follows what a node is asked to execute."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.ways = set[int]()

    def watch(self) -> None:
        """Take part in every request of web3."""
        make_request = HTTPProvider.make_request

        def follow_request(provider: HTTPProvider, method: str, params: Any) -> Any:
            answer, ask = make_request(provider, method, params), partial(make_request, provider)
            if method in CALLS:
                call, block = [*params, "latest"][:2]
                self.see(ask, provider.endpoint_uri, block, "debug_traceCall", call, block)
            elif method in TRANSACTIONS and (sent := answer.get("result")):
                mined(ask, sent)
                self.see(ask, provider.endpoint_uri, "latest", "debug_traceTransaction", sent)
            return answer

        HTTPProvider.make_request = follow_request

    def see(self, ask: Ask, uri: str, block: str, method: str, *what: Any) -> None:
        """Record an execution, unless it went a way that is known."""
        frames = [
            (self.recorder.name_of(code), frame)
            for frame in frames_of(ask(method, [*what, FRAMES])["result"])
            if (code := code_of(ask, frame, block))
        ]
        known = [(name, frame) for name, frame in frames if name]
        fields = "input", "output", "gasUsed"
        way = hash(tuple((name, *map(frame.get, fields)) for name, frame in known))
        if known and way not in self.ways:
            self.ways.add(way)
            request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": [*what, STEPS]}
            with requests.post(uri, json=request, stream=True, timeout=PATIENCE) as answer:
                steps = steps_of(answer.iter_content(PIECE))
                follow(self.recorder, steps, [name for name, _ in frames])


def code_of(ask: Ask, frame: Frame, block: Any) -> bytes:
    """The bytecode that runs in a frame; none for an account without code, or a precompile."""
    created = frame["type"].startswith("CREATE")
    code = frame["input"] if created else ask("eth_getCode", [frame["to"], block])["result"]
    return bytes.fromhex(code[2:])


def mined(ask: Ask, transaction: str) -> None:
    """Wait until a transaction is mined."""
    while ask("eth_getTransactionReceipt", [transaction])["result"] is None:
        time.sleep(0.005)


@pytest.hookimpl(trylast=True)  # once there is a recorder
def pytest_configure(config: pytest.Config) -> None:
    Node(config.stash[RECORDER]).watch()
