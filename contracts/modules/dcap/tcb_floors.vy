# pragma version 0.4.3
"""
@title TCB floors: the lowest TCB that is trusted, per kind of machine
@license GNU Affero General Public License v3.0 only
@notice propose_tcb_floor, set_tcb_floor. A machine whose FMSPC has no floor is rejected. A floor is raised at once, and
        lowered or set for the first time after a delay.
@dev One word per FMSPC and TEE. TDX has one per major version of the TDX module too, which is the second byte of its
     SVNs, because the first byte counts within that version (tdxModuleIdentities in Intel's TCB info).
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import timelock
from interfaces import IDcapVerifier
from snekmate.auth import ownable

uses: ownable
uses: timelock

SGX: constant(uint256) = 0
TDX: constant(uint256) = 129  # 0x81

_SET: constant(uint256) = 1 << 255
_PCE_SVN: constant(uint256) = 128
_SVNS: constant(uint256) = 2**128 - 1
_EVEN_BYTES: constant(bytes16) = 0x00ff00ff00ff00ff00ff00ff00ff00ff
_CARRIES: constant(bytes16) = 0x01000100010001000100010001000100

floors: HashMap[uint256, uint256]  # scope → set 1 · pce svn 16 · component svns 128


# ── Owner ──


@external
def propose_tcb_floor(_floor: IDcapVerifier.TcbFloor) -> uint256:
    """
    @dev See `IDcapVerifier.propose_tcb_floor`.
    """
    ownable._check_owner()
    self._scope(_floor)
    ready_at: uint256 = timelock._propose(self._proposal_digest(_floor))
    log IDcapVerifier.TcbFloorProposed(floor=_floor, ready_at=ready_at)
    return ready_at


@external
def set_tcb_floor(_floor: IDcapVerifier.TcbFloor):
    """
    @dev See `IDcapVerifier.set_tcb_floor`.
    """
    ownable._check_owner()
    old: uint256 = self.floors[self._scope(_floor)]
    if old == 0 or not self._reaches(self._pack(_floor), old):
        timelock._carry_out(self._proposal_digest(_floor))
    self._set(_floor)


# ── Views ──


@external
@view
def tcb_floor(_fmspc: bytes6, _tee: uint8, _module: uint8) -> IDcapVerifier.TcbFloor:
    """
    @dev See `IDcapVerifier.tcb_floor`.
    """
    tee: uint256 = convert(_tee, uint256)
    word: uint256 = self.floors[
        self._scope_key(convert(_fmspc, uint256), tee, convert(_module, uint256))
    ]
    if word == 0:
        errors._revert(dcap_errors.TCB_UNKNOWN)
    return IDcapVerifier.TcbFloor(
        fmspc=_fmspc,
        tee=tee,
        svns=convert(convert(word & _SVNS, uint128), bytes16),
        pce_svn=(word >> _PCE_SVN) & 65535,
    )


# ── Internals ──


@internal
def _set(_floor: IDcapVerifier.TcbFloor):
    self.floors[self._scope(_floor)] = self._pack(_floor)
    log IDcapVerifier.TcbFloorSet(floor=_floor)


@internal
@view
def _check_sgx(_fmspc: uint256, _tcb: uint256):
    self._check(self._scope_key(_fmspc, SGX, 0), _tcb)


@internal
@view
def _check_tdx(_fmspc: uint256, _svns: uint256):
    self._check(self._scope_key(_fmspc, TDX, self._module_of(_svns)), _svns)


@internal
@view
def _check(_key: uint256, _tcb: uint256):
    least: uint256 = self.floors[_key]
    if least == 0:
        errors._revert(dcap_errors.TCB_UNKNOWN)
    if not self._reaches(_tcb, least):
        errors._revert(dcap_errors.TCB_FLOOR)


@internal
@pure
def _reaches(_tcb: uint256, _floor: uint256) -> bool:
    """
    @notice Return True if no version is lower: each byte of the component SVNs, and the PCE's SVN as one number.
    @dev Every second byte is compared at once. A carry bit set above each byte survives the subtraction if that byte
         does not borrow.
    """
    mask: uint256 = convert(_EVEN_BYTES, uint256)
    carries: uint256 = convert(_CARRIES, uint256)
    even: uint256 = ((_tcb & mask) | carries) - (_floor & mask)
    odd: uint256 = (((_tcb >> 8) & mask) | carries) - ((_floor >> 8) & mask)
    return (
        even & odd & carries == carries
        and (_tcb >> _PCE_SVN) & 65535 >= (_floor >> _PCE_SVN) & 65535
    )


@internal
@pure
def _module_of(_svns: uint256) -> uint256:
    return (_svns >> 112) & 255


@internal
@pure
def _scope_key(_fmspc: uint256, _tee: uint256, _module: uint256) -> uint256:
    return _fmspc << 16 | _tee << 8 | _module


@internal
@pure
def _scope(_floor: IDcapVerifier.TcbFloor) -> uint256:
    """
    @notice Return the key of a floor. Reverts unless the floor is well formed.
    """
    if _floor.tee == TDX:
        # A TDX machine needs the SGX floor too, and the PCE's SVN stands in that one.
        if _floor.pce_svn != 0:
            errors._revert(dcap_errors.BAD_FLOOR)
        return self._scope_key(
            convert(_floor.fmspc, uint256), TDX, self._module_of(convert(_floor.svns, uint256))
        )
    if _floor.tee != SGX or _floor.pce_svn >= 2**16:
        errors._revert(dcap_errors.BAD_FLOOR)
    return self._scope_key(convert(_floor.fmspc, uint256), SGX, 0)


@internal
@pure
def _pack(_floor: IDcapVerifier.TcbFloor) -> uint256:
    return _SET | _floor.pce_svn << _PCE_SVN | convert(_floor.svns, uint256)


@internal
@pure
def _proposal_digest(_floor: IDcapVerifier.TcbFloor) -> bytes32:
    return keccak256(abi_encode("tcb floor", _floor))
