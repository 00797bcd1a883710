"""QE identities: narrowed at once, widened only in the open and after a delay."""

from dataclasses import replace

import pytest
from brownie import reverts
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from offchain.attestation.quote import TeeType
from offchain.attestation.trust import SGX_QE, TDX_QE
from offchain.simulation.machine import qe_report
from tests.anvil import at, events, now
from tests.dcap import BODIES, REPORT_DATA, evidence, identity
from tests.reasons import BAD_IDENTITY, NOT_PROPOSED, QE_IDENTITY, QE_SVN
from tests.unit.dcap_verifier.support import (
    DAY,
    NOT_OWNER,
    takes_effect_between,
    verify,
    views_see,
)

TEES = pytest.mark.parametrize(
    ("tee", "old"), [(TeeType.SGX, SGX_QE), (TeeType.TDX, TDX_QE)], ids=["sgx", "tdx"]
)
NARROWER = {
    "equal": {},
    "newer": {"min_isv_svn": 9},
    "newest": {"min_isv_svn": 65_535},
    "another bit fixed": {"attributes_mask": bytes.fromhex("ffffffffffffffff0000000000000000")},
    "provision key required": {
        "attributes": bytes.fromhex("15" + "00" * 15),
        "attributes_mask": bytes.fromhex("ffffffffffffffff0000000000000000"),
    },
    "all bits fixed": {"attributes_mask": b"\xff" * 16},
    "xfrm fixed": {
        "attributes": bytes.fromhex("1100000000000000e700000000000000"),
        "attributes_mask": bytes.fromhex("fbffffffffffffffff00000000000000"),
    },
}
WIDER = {
    "signer": {"mr_signer": b"\1" * 32},
    "product": {"isv_prod_id": 3},
    "older": {"min_isv_svn": 3},
    "oldest": {"min_isv_svn": 0},
    "a bit let go": {
        "attributes_mask": bytes.fromhex("fafffffffffffffe0000000000000000"),
        "attributes": b"\x10" + bytes(15),
    },
    "first bit let go": {"attributes_mask": bytes.fromhex("7bffffffffffffff0000000000000000")},
    "last bit let go": {"attributes_mask": bytes.fromhex("fbffffffffffff7f0000000000000000")},
    "a bit exchanged": {"attributes_mask": bytes.fromhex("fbffffffffffff7f8000000000000000")},
    "another value": {"attributes": b"\x31" + bytes(15)},
    "debug": {"attributes": b"\x13" + bytes(15)},
    "misc value": {"misc_select": b"\0\0\0\1"},
    "misc let go": {"misc_select_mask": b"\xff\xff\xff\xfe"},
    "misc let go altogether": {"misc_select_mask": bytes(4)},
}


def in_force(verifier, tee):
    return tuple(
        bytes(part) if isinstance(part, bytes | bytearray) else part
        for part in verifier.qe_identity(int(tee))
    )


@TEES
@pytest.mark.parametrize("change", NARROWER.values(), ids=list(NARROWER))
def test_set_qe_identity__narrower__at_once(verifier, owner, tee, old, change):
    narrower = identity(replace(old, **change))
    assert events(verifier.set_qe_identity(int(tee), narrower, {"from": owner})) == [
        ("QeIdentitySet", {"tee": int(tee), "identity": narrower})
    ]
    assert in_force(verifier, tee) == narrower


@TEES
@pytest.mark.parametrize("change", WIDER.values(), ids=list(WIDER))
def test_set_qe_identity__wider__takes_a_proposal(verifier, owner, tee, old, change):
    """However much the rest narrows."""
    newest = {"min_isv_svn": 65_535} | change
    for wider in (replace(old, **change), replace(old, **newest)):
        with reverts(NOT_PROPOSED):
            verifier.set_qe_identity.call(int(tee), identity(wider), {"from": owner})
    assert in_force(verifier, tee) == identity(old)


