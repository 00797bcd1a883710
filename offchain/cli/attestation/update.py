"""``attestation update``: bring a deployment what it lacks of Intel's documents. Anyone may."""

import argparse

from offchain.attestation.bundle import Bundle
from offchain.attestation.x509 import load_chain
from offchain.chain.updates import carry_out, make_plan
from offchain.cli import common as shared
from offchain.cli.attestation.deployment import add_deployment, now, verifier_of
from offchain.cli.attestation.inputs import (
    add_quote,
    add_sources,
    collateral_of,
    fmspc_of,
    quote_of,
)
from offchain.cli.attestation.output import Pairs, say
from offchain.simulation.intel import root_name

_NOBODY = "0x000000000000000000000000000000000000dEaD"


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_quote(parser, optional=True)
    add_sources(parser)
    add_deployment(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the plan, send nothing")
    shared.add_account(parser, required=False)


def update(arguments: argparse.Namespace) -> Pairs:
    """Print what is missing and what it costs, then send it.

    Raises:
        QuoteRejected: the collateral is not Intel's, or not that of the verifier's root.
        ValueError: no account is named, no collateral is there, or the contract refuses a call.
        ServiceError: the service fails.
    """
    has_account = arguments.keystore is not None or arguments.node_account is not None
    if not has_account and not arguments.dry_run:
        raise ValueError("no account is named, expected --keystore, --node-account or --dry-run")
    verifier = verifier_of(arguments)
    say(f"verifier {arguments.verifier}, root: {root_name(verifier.root_key)}")
    fmspcs = list(verifier.policy.known_fmspcs()) if arguments.service else []
    own = Bundle()
    if arguments.quote:
        quote = quote_of(arguments.quote)
        own = Bundle(certificates=load_chain(quote.pck_chain))
        fmspcs.append(fmspc_of(quote))
    found = collateral_of(arguments, *fmspcs)
    if not found:
        raise ValueError("no collateral, expected --collateral or --from")
    plan = make_plan(verifier, found + own, now(verifier.node))
    for line in plan.left_out:
        say(f"left out: {line}")
    sender = shared.sender_of(arguments) if has_account and not arguments.dry_run else None
    account = sender.address if sender else arguments.node_account or _NOBODY
    total = 0
    for step in plan.steps:
        gas = step.gas(account)
        total += gas
        yield "missing", f"{step.what}, about {gas:,} gas"
    if not plan.steps:
        yield "state", "nothing is missing"
        return
    yield "gas", total
    if sender is None:
        return
    for step, used in carry_out(plan, sender):
        yield "sent", f"{step.what}: {used:,} gas"
