"""Reports and their signatures (EIP-712, compact by EIP-2098), as the market takes them."""

from collections.abc import Sequence
from typing import Annotated

from annotated_types import Le, Len
from eth_keys.datatypes import PrivateKey, Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from pydantic.dataclasses import dataclass

from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import STRICT, Bytes32, Index, Uint256
from offchain.protocol.hashes import stopped as stopped_digest
from offchain.protocol.pricing import Award, words
from offchain.protocol.transcript import Transcript

# secp256k1's order, halved: the market refuses an s above it.
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_MASK_255 = 2**255 - 1


def choices_word(choices: Sequence[int]) -> int:
    """Return choices as the contract packs them: index + 1 in 20 bits each, the first lowest."""
    return sum(index + 1 << 20 * at for at, index in enumerate(choices))


@dataclass(frozen=True, config=STRICT)
class Report:
    """The enclaves' signed statement on a task.

    Args:
        choices: the team in the order of its choice, at most eight; empty for `top`.
        awards: the best first, at most eight.
    """

    task_id: Bytes32
    round: Annotated[Uint256, Le(1)]
    seed: Bytes32
    inventory: Bytes32
    results: Bytes32
    choices: Annotated[tuple[Index, ...], Len(0, 8)]
    awards: Annotated[tuple[Award, ...], Len(0, 8)]

    def to_abi(self) -> tuple[bytes, int, bytes, bytes, bytes, int, list[int]]:
        """Return the struct as the contract takes it."""
        return (
            self.task_id,
            self.round,
            self.seed,
            self.inventory,
            self.results,
            choices_word(self.choices),
            words(self.awards, 64),
        )

    def digest(self, domain: Domain) -> bytes:
        """Return the bytes32 that the enclaves sign."""
        names = ("task_id", "round", "seed", "inventory", "results", "choices", "awards")
        return domain.digest("Report", dict(zip(names, self.to_abi(), strict=True)))


@dataclass(frozen=True, config=STRICT)
class Cosignature:
    """An enclave's signature, and the platform that it is registered on."""

    r: Bytes32
    vs: Bytes32
    platform: Bytes32

    def to_abi(self) -> tuple[bytes, bytes, bytes]:
        """Return the struct as the contract takes it."""
        return self.r, self.vs, self.platform


def sign(digest: bytes, key: PrivateKey, platform: bytes) -> Cosignature:
    """Sign a digest (bytes32) with a low s; the nonce comes from key and digest (RFC 6979)."""
    signature = key.sign_msg_hash(digest)
    vs = signature.v << 255 | signature.s
    return Cosignature(signature.r.to_bytes(32, "big"), vs.to_bytes(32, "big"), platform)


def recover(digest: bytes, cosignature: Cosignature) -> str:
    """Return the checksummed address of the signer.

    Raises:
        ValueError: s is high, or no key fits the signature.
    """
    vs = int.from_bytes(cosignature.vs, "big")
    r, s = int.from_bytes(cosignature.r, "big"), vs & _MASK_255
    if s > _HALF_ORDER:
        raise ValueError(f"signature with s {s:#x}, expected at most {_HALF_ORDER:#x}")
    try:
        signature = Signature(vrs=(vs >> 255, r, s))
        return signature.recover_public_key_from_msg_hash(digest).to_checksum_address()
    except (BadSignature, ValidationError) as error:
        raise ValueError(
            f"signature with r 0x{cosignature.r.hex()} recovers no key: {error}"
        ) from error


@dataclass(frozen=True, config=STRICT)
class StopNotice:
    """A stop notice: an enclave signs that kernel or clock ended its runs of some submissions.

    Args:
        stopped: the submissions, by rising index.
        cosignature: of `digest`, without a platform.
    """

    task_id: Bytes32
    stopped: tuple[Index, ...]
    cosignature: Cosignature

    @classmethod
    def sign(cls, transcript: Transcript, stopped: Sequence[int], key: PrivateKey) -> "StopNotice":
        """Sign a notice; the indices are of the transcript."""
        cosignature = sign(cls.digest(transcript, stopped), key, bytes(32))
        return cls(transcript.task_id, tuple(stopped), cosignature)

    @staticmethod
    def digest(transcript: Transcript, stopped: Sequence[int]) -> bytes:
        """Return the digest to sign, bytes32.

        Raises:
            ValueError: a submission was not revealed, or the indices do not rise.
        """
        return stopped_digest(transcript.inventory_digest(stopped))
