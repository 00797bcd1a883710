"""``golden-grain register``: register an operator's enclave, or renew it."""

import argparse
from collections.abc import Callable, Iterator

from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError

from offchain.attestation.programs import measurement
from offchain.chain.registry import Registry
from offchain.chain.transactions import Sender
from offchain.chain.verifier import Verifier
from offchain.cli import common as shared
from offchain.operator.client import EnclaveClient
from offchain.operator.registration import attest
from offchain.simulation.intel import root_name


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--enclave", required=True, help="URL of the operator's own service")
    parser.add_argument(
        "--verifier", required=True, type=shared.address, help="address of the verifier contract"
    )
    parser.add_argument(
        "--stake", type=int, default=0, help="wei to add to the stake first (%(default)s)"
    )
    shared.add_account(parser)
    shared.add_market(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Register the enclave once its quote is verified locally.

    Raises:
        QuoteRejected: the verifier would refuse the quote, for this reason.
        ValueError: the quote is bound to other report data, the registry refuses the call, or the
            chain has too few blocks.
        ServiceError: the enclave gives no quote.
    """
    sender, market = shared.sender_of(arguments), shared.market_of(arguments)
    registry = Registry(market.node, market.registry)
    verifier = Verifier(market.node, arguments.verifier)
    with EnclaveClient(arguments.enclave) as enclave:
        evidence = attest(enclave, registry, verifier, sender.address)
    verified = evidence.verified
    named = measurement(arguments.verifier, verified.program)
    yield f"quote verified under root: {root_name(verifier.root_key)}"
    yield f"measurement 0x{named.hex()}, platform 0x{verified.platform.hex()}"
    yield registry.in_words(named)
    entry = evidence.entry
    retired = registry.retired_by(entry.signing_key, verified.platform, named)
    if retired:
        yield (
            f"retires {retired}: this platform has one active enclave of the program, and the "
            "rosters that name the retired one lose its seat"
        )
    functions = registry.contract.functions
    if arguments.stake:
        _send(sender, functions.stake(), arguments.stake)
        yield f"staked {arguments.stake} wei"
    keys = entry.to_abi()
    registered = arguments.verifier, evidence.packed, *keys, evidence.block_number
    _send(sender, functions.register_enclave(*registered))
    yield f"registered {entry.signing_key}"


def _send(sender: Sender, function: ContractFunction, value: int = 0) -> None:
    try:
        sender.send(function, value)
    except ContractLogicError as error:
        raise ValueError(f"registry refuses {function.fn_name}: {error}") from error
