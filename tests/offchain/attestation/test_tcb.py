"""Intel's TCB info: evaluation, floors that follow from it, and collateral as trust."""

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation import tcb
from offchain.attestation.collateral import Collateral, trust_in
from offchain.attestation.quote import TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.tcb import ModuleLevel, TcbInfo, TcbLevel
from offchain.attestation.trust import INTEL_ROOT_KEY, TDX_QE, TcbFloor
from offchain.attestation.verify import VerifiedQuote, verify
from offchain.protocol.errors import QuoteRejected
from offchain.simulation import FMSPC, Machine, SimulatedIntel, collateral
from offchain.simulation.collateral import tcb_info
from tests.offchain.attestation.support import AT, BODIES, genuine, outcome, vector

PUBLISHED = {"tdx_v4_phala": 1_750_400_000, "tdx_v5_phala": 1_771_500_000}
"""A time at which each vector's collateral was current."""
UP_TO_DATE = frozenset({"UpToDate"})


def level(svn: int, status: str, tdx: tuple[int, ...] = ()) -> TcbLevel:
    return TcbLevel(
        bytes([svn] * 16),
        svn,
        bytes(tdx).ljust(16, b"\0") if tdx else b"",
        status,
        "2026-01-01T00:00:00Z",
        (),
    )


LADDER = TcbInfo(
    FMSPC,
    (
        level(9, "UpToDate", (9, 0, 9)),
        level(7, "UpToDate", (7, 0, 7)),
        level(5, "OutOfDate", (5, 0, 5)),
        level(3, "UpToDate", (3, 0, 3)),
    ),
    {
        1: (ModuleLevel(6, "UpToDate"), ModuleLevel(4, "OutOfDate")),
        3: (ModuleLevel(3, "OutOfDate"),),
    },
)


def published(name: str) -> Collateral:
    return Collateral.from_json(vector(name, "collateral.json").decode())


@pytest.mark.parametrize(
    ("svn", "status"),
    [
        (255, "UpToDate"),
        (9, "UpToDate"),
        (8, "UpToDate"),
        (5, "OutOfDate"),
        (4, "UpToDate"),
        (2, None),
    ],
)
def test_evaluate__sgx_machine__is_at_the_first_level_it_reaches(
    svn: int, status: str | None
) -> None:
    ladder = replace(LADDER, levels=tuple(replace(step, tdx_svns=b"") for step in LADDER.levels))
    found = tcb.evaluate(ladder, bytes([svn] * 16), svn).platform
    assert (found and found.status) == status


def test_evaluate__one_component_lower__falls_to_a_lower_level() -> None:
    for component in range(16):
        svns = bytes(8 if i == component else 9 for i in range(16))
        found = tcb.evaluate(LADDER, svns, 9, bytes([9, 0, 9]).ljust(16, b"\0"))
        assert found.platform == LADDER.levels[1]
    found = tcb.evaluate(LADDER, bytes([9] * 16), 8, bytes([9, 0, 9]).ljust(16, b"\0"))
    assert found.platform == LADDER.levels[1]


@pytest.mark.parametrize(
    ("tee_tcb_svn", "platform", "module"),
    [
        ((0, 1, 9), 0, None),
        ((6, 1, 9), 0, "UpToDate"),
        ((4, 1, 9), 0, "OutOfDate"),
        ((4, 1, 7), 1, "OutOfDate"),
        ((9, 0, 9), 0, None),
        ((8, 0, 9), 1, None),
        ((3, 3, 9), 0, "OutOfDate"),
        ((9, 2, 9), 0, None),
    ],
)
def test_evaluate__tdx_module__counts_within_its_major_version(
    tee_tcb_svn: tuple[int, ...], platform: int, module: str | None
) -> None:
    found = tcb.evaluate(LADDER, bytes([9] * 16), 9, bytes(tee_tcb_svn).ljust(16, b"\0"))
    assert found == tcb.Evaluation(LADDER.levels[platform], module)


def test_propose_floors__accepted_level_below_an_unaccepted_one__is_not_used() -> None:
    assert tcb.propose_floors(LADDER, UP_TO_DATE) == (
        TcbFloor(FMSPC, TeeType.SGX, bytes([7] * 16), 7),
        TcbFloor(FMSPC, TeeType.TDX, bytes([7, 0, 7]).ljust(16, b"\0")),
        TcbFloor(FMSPC, TeeType.TDX, bytes([6, 1, 7]).ljust(16, b"\0")),
    )


