"""No machine is accepted to which Intel's own algorithm gives a status outside the accepted set.

Random machines around the levels of Intel's documents, and of random documents whose levels and
statuses follow one another in any order.
"""

# Holds I-42, S-67, S-68.

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import boa
import pytest
from eth_utils.crypto import keccak

from offchain.attestation.canonical import walk_tcb_info
from offchain.attestation.quote import TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.tcb import STATUSES
from offchain.attestation.trust import TcbFloor
from offchain.chain.policy import BITS
from offchain.simulation import FMSPC, SimulatedIntel, issuing
from offchain.simulation.machine import qe_report
from tests.dcap import Attesting, certificate, words
from tests.documents import DAY, Dates, IsvLevel, Level, identity, signed, tcb_info
from tests.documents import Seam as SeamText
from tests.inprocess import reason_of
from tests.intel_status import Machine, at_least, status
from tests.property.test_policy_documents import (
    DATES,
    LONG_GRACE,
    NOW,
    OTHER_SEAM,
    TEXTS,
    without_documents,
)

INTEL = SimulatedIntel.from_seed(b"documents")
INTEL_SEAM = int.from_bytes(keccak(bytes(48))[:24], "big") << 64
MACHINES, RANDOM_DOCUMENTS = 25, 8
TCB_TEXTS = {
    name: text
    for name, text in TEXTS.items()
    if b'"tcbLevels":[{"tcb":{"sgx' in text and name != "tdx of another signer"
}


@pytest.fixture(scope="module", params=[1, 3, 63])
def judging(request: pytest.FixtureRequest, attesting: None) -> Attesting:
    made = without_documents(statuses=request.param)
    boa.env.timestamp = NOW
    for tee in TeeType:
        made.policy.update_identity(*signed(identity(tee, DATES), INTEL.tcb_signer))
    return made


def verdict(
    policy: Any,
    tee: TeeType,
    machine: Machine,
    *,
    fmspc: bytes = FMSPC,
    now: bytes | None = None,
    seam: int = INTEL_SEAM,
    **of_quoting_enclave: Any,
) -> bool | RejectionReason:
    """Return what the policy says of a machine; without `now`, its TEE_TCB_SVN2 is as at launch."""
    report = replace(qe_report(tee), **of_quoting_enclave).encode()
    quoted = (
        int(tee),
        int.from_bytes(fmspc, "big"),
        machine.tcb,
        [int.from_bytes(svns, "big") for svns in (machine.tdx_svns, now or machine.tdx_svns)],
        seam if tee is TeeType.TDX else 0,
        [int.from_bytes(report[at : at + 32], "big") for at in range(0, 384, 32)],
    )
    try:
        return bool(policy.check(quoted))
    except boa.BoaError as error:
        return RejectionReason(reason_of(error))


def is_accepted(policy: Any, tee: TeeType, fmspc: bytes, machine: Machine, now: bytes) -> bool:
    """Return True if the policy takes a machine, which it must not refuse for another reason."""
    said = verdict(policy, tee, machine, fmspc=fmspc, now=now)
    assert said in (True, RejectionReason.TCB_FLOOR, RejectionReason.TDX_MODULE)
    return said is True


def around(rng: random.Random, values: bytes, most: int = 255) -> bytes:
    """The same numbers, a few of them one off."""
    return bytes(
        min(most, max(0, value + (rng.choice((1, -1)) if rng.random() < 0.04 else 0)))
        for value in values
    )


