"""Evidence for ``DcapVerifier``: a quote, packed with the proof of the machine's key.

Layout: ``interfaces/IDcapVerifier.vyi``. The contract keeps the digest of a record of each
certificate that it verified. Evidence for a known machine contains the record instead of
certificates, which costs a fraction. The quote's PEM, lengths and type numbers are left out,
because no signature covers them. This module verifies nothing: see ``verify.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from eth_abi.abi import encode as abi_encode
from eth_utils.crypto import keccak

from offchain.attestation import sgx_extension
from offchain.attestation.certificates import certificate_id
from offchain.attestation.quote import Quote
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.x509 import CertificateFields, load_chain, read_certificate, read_crl

QE_AUTH_SIZE = 32
REVOKED = (1).to_bytes(32, "big")
"""The word that the contract keeps for a revoked certificate."""
_DSTACK = 0x80


class Known(IntEnum):
    """The part of a machine's chain that the contract has verified before.

    Evidence contains the rest of the chain.
    """

    PCK = 0
    AUTHORITY = 1
    ROOT = 2


def certificate_bytes(fields: CertificateFields) -> bytes:
    """Encode a certificate for the contract: TBSCertificate (DER) ‖ r ‖ s."""
    return fields.tbs + fields.signature


def crl_bytes(crl: bytes) -> bytes:
    """Encode a revocation list (DER) for the contract: TBSCertList (DER) ‖ r ‖ s."""
    fields = read_crl(crl)
    return fields.tbs + fields.signature


@dataclass(frozen=True)
class AuthorityRecord:
    """The contract's record of an intermediate CA: struct ``Authority``."""

    id: bytes
    key: tuple[bytes, bytes]
    """X and Y, 32 bytes each."""
    subject: bytes
    """keccak256 of the name's DER."""
    expiry: int
    """Unix seconds."""

    @classmethod
    def of(cls, fields: CertificateFields, root_key: bytes) -> Self:
        """Return the record that ``add_ca`` makes of a certificate, under the root key X‖Y."""
        return cls(
            id=certificate_id(root_key, fields.serial),
            key=(fields.key[:32], fields.key[32:]),
            subject=keccak(fields.subject),
            expiry=fields.not_after,
        )

    def encode(self) -> bytes:
        """Return the 160 bytes whose keccak256 the contract keeps."""
        types = ["bytes32", "bytes32[2]", "bytes32", "uint256"]
        return abi_encode(types, [self.id, self.key, self.subject, self.expiry])

    @property
    def digest(self) -> bytes:
        """The word that the contract keeps of the certificate."""
        return keccak(self.encode())


BY_ROOT = AuthorityRecord(bytes(32), (bytes(32), bytes(32)), bytes(32), 0)
"""The record that ``add_crl`` takes for a list that the root issued."""


@dataclass(frozen=True)
class PckRecord:
    """The contract's record of a machine's PCK certificate: struct ``Pck``."""

    id: bytes
    authority: bytes
    """Id of the intermediate CA's certificate."""
    key: tuple[bytes, bytes]
    """X and Y, 32 bytes each."""
    platform: bytes
    """keccak256(PPID)."""
    fmspc: int
    tcb: int
    """PCE SVN · 2**128 + the 16 component SVNs, big-endian."""
    expiry: int
    """Unix seconds; the expiry of the authority if that is earlier."""

    @classmethod
    def of(cls, fields: CertificateFields, authority: AuthorityRecord) -> Self:
        """Return the record that ``add_pck`` makes of a certificate.

        Raises:
            QuoteRejected: the SGX extension is missing or malformed.
        """
        sgx = sgx_extension.read(fields.sgx)
        return cls(
            id=certificate_id(b"".join(authority.key), fields.serial),
            authority=authority.id,
            key=(fields.key[:32], fields.key[32:]),
            platform=keccak(sgx.ppid),
            fmspc=int.from_bytes(sgx.fmspc, "big"),
            tcb=sgx.pce_svn << 128 | int.from_bytes(sgx.svns, "big"),
            expiry=min(fields.not_after, authority.expiry),
        )

    def encode(self) -> bytes:
        """Return the 256 bytes whose keccak256 the contract keeps."""
        types = ["bytes32", "bytes32", "bytes32[2]", "bytes32", "uint256", "uint256", "uint256"]
        values = [self.id, self.authority, self.key, self.platform]
        return abi_encode(types, [*values, self.fmspc, self.tcb, self.expiry])


@dataclass(frozen=True)
class Chain:
    """A quote's certificates and their records."""

    ca: bytes
    """The intermediate CA's certificate, encoded for the contract."""
    pck: bytes
    """The machine's PCK certificate, encoded for the contract."""
    authority_record: AuthorityRecord
    pck_record: PckRecord

    @classmethod
    def of(cls, quote: Quote, root_key: bytes) -> Self:
        """Read a quote's chain under the root key X‖Y.

        Raises:
            QuoteRejected: a certificate is missing or malformed.
        """
        certificates = load_chain(quote.pck_chain)
        if len(certificates) < 2:
            raise QuoteRejected(
                RejectionReason.CERTIFICATION_DATA,
                f"{len(certificates)} certificates, expected PCK certificate and intermediate CA",
            )
        pck, ca = map(read_certificate, certificates[:2])
        authority = AuthorityRecord.of(ca, root_key)
        return cls(
            certificate_bytes(ca), certificate_bytes(pck), authority, PckRecord.of(pck, authority)
        )

    def known_by(self, stored: Callable[[bytes], bytes]) -> Known:
        """Return the part of this chain that the contract has verified before.

        Args:
            stored: the contract's view ``certificate``: 32 bytes for an id.
        """
        if stored(self.pck_record.id) == keccak(self.pck_record.encode()):
            return Known.PCK
        if stored(self.authority_record.id) == self.authority_record.digest:
            return Known.AUTHORITY
        return Known.ROOT


def pack(quote: Quote, chain: Chain, known: Known, *, dstack: bool = False) -> bytes:
    """Pack evidence for a quote.

    It has 1,297 bytes for a known SGX machine, and about 3,300 with a whole chain.

    Args:
        quote: a verified quote.
        chain: its certificates.
        known: the part of them that the contract has verified before.
        dstack: measure a trust domain as dstack's, without RTMR3.

    Raises:
        QuoteRejected: the QE authentication data has another size than that of Intel's quoting
            enclaves.
    """
    if len(quote.qe_auth) != QE_AUTH_SIZE:
        raise QuoteRejected(
            RejectionReason.CERTIFICATION_DATA,
            f"QE authentication data of {len(quote.qe_auth)} bytes, expected {QE_AUTH_SIZE}",
        )
    proof = {
        Known.PCK: chain.pck_record.encode(),
        Known.AUTHORITY: chain.authority_record.encode() + _prefixed(chain.pck),
        Known.ROOT: _prefixed(chain.ca) + _prefixed(chain.pck),
    }[known]
    return (
        bytes([known | (_DSTACK if dstack else 0)])
        + proof
        + quote.signed
        + quote.signature
        + quote.attestation_key
        + quote.qe_report.encode()
        + quote.qe_signature
        + quote.qe_auth
    )


def _prefixed(certificate: bytes) -> bytes:
    return len(certificate).to_bytes(2, "big") + certificate
