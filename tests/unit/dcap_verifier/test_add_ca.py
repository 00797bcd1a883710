"""The intermediate CA: what is admitted, and everything that poses as one."""

from dataclasses import astuple, replace
from datetime import datetime

import pytest
from brownie import reverts
from eth_utils.crypto import keccak

from offchain.attestation.der import SEQUENCE, encode, explicit, oid
from offchain.attestation.evidence import BY_ROOT, AuthorityRecord, Known, crl_bytes
from offchain.simulation import SimulatedIntel, issuing
from tests.anvil import events, now
from tests.dcap import certificate, fields
from tests.reasons import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_REVOKED,
    CERTIFICATE_ROLE,
    CERTIFICATE_SIGNATURE,
    CERTIFICATE_UNKNOWN,
    DER,
)
from tests.unit.dcap_verifier.support import kept_by, signed, views_see

LEAF = issuing.basic_constraints(False)
AUTHORITY = issuing.basic_constraints(True, 0)


@pytest.fixture(scope="module")
def verifier(fresh):
    """A verifier that knows no authority."""
    return fresh.verifier


@pytest.fixture(scope="module")
def refused(verifier):
    def check(reason, shown):
        with reverts(reason):
            verifier.add_ca.call(shown)

    return check


@pytest.fixture(scope="module")
def issued(intel):
    """An intermediate CA's certificate with some fields changed, signed by the root."""
    return lambda **changes: signed(
        replace(intel.authority.certificate, **changes).tbs(), intel.root
    )


# ── Admission ──


def test_add_ca__signed_by_the_root__is_kept(verifier, stranger, intel, chain_of):
    shown = certificate(intel.authority)
    assert shown == chain_of.ca
    receipt = verifier.add_ca(shown, {"from": stranger})
    assert events(receipt) == [
        ("AuthorityAdded", {"authority": astuple(chain_of.authority_record)})
    ]
    kept = bytes(verifier.certificate(chain_of.authority_record.id))
    assert kept == keccak(chain_of.authority_record.encode())
    assert chain_of.known_by(kept_by(verifier)) is Known.AUTHORITY


def test_add_ca__again__changes_nothing(verifier, stranger, intel):
    shown = certificate(intel.authority)
    first = verifier.add_ca.call(shown)
    verifier.add_ca(shown)
    assert verifier.add_ca.call(shown, {"from": stranger}) == first
    assert events(verifier.add_ca(shown, {"from": stranger})) == []


def test_add_ca__another_certificate_of_one_serial_number__takes_its_place(
    verifier, intel, machine
):
    """A record that is not the last one's is unknown."""
    later = now() + 10_000
    issued = [
        intel.root.issue(
            intel.authority.key, replace(intel.authority.certificate, not_after=later + more)
        )
        for more in (0, 1)
    ]
    records = [AuthorityRecord.of(fields(each), intel.root.public_key) for each in issued]
    assert records[0].id == records[1].id
    for last in (0, 1, 0):
        receipt = verifier.add_ca(certificate(issued[last]))
        assert events(receipt) == [("AuthorityAdded", {"authority": astuple(records[last])})]
        assert bytes(verifier.certificate(records[last].id)) == records[last].digest
        assert verifier.add_pck.call(astuple(records[last]), certificate(machine.pck))
        with reverts(CERTIFICATE_UNKNOWN):
            verifier.add_pck.call(astuple(records[1 - last]), certificate(machine.pck))


def test_add_ca__any_order_of_extensions__is_admitted(verifier, intel, issued):
    extensions = intel.authority.certificate.extensions[::-1]
    assert verifier.add_ca.call(issued(extensions=extensions))


def test_add_ca__extensions_that_say_nothing_critical__are_admitted(verifier, intel, issued):
    more = tuple(issuing.extension(f"1.2.3.{n}", bytes(n)) for n in range(8))
    assert verifier.add_ca.call(issued(extensions=intel.authority.certificate.extensions + more))


@pytest.mark.parametrize(
    "serial", [0, 1, 127, 128, 255, 256, 2**152, 2**159, 2**160 - 1, 2**239 - 1]
)
def test_add_ca__any_serial_number__is_admitted_under_its_own_id(verifier, intel, issued, serial):
    identifier = bytes(verifier.add_ca.call(issued(serial=serial))[0])
    assert identifier == keccak(intel.root.public_key + serial.to_bytes(32, "big"))


# ── Time ──


