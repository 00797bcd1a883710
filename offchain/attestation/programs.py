"""Programs: their ids, the expected values of a build, and allow-lists.

A program id is one bytes32 for the code in an enclave, on any machine:

``program = keccak256(TAG ‖ parts of the report body, as encoded in the quote)``

========== ==================================== =========================
kind       TAG = keccak256 of                   body bytes
========== ==================================== =========================
sgx        ``GoldenGrain.Program.SGX``          [16:96] ‖ [192:320]
tdx        ``GoldenGrain.Program.TDX``          [120:520]
tdx-dstack ``GoldenGrain.Program.TDX.dstack``   [120:472]
========== ==================================== =========================

SGX covers MISCSELECT, ISVEXTPRODID, ATTRIBUTES with XFRM, MRENCLAVE; CONFIGID, ISVPRODID, ISVSVN,
CONFIGSVN, ISVFAMILYID. It leaves out MRSIGNER: MRENCLAVE fixes the code, and every operator may
sign the same enclave with a key of its own. ISVSVN is exact: another SVN is another program.

TDX covers TDATTRIBUTES, XFAM, MRTD, MRCONFIGID, MROWNER, MROWNERCONFIG, RTMR0 to RTMR3. It leaves
out MRSERVICETD: version 4 does not contain it, and a service TD has power only over a migratable
domain, which the verifier refuses. Under dstack RTMR3 differs from instance to instance and is
left out; MRCONFIGID, which must not be zero, then binds the application.

Expected values are a JSON object: ``kind`` (sgx, tdx, tdx-dstack) and the measured fields of the
report body by their names in ``quote.py``; bytes in hex, integers as numbers. A missing field is
zero, except the fields that identify a program, which are required.

An allow-list is a JSON array of objects with ``expected``, ``commit`` and ``description`` (see
``deployments/programs/``). A person adds a program after rebuilding it from ``commit`` and getting
the values of ``expected``. A registry holds a commit in one word: git's id, left-aligned (20 bytes
of SHA-1 and 12 zeros, or 32 bytes of SHA-256); zero means no commit.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from eth_abi.abi import encode as abi_encode
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from offchain.attestation.quote import SGX_SIZE, TD10_SIZE, Body, SgxReport, TdReport
from offchain.attestation.rejections import QuoteRejected, RejectionReason

# ── Program ids ──


class ProgramKind(StrEnum):
    """The way in which a program is measured."""

    SGX = "sgx"
    TDX = "tdx"
    TDX_DSTACK = "tdx-dstack"


TAGS = {
    ProgramKind.SGX: keccak(text="GoldenGrain.Program.SGX"),
    ProgramKind.TDX: keccak(text="GoldenGrain.Program.TDX"),
    ProgramKind.TDX_DSTACK: keccak(text="GoldenGrain.Program.TDX.dstack"),
}


def kind_of(body: Body, dstack: bool = False) -> ProgramKind:
    """Return the kind of a report body; ``dstack`` is a claim that the body does not show.

    Raises:
        QuoteRejected: ``dstack`` is claimed for an SGX enclave.
    """
    if isinstance(body, SgxReport):
        if dstack:
            raise QuoteRejected(
                RejectionReason.EVIDENCE_KIND, "dstack runs trust domains, not SGX enclaves"
            )
        return ProgramKind.SGX
    return ProgramKind.TDX_DSTACK if dstack else ProgramKind.TDX


def program_id(body: Body, dstack: bool = False) -> bytes:
    """Return a program's id (32 bytes), as defined in the table above.

    Raises:
        QuoteRejected: ``dstack`` is claimed for an SGX enclave.
    """
    kind, data = kind_of(body, dstack), body.encode()
    if kind is ProgramKind.SGX:
        return keccak(TAGS[kind] + data[16:96] + data[192:320])
    return keccak(TAGS[kind] + data[120 : 472 if dstack else 520])


def measurement(verifier: str, program: bytes) -> bytes:
    """Return the measurement in a task: ``keccak256(abi_encode(verifier, program))`` (32 bytes).

    Args:
        verifier: address of the verifier contract, 20 bytes in hex.
        program: the program's id, 32 bytes.

    Raises:
        ValueError: ``verifier`` is not an address, or ``program`` has not 32 bytes.
    """
    if len(program) != 32:
        raise ValueError(f"program of {len(program)} bytes, expected 32")
    address = to_canonical_address(verifier)
    return keccak(abi_encode(["address", "bytes32"], [address, program]))


# ── Expected values ──

_REQUIRED = {
    ProgramKind.SGX: {"mr_enclave", "attributes", "isv_prod_id", "isv_svn"},
    ProgramKind.TDX: {"mr_td", "td_attributes", "xfam", "rtmr0", "rtmr1", "rtmr2", "rtmr3"},
    ProgramKind.TDX_DSTACK: {
        "mr_td",
        "td_attributes",
        "xfam",
        "mr_config_id",
        "rtmr0",
        "rtmr1",
        "rtmr2",
    },
}
_OPTIONAL = {
    ProgramKind.SGX: {"misc_select", "isv_ext_prod_id", "config_id", "config_svn", "isv_family_id"},
    ProgramKind.TDX: {"mr_config_id", "mr_owner", "mr_owner_config"},
    ProgramKind.TDX_DSTACK: {"mr_owner", "mr_owner_config"},
}


def expected_program(expected: Mapping[str, Any]) -> bytes:
    """Return the id (32 bytes) of the program with these expected values.

    Raises:
        KeyError: the kind is missing.
        ValueError: the kind is unknown, or a field is unknown, missing, or of another type or size.
    """
    kind = ProgramKind(expected["kind"])
    given = expected.keys() - {"kind"}
    if missing := _REQUIRED[kind] - given:
        raise ValueError(f"expected values of kind {kind} lack the fields {sorted(missing)}")
    if unknown := given - _REQUIRED[kind] - _OPTIONAL[kind]:
        raise ValueError(f"expected values of kind {kind} have unknown fields {sorted(unknown)}")
    body: Body = (
        SgxReport.decode(bytes(SGX_SIZE))
        if kind is ProgramKind.SGX
        else TdReport.decode(bytes(TD10_SIZE))
    )
    values: dict[str, Any] = {
        field.name: _value(field.name, expected[field.name], getattr(body, field.name))
        for field in fields(body)
        if field.name in given
    }
    return program_id(replace(body, **values), kind is ProgramKind.TDX_DSTACK)


def _value(name: str, given: object, zero: bytes | int) -> bytes | int:
    if isinstance(zero, int):
        if type(given) is not int or not 0 <= given < 1 << 16:
            raise ValueError(f"{name} is {given!r}, expected an integer of 16 bits")
        return given
    if not isinstance(given, str) or len(given) != 2 * len(zero):
        raise ValueError(f"{name} is {given!r}, expected {len(zero)} bytes in hex")
    return bytes.fromhex(given)


# ── Commits ──

_GIT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def commit_to_word(commit: str | None) -> bytes:
    """Return the word (32 bytes) of a commit; it is zero for None.

    Raises:
        ValueError: the commit is not a git id of 40 or 64 lower-case hex digits, or it is zero.
    """
    if commit is None:
        return bytes(32)
    if not isinstance(commit, str) or not _GIT_ID.fullmatch(commit) or not int(commit, 16):
        raise ValueError(f"commit is {commit!r}, expected 40 or 64 lower-case hex digits, not zero")
    return bytes.fromhex(commit).ljust(32, b"\0")


def commit_to_text(source: bytes) -> str:
    """Return the commit in a word (32 bytes) as text for people."""
    if not any(source):
        return "no commit"
    return "commit " + (source if any(source[20:]) else source[:20]).hex()


# ── Allow-lists ──

_LISTS = Path(__file__).resolve().parents[2] / "deployments" / "programs"
PRODUCTION = _LISTS / "production.json"
DEVELOPMENT = _LISTS / "development.json"
"""Allow-list of SIMULATED programs, whose measurements no genuine enclave can have."""


@dataclass(frozen=True)
class AllowedProgram:
    """A program on an allow-list, with its source and its description."""

    program: bytes
    """The program's id, 32 bytes."""
    source: bytes
    """The word of the commit that was built (32 bytes); zero for a SIMULATED program."""
    description: str
    """1 to 256 printable ASCII characters, which are all that a registry accepts."""

    def __str__(self) -> str:
        return f"{self.description}, {commit_to_text(self.source)}"


