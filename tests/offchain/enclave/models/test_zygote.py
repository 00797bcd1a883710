"""The zygote: what its children inherit, what becomes of a run when it ends, and shared memory."""

import fcntl
import gc
import json
import mmap
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from offchain.enclave.models.processes import CHILD, SharedInputs, Zygote, ZygoteEnded
from offchain.enclave.models.runner import ATTEMPTS, RunLimits, SecondPass, run_model
from offchain.protocol.errors import InvalidModel, RunAborted, RunStopped
from offchain.protocol.model_spec import Input, ModelSpec, Output
from tests.offchain.enclave.models import onnx_files
from tests.offchain.enclave.models.onnx_files import FEATURES, LABELS, LIMITS, PROBABILITIES, VALUES
from tests.offchain.enclave.models.test_sandbox import ROOT, _runs

SAMPLES = np.random.default_rng(0).random((300, FEATURES), np.float32)


def played(role: str, argument: object = "-") -> Zygote:
    return Zygote(("-m", "tests.offchain.enclave.models.zygotes", role, str(argument)))


def run(zygote: Zygote, model: bytes = onnx_files.honest(), spec: ModelSpec = VALUES):
    return run_model(model, SAMPLES, spec, LIMITS, RunLimits(120, 60), 7, zygote=zygote)


def told(role: str, argument: object = "-") -> object:
    with pytest.raises(InvalidModel) as refusal:
        run(played(role, argument))
    return json.loads(refusal.value.detail)


# ── What a child inherits ──


def test_fork__descriptors__are_the_childs_own():
    """Devices for standard streams, two pipes, the samples: no socket, no pipe of another child."""
    zygote, found = played("descriptors"), []

    def look() -> None:
        with pytest.raises(InvalidModel) as refusal:
            run(zygote)
        found.append(json.loads(refusal.value.detail))

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["cccpp-"] * 6


