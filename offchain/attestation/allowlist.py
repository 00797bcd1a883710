"""Programs that developers' tools allow in a task: those whose build they can reproduce.

A list is a JSON array of objects; see ``allowlists/``. Nothing is on it that its readers did not
put there: a program is added by who rebuilt it from ``commit`` and got ``manifest``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offchain.attestation.manifest import expected_program
from offchain.attestation.program import measurement
from offchain.attestation.source import to_text, to_word

PRODUCTION = Path(__file__).with_name("allowlists") / "production.json"
DEVELOPMENT = Path(__file__).with_name("allowlists") / "development.json"
"""SIMULATED programs: no genuine enclave can have their measurements."""


@dataclass(frozen=True)
class AllowedProgram:
    """A program, where it comes from, and what it is for."""

    program: bytes
    """32 bytes."""
    source: bytes
    """The commit that the build starts from, as in ``source.py``; zero for a SIMULATED program."""
    description: str
    """1 to 256 printable ASCII characters, as a registry takes them."""

    def __str__(self) -> str:
        return f"{self.description}, {to_text(self.source)}"


def parse(entries: Sequence[Any]) -> tuple[AllowedProgram, ...]:
    """Read the entries of an allow-list; the ids are computed from the manifests in it.

    Raises:
        KeyError, TypeError: not such a list.
        ValueError: an invalid manifest, commit or description, or a program that stands twice.
    """
    allowed = tuple(_parse(**entry) for entry in entries)
    if len({entry.program for entry in allowed}) != len(allowed):
        raise ValueError("an allow-list names a program twice")
    return allowed


def load(path: Path) -> tuple[AllowedProgram, ...]:
    """Read an allow-list from a file. Raises as `parse`."""
    return parse(json.loads(path.read_text()))


def _parse(manifest: Any, commit: str | None, description: str) -> AllowedProgram:
    if not (description.isascii() and description.isprintable() and 0 < len(description) <= 256):
        raise ValueError(
            f"description is {description!r}, expected 1 to 256 printable ASCII characters"
        )
    if commit is None and "SIMULATED" not in description:
        raise ValueError(f"no commit of {description!r}, expected one of what is not SIMULATED")
    return AllowedProgram(expected_program(manifest), to_word(commit), description)


def find(
    allowed: tuple[AllowedProgram, ...], verifier: str, task_measurement: bytes
) -> AllowedProgram | None:
    """The allowed program that a task's measurement names under a verifier's address, if any."""
    return next(
        (entry for entry in allowed if measurement(verifier, entry.program) == task_measurement),
        None,
    )
