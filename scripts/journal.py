"""The transactions of a deployment, written down as they are sent: one that stopped goes on.

A step of which the journal has the transaction is not sent again. The chain must show it as it
would be sent now: same sender, receiver and data, hence same code and arguments.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from brownie import web3
from hexbytes import HexBytes
from web3.exceptions import TransactionNotFound

PATIENCE = 1_800
"""Seconds to wait for a transaction to be mined."""


class JournalError(ValueError):
    """What the journal names is not what would be sent; the message says what, and what to do."""


class Journal:
    """One deployer's steps, in order; with no path nothing is written down."""

    def __init__(self, deployer: Any, path: Path | None = None) -> None:
        self._deployer, self._path, self._step = deployer, path, 0
        self._sent: list[str] = json.loads(path.read_text()) if path and path.exists() else []

    def deploy(self, container: Any, *arguments: Any) -> Any:
        """A contract of this code and these arguments."""
        receipt = self._once(None, container.deploy.encode_input(*arguments))
        return container.at(receipt["contractAddress"], self._deployer)

    def call(self, function: Any, *arguments: Any) -> None:
        """Has a contract's function called with these arguments."""
        self._once(function._address, function.encode_input(*arguments))

    def _once(self, to: str | None, data: str) -> Any:
        """The receipt of this step, sent now or before.

        Raises:
            JournalError: another transaction, or none that the chain knows, was sent before; or
                this one reverted in its block.
            web3.exceptions.TimeExhausted: it is not mined in time; run again later.
        """
        step, self._step = self._step, self._step + 1
        if step < len(self._sent):
            self._check(self._sent[step], to, data)
            receipt = _mined(self._sent[step])
            if receipt["status"]:
                return receipt
            del self._sent[step:]  # it reverted, so nothing came of it
        # Written down before it is mined: a stop while one waits is no loss.
        sent = self._deployer.transfer(to, data=data, required_confs=0, silent=True)
        self._sent.append(sent.txid)
        if self._path:
            write_json(self._sent, self._path)
        receipt = _mined(sent.txid)
        if not receipt["status"]:
            raise JournalError(f"{sent.txid} reverted in its block: run again to send it anew")
        return receipt

    def _check(self, txid: str, to: str | None, data: str) -> None:
        try:
            known = web3.eth.get_transaction(HexBytes(txid))
        except TransactionNotFound as error:
            raise JournalError(
                f"{self._path} names {txid}, which this chain does not know: wait for it, or move "
                f"the journal away to begin anew"
            ) from error
        found = known["from"], known.get("to"), HexBytes(known["input"])
        if found != (self._deployer.address, to, HexBytes(data)):
            raise JournalError(
                f"{self._path} names {txid} of {found[0]} to {found[1]}, which is not what "
                f"{self._deployer.address} would send to {to} now: other code or settings? Move "
                f"the journal away to begin anew"
            )


def _mined(txid: str) -> Any:
    return web3.eth.wait_for_transaction_receipt(HexBytes(txid), timeout=PATIENCE)


def write_json(content: Any, path: Path) -> None:
    """Write the whole file or none of it."""
    path.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(json.dumps(content, indent=2) + "\n")
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
