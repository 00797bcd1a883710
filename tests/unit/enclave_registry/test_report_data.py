from brownie import reverts, web3
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.anvil import rpc
from tests.reasons import STALE_BLOCK
from tests.sale import enclave

KNOWN_BLOCKS = 256


def test_report_data__binds_chain_registry_operator_keys_and_block(registry, operator):
    made = enclave("first", operator.address)
    number = web3.eth.block_number - 1
    types = ["bytes32", "uint256", "address", "address", "address", "bytes32", "uint256", "bytes32"]
    expected = keccak(
        encode(
            types,
            [
                keccak(text="GoldenGrain/ENCLAVE"),
                web3.eth.chain_id,
                registry.address,
                made.operator,
                made.signing_key,
                made.sealing_key,
                number,
                bytes(web3.eth.get_block(number).hash),
            ],
        )
    )
    found = registry.report_data(operator, made.signing_key, made.sealing_key, number)
    assert bytes(found) == expected


def test_report_data__block_out_of_range__reverts(registry, operator):
    rpc("anvil_mine", KNOWN_BLOCKS + 10)
    made = enclave("first", operator.address)
    latest = web3.eth.block_number
    arguments = operator, made.signing_key, made.sealing_key
    for number in (latest - 1, latest - KNOWN_BLOCKS):
        registry.report_data(*arguments, number)
    for number in (latest, latest + 1, 2**256 - 1, latest - KNOWN_BLOCKS - 1, 0):
        with reverts(STALE_BLOCK):
            registry.report_data(*arguments, number)
