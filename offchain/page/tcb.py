"""The status of an enclave's machine by the newest of Intel's documents that the policy took."""

import struct
from dataclasses import dataclass, field
from typing import Any

from web3.exceptions import Web3Exception
from web3.types import EventData

from offchain.attestation.bundle import Bundle
from offchain.attestation.evidence import QE_AUTH_SIZE, Known
from offchain.attestation.quote import SgxReport, TeeType
from offchain.attestation.tcb import (
    EnclaveIdentity,
    Machine,
    TcbInfo,
    evaluate,
    read_identity,
    read_tcb_info,
)
from offchain.chain.node import arguments_of, events
from offchain.chain.registry import Registry
from offchain.chain.verifier import Verifier
from offchain.simulation.intel import root_name

_KIND, _RECORD = 1, {Known.PCK: 256, Known.AUTHORITY: 160, Known.ROOT: 0}
"""Bytes of evidence before its certificates, by the kind in the first byte's lower bits."""
_QE_REPORT, _SIGNATURE = 384, 64
_HEADER, _TYPE_AND_SIZE = 48, 6
"""Bytes before a quote's body; from version 5 on, its type and size stand there too."""


@dataclass(frozen=True)
class Attested:
    """An enclave's attestation, as far as the chain tells it.

    Args:
        root: name of the verifier's root key; says so when it is SIMULATED.
        status: of the machine, in Intel's words; empty when it is unknown.
        advisories: of Intel, that concern the machine.
        accepted: True if the policy takes the status.
        fault: why the status is unknown.
    """

    root: str = ""
    status: str = ""
    advisories: tuple[str, ...] = ()
    accepted: bool = False
    fault: str = ""


@dataclass
class Attestations:
    """The attestations of a registry's enclaves; evidence and documents are read once."""

    registry: Registry
    _bundles: dict[str, tuple[int, Bundle]] = field(default_factory=dict)
    _evidence: dict[bytes, bytes] = field(default_factory=dict)

    def of(self, event: EventData) -> Attested:
        """Return the status of the machine of an ``EnclaveRegistered``."""
        verifier = Verifier(self.registry.node, event["args"]["verifier"])
        try:
            root = root_name(verifier.root_key)
        except (Web3Exception, OverflowError):
            return Attested(fault="its verifier is no DcapVerifier")
        try:
            return self._status(event, verifier, root)
        except (LookupError, ValueError, TypeError, Web3Exception) as error:
            return Attested(root, fault=str(error) or type(error).__name__)

    def _status(self, event: EventData, verifier: Verifier, root: str) -> Attested:
        tee_type, tee_tcb_svn, qe_svn = machine_in(self._evidence_of(event))
        pck = self._pck(verifier, bytes(event["args"]["platform"]))
        fmspc = int(pck["fmspc"]).to_bytes(6, "big")
        svns = (int(pck["tcb"]) % 2**128).to_bytes(16, "big")
        machine = Machine(svns, int(pck["tcb"]) >> 128, tee_tcb_svn, qe_svn)
        contents = [each.content for each in self._documents(verifier).documents]
        infos = [read_tcb_info(each) for each in contents if "fmspc" in each]
        identities = [read_identity(each) for each in contents if "fmspc" not in each]
        infos = [each for each in infos if (each.fmspc, each.tee_type) == (fmspc, tee_type)]
        identities = [each for each in identities if each.tee_type is tee_type]
        if not infos or not identities:
            raise LookupError(f"the policy has no {tee_type.name} documents of {fmspc.hex()}")
        found = evaluate(max(infos, key=_age), max(identities, key=_age), machine)
        accepted = found.is_accepted(verifier.policy.rules().accepted)
        status = found.status or "below every level that Intel lists"
        return Attested(root, status, found.advisories, accepted)

    def _evidence_of(self, event: EventData) -> bytes:
        key = bytes(event["transactionHash"])
        if key not in self._evidence:
            values = arguments_of(self.registry.contract, event["transactionHash"])
            self._evidence[key] = bytes(values["_evidence"])
        return self._evidence[key]

    def _pck(self, verifier: Verifier, platform: bytes) -> Any:
        """Return the newest record of a machine's key."""
        logs = events(verifier.node, verifier.contract.events.PckAdded())
        found = [each["args"]["pck"] for each in logs]
        return next(each for each in reversed(found) if bytes(each["platform"]) == platform)

    def _documents(self, verifier: Verifier) -> Bundle:
        policy = verifier.policy
        kinds = policy.contract.events.TcbUpdated(), policy.contract.events.IdentityUpdated()
        count = sum(1 for kind in kinds for _ in events(policy.node, kind))
        key = policy.contract.address
        if key not in self._bundles or self._bundles[key][0] != count:
            self._bundles[key] = count, policy.documents()
        return self._bundles[key][1]


def _age(document: TcbInfo | EnclaveIdentity) -> tuple[int, int]:
    return document.validity.number, document.validity.issued


def machine_in(evidence: bytes) -> tuple[TeeType, bytes, int]:
    """Return what evidence says of its machine beside its key: see `offchain.attestation.evidence`.

    Returns:
        Kind of TEE, SVNs of the TDX module (16 bytes, empty for SGX), SVN of the quoting enclave.

    Raises:
        ValueError: it is no evidence for a `DcapVerifier`.
    """
    try:
        known = Known(evidence[0] & 0x7F)
        start = _KIND + _RECORD[known]
        for _ in range(known):  # its certificates, each after its length
            start += 2 + int.from_bytes(evidence[start : start + 2], "big")
        quote = evidence[start:]
        version = int.from_bytes(quote[:2], "little")
        kind = TeeType(int.from_bytes(quote[4:8], "little"))
        tail = len(quote) - QE_AUTH_SIZE - _SIGNATURE
        qe_report = SgxReport.decode(quote[tail - _QE_REPORT : tail])
    except (IndexError, ValueError, struct.error) as error:
        raise ValueError(
            f"evidence of {len(evidence)} bytes, expected that of a DcapVerifier: {error}"
        ) from error
    body = _HEADER + (_TYPE_AND_SIZE if version >= 5 else 0)
    tee_tcb_svn = quote[body : body + 16] if kind is TeeType.TDX else b""
    return kind, tee_tcb_svn, qe_report.isv_svn
