"""Promises of `brownie_hooks.py`, seen through Brownie's own commands."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import vyper
from vyper.cli.vyper_compile import get_search_paths
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings

COMPILING = "Compiling contracts..."


def artifact(project: Path, name: str = "Counter") -> dict[str, Any]:
    return json.loads((project / "build" / "contracts" / f"{name}.json").read_text())


def edit(project: Path, name: str, old: str, new: str) -> None:
    text = (project / name).read_text()
    assert old in text
    (project / name).write_text(text.replace(old, new))


def vyper_bytecode(project: Path, name: str) -> str:
    bundle = FilesystemInputBundle(get_search_paths([str(project)]))
    source = bundle.load_file(f"contracts/{name}.vy")
    settings = Settings(evm_version="cancun")
    return vyper.compile_from_file_input(source, bundle, settings)["bytecode"]


def test_compile__modules_interfaces_and_package__builds_contracts_only(project):
    built = {path.name for path in (project / "build" / "contracts").iterdir()}
    assert built == {"Alone.json", "Counter.json"}


def test_compile__fresh_project__gives_the_compilers_bytecode(project):
    assert artifact(project)["bytecode"] == vyper_bytecode(project, "Counter")
    assert artifact(project)["compiler"]["evm_version"] == "cancun"


def test_compile__in_a_folder_of_the_project__finds_imports(brownie, project):
    shutil.rmtree(project / "build")
    brownie("compile", folder="contracts/modules")
    assert artifact(project)["bytecode"] == vyper_bytecode(project, "Counter")


def test_compile__nothing_edited__compiles_nothing(compiled, brownie):
    assert COMPILING in compiled[1]
    assert COMPILING not in brownie("compile")


def test_compile__module_edited__recompiles_what_imports_it(brownie, project):
    edit(project, "contracts/modules/limits.vy", "uint256) = 10", "uint256) = 12")
    output = brownie("compile")
    assert "- Counter" in output
    assert "- Alone" not in output
    assert artifact(project)["bytecode"] == vyper_bytecode(project, "Counter")


def test_compile__interface_edited__recompiles_what_imports_it(brownie, project):
    edit(project, "interfaces/ICounter.vyi", "who: address", "who: indexed(address)")
    output = brownie("compile")
    assert "- Counter" in output
    assert "- Alone" not in output
    event = next(entry for entry in artifact(project)["abi"] if entry.get("name") == "Counted")
    assert [field["indexed"] for field in event["inputs"]] == [True, False]


def test_compile__import_missing__names_it(brownie, project):
    edit(project, "contracts/Counter.vy", "modules import limits", "modules import bounds")
    output = brownie("compile", expected=1)
    assert "ModuleNotFound: contracts.modules.bounds" in output


def test_test__reasons_and_lines__are_those_of_contract_and_module(brownie):
    assert "8 passed" in brownie("test", "-p", "no:boa_test")


def test_test__coverage__counts_statements_and_branches_of_modules(brownie):
    output = brownie("test", "-p", "no:boa_test", "--coverage")
    covered = dict(re.findall(r"^    (\S+) - (\S+)%$", output, re.MULTILINE))
    assert covered == {
        "Counter.count": "100.0",
        "limits._check": "100.0",
        "Counter.halve": "25.0",  # one of two ways, and of one statement none
        "limits._half": "0.0",
    }


def test_run__two_at_once__each_has_a_fresh_chain_of_its_own(start):
    runs: list[subprocess.Popen[str]] = [start("run", "where") for _ in range(2)]
    outputs = [run.communicate()[0] for run in runs]
    found = [re.search(r"chain at (http://127\.0\.0\.1:\d+): 0 to 1 blocks", o) for o in outputs]
    assert all(found), outputs
    assert len({match[1] for match in found if match}) == 2


def test_run__no_anvil__says_how_to_install_it(brownie, project, monkeypatch):
    (project / "node_modules").unlink()
    monkeypatch.setenv("PATH", str(project))  # whatever else is installed
    assert "run `make setup`" in brownie("run", "where", expected=1)


def test_run__receipts_late__takes_no_transaction_for_dropped(brownie):
    assert "status 1 after 4 requests of MainThread" in brownie("run", "late_receipts")


def test_run__file_after_the_script__is_an_argument_of_main(brownie):
    assert "main of ('signed.json', 'more.json')" in brownie(
        "run", "said", "signed.json", "more.json"
    )
    assert "main of ('./signed',)" in brownie("run", "said", "./signed")


def test_run__function_after_the_script__is_called(brownie):
    assert "other of ('signed.json',)" in brownie("run", "said", "other", "signed.json")
    assert "main of ()" in brownie("run", "said")
    assert "has no method 'absent'" in brownie("run", "said", "absent", expected=1)
