"""Verification of the PCK chain (root key → intermediate CA → PCK certificate) and of CRLs.

Roles: Intel SGX PCK Certificate and CRL Profile Specification. A certificate that is valid in one
role is refused in any other.
"""

from dataclasses import dataclass

from cryptography import x509
from eth_utils.crypto import keccak

from offchain.attestation import der, p256, sgx_extension
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.sgx_extension import SgxExtension
from offchain.attestation.x509 import CertificateFields, read_certificate, read_crl

_KEY_USAGE, _BASIC_CONSTRAINTS = der.oid("2.5.29.15"), der.oid("2.5.29.19")
_SIGNS_CERTIFICATES_AND_LISTS = bytes.fromhex("03020106")
_SIGNS_DATA = bytes.fromhex("030206c0")
_AUTHORITY_OVER_LEAVES = bytes.fromhex("30060101ff020100")
_NO_AUTHORITY = bytes.fromhex("3000")


@dataclass(frozen=True)
class Role:
    """The purpose of a certificate: its exact critical extensions, and whether it has SGX's."""

    name: str
    key_usage: bytes
    """DER."""
    constraints: bytes
    """DER."""
    sgx: bool

    @property
    def critical(self) -> dict[bytes, bytes]:
        """The critical extensions by object identifier."""
        return {_KEY_USAGE: self.key_usage, _BASIC_CONSTRAINTS: self.constraints}


INTERMEDIATE = Role(
    "intermediate CA", _SIGNS_CERTIFICATES_AND_LISTS, _AUTHORITY_OVER_LEAVES, sgx=False
)
PCK = Role("PCK certificate", _SIGNS_DATA, _NO_AUTHORITY, sgx=True)
TCB_SIGNER = Role("TCB signer", _SIGNS_DATA, _NO_AUTHORITY, sgx=False)

Revoked = frozenset[tuple[bytes, int]]
"""Revoked certificates, each as its issuer's key (X‖Y) and its serial number."""


@dataclass(frozen=True)
class Authority:
    """A verified intermediate CA."""

    id: bytes
    """The contract's id of its certificate, 32 bytes."""
    subject: bytes
    """Its distinguished name, DER."""
    key: bytes
    """X‖Y, 64 bytes."""
    not_after: int
    """Unix seconds; valid up to and including this one."""


@dataclass(frozen=True)
class Pck:
    """A verified PCK certificate, whose key belongs to one machine at one patch level."""

    authority: bytes
    """Id of the certificate of its issuer."""
    key: bytes
    """X‖Y, 64 bytes."""
    not_after: int
    """Unix seconds; the expiry of the issuer if that is earlier."""
    sgx: SgxExtension


@dataclass(frozen=True)
class RevocationList:
    """A verified list of serial numbers that one issuer revoked."""

    issuer_key: bytes
    this_update: int
    next_update: int
    serials: frozenset[int]
    der: bytes

    @property
    def revoked(self) -> Revoked:
        """The entries in the form of ``Trust.revoked``."""
        return frozenset((self.issuer_key, serial) for serial in self.serials)


def certificate_id(issuer_key: bytes, serial: int) -> bytes:
    """Return the contract's id of a certificate (32 bytes), from its issuer's key X‖Y."""
    return keccak(issuer_key + serial.to_bytes(32, "big"))


def verify_certificate(
    certificate: x509.Certificate, role: Role, issuer_key: bytes, at: int, revoked: Revoked
) -> CertificateFields:
    """Verify a certificate in a role.

    Args:
        certificate: as parsed by ``cryptography``.
        role: the role that it must have.
        issuer_key: X‖Y, 64 bytes.
        at: Unix seconds.
        revoked: certificates to refuse.

    Raises:
        QuoteRejected: the certificate is malformed, has another role, is not signed by the
            issuer's key, is not valid at ``at``, or is revoked.
    """
    fields = read_certificate(certificate)
    _check_role(fields, role)
    if not p256.verifies(issuer_key, fields.tbs, fields.signature):
        raise QuoteRejected(
            RejectionReason.CERTIFICATE_SIGNATURE,
            f"{fields} is not signed by key {issuer_key.hex()}",
        )
    if at < fields.not_before:
        raise QuoteRejected(
            RejectionReason.CERTIFICATE_NOT_YET_VALID,
            f"{fields} is valid from {fields.not_before}, now is {at}",
        )
    if at > fields.not_after:
        raise QuoteRejected(
            RejectionReason.CERTIFICATE_EXPIRED,
            f"{fields} was valid until {fields.not_after}, now is {at}",
        )
    if (issuer_key, fields.serial) in revoked:
        raise QuoteRejected(RejectionReason.CERTIFICATE_REVOKED, str(fields))
    return fields


