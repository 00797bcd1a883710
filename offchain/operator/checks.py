"""Obstacles that keep an operator from earning: found at the start, and from time to time.

Every line names what cannot work and what to do about it. An operator without any line is at work.
"""

from collections.abc import Iterator
from uuid import uuid4

from offchain.chain.market import Market
from offchain.chain.registry import Registry
from offchain.chain.tokens import in_ether
from offchain.chain.transactions import NodeSender, Sender
from offchain.operator.client import EnclaveClient
from offchain.operator.stakes import Standing
from offchain.operator.upkeep import DAY
from offchain.protocol.errors import GoldenGrainError
from offchain.protocol.messages import ServiceError
from offchain.storage.publications import Folder
from offchain.storage.store import read, write

GAS_OF_A_DAY = 5_000_000
"""Gas that an operator should have the ether for: reports, verdicts and a registration."""
STALE_BLOCK = 600
"""Seconds after which a node's latest block shows that it does not follow its chain."""


def check_folder(published: Folder, public: Folder) -> Iterator[str]:
    """Yield a line if what is written to the own folder cannot be read at its public address."""
    name, content = "probe", uuid4().hex.encode()
    try:
        write(f"{published.url.rstrip('/')}/{name}", content)
        found = read(f"{public.url.rstrip('/')}/{name}", 2**10, public.patience, **_of(public))
    except Exception as error:  # whatever a library raises for a wrong address
        yield f"nobody can read the folder at {public.url}: {error}. Serve {published.url} there"
    else:
        if found != content:
            yield f"{public.url} is another folder than {published.url}: serve that one there"


def _of(folder: Folder) -> dict[str, object]:
    return dict(folder.options)


def check_service(enclave: EnclaveClient, *, simulated: bool) -> Iterator[str]:
    """Yield a line if the enclave does not answer, or is SIMULATED where Intel's root counts."""
    try:
        health = enclave.health()
    except (ServiceError, GoldenGrainError) as error:
        yield f"the enclave does not answer: {error}. Start it with `golden-grain serve`"
        return
    if health.simulated and not simulated:
        yield "the enclave is SIMULATED, and this deployment trusts real machines only"


def check_account(market: Market, sender: Sender) -> Iterator[str]:
    """Yield a line if the account cannot sign, or has little ether for gas."""
    web3 = market.node.web3
    if isinstance(sender, NodeSender) and sender.address not in web3.eth.accounts:
        yield f"the node does not hold the account {sender.address}: name a key file"
    block = web3.eth.get_block("latest")
    needed = GAS_OF_A_DAY * int(block.get("baseFeePerGas", 0))
    balance = int(web3.eth.get_balance(sender.address))
    if balance < max(needed, 1):
        costs = f"{in_ether(balance)}, gas for a day costs {in_ether(needed)}"
        yield f"{sender.address} has {costs}: send it ether"


def check_node(market: Market, now: float) -> Iterator[str]:
    """Yield a line if the node is behind its chain, or confirmations are out of reach.

    Args:
        market: on the node.
        now: time of this machine, in Unix seconds.
    """
    node = market.node
    block = node.web3.eth.get_block("latest")
    behind = int(now) - int(block["timestamp"])
    if behind > STALE_BLOCK and node.web3.eth.chain_id != 31337:
        yield f"the node's latest block is {behind // 60} minutes old: is it in sync?"
    if node.confirmed() < 0:
        yield (
            f"no block has {node.confirmations} confirmations on this chain of "
            f"{block['number']} blocks: nothing is seen before that"
        )


def check_standing(
    registry: Registry, operator: str, enclave: EnclaveClient, margin: int
) -> Iterator[str]:
    """Yield lines on what the registry holds against the operator or its enclave."""
    standing = Standing.of(registry, operator)
    if standing.condemned_at:
        yield f"operator {operator} is condemned for two contradicting reports: its stake is lost"
    elif standing.unlocks_at:
        yield f"operator {operator} has asked for its stake back: its enclaves cannot sign"
    key = enclave.identity().signing_key
    named = registry.registrations(key)
    if not named:
        yield f"enclave {key} is not registered"
        return
    yield from _revocations(registry, key, named[-1])
    known = registry.registered(key, named[-1])
    if known is not None and known.operator != operator:
        yield f"enclave {key} is registered for {known.operator}, not for {operator}"
    now = registry.node.now()
    left = registry.expiry(key, named[-1]) - now
    if left <= 0:
        yield f"the registration of enclave {key} has expired"
    elif left <= margin // 2:
        yield f"the registration of enclave {key} ends in {left // DAY} days and was not renewed"


def _revocations(registry: Registry, key: str, measurement: bytes) -> Iterator[str]:
    functions = registry.contract.functions
    if functions.enclave(key, measurement).call()[2]:
        yield f"the guardian revoked enclave {key}: restart it, and it gets another key"
    verifier, revoked_at = functions.measurement(measurement).call()
    if revoked_at:
        yield f"the guardian revoked the program 0x{measurement.hex()}: run another one"
    if functions.verifier(verifier).call()[2]:
        yield f"the guardian revoked the verifier {verifier}"
    known = registry.registered(key, measurement)
    if known is not None and functions.platform(known.platform).call()[2]:
        yield f"the guardian revoked this machine, platform 0x{known.platform.hex()}"
