"""Collateral as it comes: certificates, revocation lists and signed documents, in any usual form.

Read are DER, PEM, hex and base64; answers of a PCS or PCCS; a QuoteCollateralV3 as JSON; and the
JSON that `Bundle.to_json` writes. What a file is follows from its content. Nothing is verified
here: see ``policy.py`` and ``certificates.py``.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, Self, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from offchain.attestation import p256
from offchain.attestation.quote_files import decode_text, load_json
from offchain.attestation.x509 import MALFORMED

_PEM = re.compile(r"-----(BEGIN|END) (X509 CRL|CERTIFICATE)-----")
_BODIES = ("tcbInfo", "enclaveIdentity")
_PAIRS = (
    ("tcb_info", "tcb_info_signature"),
    ("qe_identity", "qe_identity_signature"),
    *((body, "signature") for body in ("document", "tcb_info", "qe_identity", *_BODIES)),
)
T = TypeVar("T")


@dataclass(frozen=True)
class SignedDocument:
    """A TCB info or an identity of an enclave, with Intel's signature."""

    text: str
    """The JSON text, exactly as signed."""
    signature: bytes
    """r‖s, 64 bytes."""

    @property
    def content(self) -> dict[str, Any]:
        """The JSON object.

        Raises:
            ValueError: the text is no JSON object, or is nested more than 100 deep.
        """
        found = load_json(self.text)
        if not isinstance(found, dict):
            raise ValueError(f"document {self.text[:40]!r}, expected a JSON object")
        return found

    def is_signed_by(self, certificate: x509.Certificate) -> bool:
        """Return True if the key of a certificate signed this; the certificate may be anybody's."""
        try:
            key = p256.raw_key(certificate.public_key())
        except MALFORMED:
            return False
        return p256.verifies(key, self.text.encode(), self.signature)


@dataclass(frozen=True)
class Bundle:
    """Collateral of any number of machines; parts are in the order in which they were found."""

    certificates: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    """DER."""
    documents: tuple[SignedDocument, ...] = ()

    def __add__(self, other: Self) -> "Bundle":
        return _joined((self, other))

    def __bool__(self) -> bool:
        return bool(self.certificates or self.crls or self.documents)

    def signer_of(self, document: SignedDocument) -> x509.Certificate | None:
        """Return the certificate whose key signed a document, or None."""
        return next((each for each in self.certificates if document.is_signed_by(each)), None)

    def to_json(self) -> str:
        """Return all of it as a JSON object, which `read_bundle` reads."""
        return json.dumps(
            {
                "certificates": [
                    each.public_bytes(Encoding.PEM).decode() for each in self.certificates
                ],
                "crls": ["0x" + each.hex() for each in self.crls],
                "documents": [
                    {"document": each.text, "signature": "0x" + each.signature.hex()}
                    for each in self.documents
                ],
            },
            indent=1,
        )


def read_bundle(data: bytes) -> Bundle:
    """Read collateral in any of the forms above.

    Raises:
        ValueError: there is none, or a part is malformed.
    """
    found = find_bundle(data)
    if not found:
        raise ValueError("no certificate, revocation list or signed document in it")
    return found


def find_bundle(data: bytes) -> Bundle:
    """Read collateral as `read_bundle` does; of anything else return an empty bundle.

    Raises:
        ValueError: a part is malformed.
    """
    if _is_der(data):
        return _der(data)
    try:
        text = data.decode().lstrip("\ufeff").strip("\0 \t\r\n")
    except UnicodeDecodeError:
        return Bundle()
    return _text(text)


def _is_der(data: bytes) -> bool:
    """Return True for a SEQUENCE of 128 bytes or more, as every certificate and list is."""
    return data[:1] == b"\x30" and data[1:2] in (b"\x81", b"\x82", b"\x83")


def _joined(bundles: Iterable[Bundle]) -> Bundle:
    """Return all parts of bundles, each once."""
    found = tuple(bundles)
    return Bundle(
        _unique(each.certificates for each in found),
        _unique(each.crls for each in found),
        _unique(each.documents for each in found),
    )


def _unique(parts: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(parts)))


def _der(data: bytes) -> Bundle:
    with suppress(*MALFORMED):
        x509.load_der_x509_crl(data)
        return Bundle(crls=(data,))
    try:
        return Bundle(certificates=(x509.load_der_x509_certificate(data),))
    except MALFORMED as error:
        raise ValueError(f"certificate or list of {len(data)} bytes: {error}") from error


def _text(text: str) -> Bundle:
    if text[:1] in ("{", "["):
        return _value(load_json(text))
    if "-----BEGIN" in text:
        return _joined(_der(decode_text(body) or b"") for body in _pem_bodies(text))
    data = decode_text(text)
    return _der(data) if data and _is_der(data) else Bundle()


def _pem_bodies(text: str) -> Iterator[str]:
    """Yield the text of each certificate and list in PEM, in linear time.

    Raises:
        ValueError: one does not end as it begins.
    """
    markers = list(_PEM.finditer(text))
    for begin, end in zip_longest(markers[::2], markers[1::2]):
        if end is None or (begin[1], end[1], end[2]) != ("BEGIN", "END", begin[2]):
            raise ValueError(f"PEM with {begin[0]} at {begin.start()}, expected its end behind it")
        yield text[begin.end() : end.start()]


def _value(value: Any) -> Bundle:
    found = Bundle()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        if value and (data := _listed(value)) is not None:
            return _der(data) if _is_der(data) else found
        members: Iterator[Any] = iter(value)
    elif isinstance(value, dict):
        documents = dict(_documents(value))
        found = Bundle(documents=tuple(documents.values()))
        members = (member for name, member in value.items() if name not in documents)
    else:
        return found
    return _joined((found, *map(_value, members)))


def _listed(value: list[Any]) -> bytes | None:
    """Return the bytes that a list of integers gives, or None for any other list."""
    is_bytes = all(type(each) is int and 0 <= each < 256 for each in value)
    return bytes(value) if is_bytes else None


def _documents(members: Mapping[str, Any]) -> Iterator[tuple[str, SignedDocument]]:
    """Yield the signed documents among the members of an object, by their names.

    A document that is an object is written again in Intel's layout, without whitespace. Where that
    is not what Intel signed, the signature does not verify.
    """
    for name, signature_name in _PAIRS:
        document, signature = members.get(name), members.get(signature_name)
        if isinstance(document, dict):
            document = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        if not isinstance(document, str) or signature is None:
            continue
        raw = _listed(signature) if isinstance(signature, list) else decode_text(str(signature))
        if raw is None or len(raw) != 64:
            raise ValueError(f"signature {signature!r} of {name}, expected 64 bytes in hex")
        document.encode()  # refuses half of a surrogate pair, which nobody can have signed
        yield name, SignedDocument(document, raw)
