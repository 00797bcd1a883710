"""The state of a new verifier."""

import pytest
from brownie import ZERO_ADDRESS, reverts

from offchain.attestation.quote import TeeType
from offchain.simulation import SimulatedIntel, collateral
from tests.dcap import BODIES, REPORT_DATA, Attesting, evidence
from tests.reasons import CERTIFICATE_SIGNATURE, QE_UNKNOWN


def test_init__knows_root_and_policy_and_no_list(fresh, trust):
    verifier = fresh.verifier
    assert b"".join(map(bytes, verifier.root())) == trust.root_key
    assert verifier.policy() == fresh.policy.address
    assert verifier.crl_updated(bytes(32)) == verifier.crl_next_update(bytes(32)) == 0


# Holds I-45.
def test_init__without_documents__trusts_no_machine(fresh, intel, trust, machine):
    fresh.add_lists(collateral(intel, TeeType.SGX))
    for body in BODIES.values():
        with reverts(QE_UNKNOWN):
            fresh.verifier.verify.call(evidence(machine.quote(body), trust.root_key), REPORT_DATA)


def test_init__another_root__trusts_nobody_else(deploy, trust, machine):
    other = SimulatedIntel.from_seed(b"another Intel")
    verifier = Attesting.deploy(deploy, other.root.public_key).verifier
    with reverts(CERTIFICATE_SIGNATURE):
        verifier.verify.call(evidence(machine.quote(BODIES["sgx v3"]), trust.root_key), REPORT_DATA)


def test_init__policy_that_is_none__reverts(deploy, trust):
    with pytest.raises(Exception, match="revert"):
        deploy("DcapVerifier", [trust.root_key[:32], trust.root_key[32:]], ZERO_ADDRESS)


def test_init__nobody_owns_a_verifier(verifier):
    assert not hasattr(verifier, "owner")
    assert not hasattr(verifier, "transfer_ownership")
