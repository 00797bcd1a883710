"""Allow-lists of developers' tools, and commits as a registry holds them."""

import json
from pathlib import Path

import pytest

from offchain.attestation.programs import (
    DEVELOPMENT,
    PRODUCTION,
    AllowedProgram,
    commit_to_text,
    commit_to_word,
    find_allowed,
    load_allowlist,
    measurement,
    parse_allowlist,
    program_id,
)
from tests.offchain.attestation.support import BODIES

SGX, TDX = BODIES["sgx v3"], BODIES["tdx v4"]
VERIFIER = "0x00000000000000000000000000000000000000Aa"
EXPECTED = json.loads(DEVELOPMENT.read_text())[0]["expected"]


def test_load__production_list__names_no_simulated_program() -> None:
    simulated = {entry.program for entry in load_allowlist(DEVELOPMENT)}
    assert not simulated & {entry.program for entry in load_allowlist(PRODUCTION)}


def test_load__development_list__names_the_simulated_programs() -> None:
    assert [entry.program for entry in load_allowlist(DEVELOPMENT)] == [
        program_id(SGX),
        program_id(TDX),
    ]
    assert all("SIMULATED" in entry.description for entry in load_allowlist(DEVELOPMENT))


def test_find__measurement_under_a_verifier__gives_the_program_of_that_verifier_only() -> None:
    allowed = load_allowlist(DEVELOPMENT)
    named = measurement(VERIFIER, program_id(SGX))
    assert find_allowed(allowed, VERIFIER, named) == allowed[0]
    assert find_allowed(allowed, "0x00000000000000000000000000000000000000Ab", named) is None
    assert find_allowed(allowed, VERIFIER, bytes(32)) is None
    assert find_allowed((), VERIFIER, named) is None


ENTRY = {"expected": EXPECTED, "commit": "0a" * 20, "description": "d"}


def test_parse__entry__is_a_program_its_source_and_words() -> None:
    (entry,) = parse_allowlist([ENTRY])
    assert entry == AllowedProgram(program_id(SGX), b"\x0a" * 20 + bytes(12), "d")
    assert str(entry) == "d, commit " + 20 * "0a"


def test_parse__no_commit__is_of_a_simulated_program_only() -> None:
    simulated = ENTRY | {"commit": None, "description": "SIMULATED"}
    assert [str(entry) for entry in parse_allowlist([simulated])] == ["SIMULATED, no commit"]
    with pytest.raises(ValueError, match="no commit of 'd', expected one of what is not SIMULATED"):
        parse_allowlist([ENTRY | {"commit": None}])


@pytest.mark.parametrize("description", [" ", "~" * 256])
def test_parse__description_that_a_registry_takes__passes(description: str) -> None:
    assert parse_allowlist([ENTRY | {"description": description}])[0].description == description


@pytest.mark.parametrize("description", ["", "x" * 257, "a\n", "\x7f", "é"])
def test_parse__description_that_no_registry_takes__is_refused(description: str) -> None:
    with pytest.raises(ValueError, match="expected 1 to 256 printable ASCII characters"):
        parse_allowlist([ENTRY | {"description": description}])


def test_load__a_program_twice__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps([ENTRY, ENTRY | {"commit": "0b" * 20}]))
    with pytest.raises(ValueError, match="names a program twice"):
        load_allowlist(path)


# ── Sources ──

CLOSE = 40 * "0" + "1" + 23 * "0"
"""A SHA-256 id that has no byte among its first twenty."""


@pytest.mark.parametrize(
    ("commit", "word", "text"),
    [
        (None, bytes(32), "no commit"),
        ("01" * 20, b"\1" * 20 + bytes(12), "commit " + "01" * 20),
        (39 * "0" + "1", bytes(19) + b"\1" + bytes(12), "commit " + 39 * "0" + "1"),
        ("ef" * 32, b"\xef" * 32, "commit " + "ef" * 32),
        (63 * "0" + "1", bytes(31) + b"\1", "commit " + 63 * "0" + "1"),
        (
            40 * "0" + "1" + 23 * "0",
            bytes(20) + b"\x10" + bytes(11),
            "commit " + 40 * "0" + "1" + 23 * "0",
        ),
    ],
)
def test_to_word__git_commit__is_left_aligned_and_reads_back(
    commit: str | None, word: bytes, text: str
) -> None:
    assert commit_to_word(commit) == word
    assert commit_to_text(word) == text


@pytest.mark.parametrize(
    "commit", ["", "main", "AB" * 20, "ab" * 19, "ab" * 21, "0" * 40, "0" * 64, "g" * 40, 5]
)
def test_to_word__not_a_commit__is_refused(commit: str) -> None:
    with pytest.raises(ValueError, match="expected 40 or 64 lower-case hex digits, not zero"):
        commit_to_word(commit)
