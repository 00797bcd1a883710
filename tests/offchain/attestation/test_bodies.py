"""Report bodies: layouts against the offsets that Intel documents, flags bit by bit."""

import struct
from dataclasses import fields, replace

import pytest

from offchain.attestation.quote import Body, SgxReport, TdReport
from tests.offchain.attestation.support import BODIES

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


def test_confined__tdx__needs_bit_28_without_bit_29() -> None:
    for bit in range(64):
        alone = (1 << bit).to_bytes(8, "little")
        beside = (1 << bit | 1 << 28).to_bytes(8, "little")
        assert replace(BODIES["tdx v4"], td_attributes=alone).confined == (bit == 28)
        assert replace(BODIES["tdx v4"], td_attributes=beside).confined == (bit != 29)
