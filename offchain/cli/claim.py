"""``golden-grain claim``: deliver a bought model to its provider, for the price."""

import argparse
from collections.abc import Callable, Iterator

from offchain.chain.refusals import Refused
from offchain.cli import developer_options, session
from offchain.cli import entry as entries


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    developer_options.add_task(parser)
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Claim an award; yield the price.

    Raises:
        Refused: there is no entry, no confirmed report, or no award for the entry.
        ContractLogicError: claims are not open, or closed.
        ValueError, OSError: see `offchain.cli.entry`.
    """
    here = session.Session.of(arguments)
    with entries.entry_files(here, arguments) as files:
        entry = entries.kept_entry(files)
        offer = entries.offer_of(here, arguments, files.documents())
        selling = entries.selling_of(here, arguments, files, offer, entry, None)
        view = selling.look()
        record = selling.record(view)
        if record is None:
            raise Refused("no report stands with enough confirmations: `golden-grain status`")
        here.confirm(
            [
                f"claim the award of {files.path}, as {here.sender.address}. The claim publishes "
                "the model's key for the provider: from then on it has the model"
            ]
        )
        here.say(*entries.take_step(selling, lambda view: selling.claim(view, record)))
    price = offer.words.amount(record.prices[view.index]) if view.index is not None else None
    yield here.result({"task": offer.id, "entry": view.index, "price": price})
