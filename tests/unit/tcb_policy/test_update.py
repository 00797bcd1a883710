"""Documents that anybody brings: who signed them, which are kept, and for how long."""

# Holds S-64, S-70.

from dataclasses import replace
from hashlib import sha256

import pytest
from brownie import reverts

from offchain.attestation.quote import TeeType
from offchain.simulation import FMSPC, SimulatedIntel
from tests.anvil import events, now
from tests.dcap import Attesting, crl_bytes
from tests.documents import DAY, Dates, IsvLevel, Level, identity, signed, tcb_info
from tests.reasons import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_REVOKED,
    CERTIFICATE_ROLE,
    CERTIFICATE_SIGNATURE,
    COLLATERAL_SIGNATURE,
    CRL_STALE,
    DOCUMENT_FORM,
    DOCUMENT_ID,
    DOCUMENT_NOT_YET_VALID,
    DOCUMENT_NUMBER,
    DOCUMENT_STALE,
    DOCUMENT_SUPERSEDED,
    NO_VERIFIER,
)
from tests.unit.dcap_verifier.support import views_see

GRACE = 14 * DAY
ROOT = (bytes(32), (bytes(32), bytes(32)), bytes(32), 0)


def numbers(policy, tee=129):
    return [floor[0] for floor in policy.kept_floors(tee, FMSPC)]


# ── What is kept ──


@pytest.mark.parametrize("tee", TeeType)
def test_update_tcb__by_a_stranger__is_kept_at_once(policy, intel, stranger, tee):
    dates = Dates.of(now())
    document = tcb_info(tee, dates)
    receipt = policy.update_tcb(*signed(document, intel.tcb_signer), {"from": stranger})
    digest = "0x" + sha256(document).hexdigest()
    assert events(receipt) == [
        (
            "TcbUpdated",
            {"tee": int(tee), "fmspc": FMSPC, "number": 17, "digest": bytes.fromhex(digest[2:])},
        )
    ]
    tdx = tee is TeeType.TDX
    svns, modules = bytes([10, 0, 10]) + bytes(13), [(3, 3), (1, 10)]
    [kept] = policy.kept_floors(int(tee), FMSPC)
    assert kept[:5] == (17, dates.issued, dates.next_update, True, True)
    assert (bytes(kept[5]), kept[6]) == (bytes([10] * 16), 20)
    assert bytes(kept[7]) == (svns if tdx else bytes(16))
    assert [tuple(module) for module in kept[8]] == (modules if tdx else [])
    other = TeeType.SGX if tdx else TeeType.TDX
    assert policy.kept_floors(int(other), FMSPC) == ()


@pytest.mark.parametrize("tee", TeeType)
def test_update_identity__is_kept_at_once(policy, intel, tee):
    dates = Dates.of(now(), 19)
    document = identity(tee, dates, [IsvLevel(8), IsvLevel(6, "OutOfDate")])
    receipt = policy.update_identity(*signed(document, intel.tcb_signer))
    fields = {"tee": int(tee), "number": 19, "digest": sha256(document).digest()}
    assert events(receipt) == [("IdentityUpdated", fields)]
    [kept] = policy.kept_identities(int(tee))
    assert kept[:5] == (19, dates.issued, dates.next_update, True, True)
    assert kept[6:8] == (2 if tee is TeeType.TDX else 1, 8)
    assert bytes(kept[8]) == b"\x11" + bytes(15)


@pytest.mark.parametrize(
    "statuses", [("SWHardeningNeeded",), ("OutOfDate", "UpToDate"), ("Revoked",)]
)
def test_update_tcb__no_accepted_level__is_kept_and_refuses(policy, bring_tcb, statuses):
    """It does not leave the floor that was there before."""
    dates = Dates.of(now())
    bring_tcb(dates=dates)
    bring_tcb(
        *(Level(status=each) for each in statuses), dates=replace(dates, issued=dates.issued + 1)
    )
    [kept] = policy.kept_floors(129, FMSPC)
    assert (kept[1], kept[4]) == (dates.issued + 1, False)


