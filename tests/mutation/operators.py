"""Mutants of a Vyper source: each is the source with one node of its syntax tree changed.

The operators are the usual ones (Offutt's selective set, and what is special to contracts): the
relations, the connectives, arithmetic and shifts, the constants, the order of arguments, the
deletion of statements and thereby of whole requirements, other revert reasons, and the guards that
decorators and pragmas give.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from vyper.ast import nodes, parse_to_ast

RELATIONS = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "in": ("not in",),
    "not in": ("in",),
}
ARITHMETIC = {
    "+": "-",
    "-": "+",
    "*": "//",
    "//": "*",
    "%": "//",
    "**": "*",
    "<<": ">>",
    ">>": "<<",
    "&": "|",
    "|": "&",
    "^": "|",
}
FUNCTIONS = {
    "min": "max",
    "max": "min",
    "unsafe_add": "unsafe_sub",
    "unsafe_sub": "unsafe_add",
    "unsafe_mul": "unsafe_div",
    "unsafe_div": "unsafe_mul",
}
ORDERLESS = {"convert", "range", "min", "max", "unsafe_add", "unsafe_mul", "_revert"}
SIGNS = {
    "Lt": "<",
    "LtE": "<=",
    "Gt": ">",
    "GtE": ">=",
    "Eq": "==",
    "NotEq": "!=",
    "In": "in",
    "NotIn": "not in",
    "Add": "+",
    "Sub": "-",
    "Mult": "*",
    "FloorDiv": "//",
    "Mod": "%",
    "Pow": "**",
    "LShift": "<<",
    "RShift": ">>",
    "BitAnd": "&",
    "BitOr": "|",
    "BitXor": "^",
}
DEFINITIONS = nodes.StructDef, nodes.InterfaceDef, nodes.FlagDef, nodes.EventDef, nodes.DocStr
TYPES = re.compile(r"String|Bytes|DynArray|HashMap|u?int\d+|bytes\d+|address")
PRAGMA = re.compile(rb"^# pragma nonreentrancy on$", re.MULTILINE)
REASON = re.compile(rb"errors\._revert\((\w+\.\w+)\)")


@dataclass(frozen=True)
class Mutant:
    """A change of one module: the bytes from `start` to `end` give way to `new`."""

    module: str  # its path in the project
    operator: str
    start: int
    end: int
    line: int  # counted from 1
    text: str  # the line as it is, without its indentation
    old: str
    new: str

    @property
    def change(self) -> str:
        """The change in words of the source; statements and blocks show their first line only."""
        return f"{self.old.splitlines()[0]} → {self.new}"

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


class Source:
    """A module's bytes, its tree, and where each node of the tree stands."""

    def __init__(self, module: str, source: bytes) -> None:
        self.module, self.source = module, source
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.tree = parse_to_ast(source.decode())

    def span(self, node: Any) -> tuple[int, int]:
        start = self.starts[node.lineno - 1] + node.col_offset
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: Any) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def mutant(self, operator: str, start: int, end: int, new: str) -> Mutant:
        line = self.source.count(b"\n", 0, start) + 1
        text, old = self.lines[line - 1].decode().strip(), self.source[start:end].decode()
        return Mutant(self.module, operator, start, end, line, text, old, new)

    def replace(self, operator: str, node: Any, new: str) -> Mutant:
        return self.mutant(operator, *self.span(node), new)

    def between(self, operator: str, left: Any, right: Any, old: str, new: str) -> Iterator[Mutant]:
        """Change a sign between two operands; around it are blanks and brackets alone."""
        start, end = self.span(left)[1], self.span(right)[0]
        signs = re.escape(old).replace(r"\ ", r"\s+")
        found = re.fullmatch(rf"[\s)]*({signs})[\s(]*", self.source[start:end].decode())
        if found:
            at = start + len(self.source[start:end].decode()[: found.start(1)].encode())
            yield self.mutant(operator, at, at + len(found.group(1)), new)


def relations(source: Source, node: Any) -> Iterator[Mutant]:
    if isinstance(node, nodes.Compare):
        sign = SIGNS[type(node.op).__name__]
        for new in RELATIONS.get(sign, ()):
            yield from source.between("relation", node.left, node.right, sign, new)


def connectives(source: Source, node: Any) -> Iterator[Mutant]:
    if isinstance(node, nodes.BoolOp):
        old = "and" if isinstance(node.op, nodes.And) else "or"
        for left, right in pairwise(node.values):
            new = "or" if old == "and" else "and"
            yield from source.between("connective", left, right, old, new)
    if isinstance(node, nodes.If | nodes.IfExp | nodes.Assert) and not isinstance(
        node.test, nodes.Compare | nodes.UnaryOp
    ):
        yield source.replace("condition", node.test, f"not ({source.text(node.test)})")
    if isinstance(node, nodes.UnaryOp) and isinstance(node.op, nodes.Not | nodes.Invert):
        yield source.replace("negation", node, f"({source.text(node.operand)})")


