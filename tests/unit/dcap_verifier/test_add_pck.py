"""The machine's certificate: what is admitted, and everything that poses as one."""

from dataclasses import astuple, replace

import pytest
from brownie import reverts
from eth_utils.crypto import keccak

from offchain.attestation import sgx_extension
from offchain.attestation.der import INTEGER, OCTET_STRING, SEQUENCE, encode, integer, oid
from offchain.attestation.evidence import BY_ROOT, AuthorityRecord, Chain, Known, crl_bytes
from offchain.simulation import Machine, SimulatedIntel, issuing
from tests.anvil import events, now
from tests.dcap import BODIES, certificate, fields
from tests.reasons import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_ISSUER,
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_REVOKED,
    CERTIFICATE_ROLE,
    CERTIFICATE_SIGNATURE,
    CERTIFICATE_UNKNOWN,
    DER,
    SGX_EXTENSION,
)
from tests.unit.dcap_verifier.support import kept_by, signed, views_see

ID = sgx_extension.OID


@pytest.fixture(scope="module")
def authority(verifier, intel, chain_of):
    """The record of the intermediate CA, which the verifier knows."""
    verifier.add_ca(certificate(intel.authority))
    return astuple(chain_of.authority_record)


@pytest.fixture(scope="module")
def refused(verifier, authority):
    def check(reason, shown, under=authority):
        with reverts(reason):
            verifier.add_pck.call(under, shown)

    return check


@pytest.fixture(scope="module")
def issued(intel, machine):
    """The machine's certificate with some fields changed, signed by the intermediate CA."""
    return lambda **changes: signed(
        replace(machine.pck.certificate, **changes).tbs(), intel.authority
    )


# ── Admission ──


def test_add_pck__signed_by_the_authority__is_kept(
    verifier, authority, stranger, machine, chain_of
):
    shown = certificate(machine.pck)
    assert shown == chain_of.pck
    receipt = verifier.add_pck(authority, shown, {"from": stranger})
    assert events(receipt) == [("PckAdded", {"pck": astuple(chain_of.pck_record)})]
    kept = bytes(verifier.certificate(chain_of.pck_record.id))
    assert kept == keccak(chain_of.pck_record.encode())
    assert chain_of.known_by(kept_by(verifier)) is Known.PCK


def test_add_pck__again__changes_nothing(verifier, authority, stranger, machine):
    shown = certificate(machine.pck)
    first = verifier.add_pck.call(authority, shown)
    verifier.add_pck(authority, shown)
    assert verifier.add_pck.call(authority, shown, {"from": stranger}) == first
    assert events(verifier.add_pck(authority, shown, {"from": stranger})) == []


def test_add_pck__two_keys_of_one_machine__are_one_platform(verifier, authority, intel):
    values = intel.machine_values("one machine")
    records = [
        verifier.add_pck.call(authority, certificate(intel.issue_pck(label, values)))
        for label in ("one key", "another key")
    ]
    assert records[0][0] != records[1][0]
    assert records[0][2] != records[1][2]
    assert bytes(records[0][3]) == bytes(records[1][3]) == keccak(values.ppid)


def test_add_pck__expiry__is_the_earlier_one(verifier, intel, chain_of):
    soon = now() + 10_000
    brief = intel.root.issue(
        intel.authority.key, replace(intel.authority.certificate, not_after=soon, serial=7)
    )
    under = replace(intel, authority=brief)
    for not_after, expiry in ((soon - 1, soon - 1), (soon, soon), (soon + 1, soon)):
        machine = Machine.with_pck(under, "m", under.issue_pck("m", not_after=not_after))
        chain = Chain.of(machine.quote(BODIES["sgx v3"]), intel.root.public_key)
        verifier.add_ca(chain.ca)
        record = verifier.add_pck.call(astuple(chain.authority_record), chain.pck)
        assert record[6] == expiry == chain.pck_record.expiry


# ── Authority ──


def test_add_pck__authority_not_admitted__reverts(refused, intel, machine):
    unknown = replace(intel.authority.certificate, serial=8)
    record = AuthorityRecord.of(
        fields(intel.root.issue(intel.authority.key, unknown)), intel.root.public_key
    )
    refused(CERTIFICATE_UNKNOWN, certificate(machine.pck), astuple(record))


def test_add_pck__authority_zero__reverts(refused, machine):
    refused(CERTIFICATE_UNKNOWN, certificate(machine.pck), astuple(BY_ROOT))


def test_add_pck__any_word_of_the_authority_changed__reverts(refused, machine, chain_of):
    record = chain_of.authority_record
    x, y = record.key
    for wrong in (
        replace(record, id=record.subject),
        replace(record, key=(y, x)),
        replace(record, subject=record.id),
        replace(record, expiry=record.expiry + 1),
    ):
        refused(CERTIFICATE_UNKNOWN, certificate(machine.pck), astuple(wrong))


