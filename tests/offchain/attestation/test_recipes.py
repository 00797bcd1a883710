"""The enclave recipes, as far as they can be checked without an enclave."""

import ast
import json
import re
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

from offchain.commands import serve

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


def test_manifest__host__can_change_nothing_but_its_data(manifest: dict[str, Any]) -> None:
    assert "insecure" not in str(manifest)
    assert "passthrough" not in str(manifest)
    assert manifest["sgx"]["allowed_files"] == ["file:/data/"]
    trusted = {uri.rstrip("/") for uri in manifest["sgx"]["trusted_files"]}
    for mount in manifest["fs"]["mounts"]:
        if mount.get("type") != "tmpfs" and mount["path"] != "/data":
            assert mount["uri"] in trusted


def test_dockerfile__every_base__is_pinned_by_digest() -> None:
    stages = re.findall(r"^FROM (\S+) AS \w+$", (ENCLAVE / "Dockerfile").read_text(), re.MULTILINE)
    assert len(stages) == 2
    assert all(re.fullmatch(r"[\w./:-]+@sha256:[0-9a-f]{64}", stage) for stage in stages)


def words(instruction: str) -> list[str]:
    text = (ENCLAVE / "Dockerfile").read_text()
    found = re.search(rf'^{instruction} (\["python".+\]|\["--.+\])$', text, re.MULTILINE)
    assert found
    return json.loads(found[1])


def test_commands__of_all_recipes__are_understood_by_the_service(manifest: dict[str, Any]) -> None:
    entry = words("ENTRYPOINT")
    assert manifest["loader"]["argv"][: len(entry)] == entry
    assert entry[:4] == ["python", "-m", "offchain", "serve"]
    service = ArgumentParser()
    serve.add(service)
    compose = yaml.safe_load((ENCLAVE / "docker-compose.yaml").read_text())
    for rest, device in (
        (words("CMD"), "tdx"),
        (manifest["loader"]["argv"][len(entry) :], "gramine"),
        (compose["services"]["enclave"]["command"], "dstack"),
    ):
        assert service.parse_args([*entry[4:], *rest]).attestation == device


def test_lock__every_package__has_its_hash_and_the_project_s_version() -> None:
    lines = (ENCLAVE / "requirements.lock").read_text().splitlines()[1:]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)
    project = pins(ROOT / "constraints.txt") | pins(ROOT / "requirements.txt")
    locked = pins(ENCLAVE / "requirements.lock")
    assert locked == {name: project[name] for name in locked}


def modules(source: Path) -> set[str]:
    """What a file imports, with the names taken from each module as if they were modules too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported() -> set[str]:
    """Top-level names of all that service and model runner import, directly or not."""
    runner = [f"offchain.models.{path.stem}" for path in (ROOT / "offchain/models").glob("*.py")]
    queue, seen = ["offchain.__main__", "offchain.commands.serve", *runner], set[str]()
    while queue:
        module = queue.pop()
        base = ROOT.joinpath(*module.split("."))
        for source in (base.with_suffix(".py"), base / "__init__.py"):
            if module not in seen and source.is_file():
                queue += modules(source)
        seen.add(module)
    top = {module.split(".")[0] for module in seen}
    return top - sys.stdlib_module_names - {"offchain"}


def test_lock__whatever_the_program_imports__is_in_it() -> None:
    distributions = packages_distributions()
    locked = pins(ENCLAVE / "requirements.lock").keys()
    assert {"numpy", "onnxruntime", "aiohttp"} <= imported()
    for name in imported():
        brought_by = {each.lower().replace("_", "-") for each in distributions[name]}
        assert brought_by & locked, name


def test_lock__what_requirements_in_names__is_in_it() -> None:
    named = [
        line
        for line in (ENCLAVE / "requirements.in").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert set(named) <= pins(ENCLAVE / "requirements.lock").keys()
