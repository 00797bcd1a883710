"""Act two: two operators with broken enclaves post a forged report, and it is overturned."""

from brownie import accounts

from offchain.chain.history import DISPUTED, FINAL
from offchain.operator.posting import report_call
from offchain.protocol.errors import SubmissionFault
from offchain.protocol.messages import Posted
from offchain.protocol.pricing import Award
from offchain.protocol.reports import Report
from offchain.protocol.results import Result, make_results
from scripts.lib.acts import exhibits
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
    forged = forge(stage, sale)
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


def forge(stage: Stage, sale: Sale) -> Report:
    """Post a report of tampered enclaves: one model is worth everything, the other nothing."""
    market, history = stage.market, sale.history
    roster, task = sale.provider.documents.roster, sale.provider.task
    transcript = market.transcript(history, roster)
    invented = [Result(0, 1_000_000), Result(1, None, SubmissionFault.KEYRING)]
    results = make_results(sale.id, transcript.leaves, bytes(32), invented, chosen=(0,))
    report = Report(
        sale.id,
        0,
        transcript.seed,
        transcript.inventory_digest(list(transcript.by_index)),
        results.root(),
        (0,),
        (Award(0, 1_000_000),),
    )
    cosignatures = tuple(liar.forge(report, market.domain) for liar in stage.dishonest)
    call = report_call(market, task, roster, Posted(report, cosignatures))
    stage.sender(stage.dishonest[0].account).send(call)
    for liar in stage.dishonest:
        results_of(stage, liar.name).put(report, results)
    names = " and ".join(liar.name for liar in stage.dishonest)
    stage.tell(names, "posted what their enclaves, tampered with, never measured")
    return report
