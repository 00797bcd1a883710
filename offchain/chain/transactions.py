"""How a host sends transactions: by its node's account, or by a key of its own."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError
from web3.types import Nonce, TxReceipt, Wei


@dataclass(frozen=True)
class FeePolicy:
    """On which an account sends.

    Args:
        seconds: to wait for a transaction's block.
        most: wei for each gas that are never exceeded.
    """

    seconds: float = 60.0
    most: int = 500 * 10**9


class Sender(ABC):
    """An account that sends, with the fees of EIP-1559.

    A transaction takes the first nonce that is in no block. One that waits for its block, of an
    earlier process say, is replaced and not followed: at most one of the two can be mined.
    """

    def __init__(self, web3: Web3, address: str, terms: FeePolicy = FeePolicy()) -> None:
        self._web3 = web3
        self._terms = terms
        self._last: tuple[Nonce, int, int] | None = None
        self.address: ChecksumAddress = web3.to_checksum_address(address)

    def is_waiting(self) -> bool:
        """Whether a transaction of the account waits for its block, of an earlier process say."""
        count = self._web3.eth.get_transaction_count
        return count(self.address, "pending") > count(self.address, "latest")

    def send(self, function: ContractFunction, value: int = 0) -> TxReceipt:
        """Sends a call and waits for its block.

        Raises:
            ContractLogicError: the contract refuses it: before it was sent, with the contract's
                reason, or in its block.
            TimeExhausted: it is in no block yet.
            Web3RPCError: the node does not take it, for one because it pays too little more than
                the one that it would replace; the next try pays more.
        """
        eth = self._web3.eth
        nonce = eth.get_transaction_count(self.address, "latest")
        most, tip = self._fees(nonce)
        made: Any = function.build_transaction(
            {
                "from": self.address,
                "value": Wei(value),
                "nonce": nonce,
                "maxFeePerGas": Wei(most),
                "maxPriorityFeePerGas": Wei(tip),
            }
        )
        self._last = nonce, most, tip
        digest = self._submit(made)
        receipt = eth.wait_for_transaction_receipt(digest, self._terms.seconds, 0.05)
        if receipt["status"] != 1:
            block = receipt["blockNumber"]
            raise ContractLogicError(f"0x{digest.hex()} reverted in block {block}")
        return receipt

    def _fees(self, nonce: Nonce) -> tuple[int, int]:
        """What a gas may cost, and the tip in it (wei); a quarter above the last try of a nonce,
        where nodes want a tenth."""
        eth = self._web3.eth
        tip = int(eth.max_priority_fee)
        most = 2 * int(eth.get_block("latest")["baseFeePerGas"]) + tip
        if self._last is not None and self._last[0] == nonce:
            _, last_most, last_tip = self._last
            most, tip = max(most, last_most * 5 // 4 + 1), max(tip, last_tip * 5 // 4 + 1)
        most = min(most, self._terms.most)
        return most, min(tip, most)

    @abstractmethod
    def _submit(self, made: Any) -> HexBytes:
        """Hands a transaction to the node."""


class NodeSender(Sender):
    """An account that the node holds: of a development chain, or of a signer behind the node."""

    def _submit(self, made: Any) -> HexBytes:
        return self._web3.eth.send_transaction(made)


class KeySender(Sender):
    """A key of this process."""

    def __init__(self, web3: Web3, account: LocalAccount, terms: FeePolicy = FeePolicy()) -> None:
        super().__init__(web3, account.address, terms)
        self._account = account

    def _submit(self, made: Any) -> HexBytes:
        signed = self._account.sign_transaction(made)
        return self._web3.eth.send_raw_transaction(signed.raw_transaction)
