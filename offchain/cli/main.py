"""``golden-grain``: the enclave and the tools of its hosts. ``python -m offchain`` is the same."""

import argparse
import importlib
import os
import sys
from types import ModuleType

COMMANDS = {
    "manifest": "encrypt a test set and write its manifest",
    "check": "try a model against a manifest as an enclave would; nothing is sent",
    "serve": "boot an enclave and serve it on loopback",
    "register": "register an operator's enclave, or renew it",
    "program": "name the program of a task's measurement, and check that you allow it",
    "roster": "propose a roster with spares for a task",
    "release": "release the test set of a task to enclaves",
    "watch": "follow a market with an enclave: measure, co-sign, post, dispute",
    "attestation": "fetch Intel's documents, bring them on-chain, judge quotes by them",
}
"""Each command is a module of `offchain.cli` with ``add`` and ``run``. A module whose errors are of
more types than those in `main` lists them in ``FAULTS``."""


def main(argv: list[str] | None = None) -> int:
    """Run a command; return 0, or 1 with the reason on standard error when it fails."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="golden-grain", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        if argv and name == argv[0]:  # because importing the others would take seconds
            _module(name).add(command)
    arguments = parser.parse_args(argv)
    module = _module(arguments.command)
    faults = (ValueError, OSError, RuntimeError, *getattr(module, "FAULTS", ()))
    try:
        for line in module.run(arguments, os.urandom):
            print(line, flush=True)
    except faults as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"offchain.cli.{name}")