def arithmetic(source: Source, node: Any) -> Iterator[Mutant]:
    if isinstance(node, nodes.BinOp):
        sign = SIGNS[type(node.op).__name__]
        yield from source.between("arithmetic", node.left, node.right, sign, ARITHMETIC[sign])
    if isinstance(node, nodes.AugAssign):
        sign = SIGNS[type(node.op).__name__]
        new = f"{ARITHMETIC[sign]}="
        yield from source.between("arithmetic", node.target, node.value, f"{sign}=", new)
    if isinstance(node, nodes.Call) and getattr(node.func, "id", None) in FUNCTIONS:
        yield source.replace("arithmetic", node.func, FUNCTIONS[node.func.id])


def constants(source: Source, node: Any) -> Iterator[Mutant]:
    text = source.text(node) if isinstance(node, nodes.Constant) else ""
    if isinstance(node, nodes.Int) and re.fullmatch(r"[\d_]+", text):
        yield source.replace("constant", node, str(node.value + 1))
        if node.value > 0:
            yield source.replace("constant", node, str(node.value - 1))
    elif isinstance(node, nodes.Hex) and text.startswith("0x"):
        yield source.replace("constant", node, text[:-1] + ("1" if text[-1] == "0" else "0"))
    elif isinstance(node, nodes.NameConstant) and text in ("True", "False"):
        yield source.replace("constant", node, "False" if text == "True" else "True")
    elif isinstance(node, nodes.Str) and len(text) > 3 and not source.module.endswith("errors.vy"):
        yield source.replace("constant", node, text[:-2] + '~"')


def arguments(source: Source, node: Any) -> Iterator[Mutant]:
    if isinstance(node, nodes.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        for left, right in pairwise(node.args) if name not in ORDERLESS else ():
            first, second = source.text(left), source.text(right)
            (start, middle), (after, end) = source.span(left), source.span(right)
            if first != second:
                new = second + source.source[middle:after].decode() + first
                yield source.mutant("argument order", start, end, new)


def statements(source: Source, node: Any) -> Iterator[Mutant]:
    """Delete a statement; deleting what an `if` guards deletes a requirement."""
    if isinstance(node, nodes.Expr | nodes.Assign | nodes.AugAssign | nodes.Log | nodes.Assert):
        yield source.replace("statement", node, "pass")
    if isinstance(node, nodes.Break | nodes.Continue | nodes.Raise):
        yield source.replace("statement", node, "pass")
    if isinstance(node, nodes.Return) and node.value is None:
        yield source.replace("statement", node, "pass")


def guards(source: Source, node: Any) -> Iterator[Mutant]:
    if isinstance(node, nodes.FunctionDef):
        for decorator in node.decorator_list:
            if source.text(decorator) in ("payable", "nonreentrant", "reentrant"):
                start, end = source.span(decorator)
                yield source.mutant("guard", start - 1, end, "")  # with its @


OPERATORS: tuple[Callable[[Source, Any], Iterator[Mutant]], ...] = (
    relations,
    connectives,
    arithmetic,
    constants,
    arguments,
    statements,
    guards,
)


def reasons(source: Source) -> Iterator[Mutant]:
    """Revert with the next other reason that the module knows."""
    known = sorted({found.group(1) for found in REASON.finditer(source.source)})
    for found in REASON.finditer(source.source):
        other = known[(known.index(found.group(1)) + 1) % len(known)]
        if other != found.group(1):
            yield source.mutant("reason", found.start(1), found.end(1), other.decode())


def without_types(node: Any) -> Iterator[Any]:
    """All nodes below one, but for types: a change of one seldom compiles."""
    for child in node.get_children():
        of = getattr(child, "value", None) if isinstance(child, nodes.Subscript) else None
        if isinstance(child, DEFINITIONS) or TYPES.fullmatch(str(getattr(of, "id", ""))):
            continue
        yield child
        yield from without_types(child)


def mutants(module: str, content: bytes) -> list[Mutant]:
    """All mutants of a module's source, in its order, each once."""
    source = Source(module, content)
    found = [*reasons(source)]
    for pragma in PRAGMA.finditer(content):
        found.append(source.mutant("guard", pragma.end() - 2, pragma.end(), "off"))
    for node in without_types(source.tree):
        for operator in OPERATORS:
            found.extend(operator(source, node))
    unique = {(mutant.start, mutant.end, mutant.new): mutant for mutant in found}
    return [unique[key] for key in sorted(unique)]
