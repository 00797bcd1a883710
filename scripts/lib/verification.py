"""Read a deployment again from the chain, and compare it with its address book and these sources.

An address book says what was deployed; anybody can write one. The code on the chain, and what the
contracts answer, are what counts.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from vyper.cli.vyper_compile import get_search_paths
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.output import build_solc_json
from vyper.compiler.phases import CompilerData
from vyper.compiler.settings import Settings
from web3 import Web3

from offchain.chain.node import Node, abi, events
from offchain.chain.policy import BITS
from offchain.protocol.encoding import ZERO_ADDRESS

EVM_VERSION = "cancun"
"""The version of `brownie-config.yaml`, with which `brownie run deploy` compiles."""
DAY = 24 * 3_600

LAYOUTS = Path(__file__).parents[2] / "interfaces" / "storage"
DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
CONTRACTS = {
    "TcbPolicy": "policy",
    "DcapVerifier": "verifier",
    "EnclaveRegistry": "registry",
    "ModelMarket": "market",
}
"""The contracts of a deployment, and their entries in the address book."""

Book = Mapping[str, Any]


@dataclass(frozen=True)
class Check:
    """Something that the chain has to say, and what it says."""

    what: str
    expected: Any
    found: Any

    @property
    def holds(self) -> bool:
        """Return True if it is as expected."""
        return bool(self.expected == self.found)


def standard_json(project: Path, source: Path) -> dict[str, Any]:
    """Return Vyper's standard JSON input of a contract, from which explorers compile it.

    Args:
        source: relative to the project.
    """
    bundle = FilesystemInputBundle(get_search_paths([str(project)]))
    data = CompilerData(bundle.load_file(source), bundle, Settings(evm_version=EVM_VERSION))
    made: dict[str, Any] = build_solc_json(data)
    return made


def constructor_arguments(book: Book) -> dict[str, bytes]:
    """Return the ABI words of each constructor, which explorers ask for too."""
    root_key = bytes.fromhex(book["root_key"])
    gas = book["payment_gas"]
    terms = [book["seat_bond"], book["min_tolerance"], gas["ether"], gas["token"], gas["reserve"]]
    machines = book["deployer"], book["verifier"], book["platform_stake"]
    return {
        "TcbPolicy": encode(["uint256"] * 2, [_statuses(book), book["grace_days"]]),
        "DcapVerifier": encode(
            ["bytes32[2]", "address"], [[root_key[:32], root_key[32:]], book["policy"]]
        ),
        "EnclaveRegistry": encode(["address", "address", "uint256"], machines),
        "ModelMarket": encode(["address", *["uint256"] * 5], [book["registry"], *terms]),
    }


def verify(node: Node, book: Book, runtimes: Mapping[str, bytes]) -> Iterator[Check]:
    """Read everything again that the address book says of a deployment.

    Args:
        node: of the chain; its `first_block` is the book's.
        book: `deployments/<network>.json`.
        runtimes: the code of each contract of `CONTRACTS`, compiled from these sources, without
            the immutables that its constructor appends.

    Raises:
        KeyError: the book lacks an entry.
    """
    yield Check("chain id", book["chain_id"], node.web3.eth.chain_id)
    for name, entry in CONTRACTS.items():
        yield from _code(node, book, name, book[entry], runtimes[name])
    contracts = {
        entry: node.web3.eth.contract(address=book[entry], abi=abi(f"I{name}"))
        for name, entry in CONTRACTS.items()
    }
    registry, policy = contracts["registry"], contracts["policy"]
    yield Check("registry.market()", book["market"], registry.functions.market().call())
    yield Check("policy.verifier()", book["verifier"], policy.functions.verifier().call())
    for entry, contract in (("registry", registry), ("policy", policy)):
        yield Check(f"{entry}.owner()", book["owner"], contract.functions.owner().call())
        pending = contract.functions.pending_owner().call()
        yield Check(f"{entry}.pending_owner()", ZERO_ADDRESS, pending)
        owners = [each["new_owner"] for each in _said(node, contract, "OwnershipTransferred")]
        yield Check(f"{entry}: last owner of its events", book["owner"], (owners or [None])[-1])
    for contract, event, field, entry in (
        (registry, "MarketSet", "market", "market"),
        (registry, "VerifierAdded", "verifier", "verifier"),
        (policy, "VerifierSet", "verifier", "verifier"),
    ):
        found = [each[field] for each in _said(node, contract, event)]
        yield Check(f"every {event}", [book[entry]], found)
    revoked = [each["verifier"] for each in _said(node, registry, "VerifierRevoked")]
    yield Check("every VerifierRevoked", [], revoked)


def _said(node: Node, contract: Any, event: str) -> list[Any]:
    """Return the arguments of all events of one kind."""
    return [each["args"] for each in events(node, contract.events[event]())]


def _code(node: Node, book: Book, name: str, address: str, runtime: bytes) -> Iterator[Check]:
    """Compare a contract's code, and each immutable at its end."""
    code = bytes(node.web3.eth.get_code(Web3.to_checksum_address(address)))
    start = len(runtime)
    yield Check(f"{name}: hash of the code", _hash(runtime), _hash(code[:start]))
    expected = immutables(book)[name]
    layout = dict(_places(json.loads((LAYOUTS / f"{name}.json").read_text())["code_layout"]))
    for variable, place in layout.items():
        at = start + place["offset"]
        found = code[at : at + place["length"]]
        value = expected[variable].ljust(place["length"], b"\0")
        yield Check(f"{name}: {variable}", "0x" + value.hex(), "0x" + found.hex())
    length = start + sum(place["length"] for place in layout.values())
    yield Check(f"{name}: length of the code", length, len(code))


