"""Programs that developers' tools allow in a task: those whose build they can reproduce.

A list is a JSON array of objects; see ``allowlists/``. Nothing is on it that its readers did not
put there: a program is added by who rebuilt it from ``commit`` and got ``manifest``.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from offchain.attestation.manifest import expected_program
from offchain.attestation.program import measurement

PRODUCTION = Path(__file__).with_name("allowlists") / "production.json"
DEVELOPMENT = Path(__file__).with_name("allowlists") / "development.json"
"""SIMULATED programs: no genuine enclave can have their measurements."""


@dataclass(frozen=True)
class AllowedProgram:
    """A program, where it comes from, and what it is for."""

    program: bytes
    """32 bytes."""
    commit: str
    """Of the source that the build starts from."""
    description: str


def load(path: Path) -> tuple[AllowedProgram, ...]:
    """Read an allow-list; the ids are computed from the manifests in it.

    Raises:
        ValueError: not such a list, an invalid manifest, or a program that stands twice.
    """
    entries = json.loads(path.read_text())
    allowed = tuple(
        AllowedProgram(expected_program(entry["manifest"]), entry["commit"], entry["description"])
        for entry in entries
    )
    if len({entry.program for entry in allowed}) != len(allowed):
        raise ValueError(f"{path} names a program twice")
    return allowed


def find(
    allowed: tuple[AllowedProgram, ...], verifier: str, task_measurement: bytes
) -> AllowedProgram | None:
    """The allowed program that a task's measurement names under a verifier's address, if any."""
    return next(
        (entry for entry in allowed if measurement(verifier, entry.program) == task_measurement),
        None,
    )
