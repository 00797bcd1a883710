"""The page for auditors lists every operation of the contracts that does not check for overflow."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "contracts/modules"


def uses(source: str) -> int:
    """Calls of `unsafe_add` and its like; what a comment says does not count."""
    code = re.sub(r"#.*", "", source)
    return len(re.findall(r"\bunsafe_\w+\(", code))


def test_unsafe_arithmetic__of_every_file__stands_on_the_page() -> None:
    page = (ROOT / "docs/AUDIT.md").read_text()
    listed = dict(re.findall(r"^\| `(\S+\.vy)` \| (\d+) \|", page, re.MULTILINE))
    files = [file for file in (ROOT / "contracts").rglob("*.vy") if "testing" not in file.parts]
    found = {file: uses(file.read_text()) for file in files}
    assert {name: int(count) for name, count in listed.items()} == {
        str(file.relative_to(MODULES)): count for file, count in found.items() if count
    }
