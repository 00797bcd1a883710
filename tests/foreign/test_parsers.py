"""Each parser of strangers' bytes keeps its rule on its seeds and on a few changes of them."""

from pathlib import Path
from random import Random

import pytest

from tests.fire.mutations import change_bytes
from tests.foreign.campaign import outcome
from tests.foreign.parsers import PARSERS

SEEDS, CHANGES = 8, 24


@pytest.mark.parametrize("name", PARSERS)
def test_parser__seeds__are_read(name):
    seeds = PARSERS[name].seeds()
    for seed in seeds[:: -(-len(seeds) // SEEDS)]:
        assert len(seed) <= PARSERS[name].max_bytes
        assert PARSERS[name].read(seed)


@pytest.mark.parametrize("name", PARSERS)
def test_parser__changed_seeds__are_read_or_refused(name):
    parser, source = PARSERS[name], Random(15)  # noqa: S311 - nothing secret
    seeds, found = parser.seeds(), {parser.read(b"")}
    for number in range(CHANGES):
        change = change_bytes if number % 2 else parser.mutate or change_bytes
        found.add(parser.read(change(source.choice(seeds), source)[: parser.max_bytes]))
    assert False in found


LOG = """\
INFO: seed corpus: files: 12 min: 1b max: 9b total: 40b rss: 180Mb
#13\tINITED cov: 20 ft: 21 corp: 5/9b exec/s: 0 rss: 181Mb
#412949\tDONE   cov: 22 ft: 27 corp: 9/1545b lim: 4030 exec/s: 45883 rss: 181Mb
"""


def test_outcome__process_that_fuzzed__has_its_last_figures():
    found = outcome("quote", 0, LOG, ())
    assert (found.executions, found.edges, found.features, found.inputs) == (412_949, 22, 27, 9)
    assert not found.fault


@pytest.mark.parametrize(("code", "log"), [(1, LOG), (0, "nothing")])
def test_outcome__process_that_did_not__is_a_fault(code, log):
    assert outcome("quote", code, log, ()).fault


def test_outcome__process_that_ended_with_a_finding__is_no_fault():
    found = outcome("quote", 77, LOG, (Path("crash-1"),))
    assert len(found.findings) == 1
    assert not found.fault
