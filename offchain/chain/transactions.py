"""Sending of transactions with EIP-1559 fees, by an account of the node or by a local key."""

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
    """The limits on an account's transactions.

    Args:
        seconds: time to wait until a transaction is in a block.
        most: highest fee for each unit of gas, in wei.
    """

    seconds: float = 60.0
    most: int = 500 * 10**9


class Sender(ABC):
    """An account that sends transactions with the fees of EIP-1559.

    A transaction takes the first nonce that is in no block. It replaces a pending transaction
    with that nonce, for example one of an earlier process: at most one of the two can be mined.
    """

    def __init__(self, web3: Web3, address: str, fees: FeePolicy = FeePolicy()) -> None:
        self._web3 = web3
        self._policy = fees
        self._last: tuple[Nonce, int, int] | None = None
        self.address: ChecksumAddress = web3.to_checksum_address(address)

    def is_waiting(self) -> bool:
        """Return True while a transaction of the account, from any process, is pending."""
        count = self._web3.eth.get_transaction_count
        return count(self.address, "pending") > count(self.address, "latest")

    def nonce(self) -> Nonce:
        """Return the first nonce that is in no block.

        Read it before the state that a call rests on, and `send` the call with it: when a call of
        another process was mined in between, the node refuses this one.
        """
        return self._web3.eth.get_transaction_count(self.address, "latest")

    def send(
        self,
        function: ContractFunction,
        value: int = 0,
        gas: int | None = None,
        nonce: Nonce | None = None,
    ) -> TxReceipt:
        """Send a call with ``value`` wei, and wait until it is in a block.

        Args:
            function: the call.
            value: wei.
            gas: its limit, with which it is not simulated first; None simulates it.
            nonce: of `nonce`; None reads it now.

        Raises:
            ContractLogicError: the contract reverts: before the call is sent, with the contract's
                reason, or in its block.
            TimeExhausted: the transaction is in no block yet.
            Web3RPCError: the node refuses the transaction, for example because its fee is not
                enough above that of the one it would replace; the next attempt pays more.
        """
        eth = self._web3.eth
        nonce = self.nonce() if nonce is None else nonce
        most, tip = self._fees(nonce)
        made: Any = function.build_transaction(
            {
                "from": self.address,
                "value": Wei(value),
                "nonce": nonce,
                "maxFeePerGas": Wei(most),
                "maxPriorityFeePerGas": Wei(tip),
                **({} if gas is None else {"gas": gas}),
            }
        )
        self._last = nonce, most, tip
        digest = self._submit(made)
        receipt = eth.wait_for_transaction_receipt(digest, self._policy.seconds, 0.05)
        if receipt["status"] != 1:
            block = receipt["blockNumber"]
            raise ContractLogicError(f"0x{digest.hex()} reverted in block {block}")
        return receipt

    def _fees(self, nonce: Nonce) -> tuple[int, int]:
        """Return the highest fee for each unit of gas and the tip in it, both in wei.

        A second attempt with the same nonce pays a quarter more than the first, because nodes
        accept a replacement only when it pays at least a tenth more.
        """
        eth = self._web3.eth
        tip = int(eth.max_priority_fee)
        most = 2 * int(eth.get_block("latest")["baseFeePerGas"]) + tip
        if self._last is not None and self._last[0] == nonce:
            _, last_most, last_tip = self._last
            most, tip = max(most, last_most * 5 // 4 + 1), max(tip, last_tip * 5 // 4 + 1)
        most = min(most, self._policy.most)
        return most, min(tip, most)

    @abstractmethod
    def _submit(self, made: Any) -> HexBytes:
        """Submit a transaction to the node; return its hash."""


class NodeSender(Sender):
    """An account whose key the node holds: on a development chain, or with a remote signer."""

    def _submit(self, made: Any) -> HexBytes:
        return self._web3.eth.send_transaction(made)


class KeySender(Sender):
    """An account whose key this process holds."""

    def __init__(self, web3: Web3, account: LocalAccount, fees: FeePolicy = FeePolicy()) -> None:
        super().__init__(web3, account.address, fees)
        self._account = account

    def _submit(self, made: Any) -> HexBytes:
        signed = self._account.sign_transaction(made)
        return self._web3.eth.send_raw_transaction(signed.raw_transaction)
