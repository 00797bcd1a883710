"""Trial of several calls, one after another, before the first of them is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError
from web3.types import RPCEndpoint

from offchain.chain.refusals import Refused

_REVERT = bytes.fromhex("08c379a0")
"""Selector of `Error(string)`, in which a contract gives its reason."""


@dataclass(frozen=True)
class Call:
    """A call with ``value`` wei, and what it does, for people."""

    what: str
    function: ContractFunction
    value: int = 0


def try_calls(web3: Web3, sender: str, calls: Sequence[Call]) -> None:
    """Simulate calls in their order, each after the ones before it.

    A single call is estimated, as before it is sent. Several need the node's ``eth_simulateV1``.

    Raises:
        ContractLogicError: one of them reverts, with the contract's reason.
        Refused: the node cannot simulate several calls; nothing was sent.
    """
    if len(calls) == 1:
        (call,) = calls
        sent: Any = {"from": sender, "value": call.value}
        call.function.estimate_gas(sent)
    if len(calls) < 2:
        return
    made = [
        {
            "from": sender,
            "to": call.function.address,
            "value": hex(call.value),
            "data": call.function._encode_transaction_data(),
        }
        for call in calls
    ]
    asked = {"blockStateCalls": [{"calls": made}]}
    answer = web3.provider.make_request(RPCEndpoint("eth_simulateV1"), [asked, "latest"])
    if "result" not in answer:
        raise Refused(
            f"the node cannot try {len(calls)} calls before the first is sent "
            f"({answer.get('error')}): send the first alone, with `golden-grain stake`"
        )
    for call, found in zip(calls, answer["result"][0]["calls"], strict=True):
        if int(found["status"], 16) != 1:
            raise ContractLogicError(f"{call.function.fn_name}: {_reason(found)}")


def _reason(found: Any) -> str:
    error = found.get("error") or {}
    for text in (error.get("data"), found.get("returnData")):
        data = bytes.fromhex(str(text or "").removeprefix("0x"))
        if data[:4] == _REVERT:
            try:
                return str(decode(["string"], data[4:])[0])
            except DecodingError:
                continue
    return str(error.get("message", "reverted without a reason"))
