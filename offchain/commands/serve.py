"""``python -m offchain serve``: boots an enclave and serves it until SIGTERM or SIGINT."""

import argparse
import asyncio
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from aiohttp import web

from offchain.artifacts.store import Store
from offchain.attestation.backends import Backend, Dstack, Gramine, Simulated, Tdx
from offchain.attestation.simulated import (
    DEVELOPMENT_SEED,
    Machine,
    SimulatedIntel,
    sgx_report,
)
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.benchmark import Tools
from offchain.capacity import Capacity
from offchain.enclave import Enclave
from offchain.models.runner import RunLimits, run_model
from offchain.service.attest import Attester
from offchain.service.journal import Journal
from offchain.service.logs import log_to
from offchain.service.server import Service, make_app
from offchain.service.workers import add_cluster_arguments, parallel_of

GRACE_SECONDS = 5.0
"""How long requests under way may take once the service is told to stop."""

log = logging.getLogger(__name__)


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("--store", required=True, help="folder or URL that holds the artifacts")
    parser.add_argument("--journal", required=True, type=Path, help="file for every signature")
    parser.add_argument(
        "--scratch",
        help="folder on disk for models' outputs, encrypted (default: the system's temporary one)",
    )
    parser.add_argument("--port", type=int, default=0, help="on loopback; 0 takes a free one")
    parser.add_argument("--workers", type=int, default=1, help="submissions measured at a time")
    parser.add_argument(
        "--memory",
        type=int,
        default=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        help="bytes that a task may use, half of them for all workers' models (%(default)s: all)",
    )
    parser.add_argument("--wall-seconds", type=float, default=900.0, help="deadline of a model")
    parser.add_argument("--cpu-seconds", type=int, default=600, help="CPU time of a model")
    parser.add_argument(
        "--unconfined",
        action="store_true",
        help="run models where neither Landlock nor seccomp applies: the TEE must confine them",
    )
    parser.add_argument(
        "--attestation", choices=("simulated", "gramine", "tdx", "dstack"), default="simulated"
    )
    parser.add_argument("--machine", default="development", help="name of the SIMULATED machine")
    add_cluster_arguments(parser)


def run(arguments: argparse.Namespace, random: Callable[[int], bytes]) -> Iterator[str]:
    """Serves; says where, and that it stopped."""
    log_to(sys.stderr)
    if arguments.scratch is not None and not Path(arguments.scratch).is_dir():
        raise NotADirectoryError(f"--scratch {arguments.scratch}, expected a folder that is there")
    limits = RunLimits(arguments.wall_seconds, arguments.cpu_seconds, not arguments.unconfined)
    measure = partial(run_model, run_limits=limits)
    capacity = Capacity.of(arguments.memory, arguments.workers)
    allow_open_files()
    with parallel_of(arguments) as parallel:
        service = Service(
            enclave=Enclave.boot(random),
            tools=Tools(Store(arguments.store), measure, arguments.scratch, capacity),
            attester=attester(arguments.attestation, arguments.machine),
            journal=Journal(arguments.journal),
            workers=arguments.workers,
            parallel=parallel,
        )
        asyncio.run(_serve(service, arguments.port))
    yield "stopped"


def attester(name: str, machine: str) -> Attester:
    """The attester of a backend; ``machine`` names the SIMULATED one's."""
    if name == "simulated":
        intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
        backend = Simulated(Machine.simulate(intel, machine), sgx_report(bytes(64)))
        return Attester(backend, intel.root.public_key, simulated=True)
    devices: dict[str, Backend] = {"gramine": Gramine(), "tdx": Tdx(), "dstack": Dstack()}
    return Attester(devices[name], INTEL_ROOT_KEY, dstack=name == "dstack")


def allow_open_files() -> None:
    """As many as the system lets: every team that is not signed keeps one, every client another."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(service: Service, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(make_app(service), access_log=None, shutdown_timeout=GRACE_SECONDS)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    host, bound = runner.addresses[0][:2]
    print(json.dumps({"url": f"http://{host}:{bound}"}), flush=True)
    fields = {"signing_key": service.enclave.identity.signing_key, "port": bound}
    log.info("serving", extra={"fields": fields})
    await stop.wait()
    await runner.cleanup()
    log.info("stopped")
