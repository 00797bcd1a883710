"""Amounts, scores, durations and times, as people write them."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.cli.units import (
    ETHER,
    Currency,
    Malformed,
    format_duration,
    format_score,
    format_time,
    parse_duration,
    parse_score,
    parse_time,
    whole,
)

USDC = Currency("0x" + 40 * "1", "USDC", 6)
NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("currency", "text", "amount"),
    [
        (ETHER, "2 ether", 2 * 10**18),
        (ETHER, "0.5 ETH", 5 * 10**17),
        (ETHER, "3gwei", 3 * 10**9),
        (ETHER, "1 wei", 1),
        (ETHER, "1_000.000000000000000001 ether", 1000 * 10**18 + 1),
        (ETHER, ".5 ether", 5 * 10**17),
        (USDC, "0.5 USDC", 500_000),
        (USDC, "0.000001 usdc", 1),
    ],
)
def test_parse__amount_with_its_unit__is_units_of_the_token(currency, text, amount):
    assert currency.parse(text) == amount


@pytest.mark.parametrize(
    ("currency", "text"),
    [
        (ETHER, "2"),
        (ETHER, "ether"),
        (ETHER, "-1 ether"),
        (ETHER, "1e18 wei"),
        (ETHER, "0.5 wei"),
        (ETHER, "2 USDC"),
        (ETHER, "1.0000000000000000001 ether"),
        (ETHER, "_ ether"),
        (USDC, "1 ether"),
        (USDC, "0.0000001 USDC"),
        (USDC, "nan USDC"),
    ],
)
def test_parse__another_unit_or_too_fine__is_refused(currency, text):
    with pytest.raises(ValueError, match="expected"):
        currency.parse(text)


@given(st.integers(0, 2**256 - 1), st.sampled_from([ETHER, USDC, Currency(USDC.address, "X", 0)]))
def test_format__any_amount__parses_to_the_same(amount, currency):
    assert currency.parse(currency.format(amount)) == amount


@pytest.mark.parametrize(
    ("value", "score"),
    [
        (0.8, 800_000),
        ("0.80", 800_000),
        ("1.0", 1_000_000),
        (".000001", 1),
        ("0.0", 0),
        (1_000, 1_000),
        ("800_000", 800_000),
        (1_000_000, 1_000_000),
    ],
)
def test_parse_score__fraction_or_ppm__is_ppm(value, score):
    assert parse_score(value) == score


@pytest.mark.parametrize(
    "value", [80, 1, 0, 999, 1_000_001, "80%", "1.000001", "0.0000001", "-0.5", "1e-3", "", None]
)
def test_parse_score__percentage_or_either__is_refused(value):
    with pytest.raises(ValueError, match="expected a fraction such as"):
        parse_score(value)


@given(st.integers(0, 1_000_000))
def test_format_score__any__parses_to_the_same(score):
    assert parse_score(format_score(score)) == score


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2 days", 172_800),
        ("1 h 30 min", 5_400),
        ("90m", 5_400),
        ("1.5 h", 5_400),
        ("1 week", 604_800),
    ],
)
def test_parse_duration__units__are_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["2", "days", "2 moons", "-1 day", "0 s", "1 day ago", ""])
def test_parse_duration__anything_else__is_refused(text):
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


def test_parse_time__date_without_zone__is_local():
    text = "2027-03-04 05:06"
    assert parse_time(text, NOW) == int(datetime(2027, 3, 4, 5, 6).timestamp())


def test_parse_time__date_with_zone__is_that_zone():
    assert parse_time("2027-01-15T08:00:00+00:00", NOW) == NOW


def test_parse_time__duration__counts_from_now():
    assert parse_time("in 2 days", NOW) == parse_time("2 days", NOW) == NOW + 172_800


def test_parse_time__neither__is_refused():
    with pytest.raises(ValueError, match="expected a date such as"):
        parse_time("tomorrow", NOW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (11_520, "3 h 12 min"),
        (86_400, "1 d"),
        (86_401, "1 d"),
        (90_061, "1 d 1 h"),
    ],
)
def test_format_duration__seconds__are_two_largest_units(seconds, text):
    assert format_duration(seconds) == text


def test_format_time__before_and_after__says_how_far():
    assert format_time(NOW + 60, NOW).endswith("(in 1 min)")
    assert format_time(NOW - 60, NOW).endswith("(1 min ago)")


@pytest.mark.parametrize(("least", "most", "text"), [(0, 0, "1"), (1, None, "0"), (0, 9, "٣")])
def test_whole__beyond_its_bounds_or_in_other_digits__is_refused(least, most, text):
    with pytest.raises(Malformed, match=f"{text}.*expected a whole number from {least}"):
        whole(least, most)(text)
    assert whole(0, 0)("0") == 0
