"""Quotes, certificates, revocation lists and Intel's documents, all of them SIMULATED."""

import json
import warnings
from contextlib import suppress
from typing import Any

from cryptography.utils import CryptographyDeprecationWarning

from offchain.attestation import der, policy, quote, sgx_extension
from offchain.attestation.bundle import SignedDocument, find_bundle, read_bundle
from offchain.attestation.canonical import walk_identity, walk_tcb_info
from offchain.attestation.collateral import Collateral
from offchain.attestation.evidence import Chain, Known, crl_bytes, pack
from offchain.attestation.quote import TeeType
from offchain.attestation.quote_files import read_quote
from offchain.attestation.rejections import QuoteRejected
from offchain.attestation.tcb import EnclaveIdentity, TcbInfo, read_identity, read_tcb_info
from offchain.attestation.trust import TcbFloor
from offchain.attestation.verify import verify
from offchain.attestation.x509 import load_chain, read_certificate, read_crl
from offchain.page.tcb import machine_in
from offchain.simulation import Issue, collateral, documents, issuing
from offchain.simulation.intel import NOT_BEFORE
from tests.dcap_refusals import INTEL, MACHINE, TRUST
from tests.foreign.parser import Parser
from tests.offchain.attestation.support import BODIES

warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)
warnings.filterwarnings("ignore", "Attribute's length must be")

QUOTES = [MACHINE.quote(body) for body in BODIES.values()]
COLLATERAL = [collateral(INTEL, tee_type) for tee_type in TeeType]
ACCEPTED = policy.DEFAULT_ACCEPTED


# ── Quotes ──


def read_any_quote(data: bytes) -> bool:
    """Read a file with a quote; the quote in it is written and read again, verified and packed."""
    try:
        found = read_quote(data)
    except QuoteRejected:
        return False
    assert quote.parse(found.encode()) == found
    try:
        verify(found, TRUST, NOT_BEFORE)
        chain = Chain.of(found, INTEL.root.public_key)
    except QuoteRejected:
        return True
    for known in Known:
        kind, _, qe_svn = machine_in(pack(found, chain, known))
        assert (kind, qe_svn) == (found.tee_type, found.qe_report.isv_svn)
    return True


def parse_quote(data: bytes) -> bool:
    """Parse a quote without padding: it is written as the same bytes."""
    try:
        found = quote.parse(data)
    except QuoteRejected:
        return False
    assert found.encode() == data
    return True


def read_evidence(data: bytes) -> bool:
    """Read the machine of packed evidence, which anybody's transaction may hold."""
    try:
        machine_in(data)
    except ValueError:
        return False
    return True


def _files() -> list[bytes]:
    first = QUOTES[0].encode()
    return [
        *(each.encode() + bytes(8) for each in QUOTES),
        json.dumps({"quote": "0x" + first.hex()}).encode(),
        json.dumps([{"td_quote": list(first)}]).encode(),
    ]


def _evidence() -> list[bytes]:
    return [
        pack(each, Chain.of(each, INTEL.root.public_key), known)
        for each in QUOTES
        for known in Known
    ]


# ── Certificates and lists ──


def read_certificates(data: bytes) -> bool:
    """Read PEM, or one certificate as DER, and the fields of each certificate."""
    try:
        loaded = find_bundle(data).certificates if data[:1] == b"\x30" else load_chain(data)
    except ValueError:
        return False
    try:
        return bool(loaded) and all(read_certificate(each) for each in loaded)
    except QuoteRejected:
        return False


def read_list(data: bytes) -> bool:
    """Read a revocation list; what the contract gets of it ends with the signature."""
    try:
        fields = read_crl(data)
    except QuoteRejected:
        return False
    assert crl_bytes(data) == fields.tbs + fields.signature
    assert len(fields.signature) == 64
    return True


def read_extension(data: bytes) -> bool:
    """Read an SGX extension; the simulated Intel writes the same values, which are read again."""
    try:
        found = sgx_extension.read(data)
    except QuoteRejected:
        return False
    assert sgx_extension.read(_value(issuing.sgx(found))) == found
    return True


def _value(extension: bytes) -> bytes:
    """Return the value of an Extension (RFC 5280)."""
    _, (tag, value) = der.elements(der.unwrap(extension, der.SEQUENCE))
    assert tag == der.OCTET_STRING
    return value


