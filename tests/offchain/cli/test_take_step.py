"""A step by hand while other commands of the account come into blocks."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from web3.exceptions import Web3RPCError

from offchain.cli.entry import LOOKS, take_step

TOO_LOW = "{'code': -32003, 'message': 'nonce too low'}"


class Looks:
    """A sale of which only the nonce is looked up."""

    def __init__(self) -> None:
        self.numbers = count(1)

    def look(self) -> int:
        return next(self.numbers)


def taken(mined: int, message: str = TOO_LOW) -> list[str]:
    """Take a step whose nonce is taken by others so many times."""

    def step(nonce: Any) -> Iterator[str]:
        yield f"nonce {nonce}"
        if nonce <= mined:
            raise Web3RPCError(message)

    return take_step(Looks(), step)  # type: ignore[arg-type]


@pytest.mark.parametrize("mined", [0, 1, LOOKS - 1])
def test_take_step__others_of_the_account_came_first__looks_again(mined: int) -> None:
    assert taken(mined) == [f"nonce {mined + 1}"]


def test_take_step__others_come_first_every_time__raises() -> None:
    with pytest.raises(Web3RPCError, match="nonce too low"):
        taken(LOOKS)


def test_take_step__another_refusal_of_the_node__raises_at_once() -> None:
    with pytest.raises(Web3RPCError, match="insufficient funds"):
        taken(1, "insufficient funds")
