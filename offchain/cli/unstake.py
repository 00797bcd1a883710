"""``golden-grain unstake``: get your stake back: ask for it, wait, and run the same line again."""

import argparse
from collections.abc import Callable, Iterator

from offchain.cli import common, session
from offchain.cli import operator_options as options
from offchain.cli.units import ETHER
from offchain.operator.stakes import Standing, active_enclaves, unstake_call


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--to", type=common.address, help="account that gets the stake (your own)")
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Do the next step on the way; say when the one after it is possible.

    Raises:
        Refused: there is no stake, or it is lost.
    """
    here = session.Session.of(arguments)
    operator = here.sender.address
    call = unstake_call(here.registry, operator, arguments.to or operator, here.now())
    if call is not None:
        enclaves = [key for key, _ in active_enclaves(here.registry, operator)]
        stopped = [f"  ends the registration of enclave {key}, for good" for key in enclaves]
        here.confirm([f"as {operator}: {call.what}", *stopped])
        here.sender.send(call.function, call.value)
    standing = Standing.of(here.registry, operator)
    found = {"operator": operator, "stake": ETHER.format(standing.stake)}
    if standing.unlocks_at:
        found["can be taken"] = options.until(here, standing.unlocks_at)
    yield here.result(found)
