"""Intel's TCB info: the level of a machine, floors that follow from it, signed documents."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation import tcb
from offchain.attestation.quote import TeeType
from offchain.attestation.tcb import ModuleLevel, TcbInfo, TcbLevel
from offchain.attestation.trust import INTEL_ROOT_KEY, TcbFloor
from offchain.simulation import FMSPC
from offchain.simulation.documents import make_tcb_info
from tests.offchain.attestation.support import published

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


INFO = TcbInfo(
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
    sgx_only = tuple(replace(each, tdx_svns=b"") for each in INFO.levels)
    found = tcb.evaluate(replace(INFO, levels=sgx_only), bytes([svn] * 16), svn).platform
    assert (found and found.status) == status


def test_evaluate__one_component_lower__falls_to_a_lower_level() -> None:
    for component in range(16):
        svns = bytes(8 if i == component else 9 for i in range(16))
        found = tcb.evaluate(INFO, svns, 9, bytes([9, 0, 9]).ljust(16, b"\0"))
        assert found.platform == INFO.levels[1]
    found = tcb.evaluate(INFO, bytes([9] * 16), 8, bytes([9, 0, 9]).ljust(16, b"\0"))
    assert found.platform == INFO.levels[1]


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
    found = tcb.evaluate(INFO, bytes([9] * 16), 9, bytes(tee_tcb_svn).ljust(16, b"\0"))
    assert found == tcb.Evaluation(INFO.levels[platform], module)


def test_propose_floors__accepted_level_below_an_unaccepted_one__is_not_used() -> None:
    assert tcb.propose_floors(INFO, UP_TO_DATE) == (
        TcbFloor(FMSPC, TeeType.SGX, bytes([7] * 16), 7),
        TcbFloor(FMSPC, TeeType.TDX, bytes([7, 0, 7]).ljust(16, b"\0")),
        TcbFloor(FMSPC, TeeType.TDX, bytes([6, 1, 7]).ljust(16, b"\0")),
    )


def test_propose_floors__more_statuses_accepted__go_deeper() -> None:
    floors = tcb.propose_floors(INFO, UP_TO_DATE | {"OutOfDate"})
    assert [floor.svns[:3] for floor in floors] == [
        bytes([3, 3, 3]),
        bytes([3, 0, 3]),
        bytes([4, 1, 3]),
        bytes([3, 3, 3]),
    ]


def test_propose_floors__level_of_a_major_version__bounds_no_module_of_version_0() -> None:
    """The TCB info lists no level for version 0, so no floor is set and no such module trusted."""
    newest = level(9, "UpToDate", (9, 1, 9))
    assert tcb.propose_floors(replace(INFO, levels=(newest,)), UP_TO_DATE) == (
        TcbFloor(FMSPC, TeeType.SGX, bytes([9] * 16), 9),
        TcbFloor(FMSPC, TeeType.TDX, bytes([6, 1, 9]).ljust(16, b"\0")),
    )


def test_propose_floors__newest_level_unaccepted__is_refused() -> None:
    with pytest.raises(ValueError, match="newest level of FMSPC 53494d554c00 is UpToDate"):
        tcb.propose_floors(INFO, frozenset({"Revoked"}))


@given(st.binary(min_size=16, max_size=16), st.integers(0, 20))
def test_propose_floors__machine_that_reaches_them__is_at_an_accepted_level(
    svns: bytes, pce_svn: int
) -> None:
    sgx = tcb.propose_floors(INFO, UP_TO_DATE)[0]
    found = tcb.evaluate(INFO, svns, pce_svn, b"\xff\x01" + b"\xff" * 14).platform
    assert not sgx.reached_by(svns, pce_svn) or (found and found.status == "UpToDate")


# ── Intel's documents ──


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
    content = json.loads(make_tcb_info(TeeType.TDX))
    content["tdxModuleIdentities"][0]["id"] = "TDX_10"
    assert tcb.tcb_info(content).modules.keys() == {16}


@pytest.mark.parametrize("version", [2, 4])
def test_tcb_info__other_version__is_refused(version: int) -> None:
    content = json.loads(make_tcb_info(TeeType.SGX)) | {"version": version}
    with pytest.raises(ValueError, match=f"version {version}, expected 3"):
        tcb.tcb_info(content)


@pytest.mark.parametrize("version", [1, 3])
def test_qe_identity__other_version__is_refused(version: int) -> None:
    with pytest.raises(ValueError, match=f"version {version}, expected 2"):
        tcb.qe_identity({"version": version})
