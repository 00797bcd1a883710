"""The verifier: genuine quotes as published, and what no row of tests/dcap_refusals.py says."""

from dataclasses import replace
from itertools import permutations

import pytest
from eth_utils.crypto import keccak

from offchain.attestation.canonical import walk_identity
from offchain.attestation.programs import ProgramKind
from offchain.attestation.quote import TdReport, TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.sgx_extension import SgxExtension
from offchain.attestation.tcb import Validity
from offchain.attestation.trust import Seam, TcbFloor, Trust
from offchain.attestation.verify import VerifiedQuote, verify_chain
from offchain.simulation import FMSPC, Machine, SimulatedIntel
from offchain.simulation.documents import make_qe_identity
from offchain.simulation.machine import pem, qe_report
from tests.offchain.attestation.support import (
    AT,
    BODIES,
    PUBLISHED,
    REPORT_DATA,
    UP_TO_DATE,
    genuine,
    intel_trust,
    lowest_floors,
    outcome,
    published,
    sign,
)

TDX = ("tdx v4", "tdx v5")


@pytest.mark.parametrize(
    ("name", "kind", "ppid"),
    [
        ("sgx_v3_automata", ProgramKind.SGX, "186950b6d8d014d89f0c144d1d90ebad"),
        ("tdx_v4_automata", ProgramKind.TDX, "85d50af2ad61799ebce974b7b0978b46"),
        ("tdx_v4_phala", ProgramKind.TDX, "811dca2a26b952e85bb6448b097ba4fd"),
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
        ("tdx_v5_automata", RejectionReason.SERVICE_TD),
        ("tdx_v5_automata_alibaba", RejectionReason.SERVICE_TD),
    ],
)
def test_verify__genuine_quote_of_an_open_enclave__is_refused(
    name: str, reason: RejectionReason
) -> None:
    assert outcome(genuine(name), intel_trust()) is reason


def test_verify__two_pck_keys_of_one_machine__are_one_platform() -> None:
    pcks = [
        verify_chain(genuine(name).pck_chain, intel_trust(), AT)
        for name in ("tdx_v5_automata", "tdx_v5_automata_alibaba")
    ]
    assert len({pck.sgx.ppid for pck in pcks}) == 1
    assert len({pck.key for pck in pcks}) == 2


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


@pytest.mark.parametrize("name", PUBLISHED)
def test_quoting_enclaves__simulated__are_those_that_intel_published(name: str) -> None:
    theirs = walk_identity(published(name).qe_identity, UP_TO_DATE)
    ours = walk_identity(make_qe_identity(TeeType.TDX), UP_TO_DATE)
    assert replace(theirs, validity=ours.validity) == ours


@pytest.mark.parametrize(
    ("field", "expected", "mask", "fitting", "others"),
    [
        ("misc_select", "01000000", "01000080", ["01000000", "01ffff7f"], ["00000000", "01000080"]),
        (
            "attributes",
            "11" + "00" * 14 + "01",
            "15" + "00" * 14 + "81",
            ["11" + "00" * 14 + "01", "f1" + "ff" * 14 + "7f"],
            ["15" + "00" * 14 + "01", "11" + "00" * 15, "11" + "00" * 14 + "81"],
        ),
    ],
)
def test_verify__quoting_enclave__is_compared_where_the_mask_is_set(
    machine: Machine,
    trust: Trust,
    field: str,
    expected: str,
    mask: str,
    fitting: list[str],
    others: list[str],
) -> None:
    (enclave,) = trust.identities_of(TeeType.SGX)
    rule = {field: bytes.fromhex(expected), f"{field}_mask": bytes.fromhex(mask)}
    changed = replace(trust, quoting_enclaves=(replace(enclave, **rule),))
    for value in fitting + others:
        report = replace(qe_report(TeeType.SGX), **{field: bytes.fromhex(value)})
        verdict = outcome(machine.quote(BODIES["sgx v3"], qe=report), changed)
        if value in fitting:
            assert isinstance(verdict, VerifiedQuote), value
        else:
            assert verdict is RejectionReason.QE_IDENTITY, value


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
    only_sgx = replace(trust, floors=trust.floors_of(FMSPC, TeeType.SGX))
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


# ── Documents that count ──


def later(trust: Trust, number: int, **changes: object) -> TcbFloor:
    (floor,) = trust.floors_of(FMSPC, TeeType.SGX)
    return replace(floor, validity=replace(floor.validity, number=number), **changes)


