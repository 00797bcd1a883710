"""Enclaves served from this process, on free ports of loopback."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from offchain.benchmark import Tools
from offchain.commands.serve import attester
from offchain.enclave import Enclave
from offchain.service.client import EnclaveClient
from offchain.service.journal import Journal
from offchain.service.server import REQUEST_BYTES, Service, make_app
from tests.offchain.market import TOOLS


@contextmanager
def served(
    enclave: Enclave,
    folder: Path,
    tools: Tools = TOOLS,
    machine: str = "development",
    request_bytes: int = REQUEST_BYTES,
) -> Iterator[str]:
    """The url of a service of this enclave, as long as the context lasts."""
    journal = Journal(folder / f"{enclave.identity.signing_key}.jsonl")
    service = Service(enclave, tools, attester("simulated", machine), journal)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    runner = web.AppRunner(make_app(service, request_bytes), access_log=None, shutdown_timeout=1)
    wait(runner.setup())
    wait(web.TCPSite(runner, "127.0.0.1", 0).start())
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        wait(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def client_of(enclave: Enclave, folder: Path, **options) -> Iterator[EnclaveClient]:
    """A client of a service of this enclave."""
    with served(enclave, folder, **options) as url, EnclaveClient(url) as client:
        yield client
