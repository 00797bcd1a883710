"""Intel's documents: the status of a machine by Intel's algorithm, and floors that follow."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation import tcb
from offchain.attestation.advice import standing
from offchain.attestation.canonical import walk_identity, walk_tcb_info
from offchain.attestation.policy import Policy, Rules
from offchain.attestation.quote import TeeType
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.tcb import Machine
from offchain.attestation.trust import Seam
from offchain.simulation import FMSPC
from offchain.simulation.documents import Issue, SimulatedLevel, make_qe_identity, make_tcb_info
from tests import documents
from tests.offchain.attestation.support import AT, PUBLISHED, UP_TO_DATE, published

LEVELS = (
    SimulatedLevel(9, 9),
    SimulatedLevel(7, 7, "SWHardeningNeeded"),
    SimulatedLevel(5, 5, "OutOfDate"),
    SimulatedLevel(3, 3),
)
SGX = tcb.read_tcb_info(json.loads(make_tcb_info(TeeType.SGX, levels=LEVELS)))
TDX = tcb.read_tcb_info(json.loads(make_tcb_info(TeeType.TDX, levels=LEVELS)))
QE = {
    tee_type: tcb.read_identity(
        json.loads(make_qe_identity(tee_type, levels=((8, "UpToDate"), (6, "OutOfDate"))))
    )
    for tee_type in TeeType
}
SETS = [
    frozenset(tcb.STATUSES[:1]),
    frozenset(tcb.STATUSES[:2]),
    frozenset(tcb.STATUSES[:4]),
    frozenset(tcb.STATUSES[:6]),
]
"""Sets of statuses that a deployment can accept."""


def machine(svn: int, tdx: tuple[int, ...] = (), qe_svn: int = 8) -> Machine:
    return Machine(bytes([svn] * 16), svn, bytes(tdx).ljust(16, b"\0") if tdx else b"", qe_svn)


@pytest.mark.parametrize(
    ("svn", "status"),
    [
        (255, "UpToDate"),
        (9, "UpToDate"),
        (8, "SWHardeningNeeded"),
        (6, "OutOfDate"),
        (4, "UpToDate"),
        (2, None),
    ],
)
def test_evaluate__sgx_machine__is_at_the_first_level_it_reaches(
    svn: int, status: str | None
) -> None:
    assert tcb.evaluate(SGX, QE[TeeType.SGX], machine(svn)).status == status


def test_evaluate__one_component_lower__falls_to_a_lower_level() -> None:
    for component in range(16):
        lower = bytes(8 if i == component else 9 for i in range(16))
        found = tcb.evaluate(SGX, QE[TeeType.SGX], replace(machine(9), svns=lower))
        assert found.platform == SGX.levels[1]
    found = tcb.evaluate(SGX, QE[TeeType.SGX], replace(machine(9), pce_svn=8))
    assert found.platform == SGX.levels[1]


@pytest.mark.parametrize(
    ("tee_tcb_svn", "qe_svn", "status"),
    [
        ((9, 1, 9), 8, "UpToDate"),
        ((9, 3, 9), 8, "UpToDate"),
        ((6, 1, 9), 8, "OutOfDate"),
        ((2, 1, 9), 8, None),
        ((9, 2, 9), 8, None),
        ((9, 0, 9), 8, "UpToDate"),
        ((8, 0, 9), 8, "SWHardeningNeeded"),
        ((9, 1, 7), 8, "SWHardeningNeeded"),
        ((9, 1, 9), 6, "OutOfDate"),
        ((9, 1, 9), 5, None),
    ],
)
def test_evaluate__tdx_module_and_qe__converge_with_the_platform(
    tee_tcb_svn: tuple[int, ...], qe_svn: int, status: str | None
) -> None:
    found = tcb.evaluate(TDX, QE[TeeType.TDX], machine(9, tee_tcb_svn, qe_svn))
    assert found.status == status
    assert found.is_accepted(UP_TO_DATE) == (status == "UpToDate")


@pytest.mark.parametrize("accepted", SETS, ids=len)
@given(st.data())
def test_walk__machine_that_reaches_a_floor__has_an_accepted_status(
    accepted: frozenset[str], data: st.DataObject
) -> None:
    """No machine whose status Intel's algorithm puts outside of the set is accepted."""
    statuses = st.sampled_from(tcb.STATUSES)
    levels = [
        SimulatedLevel(svn, svn, data.draw(statuses)) for svn in sorted(range(2, 10), reverse=True)
    ]
    text = make_tcb_info(TeeType.TDX, levels=levels)
    floor = walk_tcb_info(text, accepted)
    near = st.integers(0, 11)
    svns = bytes(data.draw(st.lists(near, min_size=16, max_size=16)))
    tdx = (data.draw(near), data.draw(st.sampled_from([0, 1, 2, 3])), data.draw(near))
    asked = replace(machine(9, tdx), svns=svns, pce_svn=data.draw(near))
    least = floor.least_of_module(asked.module)
    reached = (
        bool(floor.svns)
        and asked.pce_svn >= floor.pce_svn
        and tcb.at_least(svns, floor.svns)
        and least is not None
        and tcb.at_least(asked.tee_tcb_svn, least)
    )
    found = tcb.evaluate(tcb.read_tcb_info(json.loads(text)), QE[TeeType.TDX], asked)
    assert not reached or found.status in accepted


