"""Act one: a provider buys a team of models."""

from scripts.lib.acts import exhibits
from scripts.lib.acts.sale import (
    benchmark,
    claim_all,
    measure_again,
    open_sale,
    post,
    settle,
    table,
)
from scripts.lib.acts.stage import ETHER, QUORUM, Stage
from scripts.lib.local_chain import warp


def honest_sale(stage: Stage) -> None:
    stage.console.rule("Act one: a provider buys a team of models")
    data, market = stage.data, stage.market
    forest = exhibits.random_forest(data)
    sale = open_sale(
        stage,
        [
            stage.developer("logistic regression", exhibits.logistic_regression(data)),
            stage.developer("random forest", forest),
            stage.developer("perceptron", exhibits.perceptron(data)),
            stage.developer("near-copy of perceptron", exhibits.near_copy_of_perceptron(data)),
            stage.developer("copycat of the forest", forest),
            stage.developer("dear forest", exhibits.random_forest(data, 60), 50 * ETHER),
            stage.developer("never reveals", exhibits.random_forest(data, 5)),
        ],
        silent=("never reveals",),
    )
    judges = stage.honest[:QUORUM]
    signed = benchmark(stage, sale, judges)
    cosignatures = [each.cosignature for each in signed]
    standing = post(stage, sale, signed[0].report, cosignatures, judges)
    table(stage, standing, signed[0])
    warp(market.progress(sale.id)[1])
    bought = claim_all(stage, standing)
    measure_again(stage, standing, signed[0], bought)
    settle(stage, standing)
