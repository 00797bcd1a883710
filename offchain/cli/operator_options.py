"""Options that the operator's commands share, and the objects made from them."""

import argparse
from collections.abc import Callable

from offchain.attestation.bundle import Bundle
from offchain.chain.refusals import Refused
from offchain.chain.verifier import Verifier
from offchain.cli.attestation import inputs
from offchain.cli.session import Session
from offchain.cli.units import ETHER, format_time

ENCLAVE = "http://127.0.0.1:8700"


def add_enclave(parser: argparse.ArgumentParser) -> None:
    """Declare the enclave, the stake behind it, and where Intel's documents come from."""
    parser.add_argument(
        "--enclave", default=ENCLAVE, help="URL of your own enclave's service (%(default)s)"
    )
    parser.add_argument(
        "--stake",
        type=ETHER.parse,
        default=0,
        metavar="AMOUNT",
        help="stake to have in all, such as '2 ether'; what is missing is added (what the "
        "registry demands for your machines)",
    )
    inputs.add_sources(parser)


def collateral_of(arguments: argparse.Namespace, verifier: Verifier) -> Callable[[], Bundle] | None:
    """Return how to get Intel's documents anew, or None when no source is named."""
    if not arguments.collateral and arguments.service is None:
        return None

    def get() -> Bundle:
        known = verifier.policy.known_fmspcs()
        return inputs.collateral_of(arguments, *(known if arguments.service else ()))

    return get


def public_uri(here: Session, publish: str) -> str:
    """Return the address at which others find the own folder.

    Raises:
        Refused: none is named, and the chain is not only this machine's.
    """
    uri: str | None = here.arguments.uri
    if uri is not None:
        return uri
    if here.is_local:
        return publish
    raise Refused(
        f"no --uri, expected the public address of {publish}: others read your files there"
    )


def until(here: Session, time: int) -> str:
    """Return a time for people, as it is from the chain's time on."""
    return format_time(time, here.now())
