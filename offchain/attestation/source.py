"""A git commit in one word, as a registry holds the source of a program.

Git's id of the commit, left-aligned: 20 bytes of SHA-1 and 12 zeros, or 32 bytes of SHA-256. Zero
names no commit. (A SHA-256 id that ends with 12 zeros would read as another: one in 2⁹⁶.)
"""

import re

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def to_word(commit: str | None) -> bytes:
    """The word (32 bytes) of a commit; None is none.

    Raises:
        ValueError: not a git id of 40 or 64 lower-case hex digits, or zero.
    """
    if commit is None:
        return bytes(32)
    if not isinstance(commit, str) or not _ID.fullmatch(commit) or not int(commit, 16):
        raise ValueError(f"commit is {commit!r}, expected 40 or 64 lower-case hex digits, not zero")
    return bytes.fromhex(commit).ljust(32, b"\0")


def to_text(source: bytes) -> str:
    """What a word (32 bytes) says, for people."""
    if not any(source):
        return "no commit"
    return "commit " + (source if any(source[20:]) else source[:20]).hex()
