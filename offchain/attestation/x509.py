"""Fields of certificates and revocation lists (RFC 5280), all read and checked at once.

``cryptography`` parses some fields only on first access, and raises several kinds of errors. Here
any error refuses the whole document. Names and extensions are compared by their bytes alone, as in
the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from offchain.attestation import der, p256, sgx_extension
from offchain.attestation.rejections import QuoteRejected, RejectionReason

MAX_SERIAL = 2**239 - 1
"""The largest serial number that the contract reads: 30 bytes in DER."""
MALFORMED = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
)
"""Errors that ``cryptography`` raises for malformed certificates and lists."""
_VERSION_3 = der.encode(der.explicit(0), der.integer(2))
_CRL_VERSION_2 = der.integer(1)
_ECDSA_WITH_SHA256 = der.encode(der.SEQUENCE, der.oid("1.2.840.10045.4.3.2"))
_SGX_EXTENSION = der.oid(sgx_extension.OID)


@dataclass(frozen=True)
class CertificateFields:
    """A certificate of version 3, signed with ECDSA and SHA-256, for a P-256 key."""

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
    critical: Mapping[bytes, bytes]
    """Object identifier and value of the critical extensions, both DER."""
    sgx: bytes
    """The SGX extension's value, DER; empty without one."""

    def __str__(self) -> str:
        return f"certificate with serial number {self.serial:x}"


@dataclass(frozen=True)
class CrlFields:
    """A revocation list signed with ECDSA and SHA-256."""

    tbs: bytes
    signature: bytes
    issuer: bytes
    this_update: int
    next_update: int
    serials: frozenset[int]


def load_chain(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Load the certificates of a quote, leaf first; a final zero byte is part of the format.

    Raises:
        QuoteRejected: there is no certificate, or one is malformed.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(pem.rstrip(b"\0")))
    except MALFORMED as error:
        raise QuoteRejected(
            RejectionReason.DER, f"certificates of {len(pem)} bytes: {error}"
        ) from error


def read_certificate(certificate: x509.Certificate) -> CertificateFields:
    """Read all fields of a certificate.

    Raises:
        QuoteRejected: the certificate is malformed, or has another version, algorithm or kind of
            key.
    """
    try:
        version, _, algorithm, issuer, validity, subject, _, tail = _members(
            certificate.tbs_certificate_bytes
        )
        _expect((version, algorithm), (_VERSION_3, _ECDSA_WITH_SHA256))
        _check_times(*_members(validity))
        extensions = _extensions(tail)
        return CertificateFields(
            tbs=certificate.tbs_certificate_bytes,
            signature=p256.raw_signature(certificate.signature),
            serial=_serial(certificate.serial_number),
            issuer=issuer,
            subject=subject,
            not_before=_unix(certificate.not_valid_before_utc),
            not_after=_unix(certificate.not_valid_after_utc),
            key=p256.raw_key(certificate.public_key()),
            critical={oid: value for oid, (critical, value) in extensions.items() if critical},
            sgx=extensions.get(_SGX_EXTENSION, (False, b""))[1],
        )
    except MALFORMED as error:
        raise QuoteRejected(RejectionReason.DER, f"certificate: {error}") from error


def read_crl(crl: bytes) -> CrlFields:
    """Read a revocation list (DER).

    Raises:
        QuoteRejected: the list is malformed, or has another version or algorithm.
    """
    try:
        found = x509.load_der_x509_crl(crl)
        version, algorithm, issuer, this_update, next_update, *_ = _members(
            found.tbs_certlist_bytes
        )
        _expect((version, algorithm), (_CRL_VERSION_2, _ECDSA_WITH_SHA256))
        _check_times(this_update, next_update)
        return CrlFields(
            tbs=found.tbs_certlist_bytes,
            signature=p256.raw_signature(found.signature),
            issuer=issuer,
            this_update=_unix(found.last_update_utc),
            next_update=_unix(found.next_update_utc or found.last_update_utc),
            serials=frozenset(_serial(entry.serial_number) for entry in found),
        )
    except MALFORMED as error:
        raise QuoteRejected(RejectionReason.DER, f"revocation list: {error}") from error


def _members(sequence: bytes) -> tuple[bytes, ...]:
    """Return the members of a SEQUENCE, each as its whole DER element."""
    content = der.unwrap(sequence, der.SEQUENCE)
    return tuple(der.encode(*member) for member in der.elements(content))


def _extensions(tail: bytes) -> dict[bytes, tuple[bool, bytes]]:
    """Return the extensions by object identifier: True if critical, and the value."""
    found: dict[bytes, tuple[bool, bytes]] = {}
    for extension in _members(der.unwrap(tail, der.explicit(3))):
        oid, *flag, value = _members(extension)
        if oid in found:
            raise ValueError(f"extension {oid.hex()} occurs twice, expected it once")
        found[oid] = bool(flag), der.unwrap(value, der.OCTET_STRING)
    return found


def _expect(found: tuple[bytes, bytes], expected: tuple[bytes, bytes]) -> None:
    if found != expected:
        shown = [[each.hex() for each in pair] for pair in (found, expected)]
        raise ValueError(f"version and algorithm {shown[0]}, expected {shown[1]}")


def _serial(number: int) -> int:
    if not 0 <= number <= MAX_SERIAL:
        raise ValueError(
            f"serial number {number:#x}, expected one of at most 30 bytes, not below 0"
        )
    return number


def _check_times(*times: bytes) -> None:
    """Refuse a time that is not a UTCTime of the years 2000 to 2049, as all of Intel's are."""
    for time in times:
        if time[0] != der.UTC_TIME or time[2:4] > b"49":
            raise ValueError(f"time {time.hex()}, expected a UTCTime of the years 2000 to 2049")


def _unix(time: datetime) -> int:
    return int(time.timestamp())
