"""Mutants of a Python source: Cosmic Ray's operators, of each sign the one nearest change.

Two operators are ours: `min` for `max`, and the deletion of a statement. Annotations, docstrings,
f-strings (texts of errors), options of dataclasses and lines of the log stay as they are: types
are mypy's, and no rule is made of texts.
"""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.python.tree import Keyword, Name

SIGNS = {
    *("Add_Sub", "Sub_Add", "Mul_FloorDiv", "Div_Mul", "FloorDiv_Mul", "Mod_FloorDiv", "Pow_Mul"),
    *("RShift_LShift", "LShift_RShift", "BitOr_BitAnd", "BitAnd_BitOr", "BitXor_BitOr"),
    *("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is"),
    *("Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt"),
    *("USub_UAdd", "Delete_Not", "Delete_Invert"),
}
OTHER = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum"}
Span = tuple[tuple[int, int], tuple[int, int]]  # line from 1 and column, of start and end


class SwapExtremes(Operator):
    """Call `max` for `min`, and `min` for `max`."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        if isinstance(node, Name) and node.value in OTHER:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return Name(OTHER[node.value], node.start_pos, node.prefix)

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class DeleteStatement(SwapExtremes):
    """Replace a call that is a statement, a `raise` or an assignment in place by `pass`."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        if node.parent is not None and node.parent.type == "simple_stmt":
            call = node.type == "atom_expr" and node.children[-1].get_code().endswith(")")
            added = node.type == "expr_stmt" and node.children[1].type == "operator"
            in_place = added and node.children[1].value != "="
            logged = node.get_code().lstrip().startswith("log.")
            if (call and not logged) or in_place or node.type == "raise_stmt":
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return Keyword("pass", node.start_pos, node.get_first_leaf().prefix)


@dataclass(frozen=True)
class Mutant:
    """A module's content with one change; the texts are those of the first line that differs."""

    module: str  # its path in the project
    line: int
    text: str
    change: str  # the line as it becomes, or the next one if it is gone
    content: str


@cache
def operators() -> list[Operator]:
    """The operators, in an order that does not depend on the installation."""
    wanted = []
    for name in sorted(operator_names()):
        kind, _, signs = name.removeprefix("core/").partition("_")
        operator = get_operator(name)
        if not operator.arguments() and (signs in SIGNS if "Operator" in kind else True):
            wanted.append(operator())
    return [*wanted, SwapExtremes(), DeleteStatement()]


def excluded(tree: ast.AST) -> Iterator[Span]:
    """Find what stays: annotations, f-strings, options of dataclasses, lines of the log."""
    for node in ast.walk(tree):
        kept: list[ast.expr | None] = []
        if isinstance(node, ast.AnnAssign | ast.arg):
            kept.append(node.annotation)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            kept.append(node.returns)
        if isinstance(node, ast.ClassDef):
            kept.extend(each for each in node.decorator_list if isinstance(each, ast.Call))
        if isinstance(node, ast.JoinedStr):
            kept.append(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log."):
            kept.append(node)
        for each in kept:
            if each is not None:
                end = each.end_lineno, each.end_col_offset
                yield (each.lineno, each.col_offset), end  # type: ignore[misc]


def places(source: str) -> list[tuple[Operator, int]]:
    """Each operator with the number of its occurrence, for every place where it may change."""
    kept = list(excluded(ast.parse(source)))
    nodes = list(ast_nodes(get_ast(source)))
    found = []
    for operator in operators():
        spans = [span for node in nodes for span in operator.mutation_positions(node)]
        for occurrence, (start, _) in enumerate(spans):
            if not any(first <= start < last for first, last in kept):
                found.append((operator, occurrence))
    return found


def changed(module: str, source: str, operator: Operator, occurrence: int) -> Mutant | None:
    """The mutant, or None if it is no program or the same one."""
    content = mutate_code(source, operator, occurrence)
    try:
        if content is None or ast.dump(ast.parse(content)) == ast.dump(ast.parse(source)):
            return None
    except SyntaxError:
        return None
    pairs = enumerate(zip_longest(source.splitlines(), content.splitlines(), fillvalue=""))
    line, (old, new) = next((at, pair) for at, pair in pairs if pair[0] != pair[1] and pair[0])
    return Mutant(module, line + 1, old.strip(), new.strip(), content)


def drawn(root: Path, module: str, sample: int | None, seed: int) -> list[Mutant]:
    """A module's mutants, or some of them: those of one seed are those of a larger sample too."""
    source = (root / module).read_text()
    wanted = places(source)
    random.Random(f"{seed} {module}").shuffle(wanted)  # noqa: S311 - no secret
    found: list[Mutant] = []
    for operator, occurrence in wanted:
        if sample is not None and len(found) >= sample:
            break
        mutant = changed(module, source, operator, occurrence)
        if mutant is not None:
            found.append(mutant)
    return found
