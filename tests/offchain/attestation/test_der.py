"""DER: encoded elements can be read, and only the shortest form is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation import der
from offchain.attestation.rejections import QuoteRejected, RejectionReason


def refused(data: bytes) -> RejectionReason:
    with pytest.raises(QuoteRejected) as refusal:
        list(der.elements(data))
    return refusal.value.reason


@given(st.integers(0, 255), st.binary(max_size=400))
def test_elements__result_of_encode__round_trips(tag: int, content: bytes) -> None:
    element = der.encode(tag, content)
    assert list(der.elements(element + element)) == [(tag, content)] * 2
    assert der.unwrap(element, tag) == content


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_encode__length_at_a_boundary__is_in_its_shortest_form(size: int) -> None:
    element = der.encode(der.OCTET_STRING, bytes(size))
    header = len(element) - size
    assert header == 2 + (size > 127) + (size > 255) + (size > 65535)
    assert der.unwrap(element, der.OCTET_STRING) == bytes(size)


@given(st.integers(0, 1 << 168))
def test_integer__any_value__is_minimal_and_not_negative(value: int) -> None:
    content = der.unwrap(der.integer(value), der.INTEGER)
    assert int.from_bytes(content, "big", signed=True) == value
    assert len(content) == 1 or content[0] or content[1] >= 0x80


@pytest.mark.parametrize(
    ("dotted", "encoded"),
    [
        ("1.2.840.113741.1.13.1", "06092a864886f84d010d01"),
        ("2.5.29.19", "0603551d13"),
        ("1.2.840.10045.4.3.2", "06082a8648ce3d040302"),
    ],
)
def test_oid__known_identifier__has_its_published_encoding(dotted: str, encoded: str) -> None:
    assert der.oid(dotted).hex() == encoded


@pytest.mark.parametrize(
    "data",
    [
        "30",
        "3001",
        "308101",
        "30810100",
        "3080",
        "3080" + "00" * 128,
        "30820080" + "00" * 128,
        "3083000080" + "00" * 128,
        "30020000ff",
    ],
    ids=[
        "no length",
        "no content",
        "no content after a long length",
        "long form below 128",
        "indefinite",
        "indefinite, with as many bytes as its octet would say",
        "two bytes for 128",
        "three bytes for 128",
        "content left over",
    ],
)
def test_elements__malformed__is_refused(data: str) -> None:
    assert refused(bytes.fromhex(data)) is RejectionReason.DER


def test_unwrap__other_tag__is_refused() -> None:
    with pytest.raises(QuoteRejected, match="expected 0x31"):
        der.unwrap(der.encode(der.SEQUENCE), der.SET)


def test_unwrap__something_after_it__is_refused() -> None:
    with pytest.raises(QuoteRejected, match="1 bytes after it"):
        der.unwrap(der.encode(der.SEQUENCE) + b"\0", der.SEQUENCE)
