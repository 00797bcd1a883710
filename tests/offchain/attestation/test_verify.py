"""Verification of quotes: genuine ones as published, simulated ones field by field."""

from dataclasses import replace
from hashlib import sha256

import pytest
from eth_utils.crypto import keccak

from offchain.attestation.programs import ProgramKind
from offchain.attestation.quote import Quote, TdReport, TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.sgx_extension import SgxExtension
from offchain.attestation.trust import SGX_QE, TDX_QE, QeIdentity, TcbFloor, Trust
from offchain.attestation.verify import VerifiedQuote
from offchain.simulation import FMSPC, Machine, SimulatedIntel
from offchain.simulation.machine import pem, qe_report
from tests.offchain.attestation.support import (
    BODIES,
    REPORT_DATA,
    genuine,
    intel_trust,
    lowest_floors,
    outcome,
    sign,
)

TDX = ("tdx v4", "tdx v5")


@pytest.mark.parametrize(
    ("name", "kind", "ppid"),
    [
        ("sgx_v3_automata", ProgramKind.SGX, "186950b6d8d014d89f0c144d1d90ebad"),
        ("tdx_v4_automata", ProgramKind.TDX, "85d50af2ad61799ebce974b7b0978b46"),
        ("tdx_v4_phala", ProgramKind.TDX, "811dca2a26b952e85bb6448b097ba4fd"),
        ("tdx_v5_automata", ProgramKind.TDX, "f06984c8d9343452b997c48b36d6e678"),
        ("tdx_v5_automata_alibaba", ProgramKind.TDX, "f06984c8d9343452b997c48b36d6e678"),
        ("tdx_v5_phala", ProgramKind.TDX, "66498c9263c04ed2f0657c530ac2b0cb"),
    ],
)
def test_verify__genuine_quote__is_accepted(name: str, kind: ProgramKind, ppid: str) -> None:
    quote = genuine(name)
    verdict = outcome(quote, intel_trust())
    assert isinstance(verdict, VerifiedQuote)
    assert verdict.kind is kind
    assert verdict.platform == keccak(bytes.fromhex(ppid))
    assert verdict.report_data == quote.body.report_data


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sgx_v3_automata_solana", RejectionReason.DEBUG),
        ("tdx_v4_google_spr", RejectionReason.ATTRIBUTES),
    ],
)
def test_verify__genuine_quote_of_an_open_enclave__is_refused(
    name: str, reason: RejectionReason
) -> None:
    assert outcome(genuine(name), intel_trust()) is reason


def test_verify__two_pck_keys_of_one_machine__are_one_platform() -> None:
    verdicts = [
        outcome(genuine(name), intel_trust())
        for name in ("tdx_v5_automata", "tdx_v5_automata_alibaba")
    ]
    assert (
        len({verdict.platform for verdict in verdicts if isinstance(verdict, VerifiedQuote)}) == 1
    )
    assert len({verdict.pck.key for verdict in verdicts if isinstance(verdict, VerifiedQuote)}) == 2


def test_verify__genuine_quote_under_a_simulated_root__is_refused(trust: Trust) -> None:
    assert outcome(genuine("tdx_v4_phala"), trust) is RejectionReason.CERTIFICATE_SIGNATURE


def test_verify__simulated_quote_under_intel_s_root__is_refused(machine: Machine) -> None:
    for body in BODIES.values():
        assert outcome(machine.quote(body), intel_trust()) is RejectionReason.CERTIFICATE_SIGNATURE


@pytest.mark.parametrize("name", BODIES)
def test_verify__simulated_quote__is_accepted(
    intel: SimulatedIntel, machine: Machine, trust: Trust, name: str
) -> None:
    verdict = outcome(machine.quote(BODIES[name]), trust)
    assert isinstance(verdict, VerifiedQuote)
    assert verdict.report_data == REPORT_DATA
    assert verdict.platform == keccak(intel.machine_values("machine").ppid)
    assert verdict.expiry == machine.pck.certificate.not_after


