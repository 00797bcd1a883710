"""A whole sale on a local chain, then a dispute and an equivocation: `make demo`.

Everything is real but the TEE: attestation is SIMULATED, and checked by the same contract that
checks Intel's. Each honest enclave is a process of its own, spoken to through its service. The
chain is Brownie's own anvil on a free port; its clock is moved where people would wait.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from brownie import accounts
from brownie._config import CONFIG
from rich.console import Console

from offchain.artifacts.store import Store
from scripts.acts.disputed import disputed_sale
from scripts.acts.equivocation import equivocation
from scripts.acts.honest import honest_sale
from scripts.acts.operators import served
from scripts.acts.registration import registrations
from scripts.acts.stage import QUORUM, Stage, ether, set_up
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
    """Everybody withdraws what is left to withdraw; the market holds nothing."""
    stage.console.rule("The end")
    market, native = stage.market, "0x" + 40 * "0"
    for account in accounts:
        if market.credits(native, account):
            receipt = send(market.withdraw, native, account, account=account)
            stage.done(f"{_name(stage, account)} withdrew {ether(receipt.return_value)}", receipt)
    stage.say(f"the market holds {market.balance()} wei")
    if market.balance() or market.owed(native):
        raise RuntimeError(f"the market holds {market.balance()} wei, expected none")


def _name(stage: Stage, account: Any) -> str:
    names = {operator.account.address: operator.name for operator in stage.operators}
    return str(names.get(account.address, account.address))
