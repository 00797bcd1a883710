"""Gas of verification beside its limits, and the size of the contracts."""

from dataclasses import astuple

import pytest
from brownie import web3

from offchain.attestation.evidence import Known, crl_bytes
from tests.anvil import now, rpc
from tests.dcap import BODIES, GRACE_DAYS, REPORT_DATA, evidence
from tests.documents import DAY, Dates, IsvLevel, Level, identity, signed, tcb_info

FIRST = 240_000
"""Gas at most for a whole chain whose machine is unknown, in all."""
CACHED = {"sgx v3": 54_550, "tdx v4": 57_900, "tdx v5": 58_033}
"""Gas at most for a known machine: 10,000 more than before the policy was a contract of its own."""
SECOND_DOCUMENT = 16_000
"""Gas at most for a document of another number that is read first, and does not decide."""


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
    assert beyond_intrinsic(cached) <= CACHED[name]


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("stale", [False, True])
def test_verify__gas_of_the_newer_document__is_below_its_limits(
    attesting, intel, machine, trust, name, stale
):
    """The older document is read first: it does not take the machine, or it is stale."""
    quote = machine.quote(BODIES[name])
    tee = quote.tee_type
    time = now()
    dates = Dates(time - 3_600, time + 60 - (GRACE_DAYS * DAY if stale else 0), number=1)
    above = [Level((255,) * 16, 65_535, (255,) * 16)]
    for method, document in (
        (attesting.policy.update_tcb, tcb_info(tee, dates, above)),
        (attesting.policy.update_identity, identity(tee, dates, [IsvLevel(65_535)])),
    ):
        method(*signed(document, intel.tcb_signer))
    if stale:
        rpc("evm_mine", time + 120)
    assert [each[3] for each in attesting.policy.kept_identities(tee)] == [not stale, True]
    first = attesting.verifier.verify(evidence(quote, trust.root_key), REPORT_DATA)
    cached = attesting.verifier.verify(evidence(quote, trust.root_key, Known.PCK), REPORT_DATA)
    print(f"{name}: first {beyond_intrinsic(first):,}, cached {beyond_intrinsic(cached):,}")
    assert first.gas_used <= FIRST + SECOND_DOCUMENT
    assert beyond_intrinsic(cached) <= CACHED[name] + SECOND_DOCUMENT


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
