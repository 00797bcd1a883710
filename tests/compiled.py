"""Where titanoboa keeps what it compiled: a folder for each state of the contracts' sources.

titanoboa's own key of a cached contract leaves out modules that are imported through another
module. With a warm cache a broken module would go unnoticed.
"""

from hashlib import sha256
from pathlib import Path

from boa.interpret import set_cache_dir

FOLDERS = "contracts", "interfaces"


def source_digest(root: Path) -> str:
    """A digest of every source of the contracts below ``root``, with its path."""
    found = sha256()
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*.vy*")):
            content = sha256(file.read_bytes()).hexdigest()
            found.update(f"{file.relative_to(root)} {content}\n".encode())
    return found.hexdigest()


def use_cache(root: Path) -> Path:
    """Compile into, and read from, the folder of the sources as they are now."""
    folder = Path.home() / ".cache" / "titanoboa" / source_digest(root)[:16]
    set_cache_dir(folder)
    return folder
