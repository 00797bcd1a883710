"""Gas of verification beside its limits, and the size of the contract."""

from dataclasses import astuple

import pytest
from brownie import web3

from offchain.attestation.evidence import Known, crl_bytes
from offchain.attestation.quote import TeeType
from offchain.simulation import issuing
from offchain.simulation.documents import make_tcb_info
from tests.dcap import BODIES, REPORT_DATA, certificate, evidence, words

FIRST, CACHED = 300_000, 70_000
"""Gas at most for all five signatures with nothing cached, and for a known machine."""


def beyond_intrinsic(receipt):
    """Gas without the 21,000 of a transaction and without its calldata (EIP-2028)."""
    data = bytes.fromhex(receipt.input.removeprefix("0x"))
    return receipt.gas_used - 21_000 - sum(16 if byte else 4 for byte in data)


@pytest.mark.parametrize("name", BODIES)
def test_verify__gas__is_below_its_limits(verifier, machine, trust, name):
    quote = machine.quote(BODIES[name])
    first = verifier.verify(evidence(quote, trust.root_key), REPORT_DATA)
    cached = verifier.verify(evidence(quote, trust.root_key, Known.PCK), REPORT_DATA)
    print(f"{name}: first {beyond_intrinsic(first):,}, in all {first.gas_used:,};", end=" ")
    print(f"cached {beyond_intrinsic(cached):,}, in all {cached.gas_used:,}")
    assert first.gas_used <= FIRST
    assert beyond_intrinsic(cached) <= CACHED


def test_add_crl__gas__grows_with_its_entries_only(verifier, intel, chain_of):
    authority = astuple(chain_of.authority_record)
    verifier.add_ca(chain_of.ca)
    crl = crl_bytes(intel.authority.revoke(*range(2**152, 2**152 + 88)))
    halves = [verifier.add_crl(authority, crl, first, 44).gas_used for first in (0, 44)]
    again = verifier.add_crl(authority, crl, 0, 88).gas_used
    print(f"88 entries in two halves: {halves[0]:,} and {halves[1]:,}; once more: {again:,}")
    assert max(halves) <= 1_300_000
    assert again <= 550_000


def test_anchor_tcb_info__gas(verifier, intel):
    document = make_tcb_info(TeeType.TDX).encode()
    signature = words(issuing.sign(intel.tcb_signer.key, document))
    receipt = verifier.anchor_tcb_info(certificate(intel.tcb_signer), document, signature)
    print(f"anchor {len(document):,} bytes: {receipt.gas_used:,}")
    assert receipt.gas_used <= 208_000


def test_code__size__leaves_room(verifier):
    size = len(web3.eth.get_code(verifier.address))
    print(f"deployed size: {size:,} bytes")
    assert size < 24_000
