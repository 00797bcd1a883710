"""Collateral: trust that follows from Intel's and simulated documents; altered ones refused."""

import json
from dataclasses import asdict, replace

import pytest
from cryptography.x509 import load_der_x509_certificate

from offchain.attestation import policy
from offchain.attestation.advice import standings
from offchain.attestation.bundle import Bundle, read_bundle
from offchain.attestation.certificates import certificate_id
from offchain.attestation.collateral import Collateral, trust_in
from offchain.attestation.policy import Rules
from offchain.attestation.quote import TeeType
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.attestation.verify import VerifiedQuote, verify
from offchain.simulation import Machine, SimulatedIntel, collateral, issuing
from offchain.simulation.documents import make_qe_identity
from tests.offchain.attestation.support import (
    AT,
    BODIES,
    PUBLISHED,
    genuine,
    outcome,
    published,
    vector,
)


def test_trust_in__genuine_collateral__accepts_the_up_to_date_quote() -> None:
    at = PUBLISHED["tdx_v4_phala"]
    trust = trust_in(published("tdx_v4_phala"), INTEL_ROOT_KEY, at)
    assert len(trust.revoked) == 44
    assert isinstance(verify(genuine("tdx_v4_phala"), trust, at), VerifiedQuote)


def test_trust_in__collateral_newer_than_the_machine__refuses_its_quote() -> None:
    at = PUBLISHED["tdx_v5_phala"]
    trust = trust_in(published("tdx_v5_phala"), INTEL_ROOT_KEY, at)
    with pytest.raises(QuoteRejected) as refusal:
        verify(genuine("tdx_v5_phala"), trust, at)
    assert refusal.value.reason is RejectionReason.TCB_FLOOR


@pytest.mark.parametrize("tee_type", list(TeeType))
def test_trust_in__simulated_collateral__accepts_simulated_quotes(
    intel: SimulatedIntel, machine: Machine, tee_type: TeeType
) -> None:
    trust = trust_in(collateral(intel, tee_type), intel.root.public_key, AT)
    for body in BODIES.values():
        quote = machine.quote(body)
        if quote.tee_type is tee_type:
            assert isinstance(outcome(quote, trust), VerifiedQuote)


def test_trust_in__revoked_pck_certificate__is_refused(
    intel: SimulatedIntel, machine: Machine
) -> None:
    documents = collateral(intel, TeeType.SGX, revoked=(machine.pck.certificate.serial,))
    trust = trust_in(documents, intel.root.public_key, AT)
    assert outcome(machine.quote(BODIES["sgx v3"]), trust) is RejectionReason.CERTIFICATE_REVOKED


def test_trust_in__serial_that_the_root_revoked__is_revoked_under_the_root(
    intel: SimulatedIntel,
) -> None:
    documents = collateral(intel, TeeType.SGX, revoked=(5,), revoked_authorities=(7,))
    trust = trust_in(documents, intel.root.public_key, AT)
    assert trust.revoked == {(intel.root.public_key, 7), (intel.authority.public_key, 5)}


def test_trust_in__rules_of_a_deployment__are_those_of_the_trust(intel: SimulatedIntel) -> None:
    rules = Rules(grace=5, least_tcb=16, least_identity=17)
    bundle = collateral(intel, TeeType.SGX).to_bundle()
    found = policy.trust_in(bundle, intel.root.public_key, AT, rules)
    assert (found.grace, found.least_tcb, found.least_identity) == (5, 16, 17)


@pytest.mark.parametrize("newest_first", [True, False])
def test_trust_in__two_lists_of_one_ca__all_entries_are_revoked_and_the_newest_is_its_list(
    intel: SimulatedIntel, machine: Machine, newest_first: bool
) -> None:
    serial = machine.pck.certificate.serial
    older = intel.authority.revoke(serial, this_update=AT - 20, next_update=AT + 20)
    newer = intel.authority.revoke(6, this_update=AT - 10, next_update=AT + 10)
    bundle = collateral(intel, TeeType.SGX).to_bundle()
    lists = (newer, older) if newest_first else (older, newer)
    found = policy.trust_in(
        replace(bundle, crls=(bundle.crls[0], *lists)), intel.root.public_key, AT
    )
    key = intel.authority.public_key
    assert found.revoked == {(key, serial), (key, 6)}
    authority = certificate_id(intel.root.public_key, intel.authority.certificate.serial)
    assert found.lists[authority] == AT + 10
    assert outcome(machine.quote(BODIES["sgx v3"]), found) is RejectionReason.CERTIFICATE_REVOKED


