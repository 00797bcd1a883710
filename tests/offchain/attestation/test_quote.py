"""The parser: every length checked, nothing left over, nothing verified."""

from dataclasses import replace

import pytest

from offchain.attestation.quote import parse, trim
from offchain.attestation.rejections import RejectionReason
from offchain.protocol.errors import QuoteRejected
from offchain.simulation import Machine
from tests.offchain.attestation.support import BODIES, GENUINE, vector

V5_DESCRIPTOR = 48


@pytest.fixture(params=BODIES)
def data(request: pytest.FixtureRequest, machine: Machine) -> bytes:
    return machine.quote(BODIES[request.param]).encode()


def refused(data: bytes) -> RejectionReason:
    with pytest.raises(QuoteRejected) as refusal:
        parse(data)
    return refusal.value.reason


def put(data: bytes, offset: int, value: bytes) -> bytes:
    return data[:offset] + value + data[offset + len(value) :]


@pytest.mark.parametrize("name", GENUINE)
def test_parse__genuine_quote__encodes_to_the_same_bytes(name: str) -> None:
    data = trim(vector(name))
    assert parse(data).encode() == data


def test_parse__simulated_quote__gives_back_what_was_signed(machine: Machine) -> None:
    for body in BODIES.values():
        quote = machine.quote(body)
        assert parse(quote.encode()) == quote


def test_parse__v5_quote_of_a_td10_body__is_accepted(machine: Machine) -> None:
    quote = machine.quote(BODIES["tdx v4"], version=5)
    assert parse(quote.encode()) == quote
    assert quote.encode()[V5_DESCRIPTOR : V5_DESCRIPTOR + 6].hex() == "020048020000"


@pytest.mark.parametrize("version", [0, 1, 2, 6, 0x0300, 0xFFFF])
def test_parse__unknown_version__is_refused(data: bytes, version: int) -> None:
    assert refused(put(data, 0, version.to_bytes(2, "little"))) is RejectionReason.QUOTE_VERSION


@pytest.mark.parametrize("key_type", [0, 1, 3, 0x0200, 0xFFFF])
def test_parse__other_attestation_key_type__is_refused(data: bytes, key_type: int) -> None:
    assert refused(put(data, 2, key_type.to_bytes(2, "little"))) is RejectionReason.QUOTE_KEY_TYPE


def test_parse__tee_type_of_another_version__is_refused(data: bytes) -> None:
    other = b"\x81\0\0\0" if data[4] == 0 else bytes(4)
    assert refused(put(data, 4, other)) is RejectionReason.QUOTE_TEE_TYPE
    assert refused(put(data, 4, b"\xff" * 4)) is RejectionReason.QUOTE_TEE_TYPE


def test_parse__other_vendor__is_refused(data: bytes) -> None:
    assert refused(put(data, 12, bytes(16))) is RejectionReason.QUOTE_VENDOR


@pytest.mark.parametrize(
    "descriptor",
    [
        "010080010000",
        "020088020000",
        "030048020000",
        "040088020000",
        "0300880200ff",
        "ffffffffffff",
    ],
)
def test_parse__unknown_v5_body__is_refused(machine: Machine, descriptor: str) -> None:
    data = machine.quote(BODIES["tdx v5"]).encode()
    changed = put(data, V5_DESCRIPTOR, bytes.fromhex(descriptor))
    assert refused(changed) is RejectionReason.QUOTE_BODY_TYPE


def test_parse__cut_short_anywhere__is_refused_for_its_length(data: bytes) -> None:
    for size in range(0, len(data), 7):
        assert refused(data[:size]) is RejectionReason.QUOTE_LENGTH
    assert refused(data[:-1]) is RejectionReason.QUOTE_LENGTH


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 3000, b"\nextra"])
def test_parse__anything_after_the_signature_data__is_refused(data: bytes, tail: bytes) -> None:
    assert refused(data + tail) is RejectionReason.QUOTE_LENGTH


@pytest.mark.parametrize("change", [-1, 1])
def test_parse__declared_length_off_by_one__is_refused(data: bytes, change: int) -> None:
    quote = parse(data)
    fields = [len(quote.signed), len(data) - len(quote.pck_chain) - 4]
    if quote.version > 3:
        fields.append(len(quote.signed) + 4 + 128 + 2)
    for offset in fields:
        size = int.from_bytes(data[offset : offset + 4], "little")
        assert size == len(data) - offset - 4
        changed = put(data, offset, (size + change).to_bytes(4, "little"))
        assert refused(changed) is RejectionReason.QUOTE_LENGTH


@pytest.mark.parametrize("kind", [0, 1, 4, 6, 7])
def test_parse__other_certification_data_than_a_pck_chain__is_refused(
    data: bytes, kind: int
) -> None:
    offset = len(data) - len(parse(data).pck_chain) - 6
    assert (
        refused(put(data, offset, kind.to_bytes(2, "little"))) is RejectionReason.CERTIFICATION_DATA
    )


@pytest.mark.parametrize("name", ["tdx v4", "tdx v5"])
def test_parse__tdx_quote_without_qe_report_certification__is_refused(
    machine: Machine, name: str
) -> None:
    quote = machine.quote(BODIES[name])
    offset = len(quote.signed) + 4 + 128
    changed = put(quote.encode(), offset, (5).to_bytes(2, "little"))
    assert refused(changed) is RejectionReason.CERTIFICATION_DATA


@pytest.mark.parametrize("size", [0, 31, 33, 65535])
def test_parse__qe_authentication_data_of_another_size__is_refused(
    machine: Machine, size: int
) -> None:
    quote = machine.quote(BODIES["sgx v3"], qe_auth=bytes(size))
    assert refused(quote.encode()) is RejectionReason.QUOTE_LENGTH


def test_parse__empty__is_refused() -> None:
    assert refused(b"") is RejectionReason.QUOTE_LENGTH


@pytest.mark.parametrize("tail", [b"", b"\0" * 3065, b"\nextra bytes"])
def test_trim__padded_quote__cuts_what_follows(data: bytes, tail: bytes) -> None:
    assert trim(data + tail) == data


def test_trim__quote_shorter_than_declared__is_refused(data: bytes) -> None:
    with pytest.raises(QuoteRejected) as refusal:
        trim(data[:-1])
    assert refusal.value.reason is RejectionReason.QUOTE_LENGTH


def test_trim__not_a_quote__is_refused() -> None:
    with pytest.raises(QuoteRejected) as refusal:
        trim(bytes(4096))
    assert refusal.value.reason is RejectionReason.QUOTE_VERSION


def test_signed__any_field_of_the_unsigned_part_changed__stays(machine: Machine) -> None:
    for body in BODIES.values():
        quote = machine.quote(body)
        other = replace(quote, signature=bytes(64), qe_auth=bytes(32), pck_chain=b"")
        assert other.signed == quote.signed
