"""The sandbox, attacked from inside as by an exploited runtime: nothing is reachable."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from offchain.enclave.models import sandbox

ROOT = Path(__file__).parents[4]
REACHING_OUT = """
    _read _read_memory_of_parent _write _list _connect _datagram _unix_socket _fork _execute
    _kill_parent _trace_parent _executable_memory
""".split()  # noqa: SIM905 - read as a list of words


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def probed(tmp_path_factory) -> dict[str, object]:
    target = tmp_path_factory.mktemp("probe") / "escaped"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        run = python("-m", "tests.offchain.enclave.models.probe", port, str(target))
    assert run.returncode == 0, run.stderr
    assert not target.exists()
    return json.loads(run.stdout)


def test_confine__here__is_complete(probed):
    assert probed["complete"]


@pytest.mark.parametrize("attempt", REACHING_OUT)
def test_confine__reaching_out__is_denied(probed, attempt):
    assert probed["outcome"][attempt] == "PermissionError"


def test_confine__new_thread__is_denied(probed):
    assert probed["outcome"]["_thread"] == "RuntimeError"


def test_confine__raising_a_limit__is_denied(probed):
    """The limit holds for root too."""
    assert probed["outcome"]["_raise_limit"] == "ValueError"


def test_limit_resources__memory__is_bounded(probed):
    assert probed["outcome"]["_enough_memory"] == "done"
    assert probed["outcome"]["_too_much_memory"] == "MemoryError"


def test_limit_resources__memory_beyond_the_margin__is_there():
    code = (
        "from offchain.enclave.models.sandbox import *\n"
        "limit_resources(mapped_bytes() + 2**30, 30); bytearray(2**30)"
    )
    assert python("-c", code).returncode == 0


def test_limit_resources__limits__are_those_of_the_arguments_and_cannot_be_raised():
    code = (
        "import resource as r; from offchain.enclave.models.sandbox import *\n"
        "used = r.getrusage(r.RUSAGE_SELF); spent = int(used.ru_utime + used.ru_stime)\n"
        "limit_resources(2**33, 30); cpu = [each - spent for each in r.getrlimit(r.RLIMIT_CPU)]\n"
        "print(*r.getrlimit(r.RLIMIT_AS), *r.getrlimit(r.RLIMIT_FSIZE), *cpu)"
    )
    most = 2**33 + 2**29
    assert python("-c", code).stdout.split() == [str(most), str(most), "0", "0", "30", "31"]


def test_limit_resources__cpu_time__ends_the_process():
    code = (
        "from offchain.enclave.models.sandbox import *; limit_resources(2**33, 1)\nwhile True: pass"
    )
    assert python("-c", code).returncode == -signal.SIGXCPU


def test_expect_one_thread__another_thread_runs__is_an_error():
    code = (
        "import threading; from offchain.enclave.models.sandbox import *\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start(); expect_one_thread()"
    )
    run = python("-c", code)
    assert run.stderr.strip().endswith("SandboxError: 2 threads, expected 1")


def test_confine__neither_applies__says_so():
    code = (
        "from offchain.enclave.models import sandbox\n"
        "sandbox._apply_landlock = lambda: 0; sandbox._apply_seccomp = lambda _: False\n"
        "print(sandbox.confine(), sandbox.confine().complete)"
    )
    run = python("-c", code)
    expected = sandbox.Confinement(0, False, False, False)
    assert run.stdout.strip() == f"{expected} False"


@pytest.mark.parametrize(
    ("left_out", "complete"), [("_apply_landlock", "True"), ("_apply_seccomp", "False")]
)
def test_confine__one_of_the_two__is_complete_where_the_probe_finds_it(left_out, complete):
    """Seccomp alone denies files and network; Landlock alone leaves the network open."""
    code = (
        f"from offchain.enclave.models import sandbox\nsandbox.{left_out} = lambda *_: 0\n"
        "print(sandbox.confine().complete)"
    )
    assert python("-c", code).stdout.strip() == complete


def test_confine__no_libseccomp__is_not_applied(monkeypatch):
    monkeypatch.setattr(sandbox, "pyseccomp", None)
    assert sandbox._apply_seccomp(zygote=False) is False


def test_die_with_parent__another_parent__is_an_error():
    code = "from offchain.enclave.models.sandbox import *; die_with_parent(1)"
    assert "expected 1" in python("-c", code).stderr


CHILD = """
import os, time
from offchain.enclave.models.sandbox import die_with_parent
die_with_parent(os.getppid())
print(0, flush=True)
time.sleep(600)
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE)
child.stdout.read(1)
print(child.pid, flush=True)
child.wait()
"""


def test_die_with_parent__parent_is_killed__child_dies():
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        child = int(process.stdout.readline())
        process.kill()
    for _ in range(500):
        if not _runs(child):
            return
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    pytest.fail(f"child {child} outlived its parent")


def _runs(process: int) -> bool:
    """Return True if a process runs; a zombie that awaits its new parent does not."""
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_child__onnxruntime__does_not_report_its_use():
    """onnxruntime's Linux packages send telemetry, from a thread and a file in the home folder."""
    code = (
        "import os, offchain.enclave.models.child\n"
        "print(len(os.listdir('/proc/self/task')), os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    assert python("-c", code).stdout.split() == ["1", "1"]
