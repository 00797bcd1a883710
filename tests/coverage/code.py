"""The contracts' bytecode, and the syntax node that each instruction comes from.

Vyper loses the node of two kinds of jumps: of one that it turns round to save another, and of the
operands of `and` and `or` after the first. Both are kept here. The bytecode must not change by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vyper.ast import nodes
from vyper.codegen.expr import Expr
from vyper.compiler.phases import CompilerData
from vyper.compiler.settings import anchor_settings
from vyper.ir import compile_ir

from tests.compiled import imported_sources
from tests.inprocess import ROOT, deployer
from tests.mutation.nearest import DEPLOYED

CONTRACTS = *DEPLOYED, "adapters/AgentValidator", "adapters/AwardEvaluator"

JUMPI = 0x57
PUSH1, PUSH32 = 0x60, 0x7F

Key = tuple[str, int, int, str]
"""A node's file, line, column and kind: the same in every contract that imports the file."""


def key_of(node: nodes.VyperNode, module: str) -> Key:
    return module, node.lineno, node.col_offset, type(node).__name__


@dataclass(frozen=True)
class Code:
    """Bytecode of a contract as it stands on the chain, or of its constructor."""

    bytecode: bytes
    nodes: dict[int, tuple[Key, nodes.VyperNode]]
    """By the program counter of the instruction; of this project's sources alone."""

    def jumps(self) -> Iterator[int]:
        """The program counters of all conditional jumps."""
        at = 0
        while at < len(self.bytecode):
            operation = self.bytecode[at]
            if operation == JUMPI:
                yield at
            at += operation - PUSH1 + 2 if PUSH1 <= operation <= PUSH32 else 1


def turn_jumps(assembly: list[Any]) -> bool:
    """Replace `A JUMPI B JUMP A:` by `ISZERO B JUMPI A:`, as Vyper does; keep the jump's node."""
    changed, at = False, 0
    while at < len(assembly) - 6:
        here, jumpi, there, jump, label, jumpdest = assembly[at : at + 6]
        if (
            (jumpi, jump, jumpdest) == ("JUMPI", "JUMP", "JUMPDEST")
            and here == label
            and compile_ir.is_symbol(here)
            and compile_ir.is_symbol(there)
        ):
            assembly[at : at + 4] = "ISZERO", there, jumpi
            changed = True
        else:
            at += 1
    return changed


parse_operands = Expr.parse_BoolOp


def parse_bool_op(self: Expr) -> Any:
    """Compile `and` or `or`, and mark the jump of each operand."""
    made = operand = parse_operands(self)
    following = 1 if isinstance(self.expr.op, nodes.And) else 2
    while operand.value == "if" and operand.ast_source is None:
        operand.ast_source = self.expr
        operand = operand.args[following]
    return made


def compiled(name: str, known: CompilerData, root: Path = ROOT) -> dict[str, Code]:
    """Compile a contract again: ``NAME`` runs on the chain, ``NAME.new`` is its constructor."""
    data = CompilerData(known.file_input, known.input_bundle, known.settings)
    with anchor_settings(data.settings):
        runtime, new = data.bytecode_runtime, data.bytecode
        after, before = (
            compile_ir.assembly_to_evm(assembly)[1]["pc_raw_ast_map"]
            for assembly in (data.assembly_runtime, data.assembly)
        )
    if (runtime, new) != (known.bytecode_runtime, known.bytecode):
        raise AssertionError(f"{name}: the bytecode with all nodes is not the deployed one")

    def ours(source_map: dict[int, nodes.VyperNode], end: int) -> Any:
        for at, node in source_map.items():
            file = Path(node.module_node.resolved_path)
            if at < end and file.is_relative_to(root / "contracts"):
                yield at, (key_of(node, file.relative_to(root).as_posix()), node)

    return {
        name: Code(runtime, dict(ours(after, len(runtime)))),
        f"{name}.new": Code(new, dict(ours(before, new.index(runtime)))),
    }


def keep_nodes() -> None:
    """Let the compiler of this process keep the nodes that it would lose."""
    Expr.parse_BoolOp = parse_bool_op
    compile_ir._optimize_inefficient_jumps = turn_jumps


def codes() -> dict[str, Code]:
    """All contracts, by name."""
    keep_nodes()
    found = {}
    for name in CONTRACTS:
        found |= compiled(name, deployer(f"contracts/{name}.vy").compiler_data)
    return found


def sources() -> list[str]:
    """Every source of the contracts."""
    found = set().union(*(imported_sources(ROOT, f"contracts/{name}.vy") for name in CONTRACTS))
    return sorted(file.relative_to(ROOT).as_posix() for file in found if file.suffix == ".vy")
