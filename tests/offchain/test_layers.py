"""The layers of the off-chain code: who may import whom, and what an image contains."""

import importlib
import re
import subprocess
from pathlib import Path

import pytest

from offchain.protocol.errors import GoldenGrainError
from scripts.enclave_size import IMAGE, ROOT, closure, imports_of, locked, main, source_of

ALLOWED = {
    "protocol": set(),
    "enclave": {"protocol"},
    "attestation": {"protocol"},
    "simulation": {"protocol", "attestation"},
    "storage": {"protocol"},
    "chain": {"protocol", "attestation"},
    "provider": {"protocol", "enclave", "storage", "chain"},
    "developer": {"protocol", "enclave", "storage", "chain"},
    "operator": {"protocol", "attestation", "storage", "chain"},
    "guardian": {"protocol", "attestation", "chain"},
    "observer": {"protocol", "storage", "chain"},
    "page": {"protocol", "attestation", "simulation", "storage", "chain", "observer"},
    "cli": {
        *("protocol", "enclave", "attestation", "simulation", "storage", "chain", "observer"),
        *("provider", "developer", "operator", "guardian", "page"),
    },
}
"""The folders, and for each those that it may import beside itself."""

IMPURE = {
    *("aiohttp", "fsspec", "httpx", "requests", "socket", "urllib", "web3"),  # network
    *("os", "pathlib", "shutil", "tempfile"),  # files
    *("datetime", "random", "secrets", "time"),  # clock, randomness
}
"""Modules that `protocol` must do without: a result is a function of its arguments alone."""


def modules():
    """Every module of the off-chain code, by the git index: its name and its file."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "offchain"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / line for line in listed.stdout.splitlines() if line.endswith(".py"))
    return [path for path in paths if path.is_file() and IMAGE not in path.parents]


def folder_of(path: Path) -> str:
    return path.relative_to(ROOT / "offchain").parts[0]


def imported_folders(path: Path) -> set[str]:
    named = (name.split(".") for name in imports_of(path) if source_of(name) is not None)
    return {parts[1] for parts in named if parts[0] == "offchain" and len(parts) > 1}


def test_modules__every_one__is_in_a_folder_of_the_layout():
    outside = {folder_of(path) for path in modules()} - ALLOWED.keys()
    assert outside == {"__init__.py", "__main__.py"}


@pytest.mark.parametrize("folder", ALLOWED)
def test_imports__of_a_folder__point_one_way(folder):
    found = [path for path in modules() if folder_of(path) == folder]
    assert found
    for path in found:
        assert imported_folders(path) <= ALLOWED[folder] | {folder}, path


def test_protocol__every_module__is_pure():
    for path in modules():
        if folder_of(path) == "protocol":
            assert not {name.split(".")[0] for name in imports_of(path)} & IMPURE, path


def test_errors__every_public_one__is_of_the_family_and_in_its_table():
    table = source_of("offchain.protocol.errors").read_text().partition("\n\n\nclass ")[0]
    for path in modules():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if path.name == "__main__.py":
            continue
        for name, value in vars(importlib.import_module(module)).items():
            own = isinstance(value, type) and value.__module__ == module
            if own and issubclass(value, Exception) and not name.startswith("_"):
                assert issubclass(value, GoldenGrainError), name
                listed = [each.__name__ for each in value.__mro__ if f"`{each.__name__}`" in table]
                assert listed, name


def copied() -> set[Path]:
    """The Python files that the Dockerfile copies, of all targets."""
    found: set[Path] = set()
    for line in (IMAGE / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY offchain"):
            *sources, _ = line.removeprefix("COPY ").split()
            for source in sources:
                matches = list(ROOT.glob(source))
                assert matches, source
                found |= {path for path in matches if path.suffix == ".py"}
    return found


def test_dockerfile__files_copied__are_those_that_the_enclave_imports():
    files, _ = closure()
    assert copied() == files


def test_dockerfile__targets_without_dstack__lack_its_device():
    text = (IMAGE / "Dockerfile").read_text()
    first = text.partition("FROM tdx AS dstack")[0]
    assert "dstack.py" not in first
    assert not re.search(r"COPY offchain/enclave/devices/\*", first)


def test_image__size__is_within_its_limits():
    counts = main()
    assert counts["lines"] <= 9_762
    assert counts["packages"] <= 55
    assert counts["packages"] == len(locked("requirements"))


def test_docs__figures_of_the_measured_program__are_those_counted():
    page = (ROOT / "docs" / "ENCLAVE.md").read_text().replace("\n", " ")
    counts = main()
    said = f"{counts['files']} files, {counts['lines']:,} lines and {counts['packages']} packages"
    assert said in page, f"expected: {said}"
