"""SIMULATED collateral: TCB info, QE identities, revocation lists, and the trust from them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from offchain.attestation import tcb
from offchain.attestation.bundle import Bundle
from offchain.attestation.collateral import Collateral
from offchain.attestation.policy import trust_in
from offchain.attestation.quote import TeeType
from offchain.attestation.trust import Trust
from offchain.simulation import issuing
from offchain.simulation.intel import FMSPC, NOT_AFTER, NOT_BEFORE, SimulatedIntel
from offchain.simulation.machine import QUOTING_ENCLAVES, pem

ADVISORIES = ("INTEL-SA-00001", "INTEL-SA-00002")
"""Advisories of the simulated levels that are not up to date."""


@dataclass(frozen=True)
class Issue:
    """When a document was issued, and to which TCB recovery it belongs."""

    number: int = 17
    """``tcbEvaluationDataNumber``."""
    issued: int = NOT_BEFORE
    next_update: int = NOT_AFTER


@dataclass(frozen=True)
class SimulatedLevel:
    """A TCB level at which all components have one SVN."""

    svn: int
    pce_svn: int
    status: str = "UpToDate"


LEVELS = (SimulatedLevel(10, 20), SimulatedLevel(5, 10, "OutOfDate"))
"""Simulated machines have SVN 10 and PCE SVN 20."""
_SEAM = {"mrsigner": "00" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8}
_SGX_TYPES = {
    0: ("BIOS", "Early Microcode Update"),
    1: ("OS/VMM", "SGX Late Microcode Update"),
    2: ("OS/VMM", "TXT SINIT"),
    7: ("OS/VMM", "SEAMLDR ACM"),
}
_TDX_TYPES = {
    0: ("OS/VMM", "TDX Module"),
    1: ("OS/VMM", "TDX Module"),
    2: ("OS/VMM", "TDX Late Microcode Update"),
}


def _date(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _dates(issue: Issue) -> dict[str, Any]:
    return {"issueDate": _date(issue.issued), "nextUpdate": _date(issue.next_update)}


def to_text(document: Mapping[str, Any]) -> str:
    """Return a document as Intel writes it, without whitespace."""
    return json.dumps(document, separators=(",", ":"))


def _level(tcb: Mapping[str, Any], status: str = "UpToDate") -> dict[str, Any]:
    level = {"tcb": tcb, "tcbDate": _date(NOT_BEFORE), "tcbStatus": status}
    return level if status == "UpToDate" else {**level, "advisoryIDs": list(ADVISORIES)}


def _components(
    svns: Sequence[int], types: Mapping[int, tuple[str, str]]
) -> list[dict[str, str | int]]:
    made: list[dict[str, str | int]] = []
    for place, svn in enumerate(svns):
        category = types.get(place)
        named = {"category": category[0], "type": category[1]} if category else {}
        made.append({"svn": svn, **named})
    return made


def make_tcb_info(
    tee_type: TeeType,
    fmspc: bytes = FMSPC,
    *,
    issue: Issue = Issue(),
    levels: Sequence[SimulatedLevel] = LEVELS,
) -> str:
    """Return TCB info in Intel's layout: machines are up to date from SVN 10, PCE SVN 20 on."""
    is_tdx = tee_type is TeeType.TDX

    def level(of: SimulatedLevel) -> dict[str, Any]:
        components: dict[str, Any] = {
            "sgxtcbcomponents": _components([of.svn] * 16, _SGX_TYPES),
            "pcesvn": of.pce_svn,
        }
        if is_tdx:
            svns = [of.svn if i in (0, 2) else 0 for i in range(16)]
            components["tdxtcbcomponents"] = _components(svns, _TDX_TYPES)
        return _level(components, of.status)

    def module(version: str) -> dict[str, Any]:
        levels_of_module = [_level({"isvsvn": each.svn}, each.status) for each in levels]
        return {"id": f"TDX_{version}", **_SEAM, "tcbLevels": levels_of_module}

    modules = {"tdxModule": _SEAM, "tdxModuleIdentities": [module("03"), module("01")]}
    return to_text(
        {
            "id": tee_type.name,
            "version": 3,
            **_dates(issue),
            "fmspc": fmspc.hex().upper(),
            "pceId": "0000",
            "tcbType": 0,
            "tcbEvaluationDataNumber": issue.number,
            **(modules if is_tdx else {}),
            "tcbLevels": [level(each) for each in levels],
        }
    )


def make_qe_identity(
    tee_type: TeeType,
    *,
    issue: Issue = Issue(),
    levels: Sequence[tuple[int, str]] | None = None,
    **members: Any,
) -> str:
    """Return the identity of the simulated quoting enclaves, which is that of Intel's own.

    Args:
        tee_type: SGX or TDX.
        issue: when it was issued.
        levels: pairs of an SVN and a status.
        members: members to change, such as ``id``.
    """
    quoting = QUOTING_ENCLAVES[tee_type]
    document = {
        "id": tcb.QE_IDS[tee_type],
        "version": 2,
        **_dates(issue),
        "tcbEvaluationDataNumber": issue.number,
        "miscselect": "00" * 4,
        "miscselectMask": "FF" * 4,
        "attributes": "11" + "00" * 15,
        "attributesMask": "FBFFFFFFFFFFFFFF" + "00" * 8,
        "mrsigner": quoting.mr_signer.hex().upper(),
        "isvprodid": quoting.isv_prod_id,
        "tcbLevels": [
            _level({"isvsvn": svn}, status)
            for svn, status in levels or ((quoting.isv_svn, "UpToDate"),)
        ],
    }
    return to_text({**document, **members})


def collateral(
    intel: SimulatedIntel,
    tee_type: TeeType,
    *,
    issue: Issue = Issue(),
    revoked: tuple[int, ...] = (),
    revoked_authorities: tuple[int, ...] = (),
) -> Collateral:
    """Return the collateral for simulated quotes of a TEE.

    Args:
        intel: the signer of all documents.
        tee_type: SGX or TDX.
        issue: when documents and lists were issued.
        revoked: serial numbers of revoked PCK certificates.
        revoked_authorities: serial numbers of revoked certificates of CAs and TCB signers.
    """
    info, identity = make_tcb_info(tee_type, issue=issue), make_qe_identity(tee_type, issue=issue)
    signers = pem(intel.tcb_signer.der, intel.root.der).rstrip(b"\0").decode()
    dates = {"this_update": issue.issued, "next_update": issue.next_update}
    return Collateral(
        pck_crl_issuer_chain=pem(intel.authority.der, intel.root.der).rstrip(b"\0").decode(),
        root_ca_crl=intel.root.revoke(*revoked_authorities, **dates),
        pck_crl=intel.authority.revoke(*revoked, **dates),
        tcb_info_issuer_chain=signers,
        tcb_info=info,
        tcb_info_signature=issuing.sign(intel.tcb_signer.key, info.encode()),
        qe_identity_issuer_chain=signers,
        qe_identity=identity,
        qe_identity_signature=issuing.sign(intel.tcb_signer.key, identity.encode()),
    )


def bundle(intel: SimulatedIntel, issue: Issue = Issue()) -> Bundle:
    """Return all that a simulated Intel publishes, for SGX and TDX."""
    return sum(
        (collateral(intel, tee_type, issue=issue).to_bundle() for tee_type in TeeType), Bundle()
    )


def trust(intel: SimulatedIntel) -> Trust:
    """Return trust in a simulated Intel; on a live network any attacker could forge quotes."""
    return trust_in(bundle(intel), intel.root.public_key, NOT_BEFORE)
