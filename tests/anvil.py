"""Brownie on anvil: the driver, and what tests need besides: exact times, events and balances."""

from collections.abc import Iterable, Sequence
from typing import Any

import brownie
from brownie import EnclaveRegistry, MockVerifier, ModelMarket, accounts, chain, project, web3
from eth_abi.abi import decode, encode
from eth_utils.abi import event_abi_to_log_topic
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from tests.deployment import PLATFORM_STAKE, TERMS, Deployment
from tests.sale import ETHER
from tests.signing import signing_key

STAKE = 2 * ETHER
ENCLAVES = 10
"""The number of enclaves that three signers and their panel need."""

Abi = dict[str, Any]
Event = tuple[str, dict[str, Any]]

# ── The node ──


def rpc(method: str, *params: Any) -> Any:
    """Return the node's answer to a request for which Brownie has no function.

    Raises:
        AssertionError: it answers with an error.
    """
    answer = web3.provider.make_request(method, list(params))
    assert "error" not in answer, answer["error"]
    return answer["result"]


def at(time: int) -> None:
    """Gives the next block this timestamp."""
    rpc("evm_setNextBlockTimestamp", time)


def now() -> int:
    """Timestamp of the latest block."""
    return int(rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def fund(account: str, wei: int) -> None:
    """Gives an account this balance, whether it wants it or not."""
    rpc("anvil_setBalance", str(account), hex(wei))


def refuses(reason: str | None, method: Any, *arguments: Any) -> None:
    """Asserts that a method would revert in the next block: with this reason, or None for any.

    A call, not a transaction: of a long transaction, Brownie takes seconds to read the reason.
    """
    with brownie.reverts(reason):
        method.call(*arguments, block_identifier="pending")


def answers(method: Any, *arguments: Any) -> Any:
    """Return what a method would answer in the next block."""
    return method.call(*arguments, block_identifier="pending")


# ── The driver ──


class Anvil:
    """The driver of the local chain: `send` returns Brownie's transaction."""

    @property
    def now(self) -> int:
        return now()

    @property
    def known_block(self) -> int:
        return int(chain.height) - 1

    def send(self, method: Any, *args: Any, sender: Any, value: int = 0) -> Any:
        return method(*args, {"from": sender, "value": value})

    def at(self, time: int) -> None:
        at(time)

    def read(self, view: Any, *args: Any) -> Any:
        return view(*args)


class AnvilTrial(Anvil):
    """Changes nothing: `send` returns what the method would answer in the next block."""

    def send(self, method: Any, *args: Any, sender: Any, value: int = 0) -> Any:
        return answers(method, *args, {"from": sender, "value": value})


def deploy_market(owner: Any, provider: Any) -> Deployment:
    """Deploy all contracts, with a mock of the verifier and an enclave of each operator."""
    verifier = owner.deploy(MockVerifier)
    registry = owner.deploy(EnclaveRegistry, owner, verifier, PLATFORM_STAKE)
    market = owner.deploy(ModelMarket, registry, *TERMS)
    operators = [accounts.add(signing_key(f"operator {n}").to_hex()) for n in range(ENCLAVES)]
    for operator in operators:
        fund(operator, 100 * ETHER)
    contracts, names = (verifier, registry, market), [each.address for each in operators]
    return Deployment(Anvil(), contracts, owner, provider, names, STAKE)


# ── Events ──


def events(transaction: Any) -> list[Event]:
    """Every event, in order, with every field: bytes as bytes, addresses checksummed, structs as
    tuples. Raises KeyError on an event that no contract of the project declares."""
    declared = {
        event_abi_to_log_topic(entry): entry
        for contract in project.get_loaded_projects()[0]
        for entry in contract.abi
        if entry["type"] == "event"
    }
    return [_event(declared[bytes(log["topics"][0])], log) for log in transaction.logs]


def credited(token: Any, account: Any, amount: int) -> Event:
    """The event of an amount that the market owes from now on."""
    return "Credited", {"token": token, "account": account, "amount": amount}


def _event(abi: Abi, log: Any) -> Event:
    indexed = [entry for entry in abi["inputs"] if entry["indexed"]]
    plain = [entry for entry in abi["inputs"] if not entry["indexed"]]
    values = dict(zip([entry["name"] for entry in plain], _decode(plain, log["data"]), strict=True))
    for entry, topic in zip(indexed, log["topics"][1:], strict=True):
        values[entry["name"]] = _decode([entry], topic)[0]
    return abi["name"], values


def _decode(entries: Sequence[Abi], data: bytes) -> list[Any]:
    values = decode([_type(entry) for entry in entries], bytes(data))
    return [_plain(entry, value) for entry, value in zip(entries, values, strict=True)]


def _type(entry: Abi) -> str:
    if not entry["type"].startswith("tuple"):
        return str(entry["type"])
    members = ",".join(_type(member) for member in entry["components"])
    return f"({members}){entry['type'].removeprefix('tuple')}"


def _plain(entry: Abi, value: Any) -> Any:
    kind = entry["type"]
    if kind.endswith("]"):
        element = {**entry, "type": kind[: kind.rindex("[")]}
        return tuple(_plain(element, each) for each in value)
    if kind == "tuple":
        members = zip(entry["components"], value, strict=True)
        return tuple(_plain(member, each) for member, each in members)
    return to_checksum_address(value) if kind == "address" else value


# ── Balances ──

Request = tuple[str, list[Any]]


def read(requests: Iterable[Request]) -> list[int]:
    """Return the answers of requests sent in one batch: each an integer in the first word."""
    answers = web3.provider.make_batch_request(list(requests))
    return [int(answer["result"][:66], 16) for answer in answers]


def ether_of(account: Any) -> Request:
    """For an account's wei."""
    return "eth_getBalance", [str(account), "latest"]


def view(contract: Any, signature: str, *arguments: Any) -> Request:
    """For what a view gives first; by its signature, say ``credits(address)``."""
    kinds = signature[signature.index("(") + 1 : -1].split(",")
    data = keccak(text=signature)[:4] + encode(kinds, [str(each) for each in arguments])
    return "eth_call", [{"to": str(contract), "data": "0x" + data.hex()}, "latest"]
