"""The enclave recipes, as far as they can be checked without an enclave."""

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import StrictUndefined, Template

ROOT = Path(__file__).parents[3]
ENCLAVE = ROOT / "enclave"
GRAMINE = SimpleNamespace(libos="/gramine/libsysdb.so", runtimedir=lambda: "/gramine/runtime")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    template = (ENCLAVE / "golden-grain.manifest.template").read_text()
    return tomllib.loads(Template(template, undefined=StrictUndefined).render(gramine=GRAMINE))


def pins(path: Path) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)", path.read_text(), re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


def test_manifest__sgx__is_a_production_enclave_with_dcap(manifest: dict[str, Any]) -> None:
    assert manifest["sgx"]["debug"] is False
    assert manifest["sgx"]["remote_attestation"] == "dcap"


def test_manifest__cpu_features__leave_nothing_to_the_machine(manifest: dict[str, Any]) -> None:
    features = manifest["sgx"]["cpu_features"]
    assert features.keys() == {"avx", "avx512", "amx", "mpx", "pkru"}
    assert set(features.values()) <= {"required", "disabled"}


def test_manifest__host__can_change_no_argument_variable_or_file(manifest: dict[str, Any]) -> None:
    assert "insecure" not in str(manifest)
    assert "passthrough" not in str(manifest)
    assert "allowed_files" not in manifest["sgx"]
    trusted = {uri.rstrip("/") for uri in manifest["sgx"]["trusted_files"]}
    for mount in manifest["fs"]["mounts"]:
        assert mount.get("type") == "tmpfs" or mount["uri"] in trusted


def test_dockerfile__every_base__is_pinned_by_digest() -> None:
    stages = re.findall(r"^FROM (\S+) AS \w+$", (ENCLAVE / "Dockerfile").read_text(), re.MULTILINE)
    assert len(stages) == 2
    assert all(re.fullmatch(r"[\w./:-]+@sha256:[0-9a-f]{64}", stage) for stage in stages)


def test_dockerfile__both_targets__start_the_same_program(manifest: dict[str, Any]) -> None:
    entry = re.search(
        r'^ENTRYPOINT \["python", (.+)\]$', (ENCLAVE / "Dockerfile").read_text(), re.M
    )
    assert entry
    assert entry[1] == ", ".join(f'"{word}"' for word in manifest["loader"]["argv"][1:])


def test_lock__every_package__has_its_hash_and_the_project_s_version() -> None:
    lines = (ENCLAVE / "requirements.lock").read_text().splitlines()[1:]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)
    project = pins(ROOT / "constraints.txt") | pins(ROOT / "requirements.txt")
    locked = pins(ENCLAVE / "requirements.lock")
    assert locked == {name: project[name] for name in locked}


def test_lock__what_requirements_in_names__is_in_it() -> None:
    named = [
        line
        for line in (ENCLAVE / "requirements.in").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert set(named) <= pins(ENCLAVE / "requirements.lock").keys()
