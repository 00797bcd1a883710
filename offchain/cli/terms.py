"""The terms of a task as a provider writes them, in YAML or JSON, and the task that they make.

========================  =====================================================  ===================
key                       meaning                                                default
========================  =====================================================  ===================
``prices``                price of each score, such as ``0.80: 0.5 ether``       (needed)
``token``                 ``ether``, or the address of an ERC-20                 ``ether``
``max_awards``            most models to buy, 1 to 8                             3
``budget``                most that all models may cost                          all at the top
``benchmark_fee``         pay of the enclaves' operators                         5 % of the budget
``entry_fee``             what a developer pays for an entry, in ether           0
``commit_bond``           what a developer gets back once it reveals, in ether   0.01 ether
``max_submissions``       most entries                                           100
``commit``                time to commit, or a date                              3 days
``reveal``, ``report``    time after that to reveal, and to measure              1 day, 2 days
``dispute``, ``verdict``  time to dispute a report, and for a panel to judge     1 day, 2 days
``claim``                 time in which developers claim                         3 days
``quorum``                enclaves that sign a report, 1 to 3                    1
``spares``                enclaves of the roster beyond those needed             2
``min_stake``             stake of each operator, in ether                       see `Terms.stake`
``tolerance``             difference of scores that machines may have            0.002
``measurement``           the enclaves' program, in hex                          the one you allow
``roster``                signing keys of the enclaves                           proposed
``nonce``                 another number for the same terms once more            0
========================  =====================================================  ===================

Every value is text: amounts have their unit, and no score is mistaken for a percentage.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from eth_utils.address import is_address, to_checksum_address

from offchain.chain.refusals import Refused
from offchain.cli.common import on_one_line
from offchain.cli.units import ETHER, Currency, parse_duration, parse_score, parse_time
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.manifest import Manifest
from offchain.protocol.pricing import Knot, check_curve
from offchain.protocol.task import Roster, Task, roster_digest

HOUR, DAY = 3_600, 86_400
MIN_COMMIT, MAX_COMMIT = 600, 30 * DAY
"""Shortest time to commit, so that a transaction may wait, and the market's longest."""
MIN_STEP, MIN_WINDOW, MAX_WINDOW = 6 * HOUR, DAY, 7 * DAY
"""Bounds of the market for the times after that: to reveal and to report; and all others."""

_SECRETS = {
    "delivery_key": "is made by the command and kept in your folder, because a private key put "
    "here by mistake would be public for ever",
    "private_key": "is nothing that a task needs",
    "benchmark": "follows from the manifest, --manifest",
    "provider": "is the account, --account",
}
"""Keys that have no place in the terms, each with the reason."""


