# pragma version 0.4.3
"""
@title The identities of the quoting enclaves that are trusted
@license GNU Affero General Public License v3.0 only
@notice propose_qe_identity, set_qe_identity. There is one identity per TEE, as Intel publishes it. It is narrowed at
        once and widened after a delay.
@dev Three words per TEE. A TEE without an identity is rejected, because no report has a signer of zero.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import tcb_floors
from contracts.modules.dcap import timelock
from interfaces import IDcapVerifier
from snekmate.auth import ownable

uses: ownable
uses: timelock

_DEBUG: constant(uint256) = 2 << 120  # bit 1 of the first of 16 bytes of attributes


struct Identity:
    mr_signer: bytes32
    attributes: uint256  # mask 128 · value 128
    versions: uint256  # miscselect's mask 32 · value 32 · product 16 · least SVN 16


identities: HashMap[uint256, Identity]  # TEE type → identity


# ── Owner ──


@external
def propose_qe_identity(_tee: uint256, _identity: IDcapVerifier.QeIdentity) -> uint256:
    """
    @dev See `IDcapVerifier.propose_qe_identity`.
    """
    ownable._check_owner()
    self._pack(_tee, _identity)
    ready_at: uint256 = timelock._propose(self._proposal_digest(_tee, _identity))
    log IDcapVerifier.QeIdentityProposed(tee=_tee, identity=_identity, ready_at=ready_at)
    return ready_at


@external
def set_qe_identity(_tee: uint256, _identity: IDcapVerifier.QeIdentity):
    """
    @dev See `IDcapVerifier.set_qe_identity`.
    """
    ownable._check_owner()
    if not self._narrows(self._pack(_tee, _identity), self.identities[_tee]):
        timelock._carry_out(self._proposal_digest(_tee, _identity))
    self._set(_tee, _identity)


# ── Views ──


@external
@view
def qe_identity(_tee: uint256) -> IDcapVerifier.QeIdentity:
    """
    @dev See `IDcapVerifier.qe_identity`.
    """
    identity: Identity = self.identities[_tee]
    return IDcapVerifier.QeIdentity(
        mr_signer=identity.mr_signer,
        product=(identity.versions >> 16) & 65535,
        min_svn=identity.versions & 65535,
        attributes=convert(convert(identity.attributes & (2**128 - 1), uint128), bytes16),
        attributes_mask=convert(convert(identity.attributes >> 128, uint128), bytes16),
        misc_select=convert(convert((identity.versions >> 32) & (2**32 - 1), uint32), bytes4),
        misc_select_mask=convert(convert(identity.versions >> 64, uint32), bytes4),
    )


# ── Internals ──


@internal
def _set(_tee: uint256, _identity: IDcapVerifier.QeIdentity):
    self.identities[_tee] = self._pack(_tee, _identity)
    log IDcapVerifier.QeIdentitySet(tee=_tee, identity=_identity)


@internal
@view
def _check(_tee: uint256, _report: uint256[12]):
    """
    @notice Revert unless the report (384 bytes, integers little-endian) is that of a trusted quoting enclave that is
            not debugged.
    """
    identity: Identity = self.identities[_tee]
    attributes: uint256 = _report[1] & (2**128 - 1)
    if attributes & _DEBUG != 0:
        errors._revert(dcap_errors.QE_DEBUG)

    misc_select: uint256 = (_report[0] >> 96) & (2**32 - 1)
    numbers: uint256 = _report[8]
    product: uint256 = (numbers >> 248) | ((numbers >> 232) & 65280)
    svn: uint256 = ((numbers >> 232) & 255) | ((numbers >> 216) & 65280)
    versions: uint256 = identity.versions
    if (
        convert(_report[4], bytes32) != identity.mr_signer
        or product != (versions >> 16) & 65535
        or not self._fits(attributes, identity.attributes, 128)
        or not self._fits(misc_select, versions >> 32, 32)
    ):
        errors._revert(dcap_errors.QE_IDENTITY)
    if svn < versions & 65535:
        errors._revert(dcap_errors.QE_SVN)


@internal
@pure
def _fits(_bits: uint256, _rule: uint256, _size: uint256) -> bool:
    """
    @notice Return True if the bits equal the value of a rule wherever its mask, which stands `_size` bits higher, is
            set.
    """
    return _bits & (_rule >> _size) == _rule & ((1 << _size) - 1)


@internal
@pure
def _narrows(_new: Identity, _old: Identity) -> bool:
    """
    @notice Return True if every quoting enclave that fits the new identity also fits the old one.
    """
    attributes_mask: uint256 = _old.attributes >> 128
    misc_select_mask: uint256 = _old.versions >> 64
    return (
        _new.mr_signer == _old.mr_signer
        and (_new.versions >> 16) & 65535 == (_old.versions >> 16) & 65535
        and _new.versions & 65535 >= _old.versions & 65535
        and (_new.attributes >> 128) & attributes_mask == attributes_mask
        and self._fits(_new.attributes & (2**128 - 1), _old.attributes, 128)
        and (_new.versions >> 64) & misc_select_mask == misc_select_mask
        and self._fits((_new.versions >> 32) & (2**32 - 1), _old.versions >> 32, 32)
    )


@internal
@pure
def _pack(_tee: uint256, _identity: IDcapVerifier.QeIdentity) -> Identity:
    attributes: uint256 = convert(_identity.attributes, uint256)
    attributes_mask: uint256 = convert(_identity.attributes_mask, uint256)
    misc_select: uint256 = convert(_identity.misc_select, uint256)
    misc_select_mask: uint256 = convert(_identity.misc_select_mask, uint256)
    if (
        (_tee != tcb_floors.SGX and _tee != tcb_floors.TDX)
        or _identity.mr_signer == empty(bytes32)
        or _identity.product >= 2**16
        or _identity.min_svn >= 2**16
        or attributes & attributes_mask != attributes
        or misc_select & misc_select_mask != misc_select
    ):
        errors._revert(dcap_errors.BAD_IDENTITY)
    return Identity(
        mr_signer=_identity.mr_signer,
        attributes=(attributes_mask << 128) | attributes,
        versions=(
            (misc_select_mask << 64)
            | (misc_select << 32)
            | (_identity.product << 16)
            | _identity.min_svn
        ),
    )


@internal
@pure
def _proposal_digest(_tee: uint256, _identity: IDcapVerifier.QeIdentity) -> bytes32:
    return keccak256(abi_encode("qe identity", _tee, _identity))
