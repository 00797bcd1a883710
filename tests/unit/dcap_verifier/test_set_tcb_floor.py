"""TCB floors: raised at once, lowered only in the open and after a delay."""

from dataclasses import replace

import pytest
from brownie import reverts
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.attestation.quote import TeeType
from offchain.attestation.trust import TcbFloor
from offchain.simulation import FMSPC, Machine
from tests.anvil import at, events, now
from tests.dcap import BODIES, REPORT_DATA, evidence, floor
from tests.reasons import BAD_FLOOR, NOT_PROPOSED, TCB_FLOOR, TCB_UNKNOWN
from tests.unit.dcap_verifier.support import (
    DAY,
    NOT_OWNER,
    takes_effect_between,
    verify,
    views_see,
)

SGX = TcbFloor(FMSPC, TeeType.SGX, bytes([10] * 16), 20)
TDX = TcbFloor(FMSPC, TeeType.TDX, bytes([10, 1, 10]) + bytes(13))
NEW = replace(SGX, fmspc=b"newone")
NEW_MODULE = replace(TDX, svns=bytes([3, 3, 10]) + bytes(13))
KINDS = pytest.mark.parametrize("now_in_force", [SGX, TDX], ids=["sgx", "tdx"])


def altered(svns, component, change):
    return svns[:component] + bytes([svns[component] + change]) + svns[component + 1 :]


def in_force(verifier, of):
    fmspc, tee, svns, pce_svn = verifier.tcb_floor(of.fmspc, int(of.tee_type), of.module)
    return TcbFloor(bytes(fmspc), TeeType(tee), bytes(svns), pce_svn)


def proposal(of):
    return keccak(encode(["string", "(bytes6,uint256,bytes16,uint256)"], ["tcb floor", floor(of)]))


# ── Raising ──


@KINDS
def test_set_tcb_floor__equal_or_higher__at_once(verifier, owner, now_in_force):
    everything = bytes(255 if n != 1 or now_in_force is SGX else 1 for n in range(16))
    for higher in (
        now_in_force,
        replace(now_in_force, svns=altered(now_in_force.svns, 0, 1)),
        replace(now_in_force, svns=altered(altered(now_in_force.svns, 0, 1), 15, 1)),
        replace(now_in_force, svns=everything),
    ):
        assert events(verifier.set_tcb_floor(floor(higher), {"from": owner})) == [
            ("TcbFloorSet", {"floor": floor(higher)})
        ]
        assert in_force(verifier, now_in_force) == higher


@pytest.mark.parametrize("pce_svn", [20, 21, 255, 256, 65_535])
def test_set_tcb_floor__higher_pce_svn__at_once(verifier, owner, pce_svn):
    higher = replace(SGX, pce_svn=pce_svn)
    verifier.set_tcb_floor(floor(higher), {"from": owner})
    assert in_force(verifier, SGX) == higher


@KINDS
def test_set_tcb_floor__lower_in_any_part__takes_a_proposal(verifier, owner, now_in_force):
    """However much the other parts rise."""
    highest = bytes(255 if n != 1 or now_in_force is SGX else 1 for n in range(16))
    parts = [n for n in range(16) if now_in_force.svns[n] and (n != 1 or now_in_force is SGX)]
    lower = [replace(now_in_force, svns=altered(now_in_force.svns, n, -1)) for n in parts]
    lower += [
        replace(now_in_force, svns=highest[:n] + now_in_force.svns[n : n + 1] + highest[n + 1 :])
        for n in parts
    ]
    lower[len(parts) :] = [
        replace(each, svns=altered(each.svns, n, -1))
        for n, each in zip(parts, lower[len(parts) :], strict=True)
    ]
    if now_in_force is SGX:
        lower.append(replace(SGX, svns=b"\xff" * 16, pce_svn=19))
    for each in lower:
        with reverts(NOT_PROPOSED):
            verifier.set_tcb_floor.call(floor(each), {"from": owner})
    assert in_force(verifier, now_in_force) == now_in_force


@pytest.mark.parametrize("first", [NEW, NEW_MODULE, replace(TDX, fmspc=b"newone")])
def test_set_tcb_floor__first_of_its_machines__takes_a_proposal(verifier, owner, first):
    with reverts(NOT_PROPOSED):
        verifier.set_tcb_floor.call(floor(first), {"from": owner})
    with reverts(TCB_UNKNOWN):
        verifier.tcb_floor(first.fmspc, int(first.tee_type), first.module)


def test_set_tcb_floor__raised__refuses_machines_below_at_once(verifier, owner, machine, trust):
    shown = evidence(machine.quote(BODIES["tdx v4"]), trust.root_key)
    verify(verifier, shown, REPORT_DATA)
    verifier.set_tcb_floor(floor(replace(TDX, svns=altered(TDX.svns, 2, 1))), {"from": owner})
    with reverts(TCB_FLOOR):
        verifier.verify.call(shown, REPORT_DATA)
    of_sgx = evidence(machine.quote(BODIES["sgx v3"]), trust.root_key)
    verify(verifier, of_sgx, REPORT_DATA)
    verifier.set_tcb_floor(floor(replace(SGX, pce_svn=21)), {"from": owner})
    with reverts(TCB_FLOOR):
        verifier.verify.call(of_sgx, REPORT_DATA)


# ── Lowering ──


