"""Results of the sub-commands: labels and values, as lines or as one JSON object."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

Pairs = Iterator[tuple[str, object]]
Result = Callable[[argparse.Namespace], Pairs]


def rendered(pairs: Pairs, *, as_json: bool) -> Iterator[str]:
    """Yield a line for each pair, or one JSON object in which repeated labels are lists.

    An error of the sub-command is raised once what it found before is out.
    """
    if not as_json:
        for label, value in pairs:
            yield f"{label:20} {_plain(value)}"
        return
    found: dict[str, list[object]] = {}
    failure: Exception | None = None
    try:
        for label, value in pairs:
            found.setdefault(label, []).append(_for_json(value))
    except Exception as error:
        failure = error
    if found or failure is None:
        yield json.dumps({k: v[0] if len(v) == 1 else v for k, v in found.items()}, indent=1)
    if failure is not None:
        raise failure


def add_json(parser: argparse.ArgumentParser, *, default: bool = False) -> None:
    """Declare the form of the results, for a sub-command that has no session to declare it."""
    parser.add_argument(
        "--json", action="store_true", default=default, help="print results as JSON"
    )


def say(text: str) -> None:
    """Print talk, which is no result, on standard error."""
    print(text, file=sys.stderr, flush=True)


def day(at: int) -> str:
    """Return Unix seconds as a date and a time."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _plain(value: object) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


def _for_json(value: object) -> object:
    return value if isinstance(value, (bool, int, list, dict)) else _plain(value)
