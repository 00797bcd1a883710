# pragma version 0.4.3
"""
@title Intel's signed TCB info, anchored
@license GNU Affero General Public License v3.0 only
@notice The digest of a document that Intel signed stands on-chain, so that anybody can hold the TCB floors against it.
@dev The same certificate signs QE identities: they can be anchored just so. Nothing here parses the JSON.
"""

from contracts.modules.dcap import certificates
from contracts.modules.dcap import dcap_errors as errors
from contracts.modules.dcap import p256
from contracts.modules.dcap import x509
from interfaces import IDcapVerifier

uses: certificates

MAX_DOCUMENT: constant(uint256) = 32_768

anchored_at: public(HashMap[bytes32, uint256])  # sha256 of the document → unix seconds


@external
def anchor_tcb_info(
    _certificate: Bytes[x509.MAX_CERTIFICATE],
    _document: Bytes[MAX_DOCUMENT],
    _signature: bytes32[2],
) -> bytes32:
    signer: x509.Certificate = certificates._verified(
        _certificate, certificates._root(), x509.SIGNER
    )
    digest: bytes32 = sha256(_document)
    errors._require(p256._is_valid(digest, _signature, signer.key), errors.COLLATERAL_SIGNATURE)
    if self.anchored_at[digest] == 0:
        self.anchored_at[digest] = block.timestamp
        log IDcapVerifier.TcbInfoAnchored(digest=digest)
    return digest
