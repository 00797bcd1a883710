"""Compile contracts of this tree and, unless they are what they were, run tests against them.

    python -m tests.mutation.attempt digests.json contracts/A.vy,contracts/B.vy [test …]

Without a test, write the digest of each contract's bytecode into the file. Exit codes: those of
pytest; `INVALID` when a contract does not compile; `SAME` when every bytecode has the digest of the
file. A separate process, since titanoboa and pytest load the sources of one tree only.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from vyper.exceptions import VyperException

INVALID, SAME = 100, 101


def digest(bytecode: bytes) -> str:
    """Digest code without the metadata at its end, which hold a digest of the sources."""
    return sha256(bytecode[: -int.from_bytes(bytecode[-2:], "big")]).hexdigest()


def main(stored: Path, contracts: list[str], tests: list[str]) -> int:
    from tests.inprocess import deployer  # compiles, and keeps it for the tests

    try:
        digests = {name: digest(deployer(name).compiler_data.bytecode) for name in contracts}
    except VyperException:
        return INVALID
    if not tests:
        stored.write_text(json.dumps(digests))
        return 0
    before = json.loads(stored.read_text())
    if all(digests[name] == before[name] for name in contracts):
        return SAME
    options = ["-x", "-q", "-p", "no:pytest-brownie", "-p", "no:cacheprovider"]
    return int(pytest.main([*options, "--hypothesis-profile=mutants", *tests]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]))
