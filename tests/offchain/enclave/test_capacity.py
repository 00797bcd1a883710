"""Refusal of tasks that need more memory than the machine has."""

from dataclasses import replace

import pytest

from offchain.enclave.capacity import Capacity, measuring_bytes
from offchain.protocol.errors import InvalidRequest, RequestFault
from offchain.protocol.manifest import Selection
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.sample import artifact_bytes
from offchain.storage.store import Store
from tests.offchain.market import ROWS, SAMPLE, STORE, TOOLS, Market, Offer, enclaves, make_market

MIB = 2**20
TEST_SET = ROWS * (4 + 8) + 16
"""Size in bytes: a float32 and an int64 per row, and the tag."""
ALLOWED = ModelLimits(model_bytes=64 * MIB, memory_bytes=64 * MIB)
MEASURING = 2 * (2 * 64 * MIB + SAMPLE * (2 * 80 + 64)) + 2 * SAMPLE * (4 + 8) + SAMPLE * 40
"""Two workers, each with two copies of a model and a table of two classes; sample and order."""
FITS = Capacity(model_memory=64 * MIB, test_set=TEST_SET, measuring=MEASURING, workers=2)
MARKET = make_market([Offer()], manifest={"limits": ALLOWED})


def measure(capacity: Capacity, market: Market = MARKET, store: Store = STORE) -> None:
    enclave = enclaves()[0]
    enclave.measure(market.bundle(enclave), replace(TOOLS, capacity=capacity, artifacts=store))


def test_measuring_bytes__weights__count_in_the_test_set_and_twice_in_the_sample() -> None:
    plain = MARKET.manifest
    weighted = replace(plain, test_set=replace(plain.test_set, weighted=True))
    assert artifact_bytes(weighted) == TEST_SET + 8 * ROWS
    assert measuring_bytes(weighted, 2) == measuring_bytes(plain, 2) + 2 * 8 * SAMPLE


def test_measure__task_that_just_fits__is_measured() -> None:
    measure(FITS)


@pytest.mark.parametrize(
    ("capacity", "limits", "detail"),
    [
        (replace(FITS, test_set=TEST_SET - 1), {}, f"test set of bytes {TEST_SET}, expected"),
        (
            replace(FITS, measuring=MEASURING - 1),
            {},
            f"bytes to measure {MEASURING}, expected at most the {MEASURING - 1} that",
        ),
        (
            FITS,
            {"memory_bytes": 64 * MIB + 1},
            "memory_bytes 67108865, expected at most the 67108864 that",
        ),
        (
            FITS,
            {"model_bytes": 64 * MIB + 1},
            "model_bytes 67108865, expected at most the 67108864 that",
        ),
    ],
)
def test_measure__task_one_byte_too_large__is_refused_before_anything_is_read(
    capacity: Capacity, limits: dict[str, int], detail: str
) -> None:
    allowed = {"model_bytes": 64 * MIB, "memory_bytes": 64 * MIB} | limits
    market = make_market([Offer()], manifest={"limits": ModelLimits(**allowed)})
    with pytest.raises(InvalidRequest) as refused:
        measure(capacity, market, Store("memory://nothing here"))
    assert refused.value.reason is RequestFault.TOO_LARGE
    assert refused.value.detail.startswith(detail)


def test_of__workers__share_half_of_the_memory() -> None:
    assert Capacity.of(24 * MIB, 3) == Capacity(4 * MIB, 2 * MIB, 24 * MIB * 2 // 5, 3)


@pytest.mark.parametrize(
    ("rows", "sample", "bound"),
    [
        (40, 20, 2 * 20 * 12 + 40 * 20 + 2 * 64 * MIB + 20 * (160 + 64)),
        (10**9, 20, 4 * (12 * 10**9 + 16) + 40 * 10**9),
    ],
)
def test_measuring_bytes__small_or_large_test_set__is_of_the_sample_or_of_the_draw(
    rows: int, sample: int, bound: int
) -> None:
    manifest = MARKET.manifest
    changed = replace(
        manifest, test_set=replace(manifest.test_set, samples=rows), sample_size=sample
    )
    assert measuring_bytes(changed, workers=1) == bound


@pytest.mark.parametrize(
    ("spec", "metric", "columns"),
    [
        (ModelSpec((1,), Output.LABELS, 3), "accuracy", 1),
        (ModelSpec((1,), Output.VALUES, 0), "mae_skill", 1),
        (ModelSpec((1,), Output.PROBABILITIES, 3), "log_loss_skill", 3),
    ],
)
def test_measuring_bytes__kind_of_output__counts_its_columns(
    spec: ModelSpec, metric: str, columns: int
) -> None:
    alone = {"selection": Selection.TOP, "minimum_gain": 0}
    manifest = replace(MARKET.manifest, model=spec, metric=metric, **alone)
    rows = SAMPLE * (2 * (4 + 8) + 40 + 80 * columns + 64)
    assert measuring_bytes(manifest, workers=1) == rows + 2 * 64 * MIB
