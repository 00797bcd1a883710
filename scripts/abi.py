"""Export what integrators build against from `interfaces/*.vyi` and the contracts.

    interfaces/I<Name>.json     ABI, with the names of structs (`internalType`), also for Brownie's
                                `interface.<Name>(address)`
    interfaces/<Name>.sol       the same for Solidity, with the documentation
    interfaces/eip712.json      types of the two digests that are signed
    interfaces/abi.ts           all of these for TypeScript, as constants: viem infers types
    interfaces/storage/         storage and immutables of each contract: `<Name>.json`

An interface has the functions of `I<Name>.vyi` and of the other interfaces that
`contracts/<Name>.vy` implements.

    make abi                      # python -m scripts.abi: needs no chain
    .venv/bin/brownie run abi     # the same
"""

import json
from pathlib import Path
from typing import Any

from vyper.cli.vyper_compile import get_search_paths
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.phases import CompilerData
from vyper.semantics.types.module import ModuleT
from vyper.semantics.types.subscriptable import DArrayT, SArrayT, TupleT
from vyper.semantics.types.user import StructT

from scripts.lib.solidity import internal_type, source

Abi = list[dict[str, Any]]

DOMAIN = {
    "name": "string",
    "version": "string",
    "chainId": "uint256",
    "verifyingContract": "address",
}
"""Members of the market's domain (EIP-712)."""

TYPESCRIPT = """\
// SPDX-License-Identifier: MIT
// Generated from interfaces/*.vyi by `make abi`.
"""


def compiled(project: Path, path: Path) -> CompilerData:
    """Return Vyper's compiler for one contract or interface of a project.

    Its properties raise the compiler's exception if the file does not compile.
    """
    bundle = FilesystemInputBundle(get_search_paths([str(project)]))
    return CompilerData(bundle.load_file(path.relative_to(project)), input_bundle=bundle)


def interface_abi(module: ModuleT) -> Abi:
    """Return the ABI of an interface, each type with its `internalType`."""
    entries = []
    for event in module.interface.events.values():
        entry = event.to_toplevel_abi_dict()[0]
        _name_types(entry["inputs"], list(event.arguments.values()))
        entries.append(entry)
    for function in module.interface.functions.values():
        returned = function.return_type
        outputs = returned.member_types if isinstance(returned, TupleT) else [returned]
        entry = function.to_toplevel_abi_dict()[0]
        _name_types(entry["inputs"], [given.typ for given in function.arguments])
        _name_types(entry["outputs"], [typ for typ in outputs if typ is not None])
        entries.append(entry)
    return entries


def _name_types(values: Abi, types: Any) -> None:
    """Add `internalType` to the values of an ABI, and to all that they consist of."""
    for value, typ in zip(values, types, strict=True):
        value["internalType"] = internal_type(typ)
        while isinstance(typ, SArrayT | DArrayT):
            typ = typ.value_type
        if isinstance(typ, StructT):
            _name_types(value["components"], list(typ.member_types.values()))


def eip712_types(types: ModuleT) -> dict[str, Any]:
    """Return domain and types of the digests of tasks and reports, as `eth_signTypedData` does.

    The id of a task is made of its two parts: the members of `ReportTerms`, and all others.
    """
    structs = {node.name: node._metadata["struct_type"] for node in types.struct_defs}
    report_terms, task, report = (
        {field: internal_type(typ) for field, typ in structs[name].member_types.items()}
        for name in ("ReportTerms", "Task", "Report")
    )
    members = {
        "Task": {"report_terms": "ReportTerms", "other_terms": "OtherTerms"},
        "ReportTerms": report_terms,
        "OtherTerms": {field: kind for field, kind in task.items() if field not in report_terms},
        "Report": report,
    }
    return {
        "domain": {"name": "GoldenGrain", "version": "1"},
        "types": {
            name: [{"name": field, "type": kind} for field, kind in fields.items()]
            for name, fields in {"EIP712Domain": DOMAIN, **members}.items()
        },
    }


def exports(project: Path) -> dict[Path, str]:
    """Return the text of every file to export, by its path."""
    folder, texts = project / "interfaces", {}
    modules = {
        path.stem: compiled(project, path).annotated_vyper_module._metadata["type"]
        for path in sorted(folder.glob("*.vyi"))
    }
    for name, module in modules.items():
        contract = project / "contracts" / f"{name.removeprefix('I')}.vy"
        bases = []
        if contract.exists():
            data = compiled(project, contract)
            nodes = data.annotated_vyper_module._metadata["type"].implements_decls
            bases = [node.annotation.id for node in nodes if node.annotation.id != name]
            layout = folder / "storage" / f"{contract.stem}.json"
            texts[layout] = _json(data.storage_layout)
        abi = [entry for each in (*bases, name) for entry in interface_abi(modules[each])]
        if abi:
            texts[folder / f"{name}.json"] = _json(abi)
        texts[folder / f"{name}.sol"] = source(module, bases)
    constants = {
        f"{path.stem[1].lower()}{path.stem[2:]}Abi": text
        for path, text in texts.items()
        if path.parent == folder and path.suffix == ".json"
    }
    if "Types" in modules:
        constants["eip712"] = texts[folder / "eip712.json"] = _json(eip712_types(modules["Types"]))
    texts[folder / "abi.ts"] = TYPESCRIPT + "".join(
        f"\nexport const {name} = {text.rstrip()} as const;\n" for name, text in constants.items()
    )
    return texts


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def main() -> list[Path]:
    """Export to this project; print and return the files written."""
    project = Path(__file__).resolve().parent.parent
    texts = exports(project)
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        print(path.relative_to(project))
    return list(texts)


if __name__ == "__main__":
    main()
