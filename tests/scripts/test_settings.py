"""Settings of a deployment: read strictly, and never another root by accident."""

import json
from pathlib import Path

import pytest

from offchain.attestation.programs import DEVELOPMENT, program_id
from offchain.attestation.trust import INTEL_ROOT_KEY
from offchain.simulation import sgx_report
from scripts.lib.settings import CONSENT, SettingsError, load, parse

OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
PROGRAM = {**json.loads(DEVELOPMENT.read_text())[0], "commit": "ab" * 20, "description": "what"}
GAS = {"ether": 1, "token": 2, "reserve": 3}
LIVE = {
    "root": "intel",
    "owner": OWNER,
    "seat_bond": "0.01 ether",
    "min_tolerance": 1000,
    "platform_stake": "1 ether",
    "payment_gas": GAS,
    "tcb_statuses": ["UpToDate", "SWHardeningNeeded"],
    "grace_days": 14,
}


def test_parse__intel_on_a_live_network__passes():
    settings = parse(LIVE, live=True)
    assert settings.root_key == INTEL_ROOT_KEY
    assert (settings.owner, settings.seat_bond, settings.min_tolerance) == (OWNER, 10**16, 1000)
    assert settings.platform_stake == 10**18
    assert settings.payment_gas == (1, 2, 3)
    assert (settings.tcb_statuses, settings.grace_days) == (3, 14)


@pytest.mark.parametrize("root", ["simulated", "ab" * 64])
def test_parse__another_root_on_a_live_network__is_refused(root):
    with pytest.raises(SettingsError, match="on a live network: expected 'intel'"):
        parse({**LIVE, "root": root}, live=True)
    with pytest.raises(SettingsError, match="on a live network: expected 'intel'"):
        parse({**LIVE, "root": root, "untrusted_root": "yes"}, live=True)


def test_parse__another_root_in_so_many_words__passes():
    settings = parse({**LIVE, "root": "ab" * 64, "untrusted_root": CONSENT}, live=True)
    assert settings.root_key == bytes.fromhex("ab" * 64)


