"""Settings for all suites: Hypothesis profiles, and a garbage collector that spares Brownie."""

import gc
import random

import pytest
from hypothesis import HealthCheck, Phase, core, settings

# No clock decides whether a test passes: neither a deadline nor the health check of slow draws.
# Examples are drawn in CI too, where Hypothesis would play the same ones in every run.
no_clock = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=False)
settings.register_profile("quick", no_clock, max_examples=50)
settings.register_profile("deep", no_clock, max_examples=2000, stateful_step_count=200)
# Where failures are the rule: the first example that fails is enough.
first = [Phase.explicit, Phase.generate]
settings.register_profile("mutants", no_clock, max_examples=50, phases=first, database=None)
settings.load_profile("quick")


def pytest_configure(config: pytest.Config) -> None:
    """Draw other examples in every run, from a seed that the run prints and takes."""
    if config.getoption("--hypothesis-seed", None) is None:
        core.global_force_seed = random.SystemRandom().getrandbits(32)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seed = core.global_force_seed
    terminalreporter.write_line(f"random examples again: --hypothesis-seed={seed}")


def pytest_collection_finish() -> None:
    """Takes what is loaded by now out of the collections that each `chain.revert()` starts."""
    gc.collect()
    gc.freeze()
