"""The table of the sub-commands, and how one of them is run."""

import argparse
from collections.abc import Callable, Iterator

from offchain.cli.attestation import fetch, program, show, status, update, verify
from offchain.cli.attestation.output import Result, rendered

_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Result]] = {
    "fetch": ("fetch Intel's collateral", fetch.add, fetch.fetch),
    "status": ("say what Intel says of a quote or a deployment", status.add, status.status),
    "update": ("bring a deployment what it lacks", update.add, update.update),
    "verify": ("verify a quote", verify.add, verify.verify_quote),
    "program": ("compute a program id", program.add, program.program),
    "show": ("print the fields of a quote, unverified", show.add, show.show),
}


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    commands = parser.add_subparsers(required=True)
    for name, (purpose, declare, action) in _COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        declare(command)
        command.set_defaults(action=action)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Run the sub-command; yield what it found, as lines or as JSON.

    Raises:
        ValueError: a document lacks a field, among others.
    """
    try:
        yield from rendered(arguments.action(arguments), as_json=arguments.json)
    except KeyError as error:
        raise ValueError(f"field {error} is missing") from error
