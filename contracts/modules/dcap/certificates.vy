# pragma version 0.4.3
"""
@title Admitted and revoked certificates
@license GNU Affero General Public License v3.0 only
@notice add_ca, add_pck. One word is kept of a certificate: the digest of its record, or the mark that it is revoked for
        good. Records travel in calldata.
@dev A certificate's id is keccak256(X ‖ Y of its issuer's key ‖ serial). A certificate that is revoked under a key
     stays revoked, whatever other certificate that key gets. The two kinds of record differ in size, so the record of
     an authority never passes for that of a platform.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import der
from contracts.modules.dcap import p256
from contracts.modules.dcap import sgx_extension
from contracts.modules.dcap import x509
from interfaces import IDcapVerifier

REVOKED: constant(bytes32) = 0x0000000000000000000000000000000000000000000000000000000000000001
REVOKED_AUTHORITY: constant(uint256) = 1 << 255

ROOT_X: immutable(bytes32)
ROOT_Y: immutable(bytes32)

# id -> digest of the record, or REVOKED
admitted: HashMap[bytes32, bytes32]

# id of an authority, zero for the root -> the newest list that is wholly in (thisUpdate 40 · nextUpdate 40), or
# REVOKED_AUTHORITY. The mark stands in both mappings, so that a quote reads one word of its authority.
lists: HashMap[bytes32, uint256]


@deploy
def __init__(_root: bytes32[2]):
    ROOT_X = _root[0]
    ROOT_Y = _root[1]


# ── Admission, by anyone ──


@external
def add_ca(_certificate: Bytes[x509.MAX_CERTIFICATE]) -> IDcapVerifier.Authority:
    """
    @dev See `IDcapVerifier.add_ca`.
    """
    return self._admit_authority(_certificate)


@external
def add_pck(
    _authority: IDcapVerifier.Authority, _certificate: Bytes[x509.MAX_CERTIFICATE]
) -> IDcapVerifier.Pck:
    """
    @dev See `IDcapVerifier.add_pck`.
    """
    self._check_authority(_authority)
    return self._admit_pck(_certificate, _authority)


# ── Views ──


@external
@view
def certificate(_id: bytes32) -> bytes32:
    """
    @dev See `IDcapVerifier.certificate`.
    """
    return self.admitted[_id]


# ── Internals ──


@internal
@view
def _root_key() -> bytes32[2]:
    return [ROOT_X, ROOT_Y]


@internal
@pure
def _certificate_id(_issuer_key: bytes32[2], _serial: uint256) -> bytes32:
    return keccak256(concat(_issuer_key[0], _issuer_key[1], convert(_serial, bytes32)))


@internal
@view
def _verified(
    _certificate: Bytes[x509.MAX_CERTIFICATE], _issuer_key: bytes32[2], _role: uint256
) -> x509.Certificate:
    """
    @notice Parse a certificate. Reverts unless it has this role, is signed by this key, is live and is not revoked.
    """
    parsed: x509.Certificate = x509._parse(_certificate)
    if parsed.role != _role:
        errors._revert(dcap_errors.CERTIFICATE_ROLE)
    if not p256._is_valid(
        x509._tbs_digest(_certificate), x509._read_signature(_certificate), _issuer_key
    ):
        errors._revert(dcap_errors.CERTIFICATE_SIGNATURE)
    if parsed.not_before > block.timestamp:
        errors._revert(dcap_errors.CERTIFICATE_NOT_YET_VALID)
    if block.timestamp > parsed.not_after:
        errors._revert(dcap_errors.CERTIFICATE_EXPIRED)
    if self.admitted[self._certificate_id(_issuer_key, parsed.serial)] == REVOKED:
        errors._revert(dcap_errors.CERTIFICATE_REVOKED)
    return parsed


@internal
def _admit_authority(_certificate: Bytes[x509.MAX_CERTIFICATE]) -> IDcapVerifier.Authority:
    root: bytes32[2] = self._root_key()
    parsed: x509.Certificate = self._verified(_certificate, root, x509.INTERMEDIATE)
    authority: IDcapVerifier.Authority = IDcapVerifier.Authority(
        id=self._certificate_id(root, parsed.serial),
        key=parsed.key,
        subject=parsed.subject,
        expiry=parsed.not_after,
    )
    digest: bytes32 = keccak256(abi_encode(authority))
    if self.admitted[authority.id] != digest:
        self.admitted[authority.id] = digest
        log IDcapVerifier.AuthorityAdded(authority=authority)
    return authority


@internal
def _admit_pck(
    _certificate: Bytes[x509.MAX_CERTIFICATE], _authority: IDcapVerifier.Authority
) -> IDcapVerifier.Pck:
    parsed: x509.Certificate = self._verified(_certificate, _authority.key, x509.LEAF)
    if parsed.issuer != _authority.subject:
        errors._revert(dcap_errors.CERTIFICATE_ISSUER)
    machine: sgx_extension.Machine = sgx_extension._parse(
        _certificate, parsed.sgx_start, parsed.sgx_end
    )
    pck: IDcapVerifier.Pck = IDcapVerifier.Pck(
        id=self._certificate_id(_authority.key, parsed.serial),
        authority=_authority.id,
        key=parsed.key,
        platform=keccak256(machine.ppid),
        fmspc=machine.fmspc,
        tcb=machine.tcb,
        expiry=min(parsed.not_after, _authority.expiry),
    )
    digest: bytes32 = keccak256(abi_encode(pck))
    if self.admitted[pck.id] != digest:
        self.admitted[pck.id] = digest
        log IDcapVerifier.PckAdded(pck=pck)
    return pck


@internal
def _revoke(_issuer_key: bytes32[2], _serial: uint256, _of_root: bool) -> bool:
    """
    @notice Revoke a certificate, and return True if it was not revoked before.
    """
    id: bytes32 = self._certificate_id(_issuer_key, _serial)
    if self.admitted[id] == REVOKED:
        return False
    self.admitted[id] = REVOKED
    if _of_root:
        self.lists[id] = REVOKED_AUTHORITY
    log IDcapVerifier.CertificateRevoked(id=id)
    return True


@internal
@pure
def _list(_this_update: uint256, _next_update: uint256) -> uint256:
    return (_this_update << 40) | _next_update


@internal
@pure
def _this_update(_list: uint256) -> uint256:
    return (_list >> 40) & (2**40 - 1)


@internal
@pure
def _next_update(_list: uint256) -> uint256:
    return _list & (2**40 - 1)


@internal
@view
def _check_authority(_authority: IDcapVerifier.Authority):
    self._check(_authority.id, keccak256(abi_encode(_authority)), _authority.expiry)


@internal
@view
def _check_pck(_pck: IDcapVerifier.Pck):
    if self.lists[_pck.authority] == REVOKED_AUTHORITY:
        errors._revert(dcap_errors.CERTIFICATE_REVOKED)
    self._check(_pck.id, keccak256(abi_encode(_pck)), _pck.expiry)


@internal
@view
def _check(_id: bytes32, _digest: bytes32, _expiry: uint256):
    kept: bytes32 = self.admitted[_id]
    if kept == REVOKED:
        errors._revert(dcap_errors.CERTIFICATE_REVOKED)
    if kept != _digest:
        errors._revert(dcap_errors.CERTIFICATE_UNKNOWN)
    if block.timestamp > _expiry:
        errors._revert(dcap_errors.CERTIFICATE_EXPIRED)