def test_verify__one_td_in_all_versions_of_a_quote__is_one_program(
    machine: Machine, trust: Trust
) -> None:
    quotes = [
        machine.quote(BODIES["tdx v4"]),
        machine.quote(BODIES["tdx v4"], version=5),
        machine.quote(BODIES["tdx v5"]),
    ]
    verdicts = [outcome(quote, trust) for quote in quotes]
    assert len({v.program for v in verdicts if isinstance(v, VerifiedQuote)}) == 1
    assert all(isinstance(verdict, VerifiedQuote) for verdict in verdicts)


# ── Body ──


def test_verify__sgx_debug_enclave__is_refused(machine: Machine, trust: Trust) -> None:
    attributes = b"\x07" + BODIES["sgx v3"].encode()[49:64]
    assert (
        outcome(sign(machine, BODIES["sgx v3"], attributes=attributes), trust)
        is RejectionReason.DEBUG
    )


@pytest.mark.parametrize("name", TDX)
@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("td_attributes", "0100001000000000", RejectionReason.DEBUG),
        ("td_attributes", "8000001000000000", RejectionReason.DEBUG),
        ("td_attributes", "ffffffffffffffff", RejectionReason.DEBUG),
        ("td_attributes", "0000000000000000", RejectionReason.ATTRIBUTES),
        ("td_attributes", "00ffffefffffffff", RejectionReason.ATTRIBUTES),
        ("td_attributes", "0000003000000000", RejectionReason.ATTRIBUTES),
        ("seam_attributes", "0100000000000000", RejectionReason.ATTRIBUTES),
        ("seam_attributes", "0000000000000080", RejectionReason.ATTRIBUTES),
        ("mr_signer_seam", "01" + "00" * 47, RejectionReason.SEAM_SIGNER),
        ("mr_signer_seam", "00" * 47 + "01", RejectionReason.SEAM_SIGNER),
        ("mr_signer_seam", "ff" * 48, RejectionReason.SEAM_SIGNER),
    ],
)
def test_verify__open_td__is_refused(
    machine: Machine, trust: Trust, name: str, field: str, value: str, reason: RejectionReason
) -> None:
    quote = sign(machine, BODIES[name], **{field: bytes.fromhex(value)})
    assert outcome(quote, trust) is reason


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("extreme", [0x00, 0xFF])
def test_verify__every_other_body_field_at_its_extreme__is_accepted(
    machine: Machine, trust: Trust, name: str, extreme: int
) -> None:
    body = BODIES[name]
    guarded = {"td_attributes", "seam_attributes", "mr_signer_seam", "tee_tcb_svn"}
    if extreme:
        guarded.add("attributes")
    for field, value in vars(body).items():
        if field in guarded or value == b"":
            continue
        changed = extreme * 0x0101 if isinstance(value, int) else bytes([extreme]) * len(value)
        verdict = outcome(sign(machine, body, **{field: changed}), trust)
        assert isinstance(verdict, VerifiedQuote), field
        assert field != "report_data" or verdict.report_data == changed


# ── dstack ──


@pytest.mark.parametrize("name", TDX)
def test_verify__dstack_td_that_binds_its_application__is_measured_without_rtmr3(
    machine: Machine, trust: Trust, name: str
) -> None:
    body = replace(BODIES[name], mr_config_id=b"\x01" + bytes(47))
    verdicts = [
        outcome(sign(machine, body, rtmr3=rtmr3), trust, dstack=True)
        for rtmr3 in (bytes(48), b"\xff" * 48)
    ]
    assert all(isinstance(v, VerifiedQuote) and v.kind is ProgramKind.TDX_DSTACK for v in verdicts)
    assert len({v.program for v in verdicts if isinstance(v, VerifiedQuote)}) == 1


@pytest.mark.parametrize("name", TDX)
def test_verify__dstack_td_without_mrconfigid__is_refused(
    machine: Machine, trust: Trust, name: str
) -> None:
    assert outcome(machine.quote(BODIES[name]), trust, dstack=True) is RejectionReason.MR_CONFIG


def test_verify__sgx_enclave_claimed_for_dstack__is_refused(machine: Machine, trust: Trust) -> None:
    quote = machine.quote(BODIES["sgx v3"])
    assert outcome(quote, trust, dstack=True) is RejectionReason.EVIDENCE_KIND


# ── Quoting enclave ──


