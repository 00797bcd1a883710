# pragma version 0.4.3
"""
@title Intel's certificate revocation lists (CRL), applied in pieces
@license GNU Affero General Public License v3.0 only
@notice add_crl. A list is its to-be-signed part as DER, followed by the 64 bytes r ‖ s of its signature.
@dev A list only ever adds revocations. Only a list that is wholly in counts as its authority's list.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import certificates
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import der
from contracts.modules.dcap import p256
from interfaces import IDcapVerifier

uses: certificates

MAX_CRL: constant(uint256) = 65_536
MAX_ENTRIES: constant(uint256) = 2_048

VERSION_2: constant(bytes15) = 0x020101300a06082a8648ce3d040302  # and ecdsa-with-SHA256
EXTENSIONS_TAG: constant(bytes1) = 0xa0

_OFFSET: constant(uint256) = 2**32 - 1

GRACE: immutable(uint256)  # seconds

# keccak256(authority's id ‖ sha256 of the list) -> entries that are in 32 · offset of the next one 32
progress: HashMap[bytes32, uint256]


@deploy
def __init__(_grace: uint256):
    GRACE = _grace


@external
def add_crl(_authority: IDcapVerifier.Authority, _crl: Bytes[MAX_CRL], _count: uint256) -> uint256:
    """
    @dev See `IDcapVerifier.add_crl`.
    """
    of_root: bool = _authority.id == empty(bytes32)
    key: bytes32[2] = certificates._root_key()
    if not of_root:
        certificates._check_authority(_authority)
        key = _authority.key

    if len(_crl) <= 64:
        der._revert()
    size: uint256 = len(_crl) - 64
    digest: bytes32 = sha256(slice(_crl, 0, size))
    signature: bytes32[2] = [extract32(_crl, size), extract32(_crl, size + 32)]
    if not p256._is_valid(digest, signature, key):
        errors._revert(dcap_errors.CRL_SIGNATURE)

    at: uint256 = 0
    end: uint256 = 0
    at, end = der._open(extract32(_crl, 0), der.SEQUENCE, 0, size)
    if end != size:
        der._revert()
    if extract32(_crl, at, output_type=uint256) >> 136 != convert(VERSION_2, uint256):
        der._revert()
    at += 15
    issuer: uint256 = at
    at = der._open(extract32(_crl, at), der.SEQUENCE, at, size)[1]
    if not of_root:
        if keccak256(slice(_crl, issuer, at - issuer)) != _authority.subject:
            errors._revert(dcap_errors.CRL_ISSUER)
    this_update: uint256 = der._utc_time(extract32(_crl, at))
    next_update: uint256 = der._utc_time(extract32(_crl, at + 15))
    at += 30
    if at > size:
        der._revert()
    if this_update > block.timestamp:
        errors._revert(dcap_errors.CRL_NOT_YET_VALID)
    if this_update < certificates._this_update(certificates.lists[_authority.id]):
        errors._revert(dcap_errors.CRL_SUPERSEDED)
    # A list without entries leaves the sequence of entries out. Extensions follow; every list of Intel's has some.
    end = at
    if extract32(_crl, at, output_type=uint256) >> 248 == convert(der.SEQUENCE, uint256):
        at, end = der._open(extract32(_crl, at), der.SEQUENCE, at, size)
    if der._open(extract32(_crl, end), EXTENSIONS_TAG, end, size)[1] != size:
        der._revert()

    list: bytes32 = self._progress_key(_authority.id, digest)
    before: uint256 = self.progress[list]
    if before != 0:
        at = before & _OFFSET
    revoked: uint256 = 0
    done: uint256 = before >> 32
    for i: uint256 in range(MAX_ENTRIES):
        if at == end or i == _count:
            break
        entry: uint256 = 0
        entry, at = der._open(extract32(_crl, at), der.SEQUENCE, at, end)
        serial: uint256 = der._integer(extract32(_crl, entry), entry, at)[0]
        if certificates._revoke(key, serial, of_root):
            revoked += 1
        done += 1
    if at == end:
        if before != 0:
            self.progress[list] = 0
        certificates.lists[_authority.id] = certificates._list(this_update, next_update)
        log IDcapVerifier.CrlApplied(authority=_authority.id, this_update=this_update)
    else:
        self.progress[list] = (done << 32) | at
    return revoked


# ── Views ──


@external
@view
def crl_updated(_authority: bytes32) -> uint256:
    """
    @dev See `IDcapVerifier.crl_updated`.
    """
    return certificates._this_update(certificates.lists[_authority])


@external
@view
def crl_next_update(_authority: bytes32) -> uint256:
    """
    @dev See `IDcapVerifier.crl_next_update`.
    """
    return certificates._next_update(certificates.lists[_authority])


@external
@view
def crl_progress(_authority: bytes32, _digest: bytes32) -> uint256:
    """
    @dev See `IDcapVerifier.crl_progress`.
    """
    return self.progress[self._progress_key(_authority, _digest)] >> 32


# ── Internals ──


@internal
@pure
def _progress_key(_authority: bytes32, _digest: bytes32) -> bytes32:
    return keccak256(concat(_authority, _digest))


@internal
@view
def _check_current(_authority: bytes32):
    """
    @notice Revert unless a list of the authority (zero: the root) is wholly in and is not stale.
    """
    next_update: uint256 = certificates._next_update(certificates.lists[_authority])
    # Zero is no list, however long the grace.
    if next_update == 0 or block.timestamp > next_update + GRACE:
        errors._revert(dcap_errors.CRL_STALE)
