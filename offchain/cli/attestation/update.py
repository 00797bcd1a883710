"""``attestation update``: bring a deployment what it lacks of Intel's documents. Anyone may."""

import argparse

from offchain.attestation.bundle import Bundle
from offchain.attestation.x509 import load_chain
from offchain.chain.updates import carry_out, make_plan
from offchain.cli import session
from offchain.cli.attestation.inputs import (
    add_quote,
    add_sources,
    collateral_of,
    fmspc_of,
    quote_of,
)
from offchain.cli.attestation.output import Pairs
from offchain.simulation.intel import root_name

_NOBODY = "0x000000000000000000000000000000000000dEaD"


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_quote(parser, optional=True)
    add_sources(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="print the plan; ask and send nothing, as nobody"
    )
    session.add(parser)


def update(arguments: argparse.Namespace) -> Pairs:
    """Show what is missing and what it costs; send it once the user agrees.

    Raises:
        Refused: no network or account is named, or the user declined.
        QuoteRejected: the collateral is not Intel's, or not that of the verifier's root.
        ValueError: no collateral is there, or the contract refuses a call.
        ServiceError: the service fails.
    """
    if not arguments.collateral and arguments.service is None:
        raise ValueError("no collateral, expected --collateral or --from")
    here = session.Session.of(arguments)
    verifier = here.verifier
    here.say(f"verifier {verifier.contract.address}, root: {root_name(verifier.root_key)}")
    sender = None if arguments.dry_run else here.sender
    fmspcs = list(verifier.policy.known_fmspcs()) if arguments.service else []
    own = Bundle()
    if arguments.quote:
        quote = quote_of(arguments.quote)
        own = Bundle(certificates=load_chain(quote.pck_chain))
        fmspcs.append(fmspc_of(quote))
    found = collateral_of(arguments, *fmspcs)
    if not found:
        raise ValueError(f"no collateral in {', '.join(arguments.collateral)}")
    plan = make_plan(verifier, found + own, here.now())
    here.say(*(f"left out: {line}" for line in plan.left_out))
    if not plan.steps:
        yield "state", "nothing is missing"
        return
    costs = [(step.what, step.gas(sender.address if sender else _NOBODY)) for step in plan.steps]
    missing = [f"{what}, about {gas:,} gas" for what, gas in costs]
    total = sum(gas for _, gas in costs)
    if sender is None:
        for line in missing:
            yield "missing", line
        yield "gas", total
        return
    here.confirm([f"plan, as {sender.address}, in all about {total:,} gas", *missing])
    for step, used in carry_out(plan, sender):
        yield "sent", f"{step.what}: {used:,} gas"
