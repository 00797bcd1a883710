"""EIP-712 digests of tasks and reports in the market's domain."""

from collections.abc import Mapping

from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils.crypto import keccak
from pydantic.dataclasses import dataclass

from offchain.protocol.encoding import STRICT, Address, Uint256

TYPES = {
    "Task": "ReportTerms report_terms,OtherTerms other_terms",
    "ReportTerms": (
        "address token,uint256 budget,uint256 max_awards,bytes32 measurement,bytes32 roster,"
        "uint256 quorum,uint256 min_stake,uint256 report_deadline,uint256 dispute_window,"
        "uint256 claim_window,uint256[4] curve"
    ),
    "OtherTerms": (
        "address provider,uint256 benchmark_fee,bytes32 benchmark,uint256 tolerance,"
        "bytes32 delivery_key,uint256 max_submissions,uint256 commit_bond,uint256 entry_fee,"
        "uint256 commit_deadline,uint256 reveal_deadline,uint256 verdict_window,uint256 nonce"
    ),
    "Report": (
        "bytes32 task_id,uint256 round,bytes32 seed,bytes32 inventory,bytes32 results,"
        "uint256 choices,uint256[2] awards"
    ),
}
"""The members of each type, in the contract's order."""


@dataclass(frozen=True, config=STRICT)
class Domain:
    """One market on one chain."""

    chain_id: Uint256
    market: Address

    def message(self, primary: str, value: Mapping[str, object]) -> SignableMessage:
        """Return a struct of one of `TYPES`, ready to sign; its ``body`` is the struct's hash."""
        types = {
            kind: [{"type": typ, "name": name} for typ, name in map(str.split, text.split(","))]
            for kind, text in TYPES.items()
            if kind == primary or f"{kind} " in TYPES[primary]
        }
        scope: dict[str, object] = {"name": "GoldenGrain", "version": "1", "chainId": self.chain_id}
        return encode_typed_data(scope | {"verifyingContract": self.market}, types, dict(value))

    def digest(self, primary: str, value: Mapping[str, object]) -> bytes:
        """Return the bytes32 that is signed."""
        message = self.message(primary, value)
        return keccak(b"\x19" + message.version + message.header + message.body)