# ── Signer ──


def test_update_tcb__signed_by_another__reverts(refused, intel, machine):
    document = tcb_info(TeeType.TDX, Dates.of(now()))
    refused(CERTIFICATE_ROLE, document, machine.pck)
    refused(CERTIFICATE_ROLE, document, intel.authority)
    refused(CERTIFICATE_SIGNATURE, document, SimulatedIntel.from_seed(b"another").tcb_signer)


def test_update_tcb__another_document_or_signature__reverts(policy, intel):
    document, signature, shown = signed(tcb_info(TeeType.TDX, Dates.of(now())), intel.tcb_signer)
    other = tcb_info(TeeType.SGX, Dates.of(now()))
    for changed in (
        (document + b" ", signature, shown),
        (other, signature, shown),
        (document, signature[::-1], shown),
        (document, (bytes(32), bytes(32)), shown),
    ):
        with reverts(COLLATERAL_SIGNATURE):
            policy.update_tcb.call(*changed)


def test_update_tcb__signer_revoked__reverts(fresh, refused, intel):
    serial = intel.tcb_signer.certificate.serial
    fresh.verifier.add_crl(ROOT, crl_bytes(intel.root.revoke(serial)), 1)
    refused(CERTIFICATE_REVOKED, tcb_info(TeeType.TDX, Dates.of(now())))
    refused(CERTIFICATE_REVOKED, identity(TeeType.TDX, Dates.of(now())))


def test_update_tcb__signer_expired__reverts(policy, refused, intel):
    soon = now() + 100
    filled = replace(intel.tcb_signer.certificate, not_after=soon, serial=7)
    brief = intel.root.issue(intel.tcb_signer.key, filled)
    document = tcb_info(TeeType.TDX, Dates.of(now()))
    views_see(soon)
    policy.update_tcb.call(*signed(document, brief))
    views_see(soon + 1)
    refused(CERTIFICATE_EXPIRED, document, brief)


def test_update_tcb__root_s_list_stale_or_missing__reverts(deploy, fresh, refused, policy, intel):
    document = signed(tcb_info(TeeType.TDX, Dates.of(now())), intel.tcb_signer)
    without = Attesting.deploy(deploy, intel.root.public_key)
    with reverts(CRL_STALE):
        without.policy.update_tcb.call(*document)
    soon = now() + 100
    crl = crl_bytes(intel.root.revoke(this_update=now(), next_update=soon))
    fresh.verifier.add_crl(ROOT, crl, 0)
    views_see(soon + GRACE)
    later = Dates.of(now())
    policy.update_tcb.call(*signed(tcb_info(TeeType.TDX, later), intel.tcb_signer))
    views_see(soon + GRACE + 1)
    refused(CRL_STALE, tcb_info(TeeType.TDX, later))


def test_update__no_verifier_yet__reverts(deploy, intel):
    policy = deploy("TcbPolicy", 1, 14)
    for method, document in (
        (policy.update_tcb, tcb_info(TeeType.TDX, Dates.of(now()))),
        (policy.update_identity, identity(TeeType.TDX, Dates.of(now()))),
    ):
        with reverts(NO_VERIFIER):
            method.call(*signed(document, intel.tcb_signer))


# ── Kind and form ──


@pytest.mark.parametrize("name", ["QVE", "QAE", "SGX", "TDX", "", "TD_QE2"])
def test_update_identity__of_another_enclave__reverts(policy, intel, name):
    document = identity(TeeType.SGX, Dates.of(now()), id=name)
    with reverts(DOCUMENT_ID):
        policy.update_identity.call(*signed(document, intel.tcb_signer))


