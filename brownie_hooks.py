"""Hooks that let Brownie build and run this project; Brownie imports this file with the project.

Brownie 1.22.2 can compile Vyper 0.4.3 of a single file: it does not find imported modules,
interfaces and packages, takes every module for a contract, and does not notice an edit of what a
contract imports. Its `development` network uses a fixed port and attaches to whatever listens
there. Each is mended below, in this order:

1. deployables: files under `contracts/modules/` are imported, never deployed; of the files in
   `interfaces/`, the ABIs alone are Brownie's;
2. fingerprints: a source ends in a digest of all it imports, so that Brownie sees it change;
3. compilation: imports resolve as on Vyper's command line, against the project and `sys.path`;
4. the local chain: anvil from `node_modules`, on a port of its own for every run;
5. receipts: anvil counts a transaction a moment before it has its receipt, and Brownie would sleep
   for a second, or take the transaction for dropped; it waits in a thread of its own, which may put
   transactions back into the history that the main thread has just reverted, and whose errors leave
   the main thread waiting for ever;
6. scripts: `brownie run script argument` passes the argument to `main`, as it stands in usage;
7. tests: Brownie's pytest plugin uses a module of Hypothesis that newer versions do not import;
8. time: outside the console, no snapshot follows each transaction to undo it; a snapshot does not
   read the sources of all its callers, nor a request to this machine the environment's proxies.

brownie_source_maps.py, imported here, mends the source maps. Both can go once Brownie does this
itself. tests/toolchain holds them to it.
"""

import json
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePath
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import brownie.project.compiler.vyper as brownie_vyper
import brownie.project.main as brownie_project
import brownie.project.scripts as brownie_scripts
import hypothesis.extra.pytestplugin  # noqa: F401 - see 7
import requests
from brownie._config import CONFIG
from brownie.network.rpc import anvil as brownie_anvil
from brownie.network.state import Chain
from brownie.project.sources import Sources
from vyper.cli import vyper_json
from vyper.cli.vyper_compile import get_search_paths
from vyper.compiler import outputs_from_compiler_data
from vyper.compiler.input_bundle import FileInput, FilesystemInputBundle
from vyper.compiler.phases import CompilerData
from vyper.compiler.settings import Settings
from web3 import HTTPProvider
from web3.eth import Eth
from web3.exceptions import TransactionNotFound
from web3.types import RPCEndpoint

import brownie_source_maps

ROOT = Path(__file__).resolve().parent
MODULES = "contracts/modules/"
ABIS = "interfaces/I*.json"
IMPORTS = ROOT / "build" / "imports.json"
FINGERPRINT = "\n# imports: "

Json = dict[str, Any]

# ── 1. Deployables ──


def deployable_sources(contracts: dict[str, str], interfaces: dict[str, str]) -> Sources:
    """Return Brownie's `Sources` without the files that are only ever imported.

    Interfaces are the ABIs, `interfaces/I*.json`: Brownie takes every other file there for one too.
    """
    deployables = {path: text for path, text in contracts.items() if not path.startswith(MODULES)}
    abis = {path: text for path, text in interfaces.items() if PurePath(path).match(ABIS)}
    return Sources(deployables, abis)


# ── 2. Fingerprints ──


def brownie_load_source(path: Path, source: str) -> str:
    """Add to a source file the digest of what it imports; Brownie calls this for each one.

    Raises the compiler's exception if an import cannot be read.
    """
    name = path.relative_to(ROOT).as_posix()
    if path.suffix != ".vy" or name.startswith(MODULES):
        return source
    digests = sorted(import_digests(name, source).values())
    digests += map(file_digest, (__file__, brownie_source_maps.__file__))
    return source + FINGERPRINT + sha256("".join(digests).encode()).hexdigest() + "\n"


def import_digests(name: str, source: str) -> dict[str, str]:
    """Return the digest of each file that a source imports, by its path.

    Vyper takes two seconds to find them for all contracts, so they are kept in the build folder
    until one of them, the source, or the list of the project's files changes.
    """
    folders = ("contracts", "interfaces")
    files = [str(file.relative_to(ROOT)) for each in folders for file in (ROOT / each).rglob("*")]
    state = sha256(json.dumps([source, sorted(files)]).encode()).hexdigest()
    kept = json.loads(IMPORTS.read_text()) if IMPORTS.exists() else {}
    found: Json = kept.get(name, {"state": None, "imports": {}})
    if found != {"state": state, "imports": {path: file_digest(path) for path in found["imports"]}}:
        imports = compiler_data(name, source, Settings()).resolved_imports.compiler_inputs
        paths = [os.path.relpath(file.resolved_path, ROOT) for file in imports]
        found = {"state": state, "imports": {path: file_digest(path) for path in paths}}
        IMPORTS.parent.mkdir(exist_ok=True)
        written = IMPORTS.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps({**kept, name: found}))
        written.replace(IMPORTS)
    return dict(found["imports"])


def file_digest(path: str) -> str:
    """Return the digest of a file, by its path from the project on; empty if there is none."""
    file = ROOT / path
    return sha256(file.read_bytes()).hexdigest() if file.exists() else ""


# ── 3. Compilation ──


def compiler_data(path: str, source: str, settings: Settings) -> CompilerData:
    """Return Vyper's compiler for one contract, `path` being relative to the project."""
    bundle = FilesystemInputBundle(get_search_paths([str(ROOT)]))
    resolved = ROOT / path
    source_id = bundle._generate_source_id(resolved)
    text = source.partition(FINGERPRINT)[0]
    return CompilerData(FileInput(source_id, Path(path), resolved, text), bundle, settings)


