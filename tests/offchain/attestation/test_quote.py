"""Quotes and report bodies: layouts against Intel's offsets, flags, exact lengths, padding."""

import struct
from dataclasses import fields, replace

import pytest

from offchain.attestation.quote import Body, SgxReport, TdReport, parse, trim
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.simulation import Machine
from tests.offchain.attestation.support import BODIES, GENUINE, vector

SGX_OFFSETS = {
    "misc_select": 16,
    "isv_ext_prod_id": 32,
    "attributes": 48,
    "mr_enclave": 64,
    "mr_signer": 128,
    "config_id": 192,
    "isv_prod_id": 256,
    "isv_svn": 258,
    "config_svn": 260,
    "isv_family_id": 304,
    "report_data": 320,
}
TD_OFFSETS = {
    "mr_seam": 16,
    "mr_signer_seam": 64,
    "seam_attributes": 112,
    "td_attributes": 120,
    "xfam": 128,
    "mr_td": 136,
    "mr_config_id": 184,
    "mr_owner": 232,
    "mr_owner_config": 280,
    "rtmr0": 328,
    "rtmr1": 376,
    "rtmr2": 424,
    "rtmr3": 472,
    "report_data": 520,
    "tee_tcb_svn2": 584,
    "mr_service_td": 600,
}


def differing(left: bytes, right: bytes) -> list[int]:
    return [i for i, (a, b) in enumerate(zip(left, right, strict=True)) if a != b]


def inverted(value: bytes | int) -> bytes | int:
    return value ^ 0xFFFF if isinstance(value, int) else bytes(byte ^ 0xFF for byte in value)


@pytest.mark.parametrize(
    ("body", "offsets"),
    [(BODIES["sgx v3"], SGX_OFFSETS), (BODIES["tdx v5"], TD_OFFSETS)],
    ids=["sgx", "tdx"],
)
def test_encode__one_field_changed__changes_its_bytes_only(
    body: Body, offsets: dict[str, int]
) -> None:
    for name, offset in offsets.items():
        value = getattr(body, name)
        size = 2 if isinstance(value, int) else len(value)
        changed = replace(body, **{name: inverted(value)})
        assert differing(changed.encode(), body.encode()) == list(range(offset, offset + size))
        assert type(body).decode(changed.encode()) == changed


@pytest.mark.parametrize("byte", [0x00, 0xFF])
@pytest.mark.parametrize(("kind", "size"), [(SgxReport, 384), (TdReport, 584), (TdReport, 648)])
def test_decode__extreme_bytes__come_back(kind: type[Body], size: int, byte: int) -> None:
    data = bytes([byte]) * size
    body = kind.decode(data)
    assert body.encode() == data
    assert all(getattr(body, field.name) is not None for field in fields(body))


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        (SgxReport, 383),
        (SgxReport, 385),
        (TdReport, 583),
        (TdReport, 585),
        (TdReport, 647),
        (TdReport, 649),
    ],
)
def test_decode__another_length__fails(kind: type[Body], size: int) -> None:
    with pytest.raises(struct.error, match="requires a buffer of"):
        kind.decode(bytes(size))


def test_debug__sgx__is_bit_1_of_the_attributes_alone() -> None:
    for bit in range(128):
        attributes = (1 << bit).to_bytes(16, "little")
        assert replace(BODIES["sgx v3"], attributes=attributes).debug == (bit == 1)


def test_debug__tdx__is_any_bit_of_the_first_byte() -> None:
    for bit in range(64):
        attributes = (1 << bit).to_bytes(8, "little")
        assert replace(BODIES["tdx v4"], td_attributes=attributes).debug == (bit < 8)


def test_confined__tdx__needs_bit_28_without_bit_29_and_reserved_ones() -> None:
    refused = {29, *range(8, 16), *range(23, 27), *range(32, 62)}
    for bit in range(64):
        alone = (1 << bit).to_bytes(8, "little")
        beside = (1 << bit | 1 << 28).to_bytes(8, "little")
        assert replace(BODIES["tdx v4"], td_attributes=alone).confined == (bit == 28)
        assert replace(BODIES["tdx v4"], td_attributes=beside).confined == (bit not in refused)


def test_serviced__tdx__is_bit_17_or_a_measured_service() -> None:
    for bit in range(64):
        attributes = (1 << bit).to_bytes(8, "little")
        assert replace(BODIES["tdx v5"], td_attributes=attributes).serviced == (bit == 17)
    for byte in range(48):
        service = bytes(byte) + b"\1" + bytes(47 - byte)
        assert replace(BODIES["tdx v5"], mr_service_td=service).serviced


# ── Quotes ──

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
