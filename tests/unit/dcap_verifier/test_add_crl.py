"""Revocation lists: what they revoke, by whom, in pieces, until when, and what poses as one."""

from dataclasses import astuple, replace
from hashlib import sha256

import pytest
from brownie import reverts

from offchain.attestation.der import OCTET_STRING, SEQUENCE, encode, explicit, integer
from offchain.attestation.evidence import (
    BY_ROOT,
    REVOKED,
    AuthorityRecord,
    Chain,
    Known,
    certificate_id,
    crl_bytes,
)
from offchain.simulation import Machine, SimulatedIntel, issuing
from offchain.simulation.intel import NOT_BEFORE
from tests.anvil import events, now
from tests.dcap import BODIES, GRACE_DAYS, REPORT_DATA, certificate, evidence, fields, words
from tests.reasons import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_REVOKED,
    CERTIFICATE_UNKNOWN,
    CRL_ISSUER,
    CRL_NOT_YET_VALID,
    CRL_SIGNATURE,
    CRL_STALE,
    CRL_SUPERSEDED,
    DER,
    QE_UNKNOWN,
)
from tests.unit.dcap_verifier.support import DAY, signed, verify, views_see

ROOT = astuple(BY_ROOT)
SERIALS = tuple(range(2**152, 2**152 + 5))


@pytest.fixture(scope="module")
def authority_record(chain_of):
    return astuple(chain_of.authority_record)


@pytest.fixture(scope="module")
def authority(verifier, authority_record):
    """The record of the intermediate CA, which the verifier knows."""
    return authority_record


@pytest.fixture(scope="module")
def by_authority(intel):
    """A revocation list of the intermediate CA."""
    return lambda *serials, **when: crl_bytes(intel.authority.revoke(*serials, **when))


@pytest.fixture(scope="module")
def kept(verifier, intel):
    """Return what the verifier keeps of a serial number of the intermediate CA."""
    return lambda serial: bytes(
        verifier.certificate(certificate_id(intel.authority.public_key, serial))
    )


@pytest.fixture(scope="module")
def applied(verifier):
    """Applies a batch; says how many it revoked without a trace, which would take seconds."""

    def apply(*batch):
        revoked = verifier.add_crl.call(*batch)
        verifier.add_crl(*batch)
        return revoked

    return apply


@pytest.fixture(scope="module")
def refused(verifier, authority):
    def check(reason, crl, under=authority):
        with reverts(reason):
            verifier.add_crl.call(under, crl, 10)

    return check


# ── Revocation ──


def test_add_crl__of_the_authority__revokes_its_machines(
    verifier, authority, by_authority, kept, intel, machine, trust, stranger
):
    quote = machine.quote(BODIES["sgx v3"])
    verifier.verify(evidence(quote, trust.root_key), REPORT_DATA)
    serial = machine.pck.certificate.serial
    assert verifier.add_crl.call(authority, by_authority(serial), 1) == 1
    receipt = verifier.add_crl(authority, by_authority(serial), 1, {"from": stranger})
    issuer = authority[0]
    this_update = intel.authority.certificate.not_before
    assert events(receipt) == [
        ("CertificateRevoked", {"id": certificate_id(intel.authority.public_key, serial)}),
        ("CrlApplied", {"authority": issuer, "this_update": this_update}),
    ]
    assert kept(serial) == REVOKED
    assert verifier.crl_updated(issuer) == this_update
    for known in Known:
        with reverts(CERTIFICATE_REVOKED):
            verifier.verify.call(evidence(quote, trust.root_key, known), REPORT_DATA)
    other = Machine.simulate(intel, "other").quote(BODIES["sgx v3"])
    assert verify(verifier, evidence(other, trust.root_key), REPORT_DATA)


def test_add_crl__of_the_root__revokes_an_authority_with_its_machines(
    verifier, applied, intel, machine, trust
):
    quote = machine.quote(BODIES["sgx v3"])
    verifier.verify(evidence(quote, trust.root_key), REPORT_DATA)
    crl = crl_bytes(intel.root.revoke(intel.authority.certificate.serial))
    assert applied(ROOT, crl, 1) == 1
    for known in Known:
        with reverts(CERTIFICATE_REVOKED):
            verifier.verify.call(evidence(quote, trust.root_key, known), REPORT_DATA)


