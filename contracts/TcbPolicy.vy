# pragma version 0.4.3
"""
@title TcbPolicy: which machines and quoting enclaves are good enough, read from Intel's signed documents
@license GNU Affero General Public License v3.0 only
@notice Wires the modules together. The whole documentation stands in interfaces/ITcbPolicy.vyi. docs/ATTESTATION.md
        says what is verified and why.
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step

from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import documents
from contracts.modules.dcap import evaluations
from contracts.modules.dcap import json
from contracts.modules.dcap import p256
from contracts.modules.dcap import qe_identities
from contracts.modules.dcap import tcb_floors
from interfaces import IDcapVerifier
from interfaces import ITcbPolicy

implements: ITcbPolicy

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: evaluations[ownable := ownable]
initializes: tcb_floors[ownable := ownable, evaluations := evaluations]
initializes: qe_identities[ownable := ownable, evaluations := evaluations]

exports: (tcb_floors.raise_floor, tcb_floors.raise_module, tcb_floors.kept_floors)
exports: (qe_identities.raise_qe_svn, qe_identities.kept_identities)
exports: (evaluations.raise_least_numbers, evaluations.least_numbers, evaluations.grace)
# `renounce_ownership` is left out: without an owner nobody could narrow anything.
exports: (
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
)

MAX_DOCUMENT: constant(uint256) = 16_384
MAX_CERTIFICATE: constant(uint256) = 1_536

ACCEPTED: immutable(uint256)  # statuses, as bits

# Knows the root and what is revoked; zero until it is set
_verifier: address


@deploy
def __init__(_statuses: uint256, _grace_days: uint256):
    out_of_date: uint256 = documents.OUT_OF_DATE | documents.OUT_OF_DATE_CONFIGURATION
    if (
        _statuses & documents.UP_TO_DATE == 0
        or _statuses > documents.STATUSES
        or (_statuses & out_of_date != 0 and _statuses & out_of_date != out_of_date)
    ):
        errors._revert(dcap_errors.BAD_STATUSES)
    ownable.__init__()
    ownable_2step.__init__()
    evaluations.__init__(_grace_days)
    ACCEPTED = _statuses


# ── Documents, by anyone ──


@external
def update_tcb(
    _document: Bytes[MAX_DOCUMENT], _signature: bytes32[2], _certificate: Bytes[MAX_CERTIFICATE]
):
    """
    @dev See `ITcbPolicy.update_tcb`.
    """
    digest: bytes32 = sha256(_document)
    self._check_signer(digest, _signature, _certificate)
    start: uint256 = json._argument(0)
    tcb: documents.Tcb = documents._read_tcb(start, start + len(_document), ACCEPTED)
    tcb_floors._keep(tcb)
    fmspc: bytes6 = convert(convert(tcb.fmspc, uint48), bytes6)
    log ITcbPolicy.TcbUpdated(tee=tcb.tee, fmspc=fmspc, number=tcb.number, digest=digest)


@external
def update_identity(
    _document: Bytes[MAX_DOCUMENT], _signature: bytes32[2], _certificate: Bytes[MAX_CERTIFICATE]
):
    """
    @dev See `ITcbPolicy.update_identity`.
    """
    digest: bytes32 = sha256(_document)
    self._check_signer(digest, _signature, _certificate)
    start: uint256 = json._argument(0)
    identity: documents.Identity = documents._read_identity(start, start + len(_document), ACCEPTED)
    qe_identities._keep(identity)
    log ITcbPolicy.IdentityUpdated(tee=identity.tee, number=identity.number, digest=digest)


# ── The verifier ──


@external
@view
def check(_quoted: ITcbPolicy.Quoted) -> bool:
    """
    @dev See `ITcbPolicy.check`.
    """
    least: uint256 = evaluations.least
    qe_identities._check(_quoted.tee, _quoted.qe_report, evaluations._least_identity(least))
    tcb_floors._check(_quoted, evaluations._least_tcb(least))
    return True


@external
def set_verifier(_verifier: address):
    """
    @dev See `ITcbPolicy.set_verifier`.
    """
    ownable._check_owner()
    if self._verifier != empty(address):
        errors._revert(dcap_errors.VERIFIER_SET)
    if _verifier == empty(address):
        errors._revert(dcap_errors.BAD_VERIFIER)
    self._verifier = _verifier
    log ITcbPolicy.VerifierSet(verifier=_verifier)


# ── Views ──


@external
@view
def accepted_statuses() -> uint256:
    """
    @dev See `ITcbPolicy.accepted_statuses`.
    """
    return ACCEPTED


@external
@view
def verifier() -> address:
    """
    @dev See `ITcbPolicy.verifier`.
    """
    return self._verifier


# ── Internals ──


@internal
@view
def _check_signer(_digest: bytes32, _signature: bytes32[2], _certificate: Bytes[MAX_CERTIFICATE]):
    """
    @notice Revert unless the root's TCB signer, who is not revoked, signed the digest.
    """
    if self._verifier == empty(address):
        errors._revert(dcap_errors.NO_VERIFIER)
    key: bytes32[2] = staticcall IDcapVerifier(self._verifier).signer_key(_certificate)
    if not p256._is_valid(_digest, _signature, key):
        errors._revert(dcap_errors.COLLATERAL_SIGNATURE)
