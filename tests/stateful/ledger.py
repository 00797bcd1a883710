"""Who holds how much of what, and which payments go through: the world around the models."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from offchain.protocol.encoding import ZERO_ADDRESS
from tests.inprocess import NO_REASON

ETHER = ZERO_ADDRESS
BURNED = ZERO_ADDRESS


SAYS_NO, BLOCKS = "token says no", "blocked"
"""Reasons of the hostile token."""
REFUSES, COSTS = "refuses", "costs too much gas"
"""Why ether, or a token that returns false, does not reach its receiver."""


@dataclass(frozen=True)
class Call:
    """The context of a call: time, sender and value."""

    now: int
    sender: str
    value: int = 0


@dataclass(frozen=True)
class Refused:
    """A call that must revert, its caller seeing one of these reasons."""

    reasons: frozenset[str]


def unless(*conditions: tuple[bool, str]) -> Refused | None:
    """A refused call: the reasons of all conditions that do not hold."""
    reasons = frozenset(reason for holds, reason in conditions if not holds)
    return Refused(reasons) if reasons else None


Event = tuple[str, str, list[tuple[str, object]]]
"""The contract's address, the name, and the fields by their names."""


def plain(value: object) -> object:
    """Structs and lists as tuples, addresses as strings: comparable."""
    if isinstance(value, str):
        return str(value)
    return tuple(map(plain, value)) if isinstance(value, (tuple, list)) else value


def event(contract: str, name: str, fields: Mapping[str, object]) -> Event:
    """An event, comparable."""
    return str(contract), name, sorted((name, plain(each)) for name, each in fields.items())


@dataclass
class Token:
    """How a token behaves at the moment (contracts/testing/ConfigurableToken.vy)."""

    refuses: bool = False  # returns false
    odd: bool = False  # does not deliver exactly what a task asks for
    reverts: bool = False
    burns: bool = False  # all gas that it is given
    blocked: set[str] = field(default_factory=set)

    def fault(self, to: str, if_false: str) -> str | None:
        """Why a transfer that must succeed does not; `if_false` when the token returns false."""
        if self.reverts:
            return SAYS_NO
        if to in self.blocked:
            return BLOCKS
        if self.burns:
            return NO_REASON
        return if_false if self.refuses or self.odd else None


class Ledger:
    """Balances in ether and tokens, by token and account."""

    def __init__(self, tokens: dict[str, Token], note: Callable[..., None]) -> None:
        self.tokens, self.note = tokens, note
        self.wallets: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.refusing: set[str] = set()
        self.costly: set[str] = set()  # take ether for more gas than a market's cap
        self.hooks: dict[str, Callable[[], None]] = {}  # what accounts and tokens do when they pay
        self.contracts: set[str] = set()
        self.events: list[Event] = []

    def emit(self, contract: str, name: str, **fields: object) -> None:
        """An event of the call under way."""
        self.events.append(event(contract, name, fields))

    def move(self, token: str, source: str, to: str, amount: int) -> None:
        assert self.wallets[token, source] >= amount, f"{source} has too little of {token}"
        self.wallets[token, source] -= amount
        self.wallets[token, to] += amount
        if hook := self.hooks.get(to if token == ETHER else token):
            hook()

    def fault(self, token: str, to: str, if_false: str) -> str | None:
        """Why a payment that must go through does not."""
        if token == ETHER:
            return if_false if to in self.refusing else None
        return self.tokens[token].fault(to, if_false)

    def pushes(self, token: str, to: str) -> bool:
        """Return whether a payment goes through that may fail, and has a cap of gas."""
        fault = self.fault(token, to, REFUSES) or (
            COSTS if token == ETHER and to in self.costly else None
        )
        if fault:
            self.note("payment", "fails", fault)
        return fault is None


class Books:
    """The debts of a market, and how it pays them."""

    def __init__(self, address: str, ledger: Ledger) -> None:
        self.address, self.ledger = address, ledger
        self.credits: defaultdict[tuple[str, str], int] = defaultdict(int)

    def _emit(self, name: str, **fields: object) -> None:
        self.ledger.emit(self.address, name, **fields)

    def _pay(self, call: Call, token: str, to: str, amount: int, wei: int = 0) -> None:
        """Pay units of a token, and wei: the caller at once if that succeeds, others by credits."""
        if to == call.sender and token == ETHER:
            amount, wei = 0, amount + wei
        for of, owed in ((token, amount), (ETHER, wei)):
            if owed and to == call.sender and self.ledger.pushes(of, to):
                self.ledger.move(of, self.address, to, owed)
            else:
                self._credit(of, to, owed)

    def _credit(self, token: str, to: str, amount: int) -> None:
        if amount:
            self.credits[token, to] += amount
            self._emit("Credited", token=token, account=to, amount=amount)
