"""``golden-grain serve``: boot an enclave on this host and serve it until SIGTERM or SIGINT."""

import argparse
from collections.abc import Callable, Iterator

from offchain.enclave.models.sandbox import die_with_parent
from offchain.enclave.service import boot
from offchain.simulation import SimulatedDevice


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    boot.add_arguments(parser)
    parser.add_argument(
        "--attestation",
        choices=("simulated", "gramine", "tdx", "dstack"),
        default="simulated",
        help="device that makes quotes (%(default)s)",
    )
    parser.add_argument(
        "--machine", default="development", help="name of the SIMULATED machine (%(default)s)"
    )
    parser.add_argument(
        "--parent", type=int, help="number of the process that starts this one: end with it"
    )


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Boot the enclave and serve it; yield the lines of `boot.serve`.

    Raises:
        SandboxError: the parent has ended already.
    """
    if arguments.parent is not None:
        die_with_parent(arguments.parent)
    simulated = arguments.attestation == "simulated"
    device = (
        SimulatedDevice.of_development(arguments.machine)
        if simulated
        else boot.device_named(arguments.attestation)
    )
    yield from boot.serve(arguments, device, random)