def test_identities__intel_s_quoting_enclaves__are_those_that_intel_published() -> None:
    sgx = "8c4f5775d796503e96137f77c68a829a0056ac8ded70140b081b094490c57bff"
    tdx = "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5"
    common = {
        "attributes": bytes.fromhex("11000000000000000000000000000000"),
        "attributes_mask": bytes.fromhex("fbffffffffffffff0000000000000000"),
        "misc_select": bytes.fromhex("00000000"),
        "misc_select_mask": bytes.fromhex("ffffffff"),
    }
    assert QeIdentity(bytes.fromhex(sgx), 1, 8, **common) == SGX_QE
    assert QeIdentity(bytes.fromhex(tdx), 2, 4, **common) == TDX_QE


def tee(name: str) -> TeeType:
    return TeeType.SGX if name == "sgx v3" else TeeType.TDX


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("attributes", bytes.fromhex("1700000000000000e700000000000000"), RejectionReason.QE_DEBUG),
        ("attributes", bytes(16), RejectionReason.QE_IDENTITY),
        (
            "attributes",
            bytes.fromhex("3500000000000000e700000000000000"),
            RejectionReason.QE_IDENTITY,
        ),
        (
            "attributes",
            bytes.fromhex("1500000000000080e700000000000000"),
            RejectionReason.QE_IDENTITY,
        ),
        ("mr_signer", bytes(32), RejectionReason.QE_IDENTITY),
        ("isv_prod_id", 0, RejectionReason.QE_IDENTITY),
        ("isv_prod_id", 0xFFFF, RejectionReason.QE_IDENTITY),
        ("misc_select", b"\x01\0\0\0", RejectionReason.QE_IDENTITY),
        ("misc_select", b"\0\0\0\x80", RejectionReason.QE_IDENTITY),
        ("isv_svn", 0, RejectionReason.QE_SVN),
    ],
)
def test_verify__other_quoting_enclave__is_refused(
    machine: Machine, trust: Trust, name: str, field: str, value: object, reason: RejectionReason
) -> None:
    report = replace(qe_report(tee(name)), **{field: value})
    assert outcome(machine.quote(BODIES[name], qe=report), trust) is reason


@pytest.mark.parametrize("name", BODIES)
def test_verify__quoting_enclave_s_svn__counts_from_its_least(
    machine: Machine, trust: Trust, name: str
) -> None:
    least = (TDX_QE if tee(name) is TeeType.TDX else SGX_QE).min_isv_svn
    for svn, accepted in ((least - 1, False), (least, True), (255, True), (256, True)):
        report = replace(qe_report(tee(name)), isv_svn=svn)
        result = outcome(machine.quote(BODIES[name], qe=report), trust)
        assert isinstance(result, VerifiedQuote) if accepted else result is RejectionReason.QE_SVN


@pytest.mark.parametrize("name", BODIES)
def test_verify__quoting_enclave_of_the_other_tee__is_refused(
    machine: Machine, trust: Trust, name: str
) -> None:
    other = TeeType.TDX if tee(name) is TeeType.SGX else TeeType.SGX
    quote = machine.quote(BODIES[name], qe=qe_report(other))
    assert outcome(quote, trust) is RejectionReason.QE_IDENTITY


@pytest.mark.parametrize("name", BODIES)
def test_verify__quoting_enclave_that_vouches_for_another_key__is_refused(
    machine: Machine, trust: Trust, name: str
) -> None:
    quote = machine.quote(BODIES[name])
    bound = sha256(quote.attestation_key + quote.qe_auth).digest()
    for report_data in (bytes(64), bound + bytes(31) + b"\x01"):
        report = replace(qe_report(tee(name)), report_data=report_data)
        unbound = machine.quote(BODIES[name], qe=report, bind=False)
        assert outcome(unbound, trust) is RejectionReason.QE_BINDING


# ── Parts of other quotes ──


def replaced(quote: Quote, other: Quote, *fields: str) -> Quote:
    return replace(quote, **{field: getattr(other, field) for field in fields})


