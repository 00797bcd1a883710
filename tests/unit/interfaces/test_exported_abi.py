"""The ABIs that integrators take from `interfaces/` are those of the contracts."""

import json
from pathlib import Path
from typing import Any

import pytest
from brownie import project

from scripts.abi import compiled_abi

ROOT = Path(__file__).resolve().parents[3]
IMPLEMENTED_TOO = {"DcapVerifier": ["IAttestationVerifier"]}
CONTRACTS = sorted(path.stem for path in (ROOT / "contracts").glob("*.vy"))

Entry = dict[str, Any]


def compiled(contract: str) -> list[Entry]:
    abi = project.get_loaded_projects()[0][contract].abi
    return [entry for entry in abi if entry["type"] != "constructor"]


def signature(entry: Entry) -> str:
    """An entry; functions of packages write their parameters without an underscore before them."""
    if entry["type"] == "event":
        return json.dumps(entry, sort_keys=True)
    inputs = [{**given, "name": given["name"].lstrip("_")} for given in entry["inputs"]]
    return json.dumps({**entry, "inputs": inputs}, sort_keys=True)


def test_exported_abi__every_contract__has_one():
    assert CONTRACTS
    exported = {path.stem for path in (ROOT / "interfaces").glob("*.json")}
    assert {f"I{name}" for name in CONTRACTS} <= exported


@pytest.mark.parametrize("name", CONTRACTS)
def test_exported_abi__of_a_contract__is_the_compiled_one(name):
    exported = json.loads((ROOT / "interfaces" / f"I{name}.json").read_text())
    assert exported == compiled(name), "run `make abi`"


@pytest.mark.parametrize("name", CONTRACTS)
def test_interface__of_a_contract__is_implemented_with_its_outputs(name):
    interface = compiled_abi(ROOT, ROOT / "interfaces" / f"I{name}.vyi")
    assert interface
    assert {signature(e) for e in interface} <= {signature(e) for e in compiled(name)}


@pytest.mark.parametrize("name", CONTRACTS)
def test_interface__of_a_contract__leaves_nothing_out(name):
    """Who reads interfaces/*.vyi only has read of every function and event."""
    documented = {
        signature(entry)
        for interface in {f"I{name}", *IMPLEMENTED_TOO.get(name, ())}
        for entry in compiled_abi(ROOT, ROOT / "interfaces" / f"{interface}.vyi")
    }
    assert {signature(entry) for entry in compiled(name)} <= documented
