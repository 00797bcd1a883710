"""Contract and Python read Intel's documents alike, byte for byte and field for field."""

# Holds I-43, S-66.

import json
import re
from dataclasses import replace
from typing import Any

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation.canonical import MAX_DOCUMENT, walk_identity, walk_tcb_info
from offchain.attestation.evidence import crl_bytes
from offchain.attestation.quote import TeeType
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.tcb import Validity
from offchain.attestation.trust import QeFloor, Seam, TcbFloor
from offchain.chain.policy import BITS
from offchain.simulation import FMSPC, SimulatedIntel
from tests.dcap import Attesting
from tests.documents import Dates, IsvLevel, Level, identity, signed, tcb_info
from tests.documents import Seam as SeamText
from tests.inprocess import NO_REASON, deploy, reason_of
from tests.offchain.attestation.support import VECTORS

INTEL = SimulatedIntel.from_seed(b"documents")
ROOT_LIST = ((bytes(32), (bytes(32), bytes(32)), bytes(32), 0), crl_bytes(INTEL.root.revoke()), 1)
LONG_GRACE = 3_650
NOW = 1_786_800_000
"""2026-08-15, when every document was issued."""
DATES = Dates.of(NOW)
OTHER_SEAM = SeamText(b"\1" * 48, b"\2" * 8, b"\x0f" * 8)
WORDY = Level((1, 22, 255) + (0,) * 13, 65_535, (3,) * 16, "SWHardeningNeeded", ("INTEL-SA-1",))
CHARACTERS = '0123456789abcdefABCDEFTZ"{}[],:-_ \\\0\x7f'


def genuine_texts() -> dict[str, bytes]:
    """Documents that Intel signed, by folder and kind."""
    texts = {}
    for path in sorted(VECTORS.glob("*/*.json")) if VECTORS.exists() else ():
        content = json.loads(path.read_text())
        for kind in ("tcb_info", "qe_identity"):
            if kind in content:
                texts[f"{path.parent.name} {path.stem} {kind}"] = content[kind].encode()
    return texts


TEXTS = {
    "sgx": tcb_info(TeeType.SGX, DATES),
    "tdx": tcb_info(TeeType.TDX, DATES),
    "sgx of many levels": tcb_info(TeeType.SGX, DATES, [Level(), WORDY, Level(status="Revoked")]),
    "tdx without an accepted level": tcb_info(
        TeeType.TDX, DATES, [Level(status="Revoked")], modules={"01": (IsvLevel(4, "OutOfDate"),)}
    ),
    "tdx with modules that are not listed": tcb_info(
        TeeType.TDX,
        DATES,
        modules={"00": (IsvLevel(5),), "01": (IsvLevel(256),), "03": (IsvLevel(255),)},
    ),
    "tdx of another signer": tcb_info(TeeType.TDX, DATES, seam=OTHER_SEAM),
    "qe": identity(TeeType.SGX, DATES, [IsvLevel(8), IsvLevel(6, "OutOfDate", ("INTEL-SA-7",))]),
    "td qe": identity(TeeType.TDX, DATES),
    "category as long as may be": tcb_info(TeeType.TDX, DATES).replace(b"BIOS", b"B" * 126, 1),
    "advisories as long as may be": identity(
        TeeType.SGX, DATES, [IsvLevel(6, "OutOfDate", ("x" * 2_045,))]
    ),
    **genuine_texts(),
}


@pytest.fixture(scope="module", params=[1, 3, 63], ids=lambda bits: f"accepted {bits}")
def reading(request: pytest.FixtureRequest, attesting: None) -> Attesting:
    """A policy of one set of accepted statuses."""
    return without_documents(statuses=request.param)


def without_documents(*, statuses: int = 1, grace_days: int = LONG_GRACE) -> Attesting:
    """A policy that knows no document yet, and its verifier with the root's list."""
    made = Attesting.deploy(deploy, INTEL.root.public_key, statuses=statuses, grace_days=grace_days)
    made.verifier.add_crl(*ROOT_LIST)
    return made


Read = TcbFloor | QeFloor | RejectionReason


