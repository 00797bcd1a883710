"""``golden-grain release``: release the test set of a task to enclaves of its roster."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from offchain.cli import common as shared
from offchain.provider.test_set_release import TestSetRelease
from offchain.storage.publications import PublicationFolder

FAULTS = shared.FAULTS


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("task", type=shared.task_id, help="id of the task")
    parser.add_argument("--folder", required=True, type=Path, help="documents in, releases out")
    parser.add_argument("--key", required=True, type=Path, help="file of the test set's key")
    parser.add_argument(
        "--enclave",
        action="append",
        default=[],
        type=shared.address,
        help="signing key to release to; as many active ones as the quorum when none is given",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        type=int,
        help="submission to leave out of a new inventory",
    )
    shared.add_market(parser)
    shared.add_sources(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Does it, and says what it does. Raises as `TestSetRelease.release`."""
    provider = TestSetRelease(
        market=shared.market_of(arguments),
        folder=PublicationFolder(str(arguments.folder)),
        sources=shared.sources_of(arguments),
        secret=arguments.key.read_bytes(),
        random=random,
    )
    said = provider.release(arguments.task, arguments.enclave, arguments.without)
    yield from map(shared.on_one_line, said)
