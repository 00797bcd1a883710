"""``golden-grain attestation`` on a chain: from Intel's service to quotes that contracts accept."""

import json

import pytest
from brownie import DcapVerifier, TcbPolicy, accounts, web3

from offchain.__main__ import main
from offchain.attestation.evidence import Chain, Known, pack
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.simulation import DEVELOPMENT_SEED, Machine, SimulatedIntel, bundle
from offchain.simulation.intel import SIMULATED_ROOT_KEY
from tests.dcap import BODIES, words
from tests.offchain.attestation.services import Service, serving
from tests.offchain.attestation.support import VECTORS, genuine, published, vector

INTEL = SimulatedIntel.from_seed(DEVELOPMENT_SEED)
MACHINE = Machine.simulate(INTEL, "attested")
ALL_STATUSES, LONG_GRACE = 63, 3_650


def deploy(root_key, statuses=3, grace_days=14):
    owner = accounts[0]
    policy = owner.deploy(TcbPolicy, statuses, grace_days)
    verifier = owner.deploy(DcapVerifier, words(root_key), policy)
    policy.set_verifier(verifier)
    return verifier, policy


@pytest.fixture
def made(fn_isolation):
    return deploy(SIMULATED_ROOT_KEY)


@pytest.fixture
def attestation(capsys, monkeypatch, tmp_path_factory):
    """Runs a sub-command on the network of a verifier; its status, its results and its talk."""
    books = tmp_path_factory.mktemp("books")
    monkeypatch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(books))
    monkeypatch.setenv("GOLDEN_GRAIN_HOME", str(books / "home"))

    def run(name, *arguments, on=None):
        chain = []
        if on is not None:
            book = dict.fromkeys(("market", "registry", "policy"), ZERO_ADDRESS)
            book |= {"verifier": on.address, "chain_id": web3.eth.chain_id, "block": 0}
            (books / "made.json").write_text(json.dumps(book))
            chain = ["--network", "made", "--rpc", web3.provider.endpoint_uri]
        capsys.readouterr()
        status = main(["attestation", name, *map(str, arguments), *chain])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def pay(account=0):
    return "--account", str(account), "--yes"


def quote_file(folder, name="sgx v3", machine=MACHINE):
    path = folder / "quote.hex"
    path.write_text("0x" + machine.quote(BODIES[name]).encode().hex())
    return path


@pytest.mark.parametrize("pccs", [False, True], ids=["PCS", "PCCS"])
def test_update__from_a_service__brings_all_and_then_nothing(made, attestation, tmp_path, pccs):
    verifier, policy = made
    quote = quote_file(tmp_path)
    with serving(Service(INTEL, pccs=pccs)) as url:
        root = () if pccs else ("--root-crl", f"{url}/IntelSGXRootCA.der")
        source = quote, "--from", url, *root
        status, out, _ = attestation("update", *source, "--dry-run", "--json", on=verifier)
        planned = json.loads(out)
        assert status == 0
        assert verifier.crl_updated(bytes(32)) == 0
        status, out, err = attestation("update", *source, *pay(5), "--json", on=verifier)
        assert status == 0, err
        sent = json.loads(out)
        again = attestation("update", *source, *pay(), on=verifier)
    assert len(planned["missing"]) == len(sent["sent"]) == 3 + 4 + 4
    used = sum(
        int(each.rpartition(": ")[2].removesuffix(" gas").replace(",", "")) for each in sent["sent"]
    )
    assert used * 0.5 < planned["gas"] < used * 2
    assert again[:2] == (0, f"{'state':20} nothing is missing\n")
    assert "left out: revocation list of the root: known" in again[2]
    for tee in (0, 129):
        assert [each[0] for each in policy.kept_identities(tee)] == [17, 18]
    for name in BODIES:
        assert attestation("verify", quote_file(tmp_path, name), on=verifier)[0] == 0


def test_update__output_of_fetch__is_taken(made, attestation, tmp_path):
    verifier, _ = made
    with serving(Service(INTEL)) as url:
        status, out, err = attestation(
            "fetch",
            "--fmspc",
            "0x53494d554c00",
            "--from",
            url,
            "--root-crl",
            f"{url}/IntelSGXRootCA.der",
        )
    assert status == 0, err
    (tmp_path / "collateral.json").write_text(out)
    status, out, err = attestation("update", "--collateral", tmp_path, *pay(), on=verifier)
    assert status == 0, err
    status, out, _ = attestation("status", on=verifier)
    assert status == 0
    assert "SGX TCB info 53494d554c00 number 18" in " ".join(out.split())


def test_status__deployment_that_knows_nothing__says_so_and_fails(made, attestation):
    status, out, err = attestation("status", on=made[0])
    assert status == 1
    assert "root: none" in out
    assert "no revocation list of root" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "no account, expected --account NAME"),
        (("--account", "5"), "no terminal to ask on, expected --yes; nothing was sent"),
        (("--account", "99"), "no account '99', expected one of `brownie accounts list`"),
    ],
)
def test_update__without_account_or_consent__sends_nothing(
    made, attestation, tmp_path, options, said
):
    path = tmp_path / "collateral.json"
    path.write_text(bundle(INTEL).to_json())
    before = web3.eth.block_number
    status, out, err = attestation("update", "--collateral", path, *options, on=made[0])
    assert (status, out) == (1, "")
    assert said in err
    assert web3.eth.block_number == before