def test_add_pck__expired_authority__reverts(verifier, refused, intel, machine):
    soon = now() + 100
    brief = intel.root.issue(
        intel.authority.key, replace(intel.authority.certificate, not_after=soon, serial=9)
    )
    record = AuthorityRecord.of(fields(brief), intel.root.public_key)
    verifier.add_ca(certificate(brief))
    views_see(soon)
    assert verifier.add_pck.call(astuple(record), certificate(machine.pck))
    views_see(soon + 1)
    refused(CERTIFICATE_EXPIRED, certificate(machine.pck), astuple(record))


def test_add_pck__revoked_authority__reverts(verifier, refused, intel, machine):
    crl = intel.root.revoke(intel.authority.certificate.serial)
    verifier.add_crl(astuple(BY_ROOT), crl_bytes(crl), 1)
    refused(CERTIFICATE_REVOKED, certificate(machine.pck))


def test_add_pck__platform_record_as_authority__reverts(
    verifier, authority, refused, intel, machine, chain_of
):
    """A machine cannot certify machines: the digests of the two records never meet."""
    verifier.add_pck(authority, certificate(machine.pck))
    pck = chain_of.pck_record
    forged = signed(machine.pck.certificate.tbs(), machine.pck)
    posing = AuthorityRecord(
        pck.id, pck.key, keccak(intel.authority.certificate.subject), pck.expiry
    )
    refused(CERTIFICATE_UNKNOWN, forged, astuple(posing))


# ── Who poses as a leaf ──


def test_add_pck__intermediate_signer_and_root__revert(refused, intel):
    for other in (intel.authority, intel.tcb_signer, intel.root):
        refused(CERTIFICATE_ROLE, certificate(other))
        refused(CERTIFICATE_ROLE, signed(other.certificate.tbs(), intel.authority))


def test_add_pck__signed_by_another__reverts(refused, intel, machine):
    tbs = machine.pck.certificate.tbs()
    stranger = SimulatedIntel.from_seed(b"another Intel")
    for issuer in (intel.root, intel.tcb_signer, machine.pck, stranger.authority):
        refused(CERTIFICATE_SIGNATURE, signed(tbs, issuer))


# Holds S-62.
def test_add_pck__issued_in_another_name__reverts(refused, intel, issued):
    for issuer in (intel.root.certificate.subject, issuing.name("SGX PCK Processor CA")):
        refused(CERTIFICATE_ISSUER, issued(issuer=issuer))


@pytest.mark.parametrize("missing", range(2, 5))
def test_add_pck__usage_constraints_or_sgx_extension_missing__reverts(
    refused, machine, issued, missing
):
    extensions = list(machine.pck.certificate.extensions)
    del extensions[missing]
    refused(CERTIFICATE_ROLE, issued(extensions=tuple(extensions)))


def test_add_pck__other_extensions__revert(refused, machine, issued):
    *rest, usage, constraints, sgx = machine.pck.certificate.extensions
    for wrong in (
        [issuing.CA_USAGE, constraints, sgx],
        [usage, issuing.basic_constraints(True, 0), sgx],
        [usage, issuing.basic_constraints(True), sgx],
        [usage, issuing.basic_constraints(False, 0), sgx],
    ):
        refused(CERTIFICATE_ROLE, issued(extensions=(*rest, *wrong)))


# ── Time and revocation ──


def test_add_pck__around_its_validity(verifier, authority, refused, issued):
    start = now() + 100
    shown = issued(not_before=start, not_after=start + 10)
    views_see(start - 1)
    refused(CERTIFICATE_NOT_YET_VALID, shown)
    for time in (start, start + 10):
        views_see(time)
        assert verifier.add_pck.call(authority, shown)[6] == start + 10
    views_see(start + 11)
    refused(CERTIFICATE_EXPIRED, shown)


def test_add_pck__revoked__reverts_for_good(verifier, authority, refused, intel, machine):
    crl = intel.authority.revoke(machine.pck.certificate.serial)
    verifier.add_crl(authority, crl_bytes(crl), 1)
    refused(CERTIFICATE_REVOKED, certificate(machine.pck))


# ── SGX extension ──


def pair(identifier: bytes, value: bytes) -> bytes:
    return encode(SEQUENCE, identifier, value)


def octets(value: bytes) -> bytes:
    return encode(OCTET_STRING, value)


