# pragma version 0.4.3
"""
@title The quoting enclaves that are trusted, from their identities as Intel signs them
@license GNU Affero General Public License v3.0 only
@notice raise_qe_svn. A TEE has the identities of at most two evaluation numbers.
@dev Four words per identity, of which a quote reads two. The SVN is kept as it holds, with what the owner raised.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import documents
from contracts.modules.dcap import evaluations
from interfaces import ITcbPolicy
from snekmate.auth import ownable

uses: ownable
uses: evaluations

_DEBUG: constant(uint256) = 2 << 120  # bit 1 of the first of 16 bytes of attributes
_MISC_SELECT: constant(uint256) = 64
_PRODUCT: constant(uint256) = 32

# How a quoting enclave compares with an identity.
_MET: constant(uint256) = 0
_BELOW: constant(uint256) = 1
_OTHER: constant(uint256) = 2
_STALE: constant(uint256) = 3
_UNKNOWN: constant(uint256) = 4


struct Identity:
    versions: uint256  # stamp 96 · 32 free · miscselect's mask 32 · value 32 · product 32 · least svn 32
    judged: uint256  # mask of the attributes 128 · `_seal` of signer and attributes 128
    mr_signer: bytes32
    attributes: uint256  # mask 128 · value 128


# TEE -> by rising number
identities: HashMap[uint256, Identity[2]]

# TEE -> the least SVN to which the owner raised it
raised: HashMap[uint256, uint256]


# ── Owner ──


@external
def raise_qe_svn(_tee: uint256, _svn: uint256):
    """
    @dev See `ITcbPolicy.raise_qe_svn`.
    """
    ownable._check_owner()
    if (_tee != documents.SGX and _tee != documents.TDX) or _svn >= 2**16:
        errors._revert(dcap_errors.BAD_FLOOR)
    svn: uint256 = max(_svn, self.raised[_tee])
    self.raised[_tee] = svn
    for i: uint256 in range(2):
        if self.identities[_tee][i].versions != 0:
            self.identities[_tee][i].versions = self._raised(self.identities[_tee][i].versions, svn)
    log ITcbPolicy.QeSvnRaised(tee=_tee, svn=svn)


# ── Views ──


@external
@view
def kept_identities(_tee: uint256) -> DynArray[ITcbPolicy.QeIdentity, 2]:
    """
    @dev See `ITcbPolicy.kept_identities`.
    """
    kept: DynArray[ITcbPolicy.QeIdentity, 2] = []
    least: uint256 = evaluations._least_identity(evaluations.least)
    for identity: Identity in self.identities[_tee]:
        versions: uint256 = identity.versions
        if versions == 0:
            break
        misc_select: uint256 = versions >> _MISC_SELECT
        kept.append(
            ITcbPolicy.QeIdentity(
                number=evaluations._number(versions),
                issued=evaluations._issued(versions),
                next_update=evaluations._next_update(versions),
                live=evaluations._is_live(versions, least),
                accepted=versions & (2**32 - 1) < documents.NO_LEVEL,
                mr_signer=identity.mr_signer,
                product=(versions >> _PRODUCT) & (2**32 - 1),
                min_svn=versions & (2**32 - 1),
                attributes=convert(convert(identity.attributes & (2**128 - 1), uint128), bytes16),
                attributes_mask=convert(convert(identity.attributes >> 128, uint128), bytes16),
                misc_select=convert(convert(misc_select & (2**32 - 1), uint32), bytes4),
                misc_select_mask=convert(
                    convert((misc_select >> 32) & (2**32 - 1), uint32), bytes4
                ),
            )
        )
    return kept


# ── Internals ──


@internal
def _keep(_identity: documents.Identity):
    """
    @notice Keep a signed identity, beside or instead of those that are kept.
    """
    tee: uint256 = _identity.tee
    versions: uint256 = (
        evaluations._stamp(_identity.number, _identity.issued, _identity.next_update)
        | (_identity.misc_select << _MISC_SELECT)
        | (_identity.product << _PRODUCT)
        | _identity.min_svn
    )
    new: Identity = Identity(
        versions=self._raised(versions, self.raised[tee]),
        judged=(_identity.attributes >> 128 << 128)
        | self._seal(_identity.mr_signer, _identity.attributes & (2**128 - 1)),
        mr_signer=_identity.mr_signer,
        attributes=_identity.attributes,
    )
    first: uint256 = 0
    second: uint256 = 0
    first, second = evaluations._choose(
        self.identities[tee][0].versions,
        self.identities[tee][1].versions,
        new.versions,
        evaluations._least_identity(evaluations.least),
    )
    # Only one of the two places gets what stood in the other one.
    if second == evaluations.FIRST:
        self.identities[tee][1] = self.identities[tee][0]
    if first == evaluations.SECOND:
        self.identities[tee][0] = self.identities[tee][1]
    if first == evaluations.NEW:
        self.identities[tee][0] = new
    if second == evaluations.NEW:
        self.identities[tee][1] = new
    if second == evaluations.NOTHING:
        self.identities[tee][1].versions = 0


@internal
@view
def _check(_tee: uint256, _report: uint256[12], _least: uint256):
    """
    @notice Revert unless the report (384 bytes, integers little-endian) is that of a quoting enclave that meets an
            identity that is live, and is not debugged. The reason is that of the last identity that is live.
    """
    if _report[1] & _DEBUG != 0:
        errors._revert(dcap_errors.QE_DEBUG)
    verdict: uint256 = _UNKNOWN
    for i: uint256 in range(2):
        versions: uint256 = self.identities[_tee][i].versions
        if versions == 0:
            break
        if evaluations._is_live(versions, _least):
            verdict = self._judge(_tee, i, versions, _report)
            if verdict == _MET:
                return
        elif verdict == _UNKNOWN:
            verdict = _STALE
    if verdict == _UNKNOWN:
        errors._revert(dcap_errors.QE_UNKNOWN)
    if verdict == _STALE:
        errors._revert(dcap_errors.QE_STALE)
    if verdict == _OTHER:
        errors._revert(dcap_errors.QE_IDENTITY)
    errors._revert(dcap_errors.QE_SVN)


@internal
@view
def _judge(_tee: uint256, _place: uint256, _versions: uint256, _report: uint256[12]) -> uint256:
    numbers: uint256 = _report[8]
    product: uint256 = (numbers >> 248) | ((numbers >> 232) & 65280)
    svn: uint256 = ((numbers >> 232) & 255) | ((numbers >> 216) & 65280)
    judged: uint256 = self.identities[_tee][_place].judged
    seal: uint256 = self._seal(convert(_report[4], bytes32), _report[1] & (judged >> 128))
    if (
        seal != judged & (2**128 - 1)
        or product != (_versions >> _PRODUCT) & (2**32 - 1)
        or not self._fits(
            (_report[0] >> 96) & (2**32 - 1), (_versions >> _MISC_SELECT) & (2**64 - 1), 32
        )
    ):
        return _OTHER
    return _MET if svn >= _versions & (2**32 - 1) else _BELOW


@internal
@pure
def _seal(_mr_signer: bytes32, _attributes: uint256) -> uint256:
    """
    @notice Return 128 bits of the digest of a signer and of the attributes where their mask is set. To find another
            signer with the same ones takes 2**128 tries.
    """
    return convert(keccak256(concat(_mr_signer, convert(_attributes, bytes32))), uint256) >> 128


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
def _raised(_versions: uint256, _svn: uint256) -> uint256:
    return (_versions >> 32 << 32) | max(_versions & (2**32 - 1), _svn)
