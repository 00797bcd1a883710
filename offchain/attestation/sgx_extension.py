"""The SGX extension of a PCK certificate: the values that Intel certifies about a machine.

OID 1.2.840.113741.1.13.1, Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from offchain.attestation import der
from offchain.attestation.rejections import QuoteRejected, RejectionReason

OID = "1.2.840.113741.1.13.1"
PPID, TCB, PCE_ID, FMSPC, SGX_TYPE = (der.oid(f"{OID}.{n}") for n in range(1, 6))
TCB_SVNS = tuple(der.oid(f"{OID}.2.{n}") for n in range(1, 17))
TCB_PCE_SVN, TCB_CPU_SVN = der.oid(f"{OID}.2.17"), der.oid(f"{OID}.2.18")

_FIELDS = PPID, TCB, PCE_ID, FMSPC
_TCB_FIELDS = (*TCB_SVNS, TCB_PCE_SVN, TCB_CPU_SVN)


@dataclass(frozen=True)
class SgxExtension:
    """The identity and the patch level of a machine."""

    ppid: bytes
    """The machine's id, 16 bytes. One machine can have several PCK keys."""
    fmspc: bytes
    """Family, model, stepping, platform and custom SKU, 6 bytes; they select the TCB info."""
    svns: bytes
    """The security version numbers of the SGX TCB components, 16 bytes."""
    pce_svn: int
    """The security version number of the provisioning certification enclave."""


def _entries(content: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield object identifier (DER), tag and content of each pair in a SEQUENCE's content."""
    for tag, pair in der.elements(content):
        parts = list(der.elements(pair))
        if tag != der.SEQUENCE or len(parts) != 2 or parts[0][0] != der.OBJECT_IDENTIFIER:
            raise QuoteRejected(
                RejectionReason.SGX_EXTENSION, f"{pair.hex()} is not a pair of OID and value"
            )
        (_, name), (value_tag, value) = parts
        yield der.encode(der.OBJECT_IDENTIFIER, name), value_tag, value


def _table(content: bytes, first: tuple[bytes, ...]) -> dict[bytes, tuple[int, bytes]]:
    """Return tag and content by object identifier; the entries must begin with ``first``."""
    entries = list(_entries(content))
    found = tuple(name for name, _, _ in entries)
    if found[: len(first)] != first or len(set(found)) != len(found):
        raise QuoteRejected(
            RejectionReason.SGX_EXTENSION,
            f"OIDs {[name.hex() for name in found]}, expected {[name.hex() for name in first]}",
        )
    return {name: (tag, value) for name, tag, value in entries}


def _value(table: dict[bytes, tuple[int, bytes]], name: bytes, tag: int) -> bytes:
    found, value = table.get(name, (None, b""))
    if found != tag:
        raise QuoteRejected(
            RejectionReason.SGX_EXTENSION, f"OID {name.hex()} has tag {found}, expected {tag:#04x}"
        )
    return value


def _octets(table: dict[bytes, tuple[int, bytes]], name: bytes, size: int) -> bytes:
    value = _value(table, name, der.OCTET_STRING)
    if len(value) != size:
        raise QuoteRejected(
            RejectionReason.SGX_EXTENSION,
            f"OID {name.hex()} has {len(value)} bytes, expected {size}",
        )
    return value


def _svn(table: dict[bytes, tuple[int, bytes]], name: bytes, bits: int) -> int:
    content = _value(table, name, der.INTEGER)
    value = int.from_bytes(content, "big", signed=True)
    if not 0 <= value < 1 << bits or der.integer(value) != der.encode(der.INTEGER, content):
        raise QuoteRejected(
            RejectionReason.SGX_EXTENSION,
            f"OID {name.hex()} is {content.hex()}, expected an unsigned integer of {bits} bits",
        )
    return value


def read(extension: bytes) -> SgxExtension:
    """Read the extension's value (DER).

    Raises:
        QuoteRejected: the DER is malformed; fields are missing, repeated or not in the profile's
            order; a value has another type or size; or the provisioning enclave is not 0, Intel's
            only one.
    """
    table = _table(der.unwrap(extension, der.SEQUENCE), _FIELDS)
    tcb = _table(_value(table, TCB, der.SEQUENCE), _TCB_FIELDS)
    if len(tcb) != len(_TCB_FIELDS):
        raise QuoteRejected(RejectionReason.SGX_EXTENSION, f"TCB of {len(tcb)} fields, expected 18")
    _octets(tcb, TCB_CPU_SVN, 16)
    pce_id = _octets(table, PCE_ID, 2)
    if pce_id != bytes(2):
        raise QuoteRejected(RejectionReason.SGX_EXTENSION, f"PCE id {pce_id.hex()}, expected 0000")
    return SgxExtension(
        ppid=_octets(table, PPID, 16),
        fmspc=_octets(table, FMSPC, 6),
        svns=bytes(_svn(tcb, name, 8) for name in TCB_SVNS),
        pce_svn=_svn(tcb, TCB_PCE_SVN, 16),
    )
