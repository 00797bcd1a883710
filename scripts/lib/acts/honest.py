"""Act one: a provider buys a team of models."""

from brownie import accounts

from scripts.lib.acts import exhibits
from scripts.lib.acts.parties import enter, post_task
from scripts.lib.acts.sale import Sale
from scripts.lib.acts.stage import Stage


def honest_sale(stage: Stage) -> None:
    """Sell seven models, of which the provider buys the best team."""
    stage.begin("Act one: a provider buys a team of models")
    data = stage.data
    forest = exhibits.random_forest(data)
    provider = post_task(stage, accounts[1], nonce=1)
    models = {
        "logistic regression": exhibits.logistic_regression(data),
        "random forest": forest,
        "perceptron": exhibits.perceptron(data),
        "near-copy of perceptron": exhibits.near_copy_of_perceptron(data),
        "copycat of the forest": forest,
        "dear forest": exhibits.random_forest(data, 60),
        "no show": exhibits.random_forest(data, 5),
    }
    sale = Sale(stage, provider, enter(stage, provider, models, dear_forest=50 * 10**18))
    sale.to_the_seed(silent=["no show"])
    sale.to_a_report()
    sale.table()
    sale.to_the_end()
