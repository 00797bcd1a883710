"""The token of a task: its name for people, balances and allowances (ERC-20)."""

from decimal import Decimal
from typing import Any

from web3 import Web3
from web3.contract.contract import Contract
from web3.exceptions import BadFunctionCallOutput, ContractLogicError, Web3Exception
from web3.types import BlockIdentifier

from offchain.protocol.encoding import ZERO_ADDRESS


def _function(name: str, inputs: list[str], output: str, mutability: str = "view") -> Any:
    arguments = [{"name": f"_{index}", "type": kind} for index, kind in enumerate(inputs)]
    return {
        "type": "function",
        "name": name,
        "inputs": arguments,
        "outputs": [{"name": "", "type": output}],
        "stateMutability": mutability,
    }


_ABI = [
    _function("symbol", [], "string"),
    _function("decimals", [], "uint8"),
    _function("balanceOf", ["address"], "uint256"),
    _function("allowance", ["address", "address"], "uint256"),
    _function("approve", ["address", "uint256"], "bool", "nonpayable"),
]


def token_at(web3: Web3, address: str) -> Contract:
    """Return the contract of a token."""
    return web3.eth.contract(address=web3.to_checksum_address(address), abi=_ABI)


def currency_of(web3: Web3, address: str) -> tuple[str, int]:
    """Return the symbol and the number of decimals of a token; the zero address is ether.

    The symbol is the token's own claim: unprintable characters are left out, and it is cut.

    Raises:
        ValueError: there is no token at the address that says both.
    """
    if address == ZERO_ADDRESS:
        return "ether", 18
    functions = token_at(web3, address).functions
    try:
        symbol, decimals = functions.symbol().call(), functions.decimals().call()
    except (BadFunctionCallOutput, ContractLogicError, Web3Exception, OverflowError) as error:
        raise ValueError(f"no token at {address}, expected symbol and decimals") from error
    shown = "".join(each for each in symbol if each.isalnum())[:12]
    return shown or "units", int(decimals)


def in_ether(wei: int) -> str:
    """Return an amount of ether for people, exactly."""
    return f"{Decimal(wei).scaleb(-18).normalize():f} ether"


def balance_of(web3: Web3, address: str, account: str, block: BlockIdentifier = "latest") -> int:
    """Return an account's balance in units of a token; the zero address is ether."""
    owner = web3.to_checksum_address(account)
    if address == ZERO_ADDRESS:
        return int(web3.eth.get_balance(owner, block))
    call = token_at(web3, address).functions.balanceOf(owner)
    return int(call.call(block_identifier=block))
