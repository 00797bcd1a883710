"""Tables of gas, the committed snapshot, and the first figures that savings are counted from."""

import json
from pathlib import Path

from rich.table import Table

from scripts.lib.replay import FORKS, Figures

CONFIG = Path(__file__).parents[1] / "config"
SNAPSHOT = CONFIG / "gas_snapshot.json"
"""The figures of `make gas` that somebody accepted last."""
FIRST = CONFIG / "gas_first.json"
"""Gas at e63fd6b, before payments became certain, and at 3efa0ed, with certainty and the URI of a
task, before savings; both replayed under the prices of `make gas`."""
MOST_RISE = 100
"""A row may be above the snapshot by one part in this many."""
DRAFTS = "Amsterdam: the drafts of August 2026 in @ethereumjs/vm 10.1.3, which still change"
SALE = "one sale: create, commit, later reveal, close, post, claim"

_OLD_WORD, _NEW_WORD, _READ, _ACCOUNT = 5_000, 22_100, 2_100, 2_600
_TRANSFER = 1_756  # the event of the token


def _event(topics: int, words: int) -> int:
    return 375 * (1 + topics) + 8 * 32 * words


FLOORS = {
    "create_task, 2 knots": {
        "transaction and calldata": 28_752,
        "progress, a new word": _NEW_WORD,
        "token: call, balance twice, allowance, two balances": (
            _ACCOUNT + _READ + 300 + _READ + _OLD_WORD + 2_900 + _TRANSFER
        ),
        "event": _event(3, 31),
    },
    "commit_model, 2nd": {
        "transaction and calldata": 22_088,
        "progress": _OLD_WORD,
        "commitment, a new word": _NEW_WORD,
        "event": _event(3, 2),
    },
    "reveal_model, later": {
        "transaction and calldata": 25_872,
        "progress, leaf, head": 3 * _OLD_WORD,
        "payment of the bond": 6_800,
        "event": _event(2, 13),
    },
    "close_reveals": {
        "transaction and calldata": 21_576,
        "progress, seed": 2 * _OLD_WORD,
        "event": _event(2, 3),
    },
    "post_report, 1 signature, roster of 4, 1 award": {
        "transaction and calldata": 31_976,
        "progress, head": 2 * _OLD_WORD,
        "registry: call, five words": _ACCOUNT + 5 * _READ,
        "signature": 3_000,
        "event": _event(2, 13),
    },
    "claim_award, of 1": {
        "transaction and calldata": 25_388,
        "progress": _OLD_WORD,
        "head, leaf": 2 * _READ,
        "credit, written and taken back; at most a fifth comes back": 3_893,
        "token: call, two balances, one new": _ACCOUNT + _OLD_WORD + _NEW_WORD + _TRANSFER,
        "event": _event(3, 7),
    },
    "settle, 1 signer": {
        "transaction and calldata": 29_876,
        "progress, two credits": 3 * _OLD_WORD,
        "head": _READ,
        "token: call, two balances": _ACCOUNT + 2 * _OLD_WORD + _TRANSFER,
        "events": _event(2, 3) + 2 * _event(3, 1),
    },
    "void": {
        "transaction and calldata": 27_296,
        "progress": _OLD_WORD,
        "token: call, two balances": _ACCOUNT + 2 * _OLD_WORD + _TRANSFER,
        "event": _event(2, 2),
    },
}
"""Gas under osaka that an operation needs at least, with this calldata and these words of storage:
what no better code for the same interface can save."""
ENDINGS = "settle, 1 signer", "void"
"""Operations that are not part of `SALE`."""


def table(found: dict[str, Figures], limits: dict[str, int]) -> Table:
    """Return each operation under each hardfork, beside its limit of today."""
    made = Table(title="Gas", caption=DRAFTS)
    made.add_column("operation")
    for heading in ("osaka", "at most", "Amsterdam"):
        made.add_column(heading, justify="right")
    for name, figures in found.items():
        style = "red" if figures["osaka"] > limits[name] else None
        cells = figures["osaka"], limits[name], figures["amsterdam"]
        made.add_row(name, *(f"{each:,}" for each in cells), style=style)
    return made


def first_figures(found: dict[str, Figures]) -> Table:
    """Return what changed since e63fd6b; certainty and the URI came first, savings after them."""
    first, before = read(FIRST)["e63fd6b"], read(FIRST)["3efa0ed"]
    made = Table(title="Since e63fd6b", caption=DRAFTS)
    made.add_column("operation")
    for fork in FORKS:
        for heading in (f"{fork}, first", "certainty, URI", "now", "change"):
            made.add_column(heading, justify="right")
    for name, figures in found.items():
        if name not in first:
            continue
        cells = []
        for fork in FORKS:
            at_first, now = first[name][fork], figures[fork]
            added = before[name][fork] - at_first
            cells += [f"{at_first:,}", f"{added:+,}", f"{now:,}", f"{now / at_first - 1:+.1%}"]
        made.add_row(name, *cells)
    return made


def floors(found: dict[str, Figures]) -> Table:
    """Return what each operation needs at least, part by part, beside what it uses."""
    made = Table(title="Floor and measured, osaka")
    made.add_column("operation")
    for heading in ("floor", "measured", "above"):
        made.add_column(heading, justify="right")
    sale = [sum(parts.values()) for name, parts in FLOORS.items() if name not in ENDINGS]
    for name, parts in {**FLOORS, SALE: {"": sum(sale)}}.items():
        floor, used = sum(parts.values()), found[name]["osaka"]
        made.add_row(name, f"{floor:,}", f"{used:,}", f"{used - floor:,}", style="bold")
        for part, gas in parts.items():
            if part:
                made.add_row(f"  {part}", f"{gas:,}", "", "")
    return made


def read(path: Path) -> dict[str, dict[str, Figures]]:
    """Return the figures of one of the files above."""
    figures: dict[str, dict[str, Figures]] = json.loads(path.read_text())
    return figures


def write(found: dict[str, Figures]) -> None:
    """Make figures the snapshot."""
    SNAPSHOT.write_text(json.dumps({"rows": found}, indent=1) + "\n")


def check(found: dict[str, Figures], limits: dict[str, int]) -> None:
    """Compare with limits and snapshot.

    Raises:
        RuntimeError: names each row that is above its limit, above the snapshot by more than 1 %,
            or not in the snapshot.
    """
    check_limits(found, limits)
    faults = regressions(found, read(SNAPSHOT)["rows"])
    if faults:
        raise RuntimeError(
            f"against the snapshot: {'; '.join(faults)}. If that is wanted: brownie run gas accept"
        )


def check_limits(found: dict[str, Figures], limits: dict[str, int]) -> None:
    """Raise `RuntimeError` with the rows that are above their limits under osaka."""
    over = [name for name, figures in found.items() if figures["osaka"] > limits[name]]
    if over:
        raise RuntimeError(f"over the limit: {'; '.join(over)}")


def regressions(found: dict[str, Figures], snapshot: dict[str, Figures]) -> list[str]:
    """Return what is wrong with figures beside those of the snapshot, one text for each row."""
    faults = [f"{name} is measured in one of the two only" for name in found.keys() ^ snapshot]
    for name in found.keys() & snapshot:
        for fork in FORKS:
            before, now = snapshot[name][fork], found[name][fork]
            if now > before + abs(before) // MOST_RISE:
                faults.append(
                    f"{name} under {fork} uses {now:,}, expected at most 1 % over {before:,}"
                )
    return sorted(faults)
