"""``python -m offchain register``: register an operator's enclave, or renew it."""

import argparse
from collections.abc import Callable, Iterator

from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError

from offchain.attestation.evidence import Chain, pack
from offchain.attestation.program import measurement, program_id
from offchain.attestation.quote import parse
from offchain.attestation.roots import root_name
from offchain.attestation.verify import Verdict, verify
from offchain.chain.node import Node
from offchain.chain.registry import Registry
from offchain.chain.sender import Sender
from offchain.chain.verifier import Verifier
from offchain.commands import arguments as shared
from offchain.service.client import EnclaveClient
from offchain.service.wire import Attestation, Registration

FAULTS = shared.FAULTS


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("--enclave", required=True, help="URL of the operator's own service")
    parser.add_argument("--verifier", required=True, type=shared.address, help="that registers it")
    parser.add_argument("--stake", type=int, default=0, help="wei to add to the stake before")
    shared.add_account(parser)
    shared.add_market(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Does it, once the quote was judged here: gas is paid for nothing that would be refused.

    Raises:
        RejectedError: the verifier would refuse the quote, for this reason.
        ValueError: the quote is bound to something else, the registry refuses, or the chain is too
            short.
        ServiceError: the enclave gives no quote.
    """
    sender, market = shared.sender_of(arguments), shared.market_of(arguments)
    registry = Registry(market.node, market.registry)
    verifier = Verifier(market.node, arguments.verifier)
    number = _block(market.node.confirmed(), market.node.web3.eth.block_number)
    with EnclaveClient(arguments.enclave) as enclave:
        entry = enclave.identity()
        made = enclave.attest(_registration(registry, sender.address, number))
    bound = registry.contract.functions.report_data(sender.address, *entry.to_abi(), number).call()
    verdict, evidence = _judge(made, verifier, market.node, bound + bytes(32))
    named = measurement(arguments.verifier, verdict.program)
    yield f"quote holds under root: {root_name(verifier.root_key)}"
    yield f"measurement 0x{named.hex()}, platform 0x{verdict.platform.hex()}"
    yield registry.in_words(named)
    functions = registry.contract.functions
    if arguments.stake:
        _send(sender, functions.stake(), arguments.stake)
        yield f"staked {arguments.stake} wei"
    registered = arguments.verifier, evidence, *entry.to_abi(), number
    _send(sender, functions.register_enclave(*registered))
    yield f"registered {entry.signing_key}"


def _block(confirmed: int, latest: int) -> int:
    """The block to bind: confirmed, and not the latest, whose hash no view knows."""
    number = min(confirmed, latest - 1)
    if number < 0:
        raise ValueError(f"newest block is {latest}, expected one with as many confirmations")
    return number


def _registration(registry: Registry, operator: str, number: int) -> Registration:
    eth = registry.node.web3.eth
    block_hash = bytes(eth.get_block(number)["hash"])
    return Registration(operator, registry.contract.address, eth.chain_id, number, block_hash)


def _judge(
    made: Attestation, verifier: Verifier, node: Node, report_data: bytes
) -> tuple[Verdict, bytes]:
    """What the verifier would say now, and the shortest evidence that it would say it of."""
    quote = parse(made.quote)
    dstack = made.program != program_id(quote.body)
    now = node.web3.eth.get_block("latest")["timestamp"]
    verdict = verify(quote, verifier.trust(quote), now, dstack=dstack)
    if verdict.report_data != report_data:
        raise ValueError(
            f"quote binds 0x{verdict.report_data.hex()}, expected 0x{report_data.hex()}"
        )
    chain = Chain.of(quote, verifier.root_key)
    return verdict, pack(quote, chain, verifier.known(chain), dstack=dstack)


def _send(sender: Sender, function: ContractFunction, value: int = 0) -> None:
    try:
        sender.send(function, value)
    except ContractLogicError as error:
        raise ValueError(f"registry refuses {function.fn_name}: {error}") from error
