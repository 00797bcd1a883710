"""Every unit that anybody holds or is owed on a chain, and how much of it moved."""

from collections.abc import Mapping
from typing import Any

from offchain.protocol.encoding import ZERO_ADDRESS
from tests.anvil import Request, ether_of, read, view
from tests.deployment import Deployment


class Balances:
    """All balances at the time it is made; `moved` returns what changed since.

    Lines: of each party its ether, its token, and what the market owes it of either (credit, token
    credit); its stake and what the registry owes it (fines); what the market holds; the ether
    that was burned. Parties are named by their roles, operators by the rank of their enclave
    in the roster.
    """

    def __init__(self, chain: Deployment, parties: Mapping[str, Any], token: Any = None) -> None:
        self._requests = _requests(chain, parties, token)
        self._before = read(self._requests.values())

    def moved(self) -> dict[str, int]:
        """The lines that changed, and by how much."""
        after = read(self._requests.values())
        lines = zip(self._requests, self._before, after, strict=True)
        return {line: new - old for line, old, new in lines if new != old}


def _requests(chain: Deployment, parties: Mapping[str, Any], token: Any) -> dict[str, Request]:
    market, registry = chain.market, chain.registry
    requests = {
        "market ether": ether_of(market),
        "registry ether": ether_of(registry),
        "burned ether": ether_of(ZERO_ADDRESS),
    }
    for name, account in parties.items():
        requests |= {
            f"{name} ether": ether_of(account),
            f"{name} credit": view(market, "credits(address,address)", ZERO_ADDRESS, account),
            f"{name} stake": view(registry, "operator(address)", account),
            f"{name} fines": view(registry, "credits(address)", account),
        }
    if token is not None:
        requests["market token"] = view(token, "balanceOf(address)", market)
        for name, account in parties.items():
            requests |= {
                f"{name} token": view(token, "balanceOf(address)", account),
                f"{name} token credit": view(market, "credits(address,address)", token, account),
            }
    return requests