def machines(rng: random.Random, document: Any, tdx: bool) -> Iterator[tuple[Machine, bytes]]:
    """Machines near the levels of a document, and their TEE_TCB_SVN2."""
    versions = [int(each["id"][4:], 16) for each in document.get("tdxModuleIdentities", ())]
    module_svns = [
        level["tcb"]["isvsvn"]
        for each in document.get("tdxModuleIdentities", ())
        for level in each["tcbLevels"]
    ]
    for _ in range(MACHINES):
        tcb = rng.choice([document["tcbLevels"][0], *document["tcbLevels"]])["tcb"]
        svns = around(rng, bytes(each["svn"] for each in tcb["sgxtcbcomponents"]))
        pce_svn = min(65_535, max(0, tcb["pcesvn"] + rng.choice((0, 0, 0, 1, -1))))
        if not tdx:
            yield Machine(svns, pce_svn), b""
            continue
        launched = around(rng, bytes(each["svn"] for each in tcb["tdxtcbcomponents"]))
        if rng.random() < 0.7 and versions:
            svn = around(rng, bytes([min(255, rng.choice(module_svns))]))
            launched = svn + bytes([rng.choice([*versions, 0, 9])]) + launched[2:]
        now = around(rng, launched) if rng.random() < 0.3 else launched
        yield Machine(svns, pce_svn, launched), now


def check_document(judging: Attesting, text: bytes, rng: random.Random) -> int:
    """Bring a document and compare verdicts; return how many machines were accepted."""
    accepted_set = judging.policy.accepted_statuses()
    accepted_names = frozenset(name for name, bit in BITS.items() if accepted_set & bit)
    document, floor = json.loads(text), walk_tcb_info(text.decode(), accepted_names)
    tee = TeeType[document["id"]]
    counted = 0
    with boa.env.anchor():
        boa.env.timestamp = NOW
        signature = words(issuing.sign(INTEL.tcb_signer.key, text))
        judging.policy.update_tcb(text, signature, certificate(INTEL.tcb_signer))
        for machine, now in machines(rng, document, tee is TeeType.TDX):
            accepted = is_accepted(judging.policy, tee, floor.fmspc, machine, now)
            moments = [machine, Machine(machine.svns, machine.pce_svn, now)]
            if accepted:
                for moment in moments:
                    given = status(document, moment)
                    assert given is not None, (machine, now)
                    assert given in accepted_names, (machine, now, given)
            assert accepted == all(meets(floor, moment) for moment in moments), (machine, now)
            counted += accepted
    return counted


def meets(floor: TcbFloor, machine: Machine) -> bool:
    """Return True if a machine is at or above a floor, component by component."""
    version = machine.tdx_svns[1] if machine.tdx_svns else 0
    first = 2 if version else 0
    modules = dict(reversed(floor.modules))
    return bool(
        floor.svns
        and machine.pce_svn >= floor.pce_svn
        and at_least(machine.svns, [{"svn": svn} for svn in floor.svns])
        and (
            not machine.tdx_svns
            or at_least(machine.tdx_svns[first:], [{"svn": svn} for svn in floor.tdx_svns[first:]])
        )
        and (not version or (version in modules and machine.tdx_svns[0] >= modules[version]))
    )


# Holds I-42.
@pytest.mark.parametrize("name", sorted(TCB_TEXTS))
def test_check__machines_around_a_document__have_an_accepted_status(
    judging: Attesting, name: str
) -> None:
    rng = random.Random(name)  # noqa: S311 - nothing secret
    check_document(judging, TCB_TEXTS[name], rng)


# Holds I-42.
@pytest.mark.parametrize("tee", TeeType)
def test_check__machines_around_random_documents__have_an_accepted_status(
    judging: Attesting, tee: TeeType
) -> None:
    seed = f"{tee.name} {judging.policy.accepted_statuses()}"
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    accepted = 0
    for _ in range(RANDOM_DOCUMENTS):
        common = [*(["UpToDate"] * 6), *STATUSES]
        levels = [
            Level(
                bytes(rng.choice((3, 4)) for _ in range(16)),
                rng.choice((10, 11)),
                bytes(rng.choice((3, 4)) for _ in range(16)),
                rng.choice(common),
                rng.choice(((), ("INTEL-SA-00837",))),
            )
            for _ in range(rng.randint(1, 6))
        ]
        modules = {
            version: [
                IsvLevel(rng.randint(0, 6), rng.choice(common)) for _ in range(rng.randint(1, 3))
            ]
            for version in ("01", "03")
        }
        accepted += check_document(judging, tcb_info(tee, DATES, levels, modules=modules), rng)
    assert accepted > 0


