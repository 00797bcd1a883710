"""The modes of contracts/testing/ConfigurableToken.vy, which says what each does."""

from enum import IntEnum


class TokenMode(IntEnum):
    def __str__(self) -> str:
        """The name, by which pytest shows it."""
        return self.name

    STANDARD = 0
    RETURNS_NOTHING = 1
    RETURNS_FALSE = 2
    REVERTS = 3
    BURNS_ALL_GAS = 4
    MOVES_NOTHING = 5
    MOVES_AND_RETURNS_FALSE = 6
    RETURNS_TWO = 7
    RETURNS_31_BYTES = 8
    RETURNS_4_KB = 9
    DELIVERS_ONE_LESS = 10
    DELIVERS_ONE_MORE = 11
    HIDES_BALANCES = 12
