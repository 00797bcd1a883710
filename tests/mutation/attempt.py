"""Compile contracts of this tree and, unless they are what they were, run tests against them.

    python -m tests.mutation.attempt

Says that it is ready by a line, the digests of the contracts. Then reads orders, a JSON object a
line: `contracts` and `tests` are paths, `seed` is that of random tests or null. Answers each with a
JSON object: `code` is that of pytest, `INVALID` when a contract does not compile, `SAME` when no
bytecode changed, or null after `SECONDS`; `output` is what was printed. Each order has a fork,
which finds what tests import imported, and compiled what did not change.
"""

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from hashlib import sha256
from io import StringIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from vyper.exceptions import VyperException, VyperInternalException
from vyper.ir import optimizer

from tests.compiled import use_cache
from tests.inprocess import ROOT, deployer
from tests.mutation.copies import INVALID, SAME, SECONDS

SUITES = "tests/property", "tests/stateful", "tests/attacks"
TESTS = tuple(f"{suite.replace('/', '.')}.test_" for suite in SUITES)
OPTIONS = "-q", "-pno:pytest-brownie", "-pno:cacheprovider", "--hypothesis-profile=mutants"


def optimise_once() -> None:
    """Let Vyper keep what it made of a node: it optimises a tree again with each tree around it.

    Compiling takes half as long, and the bytecode is the same.
    """
    optimise = optimizer._optimize

    def kept(node: Any, parent: Any) -> Any:
        results = node.__dict__.setdefault("_optimised", {})
        above = getattr(parent, "value", None)
        if above not in results:
            results[above] = optimise(node, parent)
        return results[above]

    optimizer._optimize = kept


def digest(path: str) -> str:
    """Digest a contract's code without the metadata at its end, which hold a digest of sources."""
    bytecode = deployer(path).compiler_data.bytecode
    return sha256(bytecode[: -int.from_bytes(bytecode[-2:], "big")]).hexdigest()


def play(order: dict[str, Any], before: dict[str, str]) -> int:
    """Carry out an order; return its code."""
    use_cache(ROOT)
    gc.disable()  # a fifth of the time of compiling
    try:
        if all(digest(path) == before[path] for path in order["contracts"]):
            return SAME
    except (VyperException, VyperInternalException):
        return INVALID
    gc.enable()
    for name in [name for name in sys.modules if name.startswith(TESTS)]:
        del sys.modules[name]  # may have read the source
    options = [*OPTIONS, "-x"]
    if order["seed"] is not None:
        options.append(f"--hypothesis-seed={order['seed']}")
    return int(pytest.main([*options, *order["tests"]]))


def in_fork(work: Callable[[], int]) -> dict[str, Any]:
    """Do the work in a fork of this process; return its code and what it printed."""
    with TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            for stream in 1, 2:
                os.dup2(output.fileno(), stream)
            signal.alarm(SECONDS)
            code = int(pytest.ExitCode.INTERNAL_ERROR)
            try:
                code = work()
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        text = output.read().decode(errors="replace")
    return {"code": None if code == -signal.SIGALRM else code, "output": text}


def main() -> None:
    optimise_once()
    before = {path.as_posix(): digest(path.as_posix()) for path in Path("contracts").glob("*.vy")}
    for path in Path("contracts/testing").glob("*.vy"):
        digest(path.as_posix())
    with redirect_stdout(StringIO()):
        pytest.main([*OPTIONS, "--collect-only", *SUITES])
    gc.collect()
    gc.freeze()
    print(json.dumps(before), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(in_fork(lambda order=order: play(order, before))), flush=True)


if __name__ == "__main__":
    main()
