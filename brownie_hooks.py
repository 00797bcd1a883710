"""Lets Brownie build and run this project; Brownie imports this file when it loads the project.

Brownie 1.22.2 can compile Vyper 0.4.3 of a single file: it does not find imported modules,
interfaces and packages, takes every module for a contract, does not notice an edit of what a
contract imports, and misreads Vyper's source maps, which have a row for each byte and name several
files. Its `development` network uses a fixed port and attaches to whatever listens there. Each is
mended below, in this order:

1. deployables: files under `contracts/modules/` are imported, never deployed;
2. fingerprints: a source ends in a digest of all it imports, so that Brownie sees it change;
3. compilation: imports resolve as on Vyper's command line, against the project and `sys.path`;
4. source maps: lines, `# dev:` reasons and coverage of the contract and of its modules;
5. the local chain: anvil from `node_modules`, on a port of its own for every run;
6. receipts: anvil counts a transaction a moment before it has its receipt, and Brownie would sleep
   for a second, or take the transaction for dropped.

It can go once Brownie does these itself. tests/toolchain holds it to them.
"""

import os
import socket
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import brownie.project.compiler.vyper as brownie_vyper
import brownie.project.main as brownie_project
from brownie._config import CONFIG
from brownie.project.sources import Sources
from vyper.ast.utils import ast_to_dict
from vyper.cli import vyper_json
from vyper.cli.vyper_compile import get_search_paths
from vyper.compiler import outputs_from_compiler_data
from vyper.compiler.input_bundle import FileInput, FilesystemInputBundle
from vyper.compiler.phases import CompilerData
from vyper.compiler.settings import Settings
from web3.eth import Eth
from web3.exceptions import TransactionNotFound

ROOT = Path(__file__).resolve().parent
MODULES = "contracts/modules/"
FINGERPRINT = "\n# imports: "
CONTRACT = "0"  # the compiler's source id of the contract itself
BLANK = "-1:-1:-1:-"  # the row of an instruction that no source stands for
BLOCK_ENDS = ("JUMP", "JUMPI", "STOP", "RETURN", "REVERT", "INVALID")

Json = dict[str, Any]

# ── 1. Deployables ──


def deployable_sources(contracts: dict[str, str], interfaces: dict[str, str]) -> Sources:
    """Brownie's `Sources`, without the files that are only ever imported."""
    deployables = {path: text for path, text in contracts.items() if not path.startswith(MODULES)}
    return Sources(deployables, interfaces)


# ── 2. Fingerprints ──


def brownie_load_source(path: Path, source: str) -> str:
    """Brownie's own hook, called for each source file: adds the digest of what it imports.

    Raises the compiler's exception if an import cannot be read.
    """
    name = path.relative_to(ROOT).as_posix()
    if path.suffix != ".vy" or name.startswith(MODULES):
        return source
    imports = compiler_data(name, source, Settings()).resolved_imports.compiler_inputs
    digests = sorted(sha256(file.contents.encode()).hexdigest() for file in imports)
    digests.append(sha256(Path(__file__).read_bytes()).hexdigest())
    return source + FINGERPRINT + sha256("".join(digests).encode()).hexdigest() + "\n"


# ── 3. Compilation ──


def compiler_data(path: str, source: str, settings: Settings) -> CompilerData:
    """Vyper's compiler on one contract, `path` being relative to the project."""
    bundle = FilesystemInputBundle(get_search_paths([str(ROOT)]))
    resolved = ROOT / path
    source_id = bundle._generate_source_id(resolved)
    text = source.partition(FINGERPRINT)[0]
    return CompilerData(FileInput(source_id, Path(path), resolved, text), bundle, settings)


def compile_json(input_json: Json) -> Json:
    """Stands in for `vyper.cli.vyper_json.compile_json`: standard JSON in, standard JSON out."""
    settings = vyper_json.get_settings(input_json)
    formats = vyper_json.get_output_formats(input_json)
    compiled = {}
    for path, source in input_json["sources"].items():
        data = compiler_data(path, source["content"], settings)
        outputs = outputs_from_compiler_data(data, formats[PurePath(path)])
        if "source_map_runtime" in outputs:
            outputs["source_map"] = outputs["source_map"]["pc_pos_map_compressed"]
            outputs["source_map_runtime"] = source_map(data, outputs)
        compiled[PurePath(path)] = {**outputs, "source_id": data.source_id}
    output: Json = vyper_json.format_to_output_dict(compiled)
    return output


# ── 4. Source maps ──


class SourceFile(NamedTuple):
    path: str
    ast: list[Json]


