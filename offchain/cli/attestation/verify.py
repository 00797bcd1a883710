"""``attestation verify``: a quote against collateral, or as a deployment would verify it."""

import argparse

from offchain.attestation.policy import DEFAULT_ACCEPTED, Rules, trust_in
from offchain.attestation.tcb import STATUSES
from offchain.attestation.verify import verify
from offchain.chain.policy import check_accepted
from offchain.cli.attestation.deployment import add_deployment, now, verifier_of
from offchain.cli.attestation.inputs import (
    add_quote,
    add_root,
    add_sources,
    collateral_of,
    fmspc_of,
    quote_of,
    root_key_of,
)
from offchain.cli.attestation.output import Pairs
from offchain.simulation.intel import root_name

_DAY = 86_400


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Declare the rules by which collateral is judged without a deployment."""
    parser.add_argument(
        "--accept",
        nargs="+",
        choices=STATUSES[:-1],
        default=sorted(DEFAULT_ACCEPTED),
        metavar="STATUS",
        help=f"TCB statuses to accept, of {', '.join(STATUSES[:-1])} (%(default)s)",
    )
    parser.add_argument(
        "--grace-days",
        type=int,
        default=0,
        help="days after a next update for which a document still counts (%(default)s)",
    )


def rules_of(arguments: argparse.Namespace) -> Rules:
    """Return the rules that the arguments name.

    Raises:
        ValueError: no deployment accepts these statuses.
    """
    return Rules(check_accepted(arguments.accept), arguments.grace_days * _DAY)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_quote(parser)
    add_sources(parser)
    add_root(parser)
    add_rules(parser)
    add_deployment(parser, required=False)
    parser.add_argument(
        "--dstack", action="store_true", help="a dstack application: leave RTMR3 out of the program"
    )


def verify_quote(arguments: argparse.Namespace) -> Pairs:
    """Verify a quote; yield the values that it proves.

    Raises:
        QuoteRejected: the quote or the collateral is refused, for this reason.
        ValueError: neither collateral nor a deployment is named.
    """
    quote = quote_of(arguments.quote)
    if arguments.verifier is not None:
        verifier = verifier_of(arguments)
        trust, at = verifier.trust(quote), now(verifier.node)
    else:
        bundle = collateral_of(arguments, fmspc_of(quote))
        if not bundle:
            raise ValueError("nothing to verify with, expected --collateral, --from or --verifier")
        at = arguments.at
        trust = trust_in(bundle, root_key_of(arguments), at, rules_of(arguments))
    verified = verify(quote, trust, at, dstack=arguments.dstack)
    yield "verified", f"under root: {root_name(trust.root_key)}"
    yield "kind", verified.kind
    yield "program", verified.program
    yield "platform", verified.platform
    yield "expiry", verified.expiry
    yield "report_data", verified.report_data
    yield "fmspc", verified.pck.sgx.fmspc
    yield "svns", verified.pck.sgx.svns
    yield "pce_svn", verified.pck.sgx.pce_svn
