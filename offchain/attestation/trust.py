"""Whom to trust: root key, quoting enclaves, TCB floors and revocations, all passed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from offchain.attestation.quote import TeeType

INTEL_ROOT_KEY = bytes.fromhex(
    "0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5"
    "67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394"
)
"""X‖Y of the Intel SGX Root CA."""


@dataclass(frozen=True)
class QeIdentity:
    """A quoting enclave that is trusted to vouch for attestation keys."""

    mr_signer: bytes
    isv_prod_id: int
    min_isv_svn: int
    attributes: bytes = b"\x11" + bytes(15)
    attributes_mask: bytes = bytes.fromhex("fbffffffffffffff0000000000000000")
    misc_select: bytes = bytes(4)
    misc_select_mask: bytes = b"\xff" * 4


SGX_QE = QeIdentity(
    bytes.fromhex("8c4f5775d796503e96137f77c68a829a0056ac8ded70140b081b094490c57bff"), 1, 8
)
TDX_QE = QeIdentity(
    bytes.fromhex("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5"), 2, 4
)


@dataclass(frozen=True)
class TcbFloor:
    """The least patch level at which a machine of one FMSPC is trusted."""

    svns: bytes
    """16 SGX TCB components."""
    pce_svn: int
    tdx_svns: bytes = bytes(16)
    """16 components of TEE_TCB_SVN; looked at in TDX quotes only."""


@dataclass(frozen=True)
class Trust:
    """What a verifier holds true beforehand; the contract's storage says the same."""

    root_key: bytes
    """X‖Y, 64 bytes."""
    floors: Mapping[bytes, TcbFloor]
    """By FMSPC (6 bytes); a platform without a floor is refused."""
    revoked: frozenset[tuple[bytes, int]] = frozenset()
    """Issuer's key (X‖Y) and serial number of each revoked certificate."""
    quoting_enclaves: Mapping[TeeType, QeIdentity] = field(
        default_factory=lambda: {TeeType.SGX: SGX_QE, TeeType.TDX: TDX_QE}
    )