class SourceMap(NamedTuple):
    """A row `start:length:source id:jump` for each instruction, and the modules by source id."""

    rows: list[str]
    files: dict[str, SourceFile]

    def of(self, source_id: str) -> str:
        """The rows of one file as Brownie reads them, the others blank."""
        return ";".join(row if row.split(":")[2] == source_id else BLANK for row in self.rows)


def source_map(data: CompilerData, outputs: Json) -> SourceMap:
    """Vyper's map of the runtime code, resampled from one row a byte to one an instruction."""
    by_byte = outputs["source_map_runtime"]["pc_pos_map_compressed"].split(";")
    operations, rows = [], []
    pc = 0
    for token in outputs["opcodes_runtime"].split():
        if token.startswith("0x"):
            pc += len(token) // 2 - 1
        else:
            operations.append(token)
            rows.append(by_byte[pc] if by_byte[pc].count(":") == 3 else by_byte[pc] + ":-")
            pc += 1
    name_entries(operations, rows)
    files = {}
    for file, ast in data.resolved_imports.compiler_inputs.items():
        if file.resolved_path.is_relative_to(ROOT / "contracts"):
            path = file.resolved_path.relative_to(ROOT).as_posix()
            files[str(file.source_id)] = SourceFile(path, ast_to_dict(ast)["body"])
    return SourceMap(rows, files)


def name_entries(operations: list[str], rows: list[str]) -> None:
    """Gives a `JUMPDEST` without a row the first row of its block: calls show where they go."""
    first = BLANK
    for i in reversed(range(len(operations))):
        if operations[i] in BLOCK_ENDS:
            first = BLANK
        elif rows[i] != BLANK:
            first = rows[i]
        elif operations[i] == "JUMPDEST":
            rows[i] = first


def build_json(
    output_evm: Json, path: str, name: str, ast: list[Json], offset: tuple[int, int]
) -> Json:
    """Stands in for Brownie's `_get_unique_build_json`: adds the modules to the contract's maps.

    Statements and branches of modules are named `module.function`.
    """
    deployed = output_evm["deployedBytecode"]
    whole: SourceMap = deployed["sourceMap"]
    deployed["sourceMap"] = whole.of(CONTRACT)
    build: Json = brownie_build_json(output_evm, path, name, ast, offset)
    pcs, coverage = build["pcMap"], build["coverageMap"]
    for source_id, file in whole.files.items():
        stem = PurePath(file.path).stem
        rows = whole.of(source_id)
        module_pcs, statements, branches = brownie_coverage(
            rows, deployed["opcodes"], stem, file.ast
        )
        pcs.update(
            {pc: {**step, "path": source_id} for pc, step in module_pcs.items() if "fn" in step}
        )
        build["allSourcePaths"][source_id] = file.path
        coverage["statements"][source_id] = statements["0"]
        coverage["branches"][source_id] = branches["0"]
    for source_id, functions in coverage["statements"].items():
        for function in functions:  # Brownie leaves out functions without an entry here
            coverage["branches"][source_id].setdefault(function, {})
    mark_shared_revert(pcs)
    return build


def mark_shared_revert(pcs: dict[int, Json]) -> None:
    """Reverts without a reason share one `REVERT`: Brownie is to look where it was jumped from."""
    steps = list(pcs.values())
    for i in range(3, len(steps)):
        if [step["op"] for step in steps[i - 3 : i + 1]] == ["JUMPDEST", "PUSH0", "DUP1", "REVERT"]:
            steps[i]["optimizer_revert"] = True


# ── 5. The local chain ──


def free_port() -> int:
    """A TCP port on the loopback interface for this process, until it gets to start its chain.

    Below those that the kernel hands out, since compiling may take a minute in between; the process
    id keeps apart what runs side by side.

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
    """Finds anvil where npm installed it, and gives this process a port of its own for it."""
    os.environ["PATH"] = f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    CONFIG.networks["development"]["cmd_settings"]["port"] = free_port()


# ── 6. Receipts ──


def patient_receipt(eth: Eth, transaction: Any) -> Any:
    """web3's `get_transaction_receipt`, which on a local chain waits for the receipt to appear.

    Raises `TransactionNotFound` at once on a live network, after two seconds on a local one.
    """
    if CONFIG.network_type == "development":
        for _ in range(400):
            try:
                return web3_receipt(eth, transaction)
            except TransactionNotFound:
                time.sleep(0.005)
    return web3_receipt(eth, transaction)


brownie_build_json = brownie_vyper._get_unique_build_json
brownie_coverage = brownie_vyper._generate_coverage_data
web3_receipt = Eth.get_transaction_receipt

brownie_project.Sources = deployable_sources
brownie_vyper.vyper_json.compile_json = compile_json
brownie_vyper._get_unique_build_json = build_json
Eth.get_transaction_receipt = patient_receipt  # type: ignore[method-assign, assignment]
use_own_chain()
