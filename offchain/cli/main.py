"""``golden-grain``: the enclave and the tools of its hosts. ``python -m offchain`` is the same."""

import argparse
import importlib
import os
import sys
from types import ModuleType

COMMANDS = {
    "manifest": "encrypt a test set and write its manifest",
    "create": "post a task from terms and a manifest, with its money in escrow",
    "buy": "buy models with your data: everything from the task to the opened models, unattended",
    "check": "try a model against a manifest as an enclave would; nothing is sent",
    "serve": "boot an enclave and serve it on loopback",
    "register": "register an operator's enclave once, or renew it",
    "stake": "bring an operator's stake up to an amount",
    "unstake": "get an operator's stake back",
    "program": "name the program of a task's measurement, and check that you allow it",
    "sell": "sell a model in a task, unattended: from its check to its money",
    "commit": "check a model, prepare its entry and commit to it",
    "reveal": "publish a committed entry and reveal it, which returns the bond",
    "claim": "deliver a bought model to its provider, for the price",
    "withdraw": "take what market and registry owe to an account",
    "dispute": "dispute the report of a task, which calls for a panel",
    "verdict": "post the verdict that the enclaves of a panel signed",
    "close": "close a task's reveals, which fixes the seed",
    "release": "release the test set of a task to enclaves",
    "settle": "end a task with a report: what was not claimed goes back",
    "void": "end a task that got no report: its budget goes back",
    "share": "credit developers with their shares of a voided task",
    "open": "open the models that you bought, and measure them again",
    "operate": "an operator's whole part, unattended: register, measure, co-sign, post, be paid",
    "guard": "the guardian's acts: verifiers, revocations, descriptions, ownership",
    "tasks": "list the tasks that take entries now",
    "status": "say a task's stage, who can do what with it now, and what it paid",
    "scores": "show the results of a task, each proved against its report",
    "page": "make a web page of the market: tasks, results with proofs, money, operators",
    "playground": "start a market on this machine alone, to try everything on",
    "attestation": "fetch Intel's documents, bring them on-chain, judge quotes by them",
}
"""Each command is a module of `offchain.cli` with ``add`` and ``run``."""


def main(argv: list[str] | None = None) -> int:
    """Run a command; return 0, or the reason on standard error with 1, or 2 for bad usage."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        arguments = _arguments(argv)
        for line in _module(arguments.command).run(arguments, os.urandom):
            print(line, flush=True)
    except KeyboardInterrupt:
        print("interrupted: nothing is lost, the same command goes on", file=sys.stderr)
        return 130
    except Exception as error:
        failures = importlib.import_module("offchain.cli.failures")  # it takes a second to import
        if not isinstance(error, failures.EXPECTED):
            raise
        print(failures.in_words(error), file=sys.stderr)
        return 2 if isinstance(error, failures.USAGE) else 1
    return 0


def _arguments(argv: list[str]) -> argparse.Namespace:
    about = "Buy and sell ML models by enclaves' scores; see docs/ for each party's page."
    parser = argparse.ArgumentParser(prog="golden-grain", description=about)
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        if argv and name == argv[0]:  # because importing the others would take seconds
            _module(name).add(command)
    return parser.parse_args(argv)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"offchain.cli.{name}")