def test_update__one_kind_as_the_other__reverts(policy, intel):
    tcb, quoting = tcb_info(TeeType.SGX, Dates.of(now())), identity(TeeType.SGX, Dates.of(now()))
    with reverts(DOCUMENT_ID):
        policy.update_tcb.call(*signed(quoting, intel.tcb_signer))
    with reverts(DOCUMENT_ID):
        policy.update_identity.call(*signed(tcb, intel.tcb_signer))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (b'"version":3', b'"version":2'),
        (b'"pceId":"0000"', b'"pceId":"0001"'),
        (b'"tcbType":0', b'"tcbType":1'),
        (b"issueDate", b"issuedate"),
        (b'"tcbEvaluationDataNumber":17', b'"tcbEvaluationDataNumber":65536'),
        (b'"tcbEvaluationDataNumber":17', b'"tcbEvaluationDataNumber":017'),
        (b'"svn":10}', b'"svn":256}'),
        (b'"svn":10}', b'"svn": 10}'),
        (b'"svn":10}', b'"svn":10,"kind":"x"}'),
        (b'"pcesvn":20', b'"pcesvn":65536'),
        (b'"pcesvn":20', b'"pcesvn":-1'),
        (b'"tcbStatus":"UpToDate"', b'"tcbStatus":"Uptodate"'),
        (b'"id":"TDX_01"', b'"id":"TDX_0g"'),
        (b'FFFFFF"},"tdxModuleIdentities', b'FFFFFE"},"tdxModuleIdentities'),
        (b'{"svn":10},', b""),
        (b"}]}", b"}]} "),
        (b"}]}", b"}]"),
    ],
)  # fmt: skip
def test_update_tcb__not_in_intel_s_layout__reverts(refused, text, other):
    document = tcb_info(TeeType.TDX, Dates.of(now()))
    changed = document.replace(text, other, 1) if text != b"}]}" else document[:-3] + other
    assert changed != document
    refused(DOCUMENT_FORM, changed)


@pytest.mark.parametrize(("levels", "fits"), [(64, True), (65, False)])
def test_update_identity__at_most_64_levels(policy, refused, intel, levels, fits):
    document = identity(TeeType.SGX, Dates.of(now()), [IsvLevel(n) for n in range(levels, 0, -1)])
    if fits:
        policy.update_identity.call(*signed(document, intel.tcb_signer))
    else:
        refused(DOCUMENT_FORM, document)


@pytest.mark.parametrize(("modules", "fits"), [(7, True), (8, False)])
def test_update_tcb__at_most_7_modules(policy, refused, intel, modules, fits):
    named = {f"{n:02x}": (IsvLevel(n),) for n in range(1, modules + 1)}
    document = tcb_info(TeeType.TDX, Dates.of(now()), modules=named)
    if fits:
        policy.update_tcb(*signed(document, intel.tcb_signer))
        [kept] = policy.kept_floors(129, FMSPC)
        assert [tuple(module) for module in kept[8]] == [(n, n) for n in range(1, 8)]
    else:
        refused(DOCUMENT_FORM, document)


# ── Age ──


def test_update_tcb__issued_in_the_future__reverts(policy, refused, intel):
    soon = now() + 100
    document = tcb_info(TeeType.TDX, Dates(soon, soon + DAY))
    views_see(soon - 1)
    refused(DOCUMENT_NOT_YET_VALID, document)
    views_see(soon)
    policy.update_tcb.call(*signed(document, intel.tcb_signer))


@pytest.mark.parametrize("kind", [tcb_info, identity])
def test_update__stale__reverts_after_the_grace(policy, refused, intel, kind):
    soon = now() + 100
    document = kind(TeeType.TDX, Dates(now(), soon))
    method = policy.update_tcb if kind is tcb_info else policy.update_identity
    views_see(soon + GRACE)
    method.call(*signed(document, intel.tcb_signer))
    views_see(soon + GRACE + 1)
    refused(DOCUMENT_STALE, document)


# Holds I-44.
def test_update_tcb__older_of_one_number__reverts(policy, bring_tcb, refused):
    newest = Dates.of(now())
    bring_tcb(dates=newest)
    refused(DOCUMENT_SUPERSEDED, tcb_info(TeeType.TDX, replace(newest, issued=newest.issued - 1)))
    bring_tcb(dates=newest)
    bring_tcb(dates=replace(newest, issued=newest.issued + 1))
    refused(DOCUMENT_SUPERSEDED, tcb_info(TeeType.TDX, newest))
    assert numbers(policy) == [17]


