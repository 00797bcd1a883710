"""Measure how the gas of each function grows with the size of a sale: `make gas` runs this too.

The sales are played in this process, and each measured call is replayed as a whole transaction on
the state that it found, under both hardforks (scripts/lib/replay.py).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.lib.gas_report import DRAFTS
from scripts.lib.replay import FORKS, Figures, Gas, Recorded, figures
from tests import sale as parts
from tests.attacks.gas_limits import world
from tests.deployment import Sale
from tests.inprocess import Chain, account, deploy, models

TOKEN_UNIT = 10**18
HOUR = 3_600
SIZES = {
    "submissions": (1, 10, 100, 1_000),
    "tasks": (1, 10, 100, 1_000),
    "awards": (1, 2, 4, 8),
    "signatures": (1, 2, 3),
    "seats of a panel": (3, 5, 7),
}

Row = tuple[str, int, str]
"""The name of what grows, its size, and the function."""


@dataclass
class Growth:
    """A market whose calls can be recorded."""

    chain: Any
    token: Any
    rows: dict[Row, Gas] = field(default_factory=dict)
    nonces: Iterator[int] = field(default_factory=count)

    @classmethod
    def set_up(cls) -> "Growth":
        """Ten operators; words of the ledger that are not zero, as in the steady state."""
        chain, token = Chain(10), deploy("testing/PlainToken", 18)
        token.mint(chain.provider, 10**12 * TOKEN_UNIT)
        token.mint(chain.market.address, TOKEN_UNIT)
        token.approve(chain.market.address, 2**256 - 1, sender=chain.provider)
        made = cls(chain, token)
        for quorum in (1, 3):
            sale = made.sale(quorum=quorum)
            stands = made.entered(sale, 1).post((0, 900_000))
            sale.claim(stands, 0)
            sale.settle(stands)
            disputed = made.sale(quorum=quorum)
            stands = made.entered(disputed, 1).post((0, 900_000))
            disputed.dispute(account("challenger"))
            disputed.resolve(stands, (0, 850_000))
        return made

    def sale(self, quorum: int = 1) -> Sale:
        start = self.chain.now
        return Sale(
            self.chain,
            self.chain.enclaves[: 3 * quorum + 1],
            token=str(self.token.address),
            budget=1_000 * TOKEN_UNIT,
            benchmark_fee=5 * TOKEN_UNIT,
            max_awards=8,
            quorum=quorum,
            max_submissions=1_000,
            nonce=next(self.nonces),
            curve=parts.curve((600_000, 100 * TOKEN_UNIT), (1_000_000, 101 * TOKEN_UNIT)),
            commit_deadline=start + HOUR,
            reveal_deadline=start + 7 * HOUR,
            report_deadline=start + 13 * HOUR,
        )

    def settle(self, stands: parts.Posted) -> None:
        self.chain.settle(stands, self.chain.provider)

    def models(self, sale: Sale, number: int) -> list[parts.Model]:
        names = (f"{sale.task.nonce} {n}" for n in range(number))
        return [replace(each, uri="ipfs://" + 59 * "x") for each in models(*names)]

    def entered(self, sale: Sale, number: int) -> Sale:
        """The sale with this many submissions, all revealed."""
        return sale.enter(*self.models(sale, number))

    def record(self, row: Row, step: Callable[[], Any]) -> Any:
        """Take a step of a sale, which is one transaction, and record that."""
        driver = self.chain.driver
        send, calls = driver.send, []

        def recording(method: Any, *args: Any, sender: str, value: int = 0) -> Any:
            data = "0x" + method.prepare_calldata(*args).hex()
            call = {
                "sender": str(sender),
                "to": str(method.contract.address),
                "data": data,
                "value": str(value),
            }
            # The accounts are those of the process: a copy, before the call changes them.
            request = json.loads(json.dumps({"world": world(str(sender)), "call": call}))
            calls.append(Recorded(request, None))
            return send(method, *args, sender=sender, value=value)

        driver.send = recording
        try:
            made = step()
        finally:
            driver.send = send
        (recorded,) = calls
        self.rows[row] = Gas((recorded,))
        return made


# ── What grows ──


def by_submissions(growth: Growth, size: int) -> None:
    """The last commit and the last reveal, and what follows."""
    sale, grows = growth.sale(), ("submissions", size)
    *others, last = growth.models(sale, size)
    sale.create().commit(*others)
    growth.record((*grows, "commit_model"), lambda: sale.commit(last))
    sale.reveal(*range(size - 1))
    growth.record((*grows, "reveal_model"), lambda: sale.reveal(size - 1))
    growth.record((*grows, "close_reveals"), sale.close)
    stands = growth.record((*grows, "post_report"), lambda: sale.post((size - 1, 900_000)))
    growth.record((*grows, "claim_award"), lambda: sale.claim(stands, 0))
    growth.record((*grows, "settle"), lambda: growth.settle(stands))


def by_tasks(growth: Growth, size: int) -> None:
    """A task and its first commit, after so many less one."""
    for _ in range(size - 1):
        growth.sale().create()
    sale = growth.sale()
    growth.record(("tasks", size, "create_task"), sale.create)
    model = growth.models(sale, 1)[0]
    growth.record(("tasks", size, "commit_model"), lambda: sale.commit(model))


def by_awards(growth: Growth, size: int) -> None:
    sale, grows = growth.entered(growth.sale(), size), ("awards", size)
    awards = [(n, 900_000 - n) for n in range(size)]
    stands = growth.record((*grows, "post_report"), lambda: sale.post(*awards))
    for award in range(size - 1):
        sale.claim(stands, award)
    growth.record((*grows, "claim_award"), lambda: sale.claim(stands, size - 1))
    growth.record((*grows, "settle"), lambda: growth.settle(stands))


def by_signatures(growth: Growth, size: int) -> None:
    sale, grows = growth.entered(growth.sale(size), 1), ("signatures", size)
    stands = growth.record((*grows, "post_report"), lambda: sale.post((0, 900_000)))
    sale.claim(stands, 0)
    growth.record((*grows, "settle"), lambda: growth.settle(stands))


def by_panel(growth: Growth, size: int) -> None:
    sale, grows = growth.entered(growth.sale((size - 1) // 2), 1), ("seats of a panel", size)
    stands = sale.post((0, 900_000))
    growth.record((*grows, "dispute_report"), lambda: sale.dispute(account("challenger")))
    growth.record((*grows, "resolve_dispute"), lambda: sale.resolve(stands, (0, 850_000)))


AXES = {
    "submissions": by_submissions,
    "tasks": by_tasks,
    "awards": by_awards,
    "signatures": by_signatures,
    "seats of a panel": by_panel,
}


def measure(sizes: dict[str, tuple[int, ...]]) -> dict[Row, Figures]:
    """Return the gas of each function at each size, under each hardfork."""
    growth = Growth.set_up()
    for name, grow in AXES.items():
        for size in sizes.get(name, ()):
            grow(growth, size)
    named = figures({json.dumps(row): gas for row, gas in growth.rows.items()})
    return {row: named[json.dumps(row)] for row in growth.rows}


def table(found: dict[Row, Figures], fork: str) -> Table:
    """Return the functions as rows and the sizes as columns, one block for each axis."""
    made = Table(title=f"Growth, {fork}", caption=DRAFTS)
    made.add_column("")
    for n in range(4):
        made.add_column(f"size {n + 1}", justify="right")
    for axis in {axis: None for axis, _, _ in found}:
        sizes = list({size: None for name, size, _ in found if name == axis})
        made.add_row(axis, *(f"{size:,}" for size in sizes), style="bold")
        for function in {function: None for name, _, function in found if name == axis}:
            cells = (f"{found[axis, size, function][fork]:,}" for size in sizes)
            made.add_row(f"  {function}", *cells)
    return made


def main() -> dict[Row, Figures]:
    """Measure and print how gas grows; return it by axis, size and function."""
    found = measure(SIZES)
    for fork in FORKS:
        Console().print(table(found, fork))
    return found


if __name__ == "__main__":
    main()
