"""A verifier's trust: root key, quoting enclaves, TCB floors and revocations, all passed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from offchain.attestation.certificates import Revoked
from offchain.attestation.quote import TeeType

INTEL_ROOT_KEY = bytes.fromhex(
    "0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5"
    "67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394"
)
"""Public key of the Intel SGX Root CA, X‖Y."""


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
    """The lowest patch level at which machines of one FMSPC are trusted.

    An SGX floor applies to every quote. A TDX quote must reach a TDX floor too, that of its TDX
    module's major version. The version is the second component; the first one counts within it.
    """

    fmspc: bytes
    """6 bytes."""
    tee_type: TeeType
    svns: bytes
    """16 components: of the PCK certificate's SVNs for SGX, of TEE_TCB_SVN for TDX."""
    pce_svn: int = 0
    """SVN of the provisioning certification enclave; zero for TDX."""

    @property
    def module(self) -> int:
        """The major version of the TDX module that the floor is for; zero for SGX."""
        return self.svns[1] if self.tee_type is TeeType.TDX else 0

    def reached_by(self, svns: bytes, pce_svn: int) -> bool:
        """Return True if no component of the machine is lower than the floor's."""
        components = zip(svns, self.svns, strict=True)
        return pce_svn >= self.pce_svn and all(have >= least for have, least in components)


@dataclass(frozen=True)
class Trust:
    """The values that a verifier trusts; the contract has the same in its storage."""

    root_key: bytes
    """X‖Y, 64 bytes."""
    floors: tuple[TcbFloor, ...]
    """One floor for each FMSPC, TEE and TDX module; a platform without a floor is refused."""
    revoked: Revoked = frozenset()
    quoting_enclaves: Mapping[TeeType, QeIdentity] = field(
        default_factory=lambda: {TeeType.SGX: SGX_QE, TeeType.TDX: TDX_QE}
    )

    def floor(self, fmspc: bytes, tee_type: TeeType, module: int = 0) -> TcbFloor | None:
        """Return the floor for machines of an FMSPC, or None."""
        scope = fmspc, tee_type, module
        matching = (f for f in self.floors if (f.fmspc, f.tee_type, f.module) == scope)
        return next(matching, None)
