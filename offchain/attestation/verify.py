"""Verification of quotes, with the same result as the contract's.

Hosts use it before they pay gas, and tests as an oracle for the contract. It follows the chain
root key → intermediate CA → PCK certificate → quoting enclave's report → attestation key → report
body. Algorithm and reasons are those of ``contracts/DcapVerifier.vy``. It uses no clock, network or
cache.
"""

from dataclasses import dataclass
from hashlib import sha256

from eth_utils.crypto import keccak

from offchain.attestation import certificates, p256
from offchain.attestation.certificates import Pck
from offchain.attestation.programs import ProgramKind, kind_of, program_id
from offchain.attestation.quote import Body, Quote, SgxReport, TdReport, TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.trust import QeIdentity, Trust
from offchain.attestation.x509 import load_chain
from offchain.protocol.errors import QuoteRejected


@dataclass(frozen=True)
class VerifiedQuote:
    """The values that a verified quote proves."""

    kind: ProgramKind
    program: bytes
    """The program's id, 32 bytes; see ``programs.py``."""
    platform: bytes
    """keccak256(PPID), the same for every PCK key of a machine."""
    expiry: int
    """The time at which the first certificate of the chain expires, in Unix seconds."""
    report_data: bytes
    """64 bytes that the enclave chose."""
    pck: Pck


def verify(quote: Quote, trust: Trust, at: int, *, dstack: bool = False) -> VerifiedQuote:
    """Verify a quote with its certificates at a time.

    Args:
        quote: parsed; its ``pck_chain`` holds PCK certificate and intermediate CA, in this order.
        trust: root key, TCB floors, quoting enclaves, revocations.
        at: Unix seconds.
        dstack: measure a trust domain as dstack's, without RTMR3.

    Raises:
        QuoteRejected: with one of ``rejections.RejectionReason``.
    """
    pck = verify_chain(quote.pck_chain, trust, at)
    _check_qe_signature(quote, pck.key)
    _check_quoting_enclave(quote.qe_report, trust.quoting_enclaves[quote.tee_type])
    _check_quote_signature(quote)
    kind = kind_of(quote.body, dstack)
    _check_body(quote.body, kind)
    _check_floor(trust, pck.sgx.fmspc, TeeType.SGX, pck.sgx.svns, pck.sgx.pce_svn)
    if isinstance(quote.body, TdReport):
        _check_floor(trust, pck.sgx.fmspc, TeeType.TDX, quote.body.tee_tcb_svn, 0)
    return VerifiedQuote(
        kind=kind,
        program=program_id(quote.body, dstack),
        platform=keccak(pck.sgx.ppid),
        expiry=pck.not_after,
        report_data=quote.body.report_data,
        pck=pck,
    )


def verify_chain(pem: bytes, trust: Trust, at: int) -> Pck:
    """Verify intermediate CA and PCK certificate under the trusted root key.

    Certificates after these two are ignored, including a root.

    Raises:
        QuoteRejected: there are fewer than two certificates, or one is refused.
    """
    chain = load_chain(pem)
    if len(chain) < 2:
        raise QuoteRejected(
            RejectionReason.CERTIFICATION_DATA,
            f"{len(chain)} certificates, expected PCK certificate and intermediate CA",
        )
    authority = certificates.verify_authority(chain[1], trust.root_key, at, trust.revoked)
    return certificates.verify_pck(chain[0], authority, at, trust.revoked)


def _check_qe_signature(quote: Quote, pck_key: bytes) -> None:
    if not p256.verifies(pck_key, quote.qe_report.encode(), quote.qe_signature):
        raise QuoteRejected(RejectionReason.QE_SIGNATURE, f"not signed by PCK {pck_key.hex()}")


def _check_quote_signature(quote: Quote) -> None:
    expected = sha256(quote.attestation_key + quote.qe_auth).digest() + bytes(32)
    if quote.qe_report.report_data != expected:
        raise QuoteRejected(
            RejectionReason.QE_BINDING,
            f"report data {quote.qe_report.report_data.hex()}, expected {expected.hex()}",
        )
    if not p256.verifies(quote.attestation_key, quote.signed, quote.signature):
        raise QuoteRejected(
            RejectionReason.QUOTE_SIGNATURE,
            f"not signed by attestation key {quote.attestation_key.hex()}",
        )


def _masked(value: bytes, mask: bytes) -> bytes:
    return bytes(v & m for v, m in zip(value, mask, strict=True))


def _check_quoting_enclave(report: SgxReport, identity: QeIdentity) -> None:
    if report.debug:
        raise QuoteRejected(RejectionReason.QE_DEBUG, f"attributes {report.attributes.hex()}")
    found = (
        report.mr_signer,
        report.isv_prod_id,
        _masked(report.attributes, identity.attributes_mask),
        _masked(report.misc_select, identity.misc_select_mask),
    )
    expected = (
        identity.mr_signer,
        identity.isv_prod_id,
        identity.attributes,
        identity.misc_select,
    )
    if found != expected:
        raise QuoteRejected(RejectionReason.QE_IDENTITY, f"{found}, expected {expected}")
    if report.isv_svn < identity.min_isv_svn:
        raise QuoteRejected(
            RejectionReason.QE_SVN, f"{report.isv_svn}, expected at least {identity.min_isv_svn}"
        )


def _check_body(body: Body, kind: ProgramKind) -> None:
    if isinstance(body, TdReport) and body.mr_signer_seam != bytes(48):
        raise QuoteRejected(
            RejectionReason.SEAM_SIGNER,
            f"{body.mr_signer_seam.hex()}, expected 48 zero bytes (Intel)",
        )
    if body.debug:
        raise QuoteRejected(RejectionReason.DEBUG, "the host can read this enclave's memory")
    if isinstance(body, SgxReport):
        return
    if not body.confined or body.seam_attributes != bytes(8):
        raise QuoteRejected(
            RejectionReason.ATTRIBUTES,
            f"TDATTRIBUTES {body.td_attributes.hex()} and SEAM attributes"
            f" {body.seam_attributes.hex()}, expected SEPT_VE_DISABLE, not MIGRATABLE, and zero",
        )
    if kind is ProgramKind.TDX_DSTACK and body.mr_config_id == bytes(48):
        raise QuoteRejected(
            RejectionReason.MR_CONFIG, "MRCONFIGID is zero: it does not bind the application"
        )


def _check_floor(trust: Trust, fmspc: bytes, tee_type: TeeType, svns: bytes, pce_svn: int) -> None:
    module = svns[1] if tee_type is TeeType.TDX else 0
    floor = trust.floor(fmspc, tee_type, module)
    if floor is None:
        raise QuoteRejected(
            RejectionReason.TCB_UNKNOWN,
            f"no {tee_type.name} floor for FMSPC {fmspc.hex()} (TDX module {module})",
        )
    if not floor.reached_by(svns, pce_svn):
        raise QuoteRejected(
            RejectionReason.TCB_FLOOR,
            f"{tee_type.name} SVNs {svns.hex()} and PCE {pce_svn},"
            f" expected at least {floor.svns.hex()} and {floor.pce_svn}",
        )
