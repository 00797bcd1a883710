# pragma version 0.4.3
"""
@title DcapVerifier: Intel SGX and TDX quotes verified on-chain
@license GNU Affero General Public License v3.0 only
@notice Follows the signatures from the root key over intermediate CA, machine and quoting enclave to what runs in the
        enclave. The whole documentation stands in interfaces/IDcapVerifier.vyi. docs/ATTESTATION.md says what is
        verified and why.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step

from contracts.modules.common import errors
from contracts.modules.dcap import certificates
from contracts.modules.dcap import collateral
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import p256
from contracts.modules.dcap import qe_identities
from contracts.modules.dcap import quote_body
from contracts.modules.dcap import revocation_lists
from contracts.modules.dcap import tcb_floors
from contracts.modules.dcap import timelock
from contracts.modules.dcap import x509
from interfaces import IAttestationVerifier
from interfaces import IDcapVerifier

implements: IAttestationVerifier
implements: IDcapVerifier

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: timelock
initializes: certificates
initializes: collateral[certificates := certificates]
initializes: revocation_lists[certificates := certificates]
initializes: tcb_floors[ownable := ownable, timelock := timelock]
initializes: qe_identities[ownable := ownable, timelock := timelock]

exports: (
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
)
exports: (certificates.add_ca, certificates.add_pck, certificates.certificate)
exports: (revocation_lists.add_crl, revocation_lists.crl_updated)
exports: (collateral.anchor_tcb_info, collateral.anchored_at)
exports: (tcb_floors.propose_tcb_floor, tcb_floors.set_tcb_floor, tcb_floors.tcb_floor)
exports: (
    qe_identities.propose_qe_identity,
    qe_identities.set_qe_identity,
    qe_identities.qe_identity,
)
exports: timelock.ready_at

MAX_EVIDENCE: constant(uint256) = 8_192
MAX_FLOORS: constant(uint256) = 128

# Kinds of evidence: the first byte says what stands before the quote.
KNOWN_PCK: constant(uint256) = 0
KNOWN_AUTHORITY: constant(uint256) = 1
WHOLE_CHAIN: constant(uint256) = 2
DSTACK: constant(uint256) = 128  # a flag, set together with one of the kinds

# Bytes of the records, as abi_encode lays them out.
AUTHORITY_RECORD: constant(uint256) = 5 * 32
PCK_RECORD: constant(uint256) = 8 * 32

AFTER_SIGNED: constant(uint256) = 19 * 32
MIN_QUOTE: constant(uint256) = quote_body.MIN_SIGNED + AFTER_SIGNED


struct Proof:
    signature: bytes32[2]  # of header and body, by the attestation key
    key: bytes32[2]  # attestation key
    qe_report: uint256[12]
    qe_signature: bytes32[2]  # of that report, by the platform's key
    qe_auth: bytes32


@deploy
def __init__(
    _root: bytes32[2],
    _sgx: IDcapVerifier.QeIdentity,
    _tdx: IDcapVerifier.QeIdentity,
    _floors: DynArray[IDcapVerifier.TcbFloor, MAX_FLOORS],
):
    if not p256._is_available():
        errors._revert(dcap_errors.NO_PRECOMPILE)
    ownable.__init__()
    ownable_2step.__init__()
    certificates.__init__(_root)
    qe_identities._set(tcb_floors.SGX, _sgx)
    qe_identities._set(tcb_floors.TDX, _tdx)
    for least: IDcapVerifier.TcbFloor in _floors:
        tcb_floors._set(least)


# ── Verification ──


@external
def verify(
    _evidence: Bytes[MAX_EVIDENCE], _report_data: bytes32
) -> IAttestationVerifier.Attestation:
    """
    @dev See `IAttestationVerifier.verify`.
    """
    attestation: IAttestationVerifier.Attestation = empty(IAttestationVerifier.Attestation)
    report_data: bytes32[2] = empty(bytes32[2])
    attestation, report_data = self._verify(_evidence)
    if report_data[0] != _report_data or report_data[1] != empty(bytes32):
        errors._revert(dcap_errors.REPORT_DATA)
    return attestation


@external
def verify_quote(_evidence: Bytes[MAX_EVIDENCE]) -> (IAttestationVerifier.Attestation, bytes32[2]):
    """
    @dev See `IDcapVerifier.verify_quote`.
    """
    return self._verify(_evidence)


# ── Views ──


@external
@view
def root() -> bytes32[2]:
    """
    @dev See `IDcapVerifier.root`.
    """
    return certificates._root_key()


# ── Internals ──


@internal
def _verify(_evidence: Bytes[MAX_EVIDENCE]) -> (IAttestationVerifier.Attestation, bytes32[2]):
    # No valid evidence is shorter, so every read up to the quote stays within the bytes.
    if len(_evidence) < 1 + PCK_RECORD + MIN_QUOTE:
        errors._revert(dcap_errors.QUOTE_LENGTH)
    kind: uint256 = convert(slice(_evidence, 0, 1), uint256)
    dstack: bool = kind & DSTACK != 0
    pck: IDcapVerifier.Pck = empty(IDcapVerifier.Pck)
    at: uint256 = 0  # where the quote begins
    pck, at = self._read_pck(_evidence, kind & ~DSTACK)

    if at + MIN_QUOTE > len(_evidence):
        errors._revert(dcap_errors.QUOTE_LENGTH)
    form: quote_body.Form = quote_body._read_form(
        extract32(_evidence, at), extract32(_evidence, at + quote_body.HEADER)
    )
    after: uint256 = at + form.size
    if after + AFTER_SIGNED != len(_evidence):
        errors._revert(dcap_errors.QUOTE_LENGTH)
    signed: Bytes[quote_body.MAX_SIGNED] = slice(
        slice(_evidence, at, quote_body.MAX_SIGNED), 0, form.size
    )
    proof: Proof = abi_decode(slice(_evidence, after, AFTER_SIGNED), Proof)

    self._check_proof(proof, pck.key, form.tee, sha256(signed))
    return self._attest(pck, form, signed, dstack)


@internal
@view
def _check_proof(_proof: Proof, _pck: bytes32[2], _tee: uint256, _digest: bytes32):
    """
    @notice Check the chain of signatures: the machine's key signs the report of the quoting enclave, that report
            vouches for the attestation key, and the attestation key signs the digest.
    """
    if not p256._is_valid(sha256(abi_encode(_proof.qe_report)), _proof.qe_signature, _pck):
        errors._revert(dcap_errors.QE_SIGNATURE)
    qe_identities._check(_tee, _proof.qe_report)
    bound: bytes32 = sha256(concat(_proof.key[0], _proof.key[1], _proof.qe_auth))
    if convert(_proof.qe_report[10], bytes32) != bound or _proof.qe_report[11] != 0:
        errors._revert(dcap_errors.QE_BINDING)
    if not p256._is_valid(_digest, _proof.signature, _proof.key):
        errors._revert(dcap_errors.QUOTE_SIGNATURE)


@internal
@view
def _attest(
    _pck: IDcapVerifier.Pck,
    _form: quote_body.Form,
    _signed: Bytes[quote_body.MAX_SIGNED],
    _dstack: bool,
) -> (IAttestationVerifier.Attestation, bytes32[2]):
    """
    @notice Return what a machine's signed quote attests, and its report data. Reverts unless TCB and body are trusted.
    """
    program: bytes32 = empty(bytes32)
    body: Bytes[quote_body.MAX_BODY] = b""
    if _form.tee == tcb_floors.SGX:
        if _dstack:
            errors._revert(dcap_errors.EVIDENCE_KIND)
        body = slice(_signed, quote_body.HEADER, 384)
        program = quote_body._sgx_program(body)
    else:
        body = slice(_signed, _form.body, quote_body.MAX_BODY)
        program = quote_body._tdx_program(body, _dstack)
    tcb_floors._check_sgx(_pck.fmspc, _pck.tcb)
    if _form.tee == tcb_floors.TDX:
        tcb_floors._check_tdx(_pck.fmspc, extract32(body, 0, output_type=uint256) >> 128)
    report_data: uint256 = len(body) - 64
    return (
        IAttestationVerifier.Attestation(
            program=program, platform=_pck.platform, expiry=_pck.expiry
        ),
        [extract32(body, report_data), extract32(body, report_data + 32)],
    )


@internal
def _read_pck(_evidence: Bytes[MAX_EVIDENCE], _kind: uint256) -> (IDcapVerifier.Pck, uint256):
    """
    @notice Return the machine's key that the first part of the evidence shows, and the offset of the quote.
    """
    if _kind == KNOWN_PCK:
        pck: IDcapVerifier.Pck = abi_decode(slice(_evidence, 1, PCK_RECORD), IDcapVerifier.Pck)
        certificates._check_pck(pck)
        return pck, 1 + PCK_RECORD

    authority: IDcapVerifier.Authority = empty(IDcapVerifier.Authority)
    certificate: Bytes[x509.MAX_CERTIFICATE] = b""
    at: uint256 = 1
    if _kind == KNOWN_AUTHORITY:
        authority = abi_decode(slice(_evidence, 1, AUTHORITY_RECORD), IDcapVerifier.Authority)
        certificates._check_authority(authority)
        at += AUTHORITY_RECORD
    else:
        if _kind != WHOLE_CHAIN:
            errors._revert(dcap_errors.EVIDENCE_KIND)
        certificate, at = self._read_certificate(_evidence, at)
        authority = certificates._admit_authority(certificate)
    certificate, at = self._read_certificate(_evidence, at)
    return certificates._admit_pck(certificate, authority), at


@internal
@pure
def _read_certificate(
    _evidence: Bytes[MAX_EVIDENCE], _at: uint256
) -> (Bytes[x509.MAX_CERTIFICATE], uint256):
    """
    @notice Return the certificate that follows its two bytes of length, and the offset of its end.
    @dev It is cut from a slice of the greatest size. The quote at the end of the evidence leaves room for that slice.
    """
    start: uint256 = _at + 2
    if start + x509.MAX_CERTIFICATE > len(_evidence):
        errors._revert(dcap_errors.QUOTE_LENGTH)
    size: uint256 = convert(slice(_evidence, _at, 2), uint256)
    if size > x509.MAX_CERTIFICATE:
        errors._revert(dcap_errors.DER)
    return slice(slice(_evidence, start, x509.MAX_CERTIFICATE), 0, size), start + size