def on_chain(reading: Attesting, text: bytes) -> Read:
    """Return what the contract keeps of a document, or why it refuses it; it forgets both.

    The identity of the TDX modules has no view: `test_policy_machines.py` judges it.
    """
    policy, head = reading.policy, text[:13]
    is_identity = b"QE" in head
    tee = TeeType.TDX if head.startswith((b'{"id":"TDX"', b'{"id":"TD_QE"')) else TeeType.SGX
    method = policy.update_identity if is_identity else policy.update_tcb
    with boa.env.anchor():
        boa.env.timestamp = NOW
        try:
            method(*signed(text, INTEL.tcb_signer))
        except boa.BoaError as error:
            reason = reason_of(error)
            # What is read beyond the calldata reverts without a reason (json.vy, `_word`).
            return RejectionReason.DOCUMENT_FORM if reason == NO_REASON else RejectionReason(reason)
        if is_identity:
            (kept,) = policy.kept_identities(int(tee))
            return QeFloor(
                tee,
                Validity(kept.number, kept.issued, kept.next_update),
                kept.mr_signer,
                kept.product,
                kept.attributes,
                kept.attributes_mask,
                kept.misc_select,
                kept.misc_select_mask,
                kept.min_svn if kept.accepted else None,
            )
        fmspc = next(log.fmspc for log in policy.get_logs() if type(log).__name__ == "TcbUpdated")
        (kept,) = policy.kept_floors(int(tee), fmspc)
        is_tdx = tee is TeeType.TDX
        return TcbFloor(
            tee,
            fmspc,
            Validity(kept.number, kept.issued, kept.next_update),
            kept.svns if kept.accepted else b"",
            kept.pce_svn if kept.accepted else 0,
            kept.tdx_svns if kept.accepted and is_tdx else b"",
            tuple((module.version, module.svn) for module in kept.modules),
        )


def off_chain(text: bytes, statuses: int) -> Read:
    """Return what Python reads of a document, or why it refuses it."""
    accepted = frozenset(name for name, bit in BITS.items() if statuses & bit)
    try:
        if b"QE" in text[:13]:
            found: TcbFloor | QeFloor = walk_identity(text.decode(), accepted)
        else:
            found = replace(walk_tcb_info(text.decode(), accepted), seam=Seam())
    except QuoteRejected as error:
        return error.reason
    if found.validity.issued > NOW:
        return RejectionReason.DOCUMENT_NOT_YET_VALID
    if found.validity.next_update + LONG_GRACE * 86_400 < NOW:
        return RejectionReason.DOCUMENT_STALE
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_update__documents__are_read_alike(reading: Attesting, name: str) -> None:
    statuses, text = reading.policy.accepted_statuses(), TEXTS[name]
    said = on_chain(reading, text)
    assert said == off_chain(text, statuses)
    assert not isinstance(said, RejectionReason)


STATUS_BITS = {
    "UpToDate": 1,
    "SWHardeningNeeded": 2,
    "ConfigurationNeeded": 4,
    "ConfigurationAndSWHardeningNeeded": 8,
    "OutOfDate": 16,
    "OutOfDateConfigurationNeeded": 32,
    "Revoked": 0,
}
"""Bits of the statuses, of interfaces/ITcbPolicy.vyi."""


@pytest.mark.parametrize("statuses", [3, 5, 9, 49])
def test_update__level_of_each_status__is_accepted_by_its_own_bit(
    attesting: None, statuses: int
) -> None:
    made = without_documents(statuses=statuses)
    for status, bit in STATUS_BITS.items():
        tcb = tcb_info(TeeType.SGX, DATES, [Level(status=status)])
        quoting = identity(TeeType.TDX, DATES, [IsvLevel(8, status)])
        floor, enclave = on_chain(made, tcb), on_chain(made, quoting)
        assert (floor, enclave) == (off_chain(tcb, statuses), off_chain(quoting, statuses))
        assert isinstance(floor, TcbFloor)
        assert isinstance(enclave, QeFloor)
        accepted = bool(statuses & bit)
        assert (bool(floor.svns), enclave.min_isv_svn is not None) == (accepted, accepted), status


@pytest.mark.parametrize("tee", TeeType)
def test_update__as_many_levels_as_fit__are_read_alike(attesting: None, tee: TeeType) -> None:
    def text(levels: int) -> bytes:
        falling = [Level((n,) * 16, n, (n,) * 16) for n in range(levels, 0, -1)]
        written = tcb_info(tee, DATES, [replace(each, svns=(0,) * 16) for each in falling])
        return re.sub(rb',"category":[^}]*', b"", written)

    longest = max(n for n in range(1, 65) if len(text(n)) <= MAX_DOCUMENT)
    assert longest > 32
    said = on_chain(without_documents(), text(longest))
    assert said == off_chain(text(longest), 1)
    assert isinstance(said, TcbFloor)
    assert said.pce_svn == 1


