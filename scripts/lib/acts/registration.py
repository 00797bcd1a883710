"""Before the first act: operators register enclaves, and the chain refuses three quotes."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from brownie import accounts, chain
from brownie.exceptions import VirtualMachineError

from offchain.operator.client import EnclaveClient
from offchain.operator.fees import Earnings
from offchain.operator.operator import Operator
from offchain.operator.upkeep import Upkeep
from offchain.simulation import DEVELOPMENT_SEED, Machine, SimulatedIntel
from offchain.storage.publications import ResultsFolder
from offchain.storage.store import Store
from offchain.storage.submissions import SubmissionSources
from scripts.lib.acts.operators import DishonestOperator, HonestOperator, TamperedEnclave
from scripts.lib.acts.stage import NATIVE, QUORUM, Stage

STAKE = 2 * 10**18


def registrations(stage: Stage, clients: Sequence[EnclaveClient]) -> None:
    """Register an honest operator for each service, then two dishonest ones; show refusals."""
    stage.begin("Operators register enclaves; the chain verifies each (SIMULATED) quote")
    for seat, client in enumerate(clients):
        stage.honest.append(honest_operator(stage, seat, client))
    for each in stage.honest:
        for line in each.upkeep.step():
            stage.tell(each.name, line)
    first = min(int(client.identity().signing_key, 16) for client in clients)
    intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
    for seat in range(len(clients), len(clients) + QUORUM):
        liar = DishonestOperator(
            name=f"operator {seat}",
            account=accounts[2 + seat],
            made=stage.made,
            machine=Machine.simulate(intel, f"machine {seat}"),
            enclave=enclave_below(first),
        )
        liar.register(STAKE)
        stage.tell(liar.name, f"registered {liar.entry.signing_key}")
        stage.sender(liar.account).send(
            stage.registry.contract.functions.announce(results_of(stage, liar.name).url)
        )
        stage.dishonest.append(liar)
    refusals(stage)


def honest_operator(stage: Stage, seat: int, client: EnclaveClient) -> HonestOperator:
    """Return an operator with the parts of `golden-grain operate`."""
    name, sender = f"operator {seat}", stage.sender(accounts[2 + seat])
    results = results_of(stage, name)
    sources = SubmissionSources(Store(str(stage.folder / name / "fetched")), local=True)
    return HonestOperator(
        name=name,
        operator=Operator(stage.market, sources, client, sender, results, turn=1),
        upkeep=Upkeep(client, stage.registry, stage.verifier, sender, results.url, STAKE),
        earnings=Earnings(stage.market, stage.registry, sender, {NATIVE: 0}),
    )


def results_of(stage: Stage, name: str) -> ResultsFolder:
    """Return the folder that an operator announces."""
    return ResultsFolder(str(stage.folder / name / "published"))


def enclave_below(first: int) -> TamperedEnclave:
    """Boot enclaves until one has a signing key below all others': it gets the test set first."""
    enclave = TamperedEnclave.boot(secrets.token_bytes)
    while int(enclave.identity.signing_key, 16) >= first:
        enclave = TamperedEnclave.boot(secrets.token_bytes)
    return enclave


def refusals(stage: Stage) -> None:
    """Show quotes that anybody might try, and what the chain says to them."""
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
