"""`make symbolic`: prove the properties of `*Proofs.vy` on their bytecode with halmos.

A property ``check_NAME`` must hold for every input; its twin ``twin_NAME``, which says a little
too much, must have a counterexample. Both compile with the compiler of the contracts and contain
the contracts' modules as they are. Ends with how many held and how many twins failed; the exit
code is 1 unless all did.
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import vyper
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FileInput, FilesystemInputBundle

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
WORK = ROOT / "reports/symbolic"
HALMOS = ROOT / ".venv-symbolic/bin/halmos"
FORMATS = "abi", "bytecode", "bytecode_runtime", "method_identifiers"
OPTIONS = ("--loop", "9", "--storage-layout", "generic", "--solver-timeout-assertion", "60s")
HELD, COUNTEREXAMPLE = 0, 1  # exit codes of halmos for one function; others are timeouts and errors


def artifact(path: Path) -> dict[str, Any]:
    """Compile a file of properties; return it in the form in which halmos reads Foundry's."""
    search = [Path(sysconfig.get_path("purelib")), ROOT]
    made = compile_from_file_input(
        FileInput(contents=path.read_text(), source_id=-1, path=path, resolved_path=path),
        input_bundle=FilesystemInputBundle(search),
        output_formats=FORMATS,
    )
    name = path.stem
    contract = {"nodeType": "ContractDefinition", "name": name, "contractKind": "contract"}
    return {
        "abi": made["abi"],
        "bytecode": {"object": made["bytecode"], "linkReferences": {}},
        "deployedBytecode": {"object": made["bytecode_runtime"], "linkReferences": {}},
        "methodIdentifiers": {
            signature: selector.removeprefix("0x").zfill(8)
            for signature, selector in made["method_identifiers"].items()
        },
        "id": 0,
        "ast": {"absolutePath": str(path.relative_to(ROOT)), "nodes": [contract | {"nodes": []}]},
        "metadata": {"compiler": {"version": f"vyper {vyper.__version__}"}},
    }


def prove(names: list[str]) -> dict[str, int]:
    """Run halmos on what was compiled; return each function's exit code, by its name."""
    # halmos starts a build by Foundry first. What it would build is there already.
    nothing = WORK / "bin/forge"
    nothing.parent.mkdir(parents=True, exist_ok=True)
    nothing.write_text("#!/bin/sh\n")
    nothing.chmod(0o755)
    found: dict[str, int] = {}
    for name in names:
        answer = WORK / f"{name}.json"
        answer.unlink(missing_ok=True)
        filters = ("--contract", name, "--function", "(check|twin)_", "--no-status")
        subprocess.run(
            [HALMOS, "--root", WORK, *filters, *OPTIONS, "--json-output", answer],
            env={**os.environ, "PATH": f"{nothing.parent}:{os.environ['PATH']}"},
        )
        if not answer.exists():
            raise SystemExit(f"halmos said nothing of {name}: expected {answer}")
        for results in json.loads(answer.read_text())["test_results"].values():
            found |= {each["name"].split("(")[0]: each["exitcode"] for each in results}
    return found


def faults(declared: set[str], found: dict[str, int]) -> list[str]:
    """Name every property that did not hold, every twin that did, and whatever has no partner."""
    checks = {name.removeprefix("check_") for name in declared if name.startswith("check_")}
    twins = {name.removeprefix("twin_") for name in declared if name.startswith("twin_")}
    said = [f"{name} has no partner" for name in sorted(checks ^ twins)]
    for name in sorted(declared):
        expected = HELD if name.startswith("check_") else COUNTEREXAMPLE
        if found.get(name) != expected:
            said.append(f"{name} ended with {found.get(name)}, expected {expected}")
    return said


def main() -> int:
    """Compile, prove, count; return the exit code."""
    paths = sorted(HERE.glob("*Proofs.vy"))
    declared: set[str] = set()
    for path in paths:
        folder = WORK / f"out/{path.stem}.sol"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{path.stem}.json").write_text(json.dumps(artifact(path)))
        declared |= set(re.findall(r"^def ((?:check|twin)_\w+)", path.read_text(), re.MULTILINE))
    found = prove([path.stem for path in paths])
    said = faults(declared, found)
    print("\n".join(said))
    held = sum(code == HELD for name, code in found.items() if name.startswith("check_"))
    failed = sum(code == COUNTEREXAMPLE for name, code in found.items() if name.startswith("twin_"))
    pairs = len(declared) // 2
    print(f"{held} of {pairs} properties held, {failed} of {pairs} twins failed as they must")
    return int(bool(said) or not declared)


if __name__ == "__main__":
    sys.exit(main())