def _check_role(fields: CertificateFields, role: Role) -> None:
    sgx = bool(fields.sgx)
    if fields.critical != role.critical or sgx != role.sgx:
        critical = {oid.hex(): value.hex() for oid, value in fields.critical.items()}
        raise QuoteRejected(
            RejectionReason.CERTIFICATE_ROLE,
            f"{fields} is not a {role.name}: critical extensions {critical},"
            f" {'an' if sgx else 'no'} SGX extension",
        )


def verify_authority(
    certificate: x509.Certificate, root_key: bytes, at: int, revoked: Revoked = frozenset()
) -> Authority:
    """Verify an intermediate CA under the root key.

    Raises:
        QuoteRejected: see ``verify_certificate``.
    """
    fields = verify_certificate(certificate, INTERMEDIATE, root_key, at, revoked)
    return Authority(
        certificate_id(root_key, fields.serial), fields.subject, fields.key, fields.not_after
    )


def verify_pck(
    certificate: x509.Certificate, authority: Authority, at: int, revoked: Revoked = frozenset()
) -> Pck:
    """Verify a PCK certificate under its intermediate CA.

    Raises:
        QuoteRejected: see ``verify_certificate``; or the certificate has another issuer or a
            malformed SGX extension.
    """
    fields = verify_certificate(certificate, PCK, authority.key, at, revoked)
    if fields.issuer != authority.subject:
        raise QuoteRejected(
            RejectionReason.CERTIFICATE_ISSUER,
            f"issuer {fields.issuer.hex()}, expected {authority.subject.hex()}",
        )
    return Pck(
        authority=authority.id,
        key=fields.key,
        not_after=min(fields.not_after, authority.not_after),
        sgx=sgx_extension.read(fields.sgx),
    )


def verify_tcb_signer(
    certificate: x509.Certificate, root_key: bytes, at: int, revoked: Revoked
) -> bytes:
    """Verify a TCB signing certificate under the root key; return its key, X‖Y.

    Raises:
        QuoteRejected: see ``verify_certificate``.
    """
    return verify_certificate(certificate, TCB_SIGNER, root_key, at, revoked).key


def verify_crl(
    crl: bytes, issuer_key: bytes, at: int, *, issuer: bytes | None = None
) -> RevocationList:
    """Verify a revocation list (DER).

    A list that is out of date is accepted, because a revoked certificate stays revoked.

    Args:
        crl: the CertificateList, RFC 5280 section 5.
        issuer_key: the issuer's key, X‖Y.
        at: Unix seconds.
        issuer: the issuer's name, DER; ``None`` for the root, which is identified by its key.

    Raises:
        QuoteRejected: the list is malformed, is not signed by the issuer, names another issuer, or
            was issued after ``at``.
    """
    fields = read_crl(crl)
    if not p256.verifies(issuer_key, fields.tbs, fields.signature):
        raise QuoteRejected(
            RejectionReason.CRL_SIGNATURE, f"list is not signed by {issuer_key.hex()}"
        )
    if issuer is not None and fields.issuer != issuer:
        raise QuoteRejected(
            RejectionReason.CRL_ISSUER, f"issuer {fields.issuer.hex()}, expected {issuer.hex()}"
        )
    if at < fields.this_update:
        raise QuoteRejected(
            RejectionReason.CRL_NOT_YET_VALID, f"list is of {fields.this_update}, now is {at}"
        )
    return RevocationList(issuer_key, fields.this_update, fields.next_update, fields.serials, crl)