def test_fork__environment__has_only_paths_and_thread_counts(monkeypatch):
    monkeypatch.setenv("SECRET", "key")
    allowed = {"LC_CTYPE", "LD_LIBRARY_PATH", "LOCPATH", "ORT_DISABLE_TELEMETRY", "PATH"}
    allowed |= {"GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert set(told("environment")) <= allowed | {"PYTHONMALLOC", "PYTHONPATH"}


def test_fork__reaching_out__is_denied_to_the_child(tmp_path):
    """Things that are not denied: memory within the limit."""
    assert told("reaching_out", tmp_path / "escaped") == {
        "_enough_memory": "done",
        "_raise_limit": "ValueError",
        "_thread": "RuntimeError",
        "_too_much_memory": "MemoryError",
    }
    assert not (tmp_path / "escaped").exists()


def test_confine__zygote__may_fork_and_nothing_else(tmp_path):
    target = tmp_path / "escaped"
    command = [
        sys.executable,
        "-m",
        "tests.offchain.enclave.models.probe",
        "9",
        str(target),
        "zygote",
    ]
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"}
    probed = subprocess.run(command, env=environment, capture_output=True, check=True)
    found = json.loads(probed.stdout)
    done = {name for name, outcome in found["outcome"].items() if outcome == "done"}
    assert found["complete"]
    assert not target.exists()
    assert done == {"_fork", "_enough_memory"}


def test_start__zygote__is_confined_before_it_forks():
    with pytest.raises(RunAborted, match="exit code 5"):
        run(played("confined"))


def test_run_model__zygote_and_children_without_sandbox__fails_closed():
    with pytest.raises(RunAborted, match="the sandbox is incomplete"):
        run(played("unconfined"))


def test_start__another_thread__is_no_zygote():
    with pytest.raises(RunAborted, match="2 threads, expected 1") as abort:
        run(played("threaded"))
    assert not isinstance(abort.value, RunStopped)


# ── Its end ──


def test_run_model__zygote_ends_once__has_the_right_predictions(tmp_path):
    result = run(played("once_dead", tmp_path / "died"))
    np.testing.assert_array_equal(result.optimised, run(Zygote()).optimised)
    assert (tmp_path / "died").exists()


def test_run_model__zygote_always_ends__is_an_abort_and_never_the_models_fault(caplog):
    with pytest.raises(RunAborted, match=f"{ATTEMPTS} zygotes ended: ") as abort:
        run(played("always_dead"))
    assert not isinstance(abort.value, RunStopped)
    assert caplog.text.count("the zygote ended") == ATTEMPTS


def descriptors() -> set[str]:
    """This process's open descriptors, and the next free one."""
    return {each.name for each in Path("/proc/self/fd").iterdir()}


def test_fork__no_zygote_starts__leaves_no_pipe_open():
    before = descriptors()
    with pytest.raises(ZygoteEnded):
        Zygote(("-c", "")).fork(0)
    assert not descriptors() - before


PARENT = """
import sys, threading, numpy as np
from offchain.enclave.models import runner
from tests.offchain.enclave.models import onnx_files
from tests.offchain.enclave.models.test_runner import LOOPS
samples = np.zeros((10, onnx_files.FEATURES), np.float32)
limits = runner.RunLimits(wall_seconds=600, cpu_seconds=600)
arguments = onnx_files.endless(), samples, onnx_files.VALUES, LOOPS, limits, 0
threading.Thread(target=runner.run_model, args=arguments, daemon=True).start()
while not runner._ZYGOTE._running: pass
print(runner._ZYGOTE._running[0].pid, flush=True)
threading.Event().wait()
"""


def confined_child(zygote: int) -> int | None:
    """Return a child under both filters; a zygote that starts has others, of its libraries."""
    for child in Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split():
        with suppress(OSError):
            if "Seccomp_filters:\t2" in Path(f"/proc/{child}/status").read_text():
                return int(child)
    return None


@pytest.fixture
def endless() -> Iterator[tuple[subprocess.Popen, int, int]]:
    """A process that runs an endless model, its zygote, and the model's process."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        zygote = int(process.stdout.readline())
        while (child := confined_child(zygote)) is None:
            time.sleep(0.01)
        time.sleep(1)  # it has the model, so that no pipe ends it
        yield process, zygote, child
        process.kill()


def ends(process: int) -> bool:
    """Wait for the end of a process; kill it and return False if it does not end."""
    for _ in range(3000):
        if not _runs(process):
            return True
        time.sleep(0.01)
    os.kill(process, 9)
    return False


def test_zygote__parent_is_killed__both_end(endless):
    process, *others = endless
    process.kill()
    process.wait()
    for each in others:
        assert ends(each)


def test_zygote__is_killed__its_children_end(endless):
    _, zygote, child = endless
    os.kill(zygote, 9)
    assert ends(child)


# ── Shared memory ──


def test_descriptor__same_array_again__is_the_same_memory_until_the_array_is_gone():
    shared, samples = SharedInputs(), SAMPLES.copy()
    first = shared.descriptor(samples, samples.dtype)
    assert shared.descriptor(samples, samples.dtype) == first
    assert os.pread(first, samples.nbytes + 1, 0) == samples.tobytes()
    other = SAMPLES + 1
    assert shared.descriptor(other, other.dtype) != first
    del samples
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(first)


def test_descriptor__memory__is_sealed():
    descriptor = SharedInputs().descriptor(SAMPLES, SAMPLES.dtype)
    seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    assert fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) == seals
    for change in (
        lambda: os.pwrite(descriptor, b"x", 0),
        lambda: os.ftruncate(descriptor, 1),
        lambda: mmap.mmap(descriptor, 0),
        lambda: fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, 0),
    ):
        with pytest.raises(PermissionError):
            change()


# ── Both paths give equal results ──

TEXT = ModelSpec((), Output.VALUES, 0, inputs=(Input("x", (FEATURES,), "float32"),))
PASSES = {
    "whole": None,
    "agrees": SecondPass(np.arange(300)[::-1].copy(), 70, lambda *_: True),
    "disagrees": SecondPass(np.arange(300)[::-1].copy(), 70, lambda *_: False),
}


@pytest.mark.parametrize("second", PASSES.values(), ids=PASSES)
@pytest.mark.parametrize(
    ("model", "spec", "samples"),
    [
        (onnx_files.chaotic(), PROBABILITIES, SAMPLES),
        (onnx_files.linear(), LABELS, SAMPLES),
        (onnx_files.honest(), TEXT, SAMPLES.view([("x", "<f4", (FEATURES,))])[:, 0]),
    ],
)
def test_run_model__zygote_and_pipe__give_equal_predictions(model, spec, samples, second):
    paths = (None, CHILD)
    forked, piped = (
        run_model(model, samples, spec, LIMITS, RunLimits(120, 60), 7, second, path)
        for path in paths
    )
    np.testing.assert_array_equal(forked.optimised, piped.optimised)
    np.testing.assert_array_equal(forked.plain, piped.plain)
    assert (forked.plain is None) == (second is PASSES["agrees"])


def test_run_model__part_disagrees__second_pass_is_of_all_rows_in_their_order():
    """Rows that are run alone give the same as in any order."""
    limits, model = RunLimits(120, 60), onnx_files.chaotic()
    whole, both = (
        run_model(model, SAMPLES, PROBABILITIES, LIMITS, limits, 7, second).plain
        for second in (None, PASSES["disagrees"])
    )
    np.testing.assert_array_equal(both, whole)


WITHOUT_CALLS = """
import errno, logging, sys, numpy as np, pyseccomp
from offchain.enclave.models import runner
from tests.offchain.enclave.models import onnx_files
logging.basicConfig(format="%(message)s", stream=sys.stdout)
calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for name in ("memfd_create", "prctl", "getrusage", "seccomp", "landlock_create_ruleset"):
    calls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), name)
calls.load()
samples = np.random.default_rng(0).random((300, onnx_files.FEATURES), np.float32)
limits = runner.RunLimits(120, 60, require_sandbox=False)
arguments = onnx_files.chaotic(), samples, onnx_files.PROBABILITIES, onnx_files.LIMITS, limits, 7
for _ in range(2):
    result = runner.run_model(*arguments)
print(result.confinement.complete, result.confinement.missing)
np.save(sys.argv[1], np.stack((result.optimised, result.plain)))
"""


def test_run_model__runtime_without_calls__names_them_once_and_predicts_the_same(tmp_path):
    """Gramine lacks these calls."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    command = [sys.executable, "-c", WITHOUT_CALLS, str(tmp_path / "made.npy")]
    lines = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.splitlines()
    assert lines == [
        "memfd_create is missing: each model gets the samples by a pipe",
        "the runtime lacks prctl, getrusage, seccomp: what they limit is not limited",
        "False ('prctl', 'getrusage', 'seccomp')",
    ]
    result = run(Zygote(), onnx_files.chaotic(), PROBABILITIES)
    np.testing.assert_array_equal(
        np.load(tmp_path / "made.npy"), np.stack((result.optimised, result.plain))
    )
