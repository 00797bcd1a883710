"""`make abi` on the sample project, and the file names it relies on."""

import json
from collections import Counter

from scripts.abi import export

from .conftest import ROOT


def test_export__interface_of_a_contract__is_the_contracts_abi(project):
    assert export(project) == [project / "interfaces" / "ICounter.json"]
    abi = json.loads((project / "interfaces" / "ICounter.json").read_text())
    assert sorted(f"{entry['type']} {entry['name']}" for entry in abi) == [
        "event Counted",
        "event OwnershipTransferred",
        "function count",
        "function halve",
        "function owner",
        "function total",
    ]


def test_export__interface_of_no_contract__is_its_own_abi(project):
    (project / "contracts" / "Counter.vy").unlink()
    export(project)
    abi = json.loads((project / "interfaces" / "ICounter.json").read_text())
    assert sorted(entry["name"] for entry in abi) == ["Counted", "count"]


def test_export__types_only__is_left_out(project):
    (project / "interfaces" / "ITypes.vyi").write_text("struct Pair:\n    a: uint256\n")
    assert [path.name for path in export(project)] == ["ICounter.json"]


def test_sources__of_contracts_and_interfaces__have_names_of_their_own():
    sources = [*(ROOT / "contracts").rglob("*.vy"), *(ROOT / "interfaces").rglob("*.vyi")]
    assert sources
    assert [stem for stem, n in Counter(path.stem for path in sources).items() if n > 1] == []
