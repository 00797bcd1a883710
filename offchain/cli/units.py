"""Amounts, scores, durations and times as people write them, and back."""

import argparse
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import inf

from offchain.chain.refusals import Refused
from offchain.protocol.encoding import MAX_SCORE, ZERO_ADDRESS

_ETHER_UNITS = {"ether": 18, "eth": 18, "gwei": 9, "wei": 0}
_SECONDS = {
    **dict.fromkeys(("s", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}
_LEAST_PPM = 1_000
"""A whole number below this is no score: it is more likely a percentage, or a fraction."""


class Malformed(Refused, argparse.ArgumentTypeError):
    """Text that cannot be read; argparse shows the message, as it does of no other ValueError."""


@dataclass(frozen=True)
class Currency:
    """A token that people name by its symbol; the zero address is ether.

    Args:
        address: of the token.
        symbol: as the token gives it.
        decimals: number of decimal places of one token.
    """

    address: str
    symbol: str
    decimals: int

    def parse(self, text: str) -> int:
        """Parse an amount such as ``2 ether`` or ``0.5 USDC`` into units of the token.

        Raises:
            Malformed: no number, no unit of this token, or more decimal places than it has.
        """
        expected = f"{text!r}, expected a number and its unit, such as '1.5 {self.symbol}'"
        match re.fullmatch(r"\s*([\d_]*\.?[\d_]+)\s*([^\s\d]\S*)\s*", str(text)):
            case None:
                raise Malformed(expected)
            case found:
                number, unit = found.groups()
        units = {self.symbol.lower(): self.decimals}
        if self.address == ZERO_ADDRESS:
            units = _ETHER_UNITS
        if unit.lower() not in units:
            raise Malformed(f"{expected}; the units are {', '.join(units)}")
        places = units[unit.lower()]
        whole, _, fraction = number.replace("_", "").partition(".")
        digits = fraction.rstrip("0")
        if not whole + fraction:
            raise Malformed(expected)
        if len(digits) > places:
            raise Malformed(f"{text!r}, expected at most {places} decimal places")
        return int(whole + digits.ljust(places, "0"))

    def format(self, amount: int) -> str:
        """Return an amount in units of the token as text for people, which `parse` reads."""
        digits = str(amount).rjust(self.decimals + 1, "0")
        whole, fraction = digits[: len(digits) - self.decimals], digits[-self.decimals :]
        fraction = fraction.rstrip("0") if self.decimals else ""
        return f"{whole}.{fraction} {self.symbol}" if fraction else f"{whole} {self.symbol}"


ETHER = Currency(ZERO_ADDRESS, "ether", 18)


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return the parser of a whole number from ``least`` on, and up to ``most`` if that is given.

    It raises `Malformed` for anything else.
    """
    bounds = f"from {least} on" if most is None else f"from {least} to {most}"

    def parse(text: str) -> int:
        number = int(text) if re.fullmatch(r"[0-9]{1,20}", text) else -1
        if number < least or (most is not None and number > most):
            raise Malformed(f"{text!r}, expected a whole number {bounds}")
        return number

    return parse


def positive(text: str) -> float:
    """Parse a finite number above 0. Raises `Malformed` for anything else."""
    with suppress(ValueError):
        if 0 < float(text) < inf:
            return float(text)
    raise Malformed(f"{text!r}, expected a number above 0")


def parse_score(value: object) -> int:
    """Parse a score, as a fraction with a point (``0.80``) or in ppm (``800_000``).

    A whole number below 1,000 is refused: 80 would be a percentage, and 1 may mean either.

    Returns:
        Parts per million, 0 to 1,000,000.

    Raises:
        ValueError: the value is neither.
    """
    text = str(value).replace("_", "").strip()
    expected = f"score {value!r}, expected a fraction such as 0.80 or 1.0, or ppm such as 800_000"
    if re.fullmatch(r"\d+", text):
        if _LEAST_PPM <= int(text) <= MAX_SCORE:
            return int(text)
        raise ValueError(expected)
    if not re.fullmatch(r"\d*\.\d{1,6}", text) or Decimal(text) > 1:
        raise ValueError(expected)
    return int(Decimal(text) * MAX_SCORE)


def format_score(score: int) -> str:
    """Return a score in ppm as a fraction, such as ``0.873500``."""
    return f"{score // MAX_SCORE}.{score % MAX_SCORE:06d}"


def parse_duration(text: str) -> int:
    """Parse a duration such as ``2 days`` or ``1 h 30 min``.

    Returns:
        Seconds, at least 1.

    Raises:
        Malformed: the text is no duration.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]+)", str(text).lower())
    rest = re.sub(r"(\d+(?:\.\d+)?)\s*([a-z]+)", "", str(text).lower()).strip(" ,")
    if not parts or rest or any(unit not in _SECONDS for _, unit in parts):
        raise Malformed(f"{text!r}, expected a duration such as '2 days' or '1 h 30 min'")
    seconds = sum(Decimal(number) * _SECONDS[unit] for number, unit in parts)
    if seconds < 1:
        raise Malformed(f"{text!r}, expected a duration of at least a second")
    return int(seconds)


def parse_time(text: object, now: int) -> int:
    """Parse a time: a date such as ``2026-12-01 18:00``, or a duration from ``now`` on.

    Args:
        text: a date without a time zone is in this machine's.
        now: Unix seconds.

    Returns:
        Unix seconds.

    Raises:
        ValueError: the text is neither a date nor a duration.
    """
    if isinstance(text, datetime):
        return int(text.timestamp())
    words = str(text).strip().removeprefix("in ")
    try:
        return now + parse_duration(words)
    except ValueError:
        pass
    try:
        return int(datetime.fromisoformat(words).timestamp())
    except ValueError as error:
        raise ValueError(
            f"{text!r}, expected a date such as '2026-12-01 18:00' or a duration such as '2 days'"
        ) from error


def format_duration(seconds: int) -> str:
    """Return a duration by its two largest units, such as ``3 h 12 min``."""
    left = max(seconds, 0)
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def format_time(time: int, now: int) -> str:
    """Return a time in this machine's time zone, and how far it is from ``now``."""
    local = datetime.fromtimestamp(time).astimezone()
    away = timedelta(seconds=time - now)
    distance = (
        f"in {format_duration(time - now)}"
        if away >= timedelta()
        else f"{format_duration(now - time)} ago"
    )
    return f"{local:%a %Y-%m-%d %H:%M:%S %Z} ({distance})"
