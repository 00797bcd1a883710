"""The outcome tables of docs/SPEC.md, "Disputes", as an oracle."""

import re
from dataclasses import asdict, dataclass

from tests.inprocess import ROOT

SPEC = ROOT / "docs" / "SPEC.md"


@dataclass(frozen=True)
class Facts:
    """The quantities of the tables, by their names."""

    q: int
    seat: int
    bond: int
    taken: int
    budget: int
    fee: int
    pot: int
    r: int
    sold: int


def _table(kind: str) -> list[list[str]]:
    section = SPEC.read_text().split("\n## Disputes\n")[1].split("\n## ")[0]
    lines = section.split(f"\n{kind}:\n")[1].strip().split("\n\n")[0].splitlines()
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def gains(kind: str, outcome: str, facts: Facts) -> dict[str, int]:
    """Return each party's gain by an outcome, from the table of a kind of money (Ether, Token)."""
    header, _, *rows = _table(kind)
    [row] = [row for row in rows if row[0] == outcome]
    for cell in row[1:]:
        assert re.fullmatch(r"[a-z0-9 +/%-]+", cell), f"{cell!r} is no sum"
    values = (eval(cell, {"__builtins__": {}}, asdict(facts)) for cell in row[1:])  # noqa: S307
    return dict(zip(header[1:], values, strict=True))


def outcomes() -> list[str]:
    """All of them; both tables have the same."""
    ether, token = ([row[0] for row in _table(kind)[2:]] for kind in ("Ether", "Token"))
    assert ether == token
    return ether