def _certificates() -> list[bytes]:
    return [
        *(each.der for each in (INTEL.root, INTEL.authority, INTEL.tcb_signer, MACHINE.pck)),
        QUOTES[0].pck_chain,
    ]


def _lists() -> list[bytes]:
    revoked = collateral(INTEL, TeeType.SGX, revoked=(1, 2**150), revoked_authorities=(7,))
    return [revoked.pck_crl, revoked.root_ca_crl, COLLATERAL[0].pck_crl]


# ── Documents ──


def read_document(data: bytes) -> bool:
    """Read a TCB info or an identity as the contract does, and as people see it.

    Where both readers read a document whose members all have one value, they agree.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    floor = info = None
    try:
        walk = walk_tcb_info if policy.is_tcb_info(text) else walk_identity
        floor = walk(text, ACCEPTED)
    except QuoteRejected:
        pass
    try:
        content = SignedDocument(text, bytes(64)).content
        info = read_tcb_info(content) if "fmspc" in content else read_identity(content)
    except (KeyError, TypeError, ValueError):
        pass
    if floor is not None and info is not None and _is_plain(text):
        assert floor.validity == info.validity
        assert floor.tee_type is info.tee_type
        assert _least(floor) == _least_of(info)
    return floor is not None


def _is_plain(text: str) -> bool:
    """Return True if no object of a document has two members of one name."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise KeyError
        return dict(pairs)

    try:
        return bool(json.loads(text, object_pairs_hook=unique))
    except KeyError:
        return False


def _least(floor: Any) -> object:
    if isinstance(floor, TcbFloor):
        return floor.fmspc, floor.svns, floor.pce_svn, floor.tdx_svns
    return floor.mr_signer, floor.isv_prod_id, floor.attributes, floor.min_isv_svn


def _least_of(info: TcbInfo | EnclaveIdentity) -> object:
    """Return the same of a document: of the last level before the first that is not accepted."""
    good = []
    for level in info.levels:
        if level.status not in ACCEPTED:
            break
        good.append(level)
    last: Any = good[-1] if good else None
    if isinstance(info, TcbInfo):
        found = (last.sgx_svns, last.pce_svn, last.tdx_svns) if last else (b"", 0, b"")
        return info.fmspc, *found
    return info.mr_signer, info.isv_prod_id, info.attributes, last.isv_svn if last else None


def read_collateral(data: bytes) -> bool:
    """Read a file of collateral; all of it is written and read again, a QuoteCollateralV3 too."""
    with suppress(ValueError):
        Collateral.from_json(data.decode()).to_bundle()
    try:
        found = find_bundle(data)
    except ValueError:
        return False
    for document in found.documents:
        found.signer_of(document)
        with suppress(QuoteRejected):
            policy.Policy().read(document.text)
        with suppress(ValueError):
            assert isinstance(document.content, dict)
    assert not found or read_bundle(found.to_json().encode()) == found
    return bool(found)


def _documents() -> list[bytes]:
    texts = [text for each in COLLATERAL for text in (each.tcb_info, each.qe_identity)]
    low = documents.make_tcb_info(TeeType.SGX, issue=Issue(number=3), levels=documents.LEVELS[::-1])
    return [text.encode() for text in (*texts, low)]


def _collateral() -> list[bytes]:
    first = COLLATERAL[0]
    info = {"tcbInfo": json.loads(first.tcb_info), "signature": first.tcb_info_signature.hex()}
    pem = first.pck_crl_issuer_chain.encode()
    return [first.to_json().encode(), json.dumps(info).encode(), pem, first.pck_crl]


PARSERS = {
    "quote": Parser(parse_quote, lambda: [each.encode() for each in QUOTES]),
    "quote-file": Parser(read_any_quote, _files, max_bytes=2**15),
    "evidence": Parser(read_evidence, _evidence),
    "certificate": Parser(read_certificates, _certificates),
    "revocation-list": Parser(read_list, _lists),
    "sgx-extension": Parser(
        read_extension, lambda: [_value(issuing.sgx(INTEL.machine_values("machine")))]
    ),
    "intel-document": Parser(read_document, _documents, max_bytes=2**14),
    "collateral": Parser(read_collateral, _collateral, max_bytes=2**15),
}
