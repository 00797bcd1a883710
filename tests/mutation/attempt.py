"""Compile contracts of this tree and, unless they are what they were, run tests against them.

    python -m tests.mutation.attempt

Says that it is ready by a line, the digests of the contracts. Then reads orders, a JSON object a
line: `contracts` and `tests` are paths, `seed` is that of random tests or null. Answers each with a
JSON object: `code` is that of pytest, `INVALID` when a contract does not compile, `SAME` when no
bytecode changed, or null after `SECONDS`; `output` is what was printed. Each order has a fork,
which finds everything imported, and compiled what did not change.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from vyper.exceptions import VyperException

from tests.compiled import use_cache
from tests.inprocess import ROOT, deployer
from tests.mutation.copies import INVALID, SAME, SECONDS


def digest(path: str) -> str:
    """Digest a contract's code without the metadata at its end, which hold a digest of sources."""
    bytecode = deployer(path).compiler_data.bytecode
    return sha256(bytecode[: -int.from_bytes(bytecode[-2:], "big")]).hexdigest()


def play(order: dict[str, Any], before: dict[str, str]) -> int:
    """Carry out an order; return its code."""
    use_cache(ROOT)
    try:
        if all(digest(path) == before[path] for path in order["contracts"]):
            return SAME
    except VyperException:
        return INVALID
    options = ["-x", "-q", "-p", "no:pytest-brownie", "-p", "no:cacheprovider"]
    if order["seed"] is not None:
        options.append(f"--hypothesis-seed={order['seed']}")
    return int(pytest.main([*options, "--hypothesis-profile=mutants", *order["tests"]]))


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
    before = {path.as_posix(): digest(path.as_posix()) for path in Path("contracts").glob("*.vy")}
    for path in Path("contracts/testing").glob("*.vy"):
        digest(path.as_posix())
    print(json.dumps(before), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(in_fork(lambda order=order: play(order, before))), flush=True)


if __name__ == "__main__":
    main()
