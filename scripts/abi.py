"""Export ABIs to `interfaces/*.json`, for integrators and Brownie's `interface.<Name>(address)`.

`I<Name>.json` is the ABI of `contracts/<Name>.vy` without its constructor; where no contract has
that name, of the interface itself. Interfaces without functions and events, such as shared types,
have none.

    make abi                      # python -m scripts.abi: needs no chain
    .venv/bin/brownie run abi     # the same
"""

import json
from pathlib import Path
from typing import Any

from vyper.cli.vyper_compile import get_search_paths
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle

Abi = list[dict[str, Any]]


def compiled_abi(project: Path, source: Path) -> Abi:
    """Compile a contract or interface of `project`; return its ABI without a constructor.

    Raises the compiler's exception if `source` does not compile.
    """
    bundle = FilesystemInputBundle(get_search_paths([str(project)]))
    outputs = compile_from_file_input(
        bundle.load_file(source), input_bundle=bundle, output_formats=["abi"]
    )
    return [entry for entry in outputs["abi"] if entry["type"] != "constructor"]


def export(project: Path) -> list[Path]:
    """Write the ABI of every interface of `project` beside it; return the files written."""
    written = []
    for interface in sorted((project / "interfaces").glob("I*.vyi")):
        contract = project / "contracts" / f"{interface.stem.removeprefix('I')}.vy"
        abi = compiled_abi(project, contract if contract.exists() else interface)
        if abi:
            target = interface.with_suffix(".json")
            target.write_text(json.dumps(abi, indent=2) + "\n")
            written.append(target)
    return written


def main() -> list[Path]:
    """Export the ABIs of this project; print and return the files written."""
    project = Path(__file__).resolve().parent.parent
    written = export(project)
    for path in written:
        print(path.relative_to(project))
    return written


if __name__ == "__main__":
    main()