def test_add_ca__around_its_validity(verifier, refused, issued):
    start = now() + 100
    shown = issued(not_before=start, not_after=start + 10)
    views_see(start - 1)
    refused(CERTIFICATE_NOT_YET_VALID, shown)
    for time in (start, start + 10):
        views_see(time)
        assert verifier.add_ca.call(shown)[3] == start + 10
    views_see(start + 11)
    refused(CERTIFICATE_EXPIRED, shown)


@pytest.mark.parametrize(
    "text", ["280229235959Z", "280301000000Z", "301231235959Z", "491231235959Z"]
)
def test_add_ca__expiry__is_the_last_second_of_the_certificate(verifier, issued, text):
    time = int(datetime.strptime(text + "+0000", "%y%m%d%H%M%SZ%z").timestamp())
    assert verifier.add_ca.call(issued(not_after=time))[3] == time


# ── Who poses as an intermediate ──


def test_add_ca__root_signer_and_leaf__revert(refused, intel, machine):
    for other in (intel.root, intel.tcb_signer, machine.pck):
        refused(CERTIFICATE_ROLE, certificate(other))


def test_add_ca__leaf_signed_by_the_root__reverts(refused, intel, machine):
    refused(CERTIFICATE_ROLE, signed(machine.pck.certificate.tbs(), intel.root))


def test_add_ca__signed_by_another__reverts(refused, intel, machine):
    tbs = intel.authority.certificate.tbs()
    stranger = SimulatedIntel.from_seed(b"another Intel")
    for issuer in (intel.authority, intel.tcb_signer, machine.pck, stranger.root):
        refused(CERTIFICATE_SIGNATURE, signed(tbs, issuer))
    refused(CERTIFICATE_SIGNATURE, certificate(stranger.authority))


@pytest.mark.parametrize(
    "extensions",
    [
        [],
        [issuing.CA_USAGE],
        [AUTHORITY],
        [issuing.SIGNER_USAGE, AUTHORITY],
        [issuing.CA_USAGE, LEAF],
        [issuing.key_usage(2, 0x04), AUTHORITY],
        [issuing.key_usage(1, 0x02), AUTHORITY],
        [issuing.key_usage(0, 0xFF), AUTHORITY],
        [issuing.CA_USAGE, issuing.basic_constraints(True)],
        [issuing.CA_USAGE, issuing.basic_constraints(True, 1)],
        [issuing.CA_USAGE, issuing.basic_constraints(True, 128)],
        [issuing.CA_USAGE, issuing.extension("2.5.29.19", bytes.fromhex("30060101ff020100"))],
        [issuing.extension("2.5.29.15", bytes.fromhex("03020106")), AUTHORITY],
        [
            issuing.CA_USAGE,
            issuing.extension("2.5.29.19", bytes.fromhex("0030060101ff020100"), True),
        ],
        [
            issuing.CA_USAGE,
            issuing.extension("2.5.29.19", bytes.fromhex("30060101ff02010000"), True),
        ],
        [issuing.CA_USAGE, AUTHORITY, issuing.extension("2.5.29.15", bytes.fromhex("03020106"))],
        [issuing.CA_USAGE, AUTHORITY, issuing.extension("2.5.29.19", bytes.fromhex("3000"))],
        [issuing.CA_USAGE, AUTHORITY, issuing.extension("1.2.3.4", b"\5\0", True)],
        [issuing.CA_USAGE, AUTHORITY, issuing.extension("2.5.29.30", b"\x30\0", True)],
    ],
)
def test_add_ca__other_extensions__revert(refused, issued, extensions):
    refused(CERTIFICATE_ROLE, issued(extensions=tuple(extensions)))


def test_add_ca__with_an_sgx_extension__reverts(refused, issued, machine):
    sgx = machine.pck.certificate.extensions[-1]
    refused(CERTIFICATE_ROLE, issued(extensions=(issuing.CA_USAGE, AUTHORITY, sgx)))


# ── DER ──


@pytest.mark.parametrize("twice", [issuing.CA_USAGE, AUTHORITY])
def test_add_ca__extension_twice__reverts(refused, issued, twice):
    refused(DER, issued(extensions=(issuing.CA_USAGE, AUTHORITY, twice)))


def test_add_ca__too_many_extensions__reverts(refused, issued):
    more = tuple(issuing.extension(f"1.2.3.{n}", b"") for n in range(11))
    refused(DER, issued(extensions=(issuing.CA_USAGE, AUTHORITY, *more)))


def test_add_ca__too_long_or_too_short__reverts(verifier, refused, intel):
    tbs = intel.authority.certificate.tbs()
    for wrong in (b"", bytes(1), bytes(64), bytes(65), bytes(96), bytes(1536), b"\x30" * 1536):
        refused(DER, wrong)
    for wrong in (tbs[:-1], tbs + b"\0", tbs[:32], tbs[:64], tbs[:100], tbs[1:], b"\0" + tbs):
        refused(DER, signed(wrong, intel.root))


