"""Measure the enclave beside what a user would pick instead, and write docs/BENCHMARKS.md.

    make bench          all figures, in some 15 minutes on two quiet cores
    make bench-large    10,000 submissions

Every time stands beside a ratio of the same run: both sides take turns, and ratios are medians.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from textwrap import fill

from distributed import Client, LocalCluster
from rich.console import Console

from offchain.enclave.enclave import Enclave
from offchain.protocol.manifest import Selection
from offchain.storage.store import Store
from scripts.lib.bench import market, runs, units
from scripts.lib.bench.kinds import KINDS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "BENCHMARKS.md"
TEMPLATE = ROOT / "scripts" / "lib" / "bench" / "page.md"
PACKAGES = ("onnxruntime", "numpy", "onnx", "cryptography", "joblib", "distributed", "dcap-qvl")
MIB = 2**20
WIDTH = 120


def kinds(seconds: float, turns: int, folder: Path) -> Iterator[str]:
    """Yield the table of runs."""
    heads = (
        "model",
        "rows",
        "plain, s",
        "part",
        "ratio, part",
        "ratio, whole",
        "default",
        "fixed, ms",
    )
    yield "| " + " | ".join(heads) + " |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in KINDS:
        each = runs.compare(name, folder, seconds, turns)
        yield (
            f"| {name} | {each.rows:,} | {each.plain:.2f} | {each.part:,} | {each.ratio_part:.2f} "
            f"| {each.ratio_whole:.2f} | {each.ratio_default:.2f} | {each.fixed:.0f} |"
        )


def scales(folder: Path, turns: int) -> Iterator[str]:
    """Yield what more workers and a cluster give."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,  # type: ignore[no-untyped-call]
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        faster, most, dask = runs.workers(turns, client, folder)
    yield f"{runs.WORKER_RUNS} runs of the CNN on 10,000 images:"
    yield ""
    yield (
        f"- Two workers measure {faster:.2f} times as fast as one. Two processes of plain "
        f"onnxruntime are {most:.2f} times as fast as one: more the machine does not give."
    )
    yield f"- Dask over two processes is {dask:.2f} times as fast as joblib's two threads."


def submissions(counts: tuple[int, ...], console: Console) -> Iterator[str]:
    """Yield time and memory for numbers of submissions."""
    yield "| submissions | s | ms each | service, MiB | model, MiB | request, MiB |"
    yield "|---|---|---|---|---|---|"
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            each = market.bench(count, 2, Selection.ENSEMBLE, Path(folder), console)
        yield (
            f"| {count:,} | {each.measuring:.1f} | {1000 * each.measuring / count:.0f} "
            f"| {each.service_peak / MIB:.0f} | {each.model_peak / MIB:.0f} "
            f"| {each.request / MIB:.1f} |"
        )


def small_units(turns: int) -> Iterator[str]:
    """Yield the figures of keyrings, artifacts and quotes."""
    with tempfile.TemporaryDirectory() as folder:
        enclave = Enclave.boot(os.urandom)
        store = Store(folder)
        bundle = market.make_bundle((enclave.identity,), 50, Selection.TOP, store)
        position = bundle.transcript.roster.index(enclave.identity)
        each, exchanges = units.keyrings(turns, bundle, position, enclave._sealing_private)
    bounds = market.bound_seconds(market.images())
    yield (
        "- Confidence bounds of a score take, in seconds: "
        + ", ".join(f"{name} {seconds:.2f}" for name, seconds in bounds.items())
        + "."
    )
    roster = len(bundle.transcript.roster)
    sealed, opened = units.artifacts(turns)
    quote, beside = units.quotes(turns)
    yield (
        f"- A keyring for a roster of {roster} is opened in {each:.2f} ms, the time of "
        f"{exchanges:.1f} X25519 exchanges of the library; all entries are sealed anew."
    )
    yield f"- Encryption of an artifact takes {sealed:.2f} times the library's own time."
    yield f"- Decryption of an artifact takes {opened:.2f} times the library's own time."
    yield f"- A quote is verified in Python in {quote:.1f} ms, {beside:.1f} times dcap-qvl's time."


def machine() -> str:
    """Return the machine, its load and the versions."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    processor = next((each.split(": ")[1] for each in lines if each.startswith("model name")), "?")
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"Machine: {processor}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {packages}."
    )


def load() -> str:
    """Return a warning if other processes have the cores."""
    average = os.getloadavg()[1]
    if average <= (os.cpu_count() or 1) + 0.5:
        return f"The load was {average:.1f}."
    return (
        f"**The machine was loaded by other work**: the load was {average:.1f}. Times are longer "
        "than on a quiet machine, ratios vary, and two workers cannot be twice as fast."
    )


def main(
    seconds: float = 2.5, turns: int = 5, counts: tuple[int, ...] = (100, 1000), page: Path = PAGE
) -> str:
    """Run all benchmarks, write the page and return it."""
    console, start = Console(), time.perf_counter()
    parts: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for title, lines in (
            ("Models", kinds(seconds, turns, Path(folder))),
            ("Workers", scales(Path(folder), turns)),
            ("Submissions", submissions(counts, console)),
            ("Units", small_units(turns)),
        ):
            console.print(title)
            made = []
            for line in lines:
                console.print(line)
                made.append(line)
            parts.append("\n".join(made))
    minutes = (time.perf_counter() - start) / 60
    template = TEMPLATE.read_text(encoding="utf-8")
    text = template.format(*parts, machine=machine(), load=load(), minutes=minutes, turns=turns)
    text = "".join(map(wrapped, text.splitlines()))
    page.write_text(text, encoding="utf-8")
    return text


def wrapped(line: str) -> str:
    """Break a line of prose that is too wide for a page; rows of tables stay whole."""
    if line.startswith("|") or not line:
        return f"{line}\n"
    return fill(line, WIDTH, subsequent_indent="  " * line.startswith("- ")) + "\n"


def large() -> str:
    """Measure 10,000 submissions and print the figures."""
    console = Console()
    text = "\n".join(submissions((10_000,), console))
    console.print(text)
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("--large", action="store_true", help="10,000 submissions alone")
    parser.add_argument("--seconds", type=float, default=2.5, help="of plain onnxruntime")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--counts", type=int, nargs="*", default=(100, 1000))
    arguments = parser.parse_args()
    if arguments.large:
        large()
    else:
        main(arguments.seconds, arguments.turns, tuple(arguments.counts))
