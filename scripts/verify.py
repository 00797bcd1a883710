"""Read the deployment of `deployments/<network>.json` again from the chain, and compare everything.

    brownie run verify --network <network>
    brownie run verify inputs --network <network>

Compared are the code with all its immutables (so the root key, the terms and the gas of payments),
owners, wiring, and the events that changed any of them. It needs no account. Nothing is sent.

`inputs` writes what explorers ask for into `reports/verify/<network>/`: Vyper's standard JSON input
of each contract, and the words of the constructors' arguments (`arguments.json`).
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from brownie import DcapVerifier, EnclaveRegistry, ModelMarket, TcbPolicy, network, web3
from rich.console import Console
from rich.table import Table
from web3 import HTTPProvider, Web3

from offchain.chain.node import Node
from scripts.lib.deployment_log import write_json
from scripts.lib.verification import (
    CONTRACTS,
    Book,
    Check,
    constructor_arguments,
    standard_json,
    verify,
)

ROOT = Path(__file__).parent.parent
DEPLOYMENTS = ROOT / "deployments"
REPORTS = ROOT / "reports" / "verify"


class VerificationError(ValueError):
    """The chain does not have what the address book says; the message lists the differences."""


def runtimes() -> dict[str, bytes]:
    """Return the code of each contract as Brownie compiled it, without immutables."""
    containers = {
        "TcbPolicy": TcbPolicy,
        "DcapVerifier": DcapVerifier,
        "EnclaveRegistry": EnclaveRegistry,
        "ModelMarket": ModelMarket,
    }
    return {
        name: bytes.fromhex(container._build["deployedBytecode"].removeprefix("0x"))
        for name, container in containers.items()
    }


def table(checks: Iterable[Check]) -> Table:
    """Return a table of all that was compared."""
    made = Table(title="Deployment, as the chain has it")
    for column in ("", "what", "found"):
        made.add_column(column, overflow="fold")
    for check in checks:
        made.add_row("ok" if check.holds else "DIFFERS", check.what, str(check.found))
    return made


def check_all(node: Node, book: Book, console: Console) -> list[Check]:
    """Verify a deployment and print each comparison; return them.

    Raises:
        VerificationError: something differs.
    """
    checks = list(verify(node, book, runtimes()))
    console.print(table(checks))
    differing = [each for each in checks if not each.holds]
    if differing:
        said = "\n".join(f"{e.what} is {e.found}, expected {e.expected}" for e in differing)
        raise VerificationError(
            f"{said}\nEither the chain has another deployment, or these sources and the address "
            "book are not those it was made from: use the commit of the deployment"
        )
    return checks


def write_inputs(book: Book, folder: Path) -> list[Path]:
    """Write what explorers ask for: compiles all contracts, half a minute; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    contents: dict[str, Any] = {
        name: standard_json(ROOT, Path("contracts") / f"{name}.vy") for name in CONTRACTS
    }
    contents["arguments"] = {
        name: words.hex() for name, words in constructor_arguments(book).items()
    }
    files = [folder / f"{name}.json" for name in contents]
    for file, content in zip(files, contents.values(), strict=True):
        write_json(content, file)
    return files


def address_book() -> dict[str, Any]:
    """Read the address book of the active network.

    Raises:
        FileNotFoundError: it has none.
    """
    path = DEPLOYMENTS / f"{network.show_active()}.json"
    if not path.is_file():
        raise FileNotFoundError(f"no {path}: expected the address book of a deployment")
    book: dict[str, Any] = json.loads(path.read_text())
    return book


def inputs() -> list[Path]:
    """Write the inputs of explorers for the active network; print and return the files."""
    files = write_inputs(address_book(), REPORTS / network.show_active())
    for file in files:
        print(f"written: {file.relative_to(ROOT)}")
    return files


def main() -> list[Check]:
    """Verify the deployment of the active network; return what was compared.

    Raises:
        FileNotFoundError: the network has no address book.
        VerificationError: something differs.
    """
    book = address_book()
    node = Node(Web3(HTTPProvider(web3.provider.endpoint_uri)), 0, book["block"])
    return check_all(node, book, Console())