@pytest.mark.parametrize("is_tcb", [True, False], ids=["tcb info", "identity"])
def test_update__document_behind_another_in_the_calldata__is_the_signed_one(
    attesting: None, is_tcb: bool
) -> None:
    """Arguments stand wherever their offsets say: what stands at the usual place is not read."""
    policy = without_documents().policy
    if is_tcb:
        text = tcb_info(TeeType.SGX, DATES, [Level(pce_svn=20)])
        method, forged = policy.update_tcb, text.replace(b'"pcesvn":20', b'"pcesvn":10')
    else:
        text = identity(TeeType.SGX, DATES, [IsvLevel(8)])
        method, forged = policy.update_identity, text.replace(b'"isvsvn":8', b'"isvsvn":1')
    _, signature, certificate = arguments = signed(text, INTEL.tcb_signer)
    tails = [
        len(part).to_bytes(32, "big") + part + bytes(-len(part) % 32)
        for part in (forged, text, certificate)
    ]
    at_text = 4 * 32 + len(tails[0])
    offsets = [each.to_bytes(32, "big") for each in (at_text, at_text + len(tails[1]))]
    head = b"".join((offsets[0], *signature, offsets[1]))
    selector = method.prepare_calldata(*arguments)[:4]
    with boa.env.anchor():
        boa.env.timestamp = NOW
        boa.env.raw_call(policy.address, data=b"".join((selector, head, *tails)))
        if is_tcb:
            (floor,) = policy.kept_floors(0, FMSPC)
            assert floor.pce_svn == 20
        else:
            (enclave,) = policy.kept_identities(0)
            assert enclave.min_svn == 8


QE, TDX = TEXTS["qe"], TEXTS["tdx"]


def with_modules_of(seam: SeamText) -> bytes:
    """A document that names Intel's modules first, and lists those of another identity."""
    other = tcb_info(TeeType.TDX, DATES, seam=seam)
    return b"Identities".join([TDX.split(b"Identities")[0], other.split(b"Identities")[1]])


BEYOND = b'tdxtcbcomponents":[{"svn":256'
REFUSED = {
    "a bit of miscselect that its mask leaves out": QE.replace(
        b'"miscselect":"00000000","miscselectMask":"FFFFFFFF"',
        b'"miscselect":"00000001","miscselectMask":"FFFFFFFE"',
    ),
    "an attribute that its mask leaves out": QE.replace(b'sMask":"FBFF', b'sMask":"EBFF'),
    "an attribute of modules that their mask leaves out": tcb_info(
        TeeType.TDX, DATES, seam=SeamText(attributes=b"\2" * 8, mask=b"\x0d" * 8)
    ),
    "modules of another signer than the document's": with_modules_of(SeamText(b"\1" * 48)),
    "modules of another mask than the document's": with_modules_of(SeamText(mask=bytes(8))),
    "the last module of another signer than the others": TDX.replace(
        b'"TDX_01","mrsigner":"0', b'"TDX_01","mrsigner":"1'
    ),
    "something after an identity": QE + b" ",
    "a date without its T": QE.replace(b"T", b" ", 1),
    "a date in a thirteenth month": QE.replace(b"-08-", b"-13-", 1),
    "no category": TDX.replace(b'"BIOS"}', b'"}', 1),
    "a category without a quotation mark": TDX.replace(b'"BIOS"}', b'"BIOS}', 1),
    "a category that is too long": TDX.replace(b"BIOS", b"B" * 127, 1),
    "advisories that are too long": QE.replace(b"INTEL-SA-7", b"x" * 2_046),
    "a number of six digits": QE.replace(b'Number":17', b'Number":100000'),
    "a TDX component beyond a byte": TDX.replace(b'tdxtcbcomponents":[{"svn":10', BEYOND),
    "a TDX component beyond a byte, at a lower level": TDX.replace(
        b'tdxtcbcomponents":[{"svn":5', BEYOND
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_update__not_in_intel_s_layout__is_refused_alike(reading: Attesting, name: str) -> None:
    text = REFUSED[name]
    assert text not in (QE, TDX)
    assert on_chain(reading, text) is RejectionReason.DOCUMENT_FORM
    assert off_chain(text, reading.policy.accepted_statuses()) is RejectionReason.DOCUMENT_FORM


# Holds I-43.
@given(st.data())
def test_update__a_byte_changed__is_read_alike(reading: Attesting, data: st.DataObject) -> None:
    text = TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))]
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.sampled_from(CHARACTERS.encode()) | st.integers(0, 127))
    kind = data.draw(st.sampled_from(["replaced", "inserted", "left out", "cut"]))
    changed = {
        "replaced": text[:at] + bytes([byte]) + text[at + 1 :],
        "inserted": text[:at] + bytes([byte]) + text[at:],
        "left out": text[:at] + text[at + 1 :],
        "cut": text[:at],
    }[kind]
    said = on_chain(reading, changed)
    assert said == off_chain(changed, reading.policy.accepted_statuses())