def _places(layout: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield name and place of each immutable, those of modules too."""
    for name, entry in layout.items():
        if "offset" in entry:
            yield name, entry
        else:
            yield from _places(entry)


def immutables(book: Book) -> dict[str, dict[str, bytes]]:
    """Return what each contract keeps in its code, by the variable's name."""
    root_key, gas = bytes.fromhex(book["root_key"]), book["payment_gas"]
    grace = _word(book["grace_days"] * DAY)
    name, version = b"GoldenGrain", b"1"
    domain = [keccak(text=DOMAIN), keccak(name), keccak(version), book["chain_id"], book["market"]]
    separator = keccak(encode(["bytes32"] * 3 + ["uint256", "address"], domain))
    return {
        "TcbPolicy": {"GRACE": grace, "ACCEPTED": _word(_statuses(book))},
        "DcapVerifier": {
            "ROOT_X": root_key[:32],
            "ROOT_Y": root_key[32:],
            "GRACE": grace,
            "POLICY": _word(int(book["policy"], 16)),
        },
        "EnclaveRegistry": {"PLATFORM_STAKE": _word(book["platform_stake"])},
        "ModelMarket": {
            "_CACHED_DOMAIN_SEPARATOR": separator,
            "_CACHED_CHAIN_ID": _word(book["chain_id"]),
            "_CACHED_SELF": _word(int(book["market"], 16)),
            "_NAME": _word(len(name)) + name,
            "_HASHED_NAME": keccak(name),
            "_VERSION": _word(len(version)) + version,
            "_HASHED_VERSION": keccak(version),
            "ETHER_GAS": _word(gas["ether"]),
            "TOKEN_GAS": _word(gas["token"]),
            "RESERVE_GAS": _word(gas["reserve"]),
            "SEAT_BOND": _word(book["seat_bond"]),
            "MIN_TOLERANCE": _word(book["min_tolerance"]),
            "REGISTRY": _word(int(book["registry"], 16)),
        },
    }


def _statuses(book: Book) -> int:
    return sum(BITS[name] for name in book["tcb_statuses"])


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _hash(code: bytes) -> str:
    return "0x" + keccak(code).hex()
