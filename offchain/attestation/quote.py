"""Strict parser of Intel quotes (SGX version 3, TDX versions 4 and 5) and of their report bodies.

Layouts: Intel SGX SDM vol. 3D, REPORT; Intel TDX Module ABI, TDREPORT and TEE_INFO; Intel SGX ECDSA
QuoteLibReference, appendix A.4; Intel TDX DCAP Quoting Library API, appendix A. Integers are
little-endian; measurements stay bytes. A quote is malleable (ECDSA's n-s, unsigned lengths and
certificates), so that its hash must serve neither as an identity nor against replay.
"""

import struct
from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import Self

from offchain.attestation.rejections import QuoteRejected, RejectionReason

# ── Report bodies: claims of an enclave (SGX) or a trust domain (TDX) about itself ──

SGX_SIZE = 384
TD10_SIZE = 584
TD15_SIZE = 648

_SGX = struct.Struct("<16s4s12s16s16s32s32s32s32s64sHHH42s16s64s")
_TD10 = struct.Struct("<16s48s48s8s8s8s48s48s48s48s48s48s48s48s64s")
_TD15 = struct.Struct(_TD10.format + "16s48s")

_SGX_DEBUG = 1 << 1
_TD_SEPT_VE_DISABLE = 1 << 28


def _bits(first: int, last: int) -> int:
    """Return a word with these bits set, both included."""
    return (1 << last + 1) - (1 << first)


_TD_RESERVED = _bits(8, 15) | _bits(23, 26) | _bits(32, 61)
_TD_SERVTD_EXT = 1 << 17
_TD_MIGRATABLE = 1 << 29


@dataclass(frozen=True)
class SgxReport:
    """An enclave's report body, 384 bytes. The quoting enclave's own report has the same form."""

    cpu_svn: bytes
    misc_select: bytes
    reserved1: bytes
    isv_ext_prod_id: bytes
    attributes: bytes
    mr_enclave: bytes
    reserved2: bytes
    mr_signer: bytes
    reserved3: bytes
    config_id: bytes
    isv_prod_id: int
    isv_svn: int
    config_svn: int
    reserved4: bytes
    isv_family_id: bytes
    report_data: bytes

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read exactly 384 bytes; raise ``struct.error`` on any other length."""
        return cls(*_SGX.unpack(data))

    def encode(self) -> bytes:
        """Return the 384 bytes as encoded in a quote."""
        return _SGX.pack(*astuple(self))

    @property
    def debug(self) -> bool:
        """True if the host can read the enclave's memory (ATTRIBUTES.DEBUG)."""
        return bool(self.attributes[0] & _SGX_DEBUG)


@dataclass(frozen=True)
class TdReport:
    """A trust domain's report body: 584 bytes (TD 1.0), 648 with the last two fields (TD 1.5)."""

    tee_tcb_svn: bytes
    mr_seam: bytes
    mr_signer_seam: bytes
    seam_attributes: bytes
    td_attributes: bytes
    xfam: bytes
    mr_td: bytes
    mr_config_id: bytes
    mr_owner: bytes
    mr_owner_config: bytes
    rtmr0: bytes
    rtmr1: bytes
    rtmr2: bytes
    rtmr3: bytes
    report_data: bytes
    tee_tcb_svn2: bytes = b""
    mr_service_td: bytes = b""

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read 584 or 648 bytes; raise ``struct.error`` on any other length."""
        layout = _TD15 if len(data) == TD15_SIZE else _TD10
        return cls(*layout.unpack(data))

    def encode(self) -> bytes:
        """Return the 584 or 648 bytes as encoded in a quote."""
        return b"".join(astuple(self))

    @property
    def debug(self) -> bool:
        """True if the host can read the domain's memory (TDATTRIBUTES.TUD, which has DEBUG)."""
        return self.td_attributes[0] != 0

    @property
    def confined(self) -> bool:
        """True if the host can neither insert pages unnoticed (SEPT_VE_DISABLE) nor migrate it.

        All reserved bits must be zero too.
        """
        flags = int.from_bytes(self.td_attributes, "little")
        bits = _TD_SEPT_VE_DISABLE | _TD_RESERVED | _TD_MIGRATABLE
        return flags & bits == _TD_SEPT_VE_DISABLE

    @property
    def serviced(self) -> bool:
        """True if a service TD can reach into the domain (SERVTD_EXT, MRSERVICETD)."""
        flags = int.from_bytes(self.td_attributes, "little")
        return bool(flags & _TD_SERVTD_EXT) or any(self.mr_service_td)


