"""Pytest plugin: record what the in-process suites execute of the contracts.

``--steps=FOLDER`` receives a file for each process, ``PID.json``: for each contract, and for its
constructor, every pair of program counters that followed one another in any call. There are no more
pairs than a contract has instructions and jumps, so memory does not grow with the number of calls.

Only calls of the bytecode that is deployed count: neither a contract of `contracts/testing` nor an
internal function that titanoboa compiles by itself is the code that an auditor reads.
"""

import json
import os
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from boa.vm.py_evm import titanoboa_computation

from tests.coverage.code import CONTRACTS
from tests.inprocess import deployer


class Recorder:
    """Steps by contract."""

    def __init__(self, known: dict[str, bytes]) -> None:
        """Take bytecode by name; immutables or arguments may follow it."""
        self.known = known
        self.steps: dict[str, set[tuple[int, int]]] = {name: set() for name in known}

    def name_of(self, code: bytes) -> str | None:
        return next((name for name, begins in self.known.items() if code.startswith(begins)), None)

    def see(self, code: bytes, steps: Iterable[tuple[int, int]]) -> None:
        if name := self.name_of(code):
            self.steps[name].update(steps)

    def watch(self) -> None:
        """Take part in every call of titanoboa's EVM, the nested ones too."""
        apply = titanoboa_computation.apply_computation.__func__

        def apply_computation(cls: Any, *args: Any, **kwargs: Any) -> Any:
            done = apply(cls, *args, **kwargs)
            self.see(done.code._raw_code_bytes, pairwise(done.code._trace))
            return done

        titanoboa_computation.apply_computation = classmethod(apply_computation)


def bytecodes() -> dict[str, bytes]:
    """Bytecode by name: ``NAME`` runs on the chain, ``NAME.new`` is its constructor."""
    found = {}
    for name in CONTRACTS:
        data = deployer(f"contracts/{name}.vy").compiler_data
        new, _, _ = data.bytecode.partition(data.bytecode_runtime)
        found |= {name: data.bytecode_runtime, f"{name}.new": new + data.bytecode_runtime}
    return found


RECORDER = pytest.StashKey[Recorder]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--steps", type=Path, required=True)


def pytest_configure(config: pytest.Config) -> None:
    recorder = config.stash[RECORDER] = Recorder(bytecodes())
    recorder.watch()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the steps, unless this process only hands tests to others."""
    steps = session.config.stash[RECORDER].steps
    if any(steps.values()):
        file = session.config.getoption("--steps") / f"{os.getpid()}.json"
        file.write_text(json.dumps({name: sorted(pairs) for name, pairs in steps.items()}))
