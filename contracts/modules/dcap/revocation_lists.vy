# pragma version 0.4.3
"""
@title Intel's certificate revocation lists (CRL), applied in batches
@license GNU Affero General Public License v3.0 only
@notice add_crl. A list is its to-be-signed part as DER, followed by the 64 bytes r ‖ s of its signature.
@dev A list only ever adds revocations. So the only harm of an old list, or of a batch left out, is what is not added.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import certificates
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import der
from contracts.modules.dcap import p256
from interfaces import IDcapVerifier

uses: certificates

MAX_CRL: constant(uint256) = 32_768
MAX_ENTRIES: constant(uint256) = 1_024

VERSION_2: constant(bytes15) = 0x020101300a06082a8648ce3d040302  # and ecdsa-with-SHA256
EXTENSIONS_TAG: constant(bytes1) = 0xa0

# keccak256(X ‖ Y) of the issuer -> thisUpdate of its newest list that was applied
update_times: HashMap[bytes32, uint256]


@external
def add_crl(
    _authority: IDcapVerifier.Authority,
    _crl: Bytes[MAX_CRL],
    _first: uint256,
    _count: uint256,
) -> uint256:
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
    der._utc_time(extract32(_crl, at + 15))  # nextUpdate
    at += 30
    if at > size:
        der._revert()
    self._advance(keccak256(concat(key[0], key[1])), this_update)

    # A list without entries leaves the sequence of entries out. Extensions follow; every list of Intel's has some.
    end = at
    if extract32(_crl, at, output_type=uint256) >> 248 == convert(der.SEQUENCE, uint256):
        at, end = der._open(extract32(_crl, at), der.SEQUENCE, at, size)
    if der._open(extract32(_crl, end), EXTENSIONS_TAG, end, size)[1] != size:
        der._revert()

    revoked: uint256 = 0
    for i: uint256 in range(MAX_ENTRIES):
        if at == end or (i >= _first and i - _first == _count):
            break
        entry: uint256 = 0
        entry, at = der._open(extract32(_crl, at), der.SEQUENCE, at, end)
        if i >= _first:
            serial: uint256 = der._integer(extract32(_crl, entry), entry, at)[0]
            if certificates._revoke(key, serial):
                revoked += 1
    return revoked


# ── Views ──


@external
@view
def crl_updated(_issuer: bytes32) -> uint256:
    """
    @dev See `IDcapVerifier.crl_updated`.
    """
    return self.update_times[_issuer]


# ── Internals ──


@internal
def _advance(_issuer: bytes32, _this_update: uint256):
    if _this_update > block.timestamp:
        errors._revert(dcap_errors.CRL_NOT_YET_VALID)
    if _this_update < self.update_times[_issuer]:
        errors._revert(dcap_errors.CRL_STALE)
    self.update_times[_issuer] = _this_update
    log IDcapVerifier.CrlApplied(issuer=_issuer, this_update=_this_update)
