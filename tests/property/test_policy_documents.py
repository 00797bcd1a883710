"""The contract reads Intel's documents as the reference does, byte for byte and field for field."""

import json
from typing import Any

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation.quote import TeeType
from offchain.simulation import SimulatedIntel, issuing
from tests import policy_reference as reference
from tests.dcap import Attesting, UpdateArguments, certificate, crl_bytes, words
from tests.documents import Dates, IsvLevel, Level, Seam, identity, tcb_info
from tests.inprocess import deploy
from tests.offchain.attestation.support import AT, VECTORS

INTEL = SimulatedIntel.from_seed(b"documents")
SIGNER = certificate(INTEL.tcb_signer)
ROOT_LIST = ((bytes(32), (bytes(32), bytes(32)), bytes(32), 0), crl_bytes(INTEL.root.revoke()), 1)
LONG_GRACE = 3_650
DATES = Dates.of(AT)
SETS = (1, 3, 15, 63)
"""Sets of accepted statuses."""


def genuine_texts() -> dict[str, bytes]:
    """Documents that Intel signed, by folder and kind."""
    texts = {}
    for path in sorted(VECTORS.glob("*/*.json")) if VECTORS.exists() else ():
        content = json.loads(path.read_text())
        for kind in ("tcb_info", "qe_identity"):
            if kind in content:
                texts[f"{path.parent.name} {path.stem} {kind}"] = content[kind].encode()
    return texts


WORDY = Level((1, 22, 255) + (0,) * 13, 65_535, (3,) * 16, "SWHardeningNeeded", ("INTEL-SA-1",))
TEXTS = {
    "sgx": tcb_info(TeeType.SGX, DATES),
    "tdx": tcb_info(TeeType.TDX, DATES),
    "sgx of many levels": tcb_info(TeeType.SGX, DATES, [Level(), WORDY, Level(status="Revoked")]),
    "tdx without an accepted level": tcb_info(
        TeeType.TDX, DATES, [Level(status="Revoked")], modules={"01": (IsvLevel(4, "OutOfDate"),)}
    ),
    "tdx of another signer": tcb_info(
        TeeType.TDX, DATES, seam=Seam(b"\1" * 48, b"\2" * 8, b"\x0f" * 8)
    ),
    "qe": identity(TeeType.SGX, DATES, [IsvLevel(8), IsvLevel(6, "OutOfDate", ("INTEL-SA-7",))]),
    "td qe": identity(TeeType.TDX, DATES),
    **genuine_texts(),
}


@pytest.fixture(scope="module", params=SETS)
def reading(request: pytest.FixtureRequest, attesting: None) -> Attesting:
    made = Attesting.deploy(
        deploy, INTEL.root.public_key, statuses=request.param, grace_days=LONG_GRACE
    )
    made.verifier.add_crl(*ROOT_LIST)
    return made


def resigned(text: bytes) -> UpdateArguments:
    return text, words(issuing.sign(INTEL.tcb_signer.key, text)), SIGNER


def said(attesting: Attesting, text: bytes) -> Any:
    """What the contract keeps of a document, or why it refuses it; it forgets both."""
    policy = attesting.policy
    tdx = text.startswith((b'{"id":"TDX"', b'{"id":"TD_QE"'))
    is_identity = b"QE" in text[:13]
    method = policy.update_identity if is_identity else policy.update_tcb
    with boa.env.anchor():
        try:
            method(*resigned(text))
        except boa.BoaError as error:
            return error.stack_trace[0].pretty_vm_reason
        if is_identity:
            (kept,) = policy.kept_identities(129 if tdx else 0)
            return reference.Identity(
                129 if tdx else 0,
                kept.number,
                kept.issued,
                kept.next_update,
                kept.accepted,
                kept.mr_signer,
                kept.product,
                kept.min_svn,
                kept.attributes,
                kept.attributes_mask,
                kept.misc_select,
                kept.misc_select_mask,
            )
        [fmspc] = {log.fmspc for log in policy.get_logs() if hasattr(log, "fmspc")}
        (kept,) = policy.kept_floors(129 if tdx else 0, fmspc)
        return reference.Floor(
            129 if tdx else 0,
            fmspc,
            kept.number,
            kept.issued,
            kept.next_update,
            kept.accepted,
            kept.svns,
            kept.pce_svn,
            kept.tdx_svns,
            tuple((module.version, module.svn) for module in kept.modules),
        )


def expected(text: bytes, accepted: int) -> Any:
    """What the reference reads of a document, or why it is refused."""
    read = reference.read_identity if b"QE" in text[:13] else reference.read_tcb
    try:
        found = read(text, accepted)
    except reference.WrongId:
        return "document id"
    except reference.WrongForm:
        return "document form"
    if found.issued > AT:
        return "document not yet valid"
    if AT > found.next_update + LONG_GRACE * 86_400:
        return "document stale"
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_update__documents__are_read_alike(reading: Attesting, name: str) -> None:
    accepted = reading.policy.accepted_statuses()
    text = TEXTS[name]
    assert said(reading, text) == expected(text, accepted)


@pytest.mark.parametrize("name", TEXTS)
@given(st.data())
def test_update__a_byte_changed__is_read_alike(
    reading: Attesting, name: str, data: st.DataObject
) -> None:
    text = TEXTS[name]
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(
        st.sampled_from(b'0123456789abcdefABCDEFTZ"{}[],:-_ \\\0\xff') | st.integers(0, 255)
    )
    kind = data.draw(st.sampled_from(["replaced", "inserted", "left out", "cut"]))
    changed = {
        "replaced": text[:at] + bytes([byte]) + text[at + 1 :],
        "inserted": text[:at] + bytes([byte]) + text[at:],
        "left out": text[:at] + text[at + 1 :],
        "cut": text[:at],
    }[kind]
    assert said(reading, changed) == expected(changed, reading.policy.accepted_statuses())
