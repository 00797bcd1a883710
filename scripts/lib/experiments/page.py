"""docs/EXPERIMENTS.md from the figures of a run and the snapshot of the gas."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from textwrap import fill
from typing import Any

from offchain.protocol.passes import part_rows
from scripts.lib.bench.market import TOLERANCE
from scripts.lib.experiments.data import DATA_SETS, DOLLAR
from scripts.lib.gas_report import SNAPSHOT, read
from scripts.lib.replay import FORKS
from scripts.scaling import Assumptions, sale_gas

TEMPLATE = Path(__file__).with_name("page.md")
PPM, WIDTH = 10**6, 120
SHOWN = 1, 2, 4, 8
"""Numbers of models of a purchase that the page shows."""
OFFERED = 1, 6, 20, 50
"""Numbers of models of a sale whose gas it shows."""


@dataclass(frozen=True)
class Model:
    """A model in the sale of a data set.

    Args:
        data_set: its name.
        kind: of the model.
        size: bytes of the ONNX file.
        score: parts per million.
        price: units of the token.
        enclave: CPU seconds of a run in the enclave's sandbox.
        plain: CPU seconds of plain onnxruntime.
    """

    data_set: str
    kind: str
    size: int
    score: int
    price: int
    enclave: float
    plain: float


@dataclass(frozen=True)
class Purchase:
    """Models that a rule buys in the market: their number, price, and scores (ppm) of the vote."""

    rule: str
    models: int
    paid: int
    seen: int
    unseen: int


@dataclass(frozen=True)
class Figures:
    """All figures of a run.

    Args:
        sizes: samples to learn from, and of the hidden test set, by data set.
        models: of all data sets.
        purchases: in the market of so many developers.
        developers: of the market.
        minutes: of the run.
        machine: and its versions.
        load: of the machine.
    """

    sizes: dict[str, tuple[int, int]]
    models: list[Model]
    purchases: list[Purchase]
    developers: int
    minutes: float
    machine: str
    load: str

    @classmethod
    def of(cls, content: dict[str, Any]) -> "Figures":
        """Read figures from JSON."""
        models = [Model(**each) for each in content.pop("models")]
        purchases = [Purchase(**each) for each in content.pop("purchases")]
        return cls(models=models, purchases=purchases, **content)


def line(model: Model) -> str:
    """Return the row of a model."""
    return (
        f"| {model.data_set} | {model.kind} | {model.score / PPM:.3f} "
        f"| {model.price / DOLLAR:,.0f} | {model.size / 1000:,.0f} | {1000 * model.plain:,.1f} "
        f"| {1000 * model.enclave:,.1f} | {1000 * (model.enclave - model.plain):,.1f} "
        f"| {model.enclave / model.plain:.2f} |"
    )


def sets(figures: Figures) -> Iterator[str]:
    """Yield a row for each data set: terms of its task."""
    for each in DATA_SETS:
        if each.name in figures.sizes:
            learn, test = figures.sizes[each.name]
            yield (
                f"| {each.name} | {each.origin} | {learn:,} | {test:,} | `{each.metric}` "
                f"| {each.low / PPM:.2f} | {each.high / PPM:.2f} |"
            )


def costs(assumed: Assumptions) -> Iterator[str]:
    """Yield a row for each number of models: the gas of a sale, and its price."""
    rows = read(SNAPSHOT)["rows"]
    for count in OFFERED:
        yield f"| {count} {_cost(sale_gas(rows, count), assumed)} |"


def best_prices(figures: Figures) -> list[float]:
    """Return the price (dollars) of the best model of each data set, by rising price."""
    best: dict[str, float] = {}
    for model in figures.models:
        best[model.data_set] = max(best.get(model.data_set, 0), model.price / DOLLAR)
    return sorted(best.values())


def _cost(gas: dict[str, int], assumed: Assumptions) -> str:
    cells = []
    for fork in FORKS:
        dollars = gas[fork] * 1e-9 * assumed.dollars_an_ether
        cells += [
            f"{gas[fork]:,}",
            f"{dollars * assumed.l1_gwei:,.2f}",
            f"{dollars * assumed.rollup_gwei:,.3f}",
        ]
    return "| " + " | ".join(cells)


def parties(assumed: Assumptions) -> Iterator[str]:
    """Yield a row for each party: the gas of its calls in a sale."""
    rows = read(SNAPSHOT)["rows"]
    calls = {
        "provider": ("create_task, 2 knots", "settle, 1 signer"),
        "developer who does not sell": ("commit_model, 2nd", "reveal_model, later"),
        "developer who sells": ("commit_model, 2nd", "reveal_model, later", "claim_award, of 1"),
        "operator": ("close_reveals", "post_report, 1 signature, roster of 4, 1 award"),
    }
    for party, names in calls.items():
        gas = {fork: sum(rows[name][fork] for name in names) for fork in FORKS}
        yield f"| {party} {_cost(gas, assumed)} |"


def bought(figures: Figures, assumed: Assumptions) -> Iterator[str]:
    """Yield a row for each purchase that the page shows."""
    rows = read(SNAPSHOT)["rows"]
    largest = max(each.models for each in figures.purchases if each.rule == "ensemble")
    for each in figures.purchases:
        if each.models not in SHOWN and (each.rule, each.models) != ("ensemble", largest):
            continue
        title = "the best one" if each.rule == "top" and each.models == 1 else each.rule
        gas = sale_gas(rows, figures.developers, each.models)["osaka"]
        dollars = gas * 1e-9 * assumed.dollars_an_ether * assumed.l1_gwei
        yield (
            f"| {title} | {each.models} | {each.paid / DOLLAR:,.0f} | {each.seen / PPM:.4f} "
            f"| {each.unseen / PPM:.4f} | {gas:,} | {dollars:,.2f} |"
        )


def finding(figures: Figures) -> str:
    """Return what the rules give in the market, in words."""
    team = [each for each in figures.purchases if each.rule == "ensemble"][-1]
    top = {each.models: each for each in figures.purchases if each.rule == "top"}

    def told(each: Purchase) -> str:
        return (
            f"{each.paid / DOLLAR:,.0f} dollars and errs on {100 - 100 * each.unseen / PPM:.2f} %"
        )

    return (
        f"The team of {team.models} costs {told(team)} of the unseen images. The {team.models} "
        f"best together: {told(top[team.models])}. The best one alone: {told(top[1])}."
    )


def write(figures: Figures) -> str:
    """Return the page."""
    assumed, prices = Assumptions(), best_prices(figures)
    times = {(model.data_set, model.kind): model.enclave for model in figures.models}
    regression, whole, count = times["diabetes", "linear"], sum(times.values()), len(times)
    return TEMPLATE.read_text(encoding="utf-8").format(
        minutes=figures.minutes,
        machine=fill(figures.machine, WIDTH),
        load=fill(figures.load, WIDTH),
        sets="\n".join(sets(figures)),
        models="\n".join(map(line, figures.models)),
        tolerance=100 * TOLERANCE / PPM,
        part=part_rows("accuracy", 10_000, None, TOLERANCE),
        count=count,
        whole=whole,
        mean=1000 * whole / count,
        megabytes=sum(model.size for model in figures.models) / count / PPM,
        added=1000 * median(model.enclave - model.plain for model in figures.models),
        costs="\n".join(costs(assumed)),
        least=prices[0],
        most=prices[-1],
        parties="\n".join(parties(assumed)),
        market="\n".join(bought(figures, assumed)),
        finding=fill(finding(figures), WIDTH),
        developers=figures.developers,
        regression=1000 * regression,
        sale=sale_gas(read(SNAPSHOT)["rows"], 1)["osaka"],
        l1=assumed.l1_gwei,
        rollup=assumed.rollup_gwei,
        ether=assumed.dollars_an_ether,
    )