def test_verify__machine_that_meets_either_of_two_documents__is_accepted(
    machine: Machine, trust: Trust
) -> None:
    quote = machine.quote(BODIES["sgx v3"])
    early = later(trust, 18, svns=b"\x0b" * 16)
    both = replace(trust, floors=(*trust.floors, early))
    assert isinstance(outcome(quote, both), VerifiedQuote)
    assert outcome(quote, replace(trust, floors=(early,))) is RejectionReason.TCB_FLOOR
    assert outcome(quote, replace(both, least_tcb=18)) is RejectionReason.TCB_FLOOR
    assert outcome(quote, replace(both, least_tcb=19)) is RejectionReason.TCB_STALE
    (enclave,) = trust.identities_of(TeeType.SGX)
    next_one = replace(enclave.validity, number=18)
    newer = replace(enclave, validity=next_one, min_isv_svn=0xFFFF)
    both = replace(trust, quoting_enclaves=(*trust.quoting_enclaves, newer))
    assert isinstance(outcome(quote, both), VerifiedQuote)
    assert outcome(quote, replace(both, least_identity=18)) is RejectionReason.QE_SVN
    assert outcome(quote, replace(both, least_identity=19)) is RejectionReason.QE_STALE


def test_verify__machine_that_meets_none_of_two_documents__is_told_of_the_newer(
    machine: Machine, trust: Trust
) -> None:
    """Whatever their order among the values that are passed in."""
    quote = machine.quote(BODIES["tdx v4"])
    (floor,) = trust.floors_of(FMSPC, TeeType.TDX)
    (enclave,) = trust.identities_of(TeeType.TDX)
    kinds = {
        "floors": {
            RejectionReason.TCB_FLOOR: replace(floor, pce_svn=21),
            RejectionReason.TDX_MODULE: replace(floor, modules=()),
        },
        "quoting_enclaves": {
            RejectionReason.QE_SVN: replace(enclave, min_isv_svn=0xFFFF),
            RejectionReason.QE_IDENTITY: replace(enclave, isv_prod_id=0xFFFF),
        },
    }
    for members, refusing in kinds.items():
        for reasons in permutations(refusing):
            pair = [
                replace(refusing[reason], validity=replace(floor.validity, number=number))
                for number, reason in enumerate(reasons, 17)
            ]
            for given in (pair, pair[::-1]):
                found = outcome(quote, replace(trust, **{members: tuple(given)}))
                assert found is reasons[-1]


def test_trust__two_floors_of_one_scope_and_number__cannot_be(trust: Trust) -> None:
    with pytest.raises(ValueError, match="two floors of one scope"):
        replace(trust, floors=(*trust.floors, later(trust, 17, pce_svn=1)))
    with pytest.raises(ValueError, match="two floors of one scope"):
        replace(trust, quoting_enclaves=trust.quoting_enclaves * 2)


def test_verify__document_without_an_accepted_level__refuses(
    machine: Machine, trust: Trust
) -> None:
    refusing = replace(trust, floors=(later(trust, 17, svns=b"", pce_svn=0),))
    assert outcome(machine.quote(BODIES["sgx v3"]), refusing) is RejectionReason.TCB_FLOOR


@pytest.mark.parametrize("name", BODIES)
def test_verify__around_the_grace_of_each_document(
    machine: Machine, trust: Trust, name: str
) -> None:
    quote, grace = machine.quote(BODIES[name]), 1_000
    until = Validity(17, 0, AT - grace)
    over = Validity(17, 0, AT - grace - 1)
    patient = replace(trust, grace=grace)
    floors = {v: tuple(replace(f, validity=v) for f in trust.floors) for v in (until, over)}
    enclaves = {
        v: tuple(replace(q, validity=v) for q in trust.quoting_enclaves) for v in (until, over)
    }
    lists = {v: dict.fromkeys(trust.lists, v.next_update) for v in (until, over)}
    for members, reason in (
        ("floors", RejectionReason.TCB_STALE),
        ("quoting_enclaves", RejectionReason.QE_STALE),
        ("lists", RejectionReason.CRL_STALE),
    ):
        values = {"floors": floors, "quoting_enclaves": enclaves, "lists": lists}[members]
        assert isinstance(
            outcome(quote, replace(patient, **{members: values[until]})), VerifiedQuote
        )
        assert outcome(quote, replace(patient, **{members: values[over]})) is reason