@pytest.mark.parametrize("pieces", [(3,), (1, 1, 1)])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_add_crl__authority_at_any_place_of_the_root_s_list__takes_its_machines_along(
    verifier, intel, machine, trust, pieces, place
):
    quote = machine.quote(BODIES["sgx v3"])
    verifier.verify(evidence(quote, trust.root_key), REPORT_DATA)
    others = list(SERIALS[:2])
    others.insert(place, intel.authority.certificate.serial)
    crl = crl_bytes(intel.root.revoke(*others))
    for count in pieces:
        verifier.add_crl(ROOT, crl, count)
    for known in Known:
        with reverts(CERTIFICATE_REVOKED):
            verifier.verify.call(evidence(quote, trust.root_key, known), REPORT_DATA)


def test_add_crl__same_serial_number_under_another_issuer__is_another_certificate(
    verifier, authority, by_authority, kept, intel, machine, trust
):
    verifier.add_crl(ROOT, crl_bytes(intel.root.revoke(machine.pck.certificate.serial)), 1)
    verifier.add_crl(authority, by_authority(intel.authority.certificate.serial), 1)
    assert kept(machine.pck.certificate.serial) == bytes(32)
    assert verify(verifier, evidence(machine.quote(BODIES["sgx v3"]), trust.root_key), REPORT_DATA)


def test_add_crl__new_certificate_for_the_authority_s_key__does_not_bring_a_machine_back(
    verifier, authority, by_authority, intel, machine
):
    verifier.add_crl(authority, by_authority(machine.pck.certificate.serial), 1)
    renewed = intel.root.issue(intel.authority.key, replace(intel.authority.certificate, serial=77))
    under = replace(intel, authority=renewed)
    again = Machine.with_pck(under, "machine", machine.pck)
    shown = evidence(again.quote(BODIES["sgx v3"]), intel.root.public_key)
    assert (
        Chain.of(again.quote(BODIES["sgx v3"]), intel.root.public_key).authority_record.id
        != authority[0]
    )
    with reverts(CERTIFICATE_REVOKED):
        verifier.verify.call(shown, REPORT_DATA)


def test_add_crl__empty__only_counts_as_an_update(verifier, authority, by_authority):
    assert verifier.add_crl.call(authority, by_authority(), 10) == 0
    receipt = verifier.add_crl(authority, by_authority(), 10)
    assert [name for name, _ in events(receipt)] == ["CrlApplied"]


@pytest.mark.parametrize("serial", [0, 1, 127, 128, 2**152, 2**160 - 1, 2**239 - 1])
def test_add_crl__any_serial_number__is_revoked(verifier, authority, by_authority, kept, serial):
    verifier.add_crl(authority, by_authority(serial), 1)
    assert kept(serial) == REVOKED


# ── Pieces ──


@pytest.fixture(scope="module")
def progress(verifier, authority):
    """Entries of a list that are in, while it is not wholly in."""
    return lambda crl: verifier.crl_progress(authority[0], sha256(crl[:-64]).digest())


# Holds I-45.
def test_add_crl__in_pieces__goes_on_and_counts_once_it_is_in(
    verifier, applied, authority, by_authority, kept, progress, stranger
):
    newest = now() - 1_000
    crl = by_authority(*SERIALS, this_update=newest, next_update=newest + 9)
    before = verifier.crl_updated(authority[0]), verifier.crl_next_update(authority[0])
    for count, revoked, entries in ((0, 0, 0), (2, 2, 2), (0, 0, 2), (1, 1, 3), (1, 1, 4)):
        assert applied(authority, crl, count, {"from": stranger}) == revoked
        assert progress(crl) == entries
        seen = verifier.crl_updated(authority[0]), verifier.crl_next_update(authority[0])
        assert seen == before
    assert [kept(serial) == REVOKED for serial in SERIALS] == [True] * 4 + [False]
    receipt = verifier.add_crl(authority, crl, 2**256 - 1)
    assert [name for name, _ in events(receipt)] == ["CertificateRevoked", "CrlApplied"]
    assert (progress(crl), kept(SERIALS[4])) == (0, REVOKED)
    assert verifier.crl_updated(authority[0]) == newest
    assert verifier.crl_next_update(authority[0]) == newest + 9