Body = SgxReport | TdReport


# ── Quotes ──

INTEL_QE_VENDOR_ID = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
ECDSA_P256 = 2
PCK_CHAIN = 5
QE_REPORT_CERTIFICATION = 6
QE_AUTH_SIZE = 32
"""Size in bytes of the QE authentication data that Intel's quoting enclaves write.

The contract accepts no other size.
"""

_HEADER = struct.Struct("<HHI4s16s20s")
_TYPE_AND_SIZE = struct.Struct("<HI")
_V5_BODY_SIZES = {2: TD10_SIZE, 3: TD15_SIZE}


class TeeType(IntEnum):
    """The kind of TEE, as in the TEE type field of a quote's header."""

    SGX = 0
    TDX = 0x81


_TEE_OF_VERSION = {3: TeeType.SGX, 4: TeeType.TDX, 5: TeeType.TDX}


@dataclass(frozen=True)
class Quote:
    """The fields of a quote. Signatures are r‖s and keys X‖Y: 64 bytes, big-endian."""

    version: int
    reserved: bytes
    """4 bytes; in version 3 the SVNs of quoting and provisioning enclave."""
    user_data: bytes
    """20 bytes; the first 16 identify the quoting enclave."""
    body: Body
    signature: bytes
    attestation_key: bytes
    qe_report: SgxReport
    qe_signature: bytes
    qe_auth: bytes
    pck_chain: bytes
    """PEM: leaf, intermediate, root. No signature covers it."""

    @property
    def tee_type(self) -> TeeType:
        """SGX or TDX."""
        return _TEE_OF_VERSION[self.version]

    @property
    def signed(self) -> bytes:
        """Header and body, which the attestation key signed."""
        header = _HEADER.pack(
            self.version,
            ECDSA_P256,
            self.tee_type,
            self.reserved,
            INTEL_QE_VENDOR_ID,
            self.user_data,
        )
        body = self.body.encode()
        if self.version == 5:
            body_type = 3 if len(body) == TD15_SIZE else 2
            return header + _TYPE_AND_SIZE.pack(body_type, len(body)) + body
        return header + body

    def encode(self) -> bytes:
        """Return the quote's bytes; the inverse of ``parse``."""
        certification = (
            self.qe_report.encode()
            + self.qe_signature
            + len(self.qe_auth).to_bytes(2, "little")
            + self.qe_auth
            + _TYPE_AND_SIZE.pack(PCK_CHAIN, len(self.pck_chain))
            + self.pck_chain
        )
        if self.version > 3:
            wrapper = _TYPE_AND_SIZE.pack(QE_REPORT_CERTIFICATION, len(certification))
            certification = wrapper + certification
        signature_data = self.signature + self.attestation_key + certification
        return self.signed + len(signature_data).to_bytes(4, "little") + signature_data


