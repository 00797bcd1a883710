"""Settings for both suites: Hypothesis profiles, and a garbage collector that spares Brownie."""

import gc

from hypothesis import HealthCheck, settings

# No clock decides whether a test passes: neither a deadline nor the health check of slow draws.
no_clock = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", no_clock, derandomize=True, max_examples=50)
settings.register_profile("deep", no_clock, max_examples=2000, stateful_step_count=200)
settings.load_profile("quick")


def pytest_collection_finish() -> None:
    """Takes what is loaded by now out of the collections that each `chain.revert()` starts."""
    gc.collect()
    gc.freeze()
