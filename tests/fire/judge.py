"""A second reader of documents: the standard library's JSON, and the tables of fields below.

The tables are written from docs/SPEC.md, docs/manifest.schema.json and the structs of the
interfaces. With the reader under test they share only the constructors of the documents: these
check what depends on several fields, such as deadlines, curves and digests.
"""

import json
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from Crypto.Hash import keccak

from offchain.protocol import (
    errors,
    manifest,
    messages,
    model_spec,
    pricing,
    release,
    reports,
    results,
    task,
    transcript,
)
from offchain.protocol.eip712 import Domain
from offchain.storage import publications

Field = Callable[[Any], Any]
"""A function from a JSON value to the value of a field."""

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')


class Malformed(Exception):
    """A document that has another form than its table."""


def read(kind: type, content: bytes) -> Any:
    """Return the document of a kind.

    Raises:
        Malformed: it has another form.
        ValueError: its constructor refuses it.
    """
    try:
        text = content.decode("utf-8")
        value = json.loads(text, parse_constant=_no_constant)
        for literal in _STRINGS.findall(text) if "\\u" in text else ():
            json.loads(literal).encode()  # fails for half of a surrogate pair
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from error
    return DOCUMENTS[kind](value)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _require(condition: bool, expected: str) -> None:
    if not condition:
        raise Malformed(f"expected {expected}")


def _text(least: int = 0, most: int = 2**32) -> Field:
    def field(value: Any) -> str:
        _require(isinstance(value, str) and least <= len(value) <= most, "text")
        return value

    return field


def _number(least: int = -(2**4096), most: int = 2**4096) -> Field:
    def field(value: Any) -> int:
        _require(type(value) is int and least <= value <= most, f"{least} to {most}")
        return value

    return field


def _decimal(most: int, least: int = 0) -> Field:
    def field(value: Any) -> int:
        _require(isinstance(value, str) and bool(re.fullmatch("[0-9]{1,78}", value)), "digits")
        return _number(least, most)(int(value))

    return field


def _data(size: int | None = None) -> Field:
    digits = "([0-9a-fA-F]{2})*" if size is None else f"[0-9a-fA-F]{{{2 * size}}}"

    def field(value: Any) -> bytes:
        _require(isinstance(value, str) and bool(re.fullmatch("0x" + digits, value)), "hex digits")
        return bytes.fromhex(value[2:])

    return field


def _address(value: Any) -> str:
    """Return an address with its checksum, EIP-55; its letters are all small, large, or right."""
    digits = _data(20)(value).hex()
    hashed = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    letters = (d.upper() if h in "89abcdef" else d for d, h in zip(digits, hashed, strict=False))
    right = "".join(letters)
    _require(value[2:] in (digits, digits.upper(), right), "a checksum")
    return "0x" + right


def _flag(value: Any) -> bool:
    _require(isinstance(value, bool), "true or false")
    return value


def _one_of(*kinds: type[StrEnum]) -> Field:
    names = {str(each): each for kind in kinds for each in kind}

    def field(value: Any) -> StrEnum:
        _require(isinstance(value, str) and value in names, f"one of {[*names]}")
        return names[value]

    return field


def _or_null(known: Field) -> Field:
    return lambda value: None if value is None else known(value)


def _list(item: Field, least: int = 0, most: int = 2**20) -> Field:
    def field(value: Any) -> tuple:
        _require(isinstance(value, list) and least <= len(value) <= most, f"{least} to {most}")
        return tuple(item(each) for each in value)

    return field


def _map(key: Field, item: Field) -> Field:
    def field(value: Any) -> dict:
        _require(isinstance(value, dict), "an object")
        return {key(name): item(each) for name, each in value.items()}

    return field


def _object(kind: type, required: dict[str, Field], optional: dict[str, Field] | None = None):
    known = required | (optional or {})

    def field(value: Any) -> Any:
        _require(isinstance(value, dict), "an object")
        _require(required.keys() <= value.keys() <= known.keys(), f"{[*known]}, no others")
        return kind(**{name: known[name](each) for name, each in value.items()})

    return field


BYTES32 = _data(32)
UINT256, UINT128, SCORE = (_decimal(most) for most in (2**256 - 1, 2**128 - 1, 10**6))
INDEX, TIME, GWEI = (_decimal(most) for most in (2**20 - 2, 2**40 - 1, (2**48 - 1) * 10**9))
COUNT, ROUND = _number(1, 2**32), _number(0, 1)
VERSION = {"version": _number(1, 1)}

