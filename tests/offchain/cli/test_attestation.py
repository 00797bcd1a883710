"""The sub-commands of ``golden-grain attestation`` on simulated and genuine quotes."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from offchain.attestation.programs import measurement, program_id
from offchain.attestation.quote import TeeType
from offchain.cli.main import main
from offchain.simulation import DEVELOPMENT_SEED, Machine, SimulatedIntel, bundle, collateral
from tests.offchain.attestation.services import Service, serving
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
    capsys: pytest.CaptureFixture[str], developer_quote: str, tmp_path: Path
) -> None:
    intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
    path = tmp_path / "collateral.json"
    path.write_text(bundle(intel).to_json())
    documents = ["--collateral", str(path), "--at", str(AT)]
    shown = printed(capsys, "verify", developer_quote, "--simulated", *documents)
    assert shown["verified"] == "under root: SIMULATED"
    assert "nothing to verify with" in failure(capsys, "verify", developer_quote)


def test_verify__genuine_quote_with_collateral__is_accepted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    vector("tdx_v4_phala", "collateral.json")
    folder = VECTORS / "tdx_v4_phala"
    documents = ["--collateral", str(folder / "collateral.json"), "--at", "1750400000"]
    shown = printed(capsys, "verify", str(folder / "quote.bin"), *documents)
    assert shown["verified"] == "under root: Intel SGX Root CA"
    assert shown["fmspc"] == "0xb0c06f000000"
    message = failure(capsys, "verify", str(folder / "quote.bin"), *documents, "--dstack")
    assert message.startswith("mr config")


def test_verify__simulated_collateral__is_refused_under_intel_s_root(
    capsys: pytest.CaptureFixture[str], developer_quote: str, tmp_path: Path
) -> None:
    intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
    path = tmp_path / "collateral.json"
    path.write_text(collateral(intel, TeeType.TDX).to_json())
    documents = ["--collateral", str(path), "--at", str(AT)]
    message = failure(capsys, "verify", developer_quote, *documents)
    assert message.startswith("crl signature")
    shown = printed(capsys, "verify", developer_quote, "--simulated", *documents)
    assert shown["kind"] == "tdx"


def test_status__genuine_quote__says_what_intel_says(capsys: pytest.CaptureFixture[str]) -> None:
    vector("tdx_v5_phala", "collateral.json")
    folder = VECTORS / "tdx_v5_phala"
    quote = str(folder / "quote.bin")
    documents = ["--collateral", str(folder / "collateral.json"), "--at", "1771500000"]
    assert main(["attestation", "status", quote, *documents, "--json"]) == 1
    out, err = capsys.readouterr()
    said = "\n".join(json.loads(out)["status"])
    assert "TDX TCB info 18: " in said
    assert "needs " in said
    assert "the machine has no accepted status" in err


def test_status__simulated_quote__is_accepted_and_says_when_documents_lapse(
    capsys: pytest.CaptureFixture[str], developer_quote: str, tmp_path: Path
) -> None:
    path = tmp_path / "collateral.json"
    path.write_text(bundle(SimulatedIntel.from_seed(DEVELOPMENT_SEED)).to_json())
    documents = ["--collateral", str(path), "--simulated", "--at", str(AT)]
    assert main(["attestation", "status", developer_quote, *documents]) == 0
    out = capsys.readouterr().out
    assert "TDX TCB info 17: UpToDate since 2020-01-01" in out
    assert "lapses after 2049-12-31 23:59:59 UTC" in out


def test_fetch__pcs_and_pccs__give_what_verify_takes(
    capsys: pytest.CaptureFixture[str], developer_quote: str, tmp_path: Path
) -> None:
    intel = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
    services = {
        "der": Service(intel),
        "pem": Service(intel, encoding="pem", early=False),
        "pccs": Service(intel, pccs=True),
    }
    for name, service in services.items():
        with serving(service) as url:
            root = [] if service.pccs else ["--root-crl", f"{url}/IntelSGXRootCA.der"]
            source = ["--from", f"{url}/sgx/certification/v4", *root]
            assert main(["attestation", "fetch", developer_quote, *source]) == 0
        out, err = capsys.readouterr()
        assert len(json.loads(out)["documents"]) == (8 if service.early else 4)
        assert ("status 400" in err) != service.early
        path = tmp_path / f"{name}.json"
        path.write_text(out)
        documents = ["--collateral", str(path), "--simulated", "--at", str(AT)]
        assert printed(capsys, "verify", developer_quote, *documents)["kind"] == "tdx"


def test_fetch__nowhere_to_fetch_from__is_refused(
    capsys: pytest.CaptureFixture[str], developer_quote: str
) -> None:
    assert "nothing to fetch from" in failure(capsys, "fetch", developer_quote)
    assert "no machine is named" in failure(capsys, "fetch", "--from", "http://127.0.0.1:1")
    message = failure(capsys, "fetch", developer_quote, "--from", "http://127.0.0.1:1")
    assert message.splitlines()[-1].startswith("GET http://127.0.0.1:1/sgx")


def test_attestation__wrong_arguments__exit_with_2() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["attestation", "verify"])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("01" + "ab" * 32 + "00" * 15, "format 01 of dstack"),
        ("02" + "ab" * 32 + "00" * 15, "format 02 of dstack"),
        ("03" + "ab" * 32 + "00" * 15, "leave the key provider id out"),
        ("00" * 48, "use_mrconfigid = true"),
        ("04" + "ab" * 32 + "00" * 15, "expected format 01, 02 or 03"),
        ("01" + "ab" * 32 + "00" * 14 + "01", "expected format 01, 02 or 03"),
    ],
)
def test_program__dstack__names_the_format_of_mrconfigid(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, config: str, said: str
) -> None:
    machine = Machine.simulate(SimulatedIntel.from_seed(DEVELOPMENT_SEED), "developer")
    body = replace(BODIES["tdx v4"], mr_config_id=bytes.fromhex(config))
    path = tmp_path / "quote.json"
    path.write_text(json.dumps({"quote": machine.quote(body).encode().hex()}))
    status = main(["attestation", "program", "--quote", str(path), "--dstack"])
    out, err = capsys.readouterr()
    assert said in (err if status else out)
    assert status == (0 if said.startswith(("format", "leave")) else 1)


def test_program__compose_file__must_be_the_one_that_mrconfigid_names(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    machine = Machine.simulate(SimulatedIntel.from_seed(DEVELOPMENT_SEED), "developer")
    compose = tmp_path / "app-compose.json"
    compose.write_text("{}")
    config = b"\1" + sha256(b"{}").digest() + bytes(15)
    path = tmp_path / "quote.bin"
    path.write_bytes(machine.quote(replace(BODIES["tdx v4"], mr_config_id=config)).encode())
    given = ["program", "--quote", str(path), "--dstack", "--compose", str(compose)]
    assert "is named by MRCONFIGID" in printed(capsys, *given)["compose"]
    compose.write_text("{ }")
    assert main(["attestation", *given]) == 1
    assert "does not name" in capsys.readouterr().err


def test_program__quote_and_verifier__gives_measurement_and_allow_list_entry(
    capsys: pytest.CaptureFixture[str], developer_quote: str
) -> None:
    main(["attestation", "program", "--quote", developer_quote, "--verifier", VERIFIER])
    out = capsys.readouterr().out
    program = program_id(BODIES["tdx v4"])
    assert "0x" + program.hex() in out
    assert "0x" + measurement(VERIFIER, program).hex() in out
    assert "allowed in development" in out


def test_program__network__gives_the_measurement_under_its_verifier(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    developer_quote: str,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(tmp_path))
    book = dict.fromkeys(("market", "registry", "policy"), "0x" + 40 * "0")
    book |= {"verifier": VERIFIER, "chain_id": "1", "block": "0", "rpc": "http://127.0.0.1:1"}
    (tmp_path / "made.json").write_text(json.dumps(book))
    shown = printed(capsys, "program", "--quote", developer_quote, "--network", "made")
    assert shown["measurement"] == "0x" + measurement(VERIFIER, program_id(BODIES["tdx v4"])).hex()
    message = failure(capsys, "program", "--quote", developer_quote, "--network", "mode")
    assert "no deployment on network 'mode'" in message


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
    [(b"", "quote length"), (bytes(4096), "quote version")],
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
