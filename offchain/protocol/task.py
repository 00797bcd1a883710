"""Task, roster and submission: the terms that the parties of a sale agree on.

The fields are those of the structs of ``interfaces/Types.vyi``, which gives units and meaning. A
constructor makes the market's checks, except those of times, settings, zeros, and ``min_stake``.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from annotated_types import Ge, Le, Len
from eth_abi.abi import encode
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak
from pydantic.dataclasses import dataclass

from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import STRICT, Address, Bytes32, Gwei, Score, Time, Uint128, Uint256
from offchain.protocol.hashes import tagged
from offchain.protocol.keys import check_public_key
from offchain.protocol.pricing import Knot, check_curve, words


@dataclass(frozen=True, config=STRICT)
class RosterEntry:
    """An enclave that may measure a task: its signing key and its sealing key (X25519)."""

    signing_key: Address
    sealing_key: Bytes32

    def __post_init__(self) -> None:
        check_public_key("sealing key", self.sealing_key)

    def to_abi(self) -> tuple[str, bytes]:
        """Return the struct as the contract takes it."""
        return self.signing_key, self.sealing_key


Roster = tuple[RosterEntry, ...]


@dataclass(frozen=True, config=STRICT)
class Submission:
    """The content of a developer's commitment."""

    model_digest: Bytes32
    artifact_digest: Bytes32
    envelope_digest: Bytes32
    min_price: Uint256

    def to_abi(self) -> tuple[bytes, bytes, bytes, int]:
        """Return the struct as the contract takes it."""
        return self.model_digest, self.artifact_digest, self.envelope_digest, self.min_price

    def digest(self) -> bytes:
        """Return the digest (bytes32) for the commitment and the keyring."""
        return tagged("SUBMISSION", ["bytes32"] * 3 + ["uint256"], *self.to_abi())


@dataclass(frozen=True, config=STRICT)
class Task:
    """A provider's offer."""

    token: Address
    budget: Uint128
    max_awards: Annotated[Uint256, Ge(1), Le(8)]
    measurement: Bytes32
    roster: Bytes32
    quorum: Annotated[Uint256, Ge(1), Le(3)]
    min_stake: Uint256
    report_deadline: Time
    dispute_window: Time
    claim_window: Time
    curve: Annotated[tuple[Knot, ...], Len(1, 8)]
    provider: Address
    benchmark_fee: Uint128
    benchmark: Bytes32
    tolerance: Score
    delivery_key: Bytes32
    max_submissions: Annotated[Uint256, Ge(1), Le(2**20 - 1)]
    commit_bond: Gwei
    entry_fee: Gwei
    commit_deadline: Time
    reveal_deadline: Time
    verdict_window: Time
    nonce: Uint256

    def __post_init__(self) -> None:
        check_public_key("delivery key", self.delivery_key)
        check_curve(self.curve, self.budget)
        for name in ("commit_bond", "entry_fee"):
            if getattr(self, name) % 10**9:
                raise ValueError(f"{name} {getattr(self, name)}, expected whole gwei")
        if not self.commit_deadline < self.reveal_deadline < self.report_deadline:
            raise ValueError(
                f"deadlines {self.commit_deadline}, {self.reveal_deadline} and "
                f"{self.report_deadline}, expected commit before reveal before report"
            )

    def members(self) -> dict[str, object]:
        """Return the words of the struct by name, as the contract takes them."""
        return {**vars(self), "curve": words(self.curve, 128)}

    def to_abi(self) -> tuple[object, ...]:
        """Return the struct as the contract takes it."""
        return tuple(self.members().values())

    def id(self, domain: Domain) -> bytes:
        """Return the task id (bytes32): the EIP-712 digest in the market's domain."""
        members = self.members()
        return domain.digest("Task", {"report_terms": members, "other_terms": members})


def roster_digest(roster: Sequence[RosterEntry]) -> bytes:
    """Return the digest (bytes32) that the task stores of its roster."""
    return keccak(encode(["(address,bytes32)[]"], [[entry.to_abi() for entry in roster]]))


def check_roster(task: Task, roster: Sequence[RosterEntry]) -> None:
    """Refuse a roster that is not the task's, or that the market would refuse.

    Raises:
        ValueError: another digest, another size than 3·quorum + 1 to 16, or not by rising key.
    """
    digest = roster_digest(roster)
    if digest != task.roster:
        raise ValueError(f"roster 0x{digest.hex()}, expected 0x{task.roster.hex()}")
    least = 3 * task.quorum + 1
    if not least <= len(roster) <= 16:
        raise ValueError(f"roster of {len(roster)} enclaves, expected {least} to 16")
    keys = [to_canonical_address(entry.signing_key) for entry in roster]
    if any(low >= high for low, high in pairwise([bytes(20), *keys])):
        raise ValueError("roster is not sorted, expected strictly rising signing keys")
