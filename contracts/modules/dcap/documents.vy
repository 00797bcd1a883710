# pragma version 0.4.3
"""
@title Intel's documents: TCB info of SGX and TDX, identities of quoting enclaves
@license GNU Affero General Public License v3.0 only
@notice Functions read the whole text of a document, which must be written in Intel's own layout byte for byte, and
        return what a machine or an enclave must reach. Who signed it is checked elsewhere. docs/SPEC.md has the grammar.
@dev A document stands in the calldata. Levels stand in falling order. The last one before the first whose status is not
     accepted gives the floor.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import json

SGX: constant(uint256) = 0
TDX: constant(uint256) = 129  # 0x81

# A number that nothing reaches: of documents without an accepted level.
NO_LEVEL: constant(uint256) = 2**16

# Statuses that a deployment can accept, as bits. Revoked is none of them.
UP_TO_DATE: constant(uint256) = 1
SW_HARDENING: constant(uint256) = 2
CONFIGURATION: constant(uint256) = 4
CONFIGURATION_AND_SW_HARDENING: constant(uint256) = 8
OUT_OF_DATE: constant(uint256) = 16
OUT_OF_DATE_CONFIGURATION: constant(uint256) = 32
STATUSES: constant(uint256) = 2**6 - 1

MAX_MODULES: constant(uint256) = 7
_MAX_LEVELS: constant(uint256) = 64
_MAX_NUMBER: constant(uint256) = 2**16 - 1
_MAX_SVN: constant(uint256) = 2**8 - 1
_COMPONENTS: constant(uint256) = 16

# Words of 32 bytes in which the texts that are not read must end.
_DESCRIPTION_WORDS: constant(uint256) = 4
_ADVISORY_WORDS: constant(uint256) = 64

# Single characters.
_QUOTE: constant(uint256) = 34
_COMMA: constant(uint256) = 44
_ZERO: constant(uint256) = 48
_BRACKET: constant(uint256) = 93  # closing
_BRACE: constant(uint256) = 125  # closing


struct Seam:  # the identity of TDX modules
    signed: uint256  # 24 bytes of keccak256(MRSIGNER), then the 8 bytes of attributes
    mask: uint256  # of the attributes


struct Tcb:
    tee: uint256
    fmspc: uint256
    number: uint256
    issued: uint256
    next_update: uint256
    sgx: uint256  # least PCE SVN · 2**128 + component SVNs
    tdx: uint256  # TDX modules (version 8 · svn 8), the first lowest · 2**128 + component SVNs
    seam: Seam


struct Identity:
    tee: uint256
    number: uint256
    issued: uint256
    next_update: uint256
    mr_signer: bytes32
    attributes: uint256  # mask 128 · value 128
    misc_select: uint256  # mask 32 · value 32
    product: uint256
    min_svn: uint256


# ── Documents ──


@internal
@view
def _read_tcb(_start: uint256, _end: uint256, _accepted: uint256) -> Tcb:
    tcb: Tcb = empty(Tcb)
    id: uint256 = json._word(_start) >> 168
    if id == convert(b'{"id":"TDX"', uint256):
        tcb.tee = TDX
    elif id != convert(b'{"id":"SGX"', uint256):
        errors._revert(dcap_errors.DOCUMENT_ID)

    at: uint256 = json._skip(b',"version":3', _start + 11)
    tcb.issued, tcb.next_update, at = self._dates(at)
    at = json._skip(b',"fmspc":"', at)
    tcb.fmspc = json._hex(12, at)
    at = json._skip(b'","pceId":"0000","tcbType":0', at + 12)
    tcb.number, at = self._evaluation_number(at)
    if tcb.tee == TDX:
        at = json._skip(b',"tdxModule":{', at)
        tcb.seam, at = self._seam(at)
        at = json._skip(b'},"tdxModuleIdentities":[', at)
        tcb.tdx, at = self._modules(tcb.seam, _accepted, at)
    at = json._skip(b',"tcbLevels":[', at)

    tcb.sgx = NO_LEVEL << 128
    accepting: bool = True
    for _: uint256 in range(_MAX_LEVELS):
        sgx: uint256 = 0
        pce_svn: uint256 = 0
        tdx: uint256 = 0
        status: uint256 = 0
        at = json._skip(b'{"tcb":{"sgxtcbcomponents":', at)
        sgx, at = self._components(at)
        at = json._skip(b',"pcesvn":', at)
        pce_svn, at = json._number(_MAX_NUMBER, at)
        if tcb.tee == TDX:
            at = json._skip(b',"tdxtcbcomponents":', at)
            tdx, at = self._components(at)
        status, at = self._end_of_level(at)
        accepting = accepting and status & _accepted != 0
        if accepting:
            tcb.sgx = (pce_svn << 128) | sgx
            tcb.tdx = (tcb.tdx >> 128 << 128) | tdx
        if not json._is(_COMMA, at):
            break
        at += 1
    if json._skip(b"]}", at) != _end:
        json._revert()
    return tcb


@internal
@view
def _read_identity(_start: uint256, _end: uint256, _accepted: uint256) -> Identity:
    identity: Identity = empty(Identity)
    at: uint256 = _start + 10
    id: uint256 = json._word(_start)
    if id >> 152 == convert(b'{"id":"TD_QE"', uint256):
        identity.tee = TDX
        at = _start + 13
    elif id >> 176 != convert(b'{"id":"QE"', uint256):
        errors._revert(dcap_errors.DOCUMENT_ID)

    at = json._skip(b',"version":2', at)
    identity.issued, identity.next_update, at = self._dates(at)
    identity.number, at = self._evaluation_number(at)
    at = json._skip(b',"miscselect":"', at)
    misc_select: uint256 = json._hex(8, at)
    at = json._skip(b'","miscselectMask":"', at + 8)
    misc_select_mask: uint256 = json._hex(8, at)
    at = json._skip(b'","attributes":"', at + 8)
    attributes: uint256 = json._hex(32, at)
    at = json._skip(b'","attributesMask":"', at + 32)
    attributes_mask: uint256 = json._hex(32, at)
    if misc_select & ~misc_select_mask != 0 or attributes & ~attributes_mask != 0:
        json._revert()
    identity.misc_select = (misc_select_mask << 32) | misc_select
    identity.attributes = (attributes_mask << 128) | attributes
    at = json._skip(b'","mrsigner":"', at + 32)
    identity.mr_signer = convert((json._hex(32, at) << 128) | json._hex(32, at + 32), bytes32)
    at = json._skip(b'","isvprodid":', at + 64)
    identity.product, at = json._number(_MAX_NUMBER, at)
    identity.min_svn, at = self._isv_levels(_accepted, at)
    if at != _end:
        json._revert()
    return identity


# ── Parts of a document, and the offset after them ──


@internal
@view
def _dates(_at: uint256) -> (uint256, uint256, uint256):
    at: uint256 = json._skip(b',"issueDate":"', _at)
    issued: uint256 = json._date(at)
    at = json._skip(b'","nextUpdate":"', at + json.DATE)
    next_update: uint256 = json._date(at)
    return issued, next_update, json._skip(b'"', at + json.DATE)


@internal
@view
def _evaluation_number(_at: uint256) -> (uint256, uint256):
    return json._number(_MAX_NUMBER, json._skip(b',"tcbEvaluationDataNumber":', _at))


@internal
@view
def _seam(_at: uint256) -> (Seam, uint256):
    at: uint256 = json._skip(b'"mrsigner":"', _at)
    head: uint256 = (json._hex(32, at) << 128) | json._hex(32, at + 32)
    tail: uint256 = json._hex(32, at + 64)
    digest: bytes32 = keccak256(
        concat(convert(head, bytes32), convert(convert(tail, uint128), bytes16))
    )
    at = json._skip(b'","attributes":"', at + 96)
    attributes: uint256 = json._hex(16, at)
    at = json._skip(b'","attributesMask":"', at + 16)
    mask: uint256 = json._hex(16, at)
    if attributes & ~mask != 0:
        json._revert()
    signed: uint256 = (convert(digest, uint256) >> 64 << 64) | attributes
    return Seam(signed=signed, mask=mask), json._skip(b'"', at + 16)


@internal
@view
def _modules(_seam: Seam, _accepted: uint256, _at: uint256) -> (uint256, uint256):
    """
    @notice Return the TDX modules that have an accepted level, in the upper half of a word. Reverts unless all have
            this identity.
    """
    at: uint256 = _at
    modules: uint256 = 0
    size: uint256 = 128
    for _: uint256 in range(MAX_MODULES):
        at = json._skip(b'{"id":"TDX_', at)
        version: uint256 = json._hex(2, at)
        at = json._skip(b'",', at + 2)
        seam: Seam = empty(Seam)
        svn: uint256 = 0
        seam, at = self._seam(at)
        if seam.signed != _seam.signed or seam.mask != _seam.mask:
            json._revert()
        svn, at = self._isv_levels(_accepted, at)
        # The SVN of a module is a byte. Of version 0 the components alone are judged.
        if svn <= _MAX_SVN and version != 0:
            modules |= ((version << 8) | svn) << size
            size += 16
        if not json._is(_COMMA, at):
            break
        at += 1
    return modules, json._skip(b"]", at)


@internal
@view
def _isv_levels(_accepted: uint256, _at: uint256) -> (uint256, uint256):
    """
    @notice Return the least SVN that the levels of an enclave or a module accept, or NO_LEVEL. The levels are the
            last part of their object.
    """
    at: uint256 = json._skip(b',"tcbLevels":[', _at)
    least: uint256 = NO_LEVEL
    accepting: bool = True
    for _: uint256 in range(_MAX_LEVELS):
        svn: uint256 = 0
        status: uint256 = 0
        at = json._skip(b'{"tcb":{"isvsvn":', at)
        svn, at = json._number(_MAX_NUMBER, at)
        status, at = self._end_of_level(at)
        accepting = accepting and status & _accepted != 0
        if accepting:
            least = svn
        if not json._is(_COMMA, at):
            break
        at += 1
    return least, json._skip(b"]}", at)


@internal
@view
def _components(_at: uint256) -> (uint256, uint256):
    """
    @notice Return the SVNs of a list of 16 components, the first one highest. What a component is called is not read.
    """
    at: uint256 = _at
    svns: uint256 = 0
    left: uint256 = _COMPONENTS
    # Each component begins with the bracket or comma before it.
    begin: uint256 = convert(b'[{"svn":', uint256)
    for _: uint256 in range(_COMPONENTS):
        word: uint256 = json._word(at)
        if left >= 3 and word >> 16 == convert(b',{"svn":0},{"svn":0},{"svn":0}', uint256):
            svns = svns << 24
            at += 30
            left -= 3
        else:
            if word >> 192 != begin:
                json._revert()
            svn: uint256 = unsafe_sub((word >> 184) & 255, _ZERO)
            next: uint256 = (word >> 176) & 255
            if svn <= 9 and next == _BRACE:
                at += 10
            elif svn <= 9 and next == _COMMA:
                at = self._end_of_component(at + 9)
            else:
                svn, at = json._number(_MAX_SVN, at + 8)
                at = self._end_of_component(at)
            svns = (svns << 8) | svn
            left -= 1
        if left == 0:
            break
        begin = convert(b',{"svn":', uint256)
    return svns, json._skip(b"]", at)


@internal
@view
def _end_of_component(_at: uint256) -> uint256:
    word: uint256 = json._word(_at)
    if word >> 248 == _BRACE:
        return _at + 1
    if word >> 152 != convert(b',"category":"', uint256):
        json._revert()
    text: uint256 = _at + 13
    end: uint256 = json._find(_BRACE, _DESCRIPTION_WORDS, text)
    if end == text or not json._is(_QUOTE, end - 1):
        json._revert()
    return end + 1


@internal
@view
def _end_of_level(_at: uint256) -> (uint256, uint256):
    """
    @notice Return the status of a level as a bit, zero for Revoked. Date and advisories are not read.
    """
    at: uint256 = json._skip(b'},"tcbDate":"', _at)
    at = json._skip(b'","tcbStatus":"', at + json.DATE)
    status: uint256 = 0
    status, at = self._status(at)
    if json._is(_COMMA, at):
        at = json._skip(b',"advisoryIDs":[', at)
        at = json._find(_BRACKET, _ADVISORY_WORDS, at) + 1
    return status, json._skip(b"}", at)


@internal
@view
def _status(_at: uint256) -> (uint256, uint256):
    word: uint256 = json._word(_at)
    if word >> 184 == convert(b'UpToDate"', uint256):
        return UP_TO_DATE, _at + 9
    if word >> 176 == convert(b'OutOfDate"', uint256):
        return OUT_OF_DATE, _at + 10
    if word >> 112 == convert(b'SWHardeningNeeded"', uint256):
        return SW_HARDENING, _at + 18
    if word >> 96 == convert(b'ConfigurationNeeded"', uint256):
        return CONFIGURATION, _at + 20
    if word >> 24 == convert(b'OutOfDateConfigurationNeeded"', uint256):
        return OUT_OF_DATE_CONFIGURATION, _at + 29
    if word == convert(b"ConfigurationAndSWHardeningNeede", uint256):
        return CONFIGURATION_AND_SW_HARDENING, json._skip(b'd"', _at + 32)
    return 0, json._skip(b'Revoked"', _at)
