"""Fetch untrusted URIs; reject private, loopback and link-local addresses (SSRF protection)."""

import asyncio
import errno
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import aiohttp

from offchain.storage.store import RetryPolicy, Store

SCHEMES = frozenset({"http", "https", "ipfs", "s3"})
"""Schemes allowed in an untrusted URI: none of them reaches local files or memory."""

_LOOKUPS = 1_024
"""Names that are looked up at a time. The loop's own six threads would be taken by as many names
whose servers do not answer, since a lookup cannot be cut short."""
_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")


def public_store(uri: str, patience: RetryPolicy) -> Store:
    """Return a read-only store for an untrusted URI.

    The address is checked when a socket is opened, so that neither DNS nor a redirect leads to an
    address that is not public. Buckets are read without this machine's credentials. ``ipfs`` goes
    to the gateway that this machine configures, and to no host that the URI names.

    Raises:
        ValueError: the scheme is not allowed; the message names the URI and the allowed schemes.
    """
    return Store(uri, patience, tuple(public_options(uri).items()))


def public_options(uri: str) -> dict[str, Any]:
    """Return the options by which fsspec reads an untrusted URI. Raises as `public_store`."""
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in SCHEMES or not rest or "::" in uri:
        raise ValueError(f"uri {uri!r}, expected one of {', '.join(sorted(SCHEMES))}")
    if scheme in ("http", "https"):
        return {"get_client": _client}
    return {"anon": True} if scheme == "s3" else {}


async def _client(loop: asyncio.AbstractEventLoop, **options: Any) -> aiohttp.ClientSession:
    _make_room(loop)
    connector = aiohttp.TCPConnector(socket_factory=_socket)
    return aiohttp.ClientSession(connector=connector, **options)


@cache
def _make_room(loop: asyncio.AbstractEventLoop) -> None:
    loop.set_default_executor(ThreadPoolExecutor(_LOOKUPS, "lookup"))


def _socket(address_info: Any) -> socket.socket:
    family, kind, protocol, _, address = address_info
    check_address(address[0])
    return socket.socket(family, kind, protocol)


def check_address(text: str) -> None:
    """Refuse an IP address that is not a public unicast address.

    Raises:
        PermissionError: the message names the address.
    """
    address = _reached(ip_address(text))
    other = isinstance(address, IPv6Address) and address not in _UNICAST
    if other or not address.is_global or address.is_multicast:
        raise PermissionError(errno.EACCES, f"{text} is not an address of the public network")


def _reached(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address leads to, or else itself."""
    if isinstance(address, IPv4Address):
        return address
    low = IPv4Address(int(address) & 0xFFFF_FFFF)
    return (
        (low if address in _NAT64 else None) or address.ipv4_mapped or address.sixtofour or address
    )
