"""Log of the transactions of a deployment, written as they are sent, so that one can be resumed.

A step whose transaction is in the log is not sent again. The chain must show that transaction as
it would be sent now: same sender, receiver and data, hence same code and arguments.
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


class DeploymentLogError(ValueError):
    """The log names another transaction than would be sent; the message says what to do."""


class DeploymentLog:
    """The steps of one deployer, in order; without a path nothing is written."""

    def __init__(self, deployer: Any, path: Path | None = None) -> None:
        self._deployer, self._path, self._step = deployer, path, 0
        self.first_block = 0
        """The block of the first step, once that is mined."""
        self._sent: list[str] = json.loads(path.read_text()) if path and path.exists() else []

    def deploy(self, container: Any, *arguments: Any) -> Any:
        """Deploy a contract of this code with these arguments; return it."""
        receipt = self._once(None, container.deploy.encode_input(*arguments))
        return container.at(receipt["contractAddress"], self._deployer)

    def call(self, function: Any, *arguments: Any) -> None:
        """Call a contract's function with these arguments, in a transaction."""
        self._once(function._address, function.encode_input(*arguments))

    def _once(self, to: str | None, data: str) -> Any:
        """Send this step unless the log has it; return its receipt.

        Raises:
            DeploymentLogError: another transaction, or none that the chain knows, was sent before;
                or this one reverted in its block.
            web3.exceptions.TimeExhausted: it is not mined in time; run again later.
        """
        receipt = self._mined_once(to, data)
        if not self.first_block:
            self.first_block = receipt["blockNumber"]
        return receipt

    def _mined_once(self, to: str | None, data: str) -> Any:
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
            raise DeploymentLogError(
                f"{sent.txid} reverted in its block: run again to send it anew"
            )
        return receipt

    def _check(self, txid: str, to: str | None, data: str) -> None:
        try:
            known = web3.eth.get_transaction(HexBytes(txid))
        except TransactionNotFound as error:
            raise DeploymentLogError(
                f"{self._path} names {txid}, which this chain does not know: wait for it, or move "
                f"the log away to begin anew"
            ) from error
        found = known["from"], known.get("to"), HexBytes(known["input"])
        if found != (self._deployer.address, to, HexBytes(data)):
            raise DeploymentLogError(
                f"{self._path} names {txid} of {found[0]} to {found[1]}, which is not what "
                f"{self._deployer.address} would send to {to} now: other code or settings? Move "
                f"the log away to begin anew"
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
