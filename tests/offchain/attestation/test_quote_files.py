"""Quotes in every form in which tools hand them out, genuine and simulated."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

import pytest

from offchain.attestation.quote import parse, trim
from offchain.attestation.quote_files import read_quote
from offchain.attestation.rejections import QuoteRejected
from offchain.simulation import Machine
from tests.offchain.attestation.support import BODIES, GENUINE, vector

FORMS: dict[str, Callable[[bytes], bytes]] = {
    "raw": lambda raw: raw,
    "raw, padded by configfs-tsm": lambda raw: raw + bytes(8192 - len(raw) % 8192),
    "hex": lambda raw: raw.hex().encode(),
    "hex, upper case": lambda raw: raw.hex().upper().encode(),
    "hex with 0x and a line end": lambda raw: b"0x" + raw.hex().encode() + b"\n",
    "hex in lines, as xxd -p writes it": lambda raw: b"\n".join(
        raw.hex().encode()[i : i + 60] for i in range(0, 2 * len(raw), 60)
    ),
    "base64": b64encode,
    "base64 of Azure's metadata service": lambda raw: json.dumps(
        {"quote": urlsafe_b64encode(raw).rstrip(b"=").decode()}
    ).encode(),
    "Azure's guest tools: lists of integers": lambda raw: json.dumps(
        {"hcl_report": list(b"HCLA" + bytes(1200)), "td_quote": list(raw)}
    ).encode(),
    "dstack": lambda raw: json.dumps(
        {"quote": raw.hex(), "event_log": json.dumps([{"imr": 3, "digest": "00" * 48}])}
    ).encode(),
    "dstack, an attestation in a string": lambda raw: json.dumps(
        {"tcb_info": "{}", "attestation": json.dumps({"intel_quote": "0x" + raw.hex()})}
    ).encode(),
    "this project's own": lambda raw: json.dumps(
        {"quote": "0x" + raw.hex(), "report_data": "0x" + "00" * 32, "device": "tdx"}
    ).encode(),
    "twice the same": lambda raw: json.dumps(
        {"quote": raw.hex(), "padded": (raw + bytes(64)).hex()}
    ).encode(),
    "with a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw.hex().encode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", BODIES)
def test_read_quote__simulated__is_found(machine: Machine, name: str, form: str) -> None:
    quote = machine.quote(BODIES[name])
    assert read_quote(FORMS[form](quote.encode())) == quote


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", GENUINE)
def test_read_quote__genuine__is_found(name: str, form: str) -> None:
    raw = trim(vector(name))
    assert read_quote(FORMS[form](raw)) == parse(raw)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "quote length"),
        (b"\0" * 4096, "quote version"),
        (b"no quote", "quote length"),
        (b"{}", "quote length"),
        (b'{"quote": 5}', "quote length"),
        (b'{"quote": ', "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"HCLA" + bytes(1200), "an HCL report of Azure"),
    ],
)
def test_read_quote__none_in_it__is_refused(data: bytes, message: str) -> None:
    with pytest.raises(QuoteRejected, match=message):
        read_quote(data)


def test_read_quote__truncated__is_refused_for_its_length(machine: Machine) -> None:
    raw = machine.quote(BODIES["sgx v3"]).encode()
    for data in (raw[:-1], raw[:-1].hex().encode(), raw[:100], raw[:100].hex().encode()):
        with pytest.raises(QuoteRejected, match="quote length"):
            read_quote(data)


def test_read_quote__two_different_quotes__are_refused(machine: Machine) -> None:
    both = [machine.quote(BODIES[name]).encode().hex() for name in ("sgx v3", "tdx v4")]
    with pytest.raises(QuoteRejected, match="2 quotes in one file"):
        read_quote(json.dumps(both).encode())
