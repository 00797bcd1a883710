"""The moods of contracts/testing/MoodyToken.vy, which says what each does."""

from enum import IntFlag, auto


class Mood(IntFlag):
    HONEST = auto()
    SILENT = auto()
    REFUSES = auto()
    REVERTS = auto()
    EATS_GAS = auto()
    LIES = auto()
    FALSE_ALARM = auto()
    TWO = auto()
    SHORT = auto()
    LONG = auto()
    TAKES_FEE = auto()
    GIVES_MORE = auto()
    HIDES = auto()
