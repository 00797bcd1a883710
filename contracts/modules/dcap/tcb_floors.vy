# pragma version 0.4.3
"""
@title TCB floors: what a machine must reach, derived from Intel's TCB info
@license GNU Affero General Public License v3.0 only
@notice raise_floor, raise_module. A floor belongs to a TEE and an FMSPC, because Intel's SGX and TDX documents of one
        FMSPC differ. What the owner raised is kept apart, and added to each document that comes.
@dev One word per SGX document and two per TDX document. Floors are kept as they hold, so that a quote costs no more
     reads because of what was raised.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import documents
from contracts.modules.dcap import evaluations
from interfaces import ITcbPolicy
from snekmate.auth import ownable

uses: ownable
uses: evaluations

# keccak256 of 48 zero bytes, its first 24 bytes, and no attributes: Intel's own identity of TDX modules.
_INTEL_SEAM: constant(
    uint256
) = 91142623409144577718047873027770562000816572922835538479604960891618170241024
_INTEL_SEAM_MASK: constant(uint256) = 2**64 - 1

_OTHER_SEAM: constant(uint256) = 1 << 159
_PCE_SVN: constant(uint256) = 128
_MAX_PCE_SVN: constant(uint256) = 2**17 - 1  # with NO_LEVEL
_SVNS: constant(uint256) = 2**128 - 1
_SVNS_OF_MODULES: constant(uint256) = 2**112 - 1  # without the first two
_EVEN_BYTES: constant(bytes16) = 0x00ff00ff00ff00ff00ff00ff00ff00ff
_CARRIES: constant(bytes16) = 0x01000100010001000100010001000100

# How a machine compares with a floor.
_MET: constant(uint256) = 0
_BELOW: constant(uint256) = 1
_OTHER_MODULE: constant(uint256) = 2
_STALE: constant(uint256) = 3
_UNKNOWN: constant(uint256) = 4


struct Floor:
    sgx: uint256  # stamp 96 · other identity of modules 1 · pce svn 17 · component svns 128
    tdx: uint256  # modules (version 8 · svn 8), the first lowest, 112 · component svns 128
    seam: documents.Seam  # identity of modules; unset where it is Intel's own


struct Raised:
    sgx: uint256  # pce svn · component svns
    tdx: uint256  # modules · component svns


# TEE 8 · FMSPC 48 -> by rising number
floors: HashMap[uint256, Floor[2]]

# TEE 8 · FMSPC 48 -> what the owner raised
raised: HashMap[uint256, Raised]


# ── Owner ──


@external
def raise_floor(
    _tee: uint256, _fmspc: bytes6, _svns: bytes16, _pce_svn: uint256, _tdx_svns: bytes16
):
    """
    @dev See `ITcbPolicy.raise_floor`.
    """
    ownable._check_owner()
    is_tdx: bool = _tee == documents.TDX
    if (
        not is_tdx and (_tee != documents.SGX or _tdx_svns != empty(bytes16))
    ) or _pce_svn >= 2**16:
        errors._revert(dcap_errors.BAD_FLOOR)
    self._raise(
        self._key(_tee, convert(_fmspc, uint256)),
        (_pce_svn << _PCE_SVN) | convert(_svns, uint256),
        convert(_tdx_svns, uint256),
    )
    log ITcbPolicy.FloorRaised(
        tee=_tee, fmspc=_fmspc, svns=_svns, pce_svn=_pce_svn, tdx_svns=_tdx_svns
    )


@external
def raise_module(_fmspc: bytes6, _version: uint256, _svn: uint256):
    """
    @dev See `ITcbPolicy.raise_module`.
    """
    ownable._check_owner()
    if _version == 0 or _version >= 2**8 or _svn >= 2**8:
        errors._revert(dcap_errors.BAD_FLOOR)
    key: uint256 = self._key(documents.TDX, convert(_fmspc, uint256))
    module: uint256 = (_version << 8) | _svn
    modules: uint256 = self.raised[key].tdx
    if self._module_svn(modules, _version) == documents.NO_LEVEL:
        if modules >> (128 + 16 * (documents.MAX_MODULES - 1)) != 0:
            errors._revert(dcap_errors.BAD_FLOOR)
        # The new module comes first: their order means nothing here.
        self.raised[key].tdx = (((modules >> 128 << 16) | module) << 128) | (modules & _SVNS)
    self._raise(key, 0, module << 128)
    log ITcbPolicy.ModuleRaised(fmspc=_fmspc, version=_version, svn=_svn)


# ── Views ──


@external
@view
def kept_floors(_tee: uint256, _fmspc: bytes6) -> DynArray[ITcbPolicy.TcbFloor, 2]:
    """
    @dev See `ITcbPolicy.kept_floors`.
    """
    kept: DynArray[ITcbPolicy.TcbFloor, 2] = []
    least: uint256 = evaluations._least_tcb(evaluations.least)
    if _tee != documents.SGX and _tee != documents.TDX:
        return kept
    for entry: Floor in self.floors[self._key(_tee, convert(_fmspc, uint256))]:
        if entry.sgx == 0:
            break
        pce_svn: uint256 = (entry.sgx >> _PCE_SVN) & _MAX_PCE_SVN
        modules: DynArray[ITcbPolicy.Module, documents.MAX_MODULES] = []
        for i: uint256 in range(documents.MAX_MODULES):
            module: uint256 = (entry.tdx >> (128 + 16 * i)) & 65535
            if module == 0:
                break
            modules.append(ITcbPolicy.Module(version=module >> 8, svn=module & 255))
        kept.append(
            ITcbPolicy.TcbFloor(
                number=evaluations._number(entry.sgx),
                issued=evaluations._issued(entry.sgx),
                next_update=evaluations._next_update(entry.sgx),
                live=evaluations._is_live(entry.sgx, least),
                accepted=pce_svn < documents.NO_LEVEL,
                svns=convert(convert(entry.sgx & _SVNS, uint128), bytes16),
                pce_svn=pce_svn,
                tdx_svns=convert(convert(entry.tdx & _SVNS, uint128), bytes16),
                modules=modules,
            )
        )
    return kept


# ── Internals ──


@internal
def _keep(_tcb: documents.Tcb):
    """
    @notice Keep the floor that a signed document gives, beside or instead of those that are kept.
    """
    key: uint256 = self._key(_tcb.tee, _tcb.fmspc)
    new: Floor = Floor(
        sgx=evaluations._stamp(_tcb.number, _tcb.issued, _tcb.next_update) | _tcb.sgx,
        tdx=_tcb.tdx,
        seam=_tcb.seam,
    )
    new = self._raised(new, self.raised[key])
    if _tcb.tee == documents.TDX and (
        _tcb.seam.signed != _INTEL_SEAM or _tcb.seam.mask != _INTEL_SEAM_MASK
    ):
        new.sgx |= _OTHER_SEAM

    first: uint256 = 0
    second: uint256 = 0
    first, second = evaluations._choose(
        self.floors[key][0].sgx,
        self.floors[key][1].sgx,
        new.sgx,
        evaluations._least_tcb(evaluations.least),
    )
    # Only one of the two places gets what stood in the other one.
    if second == evaluations.FIRST:
        self._store(key, 1, self.floors[key][0])
    if first == evaluations.SECOND:
        self._store(key, 0, self.floors[key][1])
    if first == evaluations.NEW:
        self._store(key, 0, new)
    if second == evaluations.NEW:
        self._store(key, 1, new)
    if second == evaluations.NOTHING:
        self.floors[key][1].sgx = 0


@internal
def _store(_key: uint256, _place: uint256, _floor: Floor):
    self.floors[_key][_place].sgx = _floor.sgx
    if _key >> 48 == documents.TDX:
        self.floors[_key][_place].tdx = _floor.tdx
    if _floor.sgx & _OTHER_SEAM != 0:
        self.floors[_key][_place].seam = _floor.seam


@internal
def _raise(_key: uint256, _sgx: uint256, _tdx: uint256):
    """
    @notice Raise what is kept, and remember it for what will come.
    """
    raised: Raised = self.raised[_key]
    raised.sgx = self._highest(raised.sgx, _sgx)
    raised.tdx = self._highest_of_modules(raised.tdx, _tdx)
    self.raised[_key] = raised
    for i: uint256 in range(2):
        if self.floors[_key][i].sgx != 0:
            self._store(_key, i, self._raised(self.floors[_key][i], raised))


@internal
@pure
def _raised(_floor: Floor, _raised: Raised) -> Floor:
    entry: Floor = _floor
    if _raised.sgx != 0:
        entry.sgx = self._highest(entry.sgx, _raised.sgx)
    if _raised.tdx != 0:
        entry.tdx = self._highest_of_modules(entry.tdx, _raised.tdx)
    return entry


@internal
@view
def _check(_quoted: ITcbPolicy.Quoted, _least: uint256):
    """
    @notice Revert unless a machine meets a floor that is live. The reason is that of the last one that is.
    """
    key: uint256 = self._key(_quoted.tee, _quoted.fmspc)
    verdict: uint256 = _UNKNOWN
    for i: uint256 in range(2):
        sgx: uint256 = self.floors[key][i].sgx
        if sgx == 0:
            break
        if evaluations._is_live(sgx, _least):
            verdict = self._judge(_quoted, key, i, sgx)
            if verdict == _MET:
                return
        elif verdict == _UNKNOWN:
            verdict = _STALE
    if verdict == _UNKNOWN:
        errors._revert(dcap_errors.TCB_UNKNOWN)
    if verdict == _STALE:
        errors._revert(dcap_errors.TCB_STALE)
    if verdict == _OTHER_MODULE:
        errors._revert(dcap_errors.TDX_MODULE)
    errors._revert(dcap_errors.TCB_FLOOR)


@internal
@view
def _judge(_quoted: ITcbPolicy.Quoted, _key: uint256, _place: uint256, _sgx: uint256) -> uint256:
    verdict: uint256 = _MET if self._reaches(_quoted.tcb, _sgx) else _BELOW
    if _quoted.tee == documents.SGX:
        return verdict

    seam: documents.Seam = documents.Seam(signed=_INTEL_SEAM, mask=_INTEL_SEAM_MASK)
    if _sgx & _OTHER_SEAM != 0:
        seam = self.floors[_key][_place].seam
    if _quoted.seam & (~_INTEL_SEAM_MASK | seam.mask) != seam.signed:
        return _OTHER_MODULE
    tdx: uint256 = self.floors[_key][_place].tdx
    for i: uint256 in range(2):
        svns: uint256 = _quoted.tdx_svns[i]
        if i == 1 and svns == _quoted.tdx_svns[0]:
            break  # the same module as at launch
        least: uint256 = tdx & _SVNS
        version: uint256 = (svns >> 112) & 255
        if version != 0:
            # The first two count within the version, and are judged as the module's SVN.
            least &= _SVNS_OF_MODULES
            svn: uint256 = self._module_svn(tdx, version)
            if svn == documents.NO_LEVEL:
                return _OTHER_MODULE
            if svns >> 120 < svn:
                verdict = _BELOW
        if not self._reaches(svns, least):
            verdict = _BELOW
    return verdict


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
        and (_tcb >> _PCE_SVN) & _MAX_PCE_SVN >= (_floor >> _PCE_SVN) & _MAX_PCE_SVN
    )


@internal
@pure
def _highest(_floor: uint256, _other: uint256) -> uint256:
    """
    @notice Return a word of a floor with each version as high as in the other word at least.
    """
    pce_svn: uint256 = max((_floor >> _PCE_SVN) & _MAX_PCE_SVN, (_other >> _PCE_SVN) & _MAX_PCE_SVN)
    highest: uint256 = (_floor >> 145 << 145) | (pce_svn << _PCE_SVN)
    for i: uint256 in range(16):
        highest |= max((_floor >> (8 * i)) & 255, (_other >> (8 * i)) & 255) << (8 * i)
    return highest


@internal
@pure
def _highest_of_modules(_floor: uint256, _other: uint256) -> uint256:
    """
    @notice As `_highest`, for the word of a TDX floor. Modules that the floor does not have are not added.
    """
    highest: uint256 = self._highest(_floor & _SVNS, _other & _SVNS)
    for i: uint256 in range(documents.MAX_MODULES):
        module: uint256 = (_floor >> (128 + 16 * i)) & 65535
        svn: uint256 = self._module_svn(_other, module >> 8)
        if svn != documents.NO_LEVEL:
            module = max(module, (module >> 8 << 8) | svn)
        highest |= module << (128 + 16 * i)
    return highest


@internal
@pure
def _module_svn(_tdx: uint256, _version: uint256) -> uint256:
    """
    @notice Return the least SVN of the first module of this version, or NO_LEVEL.
    """
    modules: uint256 = _tdx >> 128
    for _: uint256 in range(documents.MAX_MODULES):
        if modules == 0:
            break
        if (modules >> 8) & 255 == _version:
            return modules & 255
        modules = modules >> 16
    return documents.NO_LEVEL


@internal
@pure
def _key(_tee: uint256, _fmspc: uint256) -> uint256:
    return (_tee << 48) | _fmspc
