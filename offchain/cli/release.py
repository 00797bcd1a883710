"""``golden-grain release``: release the test set of a task to enclaves of its roster."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from offchain.cli import common as shared
from offchain.provider.key_release import TestSetRelease
from offchain.storage.publications import PublicationFolder


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