@TEES
def test_set_qe_identity__proposed__between_14_and_28_days(verifier, owner, tee, old):
    wider = identity(replace(old, min_isv_svn=1))
    proposed_at = now() + 10
    at(proposed_at)
    receipt = verifier.propose_qe_identity(int(tee), wider, {"from": owner})
    ready_at = proposed_at + 14 * DAY
    assert events(receipt) == [
        ("QeIdentityProposed", {"tee": int(tee), "identity": wider, "ready_at": ready_at})
    ]
    types = ["string", "uint256", "(bytes32,uint256,uint256,bytes16,bytes16,bytes4,bytes4)"]
    assert verifier.ready_at(keccak(encode(types, ["qe identity", int(tee), wider]))) == ready_at
    takes_effect_between(verifier.set_qe_identity, owner, ready_at, int(tee), wider)


@TEES
def test_set_qe_identity__proposed_in_time__is_in_force_once(verifier, owner, tee, old):
    wider = identity(replace(old, min_isv_svn=1))
    verifier.propose_qe_identity(int(tee), wider, {"from": owner})
    at(now() + 14 * DAY)
    verifier.set_qe_identity(int(tee), wider, {"from": owner})
    assert in_force(verifier, tee) == wider
    verifier.set_qe_identity(int(tee), identity(old), {"from": owner})
    with reverts(NOT_PROPOSED):
        verifier.set_qe_identity.call(int(tee), wider, {"from": owner})


def test_set_qe_identity__other_than_proposed__reverts(verifier, owner):
    verifier.propose_qe_identity(0, identity(replace(SGX_QE, min_isv_svn=5)), {"from": owner})
    views_see(now() + 14 * DAY)
    for tee, wider in (
        (0, replace(SGX_QE, min_isv_svn=4)),
        (0, replace(SGX_QE, min_isv_svn=5, isv_prod_id=2)),
        (129, replace(SGX_QE, min_isv_svn=5)),
    ):
        with reverts(NOT_PROPOSED):
            verifier.set_qe_identity.call(tee, identity(wider), {"from": owner})


def test_set_qe_identity__narrowed__refuses_older_enclaves_at_once(verifier, owner, machine, trust):
    shown = {
        name: evidence(machine.quote(BODIES[name]), trust.root_key) for name in ("sgx v3", "tdx v4")
    }
    newer = identity(replace(SGX_QE, min_isv_svn=SGX_QE.min_isv_svn + 1))
    verifier.set_qe_identity(0, newer, {"from": owner})
    with reverts(QE_SVN):
        verifier.verify.call(shown["sgx v3"], REPORT_DATA)
    assert verify(verifier, shown["tdx v4"], REPORT_DATA)


def test_set_qe_identity__widened__admits_another_enclave(verifier, owner, machine, trust):
    other = replace(qe_report(TeeType.TDX), mr_signer=b"\7" * 32)
    shown = evidence(machine.quote(BODIES["tdx v5"], qe=other), trust.root_key)
    wider = identity(replace(TDX_QE, mr_signer=b"\7" * 32))
    verifier.propose_qe_identity(129, wider, {"from": owner})
    with reverts(QE_IDENTITY):
        verifier.verify.call(shown, REPORT_DATA)
    at(now() + 14 * DAY)
    verifier.set_qe_identity(129, wider, {"from": owner})
    assert verify(verifier, shown, REPORT_DATA)


@pytest.mark.parametrize("name", ["propose_qe_identity", "set_qe_identity"])
@pytest.mark.parametrize(
    ("tee", "change"),
    [
        (1, {}),
        (128, {}),
        (130, {}),
        (2**256 - 1, {}),
        (0, {"mr_signer": bytes(32)}),
        (0, {"isv_prod_id": 65_536}),
        (0, {"min_isv_svn": 65_536}),
        (0, {"min_isv_svn": 2**256 - 1}),
        (0, {"attributes": b"\x15" + bytes(15)}),
        (0, {"attributes": b"\x11" + bytes(14) + b"\1"}),
        (0, {"misc_select": b"\0\0\0\1", "misc_select_mask": b"\xff\xff\xff\xfe"}),
    ],
)
def test_set_qe_identity__malformed__reverts(verifier, owner, name, tee, change):
    wrong = identity(replace(SGX_QE, **change))
    with reverts(BAD_IDENTITY):
        getattr(verifier, name).call(tee, wrong, {"from": owner})


@pytest.mark.parametrize("name", ["propose_qe_identity", "set_qe_identity"])
def test_set_qe_identity__not_the_owner__reverts(verifier, stranger, name):
    with reverts(NOT_OWNER):
        getattr(verifier, name).call(0, identity(SGX_QE), {"from": stranger})
