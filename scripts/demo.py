"""Play a whole sale on a local chain, then a dispute and an equivocation: `make demo`.

Everything is real except the TEE: attestation is SIMULATED, and verified by the same contract that
verifies Intel's. Each honest enclave is a process of its own, reached through its service. The
chain is Brownie's own anvil on a free port; the script moves its clock where people would wait.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from brownie._config import CONFIG
from rich.console import Console

from offchain.storage.store import Store
from scripts.deploy import Deployment
from scripts.lib.acts.disputed import disputed_sale
from scripts.lib.acts.equivocation import equivocation
from scripts.lib.acts.honest import honest_sale
from scripts.lib.acts.operators import served
from scripts.lib.acts.registration import registrations
from scripts.lib.acts.stage import NATIVE, QUORUM, Stage, ether, set_up
from scripts.lib.local_chain import send


def main() -> Deployment:
    """Play all acts and return the contracts; raise an error if anything is not as it should be."""
    if CONFIG.network_type != "development":
        raise RuntimeError("the demo moves the clock: expected a development network")
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        store = Store(str(folder / "store"))
        clients = [
            ends.enter_context(served(store, folder, f"machine {seat}"))
            for seat in range(QUORUM, 3 * QUORUM + 1)
        ]
        stage = set_up(Console(), store)
        registrations(stage, clients)
        honest_sale(stage)
        standing = disputed_sale(stage)
        equivocation(stage, standing)
        empty_the_market(stage)
        return stage.made


def empty_the_market(stage: Stage) -> None:
    """Let the operators withdraw what they earned; check that nothing is left in the market."""
    stage.console.rule("The end")
    market = stage.market
    for operator in stage.operators:
        if market.credits(NATIVE, operator.account):
            account = operator.account
            receipt = send(market.withdraw, NATIVE, account, account=account)
            stage.done(f"{operator.name} withdrew {ether(receipt.return_value)}", receipt)
    stage.say(f"the market holds {market.balance()} wei")
    if market.balance() or market.owed(NATIVE):
        raise RuntimeError(f"the market holds {market.balance()} wei, expected none")