@pytest.mark.parametrize(
    "lower", [replace(SGX, pce_svn=0), NEW, NEW_MODULE], ids=["low", "new", "module"]
)
def test_set_tcb_floor__proposed__between_14_and_28_days(verifier, owner, lower):
    proposed_at = now() + 10
    at(proposed_at)
    ready_at = proposed_at + 14 * DAY
    receipt = verifier.propose_tcb_floor(floor(lower), {"from": owner})
    assert events(receipt) == [("TcbFloorProposed", {"floor": floor(lower), "ready_at": ready_at})]
    assert verifier.ready_at(proposal(lower)) == ready_at
    takes_effect_between(verifier.set_tcb_floor, owner, ready_at, floor(lower))


@pytest.mark.parametrize(
    "lower", [replace(SGX, pce_svn=0), NEW, NEW_MODULE], ids=["low", "new", "module"]
)
def test_set_tcb_floor__proposed_in_time__is_in_force(verifier, owner, lower):
    verifier.propose_tcb_floor(floor(lower), {"from": owner})
    at(now() + 14 * DAY)
    assert events(verifier.set_tcb_floor(floor(lower), {"from": owner})) == [
        ("TcbFloorSet", {"floor": floor(lower)})
    ]
    assert in_force(verifier, lower) == lower


def test_set_tcb_floor__lowered__admits_machines_above(verifier, owner, intel, trust):
    values = replace(intel.machine_values("old"), pce_svn=19)
    shown = evidence(Machine.simulate(intel, "old", values).quote(BODIES["sgx v3"]), trust.root_key)
    lower = floor(replace(SGX, pce_svn=19))
    verifier.propose_tcb_floor(lower, {"from": owner})
    with reverts(TCB_FLOOR):
        verifier.verify.call(shown, REPORT_DATA)
    at(now() + 14 * DAY)
    verifier.set_tcb_floor(lower, {"from": owner})
    assert verify(verifier, shown, REPORT_DATA)


def test_set_tcb_floor__carried_out__takes_a_new_proposal(verifier, owner):
    lower, back = floor(replace(SGX, pce_svn=0)), floor(SGX)
    verifier.propose_tcb_floor(lower, {"from": owner})
    at(now() + 14 * DAY)
    verifier.set_tcb_floor(lower, {"from": owner})
    assert verifier.ready_at(proposal(replace(SGX, pce_svn=0))) == 0
    verifier.set_tcb_floor(back, {"from": owner})
    with reverts(NOT_PROPOSED):
        verifier.set_tcb_floor.call(lower, {"from": owner})


def test_set_tcb_floor__other_than_proposed__reverts(verifier, owner):
    verifier.propose_tcb_floor(floor(replace(SGX, pce_svn=10)), {"from": owner})
    views_see(now() + 14 * DAY)
    for other in (
        replace(SGX, pce_svn=9),
        replace(SGX, pce_svn=11),
        replace(SGX, svns=bytes(16), pce_svn=10),
        replace(NEW, pce_svn=10),
        replace(TDX, svns=altered(TDX.svns, 0, -1)),
    ):
        with reverts(NOT_PROPOSED):
            verifier.set_tcb_floor.call(floor(other), {"from": owner})


def test_propose_tcb_floor__again__starts_anew(verifier, owner):
    lower = floor(replace(SGX, pce_svn=0))
    verifier.propose_tcb_floor(lower, {"from": owner})
    proposed_at = now() + 14 * DAY
    at(proposed_at)
    verifier.propose_tcb_floor(lower, {"from": owner})
    takes_effect_between(verifier.set_tcb_floor, owner, proposed_at + 14 * DAY, lower)


# ── Scope ──


def test_set_tcb_floor__of_one_kind_of_machine__leaves_the_others(verifier, owner):
    verifier.set_tcb_floor(floor(replace(SGX, svns=b"\xff" * 16)), {"from": owner})
    assert in_force(verifier, TDX) == TDX
    verifier.set_tcb_floor(floor(replace(TDX, svns=b"\xff\1" + b"\xff" * 14)), {"from": owner})
    assert in_force(verifier, SGX) == replace(SGX, svns=b"\xff" * 16)
    of_module_0 = replace(TDX, svns=bytes([10, 0, 10]) + bytes(13))
    assert in_force(verifier, of_module_0) == of_module_0


@pytest.mark.parametrize(
    ("fmspc", "tee", "module"),
    [
        (FMSPC, 0, 1),
        (FMSPC, 129, 2),
        (FMSPC, 1, 0),
        (FMSPC, 130, 0),
        (bytes(6), 0, 0),
        (FMSPC, 255, 255),
    ],
)
def test_tcb_floor__of_no_machine__reverts(verifier, fmspc, tee, module):
    with reverts(TCB_UNKNOWN):
        verifier.tcb_floor(fmspc, tee, module)


# ── Form and owner ──


@pytest.mark.parametrize("name", ["propose_tcb_floor", "set_tcb_floor"])
@pytest.mark.parametrize(
    "wrong",
    [
        (FMSPC, 0, b"\xff" * 16, 65_536),
        (FMSPC, 0, b"\xff" * 16, 2**256 - 1),
        (FMSPC, 129, b"\xff" * 16, 1),
        (FMSPC, 1, b"\xff" * 16, 0),
        (FMSPC, 128, b"\xff" * 16, 0),
        (FMSPC, 2**256 - 1, b"\xff" * 16, 0),
    ],
)
def test_set_tcb_floor__malformed__reverts(verifier, owner, name, wrong):
    with reverts(BAD_FLOOR):
        getattr(verifier, name).call(wrong, {"from": owner})


@pytest.mark.parametrize("name", ["propose_tcb_floor", "set_tcb_floor"])
def test_set_tcb_floor__not_the_owner__reverts(verifier, stranger, name):
    with reverts(NOT_OWNER):
        getattr(verifier, name).call(floor(SGX), {"from": stranger})
