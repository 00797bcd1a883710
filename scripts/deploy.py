"""Deploy policy, verifier, registry and market, and write `deployments/<network>.json`.

    brownie run deploy --network <network>

The settings stand in `scripts/config/<network>.json` (explained in scripts/lib/settings.py). The
account is one of Brownie's: on a live network the script asks which one, and asks again before it
sends anything.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brownie import (
    DcapVerifier,
    EnclaveRegistry,
    ModelMarket,
    TcbPolicy,
    accounts,
    chain,
    network,
    web3,
)
from brownie._config import CONFIG
from rich.console import Console
from rich.table import Table

from scripts.lib.deployment_log import DeploymentLog, write_json
from scripts.lib.documents import bring_documents
from scripts.lib.gas_prices import check_room, measure_prices
from scripts.lib.preflight import check_chain_id, check_p256verify, check_prevrandao
from scripts.lib.settings import Settings, load, status_names

DEPLOYMENTS = Path(__file__).parent.parent / "deployments"


@dataclass(frozen=True)
class Deployment:
    """The contracts of one deployment."""

    policy: Any
    verifier: Any
    registry: Any
    market: Any
    block: int
    """The block of the first contract: no event of any of them is in an earlier one."""


def deploy(
    deployer: Any, settings: Settings, console: Console, log: Path | None = None
) -> Deployment:
    """Deploy all four, introduce them to one another, describe programs, offer ownership.

    The policy knows no document of Intel's then, and the verifier no revocation list: anybody can
    bring them.

    Args:
        deployer: the account that sends every transaction, and owns what has no other owner.
        settings: checked settings.
        console: where each step is printed.
        log: file of an earlier run that stopped, to be resumed, and of this run.

    Raises:
        scripts.lib.deployment_log.DeploymentLogError: the log is of another deployment.
        scripts.lib.settings.SettingsError: at the prices of this chain, the gas of payments has no
            room; nothing was sent.
    """
    check_room(settings.payment_gas, measure_prices(web3, deployer.address))
    steps = DeploymentLog(deployer, log)
    root = [settings.root_key[:32], settings.root_key[32:]]
    policy = steps.deploy(TcbPolicy, settings.tcb_statuses, settings.grace_days)
    console.print(f"TcbPolicy        {policy.address}")
    verifier = steps.deploy(DcapVerifier, root, policy)
    steps.call(policy.set_verifier, verifier)
    console.print(f"DcapVerifier     {verifier.address}   root: {settings.root_name}")
    registry = steps.deploy(EnclaveRegistry, deployer, verifier, settings.platform_stake)
    console.print(f"EnclaveRegistry  {registry.address}")
    terms = settings.seat_bond, settings.min_tolerance, *settings.payment_gas
    market = steps.deploy(ModelMarket, registry, *terms)
    console.print(f"ModelMarket      {market.address}")
    steps.call(registry.set_market, market)
    for program in settings.programs:
        said = program.program, program.source, program.description
        steps.call(registry.describe_measurement, verifier, *said)
        console.print(f"described        {program}")
    if settings.owner is not None and settings.owner != deployer.address:
        for owned in (policy, registry):
            steps.call(owned.transfer_ownership, settings.owner)
        console.print(f"ownership offered to {settings.owner}, who has to accept it on both")
    return Deployment(policy, verifier, registry, market, steps.first_block)


def address_book(made: Deployment, settings: Settings, deployer: str) -> dict[str, Any]:
    """List what integrators need to find and judge a deployment."""
    return {
        "chain_id": chain.id,
        "block": made.block,
        "deployer": deployer,
        "owner": settings.owner or deployer,
        "root": settings.root_name,
        "root_key": settings.root_key.hex(),
        "tcb_statuses": status_names(settings.tcb_statuses),
        "seat_bond": settings.seat_bond,
        "min_tolerance": settings.min_tolerance,
        "platform_stake": settings.platform_stake,
        "payment_gas": settings.payment_gas._asdict(),
        "grace_days": settings.grace_days,
        "policy": made.policy.address,
        "verifier": made.verifier.address,
        "registry": made.registry.address,
        "market": made.market.address,
    }


def plan(settings: Settings, deployer: str, name: str) -> Table:
    """Return a table of what is about to be deployed."""
    table = Table(title=f"Deployment to {name}", show_header=False)
    table.add_row("chain id", str(chain.id))
    table.add_row("deployer", deployer)
    table.add_row("owner (guardian)", settings.owner or deployer)
    table.add_row("root of attestation", settings.root_name)
    table.add_row("seat bond", f"{settings.seat_bond} wei")
    table.add_row("smallest tolerance", f"{settings.min_tolerance} ppm")
    table.add_row("stake for each platform", f"{settings.platform_stake} wei")
    for name, gas in settings.payment_gas._asdict().items():
        table.add_row(f"gas of payments: {name}", str(gas))
    table.add_row("accepted TCB statuses", ", ".join(status_names(settings.tcb_statuses)))
    table.add_row("grace for stale documents", f"{settings.grace_days} days")
    for program in settings.programs:
        table.add_row("to describe, for good", f"{program}, 0x{program.program.hex()}")
    return table


def main() -> Deployment:
    """Deploy to the active network; return the contracts."""
    name = network.show_active()
    live = CONFIG.network_type == "live"
    return _deploy_to(name, load(name, live=live), DEPLOYMENTS, live=live)


def playground(book: str) -> Deployment:
    """Deploy to a local chain that runs already, for `golden-grain playground`.

    Args:
        book: file of the address book, which names the chain's node too.
    """
    settings = load("development", live=False)
    made = deploy(accounts[0], settings, Console())
    bring_documents(made.verifier.address, accounts[0].address, Console())
    values = address_book(made, settings, accounts[0].address)
    write_json({**values, "rpc": web3.provider.endpoint_uri}, Path(book))
    return made


def _deploy_to(name: str, settings: Settings, folder: Path, *, live: bool) -> Deployment:
    """Deploy, and write the address book into a folder.

    Raises:
        FileExistsError: the network has an address book.
        scripts.lib.preflight.WrongChainError: the node's chain is not the network's.
        RuntimeError: the user does not confirm.
    """
    console = Console()
    book, log = folder / f"{name}.json", folder / f"{name}.unfinished.json"
    if live and book.exists():
        raise FileExistsError(f"{book} names a deployment already: move it away to make another")
    known = CONFIG.active_network.get("chainid")
    wanted = {"the settings": settings.chain_id, "Brownie's network": known and int(known)}
    check_chain_id(chain.id, wanted, web3.provider.endpoint_uri)
    check_p256verify(web3)
    check_prevrandao(web3)
    deployer = _ask_account(console) if live else accounts[0]
    console.print(plan(settings, deployer.address, name))
    if live:
        if log.exists():
            console.print(f"going on where {log.name} ends")
        typed = console.input(f"Type the network's name ({name}) to deploy: ")
        if typed != name:
            raise RuntimeError(f"typed {typed!r}, expected {name!r}: nothing was deployed")
    try:
        made = deploy(deployer, settings, console, log if live else None)
    except BaseException:
        if live and log.exists():
            console.print(
                f"stopped: run the same command again with the same account, and it goes on where "
                f"{log} ends"
            )
        raise
    write_json(address_book(made, settings, deployer.address), book)
    log.unlink(missing_ok=True)
    console.print(f"written: {book}")
    return made


def _ask_account(console: Console) -> Any:
    return accounts.load(console.input("Brownie account to deploy from: "))