def test_parse__simulated_root_on_a_local_chain__is_labelled():
    settings = parse({**LIVE, "root": "simulated", "owner": None}, live=False)
    assert settings.root_name == "SIMULATED"
    assert settings.root_key != INTEL_ROOT_KEY
    assert settings.owner is None


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("root", "Intel", "root is 'Intel': expected 'intel', 'simulated' or 128 hex digits"),
        ("root", "zz" * 64, "expected 'intel', 'simulated' or 128 hex digits"),
        ("owner", None, "owner is None: expected a checksummed address"),
        ("owner", "0x" + 40 * "0", "owner is 0x0+: expected an account"),
        ("owner", True, "owner is True: expected a checksummed address"),
        ("root", "ab " * 42 + "ab", "expected 'intel', 'simulated' or 128 hex digits"),
        ("root", None, "root is None: expected 'intel'"),
        ("root", ["intel"], "expected 'intel', 'simulated' or 128 hex digits"),
        ("untrusted_root", None, "untrusted_root is None: expected nothing, or 'anybody"),
        ("untrusted_root", True, "untrusted_root is True: expected nothing, or 'anybody"),
        ("chain_id", None, "chain_id is None: expected a whole number above 0"),
        ("chain_id", True, "chain_id is True: expected a whole number above 0"),
        ("chain_id", 0, "chain_id is 0: expected a whole number above 0"),
        ("chain_id", -1, "chain_id is -1: expected a whole number above 0"),
        ("chain_id", "1", "chain_id is '1': expected a whole number above 0"),
        ("seat_bond", None, "seat_bond is None: expected such as '0.01 ether'"),
        ("seat_bond", True, "seat_bond is True: expected such as '0.01 ether'"),
        ("seat_bond", "-1 ether", "expected above 0"),
        ("seat_bond", "1.5 wei", "seat_bond is '1.5 wei': expected whole wei"),
        ("seat_bond", "NaN ether", "seat_bond is 'NaN ether': expected such as"),
        ("seat_bond", "Infinity ether", "seat_bond is 'Infinity ether': expected such as"),
        ("seat_bond", "1 dollar", "seat_bond is '1 dollar': expected such as"),
        ("platform_stake", None, "platform_stake is None: expected such as '0.01 ether'"),
        ("min_tolerance", None, "min_tolerance is None: expected 1 to 1000000 ppm"),
        ("min_tolerance", True, "min_tolerance is True: expected 1 to 1000000 ppm"),
        ("min_tolerance", -1, "min_tolerance is -1: expected 1 to 1000000 ppm"),
        ("payment_gas", None, "payment_gas is None: expected ether, reserve, token"),
        ("payment_gas", {**GAS, "reserve": -1}, "expected whole numbers above 0"),
        ("payment_gas", {**GAS, "reserve": None}, "expected whole numbers above 0"),
        ("tcb_statuses", None, "expected a list of some of"),
        ("tcb_statuses", True, "expected a list of some of"),
        ("tcb_statuses", [None, "UpToDate"], "expected a list of some of"),
        ("tcb_statuses", [["UpToDate"]], "expected a list of some of"),
        ("grace_days", None, "expected 0 to 365"),
        ("programs", None, "programs is None: expected a list or 'simulated'"),
        ("programs", True, "programs is True: expected a list or 'simulated'"),
        ("programs", [None], "expected objects of expected, commit and description"),
        ("owner", OWNER.lower(), "expected a checksummed address"),
        ("seat_bond", "0.01", "seat_bond is '0.01': expected such as '0.01 ether'"),
        ("seat_bond", "0 ether", "seat_bond is 0 wei: expected above 0"),
        ("seat_bond", "18446744073709551616 wei", "expected above 0 and below 2\\*\\*64"),
        ("platform_stake", "1", "platform_stake is '1': expected such as '0.01 ether'"),
        ("platform_stake", "0 wei", "platform_stake is 0 wei: expected above 0"),
        ("platform_stake", f"{2**128} wei", "expected above 0 and below 2\\*\\*128"),
        ("min_tolerance", 0, "min_tolerance is 0: expected 1 to 1000000 ppm"),
        ("min_tolerance", 1_000_001, "expected 1 to 1000000 ppm"),
        ("min_tolerance", "1000", "min_tolerance is '1000': expected 1 to 1000000 ppm"),
        ("payment_gas", 1, "payment_gas is 1: expected ether, reserve, token"),
        ("payment_gas", {"ether": 1, "token": 2}, "expected ether, reserve, token"),
        ("payment_gas", {**GAS, "more": 1}, "expected ether, reserve, token"),
        ("payment_gas", {**GAS, "token": 0}, "expected whole numbers above 0"),
        ("payment_gas", {**GAS, "ether": "1"}, "expected whole numbers above 0"),
        ("payment_gas", {**GAS, "reserve": True}, "expected whole numbers above 0"),
        ("tcb_statuses", "UpToDate", "expected a list of some of"),
        ("tcb_statuses", ["UpToDate", "Revoked"], "expected a list of some of"),
        ("tcb_statuses", ["UpToDate", "UpToDate"], "expected a list of some of"),
        ("tcb_statuses", ["SWHardeningNeeded"], "expected UpToDate among them"),
        ("tcb_statuses", ["UpToDate", "OutOfDate"], "both or none of"),
        ("grace_days", -1, "expected 0 to 365"),
        ("grace_days", 366, "expected 0 to 365"),
        ("grace_days", True, "expected 0 to 365"),
        ("grace_days", "14", "expected 0 to 365"),
        ("programs", {}, "programs is {}: expected a list or 'simulated'"),
        ("programs", ["simulated"], "expected objects of expected, commit and description"),
        ("programs", [{}], "expected objects of expected, commit and description"),
        ("programs", [{**PROGRAM, "expected": {}}], "expected objects of expected, commit"),
        ("programs", [{**PROGRAM, "more": 1}], "unexpected keyword argument 'more'"),
        ("programs", [{**PROGRAM, "commit": None}], "no commit of 'what', expected one"),
        ("programs", [{**PROGRAM, "commit": "main"}], "expected 40 or 64 lower-case hex digits"),
        ("programs", [{**PROGRAM, "description": ""}], "expected 1 to 256 printable ASCII"),
        ("programs", [PROGRAM, PROGRAM], "names a program twice"),
    ],
)
def test_parse__wrong_value__is_named(key, value, said):
    with pytest.raises(SettingsError, match=said):
        parse({**LIVE, key: value}, live=True)


