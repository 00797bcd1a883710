"""Boot of an enclave and its service, until SIGTERM or SIGINT: one program for image and host.

In an image ``python -m offchain.enclave`` runs it with a TEE's device. On a host ``golden-grain
serve`` runs it, where a simulated device can be chosen too.
"""

import argparse
import asyncio
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from offchain.enclave.artifact_folder import ArtifactFolder
from offchain.enclave.benchmark import Tools
from offchain.enclave.capacity import Capacity
from offchain.enclave.devices.base import QuoteDevice
from offchain.enclave.enclave import Enclave
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.enclave.models.sandbox import deny_core_dumps
from offchain.enclave.service.journal import SignatureJournal
from offchain.enclave.service.listener import Listener
from offchain.enclave.service.logs import log_to
from offchain.enclave.service.server import Service, make_app
from offchain.enclave.service.workers import add_cluster_arguments, parallel_of

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that do not depend on the device."""
    parser.add_argument(
        "--artifacts",
        required=True,
        type=Path,
        help="local folder of artifacts, which the host uploads or copies there",
    )
    parser.add_argument("--journal", required=True, type=Path, help="file of all signatures")
    parser.add_argument(
        "--scratch",
        help="folder on disk for models' encrypted outputs (default: the system's temporary one)",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port on loopback; 0 takes a free one (%(default)s)"
    )
    parser.add_argument("--workers", type=int, default=1, help="submissions measured at a time")
    parser.add_argument(
        "--memory",
        type=int,
        default=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        help="bytes that a task may use, half of them for all workers' models (%(default)s: all)",
    )
    beside = "of a model, beside the time that its work may take (%(default)s)"
    parser.add_argument("--wall-seconds", type=float, default=600.0, help=f"deadline {beside}")
    parser.add_argument("--cpu-seconds", type=int, default=300, help=f"CPU time {beside}")
    parser.add_argument(
        "--unconfined",
        action="store_true",
        help="run models although neither Landlock nor seccomp works; only for a TEE that confines "
        "them itself",
    )
    add_cluster_arguments(parser)


def device_named(name: str) -> QuoteDevice:
    """Return the device of a TEE: ``gramine``, ``tdx`` or ``dstack``.

    Each is imported only here, because an image has the packages of its own device alone.

    Raises:
        ValueError: this image lacks the device.
    """
    if name == "gramine":
        from offchain.enclave.devices.gramine import Gramine

        return Gramine()
    if name == "tdx":
        from offchain.enclave.devices.tdx import Tdx

        return Tdx()
    try:
        from offchain.enclave.devices.dstack import Dstack
    except ImportError as error:  # only the image dstack has it
        raise ValueError(
            "device dstack is not in this image, expected that of the target dstack"
        ) from error

    return Dstack()


def serve(
    arguments: argparse.Namespace, device: QuoteDevice, random: Callable[[int], bytes]
) -> Iterator[str]:
    """Boot an enclave with fresh keys and serve it; yield one line when it has stopped.

    Args:
        arguments: those of `add_arguments`.
        device: returns quotes.
        random: returns as many random bytes as it is asked for.

    Raises:
        OSError: the scratch folder does not exist, the port is in use, or the scheduler does not
            answer.
        ValueError: the file of ``--journal`` is no journal, or another process writes it.
    """
    log_to(sys.stderr)
    deny_core_dumps()
    if arguments.scratch is not None and not Path(arguments.scratch).is_dir():
        raise NotADirectoryError(f"--scratch {arguments.scratch}, expected an existing folder")
    limits = RunLimits(arguments.wall_seconds, arguments.cpu_seconds, not arguments.unconfined)
    measure = partial(run_model, run_limits=limits)
    capacity = Capacity.of(arguments.memory, arguments.workers)
    artifacts = ArtifactFolder.open(arguments.artifacts)
    allow_open_files()
    journal = SignatureJournal(arguments.journal)
    with closing(journal), parallel_of(arguments) as parallel:
        service = Service(
            enclave=Enclave.boot(random),
            tools=Tools(artifacts, measure, arguments.scratch, capacity),
            device=device,
            journal=journal,
            uploads=artifacts,
            upload_bytes=max(capacity.model_memory, capacity.test_set),
            workers=arguments.workers,
            parallel=parallel,
        )
        asyncio.run(_serve(service, arguments.port))
    yield "stopped"


def allow_open_files() -> None:
    """Raise the limit of open files to the maximum that the system allows.

    Every ensemble task without a signature keeps a file open, and every client a socket.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(service: Service, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    listener = Listener(make_app(service))
    url = await listener.open(port)
    print(json.dumps({"url": url}), flush=True)
    fields = {"signing_key": service.enclave.identity.signing_key, "url": url}
    log.info("serving", extra={"fields": fields})
    await stop.wait()
    await listener.close()
    log.info("stopped")