# ── One machine ──

UP_TO_DATE = Machine(bytes([10] * 16), 20, bytes([10, 0, 10]) + bytes(13))


def bring(policy: Any, *texts: bytes) -> None:
    """Bring documents, signed by Intel."""
    for text in texts:
        method = policy.update_identity if b"QE" in text[:13] else policy.update_tcb
        method(*signed(text, INTEL.tcb_signer))


def signer(key: bytes) -> int:
    return int.from_bytes(keccak(key)[:24], "big") << 64


def test_check__modules_of_another_signer__only_as_the_document_says(judging: Attesting) -> None:
    attributes = 0x0202020202020202
    rows = [
        (signer(b"\1" * 48) | attributes, True),
        (signer(b"\1" * 48) | attributes | 0xF0F0F0F0F0F0F0F0, True),  # beyond the mask
        (signer(b"\1" * 48) | attributes | 1, False),
        (signer(b"\1" * 48) | attributes ^ 2, False),
        (signer(b"\2" * 48) | attributes, False),
        (INTEL_SEAM, False),
    ]
    with boa.env.anchor():
        bring(judging.policy, tcb_info(TeeType.TDX, DATES))
        assert verdict(judging.policy, TeeType.TDX, UP_TO_DATE) is True
        bring(judging.policy, tcb_info(TeeType.TDX, DATES, seam=OTHER_SEAM))
        for seam, accepted in rows:
            said = verdict(judging.policy, TeeType.TDX, UP_TO_DATE, seam=seam)
            assert said is (accepted or RejectionReason.TDX_MODULE), hex(seam)


def test_check__modules_of_intel_with_a_mask_of_their_own__only_under_it(
    judging: Attesting,
) -> None:
    """The signer is Intel's own, so nothing but the mask differs from what goes without saying."""
    with boa.env.anchor():
        bring(judging.policy, tcb_info(TeeType.TDX, DATES, seam=SeamText(mask=b"\x0f" * 8)))
        for attributes, accepted in ((0, True), (0xF0 << 56, True), (1, False), (1 << 56, False)):
            said = verdict(judging.policy, TeeType.TDX, UP_TO_DATE, seam=INTEL_SEAM | attributes)
            assert said is (accepted or RejectionReason.TDX_MODULE), hex(attributes)


SIGNERS = {
    "intel": (SeamText(), INTEL_SEAM),
    "one": (OTHER_SEAM, signer(b"\1" * 48) | 0x0202020202020202),
    "another": (SeamText(b"\3" * 48), signer(b"\3" * 48)),
}
"""The identity of TDX modules in a document, and that of a quote."""


@pytest.mark.parametrize("kept", permutations(SIGNERS, 2), ids=" and ".join)
def test_check__documents_of_two_signers__each_judges_by_its_own(
    judging: Attesting, kept: tuple[str, str]
) -> None:
    for numbers in ((17, 18), (18, 17)):
        with boa.env.anchor():
            for number, name in zip(numbers, kept, strict=True):
                dates = Dates(NOW, NOW + 5_000 * DAY, number)
                bring(judging.policy, tcb_info(TeeType.TDX, dates, seam=SIGNERS[name][0]))
            for name, (_, seam) in SIGNERS.items():
                said = verdict(judging.policy, TeeType.TDX, UP_TO_DATE, seam=seam)
                assert said is (name in kept or RejectionReason.TDX_MODULE), name


@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("kept", SIGNERS)
def test_raise__modules_of_any_signer__stay_those_of_this_one(
    judging: Attesting, kept: str, before: bool
) -> None:
    policy, text = judging.policy, tcb_info(TeeType.TDX, DATES, seam=SIGNERS[kept][0])
    for raise_one in (
        lambda: policy.raise_floor(129, FMSPC, bytes(16), 1, bytes(16)),
        lambda: policy.raise_module(FMSPC, 1, 1),
    ):
        with boa.env.anchor():
            if before:
                raise_one()
            bring(policy, text)
            if not before:
                raise_one()
            for name, (_, seam) in SIGNERS.items():
                said = verdict(policy, TeeType.TDX, UP_TO_DATE, seam=seam)
                assert said is (name == kept or RejectionReason.TDX_MODULE), name


