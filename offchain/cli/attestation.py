"""``golden-grain attestation``: show quotes, verify them, compute program ids and TCB floors.

It reads local files only and connects to no network.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

from offchain import simulation
from offchain.attestation import quote
from offchain.attestation.collateral import Collateral, trust_in
from offchain.attestation.programs import (
    DEVELOPMENT,
    PRODUCTION,
    expected_program,
    kind_of,
    load_allowlist,
    measurement,
    program_id,
)
from offchain.attestation.trust import INTEL_ROOT_KEY, Trust
from offchain.attestation.verify import verify
from offchain.attestation.x509 import load_chain

FAULTS = (KeyError,)


def _read_quote(path: str) -> quote.Quote:
    data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    return quote.parse(quote.trim(data))


def show(arguments: argparse.Namespace) -> Iterator[tuple[str, object]]:
    """Yield the fields of a quote, unverified."""
    parsed = _read_quote(arguments.quote)
    yield "version", parsed.version
    yield "tee", parsed.tee_type.name
    for field in fields(parsed.body):
        if not field.name.startswith("reserved"):
            yield field.name, getattr(parsed.body, field.name)
    yield "debug", parsed.body.debug
    yield "qe_mr_signer", parsed.qe_report.mr_signer
    yield "qe_isv_svn", parsed.qe_report.isv_svn
    for certificate in load_chain(parsed.pck_chain):
        subject = certificate.subject.rfc4514_string()
        yield "certificate", f"{subject}, until {certificate.not_valid_after_utc}"
    yield "program", program_id(parsed.body)


def check(arguments: argparse.Namespace) -> Iterator[tuple[str, object]]:
    """Verify a quote; yield the values that it proves."""
    parsed = _read_quote(arguments.quote)
    verified = verify(parsed, _trust(arguments), arguments.at, dstack=arguments.dstack)
    yield "verified", "under the SIMULATED root" if arguments.simulated else "under Intel's root"
    yield "kind", verified.kind
    yield "program", verified.program
    yield "platform", verified.platform
    yield "expiry", verified.expiry
    yield "report_data", verified.report_data
    yield "fmspc", verified.pck.sgx.fmspc
    yield "svns", verified.pck.sgx.svns
    yield "pce_svn", verified.pck.sgx.pce_svn


def _trust(arguments: argparse.Namespace) -> Trust:
    intel = simulation.SimulatedIntel.from_seed(simulation.DEVELOPMENT_SEED)
    if arguments.collateral is None:
        if not arguments.simulated:
            raise ValueError("--collateral is needed to verify under Intel's root")
        return simulation.trust(intel)
    root_key = intel.root.public_key if arguments.simulated else INTEL_ROOT_KEY
    collateral = Collateral.from_json(Path(arguments.collateral).read_text())
    return trust_in(collateral, root_key, arguments.at, frozenset(arguments.accept))


def program(arguments: argparse.Namespace) -> Iterator[tuple[str, object]]:
    """Yield a program's id, and its measurement under a verifier."""
    if arguments.expected:
        identifier = expected_program(json.loads(Path(arguments.expected).read_text()))
    else:
        body = _read_quote(arguments.quote).body
        identifier = program_id(body, arguments.dstack)
        yield "kind", kind_of(body, arguments.dstack)
    yield "program", identifier
    if arguments.verifier:
        yield "measurement", measurement(arguments.verifier, identifier)
    for path in (PRODUCTION, DEVELOPMENT):
        for entry in load_allowlist(path):
            if entry.program == identifier:
                yield f"allowed in {path.stem}", entry


def floors(arguments: argparse.Namespace) -> Iterator[tuple[str, object]]:
    """Yield the TCB floors that follow from signed collateral."""
    for floor in _trust(arguments).floors:
        yield (
            f"{floor.tee_type.name} floor",
            f"fmspc 0x{floor.fmspc.hex()} svns 0x{floor.svns.hex()} pce_svn {floor.pce_svn}",
        )


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    trusting = argparse.ArgumentParser(add_help=False)
    trusting.add_argument("--collateral", help="JSON of a QuoteCollateralV3")
    trusting.add_argument(
        "--accept", nargs="+", default=["UpToDate"], help="TCB statuses to accept"
    )
    trusting.add_argument(
        "--at", type=int, default=int(time.time()), help="time of the check, in Unix seconds (now)"
    )
    trusting.add_argument(
        "--simulated", action="store_true", help="trust the SIMULATED root of development"
    )
    dstack = argparse.ArgumentParser(add_help=False)
    dstack.add_argument("--dstack", action="store_true", help="leave RTMR3 out of the program id")

    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("show", help="print the fields of a quote, unverified")
    command.add_argument("quote", help="file, or - for standard input")
    command.set_defaults(action=show)
    command = commands.add_parser("verify", parents=[trusting, dstack], help="verify a quote")
    command.add_argument("quote", help="file, or - for standard input")
    command.set_defaults(action=check)
    command = commands.add_parser("program", parents=[dstack], help="compute a program id")
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--quote", help="file, or - for standard input")
    source.add_argument("--expected", help="JSON of the values that a build should have")
    command.add_argument("--verifier", help="address of the verifier contract")
    command.set_defaults(action=program)
    command = commands.add_parser(
        "floors", parents=[trusting], help="compute TCB floors from collateral"
    )
    command.set_defaults(action=floors)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Run the sub-command; yield a line for each value."""
    for label, value in arguments.action(arguments):
        yield f"{label:20} {f'0x{value.hex()}' if isinstance(value, bytes) else value}"
