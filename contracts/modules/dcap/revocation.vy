# pragma version 0.4.3
"""
@title Intel's revocation lists, applied in batches
@license GNU Affero General Public License v3.0 only
@notice A list is its to-be-signed part as DER, followed by the 64 bytes r ‖ s of its signature.
@dev A list only ever adds revocations, so an old one, or a batch left out, can do no harm beyond what it fails to add.
"""

from contracts.modules.dcap import certificates
from contracts.modules.dcap import dcap_errors as errors
from contracts.modules.dcap import der
from contracts.modules.dcap import p256
from interfaces import IDcapVerifier

uses: certificates

MAX_CRL: constant(uint256) = 32_768
MAX_ENTRIES: constant(uint256) = 1_024

VERSION_2: constant(bytes15) = 0x020101300a06082a8648ce3d040302  # and ecdsa-with-SHA256
EXTENSIONS_TAG: constant(bytes1) = 0xa0

crl_updated: public(
    HashMap[bytes32, uint256]
)  # keccak256(X ‖ Y) of the issuer → thisUpdate of its newest list


@external
def add_crl(
    _authority: IDcapVerifier.Authority,
    _crl: Bytes[MAX_CRL],
    _first: uint256,
    _count: uint256,
) -> uint256:
    of_root: bool = _authority.id == empty(bytes32)
    key: bytes32[2] = certificates._root()
    if not of_root:
        certificates._check_authority(_authority)
        key = _authority.key

    der._require(len(_crl) > 64)
    size: uint256 = len(_crl) - 64
    digest: bytes32 = sha256(slice(_crl, 0, size))
    signature: bytes32[2] = [extract32(_crl, size), extract32(_crl, size + 32)]
    errors._require(p256._is_valid(digest, signature, key), errors.CRL_SIGNATURE)

    at: uint256 = 0
    end: uint256 = 0
    at, end = der._open(extract32(_crl, 0), der.SEQUENCE, 0, size)
    der._require(end == size)
    der._require(extract32(_crl, at, output_type=uint256) >> 136 == convert(VERSION_2, uint256))
    at += 15
    issuer: uint256 = at
    at = der._open(extract32(_crl, at), der.SEQUENCE, at, size)[1]
    if not of_root:
        errors._require(
            keccak256(slice(_crl, issuer, at - issuer)) == _authority.subject, errors.CRL_ISSUER
        )
    this_update: uint256 = der._utc_time(extract32(_crl, at))
    der._utc_time(extract32(_crl, at + 15))  # nextUpdate
    at += 30
    der._require(at <= size)
    self._advance(keccak256(concat(key[0], key[1])), this_update)

    # Entries, left out when there are none; then extensions, which no list of Intel's is without.
    end = at
    if extract32(_crl, at, output_type=uint256) >> 248 == convert(der.SEQUENCE, uint256):
        at, end = der._open(extract32(_crl, at), der.SEQUENCE, at, size)
    der._require(der._open(extract32(_crl, end), EXTENSIONS_TAG, end, size)[1] == size)

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


@internal
def _advance(_issuer: bytes32, _this_update: uint256):
    errors._require(_this_update <= block.timestamp, errors.CRL_NOT_YET_VALID)
    errors._require(_this_update >= self.crl_updated[_issuer], errors.CRL_STALE)
    self.crl_updated[_issuer] = _this_update
    log IDcapVerifier.CrlApplied(issuer=_issuer, this_update=_this_update)
