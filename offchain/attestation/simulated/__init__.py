"""SIMULATED Intel, for development and tests: root → CA → PCK → quoting enclave → quote.

Whoever has the seed makes any quote. Nothing here is secret and nothing here is trusted, unless a
verifier was deployed with the simulated root key. Every name in its certificates says SIMULATED.
"""

from offchain.attestation.simulated.chain import (
    DEVELOPMENT_SEED,
    FMSPC,
    Identity,
    SimulatedIntel,
)
from offchain.attestation.simulated.documents import collateral
from offchain.attestation.simulated.machine import (
    Machine,
    sgx_report,
    td10_report,
    td15_report,
)
from offchain.attestation.simulated.policy import floors, trust

__all__ = [
    "DEVELOPMENT_SEED",
    "FMSPC",
    "Identity",
    "Machine",
    "SimulatedIntel",
    "collateral",
    "floors",
    "sgx_report",
    "td10_report",
    "td15_report",
    "trust",
]
