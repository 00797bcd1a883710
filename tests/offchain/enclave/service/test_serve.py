"""``python -m offchain serve`` as a process that measures models: its address, stop, and kill."""

import ctypes
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from offchain.operator.client import EnclaveClient
from offchain.protocol.encoding import from_json
from offchain.protocol.errors import InvalidRequest, RequestFault
from offchain.protocol.manifest import Selection
from offchain.protocol.messages import Bundle, RunId, Signed
from offchain.protocol.model_spec import ModelLimits
from offchain.protocol.task import RosterEntry
from offchain.provider.sealing import make_release
from offchain.storage.store import Store
from tests.offchain.enclave.models.onnx_files import constant, file, node
from tests.offchain.market import STORE, Market, Offer, make_market
from tests.vectors.generate import word

ROOT = Path(__file__).parents[4]
PLATFORM = word("platform")
_PR_SET_CHILD_SUBREAPER = 36


def classifier(products: int, size: int = 512) -> bytes:
    """Return a model that predicts one class, after products of large matrices for every sample."""
    nodes = [
        node("Unsqueeze", ["x", "last"], ["0"]),
        node("Mul", ["0", "ones"], ["grid 0"]),
        *(
            node("MatMul", [f"grid {step}", "weights"], [f"grid {step + 1}"])
            for step in range(products)
        ),
        node("ReduceMean", [f"grid {products}", "inner"], ["mean"], keepdims=0),
        node("Clip", ["mean", "zero", "zero"], ["nothing"]),
        node("Unsqueeze", ["nothing", "last"], ["column"]),
        node("Add", ["column", "sure"], ["y"]),
    ]
    constants = [
        constant("ones", np.ones((size, size), "f4")),
        constant("weights", np.eye(size, dtype="f4")),
        constant("inner", [1, 2]),
        constant("last", [1]),
        constant("zero", 0, "f4"),
        constant("sure", [[0.9, 0.1]], "f4"),
    ]
    return file(nodes, constants, input_shape=["N", 1])


QUICK, SLOW, SLOWER = classifier(1, 8), classifier(100), classifier(101)
"""Models that take milliseconds, and some ten seconds."""


@contextmanager
def process(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen, EnclaveClient]]:
    """Run the command with all its files in one folder; yield it and a client."""
    log, home = folder / "log", folder / "home"
    home.mkdir(exist_ok=True)
    options = ("--artifacts", str(folder / "store"), "--journal", str(folder / "journal"), *options)
    with log.open("ab") as sink:
        served = subprocess.Popen(
            [sys.executable, "-m", "offchain", "serve", *options],
            stdout=subprocess.PIPE,
            stderr=sink,
            cwd=home,
            env={"PYTHONPATH": str(ROOT), "HOME": str(home), "TMPDIR": str(home)},
        )
        try:
            url = json.loads(served.stdout.readline())["url"]
            with EnclaveClient(url) as client:
                yield served, client
        finally:
            served.kill()
            served.communicate()


def journal_lines(folder: Path) -> list[bytes]:
    return (folder / "journal").read_bytes().splitlines()


