"""What certificates and revocation lists say, read at once and in full (RFC 5280).

``cryptography`` parses them, partly when a field is first asked for and with several kinds of
errors; here any of them means that the whole document is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import SignatureAlgorithmOID

from offchain.attestation import p256, sgx_extension
from offchain.attestation.errors import Reason, RejectedError

_MALFORMED = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_SGX_EXTENSION = x509.ObjectIdentifier(sgx_extension.OID)


@dataclass(frozen=True)
class CertificateFields:
    """A certificate of version 3, signed with ECDSA and SHA-256, for a P-256 key."""

    label: str
    """The subject, for error messages."""
    tbs: bytes
    """The signed part, DER."""
    signature: bytes
    """r‖s, 64 bytes."""
    serial: int
    issuer: bytes
    """Distinguished name, DER."""
    subject: bytes
    not_before: int
    """Unix seconds."""
    not_after: int
    key: bytes
    """X‖Y, 64 bytes."""
    critical: Mapping[x509.ObjectIdentifier, x509.ExtensionType]
    """The critical extensions."""
    sgx: bytes
    """The SGX extension's value, DER; empty without one."""


@dataclass(frozen=True)
class CrlFields:
    """A revocation list signed with ECDSA and SHA-256."""

    label: str
    """The issuer, for error messages."""
    tbs: bytes
    signature: bytes
    issuer: bytes
    this_update: int
    serials: frozenset[int]


def load_chain(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a quote, leaf first; a closing zero byte is part of the format.

    Raises:
        RejectedError: no certificate, or one that is malformed.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(pem.rstrip(b"\0")))
    except _MALFORMED as error:
        raise RejectedError(Reason.DER, f"certificates of {len(pem)} bytes: {error}") from error


def read_certificate(certificate: x509.Certificate) -> CertificateFields:
    """Read a certificate.

    Raises:
        RejectedError: malformed, or of another version, algorithm or kind of key.
    """
    try:
        _check_algorithm(certificate.signature_algorithm_oid)
        extensions = {extension.oid: extension for extension in certificate.extensions}
        sgx = extensions.get(_SGX_EXTENSION)
        return CertificateFields(
            label=certificate.subject.rfc4514_string(),
            tbs=certificate.tbs_certificate_bytes,
            signature=p256.raw_signature(certificate.signature),
            serial=certificate.serial_number,
            issuer=certificate.issuer.public_bytes(),
            subject=certificate.subject.public_bytes(),
            not_before=int(certificate.not_valid_before_utc.timestamp()),
            not_after=int(certificate.not_valid_after_utc.timestamp()),
            key=p256.raw_key(certificate.public_key()),
            critical={oid: found.value for oid, found in extensions.items() if found.critical},
            sgx=sgx.value.public_bytes() if sgx else b"",
        )
    except _MALFORMED as error:
        raise RejectedError(Reason.DER, f"certificate: {error}") from error


def read_crl(crl: bytes) -> CrlFields:
    """Read a revocation list (DER).

    Raises:
        RejectedError: malformed, or of another algorithm.
    """
    try:
        found = x509.load_der_x509_crl(crl)
        _check_algorithm(found.signature_algorithm_oid)
        return CrlFields(
            label=found.issuer.rfc4514_string(),
            tbs=found.tbs_certlist_bytes,
            signature=p256.raw_signature(found.signature),
            issuer=found.issuer.public_bytes(),
            this_update=int(found.last_update_utc.timestamp()),
            serials=frozenset(entry.serial_number for entry in found),
        )
    except _MALFORMED as error:
        raise RejectedError(Reason.DER, f"revocation list: {error}") from error


def _check_algorithm(algorithm: x509.ObjectIdentifier) -> None:
    if algorithm != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise ValueError(f"{algorithm.dotted_string}, expected ecdsa-with-SHA256")
