"""Act two: two operators with broken enclaves post a forged report, and it is overturned."""

from brownie import accounts

from offchain.protocol.messages import Posted
from offchain.protocol.pricing import Award
from offchain.protocol.reports import Report, by_signer
from scripts.lib.acts import exhibits
from scripts.lib.acts.sale import Standing, benchmark, claim_all, open_sale, post, settle, table
from scripts.lib.acts.stage import Stage, ether
from scripts.lib.local_chain import send


def disputed_sale(stage: Stage) -> Standing:
    """Two operators with broken enclaves post a wrong report and lose their fine."""
    stage.console.rule("Act two: a forged report is disputed and overturned")
    data, market = stage.data, stage.market
    sale = open_sale(
        stage,
        [
            stage.developer("small forest", exhibits.random_forest(data, 5)),
            stage.developer("perceptron", exhibits.perceptron(data)),
        ],
    )
    liars, panel = stage.dishonest, stage.honest
    forged = Report(
        sale.id,
        0,
        sale.transcript.seed,
        sale.transcript.inventory_digest(list(sale.transcript.by_index)),
        bytes(32),
        (0,),
        (Award(0, 1_000_000),),
    )
    cosignatures = [liar.forge(forged, stage.domain) for liar in liars]
    stage.say("  tampered with, for the demo, their enclaves sign what was never measured")
    standing = post(stage, sale, forged, cosignatures, liars)

    challenger = stage.free.pop()
    bond = market.seat_bond() * len(panel)
    receipt = send(market.dispute_report, sale.task.to_abi(), account=challenger, value=bond)
    stage.done(f"a challenger disputed it with {ether(bond)}", receipt)
    signed = benchmark(stage, sale, panel, Posted(forged, standing.cosignatures))
    verdict = signed[0].report
    ordered = by_signer(verdict.digest(stage.domain), [each.cosignature for each in signed])
    stakes = [liar.stake for liar in liars]
    receipt = send(
        market.resolve_dispute,
        sale.task.to_abi(),
        [entry.to_abi() for entry in stage.roster],
        forged.to_abi(),
        standing.signers,
        challenger.address,
        verdict.to_abi(),
        [each.to_abi() for each in ordered],
        account=accounts[0],
    )
    if receipt.return_value:
        raise RuntimeError("the forged report was upheld, expected it overturned")
    stage.done(f"a panel of {len(panel)} overturned it, awards: {len(verdict.awards)}", receipt)
    for liar, stake in zip(liars, stakes, strict=True):
        stage.say(f"  {liar.name} was fined {ether(stake - liar.stake)}")
    credit = stage.made.registry.credits(challenger)
    stage.say(f"  the challenger is owed {ether(credit)} of fines")
    rightful = Standing(sale, verdict)
    table(stage, rightful, signed[0])
    claim_all(stage, rightful)
    settle(stage, rightful)
    return standing
