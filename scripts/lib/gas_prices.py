"""Check the gas of a market's payments against the prices of the chain, before it is deployed.

The caps and the reserve never change once the market exists, but prices do. So they must have room
for ten times what is measured here. A node runs a few instructions in an `eth_call` that creates
nothing, and answers what each of them cost.
"""

from dataclasses import dataclass, fields
from typing import Any

from scripts.lib.settings import PaymentGas, SettingsError

ROOM = 10
"""How many times today's prices the gas of payments has to last."""
COMPUTING = 5_000
"""Gas of the instructions between, whose prices have never risen."""
MOST = 2**23
"""Gas of all payments of one call: half of what a transaction may have (EIP-7825)."""

_PROBE_GAS = 10_000_000


@dataclass(frozen=True)
class GasPrices:
    """The prices of a chain for the parts of a payment, in gas."""

    new_word: int
    """A word of storage that was zero, not touched before."""
    old_word: int
    """Reading a word of storage, not touched before."""
    account: int
    """Touching an account for the first time."""
    value: int
    """Sending ether in a call."""
    event: int
    """An event with three topics and one word."""


# Instructions that leave the stack as they found it.
_PROBES = {
    "new_word": "60015f55",  # sstore(0, 1)
    "old_word": "60075450",  # pop(sload(7))
    "account": "62c0ffee3150",  # pop(balance(0xc0ffee))
    "value": "5f5f5f5f6001335ff150",  # pop(call(0, caller, 1, 0, 0, 0, 0))
    "event": "5f5f5f60205fa3",  # log3(0, 32, 0, 0, 0)
}
_BEFORE = "5a"  # gas
_AFTER = "5a90035f5260205ff3"  # mstore(0, gas before - gas), return(0, 32)


def measure_prices(web3: Any, sender: str) -> GasPrices:
    """Measure what the node at the end of `web3` charges; the sender needs one wei."""
    return GasPrices(**{name: _measure(web3, sender, probe) for name, probe in _PROBES.items()})


def _measure(web3: Any, sender: str, probe: str) -> int:
    call = {
        "from": sender,
        "value": 1,
        "gas": _PROBE_GAS,
        "data": f"0x{_BEFORE}{probe}{_AFTER}",
    }
    return int.from_bytes(web3.eth.call(call), "big")


def required(prices: GasPrices) -> PaymentGas:
    """Compute the least gas of payments that has room for `ROOM` times these prices.

    - ether: a wallet behind a proxy reads the proxy's word, touches its logic and logs the receipt.
    - token: a token behind a proxy touches proxy and logic, reads eight words, writes one new word
      and one old, and logs. Writing an old word costs a quarter of a new one at most.
    - reserve: the payment touches an account that the receiver delegates to (EIP-7702) and sends
      ether. If it fails, the market writes one new word, the credit, and logs.
    """
    token = 2 * prices.account + 8 * prices.old_word + prices.new_word * 5 // 4 + prices.event
    return PaymentGas(
        ether=ROOM * (prices.account + prices.old_word + prices.event) + COMPUTING,
        token=ROOM * token + COMPUTING,
        reserve=ROOM * (prices.account + prices.value + prices.new_word + prices.event) + COMPUTING,
    )


def check_room(gas: PaymentGas, prices: GasPrices) -> None:
    """Raise SettingsError unless the gas of payments has room, and leaves room in a transaction."""
    least = required(prices)
    short = [name for name in gas._fields if getattr(gas, name) < getattr(least, name)]
    if short:
        measured = ", ".join(f"{each.name} {getattr(prices, each.name)}" for each in fields(prices))
        raise SettingsError(
            f"payment_gas has no room for {ROOM} times the prices of this chain ({measured}): "
            + "; ".join(
                f"{name} is {getattr(gas, name)}, expected {getattr(least, name)} or more"
                for name in short
            )
        )
    together = gas.ether + gas.token + 2 * gas.reserve
    if together > MOST:
        raise SettingsError(
            f"payment_gas adds up to {together} in a call that pays ether and a token: expected "
            f"{MOST} at most, half of what a transaction may have"
        )
