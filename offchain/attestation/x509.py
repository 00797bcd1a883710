"""What certificates and revocation lists say, read at once (RFC 5280).

``cryptography`` parses them, partly when a field is first asked for and with several kinds of
errors; here any of them means that the whole document is refused. Names and extensions are taken
as they stand, as the contract takes them: only their bytes matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from offchain.attestation import der, p256, sgx_extension
from offchain.attestation.rejections import RejectionReason
from offchain.protocol.errors import QuoteRejected

_MALFORMED = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
)
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
    serials: frozenset[int]


def load_chain(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a quote, leaf first; a closing zero byte is part of the format.

    Raises:
        QuoteRejected: no certificate, or one that is malformed.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(pem.rstrip(b"\0")))
    except _MALFORMED as error:
        raise QuoteRejected(
            RejectionReason.DER, f"certificates of {len(pem)} bytes: {error}"
        ) from error


def read_certificate(certificate: x509.Certificate) -> CertificateFields:
    """Read a certificate.

    Raises:
        QuoteRejected: malformed, or of another version, algorithm or kind of key.
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
    except _MALFORMED as error:
        raise QuoteRejected(RejectionReason.DER, f"certificate: {error}") from error


def read_crl(crl: bytes) -> CrlFields:
    """Read a revocation list (DER).

    Raises:
        QuoteRejected: malformed, or of another algorithm.
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
            serials=frozenset(_serial(entry.serial_number) for entry in found),
        )
    except _MALFORMED as error:
        raise QuoteRejected(RejectionReason.DER, f"revocation list: {error}") from error


def _members(sequence: bytes) -> tuple[bytes, ...]:
    """The members of a SEQUENCE, each as it stands there."""
    content = der.unwrap(sequence, der.SEQUENCE)
    return tuple(der.encode(*member) for member in der.elements(content))


def _extensions(tail: bytes) -> dict[bytes, tuple[bool, bytes]]:
    """Whether critical, and value, by object identifier."""
    found: dict[bytes, tuple[bool, bytes]] = {}
    for extension in _members(der.unwrap(tail, der.explicit(3))):
        oid, *flag, value = _members(extension)
        if oid in found:
            raise ValueError(f"extension {oid.hex()} stands twice")
        found[oid] = bool(flag), der.unwrap(value, der.OCTET_STRING)
    return found


def _expect(found: tuple[bytes, bytes], expected: tuple[bytes, bytes]) -> None:
    if found != expected:
        shown = [[each.hex() for each in pair] for pair in (found, expected)]
        raise ValueError(f"version and algorithm {shown[0]}, expected {shown[1]}")


def _serial(number: int) -> int:
    if number < 0:
        raise ValueError(f"serial number {number}, expected none below zero")
    return number


def _check_times(*times: bytes) -> None:
    """UTCTime, of the years 2000 to 2049: none of Intel's is of any other."""
    for time in times:
        if time[0] != der.UTC_TIME or time[2:4] > b"49":
            raise ValueError(f"time {time.hex()}, expected a UTCTime of the years 2000 to 2049")


def _unix(time: datetime) -> int:
    return int(time.timestamp())
