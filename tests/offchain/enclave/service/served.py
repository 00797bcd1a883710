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
from offchain.enclave.service.server import BUNDLE_BYTES, Service, make_app
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
) -> Iterator[str]:
    """Serve an enclave for the life of the context; yield its URL."""
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
        listener = Listener(make_app(service, bundle_bytes))
        return listener, await listener.open(0)

    listener, url = wait(start())
    try:
        yield url
    finally:
        wait(listener.close())
        journal.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def client_of(enclave: Enclave, folder: Path, **options) -> Iterator[EnclaveClient]:
    """Serve an enclave and yield a client of it."""
    with served(enclave, folder, **options) as url, EnclaveClient(url) as client:
        yield client
