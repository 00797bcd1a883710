"""Gas of verification beside its limits, and the size of the contracts."""

from dataclasses import astuple

import pytest
from brownie import web3

from offchain.attestation.evidence import Known, crl_bytes
from tests.dcap import BODIES, REPORT_DATA, evidence

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
    crl = crl_bytes(intel.authority.revoke(*range(2**152, 2**152 + 88)))
    halves = [verifier.add_crl(authority, crl, 44).gas_used for _ in range(2)]
    again = verifier.add_crl(authority, crl, 88).gas_used
    print(f"88 entries in two halves: {halves[0]:,} and {halves[1]:,}; once more: {again:,}")
    assert max(halves) <= 1_400_000
    assert again <= 600_000


def test_code__size__leaves_room(verifier, policy):
    for contract in (verifier, policy):
        size = len(web3.eth.get_code(contract.address))
        print(f"deployed size: {size:,} bytes")
        assert size < 24_000