def test_verify__list_of_either_authority_missing__is_refused(
    machine: Machine, trust: Trust
) -> None:
    for missing in trust.lists:
        lists = {id_: until for id_, until in trust.lists.items() if id_ != missing}
        verdict = outcome(machine.quote(BODIES["tdx v4"]), replace(trust, lists=lists))
        assert verdict is RejectionReason.CRL_STALE


# ── Trust domains ──


@pytest.mark.parametrize("bit", range(8, 64))
def test_verify__each_bit_of_td_attributes__is_judged(
    machine: Machine, trust: Trust, bit: int
) -> None:
    reserved = {*range(8, 16), *range(23, 27), *range(32, 62), 29}
    flags = (1 << 28 | 1 << bit).to_bytes(8, "little")
    verdict = outcome(sign(machine, BODIES["tdx v5"], td_attributes=flags), trust)
    if bit in reserved:
        assert verdict is RejectionReason.ATTRIBUTES
    elif bit == 17:
        assert verdict is RejectionReason.SERVICE_TD
    else:
        assert isinstance(verdict, VerifiedQuote)


@pytest.mark.parametrize("place", [0, 47])
def test_verify__service_td__is_refused(machine: Machine, trust: Trust, place: int) -> None:
    service = bytes(place) + b"\1" + bytes(47 - place)
    quote = sign(machine, BODIES["tdx v5"], mr_service_td=service)
    assert outcome(quote, trust) is RejectionReason.SERVICE_TD


@pytest.mark.parametrize("name", TDX)
def test_verify__tdx_module_of_another_signer__only_as_the_document_says(
    machine: Machine, trust: Trust, name: str
) -> None:
    (floor,) = trust.floors_of(FMSPC, TeeType.TDX)
    theirs = Seam(b"\1" * 48, b"\2" * 8, b"\x0f" * 8)
    changed = replace(trust, floors=(replace(floor, seam=theirs),))
    for signer, attributes, accepted in (
        (b"\1" * 48, b"\2" * 8, True),
        (b"\1" * 48, b"\xf2" * 8, True),
        (b"\1" * 48, b"\3" + b"\2" * 7, False),
        (b"\1" * 48, b"\2" * 7 + b"\0", False),
        (b"\1" * 47 + b"\2", b"\2" * 8, False),
        (bytes(48), b"\2" * 8, False),
    ):
        quote = sign(machine, BODIES[name], mr_signer_seam=signer, seam_attributes=attributes)
        verdict = outcome(quote, changed)
        if accepted:
            assert isinstance(verdict, VerifiedQuote)
        else:
            assert verdict is RejectionReason.TDX_MODULE


@pytest.mark.parametrize("field", ["tee_tcb_svn", "tee_tcb_svn2"])
def test_verify__each_component_of_a_trust_domain__must_reach_the_floor(
    machine: Machine, trust: Trust, field: str
) -> None:
    """The first two name the TDX module."""
    (floor,) = trust.floors_of(FMSPC, TeeType.TDX)
    strict = replace(trust, floors=(replace(floor, tdx_svns=bytes([10] * 16)),))
    reaching = bytes([10, 1] + [10] * 14)
    for place in range(2, 16):
        for svn, reason in ((10, None), (9, RejectionReason.TCB_FLOOR)):
            svns = {"tee_tcb_svn": reaching, "tee_tcb_svn2": reaching}
            svns[field] = reaching[:place] + bytes([svn]) + reaching[place + 1 :]
            verdict = outcome(sign(machine, BODIES["tdx v5"], **svns), strict)
            assert verdict is reason if reason else isinstance(verdict, VerifiedQuote), place


def test_verify__tee_tcb_svn2_below_the_floor__is_refused(machine: Machine, trust: Trust) -> None:
    for svns in (bytes([9, 1, 10]), bytes([10, 1, 9])):
        quote = sign(machine, BODIES["tdx v5"], tee_tcb_svn2=svns.ljust(16, b"\0"))
        assert outcome(quote, trust) is RejectionReason.TCB_FLOOR
    quote = sign(machine, BODIES["tdx v5"], tee_tcb_svn2=bytes([10, 2, 10]).ljust(16, b"\0"))
    assert outcome(quote, trust) is RejectionReason.TDX_MODULE
