"""``attestation verify``: a quote against collateral, or else as a deployment would verify it."""

import argparse

from offchain.attestation.policy import DEFAULT_ACCEPTED, Rules, trust_in
from offchain.attestation.tcb import STATUSES
from offchain.attestation.verify import verify
from offchain.chain.policy import check_accepted
from offchain.cli import session
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
from offchain.cli.units import whole
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
        type=whole(0),
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
    session.add(parser, account=False)
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
    if arguments.collateral or arguments.service:
        bundle, at = collateral_of(arguments, fmspc_of(quote)), arguments.at
        trust = trust_in(bundle, root_key_of(arguments), at, rules_of(arguments))
    elif arguments.network is not None:
        here = session.Session.of(arguments)
        trust, at = here.verifier.trust(quote), here.now()
    else:
        raise ValueError("nothing to verify with, expected --collateral, --from or --network")
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
