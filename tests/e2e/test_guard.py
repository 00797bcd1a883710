"""The guardian's acts: whom they concern is said first, and a Safe gets the very calls."""

import json

import pytest
from brownie import DcapVerifier, accounts

from offchain.attestation.programs import measurement
from offchain.cli.main import main
from offchain.simulation import FMSPC
from tests.anvil import at, now
from tests.e2e.commands import write_book
from tests.e2e.hosts import QUORUM, close_sale, mine, open_sale
from tests.offchain.market import model
from tests.vectors.generate import word

MODELS = [model([0, 1, 2, 3])]
COMMIT = "da39a3ee5e6b4b0d3255bfef95601890afd80709"


@pytest.fixture
def guard(hosts, capsys, monkeypatch):
    """Runs the command as the guardian, or as another account; exit code, result and talk."""
    books = hosts.folder / "books"
    for name, value in write_book(hosts.made, hosts.web3.provider.endpoint_uri, books).items():
        monkeypatch.setenv(name, value)

    def run(*arguments, account=0, options=("--yes", "--json")):
        capsys.readouterr()
        signed = ["--account", accounts[account].address, *options]
        code = main(["guard", *map(str, arguments), *([] if arguments[0] == "status" else signed)])
        out, err = capsys.readouterr()
        return code, out, err.splitlines()

    return run


@pytest.fixture
def reported(hosts):
    """A task whose report two enclaves signed, and another that is open."""
    sale, still_open = open_sale(hosts, MODELS), open_sale(hosts, MODELS)
    close_sale(sale)
    mine()
    list(sale.provider().release(sale.task_id))
    operators = [sale.operator(seat) for seat in range(QUORUM)]
    sale.feed(0, 1)
    while not sale.reports():
        for operator in operators:
            list(operator.step())
    mine()
    return sale, still_open


def hexed(value: bytes) -> str:
    return "0x" + bytes(value).hex()


# ── Revocation: whom it concerns ──


def test_revoke_enclave__signer_of_a_report__names_the_report_and_is_inactive(
    hosts, guard, reported
):
    sale, still_open = reported
    key = sale.documents.roster[0].signing_key
    code, out, said = guard("revoke-enclave", key, hexed(hosts.measurement))
    assert code == 0, said
    operator = hosts.senders[0].address
    assert f"  enclave {key} of operator {operator} can sign no more" in said
    task = f"  task {hexed(sale.task_id)}: "
    assert f"{task}its report, signed by {key}, can be voided unless a panel judges it" in said
    seat = f"  task {hexed(still_open.task_id)}: loses a seat if its roster names such an enclave"
    assert seat in said
    assert len(said) == 1 + 1 + 1 + 2  # nobody else is concerned
    assert hosts.made.registry.enclave(key, hosts.measurement)[2] > 0
    assert json.loads(out)["done"] == [
        f"revoke enclave {key} under measurement {hexed(hosts.measurement)}, for good"
    ]


def test_revoke_enclave__that_signed_no_report__leaves_the_report(hosts, guard, reported):
    sale, _ = reported
    key = sale.documents.roster[5].signing_key
    _, _, said = guard("revoke-enclave", key, hexed(hosts.measurement))
    assert not any(hexed(sale.task_id) in line for line in said)


def test_revoke_platform__of_a_signer__concerns_the_same(hosts, guard, reported):
    sale, _ = reported
    posted = hosts.market().history(sale.task_id).posted
    signer = posted.signers[1]
    _, _, said = guard("revoke-platform", hexed(signer.platform))
    assert any(f"signed by {signer.signing_key}, can be voided" in line for line in said)
    assert hosts.made.registry.platform(signer.platform)[2] > 0


def test_revoke_program__report_stands_and_open_tasks_end_by_void(hosts, guard, reported):
    sale, still_open = reported
    code, _, said = guard("revoke-program", hexed(hosts.measurement))
    assert code == 0
    stands = "its report stands, and no panel can judge it any more"
    assert f"  task {hexed(sale.task_id)}: {stands}" in said
    ends = "no report can be posted any more, it ends by `golden-grain void`"
    assert f"  task {hexed(still_open.task_id)}: {ends}" in said
    assert sum("can sign no more" in line for line in said) == len(hosts.clients)
    assert hosts.made.registry.measurement(hosts.measurement)[1] > 0


def test_revoke_verifier__concerns_its_enclaves(hosts, guard):
    code, _, said = guard("revoke-verifier", hosts.made.verifier.address)
    assert code == 0
    assert sum("can sign no more" in line for line in said) == len(hosts.clients)
    assert hosts.made.registry.verifier(hosts.made.verifier)[2] > 0


