"""Program ids: exactly the documented bytes, from quotes and from expected values alike."""

from dataclasses import fields, replace
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.attestation.programs import expected_program, measurement, program_id
from offchain.attestation.quote import Body
from offchain.attestation.rejections import RejectionReason
from offchain.protocol.errors import QuoteRejected
from tests.offchain.attestation.support import BODIES

SGX, TDX = BODIES["sgx v3"], BODIES["tdx v4"]
DSTACK = replace(TDX, mr_config_id=b"\x01" + bytes(range(47)))
VERIFIER = "0x00000000000000000000000000000000000000Aa"

SGX_LEFT_OUT = {"cpu_svn", "reserved2", "mr_signer", "reserved3", "report_data"}
TDX_LEFT_OUT = {
    "tee_tcb_svn",
    "mr_seam",
    "mr_signer_seam",
    "seam_attributes",
    "report_data",
    "tee_tcb_svn2",
    "mr_service_td",
}


def test_program_id__sgx__is_the_hash_of_tag_and_two_parts() -> None:
    data = SGX.encode()
    preimage = keccak(text="GoldenGrain.Program.SGX") + data[16:96] + data[192:320]
    assert len(preimage) == 240
    assert program_id(SGX) == keccak(preimage)


def test_program_id__tdx__is_the_hash_of_tag_and_one_part() -> None:
    preimage = keccak(text="GoldenGrain.Program.TDX") + TDX.encode()[120:520]
    assert len(preimage) == 432
    assert program_id(TDX) == keccak(preimage)


def test_program_id__dstack__is_the_hash_of_its_own_tag_without_rtmr3() -> None:
    preimage = keccak(text="GoldenGrain.Program.TDX.dstack") + DSTACK.encode()[120:472]
    assert len(preimage) == 384
    assert program_id(DSTACK, dstack=True) == keccak(preimage)
    assert program_id(DSTACK, dstack=True) != program_id(DSTACK)


def changed(body: Body, name: str) -> Body:
    value = getattr(body, name)
    other = value ^ 1 if isinstance(value, int) else bytes([value[0] ^ 1]) + value[1:]
    return replace(body, **{name: other})


@pytest.mark.parametrize(
    ("body", "dstack", "left_out"),
    [
        (SGX, False, SGX_LEFT_OUT),
        (TDX, False, TDX_LEFT_OUT),
        (BODIES["tdx v5"], False, TDX_LEFT_OUT),
        (DSTACK, True, TDX_LEFT_OUT | {"rtmr3"}),
    ],
    ids=["sgx", "tdx v4", "tdx v5", "dstack"],
)
def test_program_id__a_field_changed__changes_it_unless_left_out(
    body: Body, dstack: bool, left_out: set[str]
) -> None:
    program = program_id(body, dstack)
    for field in fields(body):
        if getattr(body, field.name) == b"":
            continue
        if field.name == "reserved4":
            assert program_id(changed(body, field.name), dstack) != program
        else:
            same = program_id(changed(body, field.name), dstack) == program
            assert same == (field.name in left_out), field.name


def test_program_id__dstack_claimed_for_sgx__is_refused() -> None:
    with pytest.raises(QuoteRejected) as refusal:
        program_id(SGX, dstack=True)
    assert refusal.value.reason is RejectionReason.EVIDENCE_KIND


def test_measurement__verifier_and_program__are_abi_encoded() -> None:
    program = bytes(range(32))
    expected = keccak(bytes(31) + b"\xaa" + program)
    assert measurement(VERIFIER, program) == expected
    assert measurement(VERIFIER.lower(), program) == expected


@pytest.mark.parametrize("size", [0, 31, 33])
def test_measurement__program_of_another_size__is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"program of {size} bytes, expected 32"):
        measurement(VERIFIER, bytes(size))


def test_measurement__not_an_address__is_refused() -> None:
    with pytest.raises(ValueError, match="0x1234"):
        measurement("0x1234", bytes(32))


# ── Manifests ──


def expected_values(kind: str, body: Body, *names: str) -> dict[str, Any]:
    values = {name: getattr(body, name) for name in names}
    return {"kind": kind} | {
        name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()
    }


SGX_EXPECTED = expected_values("sgx", SGX, "mr_enclave", "attributes", "isv_prod_id", "isv_svn")
RTMRS = ("rtmr0", "rtmr1", "rtmr2")
TDX_EXPECTED = expected_values("tdx", TDX, "mr_td", "td_attributes", "xfam", *RTMRS, "rtmr3")
DSTACK_EXPECTED = expected_values(
    "tdx-dstack", DSTACK, "mr_td", "td_attributes", "xfam", "mr_config_id", *RTMRS
)


def test_expected_program__values_of_a_quote__is_the_quote_s_program() -> None:
    assert expected_program(SGX_EXPECTED) == program_id(SGX)
    assert expected_program(TDX_EXPECTED) == program_id(TDX)
    assert expected_program(DSTACK_EXPECTED) == program_id(DSTACK, dstack=True)


def test_expected_program__optional_field__counts() -> None:
    configured = replace(SGX, config_id=b"\xff" * 64, config_svn=65535)
    given = SGX_EXPECTED | {"config_id": "ff" * 64, "config_svn": 65535}
    assert expected_program(given) == program_id(configured)


@pytest.mark.parametrize("svn", [0, 65535])
def test_expected_program__integer_at_its_extreme__counts(svn: int) -> None:
    assert expected_program(SGX_EXPECTED | {"isv_svn": svn}) == program_id(
        replace(SGX, isv_svn=svn)
    )


@pytest.mark.parametrize("given", [SGX_EXPECTED, TDX_EXPECTED, DSTACK_EXPECTED])
def test_expected_program__a_field_missing__is_refused(given: dict[str, Any]) -> None:
    for name in given.keys() - {"kind"}:
        rest = {key: value for key, value in given.items() if key != name}
        with pytest.raises(ValueError, match=f"without \\['{name}'\\]"):
            expected_program(rest)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"kind": "sev"}, "'sev' is not a valid ProgramKind"),
        ({"mr_signer": "00" * 32}, "unknown fields \\['mr_signer'\\]"),
        ({"mr_enclave": "00" * 31}, "expected 32 bytes in hex"),
        ({"mr_enclave": 1}, "expected 32 bytes in hex"),
        ({"mr_enclave": "zz" * 32}, "non-hexadecimal"),
        ({"isv_svn": 65536}, "expected an integer of 16 bits"),
        ({"isv_svn": True}, "expected an integer of 16 bits"),
        ({"isv_svn": -1}, "expected an integer of 16 bits"),
        ({"isv_svn": "01"}, "expected an integer of 16 bits"),
    ],
)
def test_expected_program__a_field_wrong__is_refused(extra: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expected_program(SGX_EXPECTED | extra)


def test_expected_program__rtmr3_for_dstack__is_refused() -> None:
    with pytest.raises(ValueError, match="unknown fields \\['rtmr3'\\]"):
        expected_program(DSTACK_EXPECTED | {"rtmr3": "00" * 48})
