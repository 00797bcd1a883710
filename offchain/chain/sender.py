"""How a host sends transactions: by its node's account, or by a key that is unlocked by hand."""

from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt, Wei


class Sender(Protocol):
    """An account that sends."""

    @property
    def address(self) -> str:
        """Of the account."""

    def send(self, function: ContractFunction, value: int = 0) -> TxReceipt:
        """Sends a call and waits for its block.

        Raises:
            ContractLogicError: the contract refuses it, with its reason; nothing was sent.
            TimeExhausted: it is in no block yet.
        """


def is_sending(web3: Web3, address: str) -> bool:
    """Whether a transaction of the account waits for its block, of an earlier process say."""
    account = web3.to_checksum_address(address)
    count = web3.eth.get_transaction_count
    return count(account, "pending") > count(account, "latest")


class NodeSender:
    """An account that the node holds: of a development chain, or of a signer behind the node."""

    def __init__(self, web3: Web3, address: str) -> None:
        self._web3 = web3
        self.address: ChecksumAddress = web3.to_checksum_address(address)

    def send(self, function: ContractFunction, value: int = 0) -> TxReceipt:
        """See `Sender`."""
        digest = function.transact({"from": self.address, "value": Wei(value)})
        return self._web3.eth.wait_for_transaction_receipt(digest, poll_latency=0.05)


class KeySender:
    """A key of this process."""

    def __init__(self, web3: Web3, account: LocalAccount) -> None:
        self._web3 = web3
        self._account = account
        self.address = str(account.address)

    def send(self, function: ContractFunction, value: int = 0) -> TxReceipt:
        """See `Sender`."""
        eth, sender = self._web3.eth, self._account.address
        nonce = eth.get_transaction_count(sender, "pending")
        made: Any = function.build_transaction(
            {"from": sender, "value": Wei(value), "nonce": nonce}
        )
        signed = self._account.sign_transaction(made)
        digest = eth.send_raw_transaction(signed.raw_transaction)
        return eth.wait_for_transaction_receipt(digest, poll_latency=0.05)


def unlock(keystore: Path, ask: Callable[[str], str] = getpass) -> LocalAccount:
    """The key of a keystore file (Web3 Secret Storage), whose password is asked for.

    Raises:
        ValueError: not a keystore, or another password.
    """
    key = Account.decrypt(keystore.read_text(), ask(f"Password of {keystore.name}: "))
    account: LocalAccount = Account.from_key(key)
    return account
