"""Verification of quotes, with the same result as the contract's.

Hosts use it before they pay gas, and tests as an oracle for the contract. It follows the chain
root key → intermediate CA → PCK certificate → quoting enclave's report → attestation key → report
body. Algorithm and reasons are those of ``contracts/DcapVerifier.vy`` and ``TcbPolicy.vy``. It uses
no clock, network or cache.
"""

from dataclasses import dataclass
from hashlib import sha256

from eth_utils.crypto import keccak

from offchain.attestation import certificates, p256
from offchain.attestation.certificates import Pck
from offchain.attestation.dstack import ENABLE
from offchain.attestation.programs import ProgramKind, kind_of, program_id
from offchain.attestation.quote import Body, Quote, SgxReport, TdReport, TeeType
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.tcb import Validity
from offchain.attestation.trust import Trust
from offchain.attestation.x509 import load_chain


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
    for authority in (bytes(32), pck.authority):
        if not trust.has_list(authority, at):
            whose = "the root" if authority == bytes(32) else f"CA {authority.hex()}"
            raise QuoteRejected(
                RejectionReason.CRL_STALE,
                f"revocation list of {whose}: next update {trust.lists.get(authority, 'unknown')}"
                f" and {trust.grace} seconds of grace, now is {at}",
            )
    _check_qe_signature(quote, pck.key)
    _check_quote_signature(quote)
    kind = kind_of(quote.body, dstack)
    _check_body(quote.body, kind)
    _check_quoting_enclave(quote.qe_report, quote.tee_type, trust, at)
    _check_machine(quote.body, quote.tee_type, pck, trust, at)
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


def _check_quoting_enclave(report: SgxReport, tee_type: TeeType, trust: Trust, at: int) -> None:
    if report.debug:
        raise QuoteRejected(RejectionReason.QE_DEBUG, f"attributes {report.attributes.hex()}")
    kept = trust.identities_of(tee_type)
    if not kept:
        raise QuoteRejected(RejectionReason.QE_UNKNOWN, f"no identity of {tee_type.name}")
    live = [each for each in kept if trust.is_live(each.validity, trust.least_identity, at)]
    if not live:
        raise QuoteRejected(RejectionReason.QE_STALE, _stale(kept[-1].validity, trust, at))
    faults = [each.fault(report) for each in live]
    if all(faults):
        newest = live[-1]
        raise QuoteRejected(
            faults[-1] or RejectionReason.QE_IDENTITY,
            f"MRSIGNER {report.mr_signer.hex()}, product {report.isv_prod_id}, SVN "
            f"{report.isv_svn}, expected {newest.mr_signer.hex()}, {newest.isv_prod_id}, "
            f"at least {newest.min_isv_svn}",
        )


def _check_body(body: Body, kind: ProgramKind) -> None:
    if body.debug:
        raise QuoteRejected(RejectionReason.DEBUG, "the host can read this enclave's memory")
    if isinstance(body, SgxReport):
        return
    if not body.confined:
        raise QuoteRejected(
            RejectionReason.ATTRIBUTES,
            f"TDATTRIBUTES {body.td_attributes.hex()}, expected SEPT_VE_DISABLE, not MIGRATABLE,"
            " and all reserved bits zero",
        )
    if body.serviced:
        raise QuoteRejected(
            RejectionReason.SERVICE_TD,
            f"TDATTRIBUTES {body.td_attributes.hex()} and MRSERVICETD {body.mr_service_td.hex()}:"
            " a service TD can reach into this domain, expected SERVTD_EXT clear and zero",
        )
    if kind is ProgramKind.TDX_DSTACK and body.mr_config_id == bytes(48):
        raise QuoteRejected(RejectionReason.MR_CONFIG, ENABLE)


def _check_machine(body: Body, tee_type: TeeType, pck: Pck, trust: Trust, at: int) -> None:
    fmspc = pck.sgx.fmspc
    kept = trust.floors_of(fmspc, tee_type)
    if not kept:
        raise QuoteRejected(
            RejectionReason.TCB_UNKNOWN, f"no {tee_type.name} TCB info of FMSPC {fmspc.hex()}"
        )
    live = [each for each in kept if trust.is_live(each.validity, trust.least_tcb, at)]
    if not live:
        raise QuoteRejected(RejectionReason.TCB_STALE, _stale(kept[-1].validity, trust, at))
    domain = body if isinstance(body, TdReport) else None
    faults = [each.fault(pck.sgx.svns, pck.sgx.pce_svn, domain) for each in live]
    if all(faults):
        newest = live[-1]
        wanted = f"{newest.svns.hex()} and {newest.pce_svn}" if newest.svns else "no level at all"
        detail = (
            f"{tee_type.name} SVNs {pck.sgx.svns.hex()} and PCE {pck.sgx.pce_svn},"
            f" expected at least {wanted}"
        )
        if domain is not None:
            modules = dict(newest.modules)
            detail += (
                f"; TEE_TCB_SVN {domain.tee_tcb_svn.hex()}{domain.tee_tcb_svn2.hex()}, expected at"
                f" least {newest.tdx_svns.hex()}, modules {modules}"
            )
        raise QuoteRejected(faults[-1] or RejectionReason.TCB_FLOOR, detail)


def _stale(validity: Validity, trust: Trust, at: int) -> str:
    return (
        f"newest document has number {validity.number} and next update {validity.next_update},"
        f" with {trust.grace} seconds of grace, now is {at}"
    )
