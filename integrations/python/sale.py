# SPDX-License-Identifier: MIT
"""A whole sale with web3.py alone: create a task, enter a model, claim the award.

    python sale.py URL MARKET TASK MODEL

TASK and MODEL are JSON files: the terms of a task, whose ``provider`` is an account of the node;
and a model that ``developer``, another account of the node, has prepared. Bytes are hex, integers
are strings. See docs/INTEGRATING.md.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_typing import ChecksumAddress
from web3 import Web3
from web3.types import TxParams, TxReceipt, Wei

INTERFACES = Path(__file__).parents[2] / "interfaces"
REPORTED, DISPUTED = 3, 4

Task = dict[str, Any]
"""The struct of `interfaces/Types.vyi`, by name."""


class Submission(NamedTuple):
    """The struct that the commitment hides until the reveal."""

    model_digest: bytes
    artifact_digest: bytes
    envelope_digest: bytes
    min_price: int


class Model(NamedTuple):
    """A submission, with all that its developer needs to be paid for it."""

    developer: ChecksumAddress
    submission: Submission
    keyring_digest: bytes
    salt: bytes
    uri: str
    envelope: bytes


def tagged(name: str, kinds: list[str], *values: object) -> bytes:
    """Return H(NAME, …) of docs/SPEC.md, bytes32."""
    tag = Web3.keccak(text=f"GoldenGrain/{name}")
    return bytes(Web3.keccak(encode(["bytes32", *kinds], [tag, *values])))


class Market:
    """The market on one node."""

    def __init__(self, url: str, address: ChecksumAddress) -> None:
        self.web3 = Web3(Web3.HTTPProvider(url))
        abi = json.loads((INTERFACES / "IModelMarket.json").read_text())
        self.contract = self.web3.eth.contract(address=address, abi=abi)

    def digest(self, primary: str, message: dict[str, Any]) -> bytes:
        """Return the EIP-712 digest of a task or a report: its id, or what enclaves sign."""
        typed = json.loads((INTERFACES / "eip712.json").read_text())
        used = {primary, *(member["type"] for member in typed["types"][primary])}
        domain = {
            **typed["domain"],
            "chainId": self.web3.eth.chain_id,
            "verifyingContract": self.contract.address,
        }
        types = {kind: members for kind, members in typed["types"].items() if kind in used}
        signable = encode_typed_data(domain, types, message)
        return bytes(Web3.keccak(b"\x19" + signable.version + signable.header + signable.body))

    def send(
        self, name: str, *arguments: Any, sender: ChecksumAddress, value: int = 0
    ) -> TxReceipt:
        """Call a function in a transaction, and wait for it.

        Raises:
            web3.exceptions.ContractLogicError: it would revert, with the reason.
            RuntimeError: it reverted in its block.
        """
        parameters: TxParams = {"from": sender, "value": Wei(value)}
        sent = self.contract.functions[name](*arguments).transact(parameters)
        receipt = self.web3.eth.wait_for_transaction_receipt(sent)
        if receipt["status"] != 1:
            raise RuntimeError(f"{name} reverted in its block: 0x{sent.hex()}")
        return receipt

    def event(self, name: str, **indexed: Any) -> Any:
        """Return the arguments of the first such event."""
        logs = self.contract.events[name]().get_logs(argument_filters=indexed, from_block=0)
        return logs[0]["args"]

    def until(self, task_id: bytes, holds: Callable[[int, int, int], bool]) -> None:
        """Wait until a condition on stage, time and time A of a task holds."""
        while True:
            stage, time_a, *_ = self.contract.functions.progress(task_id).call()
            if holds(stage, self.web3.eth.get_block("latest")["timestamp"], time_a):
                return
            time.sleep(0.1)


def sell(market: Market, task: Task, model: Model) -> int:
    """Play a task from its creation to the claim; return the price."""
    task_id = market.digest("Task", {"report_terms": task, "other_terms": task})  # its two parts
    cost = task["budget"] + task["benchmark_fee"]
    words = tuple(task.values())
    market.send("create_task", words, "https://t.example/", sender=task["provider"], value=cost)

    # The developer.
    developer, submission = model.developer, model.submission
    digest = tagged("SUBMISSION", ["bytes32"] * 3 + ["uint256"], *submission)
    kinds = ["uint256", "address", "bytes32", "address", "bytes32", "bytes32"]
    chain_id, address = market.web3.eth.chain_id, market.contract.address
    commitment = tagged("COMMIT", kinds, chain_id, address, task_id, developer, digest, model.salt)
    stake = task["commit_bond"] + task["entry_fee"]
    market.send("commit_model", task_id, commitment, sender=developer, value=stake)
    index = market.event("ModelCommitted", task_id=task_id, developer=developer)["index"]

    market.until(task_id, lambda _, now, __: now >= task["commit_deadline"])
    revealed = submission, model.keyring_digest, model.salt, model.uri
    market.send("reveal_model", task_id, index, *revealed, sender=developer)
    market.until(task_id, lambda _, now, __: now >= task["reveal_deadline"])
    market.send("close_reveals", task_id, sender=developer)

    # The enclaves report; if nobody disputes it, claims open after the dispute window.
    def is_final(stage: int, now: int, time_a: int) -> bool:
        if stage == DISPUTED:
            raise RuntimeError("disputed: wait for DisputeResolved or DisputeExpired")
        return stage == REPORTED and now >= time_a

    market.until(task_id, is_final)
    posted = market.event("ReportPosted", task_id=task_id)
    payouts = posted["payouts"]
    awards = [payout >> 128 for payout in payouts]
    four = (awards[:4], awards[4:])  # in a word, the first lowest
    report = {
        "task_id": task_id,
        "round": 0,
        "seed": market.event("RevealsClosed", task_id=task_id)["seed"],
        **{name: posted[name] for name in ("inventory", "results", "choices")},
        "awards": [sum(award << 64 * at for at, award in enumerate(each)) for each in four],
    }
    signers = [tuple(signer.values())[:3] for signer in posted["signers"]]
    listed = Web3.keccak(encode(["(address,address,bytes32)[]"], [signers]))
    signed = tagged("SIGNED", ["bytes32"] * 2, market.digest("Report", report), listed)
    award = [each & 0xFFFFFFFF for each in awards].index(index)
    digests = submission.model_digest, submission.artifact_digest, model.keyring_digest
    payload = tagged("PAYLOAD", ["bytes32"] * 3, *digests)
    claim = task_id, award, task["token"], payouts, signed, submission.min_price, payload
    # `transact` estimates the gas first: a claim that would revert is not sent, and shows nothing.
    market.send("claim_award", *claim, model.envelope, sender=developer)
    return int(market.event("AwardClaimed", task_id=task_id, developer=developer)["price"])


def read(path: str) -> dict[str, Any]:
    """Read a JSON file whose integers and bytes are strings."""

    def revive(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: revive(given) for name, given in value.items()}
        if isinstance(value, list):
            return [revive(given) for given in value]
        if value.isdecimal():
            return int(value)
        is_bytes = value.startswith("0x") and len(value) != 42
        return Web3.to_bytes(hexstr=value) if is_bytes else value

    given: dict[str, Any] = revive(json.loads(Path(path).read_text()))
    return given


if __name__ == "__main__":
    url, address, task, model = sys.argv[1:]
    prepared = read(model)
    submission = Submission(**prepared.pop("submission"))
    market = Market(url, Web3.to_checksum_address(address))
    print(sell(market, read(task), Model(**prepared, submission=submission)))
