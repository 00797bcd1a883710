"""Production quotes of Intel's platforms, verified on a chain under Intel's own root."""

import json
from dataclasses import astuple

import pytest
from brownie import accounts, chain, reverts
from eth_utils.crypto import keccak

from offchain.attestation.evidence import (
    BY_ROOT,
    REVOKED,
    Known,
    certificate_bytes,
    certificate_id,
    crl_bytes,
)
from offchain.attestation.programs import program_id
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.attestation.x509 import load_chain, read_certificate, read_crl
from tests.anvil import events
from tests.dcap import BODIES, Attesting, evidence, identity_arguments, tcb_arguments, words
from tests.deployment import PLATFORM_STAKE, TERMS
from tests.offchain.attestation.support import published, vector
from tests.reasons import (
    ATTRIBUTES,
    CERTIFICATE_SIGNATURE,
    CRL_STALE,
    REPORT_DATA,
    SERVICE_TD,
    TCB_FLOOR,
    TCB_UNKNOWN,
)
from tests.unit.dcap_verifier.support import kept_by, live, verify, verify_quote

PPIDS = {
    "sgx_v3_automata": "186950b6d8d014d89f0c144d1d90ebad",
    "tdx_v4_automata": "85d50af2ad61799ebce974b7b0978b46",
    "tdx_v4_phala": "811dca2a26b952e85bb6448b097ba4fd",
    "tdx_v5_automata": "f06984c8d9343452b997c48b36d6e678",
    "tdx_v5_automata_alibaba": "f06984c8d9343452b997c48b36d6e678",
    "tdx_v5_phala": "66498c9263c04ed2f0657c530ac2b0cb",
}
SERVED = "tdx_v5_automata", "tdx_v5_automata_alibaba"
"""A service TD can reach into these domains: their MRSERVICETD is not zero."""
ACCEPTED = [name for name in PPIDS if name not in SERVED]
WITH_COLLATERAL = "tdx_v4_phala", "tdx_v5_phala", "tdx_v4_b0c06f_2026_08"
LONG_GRACE = 3_650
"""Days, so that published documents are not stale yet."""
UPDATE = 500_000
"""Gas at most for any document that Intel published, in all."""


@pytest.fixture(scope="module")
def verifier(deploy):
    """A verifier as on a live network, with Intel's lists, whose policy takes every machine."""
    opened = Attesting.of_policy(deploy, deploy("OpenPolicy"), INTEL_ROOT_KEY)
    opened.add_lists(published("tdx_v5_phala"))
    return opened.verifier


@pytest.fixture(scope="module")
def intels(deploy):
    """Policy and verifier as on a live network, without documents."""
    return Attesting.deploy(deploy, INTEL_ROOT_KEY, statuses=3, grace_days=LONG_GRACE)


# ── Quotes ──


@pytest.mark.parametrize("name", ACCEPTED)
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


@pytest.mark.parametrize("name", ACCEPTED)
def test_verify__genuine__binds_32_bytes_and_32_zeros(verifier, name):
    quote, _ = live(name)
    whole, report_data = evidence(quote, INTEL_ROOT_KEY), quote.body.report_data
    if report_data[32:] == bytes(32):
        assert verify(verifier, whole, report_data[:32])[0] == program_id(quote.body)
    else:
        with reverts(REPORT_DATA):
            verifier.verify.call(whole, report_data[:32])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        # Its CA's revocation list is not among the vectors.
        ("sgx_v3_automata_solana", CRL_STALE),
        ("tdx_v4_google_spr", ATTRIBUTES),
        *((name, SERVICE_TD) for name in SERVED),
    ],
)
def test_verify_quote__genuine_but_open_to_others__reverts(verifier, name, reason):
    quote, _ = live(name)
    with reverts(reason):
        verifier.verify_quote.call(evidence(quote, INTEL_ROOT_KEY))


def test_add_pck__two_keys_of_one_machine__are_one_platform(verifier):
    chains = [live(name)[1] for name in SERVED]
    kept = [verifier.add_pck.call(astuple(chain.authority_record), chain.pck) for chain in chains]
    assert kept[0][3] == kept[1][3]
    assert kept[0][0] != kept[1][0]


@pytest.mark.parametrize("name", PPIDS)
def test_verify_quote__genuine_under_a_simulated_root__reverts(fresh, name):
    quote, _ = live(name)
    with reverts(CERTIFICATE_SIGNATURE):
        fresh.verifier.verify_quote.call(evidence(quote, INTEL_ROOT_KEY))


def test_verify_quote__simulated_under_intel_s_root__reverts(verifier, machine, trust):
    for body in BODIES.values():
        with reverts(CERTIFICATE_SIGNATURE):
            verifier.verify_quote.call(evidence(machine.quote(body), trust.root_key))


