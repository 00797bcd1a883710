"""Act two: two operators with broken enclaves post a forged report, and it is overturned."""

from collections.abc import Sequence

from brownie import accounts

from offchain.chain.history import DISPUTED, FINAL
from offchain.chain.market import Market
from offchain.operator.posting import report_call
from offchain.protocol.errors import SubmissionFault
from offchain.protocol.messages import Posted
from offchain.protocol.pricing import Award
from offchain.protocol.reports import Report
from offchain.protocol.results import Result, Results, make_results
from offchain.protocol.task import Roster
from scripts.lib.acts import exhibits
from scripts.lib.acts.operators import DishonestOperator
from scripts.lib.acts.parties import enter, post_task
from scripts.lib.acts.registration import results_of
from scripts.lib.acts.sale import Sale
from scripts.lib.acts.stage import Stage, ether


def disputed_sale(stage: Stage) -> tuple[Sale, Report]:
    """Let two operators post a wrong report and lose their fine; return it with its sale."""
    stage.begin("Act two: a forged report is disputed and overturned")
    data, market = stage.data, stage.market
    provider = post_task(stage, accounts[1], nonce=2)
    models = {
        "small forest": exhibits.random_forest(data, 5),
        "perceptron": exhibits.perceptron(data),
    }
    sale = Sale(stage, provider, enter(stage, provider, models))
    sale.to_the_seed()
    stage.turn(provider)
    forged = post_forged(stage, sale)
    stakes = [liar.stake for liar in stage.dishonest]

    challenger = sale.sellers[1]
    stage.play([challenger], until=lambda: market.stage(sale.id) == DISPUTED)
    stage.play([provider, *stage.honest], until=lambda: market.stage(sale.id) == FINAL)
    for liar, stake in zip(stage.dishonest, stakes, strict=True):
        stage.say(f"  {liar.name} was fined {ether(stake - liar.stake)}")
    credit = stage.made.registry.credits(challenger.address)
    stage.say(f"  {challenger.name} is owed {ether(credit)} of fines")
    sale.table()
    sale.to_the_end()
    return sale, forged


def forge(
    market: Market, task_id: bytes, roster: Roster, liars: Sequence[DishonestOperator], best: int
) -> tuple[Posted, Results]:
    """Return a report that tampered enclaves sign: one model is worth everything, others nothing.

    Args:
        market: with the task, whose reveals are closed.
        task_id: bytes32.
        roster: of the task.
        liars: as many as its quorum.
        best: index of the submission that the report awards.
    """
    history = market.history(task_id)
    if history is None:
        raise RuntimeError(f"no task 0x{task_id.hex()}, expected it on the chain")
    transcript = market.transcript(history, roster)
    indices = list(transcript.by_index)
    nothing = [Result(each, None, SubmissionFault.KEYRING) for each in indices if each != best]
    invented = sorted([Result(best, 1_000_000), *nothing], key=lambda each: each.index)
    results = make_results(task_id, transcript.leaves, bytes(32), invented, chosen=(best,))
    report = Report(
        task_id,
        0,
        transcript.seed,
        transcript.inventory_digest(indices),
        results.root(),
        (best,),
        (Award(best, 1_000_000),),
    )
    return Posted(report, tuple(liar.forge(report, market.domain) for liar in liars)), results


def post_forged(stage: Stage, sale: Sale) -> Report:
    """Post a forged report and publish its results, as operators do."""
    roster, liars = sale.provider.documents.roster, stage.dishonest
    posted, results = forge(stage.market, sale.id, roster, liars, best=0)
    call = report_call(stage.market, sale.provider.task, roster, posted)
    stage.sender(liars[0].account).send(call)
    for liar in liars:
        results_of(stage, liar.name).put(posted.report, results)
    names = " and ".join(liar.name for liar in liars)
    stage.tell(names, "posted what their enclaves, tampered with, never measured")
    return posted.report