@pytest.mark.parametrize("count", [0, 4])
def test_add_crl__an_entry_left_out__does_not_count(
    verifier, authority, by_authority, progress, count
):
    """A stranger cannot mark a list as applied by applying none of it."""
    crl = by_authority(*SERIALS, this_update=now() - 1_000)
    before = verifier.crl_updated(authority[0])
    receipt = verifier.add_crl(authority, crl, count)
    assert "CrlApplied" not in [name for name, _ in events(receipt)]
    assert (verifier.crl_updated(authority[0]), progress(crl)) == (before, count)


def test_add_crl__two_lists_in_turns__each_goes_on(verifier, authority, by_authority, progress):
    older = by_authority(*SERIALS, this_update=now() - 1_000)
    newer = by_authority(*SERIALS, this_update=now() - 999)
    for crl in (older, newer, older):
        verifier.add_crl(authority, crl, 2)
    assert (progress(older), progress(newer)) == (4, 2)
    verifier.add_crl(authority, newer, 3)
    with reverts(CRL_SUPERSEDED):
        verifier.add_crl.call(authority, older, 1)


def test_add_crl__progress__belongs_to_one_authority(verifier, authority, by_authority, intel):
    """The same bytes, were they another authority's, are another list."""
    crl = by_authority(*SERIALS, this_update=now() - 1_000)
    verifier.add_crl(authority, crl, 2)
    assert verifier.crl_progress(bytes(32), sha256(crl[:-64]).digest()) == 0


def test_add_crl__again__revokes_nobody_and_stays_in(applied, verifier, authority, by_authority):
    crl = by_authority(*SERIALS)
    assert [applied(authority, crl, 10) for _ in range(2)] == [5, 0]
    assert applied(authority, crl, 0) == 0
    assert verifier.crl_updated(authority[0]) == NOT_BEFORE


# ── Staleness ──


# Holds I-45, S-71.
@pytest.mark.parametrize("of_root", [True, False])
def test_verify__list_not_wholly_in__reverts(
    fresh, authority_record, intel, machine, trust, of_root
):
    """Fail closed: neither list is there, then one of them."""
    verifier = fresh.verifier
    verifier.add_ca(certificate(intel.authority))
    shown = evidence(machine.quote(BODIES["sgx v3"]), trust.root_key)
    with reverts(CRL_STALE):
        verifier.verify.call(shown, REPORT_DATA)
    lists = (ROOT, intel.root), (authority_record, intel.authority)
    record, issuer = lists[0 if of_root else 1]
    verifier.add_crl(record, crl_bytes(issuer.revoke(1)), 1)
    other, other_issuer = lists[1 if of_root else 0]
    verifier.add_crl(other, crl_bytes(other_issuer.revoke(1, 2)), 1)
    with reverts(CRL_STALE):
        verifier.verify.call(shown, REPORT_DATA)
    verifier.add_crl(other, crl_bytes(other_issuer.revoke(1, 2)), 1)
    with reverts(QE_UNKNOWN):
        verifier.verify.call(shown, REPORT_DATA)


# Holds I-45.
@pytest.mark.parametrize("of_root", [True, False])
@pytest.mark.parametrize("known", Known)
def test_verify__stale_list__reverts_after_the_grace(
    verifier, authority, intel, machine, trust, of_root, known
):
    shown = evidence(machine.quote(BODIES["sgx v3"]), trust.root_key)
    verifier.verify(shown, REPORT_DATA)
    shown = evidence(machine.quote(BODIES["sgx v3"]), trust.root_key, known)
    record, issuer = (ROOT, intel.root) if of_root else (authority, intel.authority)
    soon = now() + 1_000
    crl = crl_bytes(issuer.revoke(this_update=now(), next_update=soon))
    verifier.add_crl(record, crl, 0)
    last = soon + GRACE_DAYS * DAY
    views_see(last)
    assert verify(verifier, shown, REPORT_DATA)
    views_see(last + 1)
    with reverts(CRL_STALE):
        verifier.verify.call(shown, REPORT_DATA)
    again = crl_bytes(issuer.revoke(this_update=last, next_update=last + 9))
    verifier.add_crl(record, again, 0)
    assert verify(verifier, shown, REPORT_DATA)


