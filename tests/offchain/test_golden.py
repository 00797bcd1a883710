"""The enclave's half of the golden vectors; the contracts' half is checked beside the contracts."""

import json
from pathlib import Path

from offchain.eip712 import TYPES
from tests.vectors.generate import GOLDEN, golden

SPEC = Path(__file__).parents[2] / "docs" / "SPEC.md"


def test_golden__generated_again__is_the_file() -> None:
    assert golden() == json.loads(GOLDEN.read_text())


def test_types__of_the_specification__are_those_hashed() -> None:
    lines = SPEC.read_text().splitlines()
    for name, members in TYPES.items():
        assert f"{name}({members})" in lines
