"""Count the measured program: the lines and packages that an image of the enclave contains.

    .venv/bin/python -m scripts.enclave_size

The files are those that the enclave imports, directly or not; tests/offchain/test_layers.py holds
the Dockerfile to them.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGE = ROOT / "offchain" / "enclave" / "image"
ENTRY_POINTS = ("offchain.enclave.__main__", "offchain.enclave.models.zygote")
"""The program of an image, and that of the child process which runs a model."""


def source_of(module: str) -> Path | None:
    """Return the file of a module of this project, if it is one."""
    base = ROOT.joinpath(*module.split("."))
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def imports_of(source: Path) -> set[str]:
    """Return the names that a file imports; names taken from a module count as modules too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def closure(entry_points: tuple[str, ...] = ENTRY_POINTS) -> tuple[set[Path], set[str]]:
    """Return the project's files that entry points import, and the other packages' top names."""
    files: set[Path] = set()
    others: set[str] = set()
    queue, seen = list(entry_points), set[str]()
    while queue:
        module = queue.pop()
        if module in seen:
            continue
        seen.add(module)
        packages = module.split(".")
        queue += [".".join(packages[:size]) for size in range(1, len(packages))]
        source = source_of(module)
        if source is not None:
            files.add(source)
            queue += imports_of(source)
        elif packages[0] != "offchain":
            others.add(packages[0])
    return files, others


def locked(name: str) -> dict[str, str]:
    """Return the version of each package of a lock."""
    text = (IMAGE / f"{name}.lock").read_text()
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))


def main() -> dict[str, int]:
    """Print the counts, and return them."""
    files, _ = closure()
    counts = {
        "files": len(files),
        "lines": sum(len(path.read_text().splitlines()) for path in files),
        "packages": len(locked("requirements")),
        "more packages with dstack": len(locked("requirements-dstack")),
        "more packages with dask": len(locked("requirements-dask")),
    }
    for what, count in counts.items():
        print(f"{what:26} {count:6,}")
    return counts


if __name__ == "__main__":
    main()
