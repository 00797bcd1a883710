"""Source maps for Brownie: lines of errors, `# dev:` reasons and coverage of contract and modules.

brownie_hooks.py keeps what compiling and running need; this file is for tests. Brownie 1.22.2
misreads the source maps of Vyper 0.4.3 in two ways. They have one row for each byte of the code,
and Brownie wants one for each instruction: taken as they are, they compile, but give wrong lines,
no branches and no reasons. And they name several files, the contract and the modules it imports,
while Brownie knows one. So the rows are resampled along the instructions, split by file, and each
module gets a map and coverage of its own.
"""

from pathlib import Path, PurePath
from typing import Any, NamedTuple

import brownie.project.compiler.vyper as brownie_vyper
from vyper.ast.utils import ast_to_dict
from vyper.compiler.phases import CompilerData

ROOT = Path(__file__).resolve().parent
CONTRACT = "0"  # the compiler's source id of the contract itself
BLANK = "-1:-1:-1:-"  # the row of an instruction that no source stands for
BLOCK_ENDS = ("JUMP", "JUMPI", "STOP", "RETURN", "REVERT", "INVALID")

Json = dict[str, Any]


class SourceFile(NamedTuple):
    path: str
    ast: list[Json]


class SourceMap(NamedTuple):
    """Rows `start:length:source id:jump`, one an instruction, and the modules by source id."""

    rows: list[str]
    files: dict[str, SourceFile]

    def of(self, source_id: str) -> str:
        """Return the rows of one file as Brownie reads them, the others blank."""
        return ";".join(row if row.split(":")[2] == source_id else BLANK for row in self.rows)


def source_map(data: CompilerData, outputs: Json) -> SourceMap:
    """Resample Vyper's map of the runtime code from one row a byte to one an instruction."""
    by_byte = outputs["source_map_runtime"]["pc_pos_map_compressed"].split(";")
    operations, rows = [], []
    pc = 0
    for token in outputs["opcodes_runtime"].split():
        if token.startswith("0x"):
            pc += len(token) // 2 - 1
        else:
            operations.append(token)
            rows.append(by_byte[pc] if by_byte[pc].count(":") == 3 else by_byte[pc] + ":-")
            pc += 1
    name_entries(operations, rows)
    files = {}
    for file, ast in data.resolved_imports.compiler_inputs.items():
        if file.resolved_path.is_relative_to(ROOT / "contracts"):
            path = file.resolved_path.relative_to(ROOT).as_posix()
            files[str(file.source_id)] = SourceFile(path, ast_to_dict(ast)["body"])
    return SourceMap(rows, files)


def name_entries(operations: list[str], rows: list[str]) -> None:
    """Give a `JUMPDEST` without a row the first row of its block: calls show where they go."""
    first = BLANK
    for i in reversed(range(len(operations))):
        if operations[i] in BLOCK_ENDS:
            first = BLANK
        elif rows[i] != BLANK:
            first = rows[i]
        elif operations[i] == "JUMPDEST":
            rows[i] = first


def build_json(
    output_evm: Json, path: str, name: str, ast: list[Json], offset: tuple[int, int]
) -> Json:
    """Replace Brownie's `_get_unique_build_json`: add the modules to the contract's maps.

    Statements and branches of modules are named `module.function`.
    """
    deployed = output_evm["deployedBytecode"]
    whole: SourceMap = deployed["sourceMap"]
    deployed["sourceMap"] = whole.of(CONTRACT)
    build: Json = brownie_build_json(output_evm, path, name, ast, offset)
    pcs, coverage = build["pcMap"], build["coverageMap"]
    for source_id, file in whole.files.items():
        stem = PurePath(file.path).stem
        rows = whole.of(source_id)
        module_pcs, statements, branches = brownie_coverage(
            rows, deployed["opcodes"], stem, file.ast
        )
        pcs.update(
            {pc: {**step, "path": source_id} for pc, step in module_pcs.items() if "fn" in step}
        )
        build["allSourcePaths"][source_id] = file.path
        coverage["statements"][source_id] = statements["0"]
        coverage["branches"][source_id] = branches["0"]
    for source_id, functions in coverage["statements"].items():
        for function in functions:  # Brownie leaves out functions without an entry here
            coverage["branches"][source_id].setdefault(function, {})
    mark_shared_revert(pcs)
    return build


def mark_shared_revert(pcs: dict[int, Json]) -> None:
    """Mark the `REVERT` that all reverts without a reason share.

    Brownie then looks where it was jumped from.
    """
    steps = list(pcs.values())
    for i in range(3, len(steps)):
        if [step["op"] for step in steps[i - 3 : i + 1]] == ["JUMPDEST", "PUSH0", "DUP1", "REVERT"]:
            steps[i]["optimizer_revert"] = True


brownie_build_json = brownie_vyper._get_unique_build_json
brownie_coverage = brownie_vyper._generate_coverage_data

brownie_vyper._get_unique_build_json = build_json