@pytest.mark.parametrize("tee", TeeType)
@pytest.mark.parametrize("kind", ["tcb info", "identity"])
def test_check__newer_number_stale__the_older_one_alone_decides(
    judging: Attesting, kind: str, tee: TeeType
) -> None:
    older, newer = Dates(NOW, NOW + 5_000 * DAY, 17), Dates(NOW, NOW + 10, 18)
    if kind == "tcb info":
        texts = [tcb_info(tee, older, [Level((11,) * 16)]), tcb_info(tee, newer)]
        other, reason = identity(tee, older), RejectionReason.TCB_FLOOR
    else:
        texts = [identity(tee, older, [IsvLevel(255)]), identity(tee, newer)]
        other, reason = tcb_info(tee, older), RejectionReason.QE_SVN
    with boa.env.anchor():
        bring(judging.policy, other, *texts)
        last = NOW + 10 + LONG_GRACE * DAY
        for time, said in ((last, True), (last + 1, reason)):
            boa.env.timestamp = time
            assert verdict(judging.policy, tee, UP_TO_DATE) is said


@pytest.mark.parametrize("tee", TeeType)
def test_check__miscselect_of_ones__is_no_part_of_the_product(
    judging: Attesting, tee: TeeType
) -> None:
    dates = Dates(NOW, NOW + 5_000 * DAY, 17)
    with boa.env.anchor():
        boa.env.timestamp = NOW
        bring(judging.policy, tcb_info(tee, dates), identity(tee, dates, misc_select="FFFFFFFF"))
        assert verdict(judging.policy, tee, UP_TO_DATE, misc_select=b"\xff" * 4) is True
        for other in (bytes(4), b"\xff" * 3 + b"\x7f", b"\xfe" + b"\xff" * 3):
            said = verdict(judging.policy, tee, UP_TO_DATE, misc_select=other)
            assert said is RejectionReason.QE_IDENTITY


def test_kept_floors__kind_that_does_not_exist__has_none(judging: Attesting) -> None:
    """Nor has one of which the lower 208 bits, those of a key, are those of a kind."""
    with boa.env.anchor():
        bring(judging.policy, *(tcb_info(tee, DATES) for tee in TeeType))
        for tee in (1, 128, 130, 2**208, 2**208 + 129):
            assert judging.policy.kept_floors(tee, FMSPC) == []
        assert [len(judging.policy.kept_floors(int(tee), FMSPC)) for tee in TeeType] == [1, 1]


# ── Documents that moved to the other place ──