SVN = encode(INTEGER, b"\x0a")
PPID = pair(sgx_extension.PPID, octets(b"p" * 16))
SVNS = [pair(name, SVN) for name in sgx_extension.TCB_SVNS]
PCE_SVN = pair(sgx_extension.TCB_PCE_SVN, encode(INTEGER, b"\x14"))
CPU_SVN = pair(sgx_extension.TCB_CPU_SVN, octets(b"c" * 16))
PCE_ID = pair(sgx_extension.PCE_ID, octets(bytes(2)))
FMSPC = pair(sgx_extension.FMSPC, octets(b"fmspc!"))
SGX_TYPE = pair(sgx_extension.SGX_TYPE, b"\x0a\1\0")
INSTANCE = pair(oid(f"{ID}.6"), octets(bytes(16)))
CONFIGURATION = pair(oid(f"{ID}.7"), encode(SEQUENCE, pair(oid(f"{ID}.7.1"), b"\1\1\xff")))


def tcb(*parts: bytes) -> bytes:
    return pair(sgx_extension.TCB, encode(SEQUENCE, *parts))


TCB = tcb(*SVNS, PCE_SVN, CPU_SVN)


def with_svn(number: int, value: bytes) -> bytes:
    """The TCB with another INTEGER for one component, or for the PCE (16)."""
    parts = [*SVNS, PCE_SVN, CPU_SVN]
    names = [*sgx_extension.TCB_SVNS, sgx_extension.TCB_PCE_SVN]
    parts[number] = pair(names[number], value)
    return tcb(*parts)


@pytest.fixture(scope="module")
def with_sgx(machine, issued):
    """The machine's certificate with another SGX extension."""
    others = machine.pck.certificate.extensions[:-1]
    return lambda *parts: issued(
        extensions=(*others, issuing.extension(ID, encode(SEQUENCE, *parts)))
    )


@pytest.mark.parametrize(
    "more", [[], [SGX_TYPE], [SGX_TYPE, INSTANCE, CONFIGURATION], [b"\x30\0"] * 4]
)
def test_add_pck__sgx_extension__is_read(verifier, authority, with_sgx, more):
    record = verifier.add_pck.call(authority, with_sgx(PPID, TCB, PCE_ID, FMSPC, *more))
    assert bytes(record[3]) == keccak(b"p" * 16)
    assert record[4] == int.from_bytes(b"fmspc!", "big")
    assert record[5] == 20 << 128 | int.from_bytes(b"\x0a" * 16, "big")


@pytest.mark.parametrize("number", range(17))
@pytest.mark.parametrize("svn", [0, 1, 127, 128, 255])
def test_add_pck__any_svn__is_read(verifier, authority, with_sgx, number, svn):
    changed = with_svn(number, integer(svn))
    tcb_word = verifier.add_pck.call(authority, with_sgx(PPID, changed, PCE_ID, FMSPC))[5]
    expected = [*[10] * 16, 20]
    expected[number] = svn
    assert tcb_word == expected[16] << 128 | int.from_bytes(bytes(expected[:16]), "big")


@pytest.mark.parametrize("svn", [256, 32_767, 32_768, 65_535])
def test_add_pck__pce_svn_of_two_bytes__is_read(verifier, authority, with_sgx, svn):
    changed = with_svn(16, integer(svn))
    assert verifier.add_pck.call(authority, with_sgx(PPID, changed, PCE_ID, FMSPC))[5] >> 128 == svn


@pytest.mark.parametrize("number", [0, 7, 15, 16])
@pytest.mark.parametrize(
    "value",
    [
        "0200",  # empty
        "0201ff",  # negative
        "0202000a",  # a zero too many
        "020200ff00",  # something follows
        "0203010000",  # 65,536
        "020400ffffff",
        "02810a",  # another form of length
        "03010a",  # no INTEGER
        "040a",
    ],
)
def test_add_pck__malformed_svn__reverts(refused, with_sgx, number, value):
    changed = with_svn(number, bytes.fromhex(value))
    refused(SGX_EXTENSION, with_sgx(PPID, changed, PCE_ID, FMSPC, SGX_TYPE))


@pytest.mark.parametrize("number", range(16))
def test_add_pck__component_beyond_a_byte__reverts(refused, with_sgx, number):
    refused(SGX_EXTENSION, with_sgx(PPID, with_svn(number, integer(256)), PCE_ID, FMSPC))