def logged(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


@pytest.fixture
def orphans() -> Iterator[None]:
    """Make this process the parent of a killed process's children, to learn how they end."""
    libc = ctypes.CDLL(None)
    assert libc.prctl(_PR_SET_CHILD_SUBREAPER, 1) == 0
    yield
    assert libc.prctl(_PR_SET_CHILD_SUBREAPER, 0) == 0


def sale(folder: Path, models: Sequence[bytes], entry: RosterEntry, **task: int) -> Market:
    """Make a task with this enclave in its roster, and the artifacts in its store."""
    limits = ModelLimits(batch_rows=1)
    made = make_market(
        [Offer(model) for model in models],
        manifest={"limits": limits, "selection": Selection.TOP, "minimum_gain": 0},
        elsewhere=[entry],
        **task,
    )
    store = Store(str(folder / "store"))
    digests = [each.submission.artifact_digest for each in made.transcript.reveals]
    for digest in (*digests, made.manifest.test_set.artifact_digest):
        store.put_bytes(STORE.fetch_bytes(digest, 2**24))
    return made


def bundle(market: Market, entry: RosterEntry) -> Bundle:
    transcript, inventory = market.transcript, tuple(market.transcript.by_index)
    release = make_release(
        transcript, inventory, entry.sealing_key, market.key, word("of a release")
    )
    return Bundle(transcript, market.manifest, release, market.keyrings)


def models_at_work(served: subprocess.Popen, count: int) -> list[psutil.Process]:
    """Wait for ``count`` children of the zygote to confine themselves; return them."""
    while True:
        assert served.poll() is None
        for zygote in psutil.Process(served.pid).children():
            children = zygote.children()
            confined = [_filters(child) > _filters(zygote) for child in children]
            if sum(confined) == count:
                return children
        time.sleep(0.01)


def wait_for_end(child: psutil.Process) -> None:
    """Wait until a process has ended; its parent has gone, so nobody may have asked how."""
    with suppress(psutil.NoSuchProcess):
        while child.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


def _filters(process: psutil.Process) -> int:
    """The number of seccomp filters of a process."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("Seccomp_filters:")[2].split()[0])


def files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def secrets(market: Market) -> list[bytes]:
    """Return bytes that the host must not learn, neither raw nor in hex."""
    task_id = market.transcript.task_id
    keys = [word(f"key {index} {task_id.hex()}") for index in market.transcript.by_index]
    return [*keys, market.key, QUICK[:64], SLOW[:64]]


def test_serve__killed_while_measuring__leaves_a_whole_journal_no_secret_and_no_child(
    tmp_path, orphans
):
    with process(tmp_path, "--workers", "2") as (served, client):
        first = client.identity()
        earlier = sale(tmp_path, [QUICK], first)
        task_id = earlier.transcript.task_id
        client.measure(bundle(earlier, first))
        signed = client.cosign(task_id, 0, client.propose(task_id, 0), PLATFORM)
        market = sale(tmp_path, [SLOW, SLOWER, QUICK], first, nonce=8)
        run = RunId(market.transcript.task_id, 0)
        client.start(bundle(market, first))
        children = models_at_work(served, 2)
        served.kill()
        served.wait()
        for child in children:
            wait_for_end(child)
    assert [from_json(Signed, line) for line in journal_lines(tmp_path)] == [signed]
    left = files(tmp_path)
    assert {name for name in left if not name.startswith("store/")} == {"log", "journal"}
    for secret in (*secrets(earlier), *secrets(market)):
        assert not any(secret in content for content in left.values())
        assert not any(secret.hex().encode() in content for content in left.values())
    with process(tmp_path) as (_, client):
        second = client.identity()
        assert first.signing_key != second.signing_key
        assert first.sealing_key != second.sealing_key
        with pytest.raises(InvalidRequest) as refused:
            client.status(run)
        assert refused.value.reason is RequestFault.NOT_MEASURED
        with pytest.raises(InvalidRequest) as refused:
            client.measure(bundle(market, first))
        assert refused.value.reason is RequestFault.ANOTHER_ENCLAVE


def test_serve__stopped_while_measuring__gives_the_run_up_and_leaves_no_child(tmp_path, orphans):
    with process(tmp_path, "--workers", "2") as (served, client):
        listening = psutil.Process(served.pid).connections("inet")
        assert {each.laddr.ip for each in listening} == {"127.0.0.1"}
        market = sale(tmp_path, [SLOW, SLOWER], client.identity())
        client.start(bundle(market, client.identity()))
        children = models_at_work(served, 2)
        served.send_signal(signal.SIGTERM)
        assert served.communicate(timeout=60)[0] == b"stopped\n"
        assert served.returncode == 0
        for child in children:
            wait_for_end(child)
    events = [(entry["event"], entry.get("stage")) for entry in logged(tmp_path)]
    assert events == [("serving", None), ("measurement", "measuring"), ("stopped", None)]
    fields = {key for entry in logged(tmp_path) for key in entry}
    assert fields == {
        "time",
        "level",
        "event",
        "signing_key",
        "url",
        "task_id",
        "round",
        "stage",
    }
