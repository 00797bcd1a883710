"""Act three: two signatures of one enclave contradict each other, and its whole stake goes."""

from dataclasses import replace

from offchain.protocol.pricing import Award
from scripts.lib.acts.sale import Standing
from scripts.lib.acts.stage import Stage, ether
from scripts.lib.local_chain import send, warp


def equivocation(stage: Stage, standing: Standing) -> None:
    """Prove that one enclave signed two contradicting reports: its operator loses its stake."""
    stage.console.rule("Act three: two signatures of one enclave, proven on-chain")
    liar, registry = stage.dishonest[0], stage.made.registry
    other = replace(standing.report, awards=(Award(1, 900_000),))
    reports = [standing.report, other]
    cosignatures = [liar.forge(each, stage.domain) for each in reports]
    prover, stake = stage.free.pop(), liar.stake
    receipt = send(
        registry.prove_equivocation,
        standing.sale.task.to_abi(),
        [each.to_abi() for each in reports],
        [each.to_abi() for each in cosignatures],
        liar.account,
        liar.entry.sealing_key,
        account=prover,
    )
    reward = registry.credits(prover)
    stage.done(f"a prover is owed a quarter of {liar.name}'s stake, {ether(reward)}", receipt)
    burned = liar.stake
    warp(registry.operator(liar.account)[1])
    receipt = send(registry.burn_stake, liar.account, account=prover)
    stage.done(
        f"three weeks on, open to fines until then, the other {ether(burned)} burned", receipt
    )
    if liar.stake:
        raise RuntimeError(
            f"{liar.name} has {ether(liar.stake)} of stake, expected none of {ether(stake)}"
        )
