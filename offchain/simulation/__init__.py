"""A SIMULATED Intel for development and tests: root → CA → PCK → quoting enclave → quote.

The seed is public, so that an attacker can make any quote under this root. Only a verifier that was
deployed with the simulated root key trusts it. Every name in its certificates says SIMULATED. No
image of an enclave contains this folder.

================  ==================================================================================
``issuing``       certificates and revocation lists in DER, with every field settable
``intel``         the root and its authorities, from a seed; names of attestation roots
``machine``       machines with their quoting enclave, and report bodies
``documents``     TCB info, QE identities and revocation lists; the trust that follows from them
``device``        the quote device of an enclave in development
================  ==================================================================================
"""

from offchain.simulation.device import SimulatedDevice
from offchain.simulation.documents import Issue, bundle, collateral, trust
from offchain.simulation.intel import DEVELOPMENT_SEED, FMSPC, Identity, SimulatedIntel
from offchain.simulation.machine import Machine, sgx_report, td10_report, td15_report

__all__ = [
    "DEVELOPMENT_SEED",
    "FMSPC",
    "Identity",
    "Issue",
    "Machine",
    "SimulatedDevice",
    "SimulatedIntel",
    "bundle",
    "collateral",
    "sgx_report",
    "td10_report",
    "td15_report",
    "trust",
]
