"""Strangers' uris: fetched from the public network, and from nowhere near this machine."""

import errno
import socket
from ipaddress import ip_address
from typing import Any

import aiohttp

from offchain.storage.store import RetryPolicy, Store

SCHEMES = frozenset({"http", "https", "ipfs", "s3"})
"""Where a stranger's uri may point: never into this machine's files or memory."""


def public_store(uri: str, patience: RetryPolicy) -> Store:
    """What a stranger names, for reading.

    Connections to addresses that are not public fail, wherever a name or a redirection leads, and
    buckets are asked without this machine's credentials. What ``ipfs`` asks is set up here.

    Raises:
        ValueError: another scheme; names the uri and those that are public.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in SCHEMES or not rest or "::" in uri:
        raise ValueError(f"uri {uri!r}, expected one of {', '.join(sorted(SCHEMES))}")
    options: dict[str, Any] = {}
    if scheme in ("http", "https"):
        options = {"get_client": _client}
    if scheme == "s3":
        options = {"anon": True}
    return Store(uri, patience, tuple(options.items()))


async def _client(loop: Any, **options: Any) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(socket_factory=_socket)
    return aiohttp.ClientSession(connector=connector, **options)


def _socket(place: Any) -> socket.socket:
    family, kind, protocol, _, address = place
    check_address(address[0])
    return socket.socket(family, kind, protocol)


def check_address(text: str) -> None:
    """Refuses what is not an address of the public network.

    Raises:
        PermissionError: names it.
    """
    address = ip_address(text)
    if not address.is_global or address.is_multicast:
        raise PermissionError(errno.EACCES, f"{text} is no address of the public network")
