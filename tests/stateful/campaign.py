"""Long plays beside the reference model, in several processes, and counts of all that happened.

Fails when contracts and model disagree, or when the plays left anything out that they could do.
"""

import argparse
import gc
import multiprocessing
import random
import sys
import time
import traceback
from typing import NamedTuple

from boa.test import plugin  # undoes what an example did
from hypothesis import core, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import no_clock
from tests.p256 import p256verify
from tests.stateful.tally import Tally
from tests.stateful.test_reference import WANTED, Play
from tests.stateful.world import World

assert plugin
EVERY = 32  # examples between two lines of progress


class Independent(HypothesisProvider):
    """Draw every choice anew: Hypothesis by itself copies parts of plays, and plays short ones."""


AVAILABLE_PROVIDERS["independent"] = Independent


class Job(NamedTuple):
    number: int
    examples: int
    steps: int
    seed: int


def play(job: Job) -> tuple[Tally, str]:
    """Return the counts of a process, and the failure that ended it, if any."""
    core.global_force_seed = job.seed
    started, played = time.monotonic(), 0
    with p256verify():
        world = World()
        gc.freeze()  # compilers leave much behind that no collection has to look at

        def begin() -> Play:
            nonlocal played
            played += 1
            if played % EVERY == 0:
                seconds = time.monotonic() - started
                print(f"process {job.number}: {played} examples, {seconds:.0f} s", flush=True)
            return Play(world)

        size = {"max_examples": job.examples, "stateful_step_count": job.steps}
        how = settings(no_clock, **size, database=None, backend="independent")
        try:
            run_state_machine_as_test(begin, settings=how)
        except BaseException as error:
            return world.tally, "".join(traceback.format_exception(error))
    return world.tally, ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1_024)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    asked = parser.parse_args()
    started, tally = time.monotonic(), Tally()
    each = -(-asked.examples // asked.processes)
    jobs = [Job(n, each, asked.steps, asked.seed + n) for n in range(asked.processes)]
    with multiprocessing.get_context("spawn").Pool(asked.processes) as pool:
        results = pool.map(play, jobs, chunksize=1)
    for counts, failure in results:
        tally.update(counts)
        print(failure, end="")
    print(tally.report())
    missing = tally.missing(WANTED)
    for key in missing:
        print("never:", " · ".join(key))
    failed = sum(1 for _, failure in results if failure)
    print(
        f"{each * asked.processes:,} examples of {asked.steps} steps in "
        f"{time.monotonic() - started:.0f} s, seed {asked.seed}: "
        f"{len(tally)} outcomes, {len(missing)} left out, {failed} disagreements"
    )
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main())