@pytest.mark.parametrize("name", BODIES)
def test_verify__parts_of_another_machine_s_quote__are_refused(
    intel: SimulatedIntel, machine: Machine, trust: Trust, name: str
) -> None:
    mine = machine.quote(BODIES[name])
    theirs = Machine.simulate(intel, "another machine").quote(BODIES[name])
    cases = {
        ("pck_chain",): RejectionReason.QE_SIGNATURE,
        ("qe_signature",): RejectionReason.QE_SIGNATURE,
        ("qe_report",): RejectionReason.QE_SIGNATURE,
        ("qe_report", "qe_signature"): RejectionReason.QE_SIGNATURE,
        ("pck_chain", "qe_report", "qe_signature"): RejectionReason.QE_BINDING,
        ("attestation_key",): RejectionReason.QE_BINDING,
        ("attestation_key", "signature"): RejectionReason.QE_BINDING,
        ("signature",): RejectionReason.QUOTE_SIGNATURE,
    }
    for fields, reason in cases.items():
        assert outcome(replaced(mine, theirs, *fields), trust) is reason, fields


@pytest.mark.parametrize("name", BODIES)
def test_verify__body_of_another_quote_of_the_same_machine__is_refused(
    machine: Machine, trust: Trust, name: str
) -> None:
    mine = machine.quote(BODIES[name])
    other = sign(machine, BODIES[name], report_data=bytes(64))
    assert outcome(replaced(mine, other, "body"), trust) is RejectionReason.QUOTE_SIGNATURE


# ── Chain ──


@pytest.mark.parametrize("name", BODIES)
def test_verify__chain_that_is_not_leaf_then_authority__is_refused(
    intel: SimulatedIntel, machine: Machine, trust: Trust, name: str
) -> None:
    quote = machine.quote(BODIES[name])
    leaf, authority, root = machine.pck.der, intel.authority.der, intel.root.der
    cases = [
        ([leaf], RejectionReason.CERTIFICATION_DATA),
        ([authority, leaf], RejectionReason.CERTIFICATE_ROLE),
        ([leaf, leaf], RejectionReason.CERTIFICATE_ROLE),
        ([authority, authority], RejectionReason.CERTIFICATE_ROLE),
        ([leaf, root], RejectionReason.CERTIFICATE_ROLE),
        ([leaf, intel.tcb_signer.der], RejectionReason.CERTIFICATE_ROLE),
        ([intel.tcb_signer.der, authority], RejectionReason.CERTIFICATE_ROLE),
    ]
    for chain, reason in cases:
        assert outcome(replace(quote, pck_chain=pem(*chain)), trust) is reason, chain
    verdict = outcome(replace(quote, pck_chain=pem(leaf, authority)), trust)
    assert isinstance(verdict, VerifiedQuote)


def test_verify__chains_of_two_simulated_intels_mixed__are_refused(
    intel: SimulatedIntel, machine: Machine, trust: Trust
) -> None:
    other = SimulatedIntel.from_seed(b"another")
    quote = machine.quote(BODIES["sgx v3"])
    mixed = pem(machine.pck.der, other.authority.der)
    assert outcome(replace(quote, pck_chain=mixed), trust) is RejectionReason.CERTIFICATE_SIGNATURE
    other_machine = Machine.simulate(other, "machine")
    theirs = other_machine.quote(BODIES["sgx v3"])
    assert outcome(theirs, trust) is RejectionReason.CERTIFICATE_SIGNATURE
    mixed = pem(other_machine.pck.der, intel.authority.der)
    assert outcome(replace(theirs, pck_chain=mixed), trust) is RejectionReason.CERTIFICATE_SIGNATURE


def test_verify__revoked_certificates__are_refused(
    intel: SimulatedIntel, machine: Machine, trust: Trust
) -> None:
    quote = machine.quote(BODIES["tdx v4"])
    leaf = intel.authority.public_key, machine.pck.certificate.serial
    authority = intel.root.public_key, intel.authority.certificate.serial
    for revoked in (leaf, authority):
        changed = replace(trust, revoked=frozenset({revoked}))
        assert outcome(quote, changed) is RejectionReason.CERTIFICATE_REVOKED
    changed = replace(trust, revoked=frozenset({(leaf[0], authority[1])}))
    assert isinstance(outcome(quote, changed), VerifiedQuote)


# ── TCB ──


def with_values(intel: SimulatedIntel, **changes: object) -> Machine:
    values = replace(intel.machine_values("patched"), **changes)
    return Machine.simulate(intel, "patched", values)


