"""Bring a local chain what the simulated Intel publishes, as `attestation update` does."""

from brownie import web3
from rich.console import Console
from web3 import HTTPProvider, Web3

from offchain.chain.node import Node
from offchain.chain.transactions import NodeSender
from offchain.chain.updates import carry_out, make_plan
from offchain.chain.verifier import Verifier
from offchain.simulation import DEVELOPMENT_SEED, SimulatedIntel, bundle
from scripts.lib.local_chain import now


def bring_documents(verifier: str, account: str, console: Console) -> None:
    """Bring all that SIMULATED quotes need.

    Args:
        verifier: address of the contract, which trusts the simulated root.
        account: of the node, who pays.
        console: where each step is printed.
    """
    node = Node(Web3(HTTPProvider(web3.provider.endpoint_uri)), 0)
    found = bundle(SimulatedIntel.from_seed(DEVELOPMENT_SEED))
    plan = make_plan(Verifier(node, verifier), found, now())
    for step, gas in carry_out(plan, NodeSender(node.web3, account)):
        console.print(f"brought          {step.what} ({gas:,} gas)", highlight=False)
