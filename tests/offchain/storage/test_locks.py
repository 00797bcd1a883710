"""A lock that ends with its process, and says who holds it."""

import subprocess
import sys

import pytest

from offchain.storage.locks import locked

CODE = (
    "import sys; from pathlib import Path; from offchain.storage.locks import locked\n"
    "with locked(Path(sys.argv[1]), 'works'): print(flush=True); sys.stdin.read()"
)


def test_locked__by_another_process__names_it_until_it_is_killed(tmp_path):
    path = tmp_path / "new folder" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", CODE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline()
        expected = pytest.raises(BlockingIOError, match=f"process {holder.pid} works already")
        with expected, locked(path, "works"):
            pass
        holder.kill()
    with locked(path, "works"):
        pass


def test_locked__twice_one_after_another__is_free(tmp_path):
    for _ in range(2):
        with locked(tmp_path / "lock", "works"):
            pass
