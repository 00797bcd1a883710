"""`make abi`: what integrators take from `interfaces/` says what the contracts are."""

import json
from collections import Counter
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import ZERO_ADDRESS
from scripts.abi import compiled, exports
from tests import sale
from tests.solidity import compile_solidity

from .conftest import ROOT

CONTRACTS = sorted(path.stem for path in (ROOT / "contracts").glob("*.vy"))
SOLIDITY = sorted((ROOT / "interfaces").glob("*.sol"))
ABIS = sorted(path.stem for path in (ROOT / "interfaces").glob("I*.json"))

Entry = dict[str, Any]


@pytest.fixture(scope="module")
def solidity() -> dict[str, Any]:
    return compile_solidity(*SOLIDITY)


def exported(name: str) -> list[Entry]:
    entries: list[Entry] = json.loads((ROOT / "interfaces" / f"{name}.json").read_text())
    return entries


def plain(value: Any) -> Any:
    """Without `internalType`; parameters without the underscore that packages leave out."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {key: plain(each) for key, each in value.items() if key != "internalType"}
    return {**kept, "name": kept["name"].lstrip("_")}


def lines(abi: list[Entry]) -> list[str]:
    return sorted(json.dumps(entry, sort_keys=True) for entry in abi)


def test_exports__of_this_project__are_the_files_in_interfaces():
    texts = exports(ROOT)
    stale = [str(path) for path, text in texts.items() if path.read_text() != text]
    assert stale == [], "run `make abi`"
    suffixes = (".json", ".sol", ".ts")
    written = {each for each in (ROOT / "interfaces").rglob("*") if each.suffix in suffixes}
    assert written == set(texts), "remove what is not exported"


@pytest.mark.parametrize("name", CONTRACTS)
def test_abi__of_a_contract__is_the_compiled_one(name):
    module = compiled(ROOT, ROOT / "contracts" / f"{name}.vy").annotated_vyper_module
    entries = module._metadata["type"].interface.to_toplevel_abi_dict()
    deployed = [entry for entry in entries if entry["type"] != "constructor"]
    assert lines(plain(exported(f"I{name}"))) == lines(plain(deployed))


@pytest.mark.parametrize("name", ABIS)
def test_solidity__compiled__has_the_same_abi(name, solidity):
    def solcs(entry: Entry) -> Entry:
        return {key: value for key, value in entry.items() if key != "anonymous"}

    theirs = [solcs(entry) for entry in solidity[name]["abi"]]
    assert lines(theirs) == lines([solcs(entry) for entry in exported(name)])


@pytest.mark.parametrize("primary", ["Task", "Report"])
def test_eip712__types__give_the_digest_that_is_signed(primary):
    typed = json.loads((ROOT / "interfaces" / "eip712.json").read_text())
    entries = sale.roster([sale.enclave("one", ZERO_ADDRESS)])
    task = sale.task(ZERO_ADDRESS, entries, sale.word("measurement"), 0)
    report = sale.report(sale.word("task"), sale.word("seed"), (0, 900_000))
    value = {"Task": task.parts(), "Report": report._asdict()}[primary]
    domain = Domain(31337, sale.enclave("market", ZERO_ADDRESS).signing_key)
    message = encode_typed_data(
        full_message={
            "types": {
                name: members
                for name, members in typed["types"].items()
                if name in ("EIP712Domain", primary) or (primary == "Task" and name != "Report")
            },
            "primaryType": primary,
            "domain": {
                **typed["domain"],
                "chainId": domain.chain_id,
                "verifyingContract": domain.market,
            },
            "message": {
                name: list(given) if isinstance(given, tuple) else given
                for name, given in value.items()
            },
        }
    )
    found = keccak(b"\x19" + message.version + message.header + message.body)
    assert found == (report.digest(domain) if primary == "Report" else task.id(domain))


@pytest.mark.parametrize("name", ["market", "registry"])
def test_event_table__of_integrating__has_every_event_with_its_fields(name):
    page = (ROOT / "docs" / "INTEGRATING.md").read_text()
    lines = page.partition(f"| event of the {name} |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in lines]
    interface = {"market": "IModelMarket", "registry": "IEnclaveRegistry"}[name]
    declared = [
        [
            f"`{event['name']}`",
            ", ".join(f"**{v['name']}**" if v["indexed"] else v["name"] for v in event["inputs"]),
        ]
        for event in exported(interface)
        if event["type"] == "event"
    ]
    assert sorted(rows) == sorted(declared)


def test_exports__sample__name_types_and_carry_documentation(project):
    folder = project / "interfaces"
    (folder / "ITypes.vyi").write_text("struct Pair:\n    a: uint256  # the first\n")
    source = folder / "ICounter.vyi"
    source.write_text(
        "from interfaces import ITypes\n"
        + source.read_text()
        + "\n\n@external\n@view\ndef pair(_at: uint256) -> DynArray[ITypes.Pair, 3]:\n"
        '    """\n    @notice Give a pair.\n    """\n    ...\n'
    )
    (project / "contracts" / "Counter.vy").unlink()
    texts = {str(path.relative_to(folder)): text for path, text in exports(project).items()}
    assert sorted(texts) == ["ICounter.json", "ICounter.sol", "ITypes.sol", "abi.ts"]
    pair = next(e for e in json.loads(texts["ICounter.json"]) if e.get("name") == "pair")
    assert pair["outputs"][0]["internalType"] == "struct ITypes.Pair[]"
    assert 'import {ITypes} from "./ITypes.sol";' in texts["ICounter.sol"]
    assert (
        "    /// @notice Give a pair.\n"
        "    function pair(uint256 _at) external view returns (ITypes.Pair[] memory);"
    ) in texts["ICounter.sol"]
    assert "        uint256 a; // the first\n" in texts["ITypes.sol"]
    assert "export const counterAbi = [" in texts["abi.ts"]


def test_sources__of_contracts_and_interfaces__have_names_of_their_own():
    sources = [*(ROOT / "contracts").rglob("*.vy"), *(ROOT / "interfaces").rglob("*.vyi")]
    assert sources
    assert [stem for stem, n in Counter(path.stem for path in sources).items() if n > 1] == []