def test_propose_floors__more_statuses_accepted__go_deeper() -> None:
    floors = tcb.propose_floors(LADDER, UP_TO_DATE | {"OutOfDate"})
    assert [floor.svns[:3] for floor in floors] == [
        bytes([3, 3, 3]),
        bytes([3, 0, 3]),
        bytes([4, 1, 3]),
        bytes([3, 3, 3]),
    ]


def test_propose_floors__level_of_a_major_version__bounds_no_module_of_version_0() -> None:
    """Of which nothing is said then: so no floor is set, and none of them is trusted."""
    newest = level(9, "UpToDate", (9, 1, 9))
    assert tcb.propose_floors(replace(LADDER, levels=(newest,)), UP_TO_DATE) == (
        TcbFloor(FMSPC, TeeType.SGX, bytes([9] * 16), 9),
        TcbFloor(FMSPC, TeeType.TDX, bytes([6, 1, 9]).ljust(16, b"\0")),
    )


def test_propose_floors__newest_level_unaccepted__is_refused() -> None:
    with pytest.raises(ValueError, match="newest level of FMSPC 53494d554c00 is UpToDate"):
        tcb.propose_floors(LADDER, frozenset({"Revoked"}))


@given(st.binary(min_size=16, max_size=16), st.integers(0, 20))
def test_propose_floors__whoever_reaches_them__is_at_an_accepted_level(
    svns: bytes, pce_svn: int
) -> None:
    sgx = tcb.propose_floors(LADDER, UP_TO_DATE)[0]
    found = tcb.evaluate(LADDER, svns, pce_svn, b"\xff\x01" + b"\xff" * 14).platform
    assert not sgx.reached_by(svns, pce_svn) or (found and found.status == "UpToDate")


# ── Signed documents ──


def test_trust_in__genuine_collateral__accepts_the_up_to_date_quote() -> None:
    at = PUBLISHED["tdx_v4_phala"]
    trust = trust_in(published("tdx_v4_phala"), INTEL_ROOT_KEY, at)
    assert trust.quoting_enclaves[TeeType.TDX] == TDX_QE
    assert len(trust.revoked) == 44
    assert isinstance(verify(genuine("tdx_v4_phala"), trust, at), VerifiedQuote)


def test_trust_in__collateral_newer_than_the_machine__refuses_its_quote() -> None:
    at = PUBLISHED["tdx_v5_phala"]
    trust = trust_in(published("tdx_v5_phala"), INTEL_ROOT_KEY, at)
    with pytest.raises(QuoteRejected) as refusal:
        verify(genuine("tdx_v5_phala"), trust, at)
    assert refusal.value.reason is RejectionReason.TCB_FLOOR


@pytest.mark.parametrize("tee_type", list(TeeType))
def test_trust_in__simulated_collateral__accepts_simulated_quotes(
    intel: SimulatedIntel, machine: Machine, tee_type: TeeType
) -> None:
    trust = trust_in(collateral(intel, tee_type), intel.root.public_key, AT)
    for body in BODIES.values():
        quote = machine.quote(body)
        if quote.tee_type is tee_type:
            assert isinstance(outcome(quote, trust), VerifiedQuote)


def test_trust_in__revoked_pck_certificate__is_refused(
    intel: SimulatedIntel, machine: Machine
) -> None:
    documents = collateral(intel, TeeType.SGX, revoked=(machine.pck.certificate.serial,))
    trust = trust_in(documents, intel.root.public_key, AT)
    assert outcome(machine.quote(BODIES["sgx v3"]), trust) is RejectionReason.CERTIFICATE_REVOKED


def test_trust_in__serial_that_the_root_revoked__is_revoked_under_the_root(
    intel: SimulatedIntel,
) -> None:
    documents = collateral(intel, TeeType.SGX, revoked=(5,), revoked_authorities=(7,))
    trust = trust_in(documents, intel.root.public_key, AT)
    assert trust.revoked == {(intel.root.public_key, 7), (intel.authority.public_key, 5)}


