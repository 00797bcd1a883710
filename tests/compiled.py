"""Where titanoboa keeps what it compiled: a folder for each state of the contracts' sources.

titanoboa's own key of a cached contract leaves out modules that are imported through another
module. With a warm cache a broken module would go unnoticed.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from boa.interpret import set_cache_dir

FOLDERS = "contracts", "interfaces"
IMPORT = re.compile(r"^from ((?:contracts|interfaces)[\w.]*) import (\w+)", re.MULTILINE)


def imported_sources(root: Path, name: str) -> set[Path]:
    """A source, and every source below ``root`` that it imports, directly or not."""
    found: set[Path] = set()
    pending = [root / name]
    while pending:
        file = pending.pop()
        if file not in found:
            found.add(file)
            for package, module in IMPORT.findall(file.read_text()):
                stem = root.joinpath(*package.split("."), module)
                pending += [
                    path for path in map(stem.with_suffix, (".vy", ".vyi")) if path.exists()
                ]
    return found


def source_digest(root: Path, files: Iterable[Path] | None = None) -> str:
    """A digest of these sources, or of all below ``root``, each with its path."""
    if files is None:
        files = (file for folder in FOLDERS for file in (root / folder).rglob("*.vy*"))
    found = sha256()
    for file in sorted(files):
        content = sha256(file.read_bytes()).hexdigest()
        found.update(f"{file.relative_to(root)} {content}\n".encode())
    return found.hexdigest()


def cache_folder(digest: str) -> Path:
    return Path.home() / ".cache" / "titanoboa" / digest[:16]


def use_cache(root: Path) -> Path:
    """Compile into, and read from, the folder of all sources as they are now."""
    folder = cache_folder(source_digest(root))
    set_cache_dir(folder)
    return folder


@contextmanager
def cache_of(root: Path, name: str) -> Iterator[None]:
    """Compile one contract into, and read it from, the folder of the sources that it imports."""
    set_cache_dir(cache_folder(source_digest(root, imported_sources(root, name))))
    yield
    use_cache(root)
