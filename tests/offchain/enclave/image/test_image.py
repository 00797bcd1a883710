"""The recipes of the images, as far as a host without a TEE can check them."""

import json
import re
import subprocess
import sys
import tomllib
from argparse import ArgumentParser
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from jinja2 import StrictUndefined, Template

from offchain.enclave.service.boot import add_arguments
from scripts.enclave_size import IMAGE, ROOT, closure, locked

GRAMINE = SimpleNamespace(libos="/gramine/libsysdb.so", runtimedir=lambda: "/gramine/runtime")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    template = (IMAGE / "gramine.manifest.template").read_text()
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


def test_manifest__host__can_change_nothing_but_its_data(manifest: dict[str, Any]) -> None:
    assert "insecure" not in str(manifest)
    assert "passthrough" not in str(manifest)
    assert manifest["sgx"]["allowed_files"] == ["file:/data/"]
    trusted = {uri.rstrip("/") for uri in manifest["sgx"]["trusted_files"]}
    for mount in manifest["fs"]["mounts"]:
        if mount.get("type") != "tmpfs" and mount["path"] != "/data":
            assert mount["uri"] in trusted


def test_dockerfile__every_base__is_pinned_by_digest() -> None:
    stages = re.findall(r"^FROM (\S+) AS \w+$", (IMAGE / "Dockerfile").read_text(), re.MULTILINE)
    assert stages.count("tdx") == 1
    stages.remove("tdx")
    assert len(stages) == 2
    assert all(re.fullmatch(r"[\w./:-]+@sha256:[0-9a-f]{64}", stage) for stage in stages)


def words(instruction: str) -> list[list[str]]:
    text = (IMAGE / "Dockerfile").read_text()
    found = re.findall(rf'^{instruction} (\["python".+\]|\["--.+\])$', text, re.MULTILINE)
    assert found
    return [json.loads(each) for each in found]


def test_commands__of_all_recipes__are_understood_by_the_service(manifest: dict[str, Any]) -> None:
    (entry,) = words("ENTRYPOINT")
    assert manifest["loader"]["argv"][: len(entry)] == entry
    assert entry[:3] == ["python", "-m", "offchain.enclave"]
    service = ArgumentParser()
    service.add_argument("--attestation", choices=("gramine", "tdx", "dstack"), required=True)
    add_arguments(service)
    compose = yaml.safe_load((IMAGE / "docker-compose.yaml").read_text())
    for rest, device in (
        (words("CMD")[0], "tdx"),
        (words("CMD")[1], "dstack"),
        (manifest["loader"]["argv"][len(entry) :], "gramine"),
        (compose["services"]["enclave"]["command"], "dstack"),
    ):
        assert service.parse_args([*entry[3:], *rest]).attestation == device


def test_entry_point__scratch_is_missing__fails_and_says_so(tmp_path: Path) -> None:
    (entry,) = words("ENTRYPOINT")
    missing = str(tmp_path / "none")
    command = [sys.executable, *entry[1:], "--attestation", "tdx", "--scratch", missing]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    expected = f"NotADirectoryError: --scratch {missing}, expected an existing folder\n"
    assert (run.returncode, run.stderr) == (1, expected)


@pytest.mark.parametrize("name", ["requirements", "requirements-dstack", "requirements-dask"])
def test_lock__every_package__has_its_hash_and_the_project_s_version(name: str) -> None:
    lines = (IMAGE / f"{name}.lock").read_text().splitlines()[1:]
    assert lines
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)
    project, image = pins(ROOT / "constraints.txt"), pins(IMAGE / f"{name}.lock")
    assert image == {package: project[package] for package in image}


def test_lock__whatever_the_program_imports__is_in_it() -> None:
    distributions = packages_distributions()
    _, imported = closure()
    extras = locked("requirements-dstack") | locked("requirements-dask")
    names = locked("requirements") | extras
    third_party = imported - sys.stdlib_module_names
    assert {"numpy", "onnxruntime", "aiohttp", "distributed", "dstack_sdk"} <= third_party
    for name in third_party:
        brought_by = {each.lower().replace("_", "-") for each in distributions[name]}
        assert brought_by & names.keys(), name


@pytest.mark.parametrize("name", ["requirements", "requirements-dstack", "requirements-dask"])
def test_lock__what_requirements_in_pins__is_in_it(name: str) -> None:
    named = pins(IMAGE / f"{name}.in")
    assert named
    assert named.items() <= pins(IMAGE / f"{name}.lock").items()


def test_lock__without_extras__has_neither_dask_nor_dstack() -> None:
    names = locked("requirements").keys()
    assert not names & {"dask", "distributed", "dstack-sdk", "httpx", "fsspec", "web3"}
    assert not names & (locked("requirements-dstack").keys() | locked("requirements-dask").keys())
