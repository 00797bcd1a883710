"""Calls of the market at many gas limits, under price lists that titanoboa does not know.

A sale is played in titanoboa up to the call. `World` is what the call finds there: code, balance
and storage of each account. price_lists.mjs runs the call on it, as a whole transaction.
"""

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import boa
from boa.util.abi import Address
from eth_utils.crypto import keccak

from tests.inprocess import ROOT

LISTS = "osaka", "amsterdam", "osaka times ten"
"""The price lists: today's, the coming fork's drafts, and a tenfold rise that no draft has."""
BEYOND = "new storage times hundred"
"""More than a market has room for."""
TRANSACTION = 2**24
"""Gas at most of a transaction (EIP-7825)."""
CREDITED = "0x" + keccak(text="Credited(address,address,uint256)").hex()

# What an account does when it gets ether, as code that it delegates to; and whether it takes it.
RECEIVERS = {
    "has no code": ("", True),
    "takes": ("00", True),
    "refuses": ("5f5ffd", False),
    "burns all gas": ("fe", False),
    "burns all gas in writes": ("5b5a5a555f56", False),  # jumpdest, sstore(gas, gas), jump back
    "returns a bomb": ("61ffff5ff3", True),
    "reverts with a bomb": ("61ffff5ffd", False),
    "takes in simulation only": ("3a600457005bfe", False),  # stop, but invalid at a gas price
}
DELEGATED = bytes.fromhex("ef0100")


@dataclass
class Measured:
    """The fate of a call: its limit, and each change of the outcome as the gas limit rises."""

    limit: int | None  # None if it reverts with as much gas as a transaction may have
    outcomes: list[tuple[int, str]]
    used: int | None


def world(*accounts: str) -> dict[str, Any]:
    """Return code, balance and storage of these accounts and of all that have storage."""
    found = {str(each) for each in (*accounts, *boa.env.sstore_trace)}
    return {
        "number": int(boa.env.evm.patch.block_number),
        "timestamp": int(boa.env.timestamp),
        "accounts": {
            each: {
                "balance": str(boa.env.get_balance(each)),
                "code": "0x" + bytes(boa.env.get_code(each)).hex(),
                "storage": {
                    str(slot): str(word)
                    for slot in boa.env.sstore_trace.get(Address(each), ())
                    if (word := boa.env.get_storage(each, slot))
                },
            }
            for each in found
        },
    }


def delegating(before: dict[str, Any], account: str, receiver: str) -> dict[str, Any]:
    """Return the world with an account that delegates to the code of a receiver (EIP-7702)."""
    code = bytes.fromhex(RECEIVERS[receiver][0])
    if not code:
        return before
    target = "0x" + keccak(code)[12:].hex()
    accounts = dict(before["accounts"])
    accounts[target] = {"balance": "0", "code": "0x" + code.hex(), "storage": {}}
    named = DELEGATED + bytes.fromhex(target[2:])
    accounts[account] = {**accounts[account], "code": "0x" + named.hex()}
    return {**before, "accounts": accounts}


def measure(requests: Iterable[dict[str, Any]]) -> list[Measured]:
    """Find the limit of calls: of `call` in `world` under the prices of `list`.

    Outcomes are those at half the limit, one below it, at it and at twice of it; with a `step`,
    at every multiple of it up to twice the limit. With `simulated` the limit is an estimate: it is
    found at a gas price of zero, which receivers and tokens can tell from a transaction.
    """
    wanted = [{"step": 0, "simulated": False, **each} for each in requests]
    for each in wanted:
        each["call"] = {"most": TRANSACTION, "credited": CREDITED, "payments": 0, **each["call"]}
    process = _price_lists(os.getpid())
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(wanted) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    assert answer, f"price_lists.mjs ended with exit code {process.wait()}"
    return [
        Measured(each["limit"], [(gas, outcome) for gas, outcome in each["outcomes"]], each["used"])
        for each in json.loads(answer)
    ]


@cache
def _price_lists(of: int) -> subprocess.Popen[str]:
    """Return what runs all calls of a process, and ends with it since its standard input ends."""
    return subprocess.Popen(
        ["node", str(ROOT / "tests" / "attacks" / "price_lists.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def behind_proxy(before: dict[str, Any], token: str, *, simulated: bool = False) -> dict[str, Any]:
    """Return the world with a token behind a proxy; `simulated`: one that burns all gas on-chain.

    On-chain means at a gas price above zero: estimates are made without one.
    """
    logic = keccak(text=f"logic of {token}")[12:]
    check = bytes.fromhex("3a603157") if simulated else bytes(4).replace(b"\0", b"\x5b")
    code = (
        check  # if gasprice: jump to the invalid opcode at the end; or four times jumpdest
        + bytes.fromhex("365f5f37")  # calldatacopy(0, 0, calldatasize)
        + bytes.fromhex("5f5f365f73" + logic.hex() + "5af4")  # delegatecall
        + bytes.fromhex("3d5f5f3e602d573d5ffd")  # returndatacopy; revert unless it succeeded
        + bytes.fromhex("5b3d5ff35bfe")
    )
    accounts = dict(before["accounts"])
    accounts["0x" + logic.hex()] = {**accounts[token], "storage": {}}
    accounts[token] = {**accounts[token], "code": "0x" + code.hex()}
    return {**before, "accounts": accounts}
