"""``golden-grain commit``: check a model, prepare its entry and commit to it."""

import argparse
from collections.abc import Callable, Iterator

from offchain.chain.refusals import Refused
from offchain.cli import developer_options, session
from offchain.cli import entry as entries


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    developer_options.add_model(parser)
    developer_options.add_task(parser)
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Commit to a model; yield the index of the entry.

    Raises:
        Refused, ValueError, OSError: see `offchain.cli.entry.prepared`.
    """
    here = session.Session.of(arguments)
    with entries.entry_files(here, arguments) as files:
        offer = entries.offer_of(here, arguments, files.documents())
        entry = entries.prepared(here, arguments, files, offer, random)
        selling = entries.selling_of(here, arguments, files, offer, entry, None)
        here.say(*entries.take_step(selling, selling.commit))
        if selling.outcome is not None:
            raise Refused(selling.outcome.reason)
        index = selling.look().index
    yield here.result({"task": offer.id, "entry": index, "files": str(files.path)})
