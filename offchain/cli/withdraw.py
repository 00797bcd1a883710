"""``golden-grain withdraw``: take what market and registry owe to an account."""

import argparse
from collections.abc import Callable, Iterator

from offchain.chain.refusals import Refused
from offchain.cli import common, session
from offchain.protocol.encoding import ZERO_ADDRESS


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--token",
        action="append",
        default=[],
        type=common.address,
        help="address of a token that is owed too (ether always is asked for)",
    )
    parser.add_argument("--to", type=common.address, help="who is paid (the account itself)")
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Withdraw all credits of the account; yield the amounts.

    Raises:
        Refused: nothing is owed.
        ContractLogicError: a payment fails.
    """
    here = session.Session.of(arguments)
    account, to = here.sender.address, arguments.to or here.sender.address
    market, registry = here.market.contract.functions, here.registry.contract.functions
    calls, owed = [], []
    for token in dict.fromkeys((ZERO_ADDRESS, *arguments.token)):
        amount = int(market.credits(token, account).call())
        if amount:
            owed.append(here.currency(token).format(amount))
            calls.append(market.withdraw(token, to))
    amount = int(registry.credits(account).call())
    if amount:
        owed.append(f"{here.currency(ZERO_ADDRESS).format(amount)} of the registry")
        calls.append(registry.withdraw(to))
    if not calls:
        raise Refused(f"nothing is owed to {account}: a token's credit needs --token ADDRESS")
    here.confirm([f"withdraw {', '.join(owed)} to {to}, as {account}"])
    for call in calls:
        here.sender.send(call)
    yield here.result({"account": account, "to": to, "withdrew": owed})