WRONG = {
    "nothing": [],
    "ppid missing": [TCB, PCE_ID, FMSPC],
    "tcb missing": [PPID, PCE_ID, FMSPC],
    "pce id missing": [PPID, TCB, FMSPC],
    "fmspc missing": [PPID, TCB, PCE_ID],
    "fmspc missing, others not": [PPID, TCB, PCE_ID, SGX_TYPE, INSTANCE],
    "another order": [TCB, PPID, PCE_ID, FMSPC],
    "order at the end": [PPID, TCB, FMSPC, PCE_ID],
    "ppid twice": [PPID, PPID, TCB, PCE_ID, FMSPC],
    "ppid of 15 bytes": [pair(sgx_extension.PPID, octets(bytes(15))), TCB, PCE_ID, FMSPC],
    "ppid of 17 bytes": [pair(sgx_extension.PPID, octets(bytes(17))), TCB, PCE_ID, FMSPC],
    "pce id 1": [PPID, TCB, pair(sgx_extension.PCE_ID, octets(b"\0\1")), FMSPC],
    "pce id of 1 byte": [PPID, TCB, pair(sgx_extension.PCE_ID, octets(b"\0")), FMSPC],
    "fmspc of 5 bytes": [PPID, TCB, PCE_ID, pair(sgx_extension.FMSPC, octets(bytes(5)))],
    "fmspc of 7 bytes": [PPID, TCB, PCE_ID, pair(sgx_extension.FMSPC, octets(bytes(7)))],
    "no components": [PPID, tcb(PCE_SVN, CPU_SVN), PCE_ID, FMSPC],
    "15 components": [PPID, tcb(*SVNS[1:], PCE_SVN, CPU_SVN), PCE_ID, FMSPC],
    "17 components": [PPID, tcb(*SVNS, SVNS[15], PCE_SVN, CPU_SVN), PCE_ID, FMSPC],
    "components swapped": [PPID, tcb(SVNS[1], SVNS[0], *SVNS[2:], PCE_SVN, CPU_SVN), PCE_ID, FMSPC],
    "no pce svn": [PPID, tcb(*SVNS, CPU_SVN), PCE_ID, FMSPC],
    "no cpu svn": [PPID, tcb(*SVNS, PCE_SVN), PCE_ID, FMSPC],
    "tcb goes on": [PPID, tcb(*SVNS, PCE_SVN, CPU_SVN, b"\5\0"), PCE_ID, FMSPC],
    "tcb in two": [
        PPID,
        pair(sgx_extension.TCB, encode(SEQUENCE, *SVNS, PCE_SVN, CPU_SVN) + b"\5\0"),
        PCE_ID,
        FMSPC,
    ],
    "too many fields": [PPID, TCB, PCE_ID, FMSPC, *[b"\x30\0"] * 5],
}


@pytest.mark.parametrize("parts", WRONG.values(), ids=list(WRONG))
def test_add_pck__another_form_of_the_sgx_extension__reverts(refused, with_sgx, parts):
    refused(SGX_EXTENSION, with_sgx(*parts))


@pytest.mark.parametrize("difference", [-1, 1])
def test_add_pck__components_end_elsewhere__reverts(refused, with_sgx, difference):
    """The TCB is whole, but the sequence of its components declares another length."""
    components = encode(SEQUENCE, *SVNS, PCE_SVN, CPU_SVN)
    declared = (len(components) - 4 + difference).to_bytes(2, "big")
    changed = pair(sgx_extension.TCB, components[:2] + declared + components[4:])
    reason = SGX_EXTENSION if difference < 0 else DER
    refused(reason, with_sgx(PPID, changed, PCE_ID, FMSPC))


def test_add_pck__fields_go_on_as_extensions__reverts(refused, machine, issued):
    """PCE id and FMSPC have the form of extensions: beside the SGX extension they are not in it."""
    others = machine.pck.certificate.extensions[:-1]
    sgx = issuing.extension(ID, encode(SEQUENCE, PPID, TCB))
    refused(SGX_EXTENSION, issued(extensions=(*others, sgx, PCE_ID, FMSPC)))


def test_add_pck__sgx_extension_twice__reverts(refused, machine, issued):
    extensions = machine.pck.certificate.extensions
    refused(DER, issued(extensions=(*extensions, extensions[-1])))


def test_add_pck__malformed_der_in_the_sgx_extension__reverts(refused, machine, issued, with_sgx):
    refused(DER, with_sgx(PPID, TCB, PCE_ID, FMSPC, b"\x30\1"))
    refused(DER, with_sgx(PPID, TCB, PCE_ID, FMSPC, b"\5\0"))
    others = machine.pck.certificate.extensions[:-1]
    for value in (b"", b"\x30", b"\x31\0", b"\x30\x80\0\0"):
        refused(DER, issued(extensions=(*others, issuing.extension(ID, value))))
    whole = encode(SEQUENCE, PPID, TCB, PCE_ID, FMSPC)
    refused(SGX_EXTENSION, issued(extensions=(*others, issuing.extension(ID, whole + b"\5\0"))))
    refused(CERTIFICATE_ROLE, issued(extensions=(*others, issuing.extension(ID, whole, True))))
