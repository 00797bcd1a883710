"""``golden-grain release``: release the test set of a task to enclaves of its roster."""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from offchain.chain.refusals import Refused
from offchain.cli import common as shared
from offchain.cli import purchases, session
from offchain.cli.units import format_time, positive, whole
from offchain.provider.key_release import SubmissionsMissing, TestSetRelease
from offchain.storage.publications import PublicationFolder


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("task", type=shared.task_id, help="id of the task")
    parser.add_argument(
        "--folder",
        type=Path,
        help="folder with the documents, where releases are written (that of `create`)",
    )
    parser.add_argument("--key", type=Path, help="file with the test set's key (that of `create`)")
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
        type=whole(0),
        help="index of a submission to leave out of a new inventory, for good",
    )
    parser.add_argument(
        "--once", action="store_true", help="fail when a submission is missing, do not wait for it"
    )
    parser.add_argument(
        "--poll", type=positive, default=30.0, help="seconds between two attempts (%(default)s)"
    )
    purchases.add(parser, out=False)
    session.add(parser, account=False)


def run(
    arguments: argparse.Namespace,
    random: Callable[[int], bytes],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """Release the test set; yield lines about each step. Errors: see `TestSetRelease.release`.

    While a submission is missing nothing is released, and the command tries again until a third of
    the time to report is left. Then it goes on without what is missing. Run again without options,
    it follows the operators' notices of stopped models, as `golden-grain buy` does by itself.
    """
    here = session.Session.of(arguments)
    provider, said = _release(here, arguments, random), ""
    while True:
        try:
            if arguments.enclave or arguments.without:
                lines = provider.release(arguments.task, arguments.enclave, arguments.without)
            else:
                lines = provider.next_release(arguments.task)
            yield from map(shared.on_one_line, lines)
            return
        except SubmissionsMissing as missing:
            if arguments.once:
                raise
            if str(missing) != said:
                said = str(missing)
                here.say(*map(shared.on_one_line, said.splitlines()))
                here.say(f"tries again until {format_time(missing.until, here.now())}")
        sleep(arguments.poll)


def _release(
    here: session.Session, arguments: argparse.Namespace, random: Callable[[int], bytes]
) -> TestSetRelease:
    """Return the tool that releases, from the task's private folder or what the arguments name.

    Raises:
        Refused: neither gives the key or the folder.
    """
    if arguments.folder and arguments.key:
        sources = purchases.sources_of(here, arguments)
        folder, secret = PublicationFolder(str(arguments.folder)), arguments.key.read_bytes()
        return TestSetRelease(here.market, folder, sources, secret, random)
    release = purchases.Purchase.of(here, arguments.task, arguments).release(random)
    if release is None:
        raise Refused(
            "the test set's key is lost, or another: nobody can measure, and only "
            "`golden-grain void` is left, from the report deadline on. Bring it back from your "
            "backup, or name it with --key and --folder"
        )
    return release
