"""Networks by name: the address book of a deployment, and the node that Brownie knows.

``deployments/<name>.json`` is written by ``brownie run deploy``. Brownie's own
``network-config.yaml`` gives the node of a network, as ``brownie networks list`` shows it.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DEPLOYMENTS = Path(__file__).resolve().parents[2] / "deployments"
"""The address books of this checkout."""


@dataclass(frozen=True)
class Network:
    """A deployment on a network.

    Args:
        name: of the network.
        url: of the node.
        chain_id: that the node must have.
        first_block: block of the first contract, or an earlier one.
        addresses: of ``market``, ``registry``, ``verifier`` and ``policy``.
    """

    name: str
    url: str
    chain_id: int
    first_block: int
    addresses: dict[str, str]


def address_books() -> Path:
    """Return the folder of the address books: GOLDEN_GRAIN_DEPLOYMENTS, or this checkout's."""
    return Path(os.environ.get("GOLDEN_GRAIN_DEPLOYMENTS", DEPLOYMENTS))


def find(name: str, url: str | None = None, folder: Path | None = None) -> Network:
    """Find a deployment by the name of its network.

    Args:
        name: of the network.
        url: of a node, instead of the one that the address book or Brownie names.
        folder: of the address books, instead of `address_books`.

    Raises:
        ValueError: there is no such address book, it is malformed, or no node is known.
    """
    folder = folder or address_books()
    file = folder / f"{name}.json"
    if not file.is_file():
        known = ", ".join(sorted(each.stem for each in folder.glob("*.json"))) or "none"
        raise ValueError(
            f"no deployment on network {name!r}: expected {file}, have {known}. "
            "`golden-grain playground` makes a local one"
        )
    try:
        book: dict[str, Any] = json.loads(file.read_text())
        addresses = {each: str(book[each]) for each in ("market", "registry", "verifier", "policy")}
        chain_id, first_block = int(book["chain_id"]), int(book["block"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{file} is not an address book: {error!r}") from error
    node = url or book.get("rpc") or _brownie_node(name)
    if node is None:
        raise ValueError(
            f"no node of network {name!r}: name one with --rpc, or add it with "
            "`brownie networks add`"
        )
    return Network(name, str(node), chain_id, first_block, addresses)


def _brownie_node(name: str) -> str | None:
    """Return the URL of a network's node in Brownie's settings, or None without one.

    Raises:
        ValueError: the URL needs an environment variable that is not set.
    """
    file = Path.home() / ".brownie" / "network-config.yaml"
    if not file.is_file():
        return None
    settings = yaml.safe_load(file.read_text()) or {}
    for group in settings.get("live", []):
        for each in group.get("networks", []):
            if each.get("id") == name:
                url = os.path.expandvars(str(each["host"]))
                if "$" in url:
                    raise ValueError(f"node {url} of network {name!r} needs that variable: set it")
                return url
    for each in settings.get("development", []):
        if each.get("id") == name:
            host = str(each.get("host", "http://127.0.0.1"))
            return f"{host}:{each.get('cmd_settings', {}).get('port', 8545)}"
    return None
