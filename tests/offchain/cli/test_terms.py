"""Terms of a task in YAML and JSON: every key, its defaults, and mistakes that would cost money."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from offchain.chain.refusals import Refused
from offchain.cli.terms import Terms, parse_terms, read_terms
from offchain.cli.units import Currency
from offchain.protocol.pricing import Knot
from tests.sale import DAY, ETHER, HOUR

NOW = 1_800_000_000
USDC = Currency("0x" + 40 * "5", "USDC", 6)
PRICES = {"0.80": "0.5 ether", "0.95": "2 ether"}


def parsed(**changes: object) -> Terms:
    given = {key: value for key, value in {"prices": PRICES, **changes}.items() if value}
    return parse_terms(given, lambda _: USDC, NOW)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str, str], Terms]:
    def read(name: str, text: str) -> Terms:
        (tmp_path / name).write_text(text)
        return parse_terms(read_terms(tmp_path / name), lambda _: USDC, NOW)

    return read


# ── Files ──


def test_read_terms__yaml_and_json__are_the_same(read):
    found = read("a.yaml", "prices:\n  0.80: 0.5 ether\n  950_000: 2 ether\nquorum: 2\n")
    value = {"prices": {"0.80": "0.5 ether", "950000": "2 ether"}, "quorum": 2}
    assert found == read("a.json", json.dumps(value))
    assert found.curve == (Knot(800_000, ETHER // 2), Knot(950_000, 2 * ETHER))
    assert found.quorum == 2


def test_read_terms__number_that_is_no_text__is_read_digit_by_digit(read):
    """A float of JSON would be another number than the one that stands there."""
    found = read("a.json", '{"prices": {"0.5": "1 ether"}, "tolerance": 0.002}')
    assert found.tolerance == 2_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "prices:\n  0.80: 1 ether\n  0.80: 2 ether\n"),
        ("a.yaml", "quorum: 1\nprices: {0.8: 1 ether}\nquorum: 2\n"),
        ("a.json", '{"quorum": 1, "quorum": 2}'),
    ],
)
def test_read_terms__key_that_stands_twice__is_refused(read, name, text):
    with pytest.raises(ValueError, match=rf"{name}: .* stands there twice, expected it once"):
        read(name, text)


def test_read_terms__bytes_of_something_else__name_the_file(tmp_path):
    path = tmp_path / "terms.yaml"
    for content in (b"\xe1\xff", b"\0", b"prices:\t- {"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"terms.yaml is not YAML.*: [^\n]+$"):
            read_terms(path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "prices: [", "is not YAML, line 1: expected"),
        ("a.json", "{", "is not JSON"),
        ("a.yaml", "", "holds nothing, expected terms such as"),
        ("a.json", "[1]", "expected terms such as"),
    ],
)
def test_read_terms__no_terms__names_the_file(read, name, text, said):
    with pytest.raises(ValueError, match=rf"a\.(yaml|json) .*{said}"):
        read(name, text)


# ── Defaults ──


def test_parse_terms__prices_alone__have_good_defaults():
    terms = parsed()
    assert (terms.budget, terms.benchmark_fee) == (6 * ETHER, 6 * ETHER // 20)
    assert terms.escrow == 63 * ETHER // 10
    assert terms.commit_deadline == NOW + 3 * DAY
    assert terms.last_verdict == NOW + 9 * DAY
    assert (terms.max_awards, terms.quorum, terms.spares) == (3, 1, 2)


def test_parse_terms__fewer_models__cost_a_smaller_budget():
    assert parsed(max_awards="1").budget == 2 * ETHER
    assert parsed(max_awards="1", budget="5 ether").budget == 5 * ETHER


def test_stake__unless_said__covers_machine_dispute_and_price():
    assert parsed().stake(1, 1) == 2 * ETHER  # the price
    assert parsed(quorum="2").stake(1, 1) == ETHER
    assert parsed(quorum="2").stake(ETHER, 1) == 5 * ETHER // 2  # the bond of five seats
    assert parsed().stake(1, 9 * ETHER) == 9 * ETHER
    assert parsed(min_stake="3 ether").stake(1, 9 * ETHER) == 3 * ETHER


def test_stake__price_in_another_token__is_not_compared_with_ether():
    terms = parsed(token=USDC.address, prices={"0.9": "2000000 USDC"})
    assert terms.stake(1, ETHER) == ETHER


# ── Tokens ──


def test_parse_terms__token_of_six_decimals__has_its_own_amounts():
    terms = parsed(token=USDC.address, prices={"0.9": "2.5 USDC"}, benchmark_fee="1 USDC")
    assert terms.curve == (Knot(900_000, 2_500_000),)
    assert (terms.budget, terms.benchmark_fee) == (7_500_000, 1_000_000)
    assert terms.commit_bond == 10**16  # ether whatever the token


@pytest.mark.parametrize("amount", ["2 ether", "2", "2.0000001 USDC", "2 DAI", "-1 USDC"])
def test_parse_terms__amount_of_another_unit__is_refused(amount):
    with pytest.raises(Refused, match="prices: "):
        parsed(token=USDC.address, prices={"0.9": amount})


@pytest.mark.parametrize("token", ["USDC", "0x12", "none"])
def test_parse_terms__token_that_is_no_address__is_refused(token):
    with pytest.raises(Refused, match=r"token: .*expected 'ether' or the address of a token"):
        parsed(token=token)


# ── Mistakes that would cost money ──


@pytest.mark.parametrize(
    "score", ["80", "95", "1", "100", "999", "1.01", "80%", "80/100", "1000001"]
)
def test_parse_terms__curve_in_percent__is_refused(score):
    with pytest.raises(
        Refused, match=rf"prices: score '{score}', expected a fraction such as 0.80"
    ):
        parsed(prices={score: "1 ether"})


@pytest.mark.parametrize("prices", [None, {}, "2 ether", ["0.8"]])
def test_parse_terms__no_prices__says_how_they_look(prices):
    with pytest.raises(Refused, match=r"prices: .*such as '0.80: 0.5 ether'"):
        parsed(prices=prices)


def test_parse_terms__prices_that_fall__are_refused():
    with pytest.raises(Refused, match="prices: knot with price"):
        parsed(prices={"0.8": "2 ether", "0.9": "1 ether"})


def test_parse_terms__price_above_the_budget__is_refused():
    with pytest.raises(Refused, match="prices: top price"):
        parsed(budget="1 ether")


@pytest.mark.parametrize("name", ["delivery_key", "private_key", "benchmark", "provider"])
def test_parse_terms__key_that_has_no_place_there__says_why(name):
    with pytest.raises(Refused, match=f"{name}: .*leave the key out"):
        parsed(**{name: "0x" + 64 * "1"})


def test_parse_terms__mistyped_keys__are_all_named():
    with pytest.raises(Refused) as refused:
        parsed(quorums="2", reveal="two days", min_stake="1")
    lines = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["quorums", "reveal", "min_stake"]


@pytest.mark.parametrize("measurement", ["garbage", "0x12", 64 * "g"])
def test_parse_terms__garbage_measurement__is_refused(measurement):
    with pytest.raises(Refused, match=r"measurement: .*expected 32 bytes in hex"):
        parsed(measurement=measurement)


@pytest.mark.parametrize("roster", ["garbage", "[]", "0x12", ["0x12"]])
def test_parse_terms__garbage_roster__is_refused(roster):
    with pytest.raises(Refused, match=r"roster: .*expected signing keys of enclaves"):
        parsed(roster=roster)


@pytest.mark.parametrize("name", ["reveal", "report"])
def test_parse_terms__time_of_a_step__is_six_hours_to_seven_days(name):
    for text, seconds in (("6 h", 6 * HOUR), ("7 days", 7 * DAY)):
        assert getattr(parsed(**{name: text}), name) == seconds
    for text in ("5 h 59 min", "169 hours", "0", "now"):
        with pytest.raises(Refused, match=f"{name}: "):
            parsed(**{name: text})


@pytest.mark.parametrize("name", ["dispute", "verdict", "claim"])
def test_parse_terms__window__is_one_to_seven_days(name):
    assert getattr(parsed(**{name: "24 h"}), name) == DAY
    for text in ("23 h 59 min", "8 days"):
        with pytest.raises(Refused, match=f"{name}: .*expected 1 day to 7 days"):
            parsed(**{name: text})


def test_parse_terms__commit_deadline__is_ten_minutes_to_thirty_days_away():
    assert parsed(commit="10 min").commit_deadline == NOW + 600
    assert parsed(commit="in 2 h").commit_deadline == NOW + 2 * HOUR
    for text in ("9 min", "30 days", "2020-01-01 12:00"):
        with pytest.raises(Refused, match=r"commit: .*expected a time from 10 minutes to 30 days"):
            parsed(commit=text)


@pytest.mark.parametrize(("name", "low", "high"), [("quorum", 1, 3), ("max_awards", 1, 8)])
def test_parse_terms__count__is_bounded(name, low, high):
    assert getattr(parsed(**{name: str(high)}), name) == high
    for text in (str(low - 1), str(high + 1), "two", "1.0"):
        with pytest.raises(
            Refused, match=f"{name}: .*expected a whole number from {low} to {high}"
        ):
            parsed(**{name: text})


def test_parse_terms__bond__is_whole_gwei():
    assert parsed(commit_bond="1 gwei").commit_bond == 10**9
    for text in ("1 wei", "0.0000000001 ether", "300000 ether"):
        with pytest.raises(Refused, match=r"commit_bond: .*expected whole gwei"):
            parsed(commit_bond=text)
