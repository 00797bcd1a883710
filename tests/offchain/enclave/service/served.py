"""Services of enclaves in this process, on free ports of loopback."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from offchain.enclave.artifact_folder import ArtifactFolder
from offchain.enclave.benchmark import Tools
from offchain.enclave.enclave import Enclave
from offchain.enclave.service.journal import SignatureJournal
from offchain.enclave.service.listener import Listener
from offchain.enclave.service.server import BUNDLE_BYTES, Service, make_apps
from offchain.operator.client import EnclaveClient
from offchain.simulation import SimulatedDevice
from tests.offchain.market import TOOLS

UPLOAD_BYTES = 2**20


@contextmanager
def served(
    enclave: Enclave,
    folder: Path,
    tools: Tools = TOOLS,
    machine: str = "development",
    bundle_bytes: int = BUNDLE_BYTES,
    upload_bytes: int = UPLOAD_BYTES,
    peers: bool = False,
) -> Iterator[str]:
    """Serve an enclave for the life of the context; yield the owner's URL, or that of peers."""
    journal = SignatureJournal(folder / f"{enclave.identity.signing_key}.jsonl")
    device = SimulatedDevice.of_development(machine)
    uploads = ArtifactFolder.open(folder / "artifacts")
    service = Service(enclave, tools, device, journal, uploads, upload_bytes)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    async def start():
        listeners = [Listener(app) for app in make_apps(service, bundle_bytes)]
        return listeners, [await each.open(0) for each in listeners]

    async def stop():
        await asyncio.gather(*(each.close() for each in listeners))

    listeners, urls = wait(start())
    try:
        yield urls[peers]
    finally:
        wait(stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def client_of(enclave: Enclave, folder: Path, **options) -> Iterator[EnclaveClient]:
    """Serve an enclave and yield a client of it."""
    with served(enclave, folder, **options) as url, EnclaveClient(url) as client:
        yield client