@pytest.mark.parametrize("until", [(AT + 5, AT + 50), (AT + 50, AT + 5)])
def test_trust_in__two_lists_of_one_time__the_last_counts_as_on_chain(
    intel: SimulatedIntel, until: tuple[int, int]
) -> None:
    lists = (intel.authority.revoke(this_update=AT - 9, next_update=each) for each in until)
    bundle = collateral(intel, TeeType.SGX).to_bundle()
    shown = replace(bundle, crls=(bundle.crls[0], *lists))
    found = policy.trust_in(shown, intel.root.public_key, AT)
    authority = certificate_id(intel.root.public_key, intel.authority.certificate.serial)
    assert found.lists[authority] == until[1]


def test_trust_in__ca_with_two_certificates__its_list_is_that_of_both(
    intel: SimulatedIntel, machine: Machine
) -> None:
    renewed = intel.root.issue(intel.authority.key, replace(intel.authority.certificate, serial=77))
    again = Machine.with_pck(replace(intel, authority=renewed), "machine", machine.pck)
    both = Bundle((load_der_x509_certificate(renewed.der),))
    documents = collateral(intel, TeeType.SGX).to_bundle()
    for bundle in (both + documents, documents + both):
        found = policy.trust_in(bundle, intel.root.public_key, AT)
        for each in (machine, again):
            assert isinstance(outcome(each.quote(BODIES["sgx v3"]), found), VerifiedQuote)


def refusal_of(documents: Collateral, intel: SimulatedIntel, at: int = AT) -> RejectionReason:
    with pytest.raises(QuoteRejected) as refusal:
        trust_in(documents, intel.root.public_key, at)
    return refusal.value.reason


def test_trust_in__documents_changed__are_refused(intel: SimulatedIntel) -> None:
    documents = collateral(intel, TeeType.TDX)
    for name in ("tcb_info", "qe_identity"):
        changed = replace(documents, **{name: getattr(documents, name) + " "})
        assert refusal_of(changed, intel) is RejectionReason.COLLATERAL_SIGNATURE
    swapped = replace(documents, tcb_info_signature=documents.qe_identity_signature)
    assert refusal_of(swapped, intel) is RejectionReason.COLLATERAL_SIGNATURE


def test_trust_in__documents_out_of_date__are_refused(intel: SimulatedIntel) -> None:
    documents = published("tdx_v4_phala")
    issued, expires = 1_750_328_163, 1_752_920_163
    for at, reason in (
        (issued - 1, RejectionReason.DOCUMENT_NOT_YET_VALID),
        (expires + 1_000, RejectionReason.DOCUMENT_STALE),
    ):
        with pytest.raises(QuoteRejected) as refusal:
            trust_in(documents, INTEL_ROOT_KEY, at)
        assert refusal.value.reason is reason


@pytest.mark.parametrize("name", ["tcb_info", "qe_identity"])
def test_trust_in__signer_of_another_role__is_refused(intel: SimulatedIntel, name: str) -> None:
    documents = collateral(intel, TeeType.TDX)
    signature = issuing.sign(intel.authority.key, getattr(documents, name).encode())
    posing = replace(documents, **{f"{name}_signature": signature})
    assert refusal_of(posing, intel) is RejectionReason.CERTIFICATE_ROLE


def test_trust_in__lists_swapped__are_told_apart_by_their_signature(intel: SimulatedIntel) -> None:
    documents = collateral(intel, TeeType.TDX)
    swapped = replace(documents, root_ca_crl=documents.pck_crl, pck_crl=documents.root_ca_crl)
    assert trust_in(swapped, intel.root.public_key, AT) == trust_in(
        documents, intel.root.public_key, AT
    )


