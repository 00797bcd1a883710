"""What verification costs, beside its limits, and how large the contract is."""

import pytest
from brownie import web3

from offchain.attestation.evidence import Known
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


def test_code__size__leaves_room(verifier):
    size = len(web3.eth.get_code(verifier.address))
    print(f"deployed size: {size:,} bytes")
    assert size < 24_000
