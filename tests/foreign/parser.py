"""A parser of bytes that strangers wrote, as the campaign and its smoke test call it."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Parser:
    """A parser, with the rule that it keeps for every input.

    Args:
        read: returns True for an input that is read, and False for one that is refused by an error
            that the parser documents; any other exception, and an assertion that fails, is a
            finding. Depends on its input alone.
        seeds: returns inputs to start from, each of which is read.
        mutate: returns a changed input that keeps its form, where changed bytes alone rarely do;
            half of the mutations are of this kind.
        max_bytes: size of the longest input.
        shares: of a campaign's time, where others have one.
    """

    read: Callable[[bytes], bool]
    seeds: Callable[[], list[bytes]]
    mutate: Callable[[bytes, Random], bytes] | None = None
    max_bytes: int = 2**13
    shares: int = 1
