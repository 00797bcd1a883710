"""Revocation lists: what they revoke, by whom, in batches, and what poses as one."""

from dataclasses import astuple, replace

import pytest
from brownie import reverts
from eth_utils.crypto import keccak

from offchain.attestation.der import SEQUENCE, encode, explicit
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
from tests.anvil import events, now
from tests.dcap import BODIES, REPORT_DATA, certificate, evidence, fields, words
from tests.reasons import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_REVOKED,
    CERTIFICATE_UNKNOWN,
    CRL_ISSUER,
    CRL_NOT_YET_VALID,
    CRL_SIGNATURE,
    CRL_STALE,
    DER,
)
from tests.unit.dcap_verifier.support import signed, verify, views_see

ROOT = astuple(BY_ROOT)
SERIALS = tuple(range(2**152, 2**152 + 5))


@pytest.fixture(scope="module")
def authority(verifier, intel, chain_of):
    """The record of the intermediate CA, which the verifier knows."""
    verifier.add_ca(certificate(intel.authority))
    return astuple(chain_of.authority_record)


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
            verifier.add_crl.call(under, crl, 0, 10)

    return check


# ── Revocation ──


def test_add_crl__of_the_authority__revokes_its_machines(
    verifier, authority, by_authority, kept, intel, machine, trust, stranger
):
    quote = machine.quote(BODIES["sgx v3"])
    verifier.verify(evidence(quote, trust.root_key), REPORT_DATA)
    serial = machine.pck.certificate.serial
    assert verifier.add_crl.call(authority, by_authority(serial), 0, 1) == 1
    receipt = verifier.add_crl(authority, by_authority(serial), 0, 1, {"from": stranger})
    issuer = keccak(intel.authority.public_key)
    this_update = intel.authority.certificate.not_before
    assert events(receipt) == [
        ("CrlApplied", {"issuer": issuer, "this_update": this_update}),
        ("CertificateRevoked", {"id": certificate_id(intel.authority.public_key, serial)}),
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
    assert applied(ROOT, crl, 0, 1) == 1
    for known in Known:
        with reverts(CERTIFICATE_REVOKED):
            verifier.verify.call(evidence(quote, trust.root_key, known), REPORT_DATA)


def test_add_crl__same_serial_number_under_another_issuer__is_another_certificate(
    verifier, authority, by_authority, kept, intel, machine, trust
):
    verifier.add_crl(ROOT, crl_bytes(intel.root.revoke(machine.pck.certificate.serial)), 0, 1)
    verifier.add_crl(authority, by_authority(intel.authority.certificate.serial), 0, 1)
    assert kept(machine.pck.certificate.serial) == bytes(32)
    assert verify(verifier, evidence(machine.quote(BODIES["sgx v3"]), trust.root_key), REPORT_DATA)


def test_add_crl__new_certificate_for_the_authority_s_key__does_not_bring_a_machine_back(
    verifier, authority, by_authority, intel, machine
):
    verifier.add_crl(authority, by_authority(machine.pck.certificate.serial), 0, 1)
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
    assert verifier.add_crl.call(authority, by_authority(), 0, 10) == 0
    receipt = verifier.add_crl(authority, by_authority(), 0, 10)
    assert [name for name, _ in events(receipt)] == ["CrlApplied"]


@pytest.mark.parametrize("serial", [0, 1, 127, 128, 2**152, 2**160 - 1, 2**239 - 1])
def test_add_crl__any_serial_number__is_revoked(verifier, authority, by_authority, kept, serial):
    verifier.add_crl(authority, by_authority(serial), 0, 1)
    assert kept(serial) == REVOKED


# ── Batches ──


def test_add_crl__in_batches__revokes_each_entry_once(applied, authority, by_authority, kept):
    crl = by_authority(*SERIALS)
    counts = [
        applied(authority, crl, first, count)
        for first, count in ((3, 2), (0, 2), (0, 3), (0, 10), (5, 1), (99, 1))
    ]
    assert counts == [2, 2, 1, 0, 0, 0]
    assert [kept(serial) for serial in SERIALS] == [REVOKED] * 5


@pytest.mark.parametrize(
    ("first", "count"), [(0, 0), (2, 0), (1, 2), (4, 1), (0, 5), (3, 2**256 - 1)]
)
def test_add_crl__batch__revokes_its_entries_only(
    verifier, authority, by_authority, kept, first, count
):
    verifier.add_crl(authority, by_authority(*SERIALS), first, count)
    chosen = range(first, min(first + count, 5))
    assert [kept(serial) == REVOKED for serial in SERIALS] == [n in chosen for n in range(5)]


def test_add_crl__beyond_the_end__revokes_nothing(verifier, authority, by_authority, kept):
    verifier.add_crl(authority, by_authority(*SERIALS), 2**256 - 1, 2**256 - 1)
    assert [kept(serial) for serial in SERIALS] == [bytes(32)] * 5


# ── Age ──


def test_add_crl__older_than_the_newest__reverts(verifier, refused, authority, by_authority, intel):
    newest = now() - 1_000
    verifier.add_crl(authority, by_authority(1, this_update=newest), 0, 1)
    refused(CRL_STALE, by_authority(2, this_update=newest - 1))
    for time in (newest, newest + 1):
        verifier.add_crl(authority, by_authority(2, this_update=time), 0, 1)
    refused(CRL_STALE, by_authority(3, this_update=newest))
    assert verifier.crl_updated(keccak(intel.authority.public_key)) == newest + 1


def test_add_crl__age_of_one_issuer__does_not_bind_another(
    verifier, authority, by_authority, intel
):
    verifier.add_crl(authority, by_authority(1, this_update=now()), 0, 1)
    older = crl_bytes(intel.root.revoke(1, this_update=now() - 1_000))
    assert verifier.add_crl.call(ROOT, older, 0, 1) == 1


def test_add_crl__of_the_future__reverts(verifier, refused, authority, by_authority):
    soon = now() + 100
    crl = by_authority(1, this_update=soon)
    views_see(soon - 1)
    refused(CRL_NOT_YET_VALID, crl)
    views_see(soon)
    assert verifier.add_crl.call(authority, crl, 0, 1) == 1


def test_add_crl__past_its_next_update__still_revokes(verifier, authority, by_authority):
    crl = by_authority(1, this_update=now() - 200, next_update=now() - 100)
    assert verifier.add_crl.call(authority, crl, 0, 1) == 1


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
    verifier.add_crl(ROOT, crl, 0, 1)
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
    assert verifier.add_crl.call(authority, whole, 0, 9) == 1


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
