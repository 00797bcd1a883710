"""``python -m offchain``: the enclave and the tools of its hosts."""

import argparse
import importlib
import os
import sys
from types import ModuleType

COMMANDS = {
    "manifest": "encrypt a test set and write its manifest",
    "serve": "boot an enclave and serve it on loopback",
    "register": "register an operator's enclave, or renew it",
    "program": "say what a task's measurement names, and whether you allow it",
    "roster": "propose a roster with spares for a task",
    "release": "release the test set of a task to enclaves",
    "watch": "follow a market with an enclave: measure, co-sign, post, dispute",
}
"""Each is a module of `offchain.commands`, with ``add`` and ``run``, and ``FAULTS`` where more can
go wrong outside than `main` knows."""


def main(argv: list[str]) -> int:
    """Run a command; 1 and the reason on standard error when it fails."""
    parser = argparse.ArgumentParser(prog="python -m offchain", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        if argv and name == argv[0]:  # the others need not be imported
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
    return importlib.import_module(f"offchain.commands.{name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