# ── Widening ──


def test_verifier__proposed__is_added_by_anybody_after_14_days(hosts, guard):
    made = hosts.made
    fresh = DcapVerifier.deploy([word("x"), word("y")], made.policy, {"from": accounts[0]})
    code, _, said = guard("propose-verifier", fresh.address)
    assert code == 0
    assert "which anybody can add in 14 days" in said[1]
    ready, proposed_at = made.registry.verifier(fresh)[0], now()
    assert ready == proposed_at + 14 * 86_400
    assert "can be added from" in guard("status")[1]
    at(ready - 1)
    mine(1)
    code, _, said = guard("add-verifier", fresh.address, account=5)
    assert code == 1
    assert "too early" in said[-1]
    at(ready)
    mine(1)
    code, _, said = guard("add-verifier", fresh.address, account=5)
    assert code == 0, said
    assert made.registry.verifier(fresh)[1] > 0


def test_describe__program__is_said_once(hosts, guard):
    program = word("program")
    named = measurement(hosts.made.verifier.address, program)
    code, _, said = guard("describe", hexed(program), COMMIT, "SIMULATED")
    assert code == 0
    assert hexed(named) in said[1]
    assert hosts.made.registry.description(named)[1] == "SIMULATED"
    code, _, said = guard("describe", hexed(program), COMMIT, "SIMULATED again")
    assert (code, "already described" in said[-1]) == (1, True)


def test_raise__floors_and_numbers__are_raised(hosts, guard):
    assert guard("raise-floor", "sgx", FMSPC.hex(), "0x" + 32 * "2", 3)[0] == 0
    assert guard("raise-module", FMSPC.hex(), 1, 5)[0] == 0
    assert guard("raise-qe", "sgx", 9)[0] == 0
    assert guard("raise-numbers", 18, 0)[0] == 0
    assert hosts.made.policy.least_numbers() == (18, 0)


# ── Who may, and how ──


def test_ownership__offered_and_accepted__is_of_both_contracts(hosts, guard):
    heir, made = accounts[6].address, hosts.made
    assert guard("transfer", heir)[0] == 0
    assert "registry offered to" in guard("status")[1]
    code, _, said = guard("accept", account=7)
    assert (code, f"expected {heir}" in said[-1]) == (1, True)
    assert guard("accept", account=6)[0] == 0
    assert (made.registry.owner(), made.policy.owner()) == (heir, heir)
    code, _, said = guard("transfer", heir, "--of", "policy")
    assert (code, f"expected {heir}" in said[-1]) == (1, True)


def test_revoke__not_the_owner__is_refused_and_costs_nothing(hosts, guard):
    nonce = accounts[4].nonce
    code, out, said = guard("revoke-platform", hexed(word("machine")), account=4)
    assert (code, out) == (1, "")
    assert f"expected {accounts[0].address}" in said[-1]
    assert accounts[4].nonce == nonce


def test_revoke__without_terminal_or_yes__sends_nothing(hosts, guard):
    nonce = accounts[0].nonce
    code, _, said = guard("revoke-platform", hexed(word("machine")), options=())
    assert code == 1
    assert "nothing was sent" in said[-1]
    assert accounts[0].nonce == nonce


def test_calldata__for_a_safe__is_the_call_and_nothing_is_sent(hosts, guard):
    machine, registry = word("machine"), hosts.made.registry
    nonce = accounts[0].nonce
    code, out, said = guard("revoke-platform", hexed(machine), "--calldata", account=9)
    assert code == 0
    made = json.loads(out)
    assert (made["version"], made["chainId"]) == ("1.0", "31337")
    (call,) = made["transactions"]
    data = registry.revoke_platform.encode_input(machine)
    assert call == {"to": registry.address, "value": "0", "data": data}
    assert "revoke platform" in said[1]
    assert (accounts[0].nonce, registry.platform(machine)[2]) == (nonce, 0)
    accounts[0].transfer(call["to"], data=call["data"])
    assert registry.platform(machine)[2] > 0


def test_calldata__call_that_would_revert__is_refused(hosts, guard):
    machine = word("machine")
    hosts.made.registry.revoke_platform(machine, {"from": accounts[0]})
    code, out, said = guard("revoke-platform", hexed(machine), "--calldata")
    assert (code, out) == (1, "")
    assert "already revoked" in said[-1]


def test_calldata__both_offices__are_two_calls(hosts, guard):
    _, out, _ = guard("transfer", accounts[6].address, "--calldata")
    to = [call["to"] for call in json.loads(out)["transactions"]]
    assert to == [hosts.made.registry.address, hosts.made.policy.address]
