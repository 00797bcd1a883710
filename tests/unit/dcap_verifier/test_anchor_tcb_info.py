"""Intel's signed documents, kept by their digest."""

from dataclasses import astuple, replace
from hashlib import sha256

import pytest
from brownie import reverts

from offchain.attestation.evidence import BY_ROOT, crl_bytes
from offchain.attestation.quote import TeeType
from offchain.simulation import SimulatedIntel, issuing
from offchain.simulation.documents import make_qe_identity, make_tcb_info
from tests.anvil import at, events, now
from tests.dcap import certificate, words
from tests.reasons import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_REVOKED,
    CERTIFICATE_ROLE,
    CERTIFICATE_SIGNATURE,
    COLLATERAL_SIGNATURE,
    DER,
)
from tests.unit.dcap_verifier.support import signed, views_see

DOCUMENT = make_tcb_info(TeeType.TDX).encode()


@pytest.fixture(scope="module")
def signature(intel):
    """The TCB signer's signature of a document."""
    return lambda document: words(issuing.sign(intel.tcb_signer.key, document))


@pytest.fixture(scope="module")
def refused(verifier, signature):
    def check(reason, signer, document=DOCUMENT, by=None):
        with reverts(reason):
            verifier.anchor_tcb_info.call(signer, document, by or signature(document))

    return check


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENT,
        make_tcb_info(TeeType.SGX).encode(),
        make_qe_identity(TeeType.TDX).encode(),
        b"",
        b"x" * 32_768,
    ],
    ids=["tdx", "sgx", "qe", "empty", "longest"],
)
def test_anchor_tcb_info__signed__is_kept_by_its_digest(
    verifier, stranger, intel, signature, document
):
    digest = sha256(document).digest()
    assert verifier.anchored_at(digest) == 0
    time = now() + 10
    at(time)
    signer = certificate(intel.tcb_signer)
    receipt = verifier.anchor_tcb_info(signer, document, signature(document), {"from": stranger})
    assert events(receipt) == [("TcbInfoAnchored", {"digest": digest})]
    assert verifier.anchored_at(digest) == time


def test_anchor_tcb_info__again__keeps_the_first_time(verifier, intel, signature):
    shown = certificate(intel.tcb_signer), DOCUMENT, signature(DOCUMENT)
    verifier.anchor_tcb_info(*shown)
    first = verifier.anchored_at(sha256(DOCUMENT).digest())
    at(now() + 100)
    assert events(verifier.anchor_tcb_info(*shown)) == []
    assert verifier.anchored_at(sha256(DOCUMENT).digest()) == first
    assert bytes(verifier.anchor_tcb_info.call(*shown)) == sha256(DOCUMENT).digest()


def test_anchor_tcb_info__another_document_or_signer__reverts(refused, intel, machine, signature):
    signer = certificate(intel.tcb_signer)
    refused(COLLATERAL_SIGNATURE, signer, DOCUMENT[:-1], signature(DOCUMENT))
    refused(COLLATERAL_SIGNATURE, signer, DOCUMENT + b" ", signature(DOCUMENT))
    for other in (intel.root, intel.authority, machine.pck):
        refused(COLLATERAL_SIGNATURE, signer, by=words(issuing.sign(other.key, DOCUMENT)))


def test_anchor_tcb_info__certificate_of_another_role__reverts(refused, intel, machine):
    for other in (intel.root, intel.authority, machine.pck):
        refused(CERTIFICATE_ROLE, certificate(other), by=words(issuing.sign(other.key, DOCUMENT)))


def test_anchor_tcb_info__signer_not_certified_by_the_root__reverts(refused, intel, machine):
    tbs = intel.tcb_signer.certificate.tbs()
    for issuer in (intel.authority, machine.pck, SimulatedIntel.from_seed(b"another Intel").root):
        refused(CERTIFICATE_SIGNATURE, signed(tbs, issuer))


def test_anchor_tcb_info__malformed_certificate__reverts(refused, intel):
    refused(DER, b"")
    refused(DER, certificate(intel.tcb_signer)[:-1])


def test_anchor_tcb_info__around_the_validity_of_the_signer(verifier, refused, intel, signature):
    start = now() + 100
    brief = replace(intel.tcb_signer.certificate, not_before=start, not_after=start + 10)
    shown = signed(brief.tbs(), intel.root)
    views_see(start - 1)
    refused(CERTIFICATE_NOT_YET_VALID, shown)
    for time in (start, start + 10):
        views_see(time)
        assert verifier.anchor_tcb_info.call(shown, DOCUMENT, signature(DOCUMENT))
    views_see(start + 11)
    refused(CERTIFICATE_EXPIRED, shown)


def test_anchor_tcb_info__revoked_signer__reverts(verifier, refused, intel):
    crl = intel.root.revoke(intel.tcb_signer.certificate.serial)
    verifier.add_crl(astuple(BY_ROOT), crl_bytes(crl), 0, 1)
    refused(CERTIFICATE_REVOKED, certificate(intel.tcb_signer))
