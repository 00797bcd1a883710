"""Intel's signed TCB info: the level of a machine, and the floors that follow from it.

Documents and algorithm: Intel PCS API version 4, "Get TCB Info" and "TCB status evaluation".
The contract holds floors only; with this module anyone can check them against Intel's documents.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, TypeVar

from offchain.attestation import certificates, p256
from offchain.attestation.quote import TeeType
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.trust import QeIdentity, TcbFloor
from offchain.attestation.x509 import load_chain
from offchain.protocol.errors import QuoteRejected


@dataclass(frozen=True)
class TcbLevel:
    """A TCB level of Intel for the machines of one FMSPC."""

    sgx_svns: bytes
    pce_svn: int
    tdx_svns: bytes
    """16 components; empty in SGX documents."""
    status: str
    date: str
    advisories: tuple[str, ...]


@dataclass(frozen=True)
class ModuleLevel:
    """A TCB level of Intel for one major version of the TDX module."""

    isv_svn: int
    status: str


_Level = TypeVar("_Level", TcbLevel, ModuleLevel)


@dataclass(frozen=True)
class TcbInfo:
    """Intel's TCB info for the machines of one FMSPC; levels are ordered from the newest down."""

    fmspc: bytes
    levels: tuple[TcbLevel, ...]
    modules: Mapping[int, tuple[ModuleLevel, ...]]
    """Levels of the TDX module, by its major version."""


@dataclass(frozen=True)
class Evaluation:
    """The TCB level of a machine.

    ``None`` means below every level, or a TDX module that the TCB info does not list.
    """

    platform: TcbLevel | None
    module: str | None
    """Status of the TDX module; also ``None`` for SGX and for modules of major version 0."""


def signed_document(
    document: str, signature: bytes, issuer_chain: bytes, root_key: bytes, at: int
) -> dict[str, Any]:
    """Verify TCB info or a QE identity and return its JSON object.

    Args:
        document: the JSON text exactly as signed.
        signature: r‖s of its SHA-256.
        issuer_chain: PEM, the TCB signing certificate first.
        root_key: X‖Y of the root.
        at: Unix seconds; the document must be current then.

    Raises:
        QuoteRejected: the signer is not the root's TCB signer or did not sign the document, or the
            document is not current.
    """
    signer = load_chain(issuer_chain)[0]
    key = certificates.verify_tcb_signer(signer, root_key, at)
    if not p256.verifies(key, document.encode(), signature):
        raise QuoteRejected(
            RejectionReason.COLLATERAL_SIGNATURE, f"not signed by TCB signer {key.hex()}"
        )
    content: dict[str, Any] = json.loads(document)
    issued, expires = (
        int(datetime.fromisoformat(content[name]).timestamp())
        for name in ("issueDate", "nextUpdate")
    )
    if not issued <= at <= expires:
        raise QuoteRejected(
            RejectionReason.COLLATERAL_STALE,
            f"{content['id']} document is current from {issued} to {expires}, now is {at}",
        )
    return content


def tcb_info(content: Mapping[str, Any]) -> TcbInfo:
    """Read TCB info of version 3; raise ``ValueError`` on any other version."""
    if content["version"] != 3:
        raise ValueError(f"TCB info of version {content['version']}, expected 3")
    return TcbInfo(
        fmspc=bytes.fromhex(content["fmspc"]),
        levels=tuple(_level(level) for level in content["tcbLevels"]),
        modules={
            int(identity["id"].removeprefix("TDX_"), 16): tuple(
                ModuleLevel(level["tcb"]["isvsvn"], level["tcbStatus"])
                for level in identity["tcbLevels"]
            )
            for identity in content.get("tdxModuleIdentities", ())
        },
    )


