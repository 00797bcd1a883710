"""Probe what a live node's chain has of all that the contracts need, before a deployment.

    brownie run preflight --network <network>
    brownie run preflight <account> --network <network>

The account is any that has a wei: the calls that measure prices pretend to come from it. Without
one it is who proposed the latest block. Nothing is sent.
"""

from dataclasses import fields
from typing import Any

from brownie import network, web3
from rich.console import Console
from rich.table import Table

from scripts.lib.gas_prices import measure_prices, required
from scripts.lib.preflight import has_p256verify, has_prevrandao, prevrandao


def probe(node: Any, account: str) -> dict[str, str]:
    """Return what the chain has, by name, for people to read.

    Args:
        node: web3, connected.
        account: that has a wei.
    """
    block, prices = node.eth.get_block("latest"), measure_prices(node, account)
    random = "random"
    if not block["number"]:
        random = "unknown: the chain has its first block only"
    elif not has_prevrandao(node):
        random = f"CONSTANT {prevrandao(node)}: parties can choose among seeds"
    return {
        "chain id": str(node.eth.chain_id),
        "P256VERIFY (EIP-7951)": "yes" if has_p256verify(node) else "NO: no quote can be verified",
        "prevrandao (EIP-4399)": random,
        "gas limit of a block": f"{block['gasLimit']:,}",
        **{f"gas of {each.name}": f"{getattr(prices, each.name):,}" for each in fields(prices)},
        "least payment_gas": ", ".join(f"{n} {g:,}" for n, g in required(prices)._asdict().items()),
    }


def main(account: str | None = None) -> dict[str, str]:
    """Probe the active network; print and return what it has."""
    found = probe(web3, account or web3.eth.get_block("latest")["miner"])
    table = Table(title=f"What {network.show_active()} has", show_header=False)
    for name, value in found.items():
        table.add_row(name, value)
    Console().print(table)
    return found