READER = """# pragma version 0.4.3
from contracts.modules.dcap import documents
from contracts.modules.dcap import json
@external
@view
def identity(_document: Bytes[16384], _room: Bytes[128]) -> uint256:
    at: uint256 = json._argument(0)
    return documents._read_identity(at, at + len(_document), 3).min_svn
@external
@view
def tcb(_document: Bytes[16384], _room: Bytes[128]) -> uint256:
    at: uint256 = json._argument(0)
    return documents._read_tcb(at, at + len(_document), 3).sgx
"""


# Holds I-43.
@pytest.mark.parametrize("name", ["qe", "one level"])
def test_read__every_byte_changed__is_refused_or_read_alike(attesting: None, name: str) -> None:
    """Each byte of a document in turn; numbers that count are the sum of what is kept."""
    reader = boa.loads(READER)
    text = TEXTS["qe"] if name == "qe" else tcb_info(TeeType.SGX, DATES, [Level()])
    refused = 0
    for at in range(len(text)):
        changed = text[:at] + bytes([text[at] ^ 1 << at % 7]) + text[at + 1 :]
        try:
            said: Any = (reader.identity if name == "qe" else reader.tcb)(changed, bytes(128))
        except boa.BoaError as error:
            said = RejectionReason(reason_of(error))
            refused += 1
        read = off_chain(changed, 3)
        if isinstance(read, QeFloor):
            read = 2**16 if read.min_isv_svn is None else read.min_isv_svn
        elif isinstance(read, TcbFloor):
            svns = int.from_bytes(read.svns, "big")
            read = read.pce_svn << 128 | svns if read.svns else 2**144
        if read not in (RejectionReason.DOCUMENT_NOT_YET_VALID, RejectionReason.DOCUMENT_STALE):
            assert said == read, (at, changed)
    assert refused > len(text) // 2


# ── Several faults at once ──


@pytest.mark.parametrize("is_tcb", [True, False], ids=["tcb info", "identity"])
def test_update__several_faults__the_first_is_named(attesting: None, is_tcb: bool) -> None:
    """Each fault is added to those that are named after it."""
    made = without_documents(grace_days=0)
    write, policy = (tcb_info if is_tcb else identity), made.policy
    method = policy.update_tcb if is_tcb else policy.update_identity

    def refused(arguments: Any) -> RejectionReason:
        with pytest.raises(boa.BoaError) as raised:
            method(*arguments)
        return RejectionReason(reason_of(raised.value))

    def text(issued: int, next_update: int) -> bytes:
        return write(TeeType.TDX, Dates(issued, next_update))

    with boa.env.anchor():
        boa.env.timestamp = NOW
        method(*signed(text(NOW, NOW + 9), INTEL.tcb_signer))
        policy.raise_least_numbers(18, 18)
        future = text(NOW + 1, NOW - 1)
        signature, certificate = signed(b"another", INTEL.tcb_signer)[1:]
        for shown, reason in (
            (text(NOW, NOW + 9), RejectionReason.DOCUMENT_NUMBER),
            (text(NOW - 1, NOW + 9), RejectionReason.DOCUMENT_SUPERSEDED),
            (text(NOW - 1, NOW - 1), RejectionReason.DOCUMENT_STALE),
            (future, RejectionReason.DOCUMENT_NOT_YET_VALID),
            (future + b" ", RejectionReason.DOCUMENT_FORM),
            (future[1:], RejectionReason.DOCUMENT_ID),
        ):
            assert refused(signed(shown, INTEL.tcb_signer)) is reason
        arguments = future[1:], signature, certificate
        assert refused(arguments) is RejectionReason.COLLATERAL_SIGNATURE
        by_authority = signed(b"", INTEL.authority)[2]
        arguments = future[1:], signature, by_authority
        assert refused(arguments) is RejectionReason.CERTIFICATE_ROLE
