"""`der.vy` against Python's own reading: every length, integer and time, in every form."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation.der import INTEGER, SEQUENCE, encode, integer
from offchain.simulation.issuing import utc_time
from tests.inprocess import refuses
from tests.reasons import DER

MODULE = Path(__file__).parents[2] / "contracts" / "modules" / "dcap" / "der.vy"
FIRST, LAST = 946_684_800, 2_524_607_999
"""2000-01-01 00:00:00 and 2049-12-31 23:59:59."""


@pytest.fixture(scope="module")
def der() -> Any:
    return boa.load(str(MODULE)).internal


def word(data: bytes) -> bytes:
    """The 32 bytes from an element's start on; what follows it must not matter."""
    return data[:32].ljust(32, b"\xff")


# ── Lengths ──


@given(size=st.integers(0, 70_000) | st.sampled_from([127, 128, 255, 256, 65_535, 65_536]))
def test_open__any_size__is_read_in_its_shortest_form(der: Any, size: int) -> None:
    element = encode(SEQUENCE, bytes(size))
    if size > 65_535:
        with refuses(DER):
            der._open(word(element), b"\x30", 7, 2**40)
        return
    start = len(element) - size
    assert der._open(word(element), b"\x30", 7, 7 + len(element)) == (7 + start, 7 + len(element))
    with refuses(DER):
        der._open(word(element), b"\x30", 7, 7 + len(element) - 1)


@pytest.mark.parametrize("form", range(256))
def test_open__each_form_of_length__is_the_shortest_or_refused(der: Any, form: int) -> None:
    """With each byte of length from 0 to 255, and lengths of 1 and 256 after it."""
    for length in (b"\0\1", b"\1\0", b"\x7f\xff", b"\x80\0", b"\xff\xff"):
        found = word(bytes([0x30, form]) + length)
        if form < 0x80:
            assert der._open(found, b"\x30", 0, 10**6) == (2, 2 + form)
        elif form == 0x81 and length[0] >= 0x80:
            assert der._open(found, b"\x30", 0, 10**6) == (3, 3 + length[0])
        elif form == 0x82 and length[0] >= 1:
            assert der._open(found, b"\x30", 0, 10**6) == (4, 4 + int.from_bytes(length, "big"))
        else:
            with refuses(DER):
                der._open(found, b"\x30", 0, 10**6)


def test_open__any_other_tag__is_refused(der: Any) -> None:
    for tag in range(256):
        if tag != SEQUENCE:
            with refuses(DER):
                der._open(word(bytes([tag, 0])), b"\x30", 0, 100)


# ── Integers ──


@given(value=st.integers(0, 2**239 - 1) | st.integers(0, 239).map(lambda bit: (1 << bit) - 1))
def test_integer__not_negative__is_read(der: Any, value: int) -> None:
    element = integer(value)
    assert der._integer(word(element), 3, 3 + len(element)) == (value, 3 + len(element))


@given(content=st.binary(min_size=0, max_size=40))
def test_integer__any_content__is_canonical_or_refused(der: Any, content: bytes) -> None:
    element = encode(INTEGER, content)
    value = int.from_bytes(content, "big", signed=True)
    if content and len(content) <= 30 and value >= 0 and integer(value) == element:
        assert der._integer(word(element), 0, 100) == (value, len(element))
    else:
        with refuses(DER):
            der._integer(word(element), 0, 100)


# ── Times ──


@given(time=st.integers(FIRST, LAST))
def test_utc_time__any_second__is_read(der: Any, time: int) -> None:
    assert der._utc_time(word(utc_time(time))) == time


def test_utc_time__each_first_and_last_of_a_month__is_read(der: Any) -> None:
    days = range(FIRST, LAST, 86_400)
    edges = [day for day in days if datetime.fromtimestamp(day, UTC).day == 1]
    for first in edges:
        assert der._utc_time(word(utc_time(first))) == first
        if first > FIRST:
            assert der._utc_time(word(utc_time(first - 1))) == first - 1
    assert len(edges) == 600


def test_utc_time__outside_of_its_years__is_refused(der: Any) -> None:
    for text in (b"500101000000Z", b"501231235959Z", b"700101000000Z", b"991231235959Z"):
        with refuses(DER):
            der._utc_time(word(b"\x17\x0d" + text))


@given(at=st.integers(0, 14), byte=st.integers(0, 255))
def test_utc_time__any_byte_changed__is_another_time_or_refused(
    der: Any, at: int, byte: int
) -> None:
    element = utc_time(1_000_000_000)
    changed = element[:at] + bytes([byte]) + element[at + 1 :]
    text = changed[2:].decode("latin-1")
    digits = text[:12].isascii() and text[:12].isdigit()
    try:
        valid = changed[:2] == b"\x17\x0d" and digits and text[12] == "Z"
        expected = datetime.strptime(text[:12] + "+0000", "%y%m%d%H%M%S%z") if valid else None
    except ValueError:
        expected = None
    if expected is not None and 2000 <= expected.year < 2050:
        assert der._utc_time(word(changed)) == int(expected.timestamp())
    else:
        with refuses(DER):
            der._utc_time(word(changed))