def test_update__without_a_source__is_refused(made, attestation):
    status, _, err = attestation("update", *pay(), on=made[0])
    assert (status, err) == (1, "no collateral, expected --collateral or --from\n")


def test_update__nothing_of_intel_s_in_the_source__is_refused(made, attestation, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    status, _, err = attestation("update", "--collateral", tmp_path, *pay(), on=made[0])
    assert status == 1
    assert err.endswith(f"no collateral in {tmp_path}\n")
    absent = tmp_path / "absent"
    status, _, err = attestation("update", "--collateral", absent, *pay(), on=made[0])
    assert status == 1
    assert "No such file or directory" in err
    assert str(absent) in err


def test_verify__collateral_is_named__goes_before_the_network(made, attestation, tmp_path):
    path = tmp_path / "collateral.json"
    path.write_text(bundle(INTEL).to_json())
    quote = quote_file(tmp_path)
    assert attestation("verify", quote, on=made[0])[0] == 1
    status, _, err = attestation("verify", quote, "--collateral", path, "--simulated", on=made[0])
    assert status == 0, err


def test_status__no_verifier_at_the_address__is_refused(attestation):
    status, _, err = attestation("status", on=accounts[3])
    assert status == 1
    assert f"no contract at {accounts[3].address}, expected the verifier of network 'made'" in err


def test_update__of_another_root__is_refused(made, attestation, tmp_path):
    other = SimulatedIntel.from_seed(b"another")
    with serving(Service(other, pccs=True)) as url:
        status, _, err = attestation(
            "update", "--fmspc", "53494d554c00", "--from", url, *pay(), on=made[0]
        )
    assert status == 1
    assert "root" in err


def test_verify__below_the_floor_of_the_guardian__is_refused_in_words(made, attestation, tmp_path):
    verifier, policy = made
    quote = quote_file(tmp_path, "tdx v4")
    with serving(Service(INTEL, pccs=True)) as url:
        assert attestation("update", quote, "--from", url, *pay(), on=verifier)[0] == 0
    policy.raise_floor(129, bytes.fromhex("53494d554c00"), bytes(16), 21, bytes(16))
    status, _, err = attestation("verify", quote, on=verifier)
    assert status == 1
    assert err.startswith("tcb floor")
    policy.raise_least_numbers(19, 0)
    assert attestation("verify", quote, on=verifier)[2].startswith("tcb stale")


# ── Intel's own documents ──


@pytest.mark.parametrize("name", ["tdx_v4_phala", "tdx_v4_b0c06f_2026_08"])
def test_update__genuine_collateral__lets_the_genuine_quote_pass(fn_isolation, attestation, name):
    vector(name, "collateral.json")
    verifier, _ = deploy(INTEL_ROOT_KEY, grace_days=LONG_GRACE)
    quote = VECTORS / name / "quote.bin"
    status, out, err = attestation(
        "update", quote, "--collateral", VECTORS / name / "collateral.json", *pay(), on=verifier
    )
    assert status == 0, err
    print(out)
    assert attestation("verify", quote, on=verifier)[0] == 0
    of = genuine(name)
    evidence = pack(of, Chain.of(of, INTEL_ROOT_KEY), Known.ROOT)
    _, report_data = verifier.verify_quote.call(evidence)
    assert b"".join(map(bytes, report_data)) == of.body.report_data


def test_update__documents_of_sgx_and_tdx__judge_tdx_by_its_own(
    fn_isolation, attestation, tmp_path
):
    """The SGX document of an FMSPC does not let a TDX quote pass that its TDX document refuses."""
    folder = VECTORS / "tdx_v4_b0c06f_two_documents"
    vector(folder.name, "tcb_info_tdx.json")
    verifier, policy = deploy(INTEL_ROOT_KEY, grace_days=LONG_GRACE)
    lists = tmp_path / "lists.json"
    lists.write_text(published("tdx_v4_b0c06f_2026_08").to_json())
    for order in (
        ("tcb_info_tdx.json", "tcb_info_sgx.json"),
        ("tcb_info_sgx.json", "tcb_info_tdx.json"),
    ):
        sources = [part for name in order for part in ("--collateral", folder / name)]
        status, _, err = attestation("update", *sources, "--collateral", lists, *pay(), on=verifier)
        assert status == 0, err
    fmspc = bytes.fromhex("b0c06f000000")
    assert [each[5][7] for each in policy.kept_floors(0, fmspc)] == [3]
    assert [each[5][7] for each in policy.kept_floors(129, fmspc)] == [5, 5]
    status, out, err = attestation(
        "status", folder / "quote.bin", "--collateral", folder, "--collateral", lists, on=verifier
    )
    assert status == 1
    assert "component 7 (SEAMLDR ACM, OS/VMM) is 3, needs 5" in out
    assert "refuses the quote: tcb floor" in err
