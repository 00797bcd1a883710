"""Settings for both suites: Hypothesis profiles, and a garbage collector that spares Brownie."""

import gc

from hypothesis import settings

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("deep", deadline=None, max_examples=2000, stateful_step_count=200)
settings.load_profile("quick")


def pytest_collection_finish() -> None:
    """Takes what is loaded by now out of the collections that each `chain.revert()` starts."""
    gc.collect()
    gc.freeze()