ORDERS = [(21, 22), (22, 21), (20, 21, 22), (20, 22, 21)]
"""Of evaluation numbers, in which documents are brought; the two newest are kept."""


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("tee", TeeType)
def test_check__identities_of_several_signers__each_judges_by_its_own(
    judging: Attesting, tee: TeeType, order: tuple[int, ...]
) -> None:
    def members(number: int) -> dict[str, Any]:
        return {
            "mr_signer": f"{number:02x}" * 32,
            "product": number,
            "attributes": f"{number % 4:x}0" + "00" * 14 + f"{number:02x}",
            "attributes_mask": "ff" * 15 + f"{number:02x}",
            "misc_select": f"{number:08x}",
            "misc_select_mask": f"{number | 64:08x}",
        }

    def enclave(number: int) -> dict[str, Any]:
        return {
            "mr_signer": bytes([number] * 32),
            "isv_prod_id": number,
            "attributes": bytes([number % 4 << 4, *bytes(14), number]),
            "misc_select": bytes([0, 0, 0, number]),
        }

    def asked(svn: int, **report: Any) -> bool | RejectionReason:
        return verdict(judging.policy, tee, UP_TO_DATE, isv_svn=svn, **report)

    with boa.env.anchor():
        judging.policy.raise_least_numbers(0, 20)
        bring(judging.policy, tcb_info(tee, DATES))
        for number in order:
            dates = Dates(NOW, NOW + 5_000 * DAY, number)
            bring(judging.policy, identity(tee, dates, [IsvLevel(number)], **members(number)))
        for kept, number in zip(judging.policy.kept_identities(int(tee)), (21, 22), strict=True):
            of = members(number)
            assert (kept.number, kept.min_svn, kept.product) == (number, number, number)
            assert kept.mr_signer.hex() == of["mr_signer"]
            assert kept.attributes.hex() == of["attributes"]
            assert kept.attributes_mask.hex() == of["attributes_mask"]
            assert kept.misc_select.hex() == of["misc_select"]
            assert kept.misc_select_mask.hex() == of["misc_select_mask"]
            mine, other = enclave(number), enclave(43 - number)
            assert asked(number, **mine) is True
            reason = RejectionReason.QE_SVN if number == 22 else RejectionReason.QE_IDENTITY
            assert asked(number - 1, **mine) is reason  # that of the newest
            for field in mine:
                mixed = {**mine, field: other[field]}
                assert asked(number, **mixed) is RejectionReason.QE_IDENTITY, field
            for field in ("attributes", "misc_select"):
                first, last = mine[field][:-1], mine[field][-1]
                beyond, within = ({**mine, field: first + bytes([last ^ bit])} for bit in (128, 4))
                assert asked(number, **beyond) is True, field
                assert asked(number, **within) is RejectionReason.QE_IDENTITY, field
        assert asked(20, **enclave(20)) is RejectionReason.QE_IDENTITY


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("tee", TeeType)
def test_kept_floors__documents_of_several_levels__each_with_its_own(
    judging: Attesting, tee: TeeType, order: tuple[int, ...]
) -> None:
    tdx = tee is TeeType.TDX
    with boa.env.anchor():
        for number in order:
            level = Level((number,) * 16, number, (number, 0) + (number,) * 14)
            modules = {"01": (IsvLevel(number),), f"{number:02x}": (IsvLevel(1),)}
            dates = Dates(NOW - number, NOW + number, number)
            bring(judging.policy, tcb_info(tee, dates, [level], modules=modules))
        for kept, number in zip(judging.policy.kept_floors(int(tee), FMSPC), (21, 22), strict=True):
            assert (kept.number, kept.issued, kept.next_update) == (
                number, NOW - number, NOW + number,
            )  # fmt: skip
            assert (kept.svns, kept.pce_svn) == (bytes([number] * 16), number)
            assert kept.tdx_svns == (bytes([number, 0] + [number] * 14) if tdx else bytes(16))
            listed = [(each.version, each.svn) for each in kept.modules]
            assert listed == ([(1, number), (number, 1)] if tdx else [])


# ── Several faults at once ──


def test_check__several_faults__the_first_is_named(attesting: None) -> None:
    """Of the quoting enclave before the machine, and an unknown one before a stale one."""
    policy = without_documents(grace_days=0).policy
    soon, debugged = Dates(NOW, NOW + 10), b"\x17" + bytes(7) + b"\xe7" + bytes(7)
    with boa.env.anchor():
        for tee in TeeType:
            boa.env.timestamp = NOW
            for text, before in (
                (identity(tee, soon), RejectionReason.QE_UNKNOWN),
                (tcb_info(tee, soon), RejectionReason.TCB_UNKNOWN),
            ):
                said = verdict(policy, tee, UP_TO_DATE, attributes=debugged)
                assert said is RejectionReason.QE_DEBUG
                assert verdict(policy, tee, UP_TO_DATE) is before
                bring(policy, text)
            below = replace(UP_TO_DATE, svns=bytes(16))
            assert verdict(policy, tee, below) is RejectionReason.TCB_FLOOR
            assert verdict(policy, tee, below, isv_svn=0) is RejectionReason.QE_SVN
            boa.env.timestamp = NOW + 11
            assert verdict(policy, tee, below) is RejectionReason.QE_STALE
            bring(policy, identity(tee, Dates(NOW + 11, NOW + 20)))
            assert verdict(policy, tee, below) is RejectionReason.TCB_STALE