@pytest.mark.parametrize("version", [0, 1, 3])
def test_add_ca__other_version__reverts(refused, issued, version):
    refused(DER, issued(version=version))


def test_add_ca__other_algorithm__reverts(refused, issued):
    for dotted in ("1.2.840.10045.4.3.3", "1.2.840.113549.1.1.11"):
        refused(DER, issued(algorithm=encode(SEQUENCE, oid(dotted))))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("06082a8648ce3d030107", "06082a8648ce3d030106"),  # another curve
        ("06072a8648ce3d0201", "06072a8648ce3d0202"),  # another kind of key
        ("0342000", "0342010"),  # bits left over
        ("03420004", "03420003"),  # another form of point
        ("a003020102", "a003020202"),
        ("a0030201", "a1030201"),
        ("170d", "180d"),  # GeneralizedTime
        ("170d", "170c"),
        ("301e170d", "3080170d"),  # indefinite length
        ("301e170d", "311e170d"),
    ],
)
def test_add_ca__other_structure__reverts(refused, intel, was, becomes):
    tbs = intel.authority.certificate.tbs().hex()
    assert was in tbs
    refused(DER, signed(bytes.fromhex(tbs.replace(was, becomes, 1)), intel.root))


@pytest.mark.parametrize(
    "text",
    [
        "500101000000Z",
        "990101000000Z",
        "200001000000Z",
        "201301000000Z",
        "200100000000Z",
        "200132000000Z",
        "200101240000Z",
        "200101006000Z",
        "200101000060Z",
        "2001010000:0Z",
        "2001010000/0Z",
        "20010100000aZ",
        "A00101000000Z",
        "200101000000z",
        "200101000000+",
        "2001010000 0Z",
        "20010100000\xb0Z",
    ],
)
def test_add_ca__malformed_time__reverts(refused, intel, text):
    good = intel.authority.certificate
    for old in (issuing.utc_time(good.not_before), issuing.utc_time(good.not_after)):
        tbs = good.tbs().replace(old, b"\x17\x0d" + text.encode("latin-1"))
        refused(DER, signed(tbs, intel.root))


@pytest.mark.parametrize(
    "serial",
    [
        "0200",  # empty
        "020180",  # negative
        "0214" + "ff" * 20,  # negative
        "02020001",  # a zero too many
        "021500" + "7f" * 20,
        "021f" + "01" * 31,  # beyond 30 bytes
        "0280" + "01" * 20,  # indefinite
        "028101" + "01",  # long form for a short length
        "0301" + "01",  # no INTEGER
    ],
)
def test_add_ca__malformed_serial_number__reverts(refused, intel, serial):
    good = intel.authority.certificate
    rest = good.tbs()[4 + 5 :]
    after = rest[2 + rest[1] :]
    tbs = encode(SEQUENCE, bytes.fromhex("a003020102"), bytes.fromhex(serial), after)
    refused(DER, signed(tbs, intel.root))


def overlong(element: bytes, form: str) -> bytes:
    """An element with its length in another form."""
    start = 2 if element[1] < 0x80 else 2 + (element[1] & 0x7F)
    content = element[start:]
    size = len(content)
    lengths = {
        "indefinite": b"\x80",
        "one byte": b"\x81" + (size & 0xFF).to_bytes(1, "big"),
        "two bytes": b"\x82" + size.to_bytes(2, "big"),
        "three bytes": b"\x83" + size.to_bytes(3, "big"),
        "four bytes": b"\x84" + size.to_bytes(4, "big"),
        "reserved": b"\xff",
    }
    end = b"\0\0" if form == "indefinite" else b""
    return element[:1] + lengths[form] + content + end


@pytest.mark.parametrize(
    "form", ["indefinite", "three bytes", "four bytes", "reserved", "one byte"]
)
def test_add_ca__another_form_of_the_outer_length__reverts(refused, intel, form):
    refused(DER, signed(overlong(intel.authority.certificate.tbs(), form), intel.root))


@pytest.mark.parametrize(
    "form", ["indefinite", "one byte", "two bytes", "three bytes", "four bytes", "reserved"]
)
@pytest.mark.parametrize("field", ["issuer", "subject"])
def test_add_ca__another_form_of_a_name_s_length__reverts(verifier, refused, issued, field, form):
    name = encode(SEQUENCE, b"\x31\0")
    assert verifier.add_ca.call(issued(**{field: name}))
    refused(DER, issued(**{field: overlong(name, form)}))