def test_parse__programs__are_described_as_given():
    settings = parse({**LIVE, "programs": [PROGRAM]}, live=True)
    (program,) = settings.programs
    assert program.program == program_id(sgx_report(bytes(64)))
    assert (program.source, program.description) == (b"\xab" * 20 + bytes(12), "what")
    assert parse(LIVE, live=True).programs == ()


def test_parse__simulated_programs__say_so():
    values = {**LIVE, "root": "simulated", "programs": "simulated"}
    programs = parse(values, live=False).programs
    assert programs
    assert all(program.description.startswith("SIMULATED") for program in programs)


@pytest.mark.parametrize("root", ["intel", "ab" * 64])
def test_parse__program_described_as_what_the_root_is_not__is_refused(root):
    said = "expected SIMULATED under the simulated root, and under no other"
    with pytest.raises(SettingsError, match=said):
        parse({**LIVE, "root": root, "programs": "simulated"}, live=False)
    with pytest.raises(SettingsError, match=said):
        parse({**LIVE, "root": "simulated", "programs": [PROGRAM]}, live=False)


def test_parse__missing_and_unknown_keys__are_named():
    values = {key: value for key, value in LIVE.items() if key != "root"}
    with pytest.raises(SettingsError, match=r"miss \['root'\] and do not know \['rot'\]"):
        parse({**values, "rot": "intel"}, live=True)


def test_load__no_file__names_those_there_are(tmp_path: Path):
    (tmp_path / "sepolia.json").write_text("{}")
    with pytest.raises(SettingsError, match=r"no settings for network 'mainnet'.*have sepolia"):
        load("mainnet", live=True, folder=tmp_path)


def test_load__not_json__says_where(tmp_path: Path):
    (tmp_path / "sepolia.json").write_text("{")
    with pytest.raises(SettingsError, match=r"sepolia.json is not JSON: .* line 1"):
        load("sepolia", live=True, folder=tmp_path)


@pytest.mark.parametrize("content", ["null", "true", "[]", "-1", '"intel"'])
def test_load__no_object__is_refused(content, tmp_path: Path):
    (tmp_path / "sepolia.json").write_text(content)
    with pytest.raises(SettingsError, match=r"settings are .*: expected an object of JSON"):
        load("sepolia", live=True, folder=tmp_path)


@pytest.mark.parametrize("content", [b"\xff", b"", b"{,}"])
def test_load__unreadable__says_where(content, tmp_path: Path):
    (tmp_path / "sepolia.json").write_bytes(content)
    with pytest.raises(SettingsError, match=r"sepolia.json is not JSON"):
        load("sepolia", live=True, folder=tmp_path)


@pytest.mark.parametrize("key", ["owner", "payment_gas"])
def test_load__setting_repeated__is_refused(key, tmp_path: Path):
    text = json.dumps(LIVE)
    (tmp_path / "sepolia.json").write_text(f'{text[:-1]}, "{key}": null}}')
    with pytest.raises(SettingsError, match=f"sepolia.json: {key} stands there twice"):
        load("sepolia", live=True, folder=tmp_path)


def test_load__setting_repeated_inside_of_another__is_refused(tmp_path: Path):
    text = json.dumps(LIVE).replace('"token": 2', '"token": 2, "token": 3')
    (tmp_path / "sepolia.json").write_text(text)
    with pytest.raises(SettingsError, match="token stands there twice"):
        load("sepolia", live=True, folder=tmp_path)


def test_parse__owner_zero_on_a_local_chain__is_refused():
    with pytest.raises(SettingsError, match=r"owner is 0x0+: expected an account"):
        parse({**LIVE, "owner": "0x" + 40 * "0"}, live=False)


def test_parse__chain_id__may_be_named():
    assert parse(LIVE, live=True).chain_id is None
    assert parse({**LIVE, "chain_id": 1}, live=True).chain_id == 1


def test_load__development__is_a_simulated_root():
    assert load("development", live=False).root_name == "SIMULATED"


def test_load__file__is_what_parse_makes_of_it(tmp_path: Path):
    (tmp_path / "sepolia.json").write_text(json.dumps(LIVE))
    assert load("sepolia", live=True, folder=tmp_path) == parse(LIVE, live=True)
