"""Registration of an operator's enclave: its raw quote is parsed, verified and packed by the host.

A registration retires the enclave that was registered before it on the same platform under the same
measurement (`Registry.retired_by`). With the same keys it is a renewal and retires nothing.

The host verifies the quote first, with the trust that the verifier contract holds at that moment,
so that no gas is paid for a quote that the contract would refuse.
"""

from dataclasses import dataclass

from offchain.attestation.advice import standings
from offchain.attestation.dstack import describe_config
from offchain.attestation.evidence import Chain, pack
from offchain.attestation.quote import Quote, TdReport, TeeType, parse, trim
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.verify import VerifiedQuote, verify
from offchain.chain.node import Node
from offchain.chain.registry import Registry
from offchain.chain.verifier import Verifier
from offchain.operator.client import EnclaveClient
from offchain.protocol.messages import Attestation, Registration
from offchain.protocol.task import RosterEntry

_TEES = {"gramine": TeeType.SGX, "tdx": TeeType.TDX, "dstack": TeeType.TDX}


@dataclass(frozen=True)
class Evidence:
    """A verified quote, packed for `register_enclave`.

    Args:
        verified: the verified content of the quote.
        packed: the shortest evidence that the verifier contract accepts now.
        entry: the enclave's public keys.
        block_number: number of the block that the quote is bound to.
    """

    verified: VerifiedQuote
    packed: bytes
    entry: RosterEntry
    block_number: int


def attest(
    client: EnclaveClient, registry: Registry, verifier: Verifier, operator: str
) -> Evidence:
    """Ask an enclave for a quote for its registration, verify it and pack it.

    Args:
        client: of the enclave's service.
        registry: the contract that is to register it.
        verifier: the contract that is to verify the quote.
        operator: the account that will call `register_enclave`.

    Raises:
        QuoteRejected: the verifier would refuse the quote, for this reason.
        ValueError: the quote is bound to other report data, or the chain has too few blocks.
        ServiceError: the enclave gives no quote.
    """
    node = registry.node
    number = _block_to_bind(node)
    entry = client.identity()
    attestation = client.attest(_registration(registry, operator, number))
    call = registry.contract.functions.report_data(operator, *entry.to_abi(), number)
    verified, packed = verify_and_pack(attestation, verifier, node, call.call() + bytes(32))
    return Evidence(verified, packed, entry, number)


def verify_and_pack(
    attestation: Attestation, verifier: Verifier, node: Node, report_data: bytes
) -> tuple[VerifiedQuote, bytes]:
    """Verify a quote as the contract would now, and pack it as the shortest evidence.

    Args:
        attestation: the enclave's answer, which is untrusted.
        verifier: the contract.
        node: for the time of the latest block.
        report_data: 64 bytes that the quote must be bound to.

    Raises:
        QuoteRejected: the contract would refuse the quote.
        ValueError: the quote is bound to other report data, its TEE is not that of the device, or
            its MRCONFIGID is not one of dstack's.
    """
    quote = parse(trim(attestation.quote))
    dstack = attestation.device == "dstack"
    if quote.tee_type is not _TEES.get(attestation.device, quote.tee_type):
        raise ValueError(
            f"quote of an {quote.tee_type.name} enclave from device {attestation.device!r}"
        )
    now = node.now()
    if dstack and isinstance(quote.body, TdReport) and any(quote.body.mr_config_id):
        describe_config(quote.body.mr_config_id)
    try:
        verified = verify(quote, verifier.trust(quote), now, dstack=dstack)
    except QuoteRejected as error:
        detail = str(error).removeprefix(f"{error.reason}: ")
        raise QuoteRejected(error.reason, detail + _in_words(error, quote, verifier)) from error
    if verified.report_data != report_data:
        raise ValueError(
            f"quote is bound to 0x{verified.report_data.hex()}, expected 0x{report_data.hex()}"
        )
    chain = Chain.of(quote, verifier.root_key)
    return verified, pack(quote, chain, verifier.known(chain), dstack=dstack)


_BELOW = {RejectionReason.TCB_FLOOR, RejectionReason.TDX_MODULE, RejectionReason.QE_SVN}
LACKS = {
    RejectionReason.CRL_STALE,
    RejectionReason.QE_UNKNOWN,
    RejectionReason.QE_STALE,
    RejectionReason.TCB_UNKNOWN,
    RejectionReason.TCB_STALE,
}
"""Refusals that newer documents of Intel's may end."""


def _in_words(refusal: QuoteRejected, quote: Quote, verifier: Verifier) -> str:
    """Return what the operator can do about a refusal, as lines behind its detail."""
    if refusal.reason in LACKS:
        return "\nthe deployment lacks a document of Intel's: `golden-grain attestation update`"
    if refusal.reason not in _BELOW:
        return ""
    documents = verifier.policy.documents()
    found = standings(documents, quote, verifier.policy.rules().accepted)
    return "".join(f"\n{line}" for each in found for line in each.lines())


def _block_to_bind(node: Node) -> int:
    """Return the newest confirmed block but never the latest, whose hash no view can read.

    Raises:
        ValueError: the chain has no such block yet.
    """
    latest = node.web3.eth.block_number
    number = min(node.confirmed(), latest - 1)
    if number < 0:
        expected = max(node.confirmations, 1)
        raise ValueError(f"newest block is {latest}, expected at least {expected}: wait for it")
    return number


def _registration(registry: Registry, operator: str, number: int) -> Registration:
    eth = registry.node.web3.eth
    block_hash = bytes(eth.get_block(number)["hash"])
    return Registration(operator, registry.contract.address, eth.chain_id, number, block_hash)
