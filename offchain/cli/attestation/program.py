"""``attestation program``: program ids and measurements."""

import argparse
import json
from pathlib import Path

from offchain.attestation.dstack import describe_config, is_application
from offchain.attestation.programs import (
    DEVELOPMENT,
    PRODUCTION,
    expected_program,
    kind_of,
    load_allowlist,
    measurement,
    program_id,
)
from offchain.attestation.quote import TdReport
from offchain.cli import common as shared
from offchain.cli import session
from offchain.cli.attestation.inputs import quote_of
from offchain.cli.attestation.output import Pairs


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--quote", help="file, or - for standard input")
    source.add_argument("--expected", type=Path, help="JSON of the values that a build should have")
    parser.add_argument("--dstack", action="store_true", help="leave RTMR3 out of the program id")
    parser.add_argument(
        "--compose",
        type=Path,
        help="dstack's app-compose.json: fail unless the quote's MRCONFIGID names it",
    )
    parser.add_argument(
        "--verifier",
        type=shared.address,
        help="address of the verifier that the measurement is under (that of --network)",
    )
    session.add(parser, account=False)


def program(arguments: argparse.Namespace) -> Pairs:
    """Yield a program's id, and its measurement under a verifier.

    Raises:
        ValueError: MRCONFIGID does not name the application that ``--compose`` gives, or there is
            no deployment on the network.
    """
    verifier = arguments.verifier
    if verifier is None and arguments.network is not None:
        verifier = session.Session.of(arguments).network.addresses["verifier"]
    if arguments.expected:
        identifier = _expected(arguments.expected)
    else:
        body = quote_of(arguments.quote).body
        identifier = program_id(body, arguments.dstack)
        yield "kind", kind_of(body, arguments.dstack)
        if arguments.dstack and isinstance(body, TdReport):
            yield "application", describe_config(body.mr_config_id)
        if arguments.compose is not None:
            config = body.mr_config_id if isinstance(body, TdReport) else b""
            if not is_application(config, arguments.compose.read_bytes()):
                raise ValueError(f"MRCONFIGID 0x{config.hex()} does not name {arguments.compose}")
            yield "compose", f"is named by MRCONFIGID: {arguments.compose}"
    yield "program", identifier
    if verifier is not None:
        yield "measurement", measurement(verifier, identifier)
    for path in (PRODUCTION, DEVELOPMENT):
        for entry in load_allowlist(path):
            if entry.program == identifier:
                yield f"allowed in {path.stem}", entry


def _expected(path: Path) -> bytes:
    """Return the program id of a file of expected values."""
    try:
        return expected_program(json.loads(path.read_text()))
    except KeyError as error:
        raise ValueError(f"{path}: field {error} is missing") from error
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error
