"""The shared part of commands: networks by name, the question, results, failures in words."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from web3.exceptions import ContractLogicError, Web3RPCError

from offchain.chain.refusals import REMEDIES, Refused, in_words
from offchain.cli import failures, networks, session
from offchain.cli.main import main
from offchain.cli.units import ETHER
from tests.reasons import FILES, REASON, REASONS

BOOK = {
    "chain_id": 31337,
    "block": 7,
    "rpc": "http://127.0.0.1:9",
    "market": "0x" + 40 * "1",
    "registry": "0x" + 40 * "2",
    "verifier": "0x" + 40 * "3",
    "policy": "0x" + 40 * "4",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GOLDEN_GRAIN_DEPLOYMENTS", str(tmp_path))
    return tmp_path


def write_book(folder: Path, **changes: object) -> None:
    book = {key: value for key, value in {**BOOK, **changes}.items() if value is not None}
    (folder / "local.json").write_text(json.dumps(book))


def options(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    session.add(parser)
    return parser.parse_args(given)


# ── Networks ──


def test_find__address_book__gives_contracts_and_node(home):
    write_book(home)
    found = networks.find("local", folder=home)
    assert (found.chain_id, found.first_block, found.url) == (31337, 7, "http://127.0.0.1:9")
    assert found.addresses["market"] == BOOK["market"]
    assert networks.find("local", "http://another", home).url == "http://another"


def test_find__no_such_network__names_those_that_are_there(home):
    write_book(home)
    with pytest.raises(ValueError, match=r"no deployment on network .mainnet.*have local"):
        networks.find("mainnet", folder=home)


@pytest.mark.parametrize("change", [{"market": None}, {"chain_id": "x"}])
def test_find__malformed_book__names_the_file(home, change):
    write_book(home, **change)
    with pytest.raises(ValueError, match=r"local\.json is not an address book"):
        networks.find("local", folder=home)


def test_find__no_node_in_the_book__is_that_of_brownie(home, monkeypatch):
    write_book(home, rpc=None)
    (home / ".brownie").mkdir()
    host = "https://node/$GOLDEN_GRAIN_TEST_KEY"
    config = {"live": [{"name": "L", "networks": [{"id": "local", "host": host}]}]}
    (home / ".brownie" / "network-config.yaml").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="needs that variable"):
        networks.find("local", folder=home)
    monkeypatch.setenv("GOLDEN_GRAIN_TEST_KEY", "k")
    assert networks.find("local", folder=home).url == "https://node/k"


def test_find__no_node_anywhere__says_how_to_name_one(home):
    write_book(home, rpc=None)
    with pytest.raises(ValueError, match="no node of network 'local': name one with --rpc"):
        networks.find("local", folder=home)


# ── The question ──


def made(home: Path, *given: str) -> session.Session:
    write_book(home)
    return session.Session(options(*given), networks.find("local", folder=home))


class Terminal:
    def __init__(self, answer: str, terminal: bool = True) -> None:
        self.answer, self.terminal = answer, terminal

    def isatty(self) -> bool:
        return self.terminal

    def readline(self) -> str:
        return self.answer


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_confirm__yes__goes_on(home, monkeypatch, capsys, answer):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    made(home).confirm(["the plan"])
    said = capsys.readouterr()
    assert said.err.startswith("the plan\n")
    assert said.out == ""


@pytest.mark.parametrize("answer", ["", "n\n", "yesterday\n"])
def test_confirm__anything_else__sends_nothing(home, monkeypatch, answer):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    with pytest.raises(Refused, match="declined; nothing was sent"):
        made(home).confirm([])


def test_confirm__no_terminal__needs_the_option(home, monkeypatch):
    monkeypatch.setattr("sys.stdin", Terminal("y\n", terminal=False))
    with pytest.raises(Refused, match="expected --yes"):
        made(home).confirm([])
    made(home, "--yes").confirm([])


def test_result__json_or_text__has_the_same_values(home):
    values = {"task": b"\x01", "prices": [1, 2]}
    assert json.loads(made(home, "--json").result(values)) == {"task": "0x01", "prices": [1, 2]}
    assert made(home).result(values) == "task    0x01\nprices  [1, 2]"


# ── Failures in words ──


def test_remedies__every_reason_of_market_and_registry__has_one():
    reasons = {text for _, text in REASON.findall(FILES[0].read_text())}
    assert reasons == REMEDIES.keys()


def test_reasons__of_every_contract__have_the_words_of_their_names():
    """Tests take the names for the texts, so texts that were exchanged would not be noticed."""
    for name, text in REASONS.items():
        assert [word for word in name.lower().split("_") if word not in text] == [], text


def test_in_words__revert__is_the_reason_with_its_remedy():
    error = ContractLogicError("execution reverted: too late", "0x08c3")
    assert in_words(error) == f"the contract refuses: too late ({REMEDIES['too late']})"


def test_in_words__revert_of_a_token__is_its_own_reason():
    error = ContractLogicError("execution reverted: blacklisted")
    assert in_words(error) == "the contract refuses: blacklisted"


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (
            {"error": {"code": -32003, "message": "Insufficient funds for gas * price + value"}},
            "the node refuses: Insufficient funds for gas * price + value: the account has too "
            "little ether",
        ),
        (
            {"error": {"code": -32000, "message": "nonce too low"}},
            "the node refuses: nonce too low",
        ),
        (None, "the node refuses: whole text"),
    ],
)
def test_failures__refusal_of_the_node__is_its_message(response, said):
    assert failures.in_words(Web3RPCError("whole text", response)) == said


def test_main__command_without_a_network__ends_with_the_remedy(capsys, monkeypatch):
    monkeypatch.delenv("GOLDEN_GRAIN_NETWORK", raising=False)
    assert main(["close", "0x" + 64 * "1", "--yes"]) == 1
    assert capsys.readouterr().err == (
        "no network, expected --network NAME or GOLDEN_GRAIN_NETWORK\n"
    )


def test_main__argument_that_only_the_command_can_read__is_bad_usage(capsys, monkeypatch):
    def run(*_: object) -> Iterator[str]:
        yield str(ETHER.parse("5"))

    monkeypatch.setattr("offchain.cli.close.run", run)
    assert main(["close", "0x" + 64 * "1"]) == 2
    assert capsys.readouterr().err == "'5', expected a number and its unit, such as '1.5 ether'\n"


def test_main__node_that_is_down__names_it(home, capsys):
    write_book(home)
    assert main(["close", "0x" + 64 * "1", "--yes", "--network", "local"]) == 1
    assert capsys.readouterr().err.startswith("no answer from http://127.0.0.1:9")


def test_main__no_home_at_all__says_how_to_name_one(home, capsys, monkeypatch):
    def unknown(_: int) -> None:
        raise KeyError("no such user")

    write_book(home, rpc=None)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert main(["tasks", "--network", "local"]) == 1
    assert capsys.readouterr().err == (
        "no home directory: set HOME, or name the folder of your files with --home\n"
    )


@pytest.mark.parametrize(
    ("line", "about"),
    [
        (["--help"], "usage: golden-grain [-h] COMMAND ...\n\nBuy and sell ML models"),
        (["tasks", "--help"], "\n\nlist the tasks that take entries now\n\n"),
    ],
)
def test_main__help__begins_with_what_it_is_for(line, about, capsys):
    with pytest.raises(SystemExit, match="0"):
        main(line)
    assert about in capsys.readouterr().out


def test_main__ctrl_c_while_a_command_is_imported__is_no_traceback(capsys, monkeypatch):
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("offchain.cli.main.importlib.import_module", interrupted)
    assert main(["tasks"]) == 130
    assert capsys.readouterr().err == "interrupted: nothing is lost, the same command goes on\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("status 0x12", "task: '0x12', expected 0x and 64 hex digits"),
        ("program nothing", "measurement: 'nothing', expected 0x and 64 hex digits"),
        ("stake 2", "amount: '2', expected a number and its unit, such as '1.5 ether'"),
        ("sell --poll -1", "--poll: '-1', expected a number above 0"),
        ("buy --fetch-total nan", "--fetch-total: 'nan', expected a number above 0"),
        ("claim --max-fee 0", "--max-fee: '0', expected a number above 0"),
        ("tasks --confirmations -5", "--confirmations: '-5', expected a whole number from 0 on"),
        ("operate --threads 0", "--threads: '0', expected a whole number from 1 on"),
        ("playground --port 65536", "--port: '65536', expected a whole number from 0 to 65535"),
        ("check model --task 0x12", "--task: '0x12', expected 0x and 64 hex digits"),
        ("sell m --highest-bond 3", "--highest-bond: '3', expected a number and its unit"),
        ("operate --margin soon", "--margin: 'soon', expected a duration such as '2 days'"),
        ("operate --provider me", "--provider: 'me', expected an address, 0x and 40 hex digits"),
    ],
)
def test_main__argument_that_cannot_be_read__is_told_with_what_was_expected(line, said, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(line.split())
    assert f"error: argument {said}" in capsys.readouterr().err
