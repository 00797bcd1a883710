"""The moods of contracts/testing/MoodyToken.vy, which says what each does."""

from enum import IntEnum


class Mood(IntEnum):
    HONEST = 0
    SILENT = 1
    REFUSES = 2
    REVERTS = 3
    EATS_GAS = 4
    LIES = 5
    FALSE_ALARM = 6
    TWO = 7
    SHORT = 8
    LONG = 9
    TAKES_FEE = 10
    GIVES_MORE = 11
    HIDES = 12
