"""Shared parts of the tests of `DcapVerifier`: constructor arguments, and evidence in its form."""

from dataclasses import astuple
from typing import Any

from cryptography.x509 import load_der_x509_certificate

from offchain.attestation.evidence import Chain, Known, certificate_bytes, pack
from offchain.attestation.quote import Quote, TeeType
from offchain.attestation.trust import QeIdentity, TcbFloor, Trust
from offchain.attestation.x509 import CertificateFields, read_certificate
from offchain.simulation import Identity, sgx_report, td10_report, td15_report

REPORT_DATA = bytes(range(32))
"""The report data that the tests' enclaves have quoted; 32 zero bytes follow."""
BODIES = {
    "sgx v3": sgx_report(REPORT_DATA + bytes(32)),
    "tdx v4": td10_report(REPORT_DATA + bytes(32)),
    "tdx v5": td15_report(REPORT_DATA + bytes(32)),
}

FloorArgument = tuple[bytes, int, bytes, int]
IdentityArgument = tuple[bytes, int, int, bytes, bytes, bytes, bytes]


def words(key: bytes) -> tuple[bytes, bytes]:
    """A key's X and Y, or a signature's r and s."""
    return key[:32], key[32:]


def floor(of: TcbFloor) -> FloorArgument:
    """The struct `TcbFloor`."""
    return of.fmspc, int(of.tee_type), of.svns, of.pce_svn


def identity(of: QeIdentity) -> IdentityArgument:
    """The struct `QeIdentity`."""
    return astuple(of)


def constructor(trust: Trust) -> tuple[Any, ...]:
    """The constructor's arguments for a verifier that trusts just so."""
    return (
        words(trust.root_key),
        identity(trust.quoting_enclaves[TeeType.SGX]),
        identity(trust.quoting_enclaves[TeeType.TDX]),
        [floor(each) for each in trust.floors],
    )


def fields(of: Identity) -> CertificateFields:
    """The fields of a simulated certificate."""
    return read_certificate(load_der_x509_certificate(of.der))


def certificate(of: Identity) -> bytes:
    """A simulated certificate as the contract takes it."""
    return certificate_bytes(fields(of))


def evidence(
    quote: Quote, root_key: bytes, known: Known = Known.ROOT, *, dstack: bool = False
) -> bytes:
    """Evidence for a quote and its own chain."""
    return pack(quote, Chain.of(quote, root_key), known, dstack=dstack)
