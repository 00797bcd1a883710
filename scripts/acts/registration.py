"""Before the first act: operators register enclaves, and the chain refuses three quotes."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from brownie import accounts, chain
from brownie.exceptions import VirtualMachineError

from offchain.attestation.simulated import DEVELOPMENT_SEED, Machine, SimulatedIntel
from offchain.enclave import Enclave
from scripts.acts.roles import Operator, TamperedEnclave
from scripts.acts.stage import ETHER, QUORUM, Stage, ether

STAKE = 2 * ETHER


def registrations(stage: Stage) -> None:
    """Seven operators; and three quotes that the chain refuses."""
    stage.console.rule("Operators register enclaves; the chain verifies each (SIMULATED) quote")
    intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
    for seat in range(3 * QUORUM + 1):
        # The first two are broken, as act two will show.
        enclave = (TamperedEnclave if seat < QUORUM else Enclave).boot(secrets.token_bytes)
        machine = Machine.simulate(intel, f"demo machine {seat}")
        operator = Operator(f"operator {seat}", accounts[2 + seat], stage.made, machine, enclave)
        receipt = operator.register(STAKE)
        stage.operators.append(operator)
        stage.done(f"{operator.name} staked {ether(STAKE)} and registered", receipt)
    first, second = stage.operators[:2]
    number = chain.height - 1
    quote = first.evidence(first.account.address, number)
    impostor = replace(first, account=second.account)
    attributes = b"\x07" + first.program.attributes[1:]
    debug = replace(first, program=replace(first.program, attributes=attributes))
    debugged = debug.evidence(first.account.address, number)
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
