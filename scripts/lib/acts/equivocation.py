"""Act three: two signatures of one enclave contradict each other, and its whole stake goes."""

from dataclasses import replace

from offchain.protocol.pricing import Award
from offchain.protocol.reports import Report
from scripts.lib.acts.sale import Sale
from scripts.lib.acts.stage import Stage, ether
from scripts.lib.local_chain import send, warp


def equivocation(stage: Stage, sale: Sale, report: Report) -> None:
    """Prove that one enclave signed two contradicting reports: its operator loses its stake."""
    stage.begin("Act three: two signatures of one enclave, proven on-chain")
    liar, registry = stage.dishonest[0], stage.made.registry
    reports = [report, replace(report, awards=(Award(0, 900_000),))]
    cosignatures = [liar.forge(each, stage.market.domain) for each in reports]
    prover, stake = stage.free.pop(), liar.stake
    send(
        registry.prove_equivocation,
        sale.provider.task.to_abi(),
        [each.to_abi() for each in reports],
        [each.to_abi() for each in cosignatures],
        liar.account,
        liar.entry.sealing_key,
        account=prover,
    )
    reward = registry.credits(prover)
    stage.say(f"  a prover is owed a quarter of {liar.name}'s stake, {ether(reward)}")
    burned = liar.stake
    warp(registry.operator(liar.account)[1])
    send(registry.burn_stake, liar.account, account=prover)
    stage.say(f"  three weeks on, open to fines until then, the other {ether(burned)} burned")
    if liar.stake:
        raise RuntimeError(
            f"{liar.name} has {ether(liar.stake)} of stake, expected none of {ether(stake)}"
        )