# ── Age ──


# Holds S-63.
def test_add_crl__older_than_the_newest__reverts(verifier, refused, authority, by_authority, intel):
    newest = now() - 1_000
    verifier.add_crl(authority, by_authority(1, this_update=newest), 1)
    refused(CRL_SUPERSEDED, by_authority(2, this_update=newest - 1))
    for time in (newest, newest + 1):
        verifier.add_crl(authority, by_authority(2, this_update=time), 1)
    refused(CRL_SUPERSEDED, by_authority(3, this_update=newest))
    assert verifier.crl_updated(authority[0]) == newest + 1


@pytest.mark.parametrize("newest", ["root", "authority"])
def test_add_crl__age_of_one_issuer__does_not_bind_another(verifier, authority, intel, newest):
    issuers = {"root": (ROOT, intel.root), "authority": (authority, intel.authority)}
    record, issuer = issuers.pop(newest)
    verifier.add_crl(record, crl_bytes(issuer.revoke(1, this_update=now())), 1)
    [(record, issuer)] = issuers.values()
    older = crl_bytes(issuer.revoke(1, this_update=now() - 1_000))
    assert verifier.add_crl.call(record, older, 1) == 1


def test_add_crl__of_the_future__reverts(verifier, refused, authority, by_authority):
    soon = now() + 100
    crl = by_authority(1, this_update=soon)
    views_see(soon - 1)
    refused(CRL_NOT_YET_VALID, crl)
    views_see(soon)
    assert verifier.add_crl.call(authority, crl, 1) == 1


def test_add_crl__past_its_next_update__still_revokes(verifier, authority, by_authority):
    crl = by_authority(1, this_update=now() - 200, next_update=now() - 100)
    assert verifier.add_crl.call(authority, crl, 1) == 1


# ── Issuer ──


def test_add_crl__signed_by_another__reverts(refused, intel, machine, by_authority):
    document = by_authority(1)[:-64]
    stranger = SimulatedIntel.from_seed(b"another Intel")
    for issuer in (intel.root, intel.tcb_signer, machine.pck, stranger.authority):
        refused(CRL_SIGNATURE, signed(document, issuer))
    refused(CRL_SIGNATURE, by_authority(1), ROOT)
    refused(CRL_SIGNATURE, crl_bytes(intel.root.revoke(1)))


def test_add_crl__issued_in_another_name__reverts(refused, intel):
    crl = issuing.IssuedList(
        intel.root.certificate.subject, intel.root.public_key, 1_600_000_000, 1_700_000_000, (1,)
    )
    refused(CRL_ISSUER, signed(crl.tbs(), intel.authority))


def test_add_crl__authority_unknown_or_changed__reverts(refused, chain_of, by_authority, intel):
    record = chain_of.authority_record
    refused(
        CERTIFICATE_UNKNOWN, by_authority(1), astuple(replace(record, expiry=record.expiry + 1))
    )
    refused(
        CERTIFICATE_UNKNOWN,
        by_authority(1),
        astuple(replace(record, key=words(intel.root.public_key))),
    )
    refused(CERTIFICATE_UNKNOWN, by_authority(1), astuple(replace(record, id=record.subject)))


def test_add_crl__authority_revoked__reverts(verifier, refused, by_authority, intel):
    crl = crl_bytes(intel.root.revoke(intel.authority.certificate.serial))
    verifier.add_crl(ROOT, crl, 1)
    refused(CERTIFICATE_REVOKED, by_authority(1))


def test_add_crl__authority_expired__reverts(verifier, refused, by_authority, intel):
    soon = now() + 100
    brief = intel.root.issue(
        intel.authority.key, replace(intel.authority.certificate, not_after=soon, serial=9)
    )
    verifier.add_ca(certificate(brief))
    views_see(soon + 1)
    record = AuthorityRecord.of(fields(brief), intel.root.public_key)
    refused(CERTIFICATE_EXPIRED, by_authority(1), astuple(record))


