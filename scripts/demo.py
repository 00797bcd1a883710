"""A whole sale on a local chain, then a dispute and an equivocation: `make demo`.

Everything is real but the TEE: attestation is SIMULATED, and checked by the same contract that
checks Intel's. Each honest enclave is a process of its own, spoken to through its service. The
chain is Brownie's own anvil on a free port; its clock is moved where people would wait.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from brownie._config import CONFIG
from rich.console import Console

from offchain.storage.store import Store
from scripts.acts.disputed import disputed_sale
from scripts.acts.equivocation import equivocation
from scripts.acts.honest import honest_sale
from scripts.acts.operators import served
from scripts.acts.registration import registrations
from scripts.acts.stage import NATIVE, QUORUM, Stage, ether, set_up
from scripts.local_chain import send


def main() -> None:
    """Play all acts; ends with an error if anything is not as it should be."""
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


def empty_the_market(stage: Stage) -> None:
    """The operators withdraw what they earned; everybody else was paid; the market is empty."""
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
