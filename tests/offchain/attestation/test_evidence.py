"""Packing of evidence: sizes, records, and quotes that cannot be packed."""

from collections import defaultdict
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from offchain.attestation.evidence import Chain, Known, crl_bytes, pack
from offchain.attestation.p256 import verifies
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.trust import Trust
from offchain.attestation.x509 import load_chain
from offchain.simulation import Machine, SimulatedIntel
from offchain.simulation.machine import pem
from tests.offchain.attestation.support import BODIES

SIZES = {"sgx v3": 1_297, "tdx v4": 1_497, "tdx v5": 1_567}


@pytest.fixture
def chain(machine: Machine, trust: Trust) -> Chain:
    return Chain.of(machine.quote(BODIES["sgx v3"]), trust.root_key)


@pytest.mark.parametrize("name", BODIES)
def test_pack__machine_known__has_its_fixed_size(machine: Machine, trust: Trust, name: str) -> None:
    quote = machine.quote(BODIES[name])
    chain = Chain.of(quote, trust.root_key)
    assert len(pack(quote, chain, Known.PCK)) == SIZES[name]


@pytest.mark.parametrize("known", Known)
@pytest.mark.parametrize("dstack", [False, True])
def test_pack__begins_with_its_kind(
    machine: Machine, chain: Chain, known: Known, dstack: bool
) -> None:
    packed = pack(machine.quote(BODIES["tdx v4"]), chain, known, dstack=dstack)
    assert packed[0] == known + 128 * dstack


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_pack__qe_authentication_data_of_another_size__is_refused(
    machine: Machine, chain: Chain, size: int
) -> None:
    quote = machine.quote(BODIES["sgx v3"], qe_auth=bytes(size))
    with pytest.raises(QuoteRejected, match=f"of {size} bytes, expected 32") as raised:
        pack(quote, chain, Known.PCK)
    assert raised.value.reason is RejectionReason.CERTIFICATION_DATA


def test_chain_of__leaf_alone__is_refused(machine: Machine, trust: Trust) -> None:
    quote = machine.quote(BODIES["sgx v3"])
    leaf = quote.pck_chain.split(b"-----END CERTIFICATE-----")[0] + b"-----END CERTIFICATE-----\n"
    with pytest.raises(QuoteRejected, match="1 certificates, expected") as raised:
        Chain.of(replace(quote, pck_chain=leaf), trust.root_key)
    assert raised.value.reason is RejectionReason.CERTIFICATION_DATA


def test_chain_of__without_the_root__is_whole(
    machine: Machine, intel: SimulatedIntel, trust: Trust, chain: Chain
) -> None:
    quote = replace(
        machine.quote(BODIES["sgx v3"]), pck_chain=pem(machine.pck.der, intel.authority.der)
    )
    assert Chain.of(quote, trust.root_key) == chain


def test_known_by__asks_for_the_machine_and_then_for_its_authority(chain: Chain) -> None:
    pck, authority = chain.pck_record, chain.authority_record
    both = {record.id: keccak(record.encode()) for record in (pck, authority)}
    only_authority = {authority.id: both[authority.id]}
    revoked = {pck.id: bytes(31) + b"\1", authority.id: both[authority.id]}
    replaced = keccak(b"the record of another certificate of this serial number")
    for kept, known in (
        (both, Known.PCK),
        (only_authority, Known.AUTHORITY),
        (revoked, Known.AUTHORITY),
        ({**both, pck.id: replaced}, Known.AUTHORITY),
        ({authority.id: replaced}, Known.ROOT),
        ({authority.id: bytes(31) + b"\1"}, Known.ROOT),
        ({}, Known.ROOT),
    ):
        view = defaultdict(lambda: bytes(32), kept)
        assert chain.known_by(view.__getitem__) is known


def test_crl_bytes__are_what_is_signed_and_its_signature(intel: SimulatedIntel) -> None:
    packed = crl_bytes(intel.authority.revoke(7))
    assert verifies(intel.authority.public_key, packed[:-64], packed[-64:])


def test_chain_of__certificates_end_in_their_signatures(machine: Machine, chain: Chain) -> None:
    leaf, ca = load_chain(machine.chain)[:2]
    assert chain.pck[:-64] == leaf.tbs_certificate_bytes
    assert chain.ca[:-64] == ca.tbs_certificate_bytes
