"""The hostile account and the hostile token: how they take payments, and whom they call meanwhile.

What `contracts/testing/HostileAccount.vy` and `ConfigurableToken.vy` do, told to chain and model.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from eth_abi.abi import decode

from offchain.protocol.encoding import ZERO_ADDRESS
from tests.deployment import PAYMENT_GAS
from tests.stateful.ledger import Ledger, Refused
from tests.stateful.tally import DONE, Tally
from tests.token_modes import TokenMode

TOO_COSTLY = PAYMENT_GAS[0] + 10_000
"""Gas for which nobody is paid ether, but for withdrawals, which have no cap."""
FAILING = TokenMode.RETURNS_FALSE, TokenMode.REVERTS, TokenMode.BURNS_ALL_GAS
ODD_MODES = (
    TokenMode.MOVES_NOTHING,
    TokenMode.MOVES_AND_RETURNS_FALSE,
    TokenMode.DELIVERS_ONE_LESS,
    TokenMode.DELIVERS_ONE_MORE,
    TokenMode.HIDES_BALANCES,
)
"""In which a token does not deliver exactly what it is asked for."""
REFUSED, LOCKED = "refused", "locked"


class CallBack(NamedTuple):
    """A call of a contract, by the name under which it has a model."""

    of: str
    name: str
    args: tuple[Any, ...]


class Hostile:
    def __init__(self, account: Any, token: Any, ledger: Ledger, tally: Tally) -> None:
        self.account, self.token, self.ledger, self.tally = account, token, ledger, tally
        self.behaviour = ledger.tokens[str(token.address)]
        self.answers: dict[str, tuple[Any, Any]] = {}
        """Who called back since the last check, and what the model said last."""
        self.ledger.refusing.add(str(account.address))

    # ── Payments ──

    def set_mode(self, mode: TokenMode) -> None:
        """Let the token behave like this from now on; one that fails calls nobody back."""
        self.behaviour.refuses = mode is TokenMode.RETURNS_FALSE
        self.behaviour.reverts = mode is TokenMode.REVERTS
        self.behaviour.burns = mode is TokenMode.BURNS_ALL_GAS
        self.behaviour.odd = mode in ODD_MODES
        self.token.set_mode(mode)
        if mode in FAILING:
            self.stay_quiet(self.token)

    def set_blocked(self, somebody: str, blocks: bool) -> None:
        blocked = self.behaviour.blocked
        (blocked.add if blocks else blocked.discard)(somebody)
        self.token.set_blocked(somebody, blocks)

    def set_refusal(self, refuses: bool) -> None:
        """Let the account take ether, or not."""
        self._mark(self.ledger.refusing, refuses)
        self.account.set_refusal(refuses)

    def set_cost(self, is_too_costly: bool) -> None:
        """Let the account take more gas for ether than the market gives, or none."""
        self._mark(self.ledger.costly, is_too_costly)
        self.account.set_cost(TOO_COSTLY * is_too_costly)

    def _mark(self, accounts: set[str], is_one: bool) -> None:
        (accounts.add if is_one else accounts.discard)(str(self.account.address))

    # ── Calls back ──

    def stay_quiet(self, who: Any) -> None:
        """Let the account or the token call nobody."""
        who.set_call(ZERO_ADDRESS, b"")
        self.ledger.hooks.pop(str(who.address), None)

    def call_back(self, who: Any, contract: Any, call: CallBack, ask: Callable[..., Any]) -> None:
        """Let the account or the token make this call whenever it is paid, or pays.

        `ask` gives the model's answer, or `LOCKED` when the contract is locked.
        """
        who.set_call(contract, getattr(contract, call.name).prepare_calldata(*call.args))
        self.ledger.hooks[str(who.address)] = partial(self._call, who, call, ask)

    def _call(self, who: Any, call: CallBack, ask: Callable[..., Any]) -> None:
        answer = ask(call, str(who.address))
        is_refused = isinstance(answer, Refused)
        outcome = LOCKED if answer == LOCKED else REFUSED if is_refused else DONE
        self.answers[str(who.address)] = who, answer
        self.tally.add(CALLS_BACK[who is self.token], call.of, outcome)

    def check(self) -> None:
        """Those who called back met what the model said."""
        for who, answer in self.answers.values():
            said = bytes(who.response())
            assert who.called() == (answer != LOCKED and not isinstance(answer, Refused))
            if answer == LOCKED:
                assert said == b""
            elif isinstance(answer, Refused):
                assert decode(["string"], said[4:])[0] in answer.reasons
        self.answers.clear()


CALLS_BACK = "account calls back", "token calls back"
"""Under these words the tally counts calls back, with the contract's name and the outcome."""
