"""The verifier: genuine quotes as published, and what no row of tests/dcap_refusals.py says."""

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from offchain.attestation.programs import ProgramKind
from offchain.attestation.quote import TdReport, TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.sgx_extension import SgxExtension
from offchain.attestation.trust import SGX_QE, TDX_QE, QeIdentity, TcbFloor, Trust
from offchain.attestation.verify import VerifiedQuote
from offchain.simulation import FMSPC, Machine, SimulatedIntel
from offchain.simulation.machine import pem
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


# ── Chain ──


@pytest.mark.parametrize("name", BODIES)
def test_verify__chain_of_a_leaf_alone__is_refused(
    machine: Machine, trust: Trust, name: str
) -> None:
    quote = replace(machine.quote(BODIES[name]), pck_chain=pem(machine.pck.der))
    assert outcome(quote, trust) is RejectionReason.CERTIFICATION_DATA


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
