"""Genuine quotes and collateral, report bodies and helpers for the attestation tests."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from offchain.attestation.canonical import walk_identity
from offchain.attestation.certificates import verify_authority
from offchain.attestation.collateral import Collateral
from offchain.attestation.quote import Body, Quote, TeeType, parse, trim
from offchain.attestation.rejections import QuoteRejected, RejectionReason
from offchain.attestation.tcb import Validity
from offchain.attestation.trust import INTEL_ROOT_KEY, QeFloor, TcbFloor, Trust
from offchain.attestation.verify import VerifiedQuote, verify
from offchain.attestation.x509 import load_chain
from offchain.simulation import Machine, sgx_report, td10_report, td15_report
from offchain.simulation.documents import make_qe_identity

AT = 1_780_000_000
"""2026-05-28, a time within the validity of every certificate in the tests."""

VECTORS = Path(__file__).parents[3].parent / "shared" / "vectors"
GENUINE = (
    "sgx_v3_automata",
    "sgx_v3_automata_solana",
    "tdx_v4_automata",
    "tdx_v4_google_spr",
    "tdx_v4_phala",
    "tdx_v5_automata",
    "tdx_v5_automata_alibaba",
    "tdx_v5_phala",
    "tdx_v4_b0c06f_two_documents",
    "tdx_v4_b0c06f_2026_08",
)
GENUINE_FMSPCS = (
    "00606a000000",
    "00a067110000",
    "00806f050000",
    "50806f000000",
    "b0c06f000000",
    "90c06f000000",
)

UP_TO_DATE = frozenset({"UpToDate"})
PUBLISHED = {
    "tdx_v4_phala": 1_750_400_000,
    "tdx_v5_phala": 1_771_500_000,
    "tdx_v4_b0c06f_2026_08": 1_786_700_000,
}
"""For each vector with collateral, a time at which it was current."""

REPORT_DATA = bytes(range(64))
BODIES = {
    "sgx v3": sgx_report(REPORT_DATA),
    "tdx v4": td10_report(REPORT_DATA),
    "tdx v5": td15_report(REPORT_DATA),
}


def vector(name: str, file: str = "quote.bin") -> bytes:
    """Read a file of a genuine quote's folder; skip the test where the file is absent."""
    path = VECTORS / name / file
    if not path.exists():
        pytest.skip(f"genuine quotes are not here: {path} is absent")
    return path.read_bytes()


def genuine(name: str) -> Quote:
    """Return a genuine quote."""
    return parse(trim(vector(name)))


def published(name: str) -> Collateral:
    """Return the collateral that was published for a genuine quote."""
    return Collateral.from_json(vector(name, "collateral.json").decode())


FOREVER = Validity(1, 0, 2**40)
"""Of a document that never goes stale."""


def lowest_floors(*fmspcs: bytes) -> tuple[TcbFloor, ...]:
    """Return floors that every machine of these FMSPCs reaches, with modules of three versions."""
    modules = tuple((version, 0) for version in (1, 3))
    return tuple(
        floor
        for fmspc in fmspcs
        for floor in (
            TcbFloor(TeeType.SGX, fmspc, FOREVER, bytes(16)),
            TcbFloor(TeeType.TDX, fmspc, FOREVER, bytes(16), 0, bytes(16), modules),
        )
    )


def quoting_enclaves() -> tuple[QeFloor, ...]:
    """Return Intel's quoting enclaves, as its documents of evaluation 17 to 20 name them."""
    return tuple(
        replace(walk_identity(make_qe_identity(tee_type), UP_TO_DATE), validity=FOREVER)
        for tee_type in TeeType
    )


@cache
def intel_trust() -> Trust:
    """Return trust in Intel's root, with the lowest floors for the genuine quotes' machines."""
    authorities = (load_chain(genuine(name).pck_chain)[1] for name in GENUINE)
    ids = {verify_authority(each, INTEL_ROOT_KEY, AT).id for each in authorities}
    return Trust(
        INTEL_ROOT_KEY,
        lowest_floors(*map(bytes.fromhex, GENUINE_FMSPCS)),
        quoting_enclaves(),
        dict.fromkeys((bytes(32), *ids), FOREVER.next_update),
    )


def outcome(
    quote: bytes | Quote, trust: Trust, dstack: bool = False, at: int = AT
) -> VerifiedQuote | RejectionReason:
    """Verify a quote; return its verified content or the reason of its rejection."""
    try:
        parsed = quote if isinstance(quote, Quote) else parse(quote)
        return verify(parsed, trust, at, dstack=dstack)
    except QuoteRejected as error:
        return error.reason


def sign(machine: Machine, body: Body, **changes: object) -> Quote:
    """Return a simulated quote of a body with some fields changed."""
    return machine.quote(replace(body, **changes))
