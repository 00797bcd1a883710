"""Several calls are tried together before the first is sent."""

from types import SimpleNamespace

import pytest
from eth_abi.abi import encode
from web3.exceptions import ContractLogicError

from offchain.chain.refusals import Refused
from offchain.chain.trial import Call, try_calls

REVERT = "0x08c379a0" + encode(["string"], ["no stake"]).hex()


def call(name):
    estimated = []
    function = SimpleNamespace(
        fn_name=name,
        address="0x" + 40 * "1",
        _encode_transaction_data=lambda: "0x" + name.encode().hex(),
        estimate_gas=estimated.append,
    )
    return Call(name, function, 7), estimated


def node(*answers):
    asked = []

    def make_request(method, parameters):
        asked.append((method, parameters))
        return answers[0]

    return SimpleNamespace(provider=SimpleNamespace(make_request=make_request)), asked


def simulated(*calls):
    return {"result": [{"calls": list(calls)}]}


def test_try_calls__one__is_estimated_with_its_value():
    web3, asked = node({})
    one, estimated = call("stake")
    try_calls(web3, "0x" + 40 * "2", [one])
    assert estimated == [{"from": "0x" + 40 * "2", "value": 7}]
    assert asked == []


def test_try_calls__several_that_succeed__are_asked_in_their_order():
    web3, asked = node(simulated({"status": "0x1"}, {"status": "0x1"}))
    try_calls(web3, "0x" + 40 * "2", [call("stake")[0], call("register")[0]])
    ((method, (options, block)),) = asked
    assert (method, block) == ("eth_simulateV1", "latest")
    made = options["blockStateCalls"][0]["calls"]
    assert [bytes.fromhex(each["data"][2:]) for each in made] == [b"stake", b"register"]
    assert {each["value"] for each in made} == {"0x7"}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({"status": "0x0", "error": {"message": "reverted", "data": REVERT}}, "no stake"),
        ({"status": "0x0", "returnData": REVERT}, "no stake"),
        ({"status": "0x0", "error": {"message": "out of gas"}}, "out of gas"),
        ({"status": "0x0", "returnData": "0x08c379a0ff"}, "reverted without a reason"),
        ({"status": "0x0"}, "reverted without a reason"),
    ],
)
def test_try_calls__second_reverts__raises_its_reason(found, reason):
    web3, _ = node(simulated({"status": "0x1"}, found))
    with pytest.raises(ContractLogicError, match=f"register: {reason}"):
        try_calls(web3, "0x" + 40 * "2", [call("stake")[0], call("register")[0]])


def test_try_calls__node_without_simulation__is_refused_with_the_remedy():
    web3, _ = node({"error": {"code": -32601, "message": "method not found"}})
    with pytest.raises(Refused, match="send the first alone, with `golden-grain stake`"):
        try_calls(web3, "0x" + 40 * "2", [call("stake")[0], call("register")[0]])
