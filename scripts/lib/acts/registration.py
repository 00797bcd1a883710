"""Before the first act: operators register enclaves, and the chain refuses three quotes."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from brownie import accounts, chain, web3
from brownie.exceptions import VirtualMachineError

from offchain.chain.node import Node
from offchain.chain.registry import Registry
from offchain.operator.client import EnclaveClient
from offchain.simulation import DEVELOPMENT_SEED, Machine, SimulatedIntel
from scripts.lib.acts.operators import DishonestOperator, HonestOperator, TamperedEnclave
from scripts.lib.acts.stage import ETHER, QUORUM, Stage, ether

STAKE = 2 * ETHER


def registrations(stage: Stage, clients: Sequence[EnclaveClient]) -> None:
    """Two dishonest operators, an honest one for each service; three quotes that are refused."""
    stage.console.rule("Operators register enclaves; the chain verifies each (SIMULATED) quote")
    intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
    for seat in range(QUORUM):
        stage.dishonest.append(
            DishonestOperator(
                name=f"operator {seat}",
                account=accounts[2 + seat],
                made=stage.made,
                machine=Machine.simulate(intel, f"machine {seat}"),
                enclave=TamperedEnclave.boot(secrets.token_bytes),
            )
        )
    for seat, client in enumerate(clients, QUORUM):
        account = accounts[2 + seat]
        stage.honest.append(
            HonestOperator(name=f"operator {seat}", account=account, made=stage.made, client=client)
        )
    for operator in stage.operators:
        receipt = operator.register(STAKE)
        stage.done(f"{operator.name} staked {ether(STAKE)} and registered", receipt)
    described(stage)
    refusals(stage)


def described(stage: Stage) -> None:
    """Show what the tools tell a provider of the program that its task names."""
    measurement = stage.operators[0].measurement
    registry = Registry(Node(web3, 0), stage.made.registry.address)
    stage.say(f"  all of them run 0x{measurement.hex()}")
    stage.say(f"  {registry.in_words(measurement)}")


def refusals(stage: Stage) -> None:
    """Quotes that anybody might try, and what the chain says to them."""
    first, second = stage.dishonest
    number = chain.height - 1
    quote, debug = first.evidence(number), first.in_debug_mode()
    debugged, impostor = debug.evidence(number), replace(first, account=second.account)
    refused(stage, "a debug enclave", lambda: debug.present(debugged, number))
    refused(stage, "a quote for another operator", lambda: impostor.present(quote, number))
    refused(stage, "a quote replayed", lambda: first.present(quote, chain.height - 1))


def refused(stage: Stage, what: str, act: Callable[[], Any]) -> None:
    """Show that the chain refuses, and why."""
    try:
        act()
    except VirtualMachineError as error:
        stage.say(f"  refused: {what}: [yellow]{error.revert_msg}[/yellow]")
    else:
        raise RuntimeError(f"{what} was accepted, expected a refusal")
