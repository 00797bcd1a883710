"""Collateral in every form in which services and tools give it."""

import json
from base64 import b64encode
from time import process_time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from offchain.attestation.bundle import Bundle, SignedDocument, read_bundle
from offchain.attestation.quote import TeeType
from offchain.simulation import SimulatedIntel, bundle, collateral
from tests.offchain.attestation.support import PUBLISHED, vector


def pem_of(der: bytes) -> bytes:
    return x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)


def test_read_bundle__what_to_json_writes__is_the_same(intel: SimulatedIntel) -> None:
    found = bundle(intel)
    assert read_bundle(found.to_json().encode()) == found


@pytest.mark.parametrize("tee_type", list(TeeType))
def test_read_bundle__quote_collateral_v3__is_the_same(
    intel: SimulatedIntel, tee_type: TeeType
) -> None:
    documents = collateral(intel, tee_type)
    found = read_bundle(documents.to_json().encode())
    assert set(found.certificates) == set(documents.to_bundle().certificates)
    assert set(found.crls) == set(documents.to_bundle().crls)
    assert found.documents == documents.to_bundle().documents


@pytest.mark.parametrize("name", PUBLISHED)
def test_read_bundle__genuine_collateral__has_signers_of_its_documents(name: str) -> None:
    found = read_bundle(vector(name, "collateral.json"))
    assert len(found.documents) == len(found.crls) == 2
    assert all(found.signer_of(each) is not None for each in found.documents)


def test_read_bundle__list_in_every_encoding__is_the_same(intel: SimulatedIntel) -> None:
    der = intel.authority.revoke(5, 7)
    for data in (
        der,
        pem_of(der),
        der.hex().encode(),
        b"0x" + der.hex().upper().encode() + b"\n",
        b64encode(der),
        json.dumps(der.hex()).encode()[1:-1] + b"\0",
        json.dumps({"crl": list(der)}).encode(),
    ):
        assert read_bundle(data) == Bundle(crls=(der,))


def test_read_bundle__answer_that_a_tool_printed_anew__still_verifies(
    intel: SimulatedIntel,
) -> None:
    documents = collateral(intel, TeeType.TDX)
    content = json.loads(documents.tcb_info)
    signature = documents.tcb_info_signature.hex()
    expected = SignedDocument(documents.tcb_info, documents.tcb_info_signature)
    for indent in (None, 2):
        body = json.dumps({"tcbInfo": content, "signature": signature}, indent=indent)
        assert read_bundle(body.encode()).documents == (expected,)
        wrapped = json.dumps({"tcb_info": body})
        assert read_bundle(wrapped.encode()).documents == (expected,)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        *((data, "no certificate") for data in (b"", b"{}", b"[]", b"text", b"\x30", b"\xff\xfe")),
        (b'{"tcbInfo": {}}', "no certificate"),
        (b"\x30\x82\x01", "parsing asn1"),
        (b"[" * 200_000, "nested 200000 deep"),
        (b"[" * 101 + b"]" * 101, "nested 101 deep"),
        (b"[" * 100 + b"]" * 100, "no certificate"),
        (b"-----BEGIN X509 CRL-----\n" * 40_000, "expected its end behind it"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END X509 CRL-----", "expected its end"),
        (b'{"tcbInfo": {}, "signature": ["00"]}', "expected 64 bytes"),
        (b'{"tcbInfo": "\\ud800", "signature": "%b"}' % (b"00" * 64), "surrogates not allowed"),
    ],
)
def test_read_bundle__no_collateral_in_it__is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_bundle(data)


def test_read_bundle__certificate_of_another_version__is_refused(intel: SimulatedIntel) -> None:
    version_3, other = bytes.fromhex("a003020102"), bytes.fromhex("a003020116")
    der = intel.root.der.replace(version_3, other, 1)
    assert der != intel.root.der
    with pytest.raises(ValueError, match="22 is not a valid X509 version"):
        read_bundle(der)


def test_read_bundle__thousands_of_documents__take_linear_time(
    intel: SimulatedIntel,
) -> None:
    """A join of parts, one after the other, took time by the square of their number."""
    documents = [{"tcbInfo": str(number), "signature": "00" * 64} for number in range(20_000)]
    started = process_time()
    assert len(read_bundle(json.dumps(documents).encode()).documents) == 20_000
    assert process_time() - started < 5


def test_content__brackets_behind_escapes__are_refused() -> None:
    nested = b'{"tcbInfo": "%b", "signature": "%b"}' % (b"\\u005b" * 200_000, b"00" * 64)
    (document,) = read_bundle(nested).documents
    with pytest.raises(ValueError, match="nested 200000 deep"):
        _ = document.content


def test_read_bundle__signature_of_another_size__is_refused(intel: SimulatedIntel) -> None:
    with pytest.raises(ValueError, match="expected 64 bytes"):
        read_bundle(b'{"tcbInfo": {}, "signature": "00"}')
