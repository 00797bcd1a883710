"""``golden-grain reveal``: publish a committed entry and reveal it, which returns the bond."""

import argparse
from collections.abc import Callable, Iterator

from offchain.chain.refusals import Refused
from offchain.cli import developer_options, session
from offchain.cli import entry as entries


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    developer_options.add_task(parser)
    developer_options.add_uploads(parser)
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Reveal an entry; yield its index and its URI.

    Raises:
        Refused: it is too early or too late, the roster is no longer safe, or others cannot read
            what was published.
        ValueError, OSError: see `offchain.cli.entry`.
    """
    here = session.Session.of(arguments)
    uploads = developer_options.uploads_of(here, arguments)
    with entries.entry_files(here, arguments) as files:
        entry = entries.kept_entry(files)
        offer = entries.offer_of(here, arguments, files.documents())
        selling = entries.selling_of(here, arguments, files, offer, entry, uploads)
        here.confirm([f"reveal {files.path} at {uploads.uri}, as {here.sender.address}"])
        said = entries.take_step(selling, selling.reveal)
        here.say(*said)
        if selling.outcome is not None:
            raise Refused(selling.outcome.reason)
        view = selling.look()
        if not view.is_revealed:
            raise Refused(said[-1])
    yield here.result({"task": offer.id, "entry": view.index, "uri": uploads.uri})
