# pragma version 0.4.3
"""
@title DcapVerifier: Intel SGX and TDX quotes verified on-chain
@license GNU Affero General Public License v3.0 only
@notice Follows the signatures from the root key over intermediate CA, machine and quoting enclave to what runs in the
        enclave. The whole documentation stands in interfaces/IDcapVerifier.vyi. docs/ATTESTATION.md says what is
        verified and why.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import certificates
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import documents
from contracts.modules.dcap import p256
from contracts.modules.dcap import quote_body
from contracts.modules.dcap import revocation_lists
from contracts.modules.dcap import x509
from interfaces import IAttestationVerifier
from interfaces import IDcapVerifier
from interfaces import ITcbPolicy

implements: IAttestationVerifier
implements: IDcapVerifier

initializes: certificates
initializes: revocation_lists[certificates := certificates]

exports: (certificates.add_ca, certificates.add_pck, certificates.certificate)
exports: (
    revocation_lists.add_crl,
    revocation_lists.crl_updated,
    revocation_lists.crl_next_update,
    revocation_lists.crl_progress,
)

MAX_EVIDENCE: constant(uint256) = 8_192

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

POLICY: immutable(ITcbPolicy)


struct Proof:
    signature: bytes32[2]  # of header and body, by the attestation key
    key: bytes32[2]  # attestation key
    qe_report: uint256[12]
    qe_signature: bytes32[2]  # of that report, by the platform's key
    qe_auth: bytes32


@deploy
def __init__(_root: bytes32[2], _policy: address):
    if not p256._is_available():
        errors._revert(dcap_errors.NO_PRECOMPILE)
    certificates.__init__(_root)
    POLICY = ITcbPolicy(_policy)
    revocation_lists.__init__(staticcall ITcbPolicy(_policy).grace())


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


@external
@view
def policy() -> address:
    """
    @dev See `IDcapVerifier.policy`.
    """
    return POLICY.address


@external
@view
def signer_key(_certificate: Bytes[x509.MAX_CERTIFICATE]) -> bytes32[2]:
    """
    @dev See `IDcapVerifier.signer_key`.
    """
    root: bytes32[2] = certificates._root_key()
    signer: x509.Certificate = certificates._verified(_certificate, root, x509.SIGNER)
    revocation_lists._check_current(empty(bytes32))
    return signer.key


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
    revocation_lists._check_current(empty(bytes32))
    revocation_lists._check_current(pck.authority)

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

    self._check_proof(proof, pck.key, sha256(signed))
    return self._attest(pck, form, signed, proof.qe_report, dstack)


@internal
@view
def _check_proof(_proof: Proof, _pck: bytes32[2], _digest: bytes32):
    """
    @notice Check the chain of signatures: the machine's key signs the report of the quoting enclave, that report
            vouches for the attestation key, and the attestation key signs the digest.
    """
    if not p256._is_valid(sha256(abi_encode(_proof.qe_report)), _proof.qe_signature, _pck):
        errors._revert(dcap_errors.QE_SIGNATURE)
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
    _qe_report: uint256[12],
    _dstack: bool,
) -> (IAttestationVerifier.Attestation, bytes32[2]):
    """
    @notice Return what a machine's signed quote attests, and its report data. Reverts unless body and machine are
            trusted.
    """
    program: bytes32 = empty(bytes32)
    report_data: uint256 = 0
    body: Bytes[quote_body.MAX_BODY] = slice(_signed, _form.body, _form.size - _form.body)
    quoted: ITcbPolicy.Quoted = ITcbPolicy.Quoted(
        tee=_form.tee,
        fmspc=_pck.fmspc,
        tcb=_pck.tcb,
        tdx_svns=empty(uint256[2]),
        seam=0,
        qe_report=_qe_report,
    )
    if _form.tee == documents.SGX:
        if _dstack:
            errors._revert(dcap_errors.EVIDENCE_KIND)
        program = quote_body._sgx_program(body)
        report_data = quote_body.SGX_REPORT_DATA
    else:
        program = quote_body._tdx_program(body, _dstack)
        report_data = quote_body.TDX_REPORT_DATA
        quoted.tdx_svns = quote_body._tdx_svns(body)
        quoted.seam = quote_body._seam(body)
    if not staticcall POLICY.check(quoted):
        errors._revert(dcap_errors.TCB_FLOOR)
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