KNOT = _object(pricing.Knot, {"score": SCORE, "price": _decimal(2**108 - 1)})
AWARD = _object(pricing.Award, {"index": INDEX, "score": SCORE})
DOMAIN = _object(Domain, {"chain_id": UINT256, "market": _address})
ENTRY = _object(task.RosterEntry, {"signing_key": _address, "sealing_key": BYTES32})
ROSTER = _list(ENTRY, 4, 16)
SUBMISSION = _object(
    task.Submission,
    dict.fromkeys(("model_digest", "artifact_digest", "envelope_digest"), BYTES32)
    | {"min_price": UINT256},
)
TASK = _object(
    task.Task,
    dict.fromkeys(("provider", "token"), _address)
    | dict.fromkeys(("budget", "benchmark_fee"), UINT128)
    | dict.fromkeys(("benchmark", "measurement", "roster", "delivery_key"), BYTES32)
    | dict.fromkeys(("min_stake", "nonce"), UINT256)
    | dict.fromkeys(("commit_bond", "entry_fee"), GWEI)
    | dict.fromkeys(("commit_deadline", "reveal_deadline", "report_deadline"), TIME)
    | dict.fromkeys(("dispute_window", "verdict_window", "claim_window"), TIME)
    | {"max_awards": _decimal(8, 1), "quorum": _decimal(3, 1), "tolerance": SCORE}
    | {"max_submissions": _decimal(2**20 - 1, 1), "curve": _list(KNOT, 1, 8)},
)
REVEAL = _object(
    transcript.Reveal,
    {"index": INDEX, "developer": _address, "submission": SUBMISSION, "uri": _text(0, 256)}
    | dict.fromkeys(("keyring_digest", "salt"), BYTES32),
)
TRANSCRIPT = _object(
    transcript.Transcript,
    {"domain": DOMAIN, "task": TASK, "roster": ROSTER, "reveals": _list(REVEAL, 1)}
    | dict.fromkeys(("prevrandao", "parent_hash"), BYTES32),
)
RELEASE = _object(
    release.Release,
    dict.fromkeys(("task_id", "seed", "sealing_key"), BYTES32)
    | {"inventory": _list(INDEX), "envelope": _data()},
)
INPUT = _object(
    model_spec.Input,
    {"name": _text(), "shape": _list(_number()), "dtype": _text()},
    {"string_bytes": _number()},
)
MODEL = _object(
    model_spec.ModelSpec,
    {
        "input_shape": _list(_number()),
        "output": _one_of(model_spec.Output),
        "classes": _number(),
    },
    {"input_dtype": _text(), "inputs": _list(INPUT), "missing": _flag},
)
LIMITS = _object(
    model_spec.ModelLimits,
    {},
    dict.fromkeys(("model_bytes", "nodes", "memory_bytes", "operations", "batch_rows"), _number())
    | {"extra_ops": _list(_text())},
)
HIDDEN = _object(
    manifest.HiddenSet,
    {"samples": COUNT, "artifact_digest": BYTES32, "key_commitment": BYTES32},
    {"weighted": _flag},
)
MANIFEST = _object(
    manifest.Manifest,
    {
        "description": _text(0, 4096),
        "metric": _text(),
        "model": MODEL,
        "limits": LIMITS,
        "test_set": HIDDEN,
        "sample_size": COUNT,
        "selection": _one_of(manifest.Selection),
        "minimum_gain": _number(0, 10**6),
    },
    {"class_names": _list(_text(1, 256)), "confidence": _number(0, 990_000)} | VERSION,
)
REPORT = _object(
    reports.Report,
    dict.fromkeys(("task_id", "seed", "inventory", "results"), BYTES32)
    | {"round": _decimal(1), "choices": _list(INDEX, 0, 8), "awards": _list(AWARD, 0, 8)},
)
COSIGNATURE = _object(reports.Cosignature, dict.fromkeys(("r", "vs", "platform"), BYTES32))
REASON = _one_of(errors.SubmissionFault, errors.ModelFault)
RESULT = _object(
    results.Result, {"index": INDEX}, {"score": _or_null(SCORE), "reason": _or_null(REASON)}
)
LEAF = _object(results.ResultLeaf, {"result": RESULT, "leaf": BYTES32, "salt": BYTES32})
DETAIL = _object(results.Detail, {"index": INDEX, "text": _text(0, errors.DETAIL_LENGTH)})
RESULTS = _object(
    results.Results,
    {"task_id": BYTES32, "entries": _list(LEAF, 1), "chosen": _list(INDEX)},
    {"details": _list(DETAIL)} | VERSION,
)
POSTED = _object(messages.Posted, {"report": REPORT, "cosignatures": _list(COSIGNATURE)})
RUN = _object(messages.RunId, {"task_id": BYTES32, "round": ROUND})
PROPOSAL = _object(
    messages.Proposal, {"results": _list(RESULT), "chosen": _list(INDEX)}, {"upheld": _flag}
)

DOCUMENTS: dict[type, Field] = {
    messages.Bundle: _object(
        messages.Bundle,
        {"transcript": TRANSCRIPT, "manifest": MANIFEST, "release": RELEASE}
        | {"keyrings": _map(INDEX, _data())},
        {"posted": _or_null(POSTED)},
    ),
    messages.CosignRequest: _object(
        messages.CosignRequest,
        {"run": RUN, "proposal": PROPOSAL, "platform": BYTES32},
        {"report": _or_null(BYTES32)},
    ),
    messages.Proposal: PROPOSAL,
    messages.Registration: _object(
        messages.Registration,
        dict.fromkeys(("operator", "registry"), _address)
        | dict.fromkeys(("chain_id", "block_number"), UINT256)
        | {"block_hash": BYTES32},
    ),
    messages.RunId: RUN,
    messages.Signed: _object(
        messages.Signed,
        {"report": REPORT, "cosignature": COSIGNATURE, "results": _or_null(RESULTS)},
    ),
    publications.Inventory: _object(
        publications.Inventory, {"task_id": BYTES32, "seed": BYTES32, "indices": _list(INDEX)}
    ),
    publications.TaskDocuments: _object(
        publications.TaskDocuments, {"manifest": MANIFEST, "roster": ROSTER}
    ),
    release.Release: RELEASE,
    reports.StopNotice: _object(
        reports.StopNotice,
        {"task_id": BYTES32, "stopped": _list(INDEX), "cosignature": COSIGNATURE},
    ),
    results.Results: RESULTS,
}
"""The reader of each document."""
