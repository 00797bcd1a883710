# pragma version 0.4.3
"""
@title DcapVerifier: Intel SGX and TDX quotes verified on-chain
@license GNU Affero General Public License v3.0 only
@notice From the root key over intermediate CA, machine's key and quoting enclave to what runs in the enclave. The
        contract's documentation is interfaces/IDcapVerifier.vyi; what is verified and why, docs/ATTESTATION.md.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step

from contracts.modules.dcap import certificates
from contracts.modules.dcap import collateral
from contracts.modules.dcap import dcap_errors as errors
from contracts.modules.dcap import p256
from contracts.modules.dcap import qe_identities
from contracts.modules.dcap import quote_body
from contracts.modules.dcap import revocation
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
initializes: revocation[certificates := certificates]
initializes: tcb_floors[ownable := ownable, timelock := timelock]
initializes: qe_identities[ownable := ownable, timelock := timelock]

exports: (
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
)
exports: (certificates.add_ca, certificates.add_pck, certificates.certificate)
exports: (revocation.add_crl, revocation.crl_updated)
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

# How the first byte of evidence says what stands before the quote.
KNOWN_PCK: constant(uint256) = 0
KNOWN_AUTHORITY: constant(uint256) = 1
WHOLE_CHAIN: constant(uint256) = 2
DSTACK: constant(uint256) = 128  # set beside it

# Records, as abi_encode lays them out.
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
    errors._require(p256._is_available(), errors.NO_PRECOMPILE)
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
    attestation: IAttestationVerifier.Attestation = empty(IAttestationVerifier.Attestation)
    report_data: bytes32[2] = empty(bytes32[2])
    attestation, report_data = self._verify(_evidence)
    errors._require(
        report_data[0] == _report_data and report_data[1] == empty(bytes32),
        errors.REPORT_DATA,
    )
    return attestation


@external
def verify_quote(_evidence: Bytes[MAX_EVIDENCE]) -> (IAttestationVerifier.Attestation, bytes32[2]):
    return self._verify(_evidence)


# ── Views ──


@external
@view
def root() -> bytes32[2]:
    return certificates._root()


# ── Internals ──


@internal
def _verify(_evidence: Bytes[MAX_EVIDENCE]) -> (IAttestationVerifier.Attestation, bytes32[2]):
    # No kind of evidence is shorter, and no read up to the quote goes further.
    errors._require(len(_evidence) >= 1 + PCK_RECORD + MIN_QUOTE, errors.QUOTE_LENGTH)
    kind: uint256 = convert(slice(_evidence, 0, 1), uint256)
    dstack: bool = kind & DSTACK != 0
    pck: IDcapVerifier.Pck = empty(IDcapVerifier.Pck)
    at: uint256 = 0  # where the quote begins
    pck, at = self._pck(_evidence, kind & ~DSTACK)

    errors._require(at + MIN_QUOTE <= len(_evidence), errors.QUOTE_LENGTH)
    form: quote_body.Form = quote_body._form(
        extract32(_evidence, at), extract32(_evidence, at + quote_body.HEADER)
    )
    after: uint256 = at + form.size
    errors._require(after + AFTER_SIGNED == len(_evidence), errors.QUOTE_LENGTH)
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
    @notice The machine's key vouches for the quoting enclave, that for the attestation key, and that for the digest.
    """
    errors._require(
        p256._is_valid(sha256(abi_encode(_proof.qe_report)), _proof.qe_signature, _pck),
        errors.QE_SIGNATURE,
    )
    qe_identities._check(_tee, _proof.qe_report)
    bound: bytes32 = sha256(concat(_proof.key[0], _proof.key[1], _proof.qe_auth))
    errors._require(
        convert(_proof.qe_report[10], bytes32) == bound and _proof.qe_report[11] == 0,
        errors.QE_BINDING,
    )
    errors._require(p256._is_valid(_digest, _proof.signature, _proof.key), errors.QUOTE_SIGNATURE)


@internal
@view
def _attest(
    _pck: IDcapVerifier.Pck,
    _form: quote_body.Form,
    _signed: Bytes[quote_body.MAX_SIGNED],
    _dstack: bool,
) -> (IAttestationVerifier.Attestation, bytes32[2]):
    """
    @notice What a machine's signed quote attests, if its TCB and its body are trusted; and its report data.
    """
    program: bytes32 = empty(bytes32)
    body: Bytes[quote_body.MAX_BODY] = b""
    if _form.tee == tcb_floors.SGX:
        errors._require(not _dstack, errors.EVIDENCE_KIND)
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
def _pck(_evidence: Bytes[MAX_EVIDENCE], _kind: uint256) -> (IDcapVerifier.Pck, uint256):
    """
    @notice The machine's key that the evidence's first part shows, and where its quote begins.
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
        errors._require(_kind == WHOLE_CHAIN, errors.EVIDENCE_KIND)
        certificate, at = self._certificate(_evidence, at)
        authority = certificates._admit_authority(certificate)
    certificate, at = self._certificate(_evidence, at)
    return certificates._admit_pck(certificate, authority), at


@internal
@pure
def _certificate(
    _evidence: Bytes[MAX_EVIDENCE], _at: uint256
) -> (Bytes[x509.MAX_CERTIFICATE], uint256):
    """
    @notice The certificate after its two bytes of length, and where it ends.
    @dev Read from a window of the greatest size, which the quote at the end leaves room for.
    """
    start: uint256 = _at + 2
    errors._require(start + x509.MAX_CERTIFICATE <= len(_evidence), errors.QUOTE_LENGTH)
    size: uint256 = convert(slice(_evidence, _at, 2), uint256)
    errors._require(size <= x509.MAX_CERTIFICATE, errors.DER)
    return slice(slice(_evidence, start, x509.MAX_CERTIFICATE), 0, size), start + size
