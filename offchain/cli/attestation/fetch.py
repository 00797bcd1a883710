"""``attestation fetch``: Intel's collateral from a service or from files, as one JSON object."""

import argparse
import json
from pathlib import Path

from offchain.cli.attestation.inputs import (
    add_quote,
    add_sources,
    collateral_of,
    fmspc_of,
    quote_of,
)
from offchain.cli.attestation.output import Pairs, add_json, say


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_quote(parser, optional=True)
    add_sources(parser)
    parser.add_argument("--out", type=Path, help="file to write (standard output)")
    add_json(parser, default=True)


def fetch(arguments: argparse.Namespace) -> Pairs:
    """Fetch collateral for a quote's machine or for FMSPCs; write it, or yield all of it.

    Raises:
        ValueError: no service and no file is named.
        ServiceError: the service fails.
    """
    named = [fmspc_of(quote_of(arguments.quote))] if arguments.quote else []
    if arguments.service is None and not arguments.collateral:
        raise ValueError("nothing to fetch from, expected --from or --collateral")
    if arguments.service is not None and not named and not arguments.fmspc:
        raise ValueError("no machine is named, expected a quote or --fmspc")
    found = collateral_of(arguments, *named)
    counts = len(found.certificates), len(found.crls), len(found.documents)
    say("{} certificates, {} revocation lists, {} signed documents".format(*counts))
    if arguments.out is not None:
        arguments.out.write_text(found.to_json() + "\n")
        yield "written", arguments.out
        return
    yield from json.loads(found.to_json()).items()
