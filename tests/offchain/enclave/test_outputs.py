"""Outputs for the choice of a team: sealed on the host's disk, deleted with the signature."""

import tempfile
import tracemalloc
from dataclasses import replace
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from offchain.enclave.benchmark import Benchmark, Kept, measure_all
from offchain.enclave.enclave import Enclave
from offchain.enclave.models.runner import Predictions
from offchain.enclave.opening import open_submissions
from offchain.enclave.sealed import SealedArrays
from offchain.protocol.errors import RunAborted
from offchain.protocol.messages import Posted
from tests.offchain.market import CONFINED, TARGETS, TOOLS, Offer, make_manifest, make_market, model
from tests.vectors.generate import word

MARKET = make_market([Offer(model(range(wrong))) for wrong in range(3)])
TASK_ID = MARKET.transcript.task_id


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_measure__disk_of_the_host_alters_outputs__aborts_and_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Altering(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            content = bytearray(super().read(size))
            content[5] ^= 1
            return bytes(content)

    enclave = MARKET.enclaves[0]
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", lambda **_: Altering())
        with pytest.raises(RunAborted, match="its outputs on disk were altered"):
            enclave.measure(MARKET.bundle(enclave), TOOLS)
    enclave.measure(MARKET.bundle(enclave), TOOLS)
    assert enclave.propose(TASK_ID, 0).chosen == (0,)


def test_outputs__of_two_measurements__are_sealed_under_different_keys() -> None:
    """Two arrays under one key and number would break AES-GCM."""
    contents = []
    for _ in range(2):
        outputs = MARKET.enclaves[0]._outputs(TOOLS)
        outputs.put(0, np.zeros(4))
        outputs._file.seek(0)
        contents.append(outputs._file.read())
    assert contents[0] != contents[1]


def test_boot__keys__are_of_random_bytes_of_their_own() -> None:
    numbers = count()
    made = Enclave.boot(lambda size: word(f"random {next(numbers)}")[:size])
    expected = word("random 0"), word("random 1")
    assert (made._signing_key.to_bytes(), made._sealing_private) == expected


def test_measure__run_that_aborted__writes_each_output_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second encryption under the same key and number would break AES-GCM."""
    files = []

    def make(**_: Any) -> BytesIO:
        files.append(BytesIO())
        return files[-1]

    market = make_market([Offer(), Offer(model(abort=True))])
    enclave = market.enclaves[0]
    monkeypatch.setattr(tempfile, "TemporaryFile", make)
    written = []
    for _ in range(2):
        with pytest.raises(RunAborted):
            enclave.measure(market.bundle(enclave), TOOLS)
        written.append(files[0].getvalue())
    assert len(files) == 1
    assert written[0] == written[1] != b""


def test_cosign__signed__gives_the_outputs_back(tmp_path: Path) -> None:
    enclave, before = MARKET.enclaves[1], open_files()
    enclave.measure(MARKET.bundle(enclave), replace(TOOLS, scratch=str(tmp_path)))
    assert open_files() == before + 1
    enclave.cosign(TASK_ID, 0, enclave.propose(TASK_ID, 0), word("platform"))
    assert open_files() == before


def test_cosign__verdict_signed__gives_the_outputs_back_too() -> None:
    market = make_market([Offer(model(range(wrong))) for wrong in range(3)])
    (signer, seat, *_), platform = market.enclaves, word("platform")
    signer.measure(market.bundle(signer), TOOLS)
    signed = signer.cosign(TASK_ID, 0, signer.propose(TASK_ID, 0), platform)
    before, posted = open_files(), Posted(signed.report, (signed.cosignature,))
    seat.measure(replace(market.bundle(seat), posted=posted), TOOLS)
    assert open_files() == before + 1
    seat.cosign(TASK_ID, 1, seat.propose(TASK_ID, 1), platform)
    assert open_files() == before


def test_measure_all__eight_times_the_submissions__takes_no_more_memory() -> None:
    targets = np.tile(TARGETS, 2_000)
    inputs = np.zeros((len(targets), 1), np.float32)
    right = np.eye(2)[targets]
    small = right.astype(np.float32).nbytes

    def run(*_: Any, **__: Any) -> Predictions:
        return Predictions(right.copy(), right.copy(), CONFINED)

    def peak(count: int) -> int:
        market = make_market([Offer(model([], sure=index / 9)) for index in range(count)])
        tools = replace(TOOLS, run=run)
        benchmark = Benchmark(
            make_manifest(word("test set")), targets, None, word("seed"), 2_000, tools
        )
        _, jobs = open_submissions(
            market.transcript,
            range(count),
            market.keyrings,
            0,
            market.enclaves[0]._sealing_private,
        )
        with tempfile.TemporaryFile() as file:
            tracemalloc.start()
            outputs = SealedArrays(word("key"), file)
            results = measure_all(benchmark, inputs, jobs, 1, lambda _: None, Kept(outputs))
            reached = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert len(results) == len(outputs) == count
        return reached

    assert peak(32) - peak(4) < 4 * small
