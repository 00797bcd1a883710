"""Mutated models of every operator: no run is aborted, by a signal or otherwise."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.fire.forks import Case, outcomes
from tests.fire.operators import examples

DEEP_INPUTS = 100_000
QUICK_INPUTS = 40
LIST = 500
"""Inputs in one process that forks."""


def mutated(seed: int, count: int) -> Iterator[Case]:
    """Yield models with a few bytes changed, removed or repeated."""
    random = np.random.default_rng(seed)
    found = examples()
    for _ in range(count):
        case = found[random.integers(len(found))].case()
        content = bytearray(case.model)
        for _ in range(random.integers(1, 4)):
            start = int(random.integers(len(content)))
            size = int(random.integers(1, 5))
            kind = random.integers(3)
            if kind == 0:
                content[start] = int(random.integers(256))
            elif kind == 1:
                del content[start : start + size]
            else:
                content[start:start] = content[start : start + size]
        yield replace(case, model=bytes(content))


@pytest.fixture
def inputs(request) -> int:
    deep = request.config.getoption("--hypothesis-profile") == "deep"
    return DEEP_INPUTS if deep else QUICK_INPUTS


def test_run_model__mutated__is_refused_or_scored(inputs):
    for seed, start in enumerate(range(0, inputs, LIST)):
        cases = list(mutated(seed, min(LIST, inputs - start)))
        aborts = [
            (case.model.hex(), outcome.abort)
            for case, outcome in zip(cases, outcomes(cases), strict=True)
            if outcome.abort
        ]
        assert aborts == [], f"seed {seed}"
