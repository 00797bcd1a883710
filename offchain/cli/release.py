"""``golden-grain release``: release the test set of a task to enclaves of its roster."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep as wait

from offchain.cli import common as shared
from offchain.provider.key_release import TestSetRelease
from offchain.storage.publications import PublicationFolder, ResultsFolder

FAULTS = shared.FAULTS


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=shared.task_id, help="id of the task")
    parser.add_argument(
        "--folder",
        required=True,
        type=Path,
        help="folder with the documents, where releases are written",
    )
    parser.add_argument("--key", required=True, type=Path, help="file with the test set's key")
    parser.add_argument(
        "--enclave",
        action="append",
        default=[],
        type=shared.address,
        help="signing key of an enclave to release to (as many active ones as the quorum)",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        type=int,
        help="index of a submission to leave out of a new inventory",
    )
    parser.add_argument(
        "--results",
        action="append",
        default=[],
        help="folder or URL where an operator publishes; with it, go on until a report is posted, "
        "and leave out models that were stopped on enclaves of more operators than the quorum",
    )
    parser.add_argument(
        "--spares",
        type=int,
        default=0,
        help="operators beside the quorum to release to at once, with --results (%(default)s)",
    )
    parser.add_argument(
        "--poll", type=float, default=60.0, help="seconds between two steps (%(default)s)"
    )
    shared.add_market(parser)
    shared.add_sources(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Release the test set; yield lines about each step. Errors: see `TestSetRelease.release`."""
    provider = TestSetRelease(
        market=shared.market_of(arguments),
        folder=PublicationFolder(str(arguments.folder)),
        sources=shared.sources_of(arguments),
        secret=arguments.key.read_bytes(),
        random=random,
    )
    lines = provider.release(arguments.task, arguments.enclave, arguments.without)
    yield from map(shared.on_one_line, lines)
    operators = [ResultsFolder(url) for url in arguments.results]
    previous = set[str]()
    while operators and provider.is_needed(arguments.task):
        wait(arguments.poll)
        steps = provider.next_release(arguments.task, operators, arguments.spares)
        said = list(map(shared.on_one_line, steps))
        yield from (line for line in said if line not in previous)
        previous = set(said)