def test_walk__no_accepted_level__refuses_every_machine() -> None:
    levels = (SimulatedLevel(9, 9, "OutOfDate"), SimulatedLevel(3, 3))
    floor = walk_tcb_info(make_tcb_info(TeeType.SGX, levels=levels), UP_TO_DATE)
    assert floor.fault(b"\xff" * 16, 65_535, None) is RejectionReason.TCB_FLOOR


@pytest.mark.parametrize("name", PUBLISHED)
def test_walk__genuine_documents__give_what_their_levels_say(name: str) -> None:
    found = published(name)
    floor = walk_tcb_info(found.tcb_info, UP_TO_DATE)
    info = tcb.read_tcb_info(json.loads(found.tcb_info))
    assert (floor.svns, floor.pce_svn) == (info.levels[0].sgx_svns, info.levels[0].pce_svn)
    assert floor.tdx_svns == info.levels[0].tdx_svns
    assert dict(floor.modules) == {
        version: levels[0].isv_svn for version, levels in info.modules.items()
    }
    assert floor.validity == info.validity
    assert walk_identity(found.qe_identity, UP_TO_DATE).min_isv_svn == 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"version":3', '"version":4'),
        ('"pceId":"0000"', '"pceId":"0001"'),
        ('"tcbType":0', '"tcbType":1'),
        (",", ", "),
        ('"svn":10', '"svn":010'),
        ('"svn":10', '"svn":256'),
        ("UpToDate", "Uptodate"),
        ("TDX_01", "TDX_0x"),
        ('"attributes":"00', '"attributes":"01'),
        ("2020-01-01", "2050-01-01"),
        ("2020-01-01T00", "2020-01-01T24"),
    ],
)
def test_walk__another_layout__is_refused(old: str, new: str) -> None:
    text = make_tcb_info(TeeType.TDX)
    assert old in text
    with pytest.raises(QuoteRejected) as refusal:
        walk_tcb_info(text.replace(old, new, 1), UP_TO_DATE)
    assert refusal.value.reason is RejectionReason.DOCUMENT_FORM


@pytest.mark.parametrize("name", [3, None, ["TDX_03"], "SGX_03", "TDX_0x"])
def test_read_tcb_info__module_of_another_name__is_refused(name: object) -> None:
    info = json.loads(make_tcb_info(TeeType.TDX))
    info["tdxModuleIdentities"][0]["id"] = name
    with pytest.raises((TypeError, ValueError)):
        tcb.read_tcb_info(info)


def test_walk__identity_of_tdx_modules__is_that_of_the_document() -> None:
    signer, attributes, mask = b"\1" * 48, b"\2" * 8, b"\x0f" * 8
    written = documents.Seam(signer, attributes, mask)
    dates = documents.Dates(AT, AT + 1)
    for text, expected in (
        (documents.tcb_info(TeeType.TDX, dates, seam=written), Seam(signer, attributes, mask)),
        (documents.tcb_info(TeeType.TDX, dates), Seam()),
        (documents.tcb_info(TeeType.SGX, dates), Seam()),
    ):
        assert walk_tcb_info(text.decode(), UP_TO_DATE).seam == expected


