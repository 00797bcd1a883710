"""What the attestation tests share: genuine quotes, times, and outcomes as values."""

from dataclasses import replace
from pathlib import Path

import pytest

from offchain.attestation.quote import Body, Quote, TeeType, parse, trim
from offchain.attestation.rejections import RejectionReason
from offchain.attestation.trust import INTEL_ROOT_KEY, TcbFloor, Trust
from offchain.attestation.verify import VerifiedQuote, verify
from offchain.protocol.errors import QuoteRejected
from offchain.simulation import Machine, sgx_report, td10_report, td15_report

AT = 1_780_000_000
"""2026-05-28: inside the validity of every certificate in the tests."""

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
)
GENUINE_FMSPCS = (
    "00606a000000",
    "00a067110000",
    "00806f050000",
    "50806f000000",
    "b0c06f000000",
    "90c06f000000",
)

REPORT_DATA = bytes(range(64))
BODIES = {
    "sgx v3": sgx_report(REPORT_DATA),
    "tdx v4": td10_report(REPORT_DATA),
    "tdx v5": td15_report(REPORT_DATA),
}


def vector(name: str, file: str = "quote.bin") -> bytes:
    """A file of a genuine quote's folder; skips the test where the folder is absent."""
    path = VECTORS / name / file
    if not path.exists():
        pytest.skip(f"genuine quotes are not here: {path} is absent")
    return path.read_bytes()


def genuine(name: str) -> Quote:
    """A genuine quote."""
    return parse(trim(vector(name)))


def lowest_floors(*fmspcs: bytes) -> tuple[TcbFloor, ...]:
    """Floors that every machine of these FMSPCs reaches, whatever its TDX module."""
    return tuple(
        TcbFloor(fmspc, tee_type, bytes([0, module]) + bytes(14))
        for fmspc in fmspcs
        for tee_type, module in ((TeeType.SGX, 0), (TeeType.TDX, 0), (TeeType.TDX, 1))
    )


def intel_trust() -> Trust:
    """Intel's root, and the lowest floors for the machines of the genuine quotes."""
    return Trust(INTEL_ROOT_KEY, lowest_floors(*map(bytes.fromhex, GENUINE_FMSPCS)))


def outcome(
    quote: bytes | Quote, trust: Trust, dstack: bool = False, at: int = AT
) -> VerifiedQuote | RejectionReason:
    """What the verifier says of a quote, as a value."""
    try:
        parsed = quote if isinstance(quote, Quote) else parse(quote)
        return verify(parsed, trust, at, dstack=dstack)
    except QuoteRejected as error:
        return error.reason


def sign(machine: Machine, body: Body, **changes: object) -> Quote:
    """A simulated quote of a body with some fields changed."""
    return machine.quote(replace(body, **changes))
