"""The PCK chain: root key → intermediate CA → PCK certificate, and revocation lists.

X.509 (RFC 5280) is read by ``cryptography``; the roles are those of the Intel SGX PCK Certificate
and CRL Profile Specification. A certificate valid in one role is refused in any other.
"""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import SignatureAlgorithmOID

from offchain.attestation import p256, sgx_extension
from offchain.attestation.errors import Reason, RejectedError
from offchain.attestation.sgx_extension import SgxExtension

_SGX_EXTENSION = x509.ObjectIdentifier(sgx_extension.OID)


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


def load_chain(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read the certificates of a quote, leaf first; a closing zero byte is part of the format.

    Raises:
        RejectedError: no certificate, or one that is malformed.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(pem.rstrip(b"\0")))
    except ValueError as error:
        raise RejectedError(Reason.DER, f"certificates of {len(pem)} bytes: {error}") from error


def public_key(certificate: x509.Certificate) -> bytes:
    """The certificate's P-256 key, X‖Y; any other key is refused."""
    try:
        key = certificate.public_key()
    except ValueError as error:
        raise RejectedError(Reason.DER, f"public key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RejectedError(Reason.DER, f"{type(key).__name__}, expected a P-256 key")
    return p256.raw_key(key)


def name(certificate: x509.Certificate) -> str:
    """The subject, for error messages."""
    return certificate.subject.rfc4514_string()


def check_signature(certificate: x509.Certificate, issuer_key: bytes) -> None:
    """Refuse a certificate that ``issuer_key`` did not sign with ECDSA and SHA-256."""
    algorithm = certificate.signature_algorithm_oid
    if algorithm != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise RejectedError(Reason.DER, f"{algorithm.dotted_string}, expected ecdsa-with-SHA256")
    try:
        signature = p256.raw_signature(certificate.signature)
    except ValueError as error:
        raise RejectedError(Reason.DER, f"signature of {name(certificate)}: {error}") from error
    if not p256.verifies(issuer_key, certificate.tbs_certificate_bytes, signature):
        raise RejectedError(
            Reason.CERTIFICATE_SIGNATURE,
            f"{name(certificate)} is not signed by key {issuer_key.hex()}",
        )


def check_validity(certificate: x509.Certificate, at: int) -> int:
    """Refuse a certificate outside its validity at ``at``; return its notAfter (unix seconds)."""
    not_before = int(certificate.not_valid_before_utc.timestamp())
    not_after = int(certificate.not_valid_after_utc.timestamp())
    if at < not_before:
        raise RejectedError(
            Reason.CERTIFICATE_NOT_YET_VALID,
            f"{name(certificate)} is valid from {not_before}, now is {at}",
        )
    if at > not_after:
        raise RejectedError(
            Reason.CERTIFICATE_EXPIRED,
            f"{name(certificate)} was valid until {not_after}, now is {at}",
        )
    return not_after


def extensions(certificate: x509.Certificate) -> x509.Extensions:
    """The extensions of a version 3 certificate."""
    if certificate.version is not x509.Version.v3:
        raise RejectedError(Reason.DER, f"version {certificate.version.name}, expected v3")
    try:
        return certificate.extensions
    except (ValueError, x509.DuplicateExtension) as error:
        raise RejectedError(Reason.DER, f"extensions of {name(certificate)}: {error}") from error


def check_role(certificate: x509.Certificate, role: Role) -> None:
    """Refuse a certificate whose extensions make it anything but ``role``."""
    found = extensions(certificate)
    critical = {extension.oid: extension.value for extension in found if extension.critical}
    sgx = any(extension.oid == _SGX_EXTENSION for extension in found)
    if critical != role.critical or sgx != role.sgx:
        raise RejectedError(
            Reason.CERTIFICATE_ROLE,
            f"{name(certificate)} has the critical extensions {list(critical.values())}"
            f" and {'an' if sgx else 'no'} SGX extension, which is not the role {role.name}",
        )


def verify_certificate(
    certificate: x509.Certificate, role: Role, issuer_key: bytes, at: int, revoked: Revoked
) -> int:
    """Verify a certificate in a role; return its notAfter (unix seconds).

    Raises:
        RejectedError: malformed, another role, not signed by the issuer's key, not valid at ``at``
            (unix seconds), or revoked.
    """
    check_role(certificate, role)
    check_signature(certificate, issuer_key)
    not_after = check_validity(certificate, at)
    if (issuer_key, certificate.serial_number) in revoked:
        raise RejectedError(
            Reason.CERTIFICATE_REVOKED,
            f"{name(certificate)} with serial number {certificate.serial_number:x}",
        )
    return not_after


def verify_authority(
    certificate: x509.Certificate, root_key: bytes, at: int, revoked: Revoked = frozenset()
) -> Authority:
    """Verify an intermediate CA under the root key.

    Raises:
        RejectedError: see ``verify_certificate``.
    """
    not_after = verify_certificate(certificate, INTERMEDIATE, root_key, at, revoked)
    return Authority(certificate.subject.public_bytes(), public_key(certificate), not_after)


def verify_pck(
    certificate: x509.Certificate, authority: Authority, at: int, revoked: Revoked = frozenset()
) -> Pck:
    """Verify a PCK certificate under its intermediate CA.

    Raises:
        RejectedError: see ``verify_certificate``; another issuer, or an SGX extension that cannot
            be read.
    """
    not_after = verify_certificate(certificate, PCK, authority.key, at, revoked)
    if certificate.issuer.public_bytes() != authority.subject:
        raise RejectedError(
            Reason.CERTIFICATE_ISSUER,
            f"{certificate.issuer.rfc4514_string()} is not the intermediate CA",
        )
    extension = extensions(certificate).get_extension_for_oid(_SGX_EXTENSION).value
    return Pck(
        key=public_key(certificate),
        not_after=min(not_after, authority.not_after),
        sgx=sgx_extension.read(extension.public_bytes()),
    )


def verify_tcb_signer(certificate: x509.Certificate, root_key: bytes, at: int) -> bytes:
    """Verify a TCB signing certificate under the root key; return its key, X‖Y.

    Raises:
        RejectedError: see ``verify_certificate``.
    """
    verify_certificate(certificate, TCB_SIGNER, root_key, at, frozenset())
    return public_key(certificate)


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
    try:
        found = x509.load_der_x509_crl(crl)
        signature = p256.raw_signature(found.signature)
        serials = frozenset(entry.serial_number for entry in found)
    except ValueError as error:
        raise RejectedError(Reason.DER, f"revocation list of {len(crl)} bytes: {error}") from error
    if found.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise RejectedError(
            Reason.DER,
            f"{found.signature_algorithm_oid.dotted_string}, expected ecdsa-with-SHA256",
        )
    if not p256.verifies(issuer_key, found.tbs_certlist_bytes, signature):
        raise RejectedError(Reason.CRL_SIGNATURE, f"not signed by key {issuer_key.hex()}")
    if issuer is not None and found.issuer.public_bytes() != issuer:
        raise RejectedError(
            Reason.CRL_ISSUER, f"{found.issuer.rfc4514_string()} is not the expected issuer"
        )
    this_update = int(found.last_update_utc.timestamp())
    if at < this_update:
        raise RejectedError(Reason.CRL_NOT_YET_VALID, f"of {this_update}, now is {at}")
    return RevocationList(issuer_key, this_update, serials)