def test_walk__bytes_after_the_end__are_refused() -> None:
    for text, walk in (
        (make_tcb_info(TeeType.SGX), walk_tcb_info),
        (make_qe_identity(TeeType.SGX), walk_identity),
    ):
        assert walk(text, UP_TO_DATE)
        for longer in (text + "}", text + " ", text[:-1]):
            with pytest.raises(QuoteRejected, match="document form"):
                walk(longer, UP_TO_DATE)


# ── Which documents count ──

DAY = 86_400


def document(
    number: int,
    *,
    age: int = 1,
    lasts: int = 30,
    tee_type: TeeType = TeeType.SGX,
    fmspc: bytes = FMSPC,
) -> str:
    issued = AT - age * DAY
    return make_tcb_info(tee_type, fmspc, issue=Issue(number, issued, issued + lasts * DAY))


def identity(number: int, tee_type: TeeType = TeeType.SGX) -> str:
    return make_qe_identity(tee_type, issue=Issue(number, AT - DAY, AT + DAY))


def numbers(policy: Policy) -> list[int]:
    return [each.validity.number for each in policy.floors]


def refusal(policy: Policy, text: str) -> RejectionReason:
    with pytest.raises(QuoteRejected) as caught:
        policy.with_document(text, AT)
    return RejectionReason(caught.value.reason)


def test_with_document__third_number__replaces_the_lowest_of_those_that_count() -> None:
    policy = Policy().with_document(document(17), AT).with_document(document(19), AT)
    assert numbers(policy.with_document(document(18), AT)) == [18, 19]
    assert numbers(policy.with_document(document(20), AT)) == [19, 20]
    assert refusal(policy, document(16)) is RejectionReason.DOCUMENT_NUMBER
    later = AT + 40 * DAY
    fresh = make_tcb_info(TeeType.SGX, issue=Issue(16, later - DAY, later + DAY))
    assert numbers(policy.with_document(fresh, later)) == [16]


def test_with_document__older_one_of_a_number__is_refused() -> None:
    policy = Policy().with_document(document(17, age=2), AT)
    assert refusal(policy, document(17, age=3)) is RejectionReason.DOCUMENT_SUPERSEDED
    assert policy.with_document(document(17, age=2), AT) == policy
    assert numbers(policy.with_document(document(17, age=1), AT)) == [17]


KINDS = [(tee_type, fmspc) for fmspc in (FMSPC, b"others") for tee_type in TeeType]


def test_with_document__other_tee_or_fmspc__is_kept_apart() -> None:
    """Each has two numbers of its own, and no document is an older one of another kind."""
    policy = Policy()
    for number in (17, 19, 18):
        for age, (tee_type, fmspc) in enumerate(KINDS, 1):
            text = document(number, age=age, tee_type=tee_type, fmspc=fmspc)
            policy = policy.with_document(text, AT)
        for tee_type in TeeType:
            policy = policy.with_document(identity(number, tee_type), AT)
    kept = [(each.tee_type, each.fmspc, each.validity.number) for each in policy.floors]
    assert len(kept) == 2 * len(KINDS)
    assert set(kept) == {(*kind, number) for kind in KINDS for number in (18, 19)}
    enclaves = [(each.tee_type, each.validity.number) for each in policy.quoting_enclaves]
    assert sorted(enclaves) == [(tee_type, number) for tee_type in TeeType for number in (18, 19)]


def test_has__document_of_another_tee_or_fmspc__is_another_document() -> None:
    for known in KINDS:
        tee_type, fmspc = known
        policy = Policy().with_document(document(17, tee_type=tee_type, fmspc=fmspc), AT)
        for asked in KINDS:
            text = document(17, tee_type=asked[0], fmspc=asked[1])
            assert policy.has(policy.read(text)) is (asked == known)
    for kept in TeeType:
        policy = Policy().with_document(make_qe_identity(kept), AT)
        for tee_type in TeeType:
            assert policy.has(policy.read(make_qe_identity(tee_type))) is (tee_type is kept)


