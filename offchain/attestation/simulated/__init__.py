"""SIMULATED Intel, for development and tests: root → CA → PCK → quoting enclave → quote.

Whoever has the seed makes any quote. Nothing here is secret and nothing here is trusted, unless a
verifier was deployed with the simulated root key. Every name in its certificates says SIMULATED.
"""

from offchain.attestation.simulated.chain import FMSPC, Identity, SimulatedIntel
from offchain.attestation.simulated.machine import (
    Machine,
    sgx_report,
    td10_report,
    td15_report,
)

__all__ = [
    "FMSPC",
    "Identity",
    "Machine",
    "SimulatedIntel",
    "sgx_report",
    "td10_report",
    "td15_report",
]
