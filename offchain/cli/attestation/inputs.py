"""Arguments that the sub-commands share, and the objects made from them."""

import argparse
import sys
import time
from pathlib import Path

from offchain.attestation import quote, sgx_extension
from offchain.attestation.bundle import Bundle, read_bundle
from offchain.attestation.quote_files import read_quote
from offchain.attestation.sources import INTEL_PCS, CollateralService, Wanted, read_files
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.attestation.x509 import load_chain, read_certificate
from offchain.cli.attestation.output import say
from offchain.cli.common import hex_bytes
from offchain.cli.units import whole
from offchain.simulation.intel import SIMULATED_ROOT_KEY


def add_quote(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Declare the quote: a file in any usual form."""
    parser.add_argument(
        "quote",
        nargs="?" if optional else None,
        help="file with a quote, raw, in hex or in JSON; - for standard input",
    )


def quote_of(path: str) -> quote.Quote:
    """Read the quote that an argument names.

    Raises:
        QuoteRejected, OSError: see `read_quote`.
    """
    return read_quote(_read(path))


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Declare where collateral comes from."""
    parser.add_argument(
        "--collateral",
        action="append",
        default=[],
        metavar="PATH",
        help="file or folder with collateral, in any usual form; - for standard input",
    )
    parser.add_argument(
        "--from",
        dest="service",
        metavar="URL",
        help=f"service to fetch from: intel ({INTEL_PCS}), or the URL of a PCS or PCCS",
    )
    parser.add_argument("--root-crl", metavar="URL", help="where that service has the root's CRL")
    parser.add_argument(
        "--insecure-tls",
        action="store_true",
        help="accept any TLS certificate of the service: Intel signs what it serves",
    )
    parser.add_argument(
        "--fmspc", action="append", default=[], type=fmspc, help="6 bytes in hex; may be repeated"
    )


def fmspc(text: str) -> bytes:
    """Parse an FMSPC: 6 bytes. Raises as `hex_bytes`."""
    return hex_bytes(text, 6)


def collateral_of(arguments: argparse.Namespace, *fmspcs: bytes) -> Bundle:
    """Read and fetch all collateral that the arguments name, for their FMSPCs and these.

    Raises:
        ValueError, OSError: a file holds none, or cannot be read.
        ServiceError: the service fails.
    """
    found = Bundle()
    for path in arguments.collateral:
        found += read_bundle(_read(path)) if path == "-" else read_files(Path(path))
    if arguments.service is None:
        return found
    url = INTEL_PCS if arguments.service == "intel" else arguments.service
    wanted = Wanted(tuple(dict.fromkeys((*arguments.fmspc, *fmspcs))))
    root_crl, verify_tls = arguments.root_crl, not arguments.insecure_tls
    with CollateralService(url, root_crl, verify_tls=verify_tls) as service:
        fetched, missing = service.fetch(wanted)
    for line in missing:
        say(line)
    return found + fetched


def fmspc_of(of: quote.Quote) -> bytes:
    """Return the FMSPC of a quote's machine, unverified.

    Raises:
        QuoteRejected: its PCK certificate is malformed.
    """
    return sgx_extension.read(read_certificate(load_chain(of.pck_chain)[0]).sgx).fmspc


def add_root(parser: argparse.ArgumentParser) -> None:
    """Declare the root, and the time at which it is judged."""
    parser.add_argument(
        "--simulated", action="store_true", help="trust the SIMULATED root of development"
    )
    parser.add_argument(
        "--at",
        type=whole(0),
        default=int(time.time()),
        help="time of the check, in Unix seconds (now)",
    )


def root_key_of(arguments: argparse.Namespace) -> bytes:
    """Return the root's key that the arguments name: Intel's unless they say otherwise."""
    return SIMULATED_ROOT_KEY if arguments.simulated else INTEL_ROOT_KEY


def _read(path: str) -> bytes:
    return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
