"""Collateral as it comes: certificates, revocation lists and signed documents, in any usual form.

Read are DER, PEM, hex and base64; answers of a PCS or PCCS; a QuoteCollateralV3 as JSON; and the
JSON that `Bundle.to_json` writes. What a file is follows from its content. Nothing is verified
here: see ``policy.py`` and ``certificates.py``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from offchain.attestation import p256
from offchain.attestation.quote_files import decode_text, load_json

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.+?)-----END \1-----", re.DOTALL)
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
            ValueError: the text is no JSON object.
        """
        found = json.loads(self.text)
        if not isinstance(found, dict):
            raise ValueError(f"document {self.text[:40]!r}, expected a JSON object")
        return found

    def is_signed_by(self, certificate: x509.Certificate) -> bool:
        """Return True if the key of a certificate signed this; the certificate may be anybody's."""
        try:
            key = p256.raw_key(certificate.public_key())
        except ValueError:
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
        return Bundle(
            _unique(self.certificates + other.certificates),
            _unique(self.crls + other.crls),
            _unique(self.documents + other.documents),
        )

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


def _unique(parts: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(parts))


def _der(data: bytes) -> Bundle:
    try:
        x509.load_der_x509_crl(data)
    except ValueError:
        return Bundle(certificates=(x509.load_der_x509_certificate(data),))
    return Bundle(crls=(data,))


def _text(text: str) -> Bundle:
    if text[:1] in ("{", "["):
        return _value(load_json(text))
    if "-----BEGIN" in text:
        found = Bundle()
        for kind, body in _PEM.findall(text):
            if kind in ("X509 CRL", "CERTIFICATE"):
                found += _der(decode_text(body) or b"")
        return found
    data = decode_text(text)
    return _der(data) if data and _is_der(data) else Bundle()


def _value(value: Any) -> Bundle:
    found = Bundle()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        if value and all(type(each) is int and 0 <= each < 256 for each in value):
            data = bytes(value)
            return _der(data) if _is_der(data) else found
        members: Iterator[Any] = iter(value)
    elif isinstance(value, dict):
        documents = dict(_documents(value))
        found = Bundle(documents=tuple(documents.values()))
        members = (member for name, member in value.items() if name not in documents)
    else:
        return found
    for member in members:
        found += _value(member)
    return found


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
        raw = bytes(signature) if isinstance(signature, list) else decode_text(str(signature))
        if raw is None or len(raw) != 64:
            raise ValueError(f"signature {signature!r} of {name}, expected 64 bytes in hex")
        yield name, SignedDocument(document, raw)