def compile_json(input_json: Json) -> Json:
    """Replace `vyper.cli.vyper_json.compile_json`: standard JSON in, standard JSON out."""
    settings = vyper_json.get_settings(input_json)
    formats = vyper_json.get_output_formats(input_json)
    compiled = {}
    for path, source in input_json["sources"].items():
        data = compiler_data(path, source["content"], settings)
        outputs = outputs_from_compiler_data(data, formats[PurePath(path)])
        if "source_map_runtime" in outputs:
            outputs["source_map"] = outputs["source_map"]["pc_pos_map_compressed"]
            outputs["source_map_runtime"] = brownie_source_maps.source_map(data, outputs)
        compiled[PurePath(path)] = {**outputs, "source_id": data.source_id}
    output: Json = vyper_json.format_to_output_dict(compiled)
    return output


# ── 4. The local chain ──


def free_port() -> int:
    """Return a free TCP port of the loopback interface, for this process to start its chain on.

    It is below those that the kernel hands out, since compiling may take a minute in between;
    the process id keeps apart what runs side by side.

    Raises RuntimeError if nothing is free among a thousand.
    """
    first = os.getpid() % 20_000
    for offset in range(1_000):
        port = 10_000 + (first + offset) % 20_000
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"no free port among 1,000 from {10_000 + first} on")


def use_own_chain() -> None:
    """Find anvil where npm installed it; give this process a port of its own for it.

    GOLDEN_GRAIN_CHAIN_PORT names the port of a chain that runs already, which Brownie attaches to.
    """
    os.environ["PATH"] = f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    CONFIG.networks["development"]["cmd_settings"]["port"] = (
        int(os.environ.get("GOLDEN_GRAIN_CHAIN_PORT", 0)) or free_port()
    )


def launch_anvil(command: str, **settings: Any) -> Any:
    """Replace Brownie's launch of anvil, which names no remedy.

    Raises FileNotFoundError if anvil is not installed.
    """
    if shutil.which("anvil") is None:
        raise FileNotFoundError("anvil, the local chain, is not installed: run `make setup`")
    return brownie_launch(command, **settings)


# ── 5. Receipts ──


def patient_receipt(eth: Eth, transaction: Any) -> Any:
    """Get a receipt as web3 does, but on a local chain wait for it to appear.

    Raises `TransactionNotFound` at once on a live network, after two seconds on a local one.
    """
    if CONFIG.network_type == "development":
        for _ in range(400):
            try:
                return web3_receipt(eth, transaction)
            except TransactionNotFound:
                time.sleep(0.005)
    return web3_receipt(eth, transaction)


class Waiting:
    """Replace the thread in which Brownie waits for a receipt: the caller waits, and meets errors.

    On a live network, a caller who asks for no confirmations does not wait here at all.
    """

    def __init__(self, target: Callable[..., None], args: tuple[Any, int], daemon: bool) -> None:
        self._wait, self._block, self._confirmations = target, *args

    def start(self) -> None:
        if self._confirmations or CONFIG.network_type == "development":
            self._wait(self._block, self._confirmations)

    def join(self) -> None:
        """Nothing is left to wait for."""


# ── 6. Scripts ──


def run_script(script: str, method_name: str = "main", args: Any = None, **options: Any) -> Any:
    """Run a script as Brownie does, but take what cannot be a function for an argument of main."""
    if not method_name.isidentifier():
        method_name, args = "main", (method_name, *(args or ()))
    return brownie_run(script, method_name=method_name, args=args, **options)


# ── 8. Time ──


def keep_no_undo(chain: Chain, transaction: Any, *_: Any) -> None:
    """Replace the thread that takes a snapshot after each transaction, for `chain.undo`."""


def nearest_callers() -> list[Any]:
    """Replace `inspect.stack`, of which Brownie uses the frame of its caller's caller alone."""
    return [None, SimpleNamespace(frame=sys._getframe(2))]


def provider(url: str, options: Json | None = None) -> HTTPProvider:
    """Replace Brownie's provider; on this machine, it asks for the id of the chain once."""
    if urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
        return HTTPProvider(url, options)
    session = requests.Session()
    session.trust_env = False
    once = {RPCEndpoint("eth_chainId")}
    return HTTPProvider(url, options, session, cache_allowed_requests=True, cacheable_requests=once)


brownie_launch = brownie_anvil.launch
brownie_run = brownie_scripts.run
# The package has instances of the same names.
brownie_rpc, brownie_transaction, brownie_web3 = (
    sys.modules[f"brownie.network.{name}"] for name in ("rpc", "transaction", "web3")
)
web3_receipt = Eth.get_transaction_receipt

brownie_project.Sources = deployable_sources
brownie_vyper.vyper_json.compile_json = compile_json
brownie_anvil.launch = launch_anvil
if "brownie._cli.run" in sys.modules:
    sys.modules["brownie._cli.run"].run = run_script  # type: ignore[attr-defined]
if CONFIG.mode != "console":
    Chain._add_to_undo_buffer = keep_no_undo
brownie_rpc.inspect = SimpleNamespace(stack=nearest_callers)  # type: ignore[attr-defined]
brownie_transaction.threading = SimpleNamespace(  # type: ignore[attr-defined]
    Event=threading.Event, Thread=Waiting
)
brownie_web3.HTTPProvider = provider  # type: ignore[attr-defined]
Eth.get_transaction_receipt = patient_receipt  # type: ignore[method-assign, assignment]
use_own_chain()
