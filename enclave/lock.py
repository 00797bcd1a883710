"""Makes ``requirements.lock``: every package that runs inside the enclave, by version and hash.

    .venv/bin/python enclave/lock.py

What ``requirements.in`` names and all that it brings along, at the versions of this environment,
which the project's ``requirements.txt`` and ``constraints.txt`` pin. The hash is that of the wheel
for Linux on x86-64, so the same bytes go into every image. Asks the package index.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).parent
HEADER = "# Made by lock.py from requirements.in; do not edit.\n"


def needed(requirements: Iterable[Requirement]) -> Iterator[str]:
    """Names of all packages that these need in this environment, themselves included."""
    seen: set[tuple[str, str]] = set()
    queue = [(requirement, "") for requirement in requirements]
    while queue:
        requirement, extra = queue.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in ("", *requirement.extras):
            key = canonicalize_name(requirement.name), wanted
            if key not in seen:
                seen.add(key)
                requires = distribution(requirement.name).requires or ()
                queue += [(Requirement(text), wanted) for text in requires]
    yield from sorted({name for name, _ in seen})


def locked(pins: list[str]) -> str:
    """The lock file's text: name, version and SHA-256 of each wheel."""
    report = subprocess.run(  # noqa: S603
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
            *("--no-deps", "--only-binary", ":all:", "--report", "-", *pins),
        ],
        check=True,
        capture_output=True,
    ).stdout
    lines = sorted(
        f"{canonicalize_name(item['metadata']['name'])}=={item['metadata']['version']}"
        f" --hash=sha256:{item['download_info']['archive_info']['hashes']['sha256']}\n"
        for item in json.loads(report)["install"]
    )
    return HEADER + "".join(lines)


def main() -> None:
    """Write the lock file."""
    lines = (FOLDER / "requirements.in").read_text().splitlines()
    names = needed(Requirement(line) for line in lines if line and not line.startswith("#"))
    pins = [f"{name}=={distribution(name).version}" for name in names]
    (FOLDER / "requirements.lock").write_text(locked(pins))


if __name__ == "__main__":
    main()