# ── Collateral ──


@pytest.mark.parametrize("name", WITH_COLLATERAL)
def test_add_crl__genuine__revokes_every_entry(intels, name):
    documents, verifier = published(name), intels.verifier
    record = intels.add_authority(documents)
    serials = read_crl(documents.pck_crl).serials
    crl = crl_bytes(documents.pck_crl)
    for _ in range(0, len(serials), 40):
        assert verifier.crl_updated(record.id) == 0
        verifier.add_crl(astuple(record), crl, 40)
    assert verifier.crl_updated(record.id) > 0
    kept = kept_by(verifier)
    key = b"".join(record.key)
    assert all(kept(certificate_id(key, serial)) == REVOKED for serial in serials)
    assert verifier.add_crl.call(astuple(record), crl, len(serials)) == 0
    assert len(serials) > 40


@pytest.mark.parametrize("name", WITH_COLLATERAL)
def test_add_crl__genuine_of_the_root__revokes_nobody(intels, name):
    crl = crl_bytes(published(name).root_ca_crl)
    assert intels.verifier.add_crl.call(astuple(BY_ROOT), crl, 10) == 0
    receipt = intels.verifier.add_crl(astuple(BY_ROOT), crl, 10)
    assert [logged for logged, _ in events(receipt)] == ["CrlApplied"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("tdx_v4_phala", None), ("tdx_v4_b0c06f_2026_08", None), ("tdx_v5_phala", TCB_FLOOR)],
)
def test_update__genuine_documents__decide_about_genuine_quotes(intels, name, reason):
    """From Intel's own root to the registry, which only misses its own report data."""
    quote, _ = live(name)
    intels.bring(published(name))
    shown = evidence(quote, INTEL_ROOT_KEY)
    if reason is None:
        assert verify_quote(intels.verifier, shown)[1] == quote.body.report_data
    else:
        with reverts(reason):
            intels.verifier.verify_quote.call(shown)


@pytest.mark.parametrize(("name", "reason"), [("tdx_v4_phala", None), ("tdx_v5_phala", TCB_FLOOR)])
def test_register_enclave__genuine_quote__is_refused_for_its_report_data_alone(
    deploy, owner, intels, name, reason
):
    quote, _ = live(name)
    intels.bring(published(name))
    registry = deploy("EnclaveRegistry", owner, intels.verifier, PLATFORM_STAKE)
    registry.set_market(deploy("ModelMarket", registry, *TERMS), {"from": owner})
    registry.stake({"from": owner, "value": 10**19})
    keys = accounts[5], b"\1" * 32
    shown = evidence(quote, INTEL_ROOT_KEY)
    with reverts(reason or REPORT_DATA):
        registry.register_enclave.call(
            intels.verifier, shown, *keys, chain.height - 1, {"from": owner}
        )


def test_update_tcb__two_documents_of_one_fmspc__the_tdx_quote_needs_its_own(intels):
    """Component 7 is 3 in the machine and in the SGX document, 5 in the TDX document."""
    name = "tdx_v4_b0c06f_two_documents"
    quote, _ = live(name)
    intels.add_lists(published("tdx_v4_phala"))
    intels.policy.update_identity(*identity_arguments(published("tdx_v4_phala")))
    shown = evidence(quote, INTEL_ROOT_KEY)
    for file, reason in (("tcb_info_sgx.json", TCB_UNKNOWN), ("tcb_info_tdx.json", TCB_FLOOR)):
        content = json.loads(vector(name, file))
        signer = read_certificate(load_chain(content["tcb_info_issuer_chain"].encode())[0])
        used = intels.policy.update_tcb(
            content["tcb_info"].encode(),
            words(bytes.fromhex(content["tcb_info_signature"])),
            certificate_bytes(signer),
        ).gas_used
        print(f"{file}: {len(content['tcb_info']):,} bytes, {used:,} gas")
        assert used <= UPDATE
        with reverts(reason):
            intels.verifier.verify_quote.call(shown)
    components = [
        bytes(intels.policy.kept_floors(tee, bytes.fromhex("b0c06f000000"))[0][5])[7]
        for tee in (0, 129)
    ]
    assert components == [3, 5]


@pytest.mark.parametrize("name", WITH_COLLATERAL)
def test_update__genuine_documents__gas(intels, name):
    documents = published(name)
    intels.add_lists(documents)
    for method, arguments in (
        (intels.policy.update_tcb, tcb_arguments(documents)),
        (intels.policy.update_identity, identity_arguments(documents)),
    ):
        used = method(*arguments).gas_used
        print(f"{name}: {len(arguments[0]):,} bytes, {used:,} gas")
        assert used <= UPDATE
