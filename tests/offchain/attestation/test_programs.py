"""Programs: ids from quotes and from expected values, allow-lists, and words of commits."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from offchain.attestation.programs import (
    DEVELOPMENT,
    PRODUCTION,
    AllowedProgram,
    commit_to_text,
    commit_to_word,
    expected_program,
    find_allowed,
    load_allowlist,
    measurement,
    parse_allowlist,
    program_id,
)
from offchain.attestation.quote import Body
from offchain.attestation.rejections import QuoteRejected, RejectionReason
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


# ── Expected values ──


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
        with pytest.raises(ValueError, match=f"lack the fields \\['{name}'\\]"):
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


# ── Allow-lists ──

LISTED = json.loads(DEVELOPMENT.read_text())[0]["expected"]


def test_load_allowlist__production_list__names_no_simulated_program() -> None:
    simulated = {entry.program for entry in load_allowlist(DEVELOPMENT)}
    assert not simulated & {entry.program for entry in load_allowlist(PRODUCTION)}


def test_load_allowlist__development_list__names_the_simulated_programs() -> None:
    assert [entry.program for entry in load_allowlist(DEVELOPMENT)] == [
        program_id(SGX),
        program_id(TDX),
    ]
    assert all("SIMULATED" in entry.description for entry in load_allowlist(DEVELOPMENT))


def test_find_allowed__measurement__is_found_under_its_own_verifier_only() -> None:
    allowed = load_allowlist(DEVELOPMENT)
    named = measurement(VERIFIER, program_id(SGX))
    assert find_allowed(allowed, VERIFIER, named) == allowed[0]
    assert find_allowed(allowed, "0x00000000000000000000000000000000000000Ab", named) is None
    assert find_allowed(allowed, VERIFIER, bytes(32)) is None
    assert find_allowed((), VERIFIER, named) is None


ENTRY = {"expected": LISTED, "commit": "0a" * 20, "description": "d"}


def test_parse_allowlist__entry__is_a_program_its_source_and_words() -> None:
    (entry,) = parse_allowlist([ENTRY])
    assert entry == AllowedProgram(program_id(SGX), b"\x0a" * 20 + bytes(12), "d")
    assert str(entry) == "d, commit " + 20 * "0a"


def test_parse_allowlist__no_commit__is_of_a_simulated_program_only() -> None:
    simulated = ENTRY | {"commit": None, "description": "SIMULATED"}
    assert [str(entry) for entry in parse_allowlist([simulated])] == ["SIMULATED, no commit"]
    with pytest.raises(ValueError, match="no commit of 'd', expected one unless it says SIMULATED"):
        parse_allowlist([ENTRY | {"commit": None}])


@pytest.mark.parametrize("description", [" ", "~" * 256])
def test_parse_allowlist__description_that_a_registry_takes__passes(description: str) -> None:
    assert parse_allowlist([ENTRY | {"description": description}])[0].description == description


@pytest.mark.parametrize("description", ["", "x" * 257, "a\n", "\x7f", "é"])
def test_parse_allowlist__description_that_no_registry_takes__is_refused(description: str) -> None:
    with pytest.raises(ValueError, match="expected 1 to 256 printable ASCII characters"):
        parse_allowlist([ENTRY | {"description": description}])


@pytest.mark.parametrize("text", ["", "{}}", "7", '[{"commit": null}]', '[{"x": 1}]', "[[1]]"])
def test_load_allowlist__another_file__is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(f"{path} is no allow-list of programs: ")):
        load_allowlist(path)


def test_load_allowlist__a_program_twice__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps([ENTRY, ENTRY | {"commit": "0b" * 20}]))
    with pytest.raises(ValueError, match="names a program twice"):
        load_allowlist(path)


# ── Commits ──


@pytest.mark.parametrize(
    ("commit", "word", "text"),
    [
        (None, bytes(32), "no commit"),
        ("01" * 20, b"\1" * 20 + bytes(12), "commit " + "01" * 20),
        (39 * "0" + "1", bytes(19) + b"\1" + bytes(12), "commit " + 39 * "0" + "1"),
        ("ef" * 32, b"\xef" * 32, "commit " + "ef" * 32),
        (63 * "0" + "1", bytes(31) + b"\1", "commit " + 63 * "0" + "1"),
        (  # a SHA-256 id whose first 20 bytes are zero
            40 * "0" + "1" + 23 * "0",
            bytes(20) + b"\x10" + bytes(11),
            "commit " + 40 * "0" + "1" + 23 * "0",
        ),
    ],
)
def test_commit_to_word__git_commit__is_left_aligned_and_reads_back(
    commit: str | None, word: bytes, text: str
) -> None:
    assert commit_to_word(commit) == word
    assert commit_to_text(word) == text


@pytest.mark.parametrize(
    "commit", ["", "main", "AB" * 20, "ab" * 19, "ab" * 21, "0" * 40, "0" * 64, "g" * 40, 5]
)
def test_commit_to_word__not_a_commit__is_refused(commit: str) -> None:
    with pytest.raises(ValueError, match="expected 40 or 64 lower-case hex digits, not zero"):
        commit_to_word(commit)
