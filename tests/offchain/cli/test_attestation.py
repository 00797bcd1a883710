"""The sub-commands of ``golden-grain attestation`` on simulated and genuine quotes."""

import json
from pathlib import Path

import pytest

from offchain.attestation.programs import measurement, program_id
from offchain.attestation.quote import TeeType
from offchain.cli.main import main
from offchain.simulation import DEVELOPMENT_SEED, Machine, SimulatedIntel, collateral
from tests.offchain.attestation.support import AT, BODIES, VECTORS, vector

VERIFIER = "0x00000000000000000000000000000000000000Aa"


@pytest.fixture
def developer_quote(tmp_path: Path) -> str:
    machine = Machine.simulate(SimulatedIntel.from_seed(DEVELOPMENT_SEED), "developer")
    path = tmp_path / "quote.bin"
    path.write_bytes(machine.quote(BODIES["tdx v4"]).encode() + bytes(100))
    return str(path)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, str]:
    assert main(["attestation", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    return {label: value.strip() for label, value in (line.split(" ", 1) for line in lines)}


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["attestation", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_show__any_quote__prints_its_fields_and_program(
    capsys: pytest.CaptureFixture[str], developer_quote: str
) -> None:
    shown = printed(capsys, "show", developer_quote)
    assert shown["version"] == "4"
    assert shown["mr_td"] == "0x" + BODIES["tdx v4"].mr_td.hex()
    assert shown["program"] == "0x" + program_id(BODIES["tdx v4"]).hex()
    assert "SIMULATED" in shown["certificate"]


def test_verify__simulated_quote__is_accepted_only_under_the_simulated_root(
    capsys: pytest.CaptureFixture[str], developer_quote: str
) -> None:
    shown = printed(capsys, "verify", developer_quote, "--simulated", "--at", str(AT))
    assert shown["verified"] == "under the SIMULATED root"
    assert "--collateral is needed" in failure(capsys, "verify", developer_quote)


def test_verify__genuine_quote_with_collateral__is_accepted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    vector("tdx_v4_phala", "collateral.json")
    folder = VECTORS / "tdx_v4_phala"
    documents = ["--collateral", str(folder / "collateral.json"), "--at", "1750400000"]
    shown = printed(capsys, "verify", str(folder / "quote.bin"), *documents)
    assert shown["verified"] == "under Intel's root"
    assert shown["fmspc"] == "0xb0c06f000000"
    message = failure(capsys, "verify", str(folder / "quote.bin"), *documents, "--dstack")
    assert message.startswith("QuoteRejected: mr config")


def test_verify__simulated_collateral__is_refused_under_intel_s_root(
    capsys: pytest.CaptureFixture[str], developer_quote: str, tmp_path: Path
) -> None:
    intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
    path = tmp_path / "collateral.json"
    path.write_text(collateral(intel, TeeType.TDX).to_json())
    documents = ["--collateral", str(path), "--at", str(AT)]
    message = failure(capsys, "verify", developer_quote, *documents)
    assert message.startswith("QuoteRejected: certificate signature")
    shown = printed(capsys, "verify", developer_quote, "--simulated", *documents)
    assert shown["kind"] == "tdx"


def test_floors__simulated__are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attestation", "floors", "--simulated"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["SGX", "TDX", "TDX"]
    assert all("fmspc 0x53494d554c00" in line for line in lines)


def test_program__quote_and_verifier__gives_measurement_and_allow_list_entry(
    capsys: pytest.CaptureFixture[str], developer_quote: str
) -> None:
    main(["attestation", "program", "--quote", developer_quote, "--verifier", VERIFIER])
    out = capsys.readouterr().out
    program = program_id(BODIES["tdx v4"])
    assert "0x" + program.hex() in out
    assert "0x" + measurement(VERIFIER, program).hex() in out
    assert "allowed in development" in out


def test_program__expected_values__gives_the_same_program_as_the_quote(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    body = BODIES["sgx v3"]
    expected = {
        "kind": "sgx",
        "mr_enclave": body.mr_enclave.hex(),
        "attributes": body.attributes.hex(),
        "isv_prod_id": 1,
        "isv_svn": 1,
    }
    path = tmp_path / "expected.json"
    path.write_text(json.dumps(expected))
    assert printed(capsys, "program", "--expected", str(path))["program"] == (
        "0x" + program_id(body).hex()
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "QuoteRejected: quote length"), (bytes(4096), "QuoteRejected: quote version")],
)
def test_show__not_a_quote__fails_with_the_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "quote.bin"
    path.write_bytes(content)
    assert failure(capsys, "show", str(path)).startswith(message)


def test_show__no_such_file__fails_with_its_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "absent.bin" in failure(capsys, "show", str(tmp_path / "absent.bin"))
