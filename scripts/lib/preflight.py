"""Checks of a chain that a deployment makes before it asks for an account."""

from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from web3 import Web3

from offchain.attestation.p256 import raw_key, raw_signature

P256VERIFY = Web3.to_checksum_address(f"0x{0x100:040x}")
"""Address of the precompile (EIP-7951)."""
LEAST_RANDOM = 2**64
"""No random word is smaller, but for one in 2**192. The constants of chains without one are."""
READ_PREVRANDAO = "0x4460015260215ff3"
"""Creation code that returns a zero byte, so that no value is refused as code, and PREVRANDAO."""


class WrongChainError(ValueError):
    """The chain is not the one that is wanted, or lacks what the contracts need."""


def check_chain_id(found: int, expected: dict[str, int | None], url: str) -> None:
    """Refuse a node of another chain than the one that is wanted.

    Args:
        found: the node's.
        expected: the chain ids that are demanded, by who demands them; None demands none.
        url: of the node.

    Raises:
        WrongChainError: one differs.
    """
    for source, wanted in expected.items():
        if wanted is not None and wanted != found:
            raise WrongChainError(
                f"node {url} has chain {found}, expected {wanted} as {source} says: correct the "
                "URL, or that number; nothing was sent"
            )


def check_p256verify(web3: Any) -> None:
    """Refuse a chain without the precompile that the verifier needs.

    Raises:
        WrongChainError: it does not find a right signature right.
    """
    if not has_p256verify(web3):
        raise WrongChainError(
            "this chain has no P256VERIFY (EIP-7951), without which no quote can be verified: "
            "deploy to a chain with the Osaka fork; a local one needs "
            "`cmd_settings: {evm_version: osaka}` in Brownie's settings of the network; nothing "
            "was sent"
        )


def check_prevrandao(web3: Any) -> None:
    """Refuse a chain whose prevrandao (EIP-4399) is a constant, as some rollups have it.

    Raises:
        WrongChainError: it is so small that it cannot be random.
    """
    if not has_prevrandao(web3):
        raise WrongChainError(
            f"prevrandao of this chain is {prevrandao(web3)}, a constant, so the parties of a task "
            f"can choose among seeds: expected a random word, {LEAST_RANDOM} or more; deploy to "
            "another chain; nothing was sent"
        )


def has_p256verify(web3: Any) -> bool:
    """Return True if the precompile finds a right signature right."""
    key, message = ec.generate_private_key(ec.SECP256R1()), b"golden grain"
    signature = raw_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    data = sha256(message).digest() + signature + raw_key(key.public_key())
    answer = web3.eth.call({"to": P256VERIFY, "data": "0x" + data.hex()})
    return int.from_bytes(answer, "big") == 1


def has_prevrandao(web3: Any) -> bool:
    """Return True if prevrandao is random, or if there is no block yet but the first."""
    return prevrandao(web3) >= LEAST_RANDOM or web3.eth.block_number == 0


def prevrandao(web3: Any) -> int:
    """Return what the instruction PREVRANDAO answers on the node."""
    return int.from_bytes(web3.eth.call({"data": READ_PREVRANDAO}), "big")
