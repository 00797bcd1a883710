"""Sell models on standard data sets to an enclave; write docs/EXPERIMENTS.md: `make experiments`.

    python -m scripts.experiments            all data sets: a quarter of an hour on two cores
    python -m scripts.experiments --quick    a few samples of three sets, into another folder

The models are trained in the run. Each goes the way of a submission to an enclave in this process;
the gas is that of the snapshot of `make gas`. The figures are kept in reports/experiments.json,
from which scripts/lib/experiments/plots.py draws the plots.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from threadpoolctl import threadpool_limits

from offchain.enclave.models.text import load_locale
from offchain.protocol import metrics
from offchain.protocol.manifest import Selection
from offchain.protocol.pricing import Candidate, Knot, by_rank, price, walk
from offchain.protocol.sample import Samples
from offchain.protocol.selection import Votes
from offchain.provider.data import Data
from offchain.provider.hidden_set import BenchmarkTerms
from scripts.bench import load, machine
from scripts.lib.experiments import page
from scripts.lib.experiments.data import BUDGET, DATA_SETS, DOLLAR, DataSet, halves
from scripts.lib.experiments.learners import IMAGES, LEARNERS, train
from scripts.lib.experiments.page import Figures, Model, Purchase
from scripts.lib.experiments.sales import outputs, sell, times

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"
MARKET_CURVE = (Knot(800_000, DOLLAR), Knot(950_000, 1_000 * DOLLAR))
MOST_AWARDS = 8
MARKET_BUDGET = MOST_AWARDS * 1_000 * DOLLAR
QUICK = "iris", "diabetes", "sentences"


@dataclass(frozen=True)
class Size:
    """How much of each data set is used, and for how long a model is timed.

    Args:
        learn: samples to learn from, at most.
        test: samples of the hidden test set, at most.
        turns: of the enclave and plain onnxruntime with one model.
        developers: of the market.
        own: samples that each of them learns from.
    """

    learn: int
    test: int
    turns: int
    developers: int
    own: int


FULL = Size(60_000, 10_000, 10, 20, 1_500)
SMALL = Size(150, 400, 1, 3, 1_000)


def cut(samples: Samples, most: int) -> Samples:
    """Return the first samples."""
    return samples.rows(np.arange(min(most, len(samples.targets))))


def loaded(each: DataSet, size: Size) -> tuple[Samples, Data]:
    """Return what to learn from and the hidden test set, of this size at most."""
    learn, test = each.load()
    return cut(learn, size.learn), Data(cut(test.samples, size.test), inputs=test.inputs)


def study(each: DataSet, learn: Samples, test: Data, turns: int) -> Iterator[Model]:
    """Train models on a data set, sell them in one task, and yield what each is worth."""
    names = LEARNERS[each.kind]
    offers = [train(make, learn) for make in names.values()]
    terms = BenchmarkTerms(each.metric, Selection.TOP, description=each.name)
    sale = sell(test, terms, offers, curve=each.curve, budget=BUDGET, max_awards=1)
    for index, (name, score) in enumerate(zip(names, sale.scores, strict=True)):
        own, plain = times(sale.calls[index], turns)
        value = price(each.curve, score)
        yield Model(each.name, name, len(offers[index]), score, value, own, plain)


def market(size: Size) -> Iterator[Purchase]:
    """Sell mixed models of many developers by each rule, and yield what a provider pays and gets.

    Each developer has its own part of MNIST, and one of the kinds of models in turn. A random half
    of the test images is the hidden set; a purchase is worth the vote's score on the other half.
    """
    learn, test = DATA_SETS[0].load()
    parts = halves(test.samples.inputs, test.samples.targets)
    sample, fresh = (cut(part, size.test // 2) for part in parts)
    hidden = Data(sample)
    random, kinds, offers = np.random.default_rng(7), list(IMAGES.values()), []
    for number in range(size.developers):
        rows = random.choice(len(learn.targets), size.own, replace=False)
        offers.append(train(kinds[number % len(kinds)], learn.rows(rows)))
    team, best = (
        sell(
            hidden,
            BenchmarkTerms("accuracy", rule),
            offers,
            curve=MARKET_CURVE,
            budget=MARKET_BUDGET,
            max_awards=MOST_AWARDS,
        )
        for rule in (Selection.ENSEMBLE, Selection.TOP)
    )
    scores = team.scores

    def votes(part: Samples) -> Votes:
        tables = (outputs(model, part.inputs, team.manifest) for model in offers)
        measure = partial(metrics.score, "accuracy", part.targets)
        return Votes(dict(enumerate(tables)), measure)

    seen, unseen = votes(sample), votes(fresh)

    def purchase(rule: str, bought: tuple[int, ...]) -> Purchase:
        paid = sum(price(MARKET_CURVE, scores[index]) for index in bought)
        return Purchase(rule, len(bought), paid, seen.score(bought), unseen.score(bought))

    ranked = by_rank(Candidate(index, score, 0) for index, score in enumerate(scores))
    for count in range(1, min(MOST_AWARDS, size.developers) + 1):
        awards = walk(MARKET_CURVE, MARKET_BUDGET, count, ranked)
        yield purchase("top", tuple(award.index for award in awards))
    if awards != best.report.awards:
        raise RuntimeError(f"awards {awards}, expected those of the report {best.report.awards}")
    for count in range(1, len(team.report.choices) + 1):
        yield purchase("ensemble", tuple(team.report.choices[:count]))


def run(size: Size, sets: tuple[DataSet, ...], console: Console) -> Figures:
    """Run all experiments."""
    start = time.perf_counter()
    sizes, models, purchases = {}, [], []
    load_locale()  # of text for plain onnxruntime
    with threadpool_limits(1):
        for each in sets:
            learn, test = loaded(each, size)
            sizes[each.name] = len(learn.targets), len(test.samples.targets)
            for model in study(each, learn, test, size.turns):
                models.append(model)
                console.print(page.line(model))
        for purchase in market(size):
            purchases.append(purchase)
            console.print(purchase)
    minutes = (time.perf_counter() - start) / 60
    return Figures(sizes, models, purchases, size.developers, minutes, machine(), load())


def main(arguments: list[str] | None = None) -> Figures:
    """Run the experiments, write the page and the figures, and return these."""
    parser = argparse.ArgumentParser(prog="python -m scripts.experiments", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few samples of few data sets")
    parser.add_argument("--again", action="store_true", help="the page alone, from the last run")
    parser.add_argument(
        "--folder", type=Path, help="for page and figures; docs and reports if none"
    )
    options = parser.parse_args(arguments)
    folder = options.folder or (REPORTS / "quick" if options.quick else None)
    text, kept = (
        (ROOT / "docs" / "EXPERIMENTS.md", REPORTS / "experiments.json")
        if folder is None
        else (folder / "EXPERIMENTS.md", folder / "experiments.json")
    )
    kept.parent.mkdir(parents=True, exist_ok=True)
    if options.again:
        figures = Figures.of(json.loads(kept.read_text(encoding="utf-8")))
    else:
        size = SMALL if options.quick else FULL
        sets = tuple(each for each in DATA_SETS if each.name in QUICK or not options.quick)
        figures = run(size, sets, Console())
        kept.write_text(json.dumps(asdict(figures), indent=1), encoding="utf-8")
    text.write_text(page.write(figures), encoding="utf-8")
    return figures


if __name__ == "__main__":
    main()
