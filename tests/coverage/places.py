"""Statements and branches of a source, and which of them were executed.

A branch is an outcome of an `if`, of an `assert`, of a conditional expression, or of an operand of
`and` and `or` that decides on its own. A loop has none: its body and what follows are statements.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from vyper.ast import nodes
from vyper.ast.parse import parse_to_ast

from tests.coverage.code import Code, Key, key_of

DECISIONS = nodes.If, nodes.Assert, nodes.IfExp, nodes.BoolOp
JUMPS = nodes.Break, nodes.Continue
RUNS, TRUE, FALSE, EITHER = "runs", "is true", "is false", "is both"

Steps = Iterable[tuple[int, int]]
Decision = tuple[Key, int]
"""A node that decides, and which of its operands."""


@dataclass(frozen=True, order=True)
class Gap:
    """A place that no test reaches: what never happens to the code of a line."""

    module: str
    line: int
    text: str
    never: str


@dataclass
class Executed:
    """Everything that ran, in any contract."""

    compiled: set[Key] = field(default_factory=set)
    """Nodes that have instructions."""
    ran: set[Key] = field(default_factory=set)
    outcomes: dict[Decision, set[bool]] = field(default_factory=lambda: defaultdict(set))
    decided: set[Decision] = field(default_factory=set)
    """Both outcomes were seen in one bytecode; which jump is which may differ between two."""

    def add(self, code: Code, steps: Steps) -> None:
        """Count the pairs of program counters that followed one another in a bytecode."""
        keys = {at: key for at, (key, _) in code.nodes.items()}
        self.compiled |= {*keys.values()}
        following = defaultdict[int, set[int]](set)
        for at, then in steps:
            following[at].add(then)
        self.ran |= {keys[at] for at in following.keys() & keys.keys()}
        jumps = defaultdict[Key, list[int]](list)
        for at in code.jumps():
            if at in keys and isinstance(code.nodes[at][1], DECISIONS):
                jumps[keys[at]].append(at)
        for key, found in jumps.items():
            operands = operands_of(code.nodes[found[0]][1])
            if len(found) % operands:
                raise AssertionError(f"{key}: {len(found)} jumps for {operands} decisions")
            for operand in range(operands):
                # An internal function may stand in a bytecode more than once.
                seen = {then == at + 1 for at in found[operand::operands] for then in following[at]}
                self.outcomes[key, operand] |= seen
                if len(seen) == 2:
                    self.decided.add((key, operand))


def operands_of(node: nodes.VyperNode) -> int:
    """How many decisions a node makes: `and` and `or` leave the last one to what contains them."""
    if isinstance(node, nodes.BoolOp):
        return len(node.values) - 1
    always = isinstance(node, nodes.Assert) and isinstance(node.test, nodes.NameConstant)
    return 0 if always else 1


class Module:
    """The places of one source."""

    def __init__(self, name: str, file: Path, executed: Executed) -> None:
        self.name, self.executed = name, executed
        self.source = file.read_text()
        self.functions = [
            each for each in parse_to_ast(self.source).get_children(nodes.FunctionDef) if each.body
        ]

    def key(self, node: nodes.VyperNode) -> Key:
        return key_of(node, self.name)

    def keys(self, node: nodes.VyperNode) -> set[Key]:
        """A node's key and those of its parts, but not of the blocks that it contains.

        A bare jump has none: Vyper puts its target before the decision, which then runs it always.
        """
        if isinstance(node, JUMPS) or (isinstance(node, nodes.Return) and node.value is None):
            return set()
        head = {nodes.If: "test", nodes.For: "iter"}.get(type(node))
        inner = [node, getattr(node, head)] if head else [node]
        parts = inner[-1].get_descendants()
        return {self.key(part) for part in (*inner, *parts)}

    def ran(self, node: nodes.VyperNode) -> bool:
        return not self.keys(node).isdisjoint(self.executed.ran)

    def covers(
        self, block: list[nodes.VyperNode], entered: bool | None
    ) -> Iterator[tuple[nodes.VyperNode, bool]]:
        """Yield a block's statements, and those of the blocks in them, with whether each ran.

        Of some the compiler marks no instruction, such as of `x: uint256 = 0`: they ran if
        another statement of the block did, or, where there is none, if the block was ``entered``.
        """
        marked = [each for each in block if not self.keys(each).isdisjoint(self.executed.compiled)]
        if marked:
            entered = any(map(self.ran, marked))
        for statement in block:
            ran = self.ran(statement) if statement in marked else bool(entered)
            yield statement, ran
            if isinstance(statement, nodes.If):
                both = (self.key(statement), 0) in self.executed.decided
                yield from self.covers(statement.body, both)
                yield from self.covers(statement.orelse or [], both)
            elif isinstance(statement, nodes.For):
                yield from self.covers(statement.body, None)

    @cached_property
    def statements(self) -> list[tuple[nodes.VyperNode, bool]]:
        """Every statement, with whether it ran."""
        found = []
        for function in self.functions:
            found += self.covers(function.body, self.key(function) in self.executed.ran)
        return found

    def gaps(self) -> tuple[list[Gap], int, int]:
        """Return all that never happened, and the numbers of statements and of branches."""
        found = [self.gap(node, RUNS) for node, ran in self.statements if not ran]
        branches = 0
        for function in self.functions:
            for node in function.get_descendants(DECISIONS):
                for operand in range(operands_of(node)):
                    branches += 2
                    found += self.undecided(node, operand)
        return sorted(found), len(self.statements), branches

    def undecided(self, node: nodes.VyperNode, operand: int) -> Iterator[Gap]:
        """Name the outcomes of a decision that were never seen."""
        decision = self.key(node), operand
        if decision in self.executed.decided:
            return
        place = node.values[operand] if isinstance(node, nodes.BoolOp) else node.test
        if not self.executed.outcomes[decision]:
            missing = [TRUE, FALSE]
        else:
            missing = [self.missing(node, operand)]
        for never in missing:
            yield self.gap(place, never)

    def missing(self, node: nodes.VyperNode, operand: int) -> str:
        """Return the outcome that was never seen of the two, by what would have run after it."""
        follows, outcome = None, True
        if isinstance(node, nodes.BoolOp):
            follows, outcome = node.values[operand + 1], isinstance(node.op, nodes.And)
        elif isinstance(node, nodes.IfExp):
            follows = node.body
        elif isinstance(node, nodes.If):
            follows = node.body[0]
        if follows is None or self.keys(follows).isdisjoint(self.executed.compiled):
            return EITHER
        return FALSE if self.ran(follows) is outcome else TRUE

    def gap(self, node: nodes.VyperNode, never: str) -> Gap:
        """Quote a statement's first line, or a decision as a whole."""
        code = node.node_source_code
        words = code.splitlines()[0] if never == RUNS else code
        return Gap(self.name, node.lineno, " ".join(words.split()), never)
