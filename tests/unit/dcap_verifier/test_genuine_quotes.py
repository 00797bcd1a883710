"""Production quotes of Intel's platforms, verified on a chain under Intel's own root."""

from dataclasses import astuple
from hashlib import sha256

import pytest
from brownie import DcapVerifier, reverts
from eth_utils.crypto import keccak

from offchain.attestation.collateral import Collateral
from offchain.attestation.evidence import (
    BY_ROOT,
    REVOKED,
    AuthorityRecord,
    Known,
    certificate_bytes,
    certificate_id,
    crl_bytes,
)
from offchain.attestation.programs import program_id
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.attestation.x509 import load_chain, read_certificate, read_crl
from tests.anvil import events, now
from tests.dcap import BODIES, constructor, evidence, words
from tests.offchain.attestation.support import intel_trust, vector
from tests.reasons import ATTRIBUTES, CERTIFICATE_SIGNATURE, DEBUG, REPORT_DATA
from tests.unit.dcap_verifier.support import kept_by, live, verify, verify_quote

PPIDS = {
    "sgx_v3_automata": "186950b6d8d014d89f0c144d1d90ebad",
    "tdx_v4_automata": "85d50af2ad61799ebce974b7b0978b46",
    "tdx_v4_phala": "811dca2a26b952e85bb6448b097ba4fd",
    "tdx_v5_automata": "f06984c8d9343452b997c48b36d6e678",
    "tdx_v5_automata_alibaba": "f06984c8d9343452b997c48b36d6e678",
    "tdx_v5_phala": "66498c9263c04ed2f0657c530ac2b0cb",
}
WITH_COLLATERAL = "tdx_v4_phala", "tdx_v5_phala"


@pytest.fixture(scope="module")
def verifier(owner):
    """A verifier as on a live network, but one that trusts these machines at any TCB."""
    return owner.deploy(DcapVerifier, *constructor(intel_trust()))


def collateral(name):
    return Collateral.from_json(vector(name, "collateral.json").decode())


# ── Quotes ──


@pytest.mark.parametrize("name", PPIDS)
def test_verify_quote__genuine__is_accepted_and_cached(verifier, name):
    quote, chain = live(name)
    expected = program_id(quote.body), keccak(bytes.fromhex(PPIDS[name])), chain.pck_record.expiry
    whole = evidence(quote, INTEL_ROOT_KEY)
    assert verify_quote(verifier, whole) == (expected, quote.body.report_data)
    verifier.verify_quote(whole)
    assert chain.known_by(kept_by(verifier)) is Known.PCK
    for known in Known:
        shown = evidence(quote, INTEL_ROOT_KEY, known)
        assert verify_quote(verifier, shown) == (expected, quote.body.report_data)


@pytest.mark.parametrize("name", PPIDS)
def test_verify__genuine__binds_32_bytes_and_32_zeros(verifier, name):
    quote, _ = live(name)
    whole, report_data = evidence(quote, INTEL_ROOT_KEY), quote.body.report_data
    if report_data[32:] == bytes(32):
        assert verify(verifier, whole, report_data[:32])[0] == program_id(quote.body)
    else:
        with reverts(REPORT_DATA):
            verifier.verify.call(whole, report_data[:32])


@pytest.mark.parametrize(
    ("name", "reason"), [("sgx_v3_automata_solana", DEBUG), ("tdx_v4_google_spr", ATTRIBUTES)]
)
def test_verify_quote__genuine_but_open_to_its_host__reverts(verifier, name, reason):
    quote, _ = live(name)
    with reverts(reason):
        verifier.verify_quote.call(evidence(quote, INTEL_ROOT_KEY))


def test_verify_quote__two_keys_of_one_machine__are_one_platform(verifier):
    attested = [
        verify_quote(verifier, evidence(live(name)[0], INTEL_ROOT_KEY))[0]
        for name in ("tdx_v5_automata", "tdx_v5_automata_alibaba")
    ]
    assert attested[0][1] == attested[1][1]
    assert attested[0][0] != attested[1][0]


@pytest.mark.parametrize("name", PPIDS)
def test_verify_quote__genuine_under_a_simulated_root__reverts(owner, trust, name):
    quote, _ = live(name)
    simulated = owner.deploy(DcapVerifier, *constructor(trust))
    with reverts(CERTIFICATE_SIGNATURE):
        simulated.verify_quote.call(evidence(quote, INTEL_ROOT_KEY))


def test_verify_quote__simulated_under_intel_s_root__reverts(verifier, machine, trust):
    for body in BODIES.values():
        with reverts(CERTIFICATE_SIGNATURE):
            verifier.verify_quote.call(evidence(machine.quote(body), trust.root_key))


# ── Collateral ──


@pytest.mark.parametrize("name", WITH_COLLATERAL)
def test_anchor_tcb_info__genuine__is_kept(verifier, name):
    documents = collateral(name)
    for text, signature, chain in (
        (documents.tcb_info, documents.tcb_info_signature, documents.tcb_info_issuer_chain),
        (
            documents.qe_identity,
            documents.qe_identity_signature,
            documents.qe_identity_issuer_chain,
        ),
    ):
        signer = read_certificate(load_chain(chain.encode())[0])
        if now() > signer.not_after:
            pytest.skip(f"the TCB signer of {name} expired at {signer.not_after}")
        shown = certificate_bytes(signer), text.encode(), words(signature)
        receipt = verifier.anchor_tcb_info(*shown)
        digest = sha256(text.encode()).digest()
        assert events(receipt) == [("TcbInfoAnchored", {"digest": digest})]


@pytest.mark.parametrize("name", WITH_COLLATERAL)
def test_add_crl__genuine__revokes_every_entry(verifier, name):
    documents = collateral(name)
    authority = read_certificate(load_chain(documents.pck_crl_issuer_chain.encode())[0])
    verifier.add_ca(certificate_bytes(authority))
    record = astuple(AuthorityRecord.of(authority, INTEL_ROOT_KEY))
    serials = read_crl(documents.pck_crl).serials
    crl = crl_bytes(documents.pck_crl)
    for first in range(0, len(serials), 40):
        verifier.add_crl(record, crl, first, 40)
    kept = kept_by(verifier)
    assert all(kept(certificate_id(authority.key, serial)) == REVOKED for serial in serials)
    assert verifier.add_crl.call(record, crl, 0, len(serials)) == 0
    assert len(serials) > 40


@pytest.mark.parametrize("name", WITH_COLLATERAL)
def test_add_crl__genuine_of_the_root__revokes_nobody(verifier, name):
    crl = crl_bytes(collateral(name).root_ca_crl)
    assert verifier.add_crl.call(astuple(BY_ROOT), crl, 0, 10) == 0
    receipt = verifier.add_crl(astuple(BY_ROOT), crl, 0, 10)
    assert [logged for logged, _ in events(receipt)] == ["CrlApplied"]