@dataclass(frozen=True)
class Terms:
    """The terms of a task: amounts in units of their token, scores in ppm, times in seconds.

    Args:
        currency: the token of prices, budget and benchmark fee.
        curve: prices by score.
        commit_deadline: in Unix seconds; the other times are durations.
        min_stake: wei, or None for `stake`.
        measurement: bytes32, or None for the program on the provider's allow-list.
        roster: signing keys of enclaves, or None for a proposal.
    """

    currency: Currency
    curve: tuple[Knot, ...]
    budget: int
    benchmark_fee: int
    commit_deadline: int
    max_awards: int = 3
    entry_fee: int = 0
    commit_bond: int = 10**16
    max_submissions: int = 100
    reveal: int = DAY
    report: int = 2 * DAY
    dispute: int = DAY
    verdict: int = 2 * DAY
    claim: int = 3 * DAY
    quorum: int = 1
    spares: int = 2
    min_stake: int | None = None
    tolerance: int = 2_000
    measurement: bytes | None = None
    roster: tuple[str, ...] | None = None
    nonce: int = 0

    @property
    def escrow(self) -> int:
        """Units of the token that the task locks up."""
        return self.budget + self.benchmark_fee

    def stake(self, seat_bond: int, platform_stake: int) -> int:
        """Return the stake that each operator must have, in wei.

        Unless the terms say it, it is what a machine needs to register, and more when the market
        demands more for the fines of a dispute, or when a quorum would risk less than the best
        model costs.

        Args:
            seat_bond: wei for each seat of a panel.
            platform_stake: wei that the registry demands for each machine.
        """
        if self.min_stake is not None:
            return self.min_stake
        price = self.curve[-1].price if self.currency.address == ZERO_ADDRESS else 0
        bond = seat_bond * (2 * self.quorum + 1)
        return max(platform_stake, -(-bond // self.quorum), -(-price // self.quorum))

    @property
    def last_verdict(self) -> int:
        """When the last verdict may fall, in Unix seconds: until then enclaves are needed."""
        return self.commit_deadline + self.reveal + self.report + self.dispute + self.verdict

    def task(
        self,
        provider: str,
        manifest: Manifest,
        measurement: bytes,
        roster: Roster,
        min_stake: int,
        delivery_key: bytes,
    ) -> Task:
        """Return the task. Raises ValueError for terms that the market would refuse."""
        reveal_deadline = self.commit_deadline + self.reveal
        return Task(
            provider=provider,
            token=self.currency.address,
            budget=self.budget,
            benchmark_fee=self.benchmark_fee,
            max_awards=self.max_awards,
            benchmark=manifest.digest(),
            measurement=measurement,
            roster=roster_digest(roster),
            quorum=self.quorum,
            tolerance=self.tolerance,
            min_stake=min_stake,
            delivery_key=delivery_key,
            max_submissions=self.max_submissions,
            commit_bond=self.commit_bond,
            entry_fee=self.entry_fee,
            commit_deadline=self.commit_deadline,
            reveal_deadline=reveal_deadline,
            report_deadline=reveal_deadline + self.report,
            dispute_window=self.dispute,
            verdict_window=self.verdict,
            claim_window=self.claim,
            nonce=self.nonce,
            curve=self.curve,
        )


# ── Reading ──


def read_terms(path: Path) -> dict[str, Any]:
    """Return the keys of a file of terms, with every value as the text that stands there.

    Raises:
        ValueError: the file is no YAML or JSON, or a key stands in it twice; the message names it.
        OSError: the file cannot be read.
    """
    try:
        text = path.read_text()
        if path.suffix == ".json":
            found = json.loads(text, object_pairs_hook=_unique, parse_float=str, parse_int=str)
        else:
            found = yaml.load(text, _Loader)  # noqa: S506 - it makes nothing but text
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1
        raise ValueError(f"{path} is not YAML, line {line}: {error.problem}") from error
    except (yaml.YAMLError, json.JSONDecodeError, UnicodeDecodeError) as error:
        kind = "JSON" if path.suffix == ".json" else "YAML"
        raise ValueError(f"{path} is not {kind}: {on_one_line(str(error))}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if not isinstance(found, dict):
        what = "nothing" if found in (None, "") else repr(found)
        raise ValueError(f"{path} holds {what:.80}, expected terms such as 'prices: …'")
    return found


class _Loader(yaml.BaseLoader):  # type: ignore[misc]
    """Makes text of every value, and refuses a key that stands twice."""


def _mapping(loader: yaml.BaseLoader, node: yaml.MappingNode) -> dict[str, Any]:
    return _unique([(loader.construct_object(k), _value(loader, v)) for k, v in node.value])


def _value(loader: yaml.BaseLoader, node: yaml.Node) -> Any:
    return loader.construct_object(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _unique(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    names = [str(name) for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} stands there twice, expected it once")
    return {str(name): value for name, value in pairs}


def parse_terms(given: dict[str, Any], currency: Callable[[str], Currency], now: int) -> Terms:
    """Return the terms; name every key that is wrong, with what was expected.

    Args:
        given: of `read_terms`.
        currency: function that returns a token's name and decimals, by its address.
        now: time of the chain, in Unix seconds.

    Raises:
        Refused: one line for each wrong key.
    """
    token = str(given.get("token", "ether"))
    if token.lower() in ("ether", "eth"):
        money = ETHER
    elif is_address(token):
        money = currency(to_checksum_address(token))
    else:
        raise Refused(f"token: {token!r}, expected 'ether' or the address of a token")
    return _Reader(given, money, now).read()


class _Reader:
    """Reads one key after the other, and keeps the faults of all of them."""

    def __init__(self, given: dict[str, Any], money: Currency, now: int) -> None:
        self.given, self.money, self.now = given, money, now
        self.faults: list[str] = []

    def read(self) -> Terms:
        """Return the terms. Errors: see `parse_terms`."""
        known = {*_READERS, "prices", "token", "budget", "benchmark_fee", "commit"}
        for name in sorted(self.given.keys() - known):
            if name in _SECRETS:
                self.faults.append(f"{name}: {_SECRETS[name]}: leave the key out")
            else:
                self.faults.append(f"{name}: no such key, expected {', '.join(sorted(known))}")
        values: dict[str, Any] = {"currency": self.money}
        for name, parse in _READERS.items():
            if name in self.given:
                values[name] = self._try(name, parse)
        values["curve"] = self._curve()
        deadline = self._try("commit", self._commit, "3 days")
        values["commit_deadline"] = deadline
        top = values["curve"][-1].price if values["curve"] else 0
        awards = values.get("max_awards") or 3
        values["budget"] = self._money("budget", awards * top)
        values["benchmark_fee"] = self._money("benchmark_fee", (values["budget"] or 0) // 20)
        if not self.faults:
            self._try("prices", lambda _: check_curve(values["curve"], values["budget"]))
        if self.faults:
            raise Refused("\n".join(self.faults))
        return Terms(**values)

    def _try(self, name: str, parse: Callable[[Any], Any], default: str = "") -> Any:
        try:
            return parse(self.given.get(name, default))
        except ValueError as error:
            self.faults.append(f"{name}: {error}")
            return None

    def _money(self, name: str, default: int) -> Any:
        if name not in self.given:
            return default
        return self._try(name, self.money.parse)

    def _commit(self, text: str) -> int:
        deadline = parse_time(text, self.now)
        if not self.now + MIN_COMMIT <= deadline <= self.now + MAX_COMMIT - MIN_COMMIT:
            raise ValueError(f"{text!r}, expected a time from 10 minutes to 30 days from now")
        return deadline

    def _curve(self) -> tuple[Knot, ...]:
        prices = self.given.get("prices")
        if not isinstance(prices, dict) or not prices:
            self.faults.append(
                f"prices: {prices!r}, expected a price for each score, such as '0.80: 0.5 "
                f"{self.money.symbol}'"
            )
            return ()
        knots = []
        for score, amount in prices.items():
            try:
                knots.append(Knot(parse_score(score), self.money.parse(amount)))
            except ValueError as error:
                self.faults.append(f"prices: {error}")
        return tuple(sorted(knots, key=lambda knot: knot.score))


def _count(low: int, high: int) -> Callable[[Any], int]:
    def parse(text: Any) -> int:
        digits = str(text).replace("_", "")
        if not (digits.isascii() and digits.isdigit() and low <= int(digits) <= high):
            raise ValueError(f"{text!r}, expected a whole number from {low:,} to {high:,}")
        return int(digits)

    return parse


def _span(low: int, high: int) -> Callable[[Any], int]:
    def parse(text: Any) -> int:
        seconds = parse_duration(text)
        if not low <= seconds <= high:
            shortest = "6 hours" if low == MIN_STEP else "1 day"
            raise ValueError(f"{text!r}, expected {shortest} to 7 days")
        return seconds

    return parse


def _gwei(text: Any) -> int:
    amount = ETHER.parse(text)
    if amount % 10**9 or amount >= 2**48 * 10**9:
        raise ValueError(f"{text!r}, expected whole gwei, below 281,474 ether")
    return amount


def _tolerance(text: Any) -> int:
    found = str(text).strip()
    if found.isdecimal() and 1 <= int(found) < 1_000:
        raise ValueError(f"{text!r}, expected a fraction such as 0.002, or ppm such as 2_000")
    return parse_score(found)


def _measurement(text: Any) -> bytes:
    try:
        value = bytes.fromhex(str(text).removeprefix("0x"))
    except ValueError:
        value = b""
    if len(value) != 32:
        raise ValueError(
            f"{text!r}, expected 32 bytes in hex; leave it out for the program that you allow"
        )
    return value


def _keys(text: Any) -> tuple[str, ...]:
    keys = text if isinstance(text, list) else str(text).replace(",", " ").split()
    wrong = [each for each in keys if not is_address(str(each))]
    if wrong or not keys:
        raise ValueError(
            f"{(wrong or keys)!r:.90}, expected signing keys of enclaves, 0x and 40 hex digits; "
            "leave it out for a proposal"
        )
    return tuple(to_checksum_address(each) for each in keys)


_READERS: dict[str, Callable[[Any], Any]] = {
    "max_awards": _count(1, 8),
    "entry_fee": _gwei,
    "commit_bond": _gwei,
    "max_submissions": _count(1, 2**20 - 1),
    "reveal": _span(MIN_STEP, MAX_WINDOW),
    "report": _span(MIN_STEP, MAX_WINDOW),
    "dispute": _span(MIN_WINDOW, MAX_WINDOW),
    "verdict": _span(MIN_WINDOW, MAX_WINDOW),
    "claim": _span(MIN_WINDOW, MAX_WINDOW),
    "quorum": _count(1, 3),
    "spares": _count(0, 12),
    "min_stake": ETHER.parse,
    "tolerance": _tolerance,
    "measurement": _measurement,
    "roster": _keys,
    "nonce": _count(0, 2**255),
}
"""For each key of a plain value, what reads its text."""
