"""``python -m offchain serve`` as a process: its address, its end, and its death."""

import json
import signal
import subprocess
import sys
from contextlib import contextmanager

from offchain.service.client import EnclaveClient


@contextmanager
def process(folder):
    """The command, its client, and the folder that it may write to."""
    log, store = folder / "log", str(folder / "store")
    options = ["--store", store, "--journal", str(folder / "journal.jsonl")]
    with log.open("ab") as sink:
        served = subprocess.Popen(
            [sys.executable, "-m", "offchain", "serve", *options],
            stdout=subprocess.PIPE,
            stderr=sink,
        )
        try:
            url = json.loads(served.stdout.readline())["url"]
            with EnclaveClient(url) as client:
                yield served, client
        finally:
            served.kill()
            served.communicate()


def logged(folder):
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


def test_serve__killed_and_booted_again__has_new_keys_and_wrote_none(tmp_path):
    with process(tmp_path) as (served, client):
        first = client.identity()
        served.kill()
    with process(tmp_path) as (served, client):
        second = client.identity()
        assert client.health().simulated
        served.send_signal(signal.SIGTERM)
        assert served.communicate(timeout=60)[0] == b"stopped\n"
        assert served.returncode == 0
    assert first.signing_key != second.signing_key
    assert first.sealing_key != second.sealing_key
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
    assert [entry["event"] for entry in logged(tmp_path)] == ["serving", "serving", "stopped"]
    fields = {key for entry in logged(tmp_path) for key in entry}
    assert fields == {"time", "level", "event", "signing_key", "port"}
