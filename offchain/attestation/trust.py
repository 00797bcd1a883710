"""A verifier's trust: root key, TCB floors, quoting enclaves and revocations, all passed in.

Floors and identities follow from Intel's signed documents (``canonical.py``, ``policy.py``). Each
belongs to one document. Of one scope there is at most one for each ``tcbEvaluationDataNumber``,
because which of two counts would otherwise depend on their order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from offchain.attestation.certificates import Revoked
from offchain.attestation.quote import SgxReport, TdReport, TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.tcb import QuotingEnclaves, Validity, at_least

INTEL_ROOT_KEY = bytes.fromhex(
    "0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5"
    "67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394"
)
"""Public key of the Intel SGX Root CA, X‖Y."""


@dataclass(frozen=True)
class QeFloor(QuotingEnclaves):
    """The quoting enclaves of a TEE that one identity of Intel accepts."""

    min_isv_svn: int | None
    """None: the document has no accepted level, and refuses every quoting enclave."""

    def fault(self, report: SgxReport) -> RejectionReason | None:
        """Return why a quoting enclave is not one of these, or None if it is."""
        found = (
            report.mr_signer,
            report.isv_prod_id,
            masked(report.attributes, self.attributes_mask),
            masked(report.misc_select, self.misc_select_mask),
        )
        if found != (self.mr_signer, self.isv_prod_id, self.attributes, self.misc_select):
            return RejectionReason.QE_IDENTITY
        if self.min_isv_svn is None or report.isv_svn < self.min_isv_svn:
            return RejectionReason.QE_SVN
        return None


@dataclass(frozen=True)
class Seam:
    """Who signed the TDX modules that a TCB info lists, and the attributes that they must have."""

    mr_signer: bytes = bytes(48)
    """Zero: Intel."""
    attributes: bytes = bytes(8)
    mask: bytes = b"\xff" * 8

    def fits(self, body: TdReport) -> bool:
        """Return True if the module of a trust domain is one of these."""
        attributes = masked(body.seam_attributes, self.mask)
        return (body.mr_signer_seam, attributes) == (self.mr_signer, self.attributes)


@dataclass(frozen=True)
class TcbFloor:
    """The lowest patch level at which a TCB info trusts the machines of one FMSPC, for one TEE.

    SGX and TDX have floors of their own, because Intel's two documents of one FMSPC differ.
    """

    tee_type: TeeType
    fmspc: bytes
    """6 bytes."""
    validity: Validity
    svns: bytes
    """16 SVNs of the PCK certificate; empty: the document has no accepted level, and refuses every
    machine."""
    pce_svn: int = 0
    tdx_svns: bytes = b""
    """16 components of TEE_TCB_SVN; empty for SGX, and without an accepted level."""
    modules: tuple[tuple[int, int], ...] = ()
    """Major version and least SVN of the TDX modules that have an accepted level."""
    seam: Seam = Seam()

    def fault(self, svns: bytes, pce_svn: int, body: TdReport | None) -> RejectionReason | None:
        """Return why a machine does not reach this floor, or None if it does.

        Both TEE_TCB_SVN, of the time when the domain was launched, and TEE_TCB_SVN2 of TD 1.5, of
        now, must reach it.

        Args:
            svns: the 16 SVNs of its PCK certificate.
            pce_svn: the PCE SVN of its PCK certificate.
            body: of a trust domain; None for SGX.
        """
        is_reached = bool(self.svns) and pce_svn >= self.pce_svn and at_least(svns, self.svns)
        if body is not None:
            if not self.seam.fits(body):
                return RejectionReason.TDX_MODULE
            for tdx in filter(None, (body.tee_tcb_svn, body.tee_tcb_svn2)):
                least = self.least_of_module(tdx[1])
                if least is None:
                    return RejectionReason.TDX_MODULE
                is_reached = is_reached and at_least(tdx, least)
        return None if is_reached else RejectionReason.TCB_FLOOR

    def least_of_module(self, major: int) -> bytes | None:
        """Return what TEE_TCB_SVN must reach with a TDX module, or None if its version is not good.

        From major version 1 on, the first two components name the module, which has an SVN of its
        own.
        """
        components = self.tdx_svns or bytes(16)
        if not major:
            return components
        least = next((svn for version, svn in self.modules if version == major), None)
        return None if least is None else bytes([least, major]) + components[2:]


@dataclass(frozen=True)
class Trust:
    """The values that a verifier trusts; the contracts have the same in their storage."""

    root_key: bytes
    """X‖Y, 64 bytes."""
    floors: tuple[TcbFloor, ...] = ()
    """A machine is good if it reaches one floor of its FMSPC and TEE that is live."""
    quoting_enclaves: tuple[QeFloor, ...] = ()
    lists: Mapping[bytes, int] = field(default_factory=dict)
    """Next update of the newest revocation list, by the id of its authority; of the root, by 32
    zero bytes."""
    revoked: Revoked = frozenset()
    grace: int = 0
    """Seconds after a next update for which a document or a list is not stale yet."""
    least_tcb: int = 0
    """Documents of a lower number do not count."""
    least_identity: int = 0

    def __post_init__(self) -> None:
        """Refuse two documents of one scope and number.

        Raises:
            ValueError: there are two.
        """
        _expect_unique((each.fmspc, each.tee_type, each.validity.number) for each in self.floors)
        _expect_unique((each.tee_type, each.validity.number) for each in self.quoting_enclaves)

    def floors_of(self, fmspc: bytes, tee_type: TeeType) -> tuple[TcbFloor, ...]:
        """Return the floors of an FMSPC and TEE by rising number, stale ones too."""
        found = (f for f in self.floors if (f.fmspc, f.tee_type) == (fmspc, tee_type))
        return tuple(sorted(found, key=lambda each: each.validity.number))

    def identities_of(self, tee_type: TeeType) -> tuple[QeFloor, ...]:
        """Return the quoting enclaves of a TEE by rising number, stale ones too."""
        found = (each for each in self.quoting_enclaves if each.tee_type is tee_type)
        return tuple(sorted(found, key=lambda each: each.validity.number))

    def is_live(self, validity: Validity, least: int, at: int) -> bool:
        """Return True if a document counts."""
        return at <= validity.next_update + self.grace and validity.number >= least

    def has_list(self, authority: bytes, at: int) -> bool:
        """Return True if an authority's revocation list is there and not stale."""
        return at <= self.lists.get(authority, 0) + self.grace


def masked(value: bytes, mask: bytes) -> bytes:
    """Return the bits of ``value`` that ``mask`` covers."""
    return bytes(v & m for v, m in zip(value, mask, strict=True))


def _expect_unique(scopes: Iterable[object]) -> None:
    found: set[object] = set()
    for scope in scopes:
        if scope in found:
            raise ValueError(f"two floors of one scope and number: {scope}, expected one")
        found.add(scope)
