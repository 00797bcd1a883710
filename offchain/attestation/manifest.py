"""Program ids from expected values, before any quote: what a reproducible build announces.

A manifest is a JSON object: ``kind`` (sgx, tdx, tdx-dstack) and the measured fields of the report
body by their names in ``bodies.py``; bytes in hex, integers as numbers. Fields that are left out
are zero, except those without which a program means nothing.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from offchain.attestation.bodies import SGX_SIZE, TD10_SIZE, Body, SgxReport, TdReport
from offchain.attestation.program import Kind, program_id

_REQUIRED = {
    Kind.SGX: {"mr_enclave", "attributes", "isv_prod_id", "isv_svn"},
    Kind.TDX: {"mr_td", "td_attributes", "xfam", "rtmr0", "rtmr1", "rtmr2", "rtmr3"},
    Kind.TDX_DSTACK: {"mr_td", "td_attributes", "xfam", "mr_config_id", "rtmr0", "rtmr1", "rtmr2"},
}
_OPTIONAL = {
    Kind.SGX: {"misc_select", "isv_ext_prod_id", "config_id", "config_svn", "isv_family_id"},
    Kind.TDX: {"mr_config_id", "mr_owner", "mr_owner_config"},
    Kind.TDX_DSTACK: {"mr_owner", "mr_owner_config"},
}


def expected_program(manifest: Mapping[str, Any]) -> bytes:
    """The id (32 bytes) of the program that a manifest describes.

    Raises:
        KeyError: no kind.
        ValueError: unknown kind, a field that is unknown, missing, or of another type or size.
    """
    kind = Kind(manifest["kind"])
    given = manifest.keys() - {"kind"}
    if missing := _REQUIRED[kind] - given:
        raise ValueError(f"manifest of kind {kind} without {sorted(missing)}")
    if unknown := given - _REQUIRED[kind] - _OPTIONAL[kind]:
        raise ValueError(f"manifest of kind {kind} with unknown fields {sorted(unknown)}")
    body: Body = (
        SgxReport.decode(bytes(SGX_SIZE)) if kind is Kind.SGX else TdReport.decode(bytes(TD10_SIZE))
    )
    values: dict[str, Any] = {
        field.name: _value(field.name, manifest[field.name], getattr(body, field.name))
        for field in fields(body)
        if field.name in given
    }
    return program_id(replace(body, **values), kind is Kind.TDX_DSTACK)


def _value(name: str, given: object, zero: bytes | int) -> bytes | int:
    if isinstance(zero, int):
        if type(given) is not int or not 0 <= given < 1 << 16:
            raise ValueError(f"{name} is {given!r}, expected an integer of 16 bits")
        return given
    if not isinstance(given, str) or len(given) != 2 * len(zero):
        raise ValueError(f"{name} is {given!r}, expected {len(zero)} bytes in hex")
    return bytes.fromhex(given)