def refusal_of(documents: Collateral, intel: SimulatedIntel, at: int = AT) -> RejectionReason:
    with pytest.raises(QuoteRejected) as refusal:
        trust_in(documents, intel.root.public_key, at)
    return refusal.value.reason


def test_trust_in__documents_changed__are_refused(intel: SimulatedIntel) -> None:
    documents = collateral(intel, TeeType.TDX)
    for name in ("tcb_info", "qe_identity"):
        changed = replace(documents, **{name: getattr(documents, name) + " "})
        assert refusal_of(changed, intel) is RejectionReason.COLLATERAL_SIGNATURE
    swapped = replace(documents, tcb_info_signature=documents.qe_identity_signature)
    assert refusal_of(swapped, intel) is RejectionReason.COLLATERAL_SIGNATURE


def test_trust_in__documents_out_of_date__are_refused(intel: SimulatedIntel) -> None:
    documents = published("tdx_v4_phala")
    issued, expires = 1_750_328_163, 1_752_920_163
    for at in (issued - 1, expires + 1_000):
        with pytest.raises(QuoteRejected) as refusal:
            trust_in(documents, INTEL_ROOT_KEY, at)
        assert refusal.value.reason is RejectionReason.COLLATERAL_STALE


def test_signed_document__at_each_end_of_its_time__is_current() -> None:
    documents = published("tdx_v4_phala")
    issued, expires = 1_750_328_163, 1_752_920_163
    for at in (issued, expires):
        content = tcb.signed_document(
            documents.tcb_info,
            documents.tcb_info_signature,
            documents.tcb_info_issuer_chain.encode(),
            INTEL_ROOT_KEY,
            at,
        )
        assert content["fmspc"] == "B0C06F000000"


def test_tcb_info__module_of_a_high_version__is_read_as_hexadecimal() -> None:
    content = json.loads(tcb_info(TeeType.TDX))
    content["tdxModuleIdentities"][0]["id"] = "TDX_10"
    assert tcb.tcb_info(content).modules.keys() == {16}


@pytest.mark.parametrize("chain", ["tcb_info_issuer_chain", "qe_identity_issuer_chain"])
def test_trust_in__signer_of_another_role__is_refused(intel: SimulatedIntel, chain: str) -> None:
    documents = collateral(intel, TeeType.TDX)
    posing = replace(documents, **{chain: documents.pck_crl_issuer_chain})
    assert refusal_of(posing, intel) is RejectionReason.CERTIFICATE_ROLE


def test_trust_in__lists_swapped__are_refused(intel: SimulatedIntel) -> None:
    documents = collateral(intel, TeeType.TDX)
    swapped = replace(documents, root_ca_crl=documents.pck_crl, pck_crl=documents.root_ca_crl)
    assert refusal_of(swapped, intel) is RejectionReason.CRL_SIGNATURE


def test_trust_in__another_root__is_refused(intel: SimulatedIntel) -> None:
    other = SimulatedIntel.from_seed(b"another")
    assert (
        refusal_of(collateral(other, TeeType.TDX), intel) is RejectionReason.CERTIFICATE_SIGNATURE
    )


def test_from_json__what_to_json_wrote__comes_back(intel: SimulatedIntel) -> None:
    documents = collateral(intel, TeeType.SGX)
    assert Collateral.from_json(documents.to_json()) == documents


@pytest.mark.parametrize("name", PUBLISHED)
def test_from_json__genuine_collateral__is_read_whole(name: str) -> None:
    members = json.loads(vector(name, "collateral.json"))
    assert json.loads(published(name).to_json()) == {
        key: members[key] for key in asdict(published(name))
    }


@pytest.mark.parametrize("version", [2, 4])
def test_tcb_info__other_version__is_refused(version: int) -> None:
    content = json.loads(tcb_info(TeeType.SGX)) | {"version": version}
    with pytest.raises(ValueError, match=f"version {version}, expected 3"):
        tcb.tcb_info(content)


@pytest.mark.parametrize("version", [1, 3])
def test_qe_identity__other_version__is_refused(version: int) -> None:
    with pytest.raises(ValueError, match=f"version {version}, expected 2"):
        tcb.qe_identity({"version": version})