def _level(level: Mapping[str, Any]) -> TcbLevel:
    tcb = level["tcb"]
    return TcbLevel(
        sgx_svns=bytes(component["svn"] for component in tcb["sgxtcbcomponents"]),
        pce_svn=tcb["pcesvn"],
        tdx_svns=bytes(component["svn"] for component in tcb.get("tdxtcbcomponents", ())),
        status=level["tcbStatus"],
        date=level["tcbDate"],
        advisories=tuple(level.get("advisoryIDs", ())),
    )


def qe_identity(content: Mapping[str, Any]) -> QeIdentity:
    """Read a QE identity of version 2; its newest level gives the lowest SVN that is accepted.

    Raises:
        ValueError: the document has another version.
    """
    if content["version"] != 2:
        raise ValueError(f"QE identity of version {content['version']}, expected 2")
    return QeIdentity(
        mr_signer=bytes.fromhex(content["mrsigner"]),
        isv_prod_id=content["isvprodid"],
        min_isv_svn=content["tcbLevels"][0]["tcb"]["isvsvn"],
        attributes=bytes.fromhex(content["attributes"]),
        attributes_mask=bytes.fromhex(content["attributesMask"]),
        misc_select=bytes.fromhex(content["miscselect"]),
        misc_select_mask=bytes.fromhex(content["miscselectMask"]),
    )


def evaluate(info: TcbInfo, svns: bytes, pce_svn: int, tee_tcb_svn: bytes = b"") -> Evaluation:
    """Return the TCB level of a machine.

    Args:
        info: of the machine's FMSPC.
        svns: the 16 SVNs of its PCK certificate.
        pce_svn: the PCE SVN of its PCK certificate.
        tee_tcb_svn: the 16 bytes of a TD's report body; empty for SGX.
    """
    major = tee_tcb_svn[1] if tee_tcb_svn else 0
    first = 2 if major else 0

    def reached(level: TcbLevel) -> bool:
        return (
            pce_svn >= level.pce_svn
            and _at_least(svns, level.sgx_svns)
            and _at_least(tee_tcb_svn[first:], level.tdx_svns[first:] if tee_tcb_svn else b"")
        )

    platform = next((level for level in info.levels if reached(level)), None)
    levels = info.modules.get(major, ()) if major else ()
    module = next((each.status for each in levels if tee_tcb_svn[0] >= each.isv_svn), None)
    return Evaluation(platform, module)


def _at_least(have: bytes, least: bytes) -> bool:
    return all(a >= b for a, b in zip(have, least, strict=True))


def propose_floors(info: TcbInfo, accepted: frozenset[str]) -> tuple[TcbFloor, ...]:
    """Return the lowest floors that no machine of an unaccepted status reaches.

    A floor is one bound, but in Intel's list the first level that a machine reaches counts. So the
    floor is the last level, from the top down, before the first unaccepted one.

    Args:
        info: of one FMSPC.
        accepted: statuses in Intel's names, such as ``UpToDate`` and ``SWHardeningNeeded``.

    Raises:
        ValueError: the status of the newest level is not accepted.
    """
    level = _lowest(info.levels, accepted)
    if level is None:
        raise ValueError(
            f"newest level of FMSPC {info.fmspc.hex()} is {info.levels[0].status},"
            f" expected one of {sorted(accepted)}"
        )
    floors = [TcbFloor(info.fmspc, TeeType.SGX, level.sgx_svns, level.pce_svn)]
    if level.tdx_svns and level.tdx_svns[1] == 0:
        floors.append(TcbFloor(info.fmspc, TeeType.TDX, level.tdx_svns))
    for major, levels in sorted(info.modules.items()):
        lowest = _lowest(levels, accepted)
        if lowest is not None:
            svns = bytes([lowest.isv_svn, major]) + level.tdx_svns[2:]
            floors.append(TcbFloor(info.fmspc, TeeType.TDX, svns))
    return tuple(floors)


def _lowest(levels: tuple[_Level, ...], accepted: frozenset[str]) -> _Level | None:
    """Return the last level before the first unaccepted one, or None."""
    prefix = tuple(takewhile(lambda level: level.status in accepted, levels))
    return prefix[-1] if prefix else None
