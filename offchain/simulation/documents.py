"""SIMULATED collateral: TCB info, QE identities, revocation lists, and the trust from them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from offchain.attestation import tcb
from offchain.attestation.collateral import Collateral
from offchain.attestation.quote import TeeType
from offchain.attestation.trust import SGX_QE, TDX_QE, TcbFloor, Trust
from offchain.simulation import issuing
from offchain.simulation.intel import FMSPC, NOT_AFTER, NOT_BEFORE, SimulatedIntel
from offchain.simulation.machine import pem


def _date(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _document(kind: str, version: int, **members: Any) -> str:
    return json.dumps(
        {
            "id": kind,
            "version": version,
            "issueDate": _date(NOT_BEFORE),
            "nextUpdate": _date(NOT_AFTER),
            "tcbEvaluationDataNumber": 17,
            **members,
        },
        separators=(",", ":"),
    )


def _level(tcb: Mapping[str, Any], status: str = "UpToDate") -> dict[str, Any]:
    return {"tcb": tcb, "tcbDate": _date(NOT_BEFORE), "tcbStatus": status}


def make_tcb_info(tee_type: TeeType, fmspc: bytes = FMSPC) -> str:
    """Return TCB info as JSON: machines are up to date from SVN 10 and PCE SVN 20 on."""

    def level(svn: int, pce_svn: int, status: str) -> dict[str, Any]:
        components: dict[str, Any] = {"sgxtcbcomponents": [{"svn": svn}] * 16, "pcesvn": pce_svn}
        if tee_type is TeeType.TDX:
            tdx = [{"svn": svn if i in (0, 2) else 0} for i in range(16)]
            components["tdxtcbcomponents"] = tdx
        return _level(components, status)

    seam = {"mrsigner": "00" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8}
    module = {
        "tdxModule": seam,
        "tdxModuleIdentities": [
            {
                "id": "TDX_01",
                **seam,
                "tcbLevels": [_level({"isvsvn": 10}), _level({"isvsvn": 2}, "OutOfDate")],
            }
        ],
    }
    return _document(
        tee_type.name,
        3,
        fmspc=fmspc.hex().upper(),
        pceId="0000",
        tcbType=0,
        **(module if tee_type is TeeType.TDX else {}),
        tcbLevels=[level(10, 20, "UpToDate"), level(5, 10, "OutOfDate")],
    )


def make_qe_identity(tee_type: TeeType) -> str:
    """Return the identity of the simulated quoting enclaves as JSON; it is that of Intel's own."""
    identity = TDX_QE if tee_type is TeeType.TDX else SGX_QE
    return _document(
        "TD_QE" if tee_type is TeeType.TDX else "QE",
        2,
        miscselect=identity.misc_select.hex(),
        miscselectMask=identity.misc_select_mask.hex(),
        attributes=identity.attributes.hex(),
        attributesMask=identity.attributes_mask.hex(),
        mrsigner=identity.mr_signer.hex(),
        isvprodid=identity.isv_prod_id,
        tcbLevels=[_level({"isvsvn": identity.min_isv_svn})],
    )


def collateral(
    intel: SimulatedIntel,
    tee_type: TeeType,
    *,
    revoked: tuple[int, ...] = (),
    revoked_authorities: tuple[int, ...] = (),
) -> Collateral:
    """Return the collateral for simulated quotes of a TEE.

    Args:
        intel: the signer of all documents.
        tee_type: SGX or TDX.
        revoked: serial numbers of revoked PCK certificates.
        revoked_authorities: serial numbers of revoked intermediate CAs.
    """
    info, identity = make_tcb_info(tee_type), make_qe_identity(tee_type)
    signers = pem(intel.tcb_signer.der, intel.root.der).rstrip(b"\0").decode()
    return Collateral(
        pck_crl_issuer_chain=pem(intel.authority.der, intel.root.der).rstrip(b"\0").decode(),
        root_ca_crl=intel.root.revoke(*revoked_authorities),
        pck_crl=intel.authority.revoke(*revoked),
        tcb_info_issuer_chain=signers,
        tcb_info=info,
        tcb_info_signature=issuing.sign(intel.tcb_signer.key, info.encode()),
        qe_identity_issuer_chain=signers,
        qe_identity=identity,
        qe_identity_signature=issuing.sign(intel.tcb_signer.key, identity.encode()),
    )


def floors(fmspc: bytes = FMSPC) -> tuple[TcbFloor, ...]:
    """Return the floors that follow from the simulated TCB info: only up-to-date machines pass."""
    info = tcb.tcb_info(json.loads(make_tcb_info(TeeType.TDX, fmspc)))
    return tcb.propose_floors(info, frozenset({"UpToDate"}))


def trust(intel: SimulatedIntel) -> Trust:
    """Return trust in a simulated Intel; on a live network any attacker could forge quotes."""
    return Trust(intel.root.public_key, floors())
