"""Sends a transaction on a chain that shows each receipt late, as a busy anvil does."""

import threading
from collections import Counter

from brownie import accounts, web3

LATE = 3


def main() -> None:
    """Run by `brownie run late_receipts`."""
    asked: Counter[str] = Counter()  # by thread
    request = web3.provider.make_request

    def make_request(method, params):
        if method == "eth_getTransactionReceipt":
            asked[threading.current_thread().name] += 1
            if asked.total() <= LATE:
                return {"jsonrpc": "2.0", "id": 1, "result": None}
        return request(method, params)

    web3.provider.make_request = make_request
    web3.provider._request_func_cache = (None, None)
    receipt = accounts[0].transfer(accounts[1], 1)
    print(f"status {receipt.status:d} after {asked.total()} requests of {', '.join(asked)}")
