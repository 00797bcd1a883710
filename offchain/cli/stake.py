"""``golden-grain stake``: bring your stake as an operator up to an amount."""

import argparse
from collections.abc import Callable, Iterator

from offchain.cli import session
from offchain.cli.units import ETHER
from offchain.operator.stakes import Standing, stake_call


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("amount", type=ETHER.parse, help="stake to have in all, such as '2 ether'")
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Add what is missing of the stake; a stake that is there already changes nothing.

    Raises:
        Refused: the operator has asked for its stake back, or lost it.
    """
    here = session.Session.of(arguments)
    operator = here.sender.address
    call = stake_call(here.registry, operator, arguments.amount)
    if call is not None:
        here.confirm([f"as {operator}: {call.what}"])
        here.sender.send(call.function, call.value)
    standing = Standing.of(here.registry, operator)
    yield here.result(
        {
            "operator": operator,
            "stake": ETHER.format(standing.stake),
            "machines": standing.platforms,
        }
    )
