"""``golden-grain sell``: sell a model in a task, unattended, from its check to its money."""

import argparse
from collections.abc import Callable, Iterator

from offchain.chain.refusals import Refused
from offchain.cli import developer_options, session, units
from offchain.cli import entry as entries


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    developer_options.add_model(parser)
    developer_options.add_task(parser)
    developer_options.add_uploads(parser)
    developer_options.add_results(parser)
    parser.add_argument(
        "--dispute",
        action="store_true",
        help="dispute a report that contradicts what everybody can compute",
    )
    parser.add_argument(
        "--highest-bond",
        type=units.ETHER.parse,
        help='most that a dispute may cost, such as "1 ether"',
    )
    parser.add_argument(
        "--poll", type=units.positive, help="seconds between two looks at the chain"
    )
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Sell a model; yield how it ended. The same line goes on after any interruption.

    Raises:
        Refused: the sale cannot begin, or ended with a loss; the message says why.
        ValueError, OSError: see `offchain.cli.entry`.
    """
    if arguments.dispute != (arguments.highest_bond is not None):
        raise units.Malformed("--dispute and --highest-bond, expected both or none of them")
    here = session.Session.of(arguments)
    uploads = developer_options.uploads_of(here, arguments)
    with entries.entry_files(here, arguments) as files:
        offer = entries.offer_of(here, arguments, files.documents())
        if files.read() is None:
            entries.warn_of_uploads(here, uploads)
        entry = entries.prepared(here, arguments, files, offer, random)
        selling = entries.selling_of(
            here, arguments, files, offer, entry, uploads, arguments.highest_bond
        )
        outcome = entries.follow(here, selling, arguments.poll)
    price = None if outcome.price is None else offer.words.amount(outcome.price)
    yield here.result(
        {
            "task": offer.id,
            "entry": selling.index,
            "sold": outcome.sold,
            "price": price,
            "reason": outcome.reason,
            "files": str(files.path),
        }
    )
    if outcome.failed:
        raise Refused(outcome.reason)
