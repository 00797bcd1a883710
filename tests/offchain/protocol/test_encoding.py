"""Reading of untrusted JSON: it ends at the first fault, and its text is short."""

import pytest
from pydantic import TypeAdapter, ValidationError

from offchain.protocol.encoding import (
    MAX_VALUES,
    Address,
    Bytes32,
    Gwei,
    Index,
    Score,
    Time,
    Uint108,
    Uint128,
    Uint256,
    from_json,
    to_json,
)
from offchain.protocol.manifest import Manifest
from offchain.protocol.messages import Proposal, RunId
from offchain.protocol.results import Result
from tests.offchain.honest import HONEST


@pytest.mark.parametrize(
    ("content", "where", "why"),
    [
        (b'{"chosen":[],"results":[0,0,0]}', "results.0", "expected an object"),
        (b'{"chosen":[],"results":[{}]}', "results.0.index", "Field required"),
        (b'{"chosen":[],"results":{}}', "results", "expected an array"),
        (b'{"chosen":["-1"],"results":[]}', "chosen.0", "78 decimal digits"),
        ('{"chosen":["\u0663"],"results":[]}'.encode(), "chosen.0", "78 decimal digits"),
        (b'{"chosen":["' + b"0" * 79 + b'"],"results":[]}', "chosen.0", "78 decimal digits"),
        (b'{"chosen":[[]],"results":[]}', "chosen.0", "expected a single value"),
        (b'{"chosen":[],"results":[],"' + b"x" * 2**20 + b'":0}', "x" * 80, "not permitted"),
        (b'{"chosen":["' + b"9" * 2**20 + b'"],"results":[]}', "chosen.0", "78 decimal digits"),
        (b"[" * 2**20, "", "Invalid JSON: recursion limit"),
        (b'{"chosen":[' + b"9" * 2**20, "", "Invalid JSON: number out of range"),
        (b"\xff", "", "Invalid JSON"),
        (b"NaN", "", "Invalid JSON"),
    ],
)
def test_from_json__fault__is_the_only_one_and_short(content, where, why):
    with pytest.raises(ValidationError) as refusal:
        from_json(Proposal, content)
    (error,) = refusal.value.errors()
    assert ".".join(map(str, error["loc"])) == where
    assert why in error["msg"]
    assert len(str(refusal.value)) < 600


@pytest.mark.parametrize("value", ["5", '"x"', "null", "[]", "true"])
def test_from_json__no_object_where_all_fields_have_defaults__is_refused(value):
    """`ModelLimits` has no required field, whose absence would show that there is no object."""
    plain = to_json(HONEST.manifest).decode()
    start = plain.index('"limits":') + len('"limits":')
    content = plain[:start] + value + plain[plain.index("}", start) + 1 :]
    with pytest.raises(ValidationError, match="expected an object") as refusal:
        from_json(Manifest, content.encode())
    assert refusal.value.errors()[0]["loc"] == ("limits",)


@pytest.mark.parametrize("value", ["1", "1.0", "true", "1e0"])
def test_from_json__integer_of_the_contracts_that_is_no_string__is_refused(value):
    """Two parsers need not read the same from a large number."""
    with pytest.raises(ValidationError) as refusal:
        from_json(Proposal, b'{"chosen":[%b],"results":[]}' % value.encode())
    assert refusal.value.errors()[0]["loc"] == ("chosen", 0)
    assert from_json(Proposal, b'{"chosen":["1"],"results":[]}').chosen == (1,)


@pytest.mark.parametrize("value", ["true", "1.0", '"1"', "2", "null"])
def test_from_json__version_that_is_not_one__is_refused(value):
    content = to_json(HONEST.manifest).replace(b'"version":1', b'"version":' + value.encode())
    with pytest.raises(ValidationError) as refusal:
        from_json(Manifest, content)
    assert refusal.value.errors()[0]["loc"] == ("version",)


ADDRESS = "0xaDeD86dCbbEA150e7748527bAB82C6a593B0C3C3"


@pytest.mark.parametrize("text", [ADDRESS, ADDRESS.lower(), "0x" + ADDRESS[2:].upper()])
def test_address__right_checksum_or_none__is_read(text):
    assert TypeAdapter(Address).validate_json(f'"{text}"') == ADDRESS


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS.swapcase().replace("0X", "0x"),
        ADDRESS.replace("dC", "dc"),
        ADDRESS.replace("8527", "8528"),
    ],
)
def test_address__wrong_checksum__is_refused(text):
    with pytest.raises(ValidationError, match="wrong checksum"):
        TypeAdapter(Address).validate_json(f'"{text}"')


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        (Uint256, 2**256 - 1),
        (Uint128, 2**128 - 1),
        (Uint108, 2**108 - 1),
        (Gwei, 10**9 * (2**48 - 1)),
        (Time, 2**40 - 1),
        (Score, 1_000_000),
        (Index, 2**20 - 2),
    ],
)
def test_from_json__number__is_from_zero_to_the_most_of_the_contracts(kind, most):
    adapter = TypeAdapter(kind)
    for value in (0, most):
        assert adapter.validate_json(f'"{value}"') == value
        assert adapter.dump_json(value) == f'"{value}"'.encode()
    for value in (-1, most + 1):
        with pytest.raises(ValidationError):
            adapter.validate_json(f'"{value}"')


def test_from_json__word__has_32_bytes():
    adapter = TypeAdapter(Bytes32)
    assert adapter.validate_json('"0x' + "Ab" * 32 + '"') == b"\xab" * 32
    assert adapter.dump_json(b"\xab" * 32) == b'"0x' + b"ab" * 32 + b'"'
    for size in (31, 33):
        with pytest.raises(ValidationError):
            adapter.validate_json('"0x' + "ab" * size + '"')


def document(values: int) -> bytes:
    """Return a proposal with so many commas and opening brackets outside of strings."""
    return b'{"chosen":[' + b",".join([b'"1"'] * (values - 3)) + b'],"results":[]}'


@pytest.mark.parametrize("more", [0, 1])
def test_from_json__most_values_and_one_more__are_read_or_refused(monkeypatch, more):
    monkeypatch.setattr("offchain.protocol.encoding.MAX_VALUES", 100)
    if not more:
        assert len(from_json(Proposal, document(100)).chosen) == 97
        return
    with pytest.raises(ValidationError, match="expected at most 100 values"):
        from_json(Proposal, document(101))


def test_from_json__most_values_in_fact__are_refused_above():
    with pytest.raises(ValidationError, match=f"expected at most {MAX_VALUES} values"):
        from_json(Proposal, document(MAX_VALUES + 1))


def test_from_json__commas_in_strings__do_not_count(monkeypatch):
    monkeypatch.setattr("offchain.protocol.encoding.MAX_VALUES", 3)
    with pytest.raises(ValidationError, match="hex digits after 0x"):
        from_json(RunId, b'{"task_id":"' + rb",[{\"" * 100 + b'","round":0}')


def test_from_json__written_value__is_equal():
    made = Proposal((Result(0, 5), Result(1, 7)), (1, 0))
    assert from_json(Proposal, to_json(made)) == made