def test_trust_in__another_root__is_refused(intel: SimulatedIntel) -> None:
    other = SimulatedIntel.from_seed(b"another")
    documents = collateral(other, TeeType.TDX)
    assert refusal_of(documents, intel) is RejectionReason.CRL_SIGNATURE
    bare = replace(documents.to_bundle(), crls=())
    with pytest.raises(QuoteRejected) as refusal:
        policy.trust_in(bare, intel.root.public_key, AT)
    assert refusal.value.reason is RejectionReason.CERTIFICATE_SIGNATURE


def test_from_json__result_of_to_json__round_trips(intel: SimulatedIntel) -> None:
    documents = collateral(intel, TeeType.SGX)
    assert Collateral.from_json(documents.to_json()) == documents


@pytest.mark.parametrize("name", PUBLISHED)
def test_from_json__genuine_collateral__is_read_whole(name: str) -> None:
    members = json.loads(vector(name, "collateral.json"))
    assert json.loads(published(name).to_json()) == {
        key: members[key] for key in asdict(published(name))
    }


@pytest.mark.parametrize("text", ["0", "[]", "{}", '{"pck_crl": 5}', "[" * 101])
def test_from_json__another_text__is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Collateral.from_json(text)


# ── Faults of the policy that were found ──


def test_trust_in__revoked_tcb_signer__is_refused(intel: SimulatedIntel) -> None:
    serial = intel.tcb_signer.certificate.serial
    documents = collateral(intel, TeeType.SGX, revoked_authorities=(serial,))
    assert refusal_of(documents, intel) is RejectionReason.CERTIFICATE_REVOKED
    other = collateral(intel, TeeType.SGX, revoked_authorities=(serial + 1,))
    assert trust_in(other, intel.root.public_key, AT).floors


@pytest.mark.parametrize("newest_first", [True, False])
def test_trust_in__tcb_signer_that_an_older_list_revoked__stays_revoked(
    intel: SimulatedIntel, newest_first: bool
) -> None:
    older = intel.root.revoke(intel.tcb_signer.certificate.serial, this_update=AT - 20)
    newer = intel.root.revoke(this_update=AT - 10)
    lists = (newer, older) if newest_first else (older, newer)
    bundle = collateral(intel, TeeType.SGX).to_bundle()
    with pytest.raises(QuoteRejected) as refusal:
        policy.trust_in(replace(bundle, crls=lists), intel.root.public_key, AT)
    assert refusal.value.reason is RejectionReason.CERTIFICATE_REVOKED


@pytest.mark.parametrize("name", ["QVE", "QAE", "TD_QAE", "QE2", ""])
def test_trust_in__identity_of_another_enclave__is_refused(
    intel: SimulatedIntel, name: str
) -> None:
    text = make_qe_identity(TeeType.SGX, id=name)
    signature = issuing.sign(intel.tcb_signer.key, text.encode())
    posing = replace(
        collateral(intel, TeeType.SGX), qe_identity=text, qe_identity_signature=signature
    )
    assert refusal_of(posing, intel) is RejectionReason.DOCUMENT_ID


def test_trust_in__sgx_and_tdx_documents_of_one_fmspc__judge_a_tdx_quote_by_its_own() -> None:
    folder = "tdx_v4_b0c06f_two_documents"
    files = ("tcb_info_sgx.json", "tcb_info_tdx.json")
    parts = [read_bundle(vector(folder, file)) for file in files]
    others = published("tdx_v4_b0c06f_2026_08").to_bundle()
    patient = Rules(grace=3_650 * 86_400)
    for order in (parts, parts[::-1]):
        bundle = sum((*order, others), Bundle())
        trust = policy.trust_in(bundle, INTEL_ROOT_KEY, PUBLISHED["tdx_v4_b0c06f_2026_08"], patient)
        numbers = {(f.tee_type, f.validity.number): f.svns[7] for f in trust.floors}
        assert numbers == {(TeeType.SGX, 17): 3, (TeeType.TDX, 17): 5, (TeeType.TDX, 20): 5}
        at = PUBLISHED["tdx_v4_b0c06f_2026_08"]
        assert outcome(genuine(folder), trust, at=at) is RejectionReason.TCB_FLOOR
        (standing, _) = standings(bundle, genuine(folder), patient.accepted)
        assert "SGX component 7 (SEAMLDR ACM, OS/VMM) is 3, needs 5" in "".join(standing.lines())
