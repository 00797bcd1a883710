"""The golden vectors that both sides agree on, and a way to put a contract where they expect it."""

import json

import pytest
from brownie import web3

from tests import sale
from tests.anvil import rpc
from tests.vectors.generate import GOLDEN


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text())


@pytest.fixture(scope="module")
def terms(golden):
    """The golden task as the ABI takes it."""
    return sale.Task(**golden["task"] | {"curve": golden["task_words"]["curve"]})


@pytest.fixture(scope="module")
def in_place(golden):
    """Copies a contract to the address of the golden market, which digests bind."""

    def move(contract, container):
        address, code = golden["domain"]["market"], web3.eth.get_code(contract.address)
        rpc("anvil_setCode", address, code.to_0x_hex())
        return container.at(address)

    return move
