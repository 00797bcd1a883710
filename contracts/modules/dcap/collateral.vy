# pragma version 0.4.3
"""
@title Anchors of Intel's signed TCB info
@license GNU Affero General Public License v3.0 only
@notice anchor_tcb_info: keep the digest of a document that Intel signed, so that anybody can compare the TCB floors
        with it.
@dev The same certificate signs QE identities, so they can be anchored too. Nothing here parses the JSON.
"""

from contracts.modules.common import errors
from contracts.modules.dcap import certificates
from contracts.modules.dcap import dcap_errors
from contracts.modules.dcap import p256
from contracts.modules.dcap import x509
from interfaces import IDcapVerifier

uses: certificates

MAX_DOCUMENT: constant(uint256) = 32_768

# sha256 of the document -> unix seconds, zero when it was not anchored
anchor_times: HashMap[bytes32, uint256]


@external
def anchor_tcb_info(
    _certificate: Bytes[x509.MAX_CERTIFICATE],
    _document: Bytes[MAX_DOCUMENT],
    _signature: bytes32[2],
) -> bytes32:
    """
    @dev See `IDcapVerifier.anchor_tcb_info`.
    """
    signer: x509.Certificate = certificates._verified(
        _certificate, certificates._root_key(), x509.SIGNER
    )
    digest: bytes32 = sha256(_document)
    if not p256._is_valid(digest, _signature, signer.key):
        errors._revert(dcap_errors.COLLATERAL_SIGNATURE)
    if self.anchor_times[digest] == 0:
        self.anchor_times[digest] = block.timestamp
        log IDcapVerifier.TcbInfoAnchored(digest=digest)
    return digest


# ── Views ──


@external
@view
def anchored_at(_digest: bytes32) -> uint256:
    """
    @dev See `IDcapVerifier.anchored_at`.
    """
    return self.anchor_times[_digest]