def parse_allowlist(entries: Sequence[Any]) -> tuple[AllowedProgram, ...]:
    """Read the entries of an allow-list; compute the ids from the expected values in it.

    Raises:
        KeyError, TypeError: the entries have another structure.
        ValueError: expected values, a commit or a description are invalid, or a program is listed
            twice.
    """
    allowed = tuple(_parse_entry(**entry) for entry in entries)
    if len({entry.program for entry in allowed}) != len(allowed):
        raise ValueError("an allow-list names a program twice")
    return allowed


def load_allowlist(path: Path) -> tuple[AllowedProgram, ...]:
    """Read an allow-list from a file.

    Raises:
        ValueError: the file is no allow-list; the message names it.
        OSError: it cannot be read.
    """
    try:
        return parse_allowlist(json.loads(path.read_text()))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no allow-list of programs: {error!r}") from error


def _parse_entry(expected: Any, commit: str | None, description: str) -> AllowedProgram:
    if not (description.isascii() and description.isprintable() and 0 < len(description) <= 256):
        raise ValueError(
            f"description is {description!r}, expected 1 to 256 printable ASCII characters"
        )
    if commit is None and "SIMULATED" not in description:
        raise ValueError(f"no commit of {description!r}, expected one unless it says SIMULATED")
    return AllowedProgram(expected_program(expected), commit_to_word(commit), description)


def find_allowed(
    allowed: tuple[AllowedProgram, ...], verifier: str, task_measurement: bytes
) -> AllowedProgram | None:
    """Return the allowed program of a task's measurement under a verifier, or None."""
    return next(
        (entry for entry in allowed if measurement(verifier, entry.program) == task_measurement),
        None,
    )
