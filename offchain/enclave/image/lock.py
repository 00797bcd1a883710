"""Write the locks of the images: every package inside an image, by version and hash.

    .venv/bin/python offchain/enclave/image/lock.py [--upgrade]

``requirements.in`` names the packages of every image with their versions, and pip resolves their
dependencies. Versions in an existing lock are kept unless ``--upgrade`` is given. The extras
``requirements-dstack.in`` and ``requirements-dask.in`` have locks of their own for the packages
that they add. Each hash is that of the wheel for Linux on x86-64, so that every image gets the same
bytes. The script needs access to the package index.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
EXTRAS = ("dstack", "dask")
HEADER = "# Made by lock.py from {name}.in; do not edit.\n"


def pins(path: Path) -> dict[str, str]:
    """Return the version of each package that a requirements file or lock pins."""
    text = path.read_text() if path.exists() else ""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))


def resolve(names: list[str], constraints: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return version and wheel SHA-256 of each package that requirements files need.

    Raises:
        subprocess.CalledProcessError: pip finds no set of versions, or no package index.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{name}=={version}\n" for name, version in constraints.items())
        file.flush()
        files = [part for name in names for part in ("--requirement", str(FOLDER / f"{name}.in"))]
        report = subprocess.run(  # noqa: S603
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"),
                *("--ignore-installed", "--only-binary", ":all:", "--report", "-"),
                *("--constraint", file.name, *files),
            ],
            check=True,
            capture_output=True,
        ).stdout
    found = {}
    for item in json.loads(report)["install"]:
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        found[name] = (item["metadata"]["version"], digest)
    return found


def write(name: str, packages: dict[str, tuple[str, str]]) -> None:
    """Write the lock ``name`` with version and SHA-256 of each package."""
    lines = (
        f"{package}=={version} --hash=sha256:{digest}\n"
        for package, (version, digest) in sorted(packages.items())
    )
    (FOLDER / f"{name}.lock").write_text(HEADER.format(name=name) + "".join(lines))


def main(arguments: list[str]) -> None:
    """Write all locks; with ``--upgrade``, ignore the versions in the present ones."""
    names = ["requirements", *(f"requirements-{extra}" for extra in EXTRAS)]
    constraints: dict[str, str] = {}
    if "--upgrade" not in arguments:
        for name in names:
            constraints |= pins(FOLDER / f"{name}.lock")
    for name in names:  # the version in a requirements file replaces that of a lock
        constraints |= pins(FOLDER / f"{name}.in")
    base = resolve(names[:1], constraints)
    write(names[0], base)
    constraints |= {package: version for package, (version, _) in base.items()}
    for name in names[1:]:
        added = resolve([names[0], name], constraints)
        write(name, {package: pin for package, pin in added.items() if package not in base})


if __name__ == "__main__":
    main(sys.argv[1:])
