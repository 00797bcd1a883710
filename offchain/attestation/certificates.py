"""The PCK chain: root key → intermediate CA → PCK certificate, and revocation lists.

Roles: Intel SGX PCK Certificate and CRL Profile Specification. A certificate valid in one role is
refused in any other.
"""

from dataclasses import dataclass

from cryptography import x509

from offchain.attestation import p256, sgx_extension
from offchain.attestation.errors import Reason, RejectedError
from offchain.attestation.sgx_extension import SgxExtension
from offchain.attestation.x509_fields import CertificateFields, read_certificate, read_crl


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    """keyCertSign and cRLSign for an authority, else digitalSignature and nonRepudiation."""
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class Role:
    """What a certificate is for: exactly these critical extensions, with or without SGX's."""

    name: str
    key_usage: x509.KeyUsage
    constraints: x509.BasicConstraints
    sgx: bool

    @property
    def critical(self) -> dict[x509.ObjectIdentifier, x509.ExtensionType]:
        """The critical extensions by object identifier."""
        return {self.key_usage.oid: self.key_usage, self.constraints.oid: self.constraints}


INTERMEDIATE = Role(
    "intermediate CA", _key_usage(authority=True), x509.BasicConstraints(True, 0), False
)
PCK = Role("PCK certificate", _key_usage(authority=False), x509.BasicConstraints(False, None), True)
TCB_SIGNER = Role(
    "TCB signer", _key_usage(authority=False), x509.BasicConstraints(False, None), False
)


Revoked = frozenset[tuple[bytes, int]]
"""Issuer's key (X‖Y) and serial number of each revoked certificate."""


@dataclass(frozen=True)
class Authority:
    """A verified intermediate CA."""

    subject: bytes
    """Its distinguished name, DER."""
    key: bytes
    """X‖Y, 64 bytes."""
    not_after: int
    """Unix seconds; valid up to and including this one."""


@dataclass(frozen=True)
class Pck:
    """A verified PCK certificate: a key that stays on one machine at one patch level."""

    key: bytes
    """X‖Y, 64 bytes."""
    not_after: int
    """Unix seconds; the issuer's if that is earlier."""
    sgx: SgxExtension


@dataclass(frozen=True)
class RevocationList:
    """A verified list of the serial numbers that one key revoked."""

    issuer_key: bytes
    this_update: int
    serials: frozenset[int]

    @property
    def revoked(self) -> Revoked:
        """The entries as ``Trust.revoked`` takes them."""
        return frozenset((self.issuer_key, serial) for serial in self.serials)


def verify_certificate(
    certificate: x509.Certificate, role: Role, issuer_key: bytes, at: int, revoked: Revoked
) -> CertificateFields:
    """Verify a certificate in a role.

    Args:
        certificate: as parsed by ``cryptography``.
        role: what it must be for.
        issuer_key: X‖Y.
        at: unix seconds.
        revoked: certificates that are refused.

    Raises:
        RejectedError: malformed, another role, not signed by the issuer's key, not valid at
            ``at``, or revoked.
    """
    fields = read_certificate(certificate)
    _check_role(fields, role)
    if not p256.verifies(issuer_key, fields.tbs, fields.signature):
        raise RejectedError(
            Reason.CERTIFICATE_SIGNATURE, f"{fields.label} is not signed by key {issuer_key.hex()}"
        )
    if at < fields.not_before:
        raise RejectedError(
            Reason.CERTIFICATE_NOT_YET_VALID,
            f"{fields.label} is valid from {fields.not_before}, now is {at}",
        )
    if at > fields.not_after:
        raise RejectedError(
            Reason.CERTIFICATE_EXPIRED,
            f"{fields.label} was valid until {fields.not_after}, now is {at}",
        )
    if (issuer_key, fields.serial) in revoked:
        raise RejectedError(
            Reason.CERTIFICATE_REVOKED, f"{fields.label} with serial number {fields.serial:x}"
        )
    return fields


def _check_role(fields: CertificateFields, role: Role) -> None:
    sgx = bool(fields.sgx)
    if fields.critical != role.critical or sgx != role.sgx:
        raise RejectedError(
            Reason.CERTIFICATE_ROLE,
            f"{fields.label} has the critical extensions {list(fields.critical.values())}"
            f" and {'an' if sgx else 'no'} SGX extension, which is not the role {role.name}",
        )


def verify_authority(
    certificate: x509.Certificate, root_key: bytes, at: int, revoked: Revoked = frozenset()
) -> Authority:
    """Verify an intermediate CA under the root key.

    Raises:
        RejectedError: see ``verify_certificate``.
    """
    fields = verify_certificate(certificate, INTERMEDIATE, root_key, at, revoked)
    return Authority(fields.subject, fields.key, fields.not_after)


def verify_pck(
    certificate: x509.Certificate, authority: Authority, at: int, revoked: Revoked = frozenset()
) -> Pck:
    """Verify a PCK certificate under its intermediate CA.

    Raises:
        RejectedError: see ``verify_certificate``; another issuer, or an SGX extension that cannot
            be read.
    """
    fields = verify_certificate(certificate, PCK, authority.key, at, revoked)
    if fields.issuer != authority.subject:
        raise RejectedError(
            Reason.CERTIFICATE_ISSUER,
            f"issuer {fields.issuer.hex()}, expected {authority.subject.hex()}",
        )
    return Pck(
        key=fields.key,
        not_after=min(fields.not_after, authority.not_after),
        sgx=sgx_extension.read(fields.sgx),
    )


def verify_tcb_signer(certificate: x509.Certificate, root_key: bytes, at: int) -> bytes:
    """Verify a TCB signing certificate under the root key; return its key, X‖Y.

    Raises:
        RejectedError: see ``verify_certificate``.
    """
    return verify_certificate(certificate, TCB_SIGNER, root_key, at, frozenset()).key


def verify_crl(
    crl: bytes, issuer_key: bytes, at: int, *, issuer: bytes | None = None
) -> RevocationList:
    """Verify a revocation list (DER).

    A list that is out of date is taken: what it revokes stays revoked.

    Args:
        crl: the CertificateList, RFC 5280 section 5.
        issuer_key: the issuer's key, X‖Y.
        at: unix seconds.
        issuer: the issuer's name, DER; ``None`` for the root, which is known by its key.

    Raises:
        RejectedError: malformed, not signed by the issuer, another issuer's, or of the future.
    """
    fields = read_crl(crl)
    if not p256.verifies(issuer_key, fields.tbs, fields.signature):
        raise RejectedError(
            Reason.CRL_SIGNATURE, f"{fields.label}'s list is not signed by {issuer_key.hex()}"
        )
    if issuer is not None and fields.issuer != issuer:
        raise RejectedError(
            Reason.CRL_ISSUER, f"issuer {fields.issuer.hex()}, expected {issuer.hex()}"
        )
    if at < fields.this_update:
        raise RejectedError(
            Reason.CRL_NOT_YET_VALID, f"{fields.label}'s is of {fields.this_update}, now is {at}"
        )
    return RevocationList(issuer_key, fields.this_update, fields.serials)
