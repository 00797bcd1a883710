"""The state of a new verifier."""

from dataclasses import replace

import pytest
from brownie import ZERO_ADDRESS, DcapVerifier, reverts

from offchain.attestation.quote import TeeType
from offchain.attestation.trust import SGX_QE, TDX_QE, TcbFloor
from offchain.simulation import SimulatedIntel
from offchain.simulation import trust as simulated_trust
from tests.anvil import events
from tests.dcap import BODIES, REPORT_DATA, constructor, evidence, floor, identity
from tests.reasons import BAD_FLOOR, BAD_IDENTITY, CERTIFICATE_SIGNATURE, TCB_UNKNOWN
from tests.unit.dcap_verifier.support import NOT_OWNER


def test_init__trusts_what_it_is_told_at_once(owner, trust):
    verifier = owner.deploy(DcapVerifier, *constructor(trust))
    assert b"".join(map(bytes, verifier.root())) == trust.root_key
    assert events(verifier.tx) == [
        ("OwnershipTransferred", {"previous_owner": ZERO_ADDRESS, "new_owner": owner.address}),
        ("QeIdentitySet", {"tee": 0, "identity": identity(SGX_QE)}),
        ("QeIdentitySet", {"tee": 129, "identity": identity(TDX_QE)}),
        *(("TcbFloorSet", {"floor": floor(each)}) for each in trust.floors),
    ]


def test_init__without_floors__trusts_no_machine(owner, trust, machine):
    verifier = owner.deploy(DcapVerifier, *constructor(replace(trust, floors=())))
    for body in BODIES.values():
        with reverts(TCB_UNKNOWN):
            verifier.verify.call(evidence(machine.quote(body), trust.root_key), REPORT_DATA)


def test_init__another_root__trusts_nobody_else(owner, trust, machine):
    other = simulated_trust(SimulatedIntel.from_seed(b"another Intel"))
    verifier = owner.deploy(DcapVerifier, *constructor(other))
    with reverts(CERTIFICATE_SIGNATURE):
        verifier.verify.call(evidence(machine.quote(BODIES["sgx v3"]), trust.root_key), REPORT_DATA)


@pytest.mark.parametrize("tee", TeeType)
def test_init__malformed_identity__reverts(owner, trust, tee):
    wrong = {**trust.quoting_enclaves, tee: replace(SGX_QE, mr_signer=bytes(32))}
    with reverts(BAD_IDENTITY):
        owner.deploy(DcapVerifier, *constructor(replace(trust, quoting_enclaves=wrong)))


def test_init__malformed_floor__reverts(owner, trust):
    wrong = TcbFloor(b"fmspc!", TeeType.TDX, bytes(16), 1)
    with reverts(BAD_FLOOR):
        owner.deploy(DcapVerifier, *constructor(replace(trust, floors=(*trust.floors, wrong))))


# ── Ownership ──


def test_transfer_ownership__takes_effect_when_accepted(verifier, owner, stranger, trust):
    higher = floor(replace(trust.floors[0], pce_svn=21))
    verifier.transfer_ownership(stranger, {"from": owner})
    assert verifier.pending_owner() == stranger
    with reverts(NOT_OWNER):
        verifier.set_tcb_floor.call(higher, {"from": stranger})
    verifier.accept_ownership({"from": stranger})
    assert verifier.owner() == stranger
    with reverts(NOT_OWNER):
        verifier.set_tcb_floor.call(higher, {"from": owner})
    verifier.set_tcb_floor(higher, {"from": stranger})


def test_transfer_ownership__by_others__reverts(verifier, stranger):
    with reverts(NOT_OWNER):
        verifier.transfer_ownership.call(stranger, {"from": stranger})
    with reverts("ownable_2step: caller is not the new owner"):
        verifier.accept_ownership.call({"from": stranger})
