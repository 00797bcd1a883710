"""Arguments that several commands share, and the objects made from them."""

import argparse
import re

from eth_utils.address import is_address, to_checksum_address

from offchain.cli.units import Malformed, positive, whole


def task_id(text: str) -> bytes:
    """Parse 32 bytes in hex. Raises as `hex_bytes`."""
    return hex_bytes(text, 32)


def hex_bytes(text: str, size: int) -> bytes:
    """Parse bytes in hex, with 0x or without.

    Raises:
        Malformed: the text is not ``size`` bytes in hex.
    """
    digits = text.removeprefix("0x")
    if not re.fullmatch(rf"[0-9a-fA-F]{{{2 * size}}}", digits):
        raise Malformed(f"{text!r}, expected 0x and {2 * size} hex digits")
    return bytes.fromhex(digits)


def address(text: str) -> str:
    """Parse an address; return it with its checksum.

    Raises:
        Malformed: the text is not an address.
    """
    if not is_address(text):
        raise Malformed(f"{text!r}, expected an address, 0x and 40 hex digits")
    return str(to_checksum_address(text))


def on_one_line(text: str) -> str:
    """Replace unprintable characters by spaces, so that untrusted text cannot forge a line."""
    return "".join(character if character.isprintable() else " " for character in text)


def add_fetching(parser: argparse.ArgumentParser) -> None:
    """Declare how long strangers' stores are waited for."""
    parser.add_argument(
        "--fetch-seconds", type=positive, default=20.0, help="seconds for each answer (%(default)s)"
    )
    parser.add_argument(
        "--fetch-total",
        type=positive,
        default=900.0,
        help="seconds for each file, with all attempts (%(default)s)",
    )
    parser.add_argument(
        "--threads", type=whole(1), default=8, help="submissions fetched at a time (%(default)s)"
    )
