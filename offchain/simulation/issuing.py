"""SIMULATED certificates and revocation lists: valid DER, with every field settable.

The builder of ``cryptography`` refuses certificates that tests need (serial numbers of 21 bytes,
which Intel's have, and contradictory roles). So the few structures of RFC 5280 are written here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1, sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from offchain.attestation import der, p256, sgx_extension
from offchain.attestation.sgx_extension import SgxExtension

ECDSA_WITH_SHA256 = der.encode(der.SEQUENCE, der.oid("1.2.840.10045.4.3.2"))
_EC_P256 = der.encode(der.SEQUENCE, der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7"))
_TRUE = der.encode(der.BOOLEAN, b"\xff")
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def private_key(seed: bytes, label: str) -> ec.EllipticCurvePrivateKey:
    """Derive a key from seed and label; for simulation only."""
    digest = sha256(seed + label.encode()).digest()
    return ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def sign_der(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Sign deterministically (RFC 6979); return a DER ECDSA-Sig-Value."""
    return key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Sign deterministically (RFC 6979); return r‖s."""
    return p256.raw_signature(sign_der(key, message))


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public key, X‖Y."""
    return p256.raw_key(key.public_key())


def name(common_name: str) -> bytes:
    """Encode a distinguished name; both of its attributes say SIMULATED."""
    attributes = (("2.5.4.3", f"SIMULATED {common_name}"), ("2.5.4.10", "SIMULATED, not Intel"))
    return der.encode(
        der.SEQUENCE,
        *(
            der.encode(
                der.SET,
                der.encode(der.SEQUENCE, der.oid(oid), der.encode(der.UTF8_STRING, text.encode())),
            )
            for oid, text in attributes
        ),
    )


def utc_time(at: int) -> bytes:
    """Encode Unix seconds as UTCTime, which covers the years 1950 to 2049."""
    return der.encode(
        der.UTC_TIME, datetime.fromtimestamp(at, UTC).strftime("%y%m%d%H%M%SZ").encode()
    )


def extension(oid: str, value: bytes, critical: bool = False) -> bytes:
    """Encode an extension around its DER value."""
    flag = _TRUE if critical else b""
    return der.encode(der.SEQUENCE, der.oid(oid), flag, der.encode(der.OCTET_STRING, value))


def basic_constraints(ca: bool, path_length: int | None = None) -> bytes:
    """Encode critical basicConstraints."""
    length = b"" if path_length is None else der.integer(path_length)
    return extension(
        "2.5.29.19", der.encode(der.SEQUENCE, _TRUE if ca else b"", length), critical=True
    )


def key_usage(unused_bits: int, bits: int) -> bytes:
    """Encode critical keyUsage, a BIT STRING of one byte."""
    return extension(
        "2.5.29.15", der.encode(der.BIT_STRING, bytes([unused_bits, bits])), critical=True
    )


CA_USAGE = key_usage(1, 0x06)
"""keyCertSign and cRLSign."""
SIGNER_USAGE = key_usage(6, 0xC0)
"""digitalSignature and nonRepudiation."""


def key_id(key: bytes) -> bytes:
    """Return a key identifier by method 1 of RFC 5280: SHA-1 of the uncompressed point."""
    return sha1(b"\x04" + key, usedforsecurity=False).digest()


def key_identifiers(issuer_key: bytes, key: bytes) -> tuple[bytes, bytes]:
    """Encode authorityKeyIdentifier and subjectKeyIdentifier."""
    authority = der.encode(der.SEQUENCE, der.encode(0x80, key_id(issuer_key)))
    subject = der.encode(der.OCTET_STRING, key_id(key))
    return extension("2.5.29.35", authority), extension("2.5.29.14", subject)


def sgx(values: SgxExtension) -> bytes:
    """Encode the SGX extension of a PCK certificate, with the same members as Intel's."""

    def pair(oid: bytes, value: bytes) -> bytes:
        return der.encode(der.SEQUENCE, oid, value)

    def octets(value: bytes) -> bytes:
        return der.encode(der.OCTET_STRING, value)

    tcb = der.encode(
        der.SEQUENCE,
        *(
            pair(oid, der.integer(svn))
            for oid, svn in zip(sgx_extension.TCB_SVNS, values.svns, strict=True)
        ),
        pair(sgx_extension.TCB_PCE_SVN, der.integer(values.pce_svn)),
        pair(sgx_extension.TCB_CPU_SVN, octets(values.svns)),
    )
    content = der.encode(
        der.SEQUENCE,
        pair(sgx_extension.PPID, octets(values.ppid)),
        pair(sgx_extension.TCB, tcb),
        pair(sgx_extension.PCE_ID, octets(bytes(2))),
        pair(sgx_extension.FMSPC, octets(values.fmspc)),
        pair(sgx_extension.SGX_TYPE, der.encode(der.ENUMERATED, b"\x00")),
    )
    return extension(sgx_extension.OID, content)


@dataclass(frozen=True)
class Certificate:
    """The signed fields of a certificate. Names and extensions are DER, the key X‖Y."""

    serial: int
    issuer: bytes
    not_before: int
    not_after: int
    subject: bytes
    key: bytes
    extensions: tuple[bytes, ...]
    version: int = 2
    """2 means version 3."""
    algorithm: bytes = ECDSA_WITH_SHA256

    def tbs(self) -> bytes:
        """Return the TBSCertificate, which the issuer signs."""
        return der.encode(
            der.SEQUENCE,
            der.encode(der.explicit(0), der.integer(self.version)),
            der.integer(self.serial),
            self.algorithm,
            self.issuer,
            der.encode(der.SEQUENCE, utc_time(self.not_before), utc_time(self.not_after)),
            self.subject,
            der.encode(der.SEQUENCE, _EC_P256, der.encode(der.BIT_STRING, b"\x00\x04", self.key)),
            der.encode(der.explicit(3), der.encode(der.SEQUENCE, *self.extensions)),
        )


def signed(tbs: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Sign a certificate or revocation list; return it around its signed part."""
    signature = der.encode(der.BIT_STRING, b"\x00", sign_der(key, tbs))
    return der.encode(der.SEQUENCE, tbs, ECDSA_WITH_SHA256, signature)


@dataclass(frozen=True)
class IssuedList:
    """The signed fields of a revocation list, in the form that Intel publishes."""

    issuer: bytes
    issuer_key: bytes
    this_update: int
    next_update: int
    serials: tuple[int, ...]
    number: int = 1

    def tbs(self) -> bytes:
        """Return the TBSCertList of version 2, which the issuer signs."""
        reason = extension("2.5.29.21", der.encode(der.ENUMERATED, b"\x01"))
        entries = [
            der.encode(
                der.SEQUENCE,
                der.integer(serial),
                utc_time(self.this_update),
                der.encode(der.SEQUENCE, reason),
            )
            for serial in self.serials
        ]
        authority, _ = key_identifiers(self.issuer_key, self.issuer_key)
        number = extension("2.5.29.20", der.integer(self.number))
        return der.encode(
            der.SEQUENCE,
            der.integer(1),
            ECDSA_WITH_SHA256,
            self.issuer,
            utc_time(self.this_update),
            utc_time(self.next_update),
            der.encode(der.SEQUENCE, *entries) if entries else b"",
            der.encode(der.explicit(0), der.encode(der.SEQUENCE, number, authority)),
        )
