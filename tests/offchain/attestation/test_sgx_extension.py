"""The SGX extension: values at their extremes are read, malformed ones are refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offchain.attestation import der, sgx_extension
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.sgx_extension import SgxExtension
from offchain.simulation import issuing

VALUES = SgxExtension(ppid=bytes(range(16)), fmspc=bytes(6), svns=bytes(range(16)), pce_svn=11)


def value(values: SgxExtension) -> bytes:
    """Return the extension's value without the extension around it."""
    *_, (_, content) = der.elements(der.unwrap(issuing.sgx(values), der.SEQUENCE))
    return content


def pair(oid: bytes, *value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, oid, *value)


def refused(content: bytes) -> RejectionReason:
    with pytest.raises(QuoteRejected) as refusal:
        sgx_extension.read(content)
    return refusal.value.reason


@given(
    st.builds(
        SgxExtension,
        ppid=st.binary(min_size=16, max_size=16),
        fmspc=st.binary(min_size=6, max_size=6),
        svns=st.binary(min_size=16, max_size=16),
        pce_svn=st.integers(0, 65535),
    )
)
def test_read__any_values__come_back(values: SgxExtension) -> None:
    assert sgx_extension.read(value(values)) == values


@pytest.mark.parametrize("extreme", [0, 127, 128, 255])
def test_read__component_at_its_extreme__comes_back(extreme: int) -> None:
    values = replace(VALUES, svns=bytes([extreme]) * 16)
    assert sgx_extension.read(value(values)).svns == bytes([extreme]) * 16


@pytest.mark.parametrize("pce_svn", [0, 127, 128, 255, 256, 32767, 32768, 65535])
def test_read__pce_svn_at_its_extreme__comes_back(pce_svn: int) -> None:
    assert sgx_extension.read(value(replace(VALUES, pce_svn=pce_svn))).pce_svn == pce_svn


PPID = pair(sgx_extension.PPID, der.encode(der.OCTET_STRING, VALUES.ppid))
COMPONENT_5 = pair(sgx_extension.TCB_SVNS[4], der.integer(4))
PCE_SVN = pair(sgx_extension.TCB_PCE_SVN, der.integer(11))
PCE_ID = pair(sgx_extension.PCE_ID, der.encode(der.OCTET_STRING, bytes(2)))
FMSPC = pair(sgx_extension.FMSPC, der.encode(der.OCTET_STRING, bytes(6)))


def rebuilt(old: bytes, new: bytes) -> bytes:
    """Return the value with one pair replaced, at either depth, and all lengths adjusted."""
    top = b""
    for tag, content in der.elements(der.unwrap(value(VALUES), der.SEQUENCE)):
        element = der.encode(tag, content)
        if content.startswith(sgx_extension.TCB):
            inner = der.unwrap(content[len(sgx_extension.TCB) :], der.SEQUENCE)
            element = pair(sgx_extension.TCB, der.encode(der.SEQUENCE, inner.replace(old, new)))
        top += new if element == old else element
    return der.encode(der.SEQUENCE, top)


@pytest.mark.parametrize("field", [PPID, COMPONENT_5, PCE_SVN, PCE_ID, FMSPC])
@pytest.mark.parametrize(
    "change",
    [
        lambda field: b"",
        lambda field: field + field,
        lambda field: pair(der.unwrap(field, der.SEQUENCE)[:11], der.encode(der.UTF8_STRING)),
    ],
    ids=["missing", "double", "of another type"],
)
def test_read__field_not_as_it_should_be__is_refused(
    field: bytes, change: Callable[[bytes], bytes]
) -> None:
    assert sgx_extension.read(rebuilt(field, field)) == VALUES
    assert refused(rebuilt(field, change(field))) in (
        RejectionReason.SGX_EXTENSION,
        RejectionReason.DER,
    )


@pytest.mark.parametrize(
    ("field", "oid", "content"),
    [
        (PPID, sgx_extension.PPID, der.encode(der.OCTET_STRING, bytes(15))),
        (PPID, sgx_extension.PPID, der.encode(der.OCTET_STRING, bytes(17))),
        (FMSPC, sgx_extension.FMSPC, der.encode(der.OCTET_STRING, bytes(7))),
        (PCE_ID, sgx_extension.PCE_ID, der.encode(der.OCTET_STRING, b"\0\1")),
        (COMPONENT_5, sgx_extension.TCB_SVNS[4], der.integer(256)),
        (COMPONENT_5, sgx_extension.TCB_SVNS[4], der.encode(der.INTEGER, b"\xff")),
        (COMPONENT_5, sgx_extension.TCB_SVNS[4], der.encode(der.INTEGER, b"\0\4")),
        (COMPONENT_5, sgx_extension.TCB_SVNS[4], der.encode(der.INTEGER)),
        (PCE_SVN, sgx_extension.TCB_PCE_SVN, der.integer(65536)),
    ],
    ids=[
        "short ppid",
        "long ppid",
        "long fmspc",
        "other pce",
        "component above a byte",
        "negative component",
        "component not in its shortest form",
        "component without content",
        "pce svn above two bytes",
    ],
)
def test_read__value_out_of_range__is_refused(field: bytes, oid: bytes, content: bytes) -> None:
    assert refused(rebuilt(field, pair(oid, content))) is RejectionReason.SGX_EXTENSION


@pytest.mark.parametrize("content", [b"", b"\x30", value(VALUES) + b"\0", value(VALUES)[:-1]])
def test_read__not_one_sequence__is_refused(content: bytes) -> None:
    assert refused(content) is RejectionReason.DER


def test_read__element_that_is_no_pair__is_refused() -> None:
    lone = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, sgx_extension.PPID))
    assert refused(lone) is RejectionReason.SGX_EXTENSION


@pytest.mark.parametrize(
    "other",
    [
        bytes([der.SET]) + PPID[1:],
        PPID[:2] + bytes([der.UTF8_STRING]) + PPID[3:],
        der.encode(der.SEQUENCE, der.unwrap(PPID, der.SEQUENCE), der.integer(0)),
    ],
    ids=["a set", "named by no identifier", "of three"],
)
def test_read__another_form_of_a_pair__is_refused(other: bytes) -> None:
    assert PPID[:3] == bytes([der.SEQUENCE, 30, der.OBJECT_IDENTIFIER])
    assert refused(rebuilt(PPID, other)) is RejectionReason.SGX_EXTENSION


def test_read__fields_in_another_order__are_refused() -> None:
    first, second, *rest = (
        der.encode(*field) for field in der.elements(der.unwrap(value(VALUES), der.SEQUENCE))
    )
    assert sgx_extension.read(der.encode(der.SEQUENCE, first, second, *rest)) == VALUES
    assert refused(der.encode(der.SEQUENCE, second, first, *rest)) is RejectionReason.SGX_EXTENSION


CPU_SVN = pair(sgx_extension.TCB_CPU_SVN, der.encode(der.OCTET_STRING, VALUES.svns))


@pytest.mark.parametrize(
    "change",
    [b"", pair(sgx_extension.TCB_CPU_SVN, der.integer(0)), CPU_SVN + PCE_ID],
    ids=["missing", "of another type", "followed by another field"],
)
def test_read__tcb_that_does_not_end_with_the_cpu_svn__is_refused(change: bytes) -> None:
    assert sgx_extension.read(rebuilt(CPU_SVN, CPU_SVN)) == VALUES
    assert refused(rebuilt(CPU_SVN, change)) is RejectionReason.SGX_EXTENSION
