"""``golden-grain register``: register your enclave, or renew it; `operate` does so by itself."""

import argparse
from collections.abc import Callable, Iterator

from offchain.cli import operator_options as options
from offchain.cli import session
from offchain.operator.client import EnclaveClient
from offchain.operator.upkeep import bring, enrol, plan_enrolment
from offchain.simulation.intel import root_name


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    options.add_enclave(parser)
    session.add(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Register the enclave once its quote is verified locally, and all calls were tried.

    Raises:
        QuoteRejected: the verifier would refuse the quote, for this reason.
        ContractLogicError: the registry would refuse a call; nothing was sent.
        ValueError: the quote is bound to other report data, or the chain has too few blocks.
        ServiceError: the enclave gives no quote.
    """
    here = session.Session.of(arguments)
    verifier = here.verifier
    collateral = options.collateral_of(arguments, verifier)
    if collateral is not None:
        for line in bring(verifier, collateral(), here.sender):
            here.say(line)
    with EnclaveClient(arguments.enclave) as enclave:
        plan = plan_enrolment(
            enclave, here.registry, verifier, here.sender.address, arguments.stake
        )
    here.confirm(
        [
            f"quote verified under root: {root_name(verifier.root_key)}",
            *plan.lines,
            f"as {here.sender.address}:",
            *(f"  {call.what}" for call in plan.calls),
        ]
    )
    expiry = enrol(plan, here.registry, here.sender)
    yield here.result(
        {
            "signing key": plan.evidence.entry.signing_key,
            "measurement": plan.measurement,
            "platform": plan.evidence.verified.platform,
            "expires": options.until(here, expiry),
        }
    )
