"""Loopback servers that speak the APIs of Intel's PCS (version 4) and of a PCCS."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from offchain.attestation.quote import TeeType
from offchain.simulation import FMSPC, SimulatedIntel, issuing
from offchain.simulation.documents import Issue, make_qe_identity, make_tcb_info
from offchain.simulation.machine import pem

STANDARD, EARLY = Issue(number=17), Issue(number=18)
_TEES = {"sgx": TeeType.SGX, "tdx": TeeType.TDX}


@dataclass
class Service:
    """The answers of a server, and what it was asked.

    Args:
        intel: who signs.
        pccs: speak as a PCCS: lists in hex, the root's list at ``rootcacrl``.
        encoding: of lists that a PCS serves: ``der`` or ``pem``.
        early: whether it knows Intel's early channel.
    """

    intel: SimulatedIntel
    pccs: bool = False
    encoding: str = "der"
    early: bool = True
    fmspcs: tuple[bytes, ...] = (FMSPC,)
    revoked: tuple[int, ...] = ()
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, target: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body for a request."""
        self.asked.append(target)
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/IntelSGXRootCA.der" and not self.pccs:
            return 200, {}, self._list(self.intel.root.revoke())
        try:
            _, folder, service, version, *rest = parts.path.split("/")
            tee_type = _TEES[folder]
        except (ValueError, KeyError):
            return 404, {}, b""
        if (service, version) != ("certification", "v4"):
            return 404, {}, b""
        issue = EARLY if asked.get("update") == "early" else STANDARD
        if issue is EARLY and not self.early:
            return 400, {}, b""
        match rest:
            case ["tcb"]:
                return self._tcb(tee_type, asked, issue)
            case ["qe", "identity"]:
                text = make_qe_identity(tee_type, issue=issue)
                name = "SGX-Enclave-Identity-Issuer-Chain"
                return 200, {name: self._signers()}, self._signed("enclaveIdentity", text)
            case ["pckcrl"] if asked.get("ca") == "platform":
                chain = quote(_pem(self.intel.authority.der, self.intel.root.der))
                listed = self._list(self.intel.authority.revoke(*self.revoked))
                return 200, {"SGX-PCK-CRL-Issuer-Chain": chain}, listed
            case ["rootcacrl"] if self.pccs:
                return 200, {}, self._list(self.intel.root.revoke())
        return 404, {}, b""

    def _tcb(
        self, tee_type: TeeType, asked: dict[str, str], issue: Issue
    ) -> tuple[int, dict[str, str], bytes]:
        fmspc = bytes.fromhex(asked["fmspc"])
        if fmspc not in self.fmspcs:
            return 404, {}, b""
        text = make_tcb_info(tee_type, fmspc, issue=issue)
        name = "SGX-TCB-Info-Issuer-Chain" if self.pccs else "TCB-Info-Issuer-Chain"
        return 200, {name: self._signers()}, self._signed("tcbInfo", text)

    def _signers(self) -> str:
        return quote(_pem(self.intel.tcb_signer.der, self.intel.root.der))

    def _signed(self, name: str, text: str) -> bytes:
        signature = issuing.sign(self.intel.tcb_signer.key, text.encode()).hex()
        return f'{{"{name}":{text},"signature":{json.dumps(signature)}}}'.encode()

    def _list(self, der: bytes) -> bytes:
        if self.pccs:
            return der.hex().encode()
        if self.encoding == "pem":
            return x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
        return der


def _pem(*certificates: bytes) -> str:
    return pem(*certificates).rstrip(b"\0").decode()


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serve on loopback; yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = service.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        service.url = f"http://127.0.0.1:{server.server_port}"
        yield service.url
    finally:
        server.shutdown()
        server.server_close()