def test_with_document__several_faults__the_first_is_named() -> None:
    """Each fault is added to those that the contract, too, names after it."""
    policy = Policy().with_document(document(17), AT)
    policy = replace(policy, rules=Rules(least_tcb=18))
    for text, reason in (
        (document(17), RejectionReason.DOCUMENT_NUMBER),
        (document(17, age=2), RejectionReason.DOCUMENT_SUPERSEDED),
        (document(17, age=2, lasts=1), RejectionReason.DOCUMENT_STALE),
        (document(17, age=-1, lasts=-2), RejectionReason.DOCUMENT_NOT_YET_VALID),
    ):
        assert refusal(policy, text) is reason


def test_has__newer_or_later_one_of_a_number__is_another_document() -> None:
    policy = Policy().with_document(document(17, age=2), AT)
    for other, known in (
        (document(17, age=2), True),
        (document(17, age=1, lasts=29), False),
        (document(17, age=2, lasts=31), False),
        (document(18, age=2), False),
    ):
        assert policy.has(policy.read(other)) is known
    enclaves = [make_qe_identity(TeeType.SGX, issue=Issue(17, AT - n, AT + n)) for n in (1, 2)]
    policy = policy.with_document(enclaves[0], AT)
    assert [policy.has(policy.read(each)) for each in enclaves] == [True, False]


def test_with_document__around_the_ends_of_its_time() -> None:
    rules = Rules(grace=2 * DAY)
    assert numbers(Policy(rules).with_document(document(17, age=32), AT)) == [17]
    assert refusal(Policy(rules), document(17, age=33)) is RejectionReason.DOCUMENT_STALE
    assert numbers(Policy(rules).with_document(document(17, age=0), AT)) == [17]
    assert refusal(Policy(rules), document(17, age=-1)) is RejectionReason.DOCUMENT_NOT_YET_VALID


@pytest.mark.parametrize("rules", [Rules(least_tcb=18), Rules(least_identity=18)])
def test_with_document__below_the_least_number_of_its_kind__is_refused(rules: Rules) -> None:
    policy = Policy(rules)
    for write, least in ((document, rules.least_tcb), (identity, rules.least_identity)):
        if least:
            assert refusal(policy, write(17)) is RejectionReason.DOCUMENT_NUMBER
        else:
            assert policy.with_document(write(17), AT) != policy
        assert policy.with_document(write(18), AT) != policy


def test_with_document__kept_one_below_the_least_number__is_dropped() -> None:
    policy = Policy().with_document(document(17), AT)
    assert numbers(policy.with_document(document(18), AT)) == [17, 18]
    for least, kept in ((17, [17, 18]), (18, [18])):
        raised = replace(policy, rules=Rules(least_tcb=least))
        assert numbers(raised.with_document(document(18), AT)) == kept


# ── Words ──


def test_standing__machine_below_in_each_part__says_what_to_update() -> None:
    asked = machine(8, (6, 1, 6), qe_svn=7)
    found = standing(TDX, QE[TeeType.TDX], asked, UP_TO_DATE)
    said = "\n".join(found.lines())
    assert not found.is_accepted
    assert "TDX TCB info 17: OutOfDate since 2020-01-01 (INTEL-SA-00001, INTEL-SA-00002)" in said
    for part in (
        "SGX component 0 (Early Microcode Update, BIOS) is 8, needs 9: "
        "needs a BIOS update with microcode of 2020-01-01 or later",
        "SGX component 1 (SGX Late Microcode Update, OS/VMM) is 8, needs 9: "
        "needs a microcode update of 2020-01-01 or later",
        "SGX component 3 is 8, needs 9: needs a BIOS or microcode update of 2020-01-01",
        "TDX component 2 (TDX Late Microcode Update, OS/VMM) is 6, needs 9",
        "PCE is 8, needs 9",
        "TDX module of version 1 is 6, needs 9",
        "QE is 7, needs 8",
    ):
        assert part in said


def test_standing__no_accepted_level__says_that_no_update_helps() -> None:
    levels = (SimulatedLevel(9, 9, "SWHardeningNeeded"),)
    info = tcb.read_tcb_info(json.loads(make_tcb_info(TeeType.SGX, levels=levels)))
    found = standing(info, QE[TeeType.SGX], machine(9), UP_TO_DATE)
    assert "no update helps" in list(found.lines())[-1]
