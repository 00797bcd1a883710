# pragma version 0.4.3
"""
@title The lowest TCB that is trusted, per kind of machine
@license GNU Affero General Public License v3.0 only
@notice A machine's FMSPC without a floor is refused. Raised at once, lowered (or set for the first time) after a delay.
@dev One word per FMSPC and TEE; for TDX also per major version of the TDX module, the second byte of its SVNs, because
     the first byte counts within it (Intel's TCB info keeps them apart as tdxModuleIdentities).
"""

from contracts.modules.dcap import dcap_errors as errors
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
    ownable._check_owner()
    self._scope(_floor)
    ready_at: uint256 = timelock._propose(self._proposal(_floor))
    log IDcapVerifier.TcbFloorProposed(floor=_floor, ready_at=ready_at)
    return ready_at


@external
def set_tcb_floor(_floor: IDcapVerifier.TcbFloor):
    ownable._check_owner()
    old: uint256 = self.floors[self._scope(_floor)]
    if old == 0 or not self._reaches(self._word(_floor), old):
        timelock._carry_out(self._proposal(_floor))
    self._set(_floor)


# ── Views ──


@external
@view
def tcb_floor(_fmspc: bytes6, _tee: uint8, _module: uint8) -> IDcapVerifier.TcbFloor:
    tee: uint256 = convert(_tee, uint256)
    word: uint256 = self.floors[self._key(convert(_fmspc, uint256), tee, convert(_module, uint256))]
    errors._require(word != 0, errors.TCB_UNKNOWN)
    return IDcapVerifier.TcbFloor(
        fmspc=_fmspc,
        tee=tee,
        svns=convert(convert(word & _SVNS, uint128), bytes16),
        pce_svn=(word >> _PCE_SVN) & 65535,
    )


# ── Internals ──


@internal
def _set(_floor: IDcapVerifier.TcbFloor):
    self.floors[self._scope(_floor)] = self._word(_floor)
    log IDcapVerifier.TcbFloorSet(floor=_floor)


@internal
@view
def _check_sgx(_fmspc: uint256, _tcb: uint256):
    self._check(self._key(_fmspc, SGX, 0), _tcb)


@internal
@view
def _check_tdx(_fmspc: uint256, _svns: uint256):
    self._check(self._key(_fmspc, TDX, self._module(_svns)), _svns)


@internal
@view
def _check(_key: uint256, _tcb: uint256):
    least: uint256 = self.floors[_key]
    errors._require(least != 0, errors.TCB_UNKNOWN)
    errors._require(self._reaches(_tcb, least), errors.TCB_FLOOR)


@internal
@pure
def _reaches(_tcb: uint256, _floor: uint256) -> bool:
    """
    @notice Whether no version is lower: each byte of the component SVNs, and the PCE's as one number.
    @dev Bytes are compared two bytes apart: a carry set above each survives the subtraction if it did not borrow.
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
def _module(_svns: uint256) -> uint256:
    return (_svns >> 112) & 255


@internal
@pure
def _key(_fmspc: uint256, _tee: uint256, _module: uint256) -> uint256:
    return _fmspc << 16 | _tee << 8 | _module


@internal
@pure
def _scope(_floor: IDcapVerifier.TcbFloor) -> uint256:
    """
    @notice The key of a floor that is well formed.
    """
    if _floor.tee == TDX:
        errors._require(
            _floor.pce_svn == 0, errors.BAD_FLOOR
        )  # in the SGX floor, which TDX needs too
        return self._key(
            convert(_floor.fmspc, uint256), TDX, self._module(convert(_floor.svns, uint256))
        )
    errors._require(_floor.tee == SGX and _floor.pce_svn < 2**16, errors.BAD_FLOOR)
    return self._key(convert(_floor.fmspc, uint256), SGX, 0)


@internal
@pure
def _word(_floor: IDcapVerifier.TcbFloor) -> uint256:
    return _SET | _floor.pce_svn << _PCE_SVN | convert(_floor.svns, uint256)


@internal
@pure
def _proposal(_floor: IDcapVerifier.TcbFloor) -> bytes32:
    return keccak256(abi_encode("tcb floor", _floor))