@pytest.mark.parametrize("form", ["indefinite", "one byte", "two bytes", "three bytes"])
def test_add_ca__another_form_of_an_extension_s_length__reverts(refused, issued, form):
    bare = overlong(issuing.extension("1.2.3.4", b"\5\0"), form)
    refused(DER, issued(extensions=(issuing.CA_USAGE, AUTHORITY, bare)))


@pytest.mark.parametrize(
    "extension",
    [
        "3000",  # empty
        "30020600",  # no value
        "3006060355040304",  # value cut
        "3009060355040304010000",  # something follows the value
        "300806035504030402ff",  # value longer than its extension
        "300b0603550403010100040100",  # FALSE written out
        "300b0603550403010101040100",  # TRUE as 1
        "0600",  # no SEQUENCE
        "30050603550403" + "0101ff0400",  # ends after the identifier, not after its value
        "30080603550403" + "0101ff0400",  # ends after the flag
    ],
)
def test_add_ca__malformed_extension__reverts(refused, issued, extension):
    more = bytes.fromhex(extension)
    refused(DER, issued(extensions=(issuing.CA_USAGE, AUTHORITY, more)))
    refused(DER, issued(extensions=(more, issuing.CA_USAGE, AUTHORITY)))


def test_add_ca__extension_within_an_extension__reverts(refused, issued):
    """After the value, where a careless walk would go on reading."""
    outer = encode(SEQUENCE, oid("1.2.3.4"), b"\4\0", AUTHORITY)
    refused(DER, issued(extensions=(issuing.CA_USAGE, outer)))


def test_add_ca__object_identifier__fits_a_word_or_reverts(verifier, refused, issued):
    longest = encode(SEQUENCE, b"\x06\x1e" + bytes(30), b"\4\0")
    assert verifier.add_ca.call(issued(extensions=(issuing.CA_USAGE, AUTHORITY, longest)))
    longer = encode(SEQUENCE, b"\x06\x1f" + bytes(31), b"\4\0")
    refused(DER, issued(extensions=(issuing.CA_USAGE, AUTHORITY, longer)))


@pytest.mark.parametrize("dotted", ["2.5.29.15", "2.5.29.19"])
def test_add_ca__value_that_is_critical__fits_a_word_or_reverts(refused, issued, dotted):
    """With its tag and length."""
    for size, reason in ((30, CERTIFICATE_ROLE), (31, DER)):
        refused(reason, issued(extensions=(issuing.extension(dotted, bytes(size), True),)))


def test_add_ca__ends_within_its_key__reverts(refused, intel):
    """With each length from the end of the subject to the beginning of the extensions."""
    bare = replace(intel.authority.certificate, extensions=()).tbs()[4:-4]
    for missing in range(92):
        refused(DER, signed(encode(SEQUENCE, bare[: len(bare) - missing]), intel.root))


def shortened(element, content):
    """An element with a content of so many bytes, that says it has one less."""
    header, rest = element[:-content], element[-content:]
    return header[:-1] + bytes([header[-1] - 1]) + rest


def test_add_ca__something_after_or_around_the_extensions__reverts(verifier, refused, intel):
    bare = replace(intel.authority.certificate, extensions=()).tbs()
    assert bare[-4:] == bytes.fromhex("a3023000")
    extensions = encode(SEQUENCE, *intel.authority.certificate.extensions)
    endings = {
        "right": encode(explicit(3), extensions),
        "after": encode(explicit(3), extensions) + b"\5\0",
        "inside": encode(explicit(3), extensions, b"\5\0"),
        "before": b"\x81\2\0\1" + encode(explicit(3), extensions),
        "other tag": encode(explicit(2), extensions),
        "no sequence": encode(explicit(3), b"\x31" + extensions[1:]),
        "none": b"",
        "around, one byte short": shortened(encode(explicit(3), extensions), len(extensions)),
        "sequence, one byte short": encode(
            explicit(3),
            shortened(extensions, sum(map(len, intel.authority.certificate.extensions))),
        ),
    }
    shown = {
        name: signed(encode(SEQUENCE, bare[4:-4], ending), intel.root)
        for name, ending in endings.items()
    }
    assert verifier.add_ca.call(shown.pop("right"))
    for wrong in shown.values():
        refused(DER, wrong)


# ── Revocation ──


def test_add_ca__revoked__reverts_for_good(verifier, refused, intel):
    shown = certificate(intel.authority)
    verifier.add_ca(shown)
    crl = intel.root.revoke(intel.authority.certificate.serial)
    verifier.add_crl(astuple(BY_ROOT), crl_bytes(crl), 1)
    refused(CERTIFICATE_REVOKED, shown)