class _Reader:
    """A cursor over the bytes of a quote, which refuses to read past the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.offset = 0

    def take(self, size: int) -> bytes:
        left = len(self._data) - self.offset
        if size > left:
            raise QuoteRejected(
                RejectionReason.QUOTE_LENGTH,
                f"expected {size} bytes at offset {self.offset}, {left} are left",
            )
        self.offset += size
        return self._data[self.offset - size : self.offset]

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def expect_rest(self, size: int, name: str) -> None:
        """Refuse a last field whose declared ``size`` is not exactly the rest of the data."""
        left = len(self._data) - self.offset
        if size != left:
            raise QuoteRejected(
                RejectionReason.QUOTE_LENGTH,
                f"{name} declares {size} bytes at offset {self.offset}, {left} are left",
            )


def _certification(reader: _Reader, expected: int) -> None:
    kind, size = _TYPE_AND_SIZE.unpack(reader.take(_TYPE_AND_SIZE.size))
    if kind != expected:
        raise QuoteRejected(RejectionReason.CERTIFICATION_DATA, f"type {kind}, expected {expected}")
    reader.expect_rest(size, f"certification data of type {kind}")


def _body_size(reader: _Reader, version: int) -> int:
    if version == 3:
        return SGX_SIZE
    if version == 4:
        return TD10_SIZE
    body_type, declared = _TYPE_AND_SIZE.unpack(reader.take(_TYPE_AND_SIZE.size))
    size = _V5_BODY_SIZES.get(body_type)
    if size is None or size != declared:
        raise QuoteRejected(
            RejectionReason.QUOTE_BODY_TYPE,
            f"type {body_type} of {declared} bytes, expected type 2 of 584 or type 3 of 648",
        )
    return size


def _signed(reader: _Reader) -> tuple[int, bytes, bytes, Body]:
    """Read header and body; of several faults, name the one that the contract names."""
    version, key_type, tee_type, reserved, vendor, user_data = _HEADER.unpack(
        reader.take(_HEADER.size)
    )
    if version not in _TEE_OF_VERSION:
        raise QuoteRejected(RejectionReason.QUOTE_VERSION, f"{version}, expected 3, 4 or 5")
    size = _body_size(reader, version)
    if key_type != ECDSA_P256:
        raise QuoteRejected(
            RejectionReason.QUOTE_KEY_TYPE, f"{key_type}, expected {ECDSA_P256} (ECDSA P-256)"
        )
    expected = _TEE_OF_VERSION[version]
    if tee_type != expected:
        raise QuoteRejected(
            RejectionReason.QUOTE_TEE_TYPE,
            f"{tee_type:#x} in version {version}, expected {expected:#x} ({expected.name})",
        )
    if vendor != INTEL_QE_VENDOR_ID:
        raise QuoteRejected(
            RejectionReason.QUOTE_VENDOR,
            f"{vendor.hex()}, expected {INTEL_QE_VENDOR_ID.hex()} (Intel)",
        )
    body = (SgxReport if version == 3 else TdReport).decode(reader.take(size))
    return version, reserved, user_data, body


def parse(data: bytes) -> Quote:
    """Parse a quote without verifying it.

    Every declared length must be exact: a quote that is truncated or followed by other bytes is
    refused (see ``trim``).

    Raises:
        QuoteRejected: the version, key type, TEE, vendor, body or certification type is unknown, or
            a length is wrong.
    """
    reader = _Reader(data)
    version, reserved, user_data, body = _signed(reader)
    reader.expect_rest(reader.integer(4), "signature data")
    signature, attestation_key = reader.take(64), reader.take(64)
    if version > 3:
        _certification(reader, QE_REPORT_CERTIFICATION)
    qe_report = SgxReport.decode(reader.take(SGX_SIZE))
    qe_signature = reader.take(64)
    auth_size = reader.integer(2)
    if auth_size != QE_AUTH_SIZE:
        raise QuoteRejected(
            RejectionReason.QUOTE_LENGTH,
            f"{auth_size} bytes of QE authentication data, expected {QE_AUTH_SIZE}",
        )
    qe_auth = reader.take(auth_size)
    _certification(reader, PCK_CHAIN)
    return Quote(
        version=version,
        reserved=reserved,
        user_data=user_data,
        body=body,
        signature=signature,
        attestation_key=attestation_key,
        qe_report=qe_report,
        qe_signature=qe_signature,
        qe_auth=qe_auth,
        pck_chain=data[reader.offset :],
    )


def trim(data: bytes) -> bytes:
    """Remove the bytes after the signature data.

    Interfaces that return a buffer of fixed size (configfs-tsm among them) pad the quote, mostly
    with zeros. No signature covers the padding and nothing reads it.

    Raises:
        QuoteRejected: the header is unknown, or there are fewer bytes than the quote declares.
    """
    reader = _Reader(data)
    _signed(reader)
    reader.take(reader.integer(4))
    return data[: reader.offset]
