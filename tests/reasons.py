"""The revert reasons, read from the one file that defines them: `from tests.reasons import TOO_EARLY`."""

import re
from pathlib import Path

ERRORS = Path(__file__).parents[1] / "contracts" / "modules" / "errors.vy"
REASONS: dict[str, str] = dict(
    re.findall(r'^(\w+): constant\(String\[\d+\]\) = "([^"]+)"$', ERRORS.read_text(), re.MULTILINE)
)


def __getattr__(name: str) -> str:
    """A reason by the name of its constant; AttributeError when errors.vy defines none."""
    if name not in REASONS:
        raise AttributeError(f"{ERRORS.name} defines no reason {name!r}")
    return REASONS[name]
