"""Gas of transactions under today's hardfork and under the drafts of the next one.

anvil does not run Amsterdam. The package @ethereumjs/vm 10.1.3 has its drafts as of August 2026:
EIP-2780, 7708, 7778, 7928, 7954, 7976, 7981, 8037, 8038. So each transaction is recorded with the
state that it found, and run again there, under both hardforks.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web3 import Web3

REPLAY = Path(__file__).with_name("replay.mjs")
KNOWN_BLOCKS = 8
"""Number of earlier blocks whose hashes a recorded transaction can ask for."""
FORKS = "osaka", "amsterdam"

Figures = dict[str, int]
"""Gas by hardfork."""


@dataclass(frozen=True)
class Recorded:
    """A transaction with its state, as JSON for replay.mjs."""

    request: dict[str, Any]
    used: int | None
    """Gas that the node counted; None where no node ran it."""


@dataclass(frozen=True)
class Gas:
    """Gas of transactions together, or of what they use beyond others."""

    added: tuple[Recorded, ...] = ()
    taken: tuple[Recorded, ...] = ()
    is_bare: bool = False
    """True if what any transaction pays before it executes is left out."""

    def __add__(self, other: "Gas") -> "Gas":
        return Gas((*self.added, *other.added), (*self.taken, *other.taken), self.is_bare)

    def __sub__(self, other: "Gas") -> "Gas":
        return Gas((*self.added, *other.taken), (*self.taken, *other.added), self.is_bare)


def record(web3: Web3, txid: str) -> Gas:
    """Record a transaction that the node has mined, and the state that it found."""
    transaction = web3.eth.get_transaction(txid)  # type: ignore[arg-type]
    number = int(transaction["blockNumber"])
    answer = web3.provider.make_request(
        "debug_traceTransaction",  # type: ignore[arg-type]
        [txid, {"tracer": "prestateTracer"}],
    )
    accounts = {
        address: {
            "balance": found.get("balance", "0x0"),
            "code": found.get("code", "0x"),
            # A word of zero is not there: the drafts price a new word by what state it adds.
            "storage": {
                slot: word for slot, word in found.get("storage", {}).items() if int(word, 16)
            },
        }
        for address, found in answer["result"].items()
        if set(found) - {"balance"} or int(found.get("balance", "0x0"), 16)
    }
    hashes = {
        str(each): web3.eth.get_block(each)["hash"].to_0x_hex()
        for each in range(max(number - KNOWN_BLOCKS, 0), number)
    }
    world = {
        "chain": web3.eth.chain_id,
        "number": number,
        "timestamp": int(web3.eth.get_block(number)["timestamp"]),
        "hashes": hashes,
        "accounts": accounts,
    }
    call = {
        "sender": transaction["from"],
        "to": transaction["to"],
        "data": transaction["input"].to_0x_hex(),
        "value": str(transaction["value"]),
    }
    receipt = web3.eth.get_transaction_receipt(txid)  # type: ignore[arg-type]
    return Gas((Recorded({"world": world, "call": call}, int(receipt["gasUsed"])),))


def figures(rows: dict[str, Gas]) -> dict[str, Figures]:
    """Return the gas of each row under each hardfork of `FORKS`.

    Raises:
        RuntimeError: a transaction fails in the replay, or osaka counts other gas than the node.
    """
    recorded = list(
        {id(each): each for row in rows.values() for each in (*row.added, *row.taken)}.values()
    )
    ran = subprocess.run(  # noqa: S603
        ["node", str(REPLAY)],  # noqa: S607
        input=json.dumps([each.request for each in recorded]).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    answers = dict(zip(map(id, recorded), json.loads(ran.stdout), strict=True))
    for each in recorded:
        check(each, answers[id(each)])

    def of(row: Gas, fork: str) -> int:
        def used(each: Recorded) -> int:
            answer = answers[id(each)][fork]
            return int(answer["used"]) - (int(answer["intrinsic"]) if row.is_bare else 0)

        return sum(map(used, row.added)) - sum(map(used, row.taken))

    return {name: {fork: of(row, fork) for fork in FORKS} for name, row in rows.items()}


def check(recorded: Recorded, answer: dict[str, Any]) -> None:
    """Raise `RuntimeError` unless the replay did what the node did."""
    to = recorded.request["call"]["to"]
    for fork, found in answer.items():
        if found["failure"]:
            raise RuntimeError(f"call of {to} fails under {fork}: {found['failure']}")
    if recorded.used not in (None, answer["osaka"]["used"]):
        raise RuntimeError(
            f"call of {to} uses {answer['osaka']['used']} gas in the replay under osaka, expected "
            f"{recorded.used} as on the node"
        )
