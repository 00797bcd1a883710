"""The revert reasons, read from the files that define them: `from tests.reasons import TOO_EARLY`.

`common/errors.vy` has those of market and registry, `dcap/dcap_errors.vy` those of the verifier
alone. A name that stands in both must say the same.
"""

import re
from pathlib import Path

MODULES = Path(__file__).parents[1] / "contracts" / "modules"
FILES = MODULES / "common" / "errors.vy", MODULES / "dcap" / "dcap_errors.vy"
REASON = re.compile(r'^(\w+): constant\(String\[\d+\]\) = "([^"]+)"$', re.MULTILINE)
REASONS: dict[str, str] = {}
for _file in FILES:
    for _name, _text in REASON.findall(_file.read_text()):
        if REASONS.setdefault(_name, _text) != _text:
            raise ValueError(f"{_name} is {REASONS[_name]!r}, but {_text!r} in {_file.name}")


def __getattr__(name: str) -> str:
    """A reason by the name of its constant; AttributeError when no file defines it."""
    if name not in REASONS:
        raise AttributeError(f"no file of {[file.name for file in FILES]} defines {name!r}")
    return REASONS[name]
