"""Pytest plugin: play the in-process suites with one build of the contracts, and record every call.

``--build=stable`` leaves titanoboa's own compiler, the one that the contracts are deployed with.
``--build=venom`` replaces each contract's bytecode by that of the Venom code generator of
`.venv-venom`, after it has seen that the legacy generator there makes the very bytecode of the
stable compiler: a run of the one then stands for both. ``--calls=FILE`` receives a line for every
call: the test, what was called, whether it succeeded, and digests of input, output, logs and of
the storage that changed. Time and block hashes start at fixed values, so that two runs see the
same.

titanoboa compiles internal functions by itself: a test that calls one directly, rather than
through a contract, tests the stable compiler in both runs. `STABLE` keep the stable build too.
"""

import json
import subprocess
import sysconfig
from hashlib import sha256
from pathlib import Path
from typing import Any

import boa
import pytest
from boa import interpret
from boa.vm import py_evm

from tests.compiled import source_digest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-venom/bin/python"
COMPILE = Path(__file__).with_name("compile.py")
START = 1_790_000_000  # unix seconds
STABLE = "ConfigurableToken", "HostileAccount", "HostileVerifier"
"""Contracts of tests that store byte arrays, so that others meet the same hostility in both runs.

Venom reads and writes every word that a stored array has room for, legacy only those that are used:
128 slots in place of two cost more than the gas of a payment.
"""

Answer = dict[str, Any]


class Differs(Exception):
    """Two builds differ where they must be equal."""


def digest(*parts: object) -> str:
    """Eight bytes in hexadecimal: enough to notice a difference."""
    return sha256(repr(parts).encode()).hexdigest()[:16]


# ── Compiling ──


def compiled(source: str, path: str, folder: Path, *, venom: bool) -> Answer:
    """Compile with `.venv-venom`, or read what was compiled from these sources before."""
    kept = folder / f"{digest(source, path, venom)}.json"
    if not kept.exists():
        search = [sysconfig.get_path("purelib"), str(ROOT)]
        request = {"source": source, "path": path, "search": search, "venom": venom}
        run = subprocess.run(
            [PYTHON, COMPILE], input=json.dumps(request), capture_output=True, text=True
        )
        if run.returncode:
            raise Differs(f"{path} compiles under the stable compiler alone:\n{run.stderr}")
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(run.stdout)
    return json.loads(kept.read_text())


def replace_bytecode(data: Any, source: str, path: str, folder: Path) -> None:
    """Give titanoboa's contract the bytecode of Venom.

    Raises:
        Differs: the legacy build is not the stable one's byte for byte, or a layout of storage
            is another.
    """
    legacy = compiled(source, path, folder, venom=False)
    if legacy["runtime"] != "0x" + data.bytecode_runtime.hex():
        raise Differs(f"{path}: runtime of {legacy['version']}, legacy, is not that of the pragma")
    venom = compiled(source, path, folder, venom=True)
    if venom["layout"] != legacy["layout"]:
        raise Differs(f"{path}: {venom['layout']} in Venom, {legacy['layout']} in legacy")
    if venom["bytecode"] == legacy["bytecode"]:
        raise Differs(f"{path}: both generators give the same bytecode, so nothing is compared")
    vars(data)["bytecode"] = bytes.fromhex(venom["bytecode"][2:])
    vars(data)["bytecode_runtime"] = bytes.fromhex(venom["runtime"][2:])
    data.source_map = {"pc_raw_ast_map": {}, "error_map": {}}


def use_venom() -> None:
    """Make titanoboa deploy what Venom compiles."""
    compile_stable = interpret.compiler_data
    folder = Path.home() / ".cache" / "venom" / source_digest(ROOT)[:16]

    def compiler_data(source: str, name: str, filename: str, *args: Any, **kwargs: Any) -> Any:
        data = compile_stable(source, name, filename, *args, **kwargs)
        if Path(filename).stem not in STABLE:
            replace_bytecode(data, source, str(filename), folder)
        return data

    interpret.compiler_data = compiler_data


# ── Recording ──


class Recorder:
    """Writes a line for every call that a test makes."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.out = file.open("w", buffering=1)  # nobody closes it
        self.test = "-"
        self.before: dict[tuple[bytes, int], int] = {}  # of every slot that the call stores to

    def watch(self) -> None:
        """Take part in every store, call and deployment of titanoboa's EVM."""
        store, call, deploy = (
            py_evm.SstoreTracer.__call__,
            py_evm.PyEVM.execute_code,
            py_evm.PyEVM.deploy_code,
        )

        def on_store(tracer: Any, computation: Any) -> None:
            where = computation.msg.storage_address, int_of(computation._stack.values[-1])
            self.before.setdefault(where, computation.state.get_storage(*where))
            store(tracer, computation)

        def on_call(evm: Any, **call_of: Any) -> Any:
            self.before.clear()
            done = call(evm, **call_of)
            to, data = call_of["to"].canonical_address, call_of["data"]
            self.line(evm, done, f"{to.hex()}.{data[:4].hex()}", data, call_of)
            return done

        def on_deploy(evm: Any, **call_of: Any) -> Any:
            self.before.clear()
            done = deploy(evm, **call_of)
            to = call_of["target_address"].canonical_address
            self.line(evm, done, f"{to.hex()}.new", b"", call_of)
            return done

        py_evm.SstoreTracer.__call__ = on_store
        py_evm.PyEVM.execute_code = on_call
        py_evm.PyEVM.deploy_code = on_deploy

    def line(self, evm: Any, done: Any, what: str, data: bytes, call_of: dict[str, Any]) -> None:
        """Write one call; the output of a deployment is code, which differs by design."""
        offered = call_of["sender"].canonical_address, call_of["value"], data, call_of["gas"]
        output = b"" if what.endswith(".new") and done.is_success else done.output
        logs = [(address, topics, body) for address, topics, body in done.get_log_entries()]
        storage = [
            (*where, value)
            for where, before in sorted(self.before.items())
            if (value := evm.vm.state.get_storage(*where)) != before
        ]
        fields = (
            what,
            digest(*offered),
            "ok" if done.is_success else "revert",
            digest(output),
            digest(logs),
            digest(storage) if done.is_success else "-",
        )
        self.out.write("\t".join((self.test, *fields)) + "\n")


def int_of(item: Any) -> int:
    """A value of py-evm's stack as a number."""
    return item if isinstance(item, int) else int.from_bytes(item, "big")


# ── pytest ──


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--build", choices=("stable", "venom"), default="stable")
    parser.addoption("--calls", type=Path)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    boa.env.timestamp = START
    boa.env.evm.patch.prev_hashes = [sha256(b"%d" % n).digest() for n in range(256)]
    if config.getoption("--build") == "venom":
        use_venom()
    if file := config.getoption("--calls"):
        recorder = Recorder(file)
        recorder.watch()
        config.stash[RECORDER] = recorder


RECORDER = pytest.StashKey[Recorder]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    """Name the test that the calls belong to."""
    if recorder := item.config.stash.get(RECORDER, None):
        recorder.test = item.nodeid
    return (yield)