@pytest.mark.parametrize("name", BODIES)
def test_verify__each_sgx_component__counts_from_its_floor(
    intel: SimulatedIntel, trust: Trust, name: str
) -> None:
    for component in range(16):
        svns = bytes(9 if i == component else 10 for i in range(16))
        below = with_values(intel, svns=svns).quote(BODIES[name])
        assert outcome(below, trust) is RejectionReason.TCB_FLOOR
        svns = bytes(255 if i == component else 10 for i in range(16))
        above = with_values(intel, svns=svns).quote(BODIES[name])
        assert isinstance(outcome(above, trust), VerifiedQuote)


@pytest.mark.parametrize(
    ("pce_svn", "accepted"), [(0, False), (19, False), (20, True), (256, True), (65535, True)]
)
def test_verify__pce_svn__counts_from_its_floor(
    intel: SimulatedIntel, trust: Trust, pce_svn: int, accepted: bool
) -> None:
    result = outcome(with_values(intel, pce_svn=pce_svn).quote(BODIES["sgx v3"]), trust)
    assert isinstance(result, VerifiedQuote) if accepted else result is RejectionReason.TCB_FLOOR


@pytest.mark.parametrize("name", TDX)
@pytest.mark.parametrize(
    ("tee_tcb_svn", "expected"),
    [
        ((10, 1, 10), None),
        ((255, 1, 255), None),
        ((9, 1, 10), RejectionReason.TCB_FLOOR),
        ((10, 1, 9), RejectionReason.TCB_FLOOR),
        ((10, 0, 10), None),
        ((9, 0, 10), RejectionReason.TCB_FLOOR),
        ((255, 2, 255), RejectionReason.TCB_UNKNOWN),
        ((255, 255, 255), RejectionReason.TCB_UNKNOWN),
    ],
)
def test_verify__tdx_module__has_the_floor_of_its_major_version(
    machine: Machine,
    trust: Trust,
    name: str,
    tee_tcb_svn: tuple[int, ...],
    expected: RejectionReason | None,
) -> None:
    quote = sign(machine, BODIES[name], tee_tcb_svn=bytes(tee_tcb_svn).ljust(16, b"\0"))
    result = outcome(quote, trust)
    assert isinstance(result, VerifiedQuote) if expected is None else result is expected


def test_verify__fmspc_without_a_floor__is_refused(intel: SimulatedIntel, trust: Trust) -> None:
    for fmspc in (bytes(6), b"\xff" * 6):
        for body in BODIES.values():
            quote = with_values(intel, fmspc=fmspc).quote(body)
            assert outcome(quote, trust) is RejectionReason.TCB_UNKNOWN
            assert isinstance(
                outcome(quote, replace(trust, floors=lowest_floors(fmspc))), VerifiedQuote
            )


def test_verify__tdx_without_a_tdx_floor__is_refused(machine: Machine, trust: Trust) -> None:
    only_sgx = replace(trust, floors=(TcbFloor(FMSPC, TeeType.SGX, bytes(16)),))
    assert isinstance(outcome(machine.quote(BODIES["sgx v3"]), only_sgx), VerifiedQuote)
    for name in TDX:
        assert outcome(machine.quote(BODIES[name]), only_sgx) is RejectionReason.TCB_UNKNOWN


@pytest.mark.parametrize("extreme", [0x00, 0xFF])
def test_verify__machine_at_its_extremes__is_accepted_above_the_lowest_floor(
    intel: SimulatedIntel, trust: Trust, extreme: int
) -> None:
    fmspc = bytes([extreme]) * 6
    values = SgxExtension(bytes([extreme]) * 16, fmspc, bytes([extreme]) * 16, extreme * 0x0101)
    lowest = replace(trust, floors=lowest_floors(fmspc))
    for body in BODIES.values():
        raised = (
            replace(body, tee_tcb_svn=b"\xff\x01" + b"\xff" * 14)
            if isinstance(body, TdReport)
            else body
        )
        verdict = outcome(Machine.simulate(intel, "extreme", values).quote(raised), lowest)
        assert isinstance(verdict, VerifiedQuote)
        assert verdict.pck.sgx == values