# ── Two numbers ──


# Holds I-44.
@pytest.mark.parametrize(
    "order",
    [(17, 18), (18, 17), (17, 18, 17), (17, 18, 18), (16, 17, 18), (17, 16, 18), (16, 18, 17)],
)
def test_update_tcb__several_numbers__the_two_newest_are_kept(policy, bring_tcb, order):
    for number in order:
        bring_tcb(dates=Dates.of(now(), number))
    assert numbers(policy) == [17, 18]


def test_update_tcb__below_two_live_numbers__reverts(bring_tcb, refused, policy):
    for number in (17, 18):
        bring_tcb(dates=Dates.of(now(), number))
    refused(DOCUMENT_NUMBER, tcb_info(TeeType.TDX, Dates.of(now(), 16)))
    assert numbers(policy) == [17, 18]


@pytest.mark.parametrize(
    ("stale", "then", "kept"), [(17, 16, [16, 18]), (18, 16, [16, 17]), (17, 19, [18, 19])]
)
def test_update_tcb__beside_a_stale_number__takes_its_place(policy, bring_tcb, stale, then, kept):
    """The two newest numbers that are not stale."""
    start = now()
    for number in (17, 18):
        until = start + 100 if number == stale else start + 100 * DAY
        bring_tcb(dates=Dates(start, until, number))
    views_see(start + 100 + GRACE)
    assert [floor[3] for floor in policy.kept_floors(129, FMSPC)] == [True, True]
    views_see(start + 100 + GRACE + 1)
    assert [floor[3] for floor in policy.kept_floors(129, FMSPC)] == [stale != 17, stale != 18]
    bring_tcb(dates=Dates.of(now(), then))
    assert numbers(policy) == kept


@pytest.mark.parametrize("kind", ["tcb info", "identity"])
@pytest.mark.parametrize(("stale", "then"), [((17, 18), 16), ((17, 18), 19), ((17,), 18)])
def test_update__beside_stale_numbers_alone__leaves_one(
    policy, bring_tcb, bring_identity, kind, stale, then
):
    """Also where the one that is live is of the same number, and so gives way."""
    bring = bring_tcb if kind == "tcb info" else bring_identity
    start = now()
    for number in (17, 18):
        until = start + 100 if number in stale else start + 100 * DAY
        more = (IsvLevel(1),) if kind == "identity" else ()
        bring(*more, dates=Dates(start, until, number))
    views_see(start + 100 + GRACE + 1)
    dates = Dates.of(now(), then)
    bring(*((IsvLevel(8),) if kind == "identity" else ()), dates=dates)
    kept = policy.kept_floors(129, FMSPC) if kind == "tcb info" else policy.kept_identities(129)
    assert [each[:2] for each in kept] == [(then, dates.issued)]


def test_update_tcb__kinds__are_numbered_apart(policy, bring_tcb, bring_identity):
    bring_tcb(dates=Dates.of(now(), 17))
    bring_tcb(dates=Dates.of(now(), 20), tee=TeeType.SGX)
    bring_tcb(dates=Dates.of(now(), 21), fmspc=b"others")
    bring_identity(dates=Dates.of(now(), 19))
    assert (numbers(policy), numbers(policy, 0)) == ([17], [20])
    assert [each[0] for each in policy.kept_identities(129)] == [19]


@pytest.mark.parametrize("order", [(17, 18), (18, 17), (16, 17, 18), (16, 18, 17)])
def test_update_identity__several_numbers__the_two_newest_are_kept(policy, bring_identity, order):
    for number in order:
        bring_identity(IsvLevel(number), dates=Dates.of(now(), number))
    assert [(each[0], each[7]) for each in policy.kept_identities(129)] == [(17, 17), (18, 18)]
