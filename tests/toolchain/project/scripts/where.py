"""Prints where the local chain listens, and its number of blocks before and after a deployment."""

from brownie import Alone, accounts, chain, web3


def main() -> None:
    """Run by `brownie run where`."""
    before = chain.height
    accounts[0].deploy(Alone)
    print(f"chain at {web3.provider.endpoint_uri}: {before} to {chain.height} blocks")