# ── DER ──


def test_add_crl__certificate_as_a_list__reverts(refused, machine, intel):
    refused(DER, certificate(machine.pck))
    refused(DER, certificate(intel.authority), ROOT)


def test_add_crl__too_long_or_too_short__reverts(refused, intel, by_authority):
    document = by_authority(*SERIALS)[:-64]
    for wrong in (b"", bytes(64)):
        refused(DER, wrong)
    for wrong in (document[:1], document[:31], document[:100], document[:-1], document + b"\0"):
        refused(DER, signed(wrong, intel.authority))


@pytest.fixture(scope="module")
def parts(intel):
    """The parts of a list, to be put together otherwise."""
    when = issuing.utc_time(1_600_000_000)
    entry = encode(SEQUENCE, b"\2\1\7", when)
    return {
        "version": b"\2\1\1",
        "algorithm": issuing.ECDSA_WITH_SHA256,
        "issuer": intel.authority.certificate.subject,
        "this update": when,
        "next update": when,
        "entries": encode(SEQUENCE, entry),
        "extensions": encode(explicit(0), encode(SEQUENCE)),
    }


def test_add_crl__parts_in_order__are_a_list(verifier, authority, parts, intel):
    whole = signed(encode(SEQUENCE, *parts.values()), intel.authority)
    assert verifier.add_crl.call(authority, whole, 9) == 1


@pytest.mark.parametrize("size", [1, 80, 120, 200, 300])
def test_add_crl__entries_of_any_length__are_read(verifier, authority, parts, intel, kept, size):
    """With extensions, as most of Intel's; of 128 bytes and more, and beside short ones."""
    when, reason = issuing.utc_time(1_600_000_000), encode(OCTET_STRING, bytes(size))
    entries = [
        encode(SEQUENCE, integer(serial), when, encode(SEQUENCE, reason)) for serial in SERIALS
    ]
    entries.insert(2, encode(SEQUENCE, integer(7), when))
    changed = {**parts, "entries": encode(SEQUENCE, *entries)}
    whole = signed(encode(SEQUENCE, *changed.values()), intel.authority)
    verifier.add_crl(authority, whole, 10)
    assert all(kept(serial) == REVOKED for serial in (7, *SERIALS))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("version", b""),
        ("version", b"\2\1\0"),
        ("version", b"\2\1\2"),
        ("algorithm", encode(SEQUENCE, b"\5\0")),
        ("issuer", b""),
        ("this update", b""),
        ("this update", b"\x18\x0f20200101000000Z"),
        ("next update", b""),
        ("next update", b"\x17\x0d201301000000Z"),
        ("entries", b"\x31\0"),
        ("entries", b"\x30\2\2\1"),
        ("entries", b"\x30\1\x30"),
        ("entries", b"\x30\4\x30\2\2\0"),
        ("entries", b"\x30\5\x30\3\2\1\x80"),
        ("entries", b"\x30\6\x30\4\2\2\0\1"),
        ("entries", b"\x30\5\x30\3\3\1\1"),
        ("entries", b"\x30\x0a\x30\3\2\2\1\x30\3\2\1\7"),  # its number goes on in the next
        ("entries", b"\x30\x0a\x30\3\2\1\7\x30\3\2\2\1"),
        ("entries", b"\x30\x80\0\0"),
        ("extensions", b""),
        ("extensions", b"\xa1\2\x30\0"),
        ("extensions", b"\xa0\2\x30\0\5\0"),
    ],
)
def test_add_crl__a_part_missing_or_malformed__reverts(refused, parts, intel, part, value):
    changed = {**parts, part: value}
    refused(DER, signed(encode(SEQUENCE, *changed.values()), intel.authority))


def test_add_crl__says_a_length_one_byte_short__reverts(refused, parts, intel):
    whole = encode(SEQUENCE, *parts.values())
    size = sum(map(len, parts.values()))
    header = whole[:-size]
    refused(DER, signed(header[:-1] + bytes([header[-1] - 1]) + whole[-size:], intel.authority))
