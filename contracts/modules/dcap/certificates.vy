# pragma version 0.4.3
"""
@title Certificates verified once, and certificates revoked
@license GNU Affero General Public License v3.0 only
@notice Of a certificate one word remains: the digest of its record, or that it is revoked, for good. Records travel in
        calldata.
@dev A certificate's id is keccak256(X ‖ Y of its issuer's key ‖ serial): who is revoked under a key stays so, whatever
     other certificate that key gets. Records differ in size, so an authority's never passes for a platform's.
"""

from contracts.modules.dcap import dcap_errors as errors
from contracts.modules.dcap import der
from contracts.modules.dcap import p256
from contracts.modules.dcap import sgx_extension
from contracts.modules.dcap import x509
from interfaces import IDcapVerifier

REVOKED: constant(bytes32) = 0x0000000000000000000000000000000000000000000000000000000000000001

ROOT_X: immutable(bytes32)
ROOT_Y: immutable(bytes32)

certificate: public(HashMap[bytes32, bytes32])  # id → digest of the record, or REVOKED


@deploy
def __init__(_root: bytes32[2]):
    ROOT_X = _root[0]
    ROOT_Y = _root[1]


# ── Admission, by anyone ──


@external
def add_ca(_certificate: Bytes[x509.MAX_CERTIFICATE]) -> IDcapVerifier.Authority:
    return self._admit_authority(_certificate)


@external
def add_pck(
    _authority: IDcapVerifier.Authority, _certificate: Bytes[x509.MAX_CERTIFICATE]
) -> IDcapVerifier.Pck:
    self._check_authority(_authority)
    return self._admit_pck(_certificate, _authority)


# ── Internals ──


@internal
@view
def _root() -> bytes32[2]:
    return [ROOT_X, ROOT_Y]


@internal
@pure
def _id(_issuer_key: bytes32[2], _serial: uint256) -> bytes32:
    return keccak256(concat(_issuer_key[0], _issuer_key[1], convert(_serial, bytes32)))


@internal
@view
def _verified(
    _certificate: Bytes[x509.MAX_CERTIFICATE], _issuer_key: bytes32[2], _role: uint256
) -> x509.Certificate:
    """
    @notice A certificate of that role, signed by that key, live and not revoked.
    """
    parsed: x509.Certificate = x509._parse(_certificate)
    errors._require(parsed.role == _role, errors.CERTIFICATE_ROLE)
    errors._require(
        p256._is_valid(x509._digest(_certificate), x509._signature(_certificate), _issuer_key),
        errors.CERTIFICATE_SIGNATURE,
    )
    errors._require(parsed.not_before <= block.timestamp, errors.CERTIFICATE_NOT_YET_VALID)
    errors._require(block.timestamp <= parsed.not_after, errors.CERTIFICATE_EXPIRED)
    errors._require(
        self.certificate[self._id(_issuer_key, parsed.serial)] != REVOKED,
        errors.CERTIFICATE_REVOKED,
    )
    return parsed


@internal
def _admit_authority(_certificate: Bytes[x509.MAX_CERTIFICATE]) -> IDcapVerifier.Authority:
    root: bytes32[2] = self._root()
    parsed: x509.Certificate = self._verified(_certificate, root, x509.INTERMEDIATE)
    authority: IDcapVerifier.Authority = IDcapVerifier.Authority(
        id=self._id(root, parsed.serial),
        key=parsed.key,
        subject=parsed.subject,
        expiry=parsed.not_after,
    )
    digest: bytes32 = keccak256(abi_encode(authority))
    if self.certificate[authority.id] != digest:
        self.certificate[authority.id] = digest
        log IDcapVerifier.AuthorityAdded(authority=authority)
    return authority


@internal
def _admit_pck(
    _certificate: Bytes[x509.MAX_CERTIFICATE], _authority: IDcapVerifier.Authority
) -> IDcapVerifier.Pck:
    parsed: x509.Certificate = self._verified(_certificate, _authority.key, x509.LEAF)
    errors._require(parsed.issuer == _authority.subject, errors.CERTIFICATE_ISSUER)
    machine: sgx_extension.Machine = sgx_extension._parse(
        _certificate, parsed.sgx_start, parsed.sgx_end
    )
    pck: IDcapVerifier.Pck = IDcapVerifier.Pck(
        id=self._id(_authority.key, parsed.serial),
        authority=_authority.id,
        key=parsed.key,
        platform=keccak256(machine.ppid),
        fmspc=machine.fmspc,
        tcb=machine.tcb,
        expiry=min(parsed.not_after, _authority.expiry),
    )
    digest: bytes32 = keccak256(abi_encode(pck))
    if self.certificate[pck.id] != digest:
        self.certificate[pck.id] = digest
        log IDcapVerifier.PckAdded(pck=pck)
    return pck


@internal
def _revoke(_issuer_key: bytes32[2], _serial: uint256) -> bool:
    """
    @notice Whether it was not yet revoked.
    """
    id: bytes32 = self._id(_issuer_key, _serial)
    if self.certificate[id] == REVOKED:
        return False
    self.certificate[id] = REVOKED
    log IDcapVerifier.CertificateRevoked(id=id)
    return True


@internal
@view
def _check_authority(_authority: IDcapVerifier.Authority):
    self._check(_authority.id, keccak256(abi_encode(_authority)), _authority.expiry)


@internal
@view
def _check_pck(_pck: IDcapVerifier.Pck):
    errors._require(self.certificate[_pck.authority] != REVOKED, errors.CERTIFICATE_REVOKED)
    self._check(_pck.id, keccak256(abi_encode(_pck)), _pck.expiry)


@internal
@view
def _check(_id: bytes32, _digest: bytes32, _expiry: uint256):
    kept: bytes32 = self.certificate[_id]
    errors._require(kept != REVOKED, errors.CERTIFICATE_REVOKED)
    errors._require(kept == _digest, errors.CERTIFICATE_UNKNOWN)
    errors._require(block.timestamp <= _expiry, errors.CERTIFICATE_EXPIRED)
