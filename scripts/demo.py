"""Play a whole sale on a local chain, then a dispute and an equivocation: `make demo`.

Everything is real except the TEE: attestation is SIMULATED, and verified by the same contract that
verifies Intel's. Provider, developers and honest operators are what `golden-grain buy`, `sell` and
`operate` run; only the liars are made up. Each honest enclave is a process of its own. The chain is
Brownie's own anvil on a free port; the script moves its clock where people would wait.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from brownie._config import CONFIG
from rich.console import Console

from scripts.deploy import Deployment
from scripts.lib.acts.disputed import disputed_sale
from scripts.lib.acts.equivocation import equivocation
from scripts.lib.acts.honest import honest_sale
from scripts.lib.acts.operators import served
from scripts.lib.acts.registration import registrations
from scripts.lib.acts.stage import QUORUM, Stage, set_up


def main() -> Deployment:
    """Play all acts and return the contracts; raise an error if anything is not as it should be."""
    if CONFIG.network_type != "development":
        raise RuntimeError("the demo moves the clock: expected a development network")
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        clients = [
            ends.enter_context(served(folder, f"machine {seat}")) for seat in range(2 * QUORUM + 1)
        ]
        stage = set_up(Console(), folder)
        registrations(stage, clients)
        honest_sale(stage)
        sale, forged = disputed_sale(stage)
        equivocation(stage, sale, forged)
        empty_the_market(stage)
        return stage.made


def empty_the_market(stage: Stage) -> None:
    """Let the operators take what they earned; check that nothing is left in the market."""
    stage.begin("The end")
    for each in stage.honest:
        for line in each.earnings.step():
            stage.tell(each.name, line)
    market = stage.made.market
    stage.say(f"the market holds {market.balance()} wei")
    if market.balance():
        raise RuntimeError(f"the market holds {market.balance()} wei, expected none")
