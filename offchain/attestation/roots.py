"""Names of roots of attestation, for people who have to judge a verifier."""

from offchain.attestation.simulated import DEVELOPMENT_SEED, SimulatedIntel
from offchain.attestation.trust import INTEL_ROOT_KEY

SIMULATED_ROOT_KEY = SimulatedIntel.from_seed(DEVELOPMENT_SEED).root.public_key
"""X‖Y; whoever reads this can forge every attestation under it."""

_NAMES = {INTEL_ROOT_KEY: "Intel SGX Root CA", SIMULATED_ROOT_KEY: "SIMULATED"}


def root_name(root_key: bytes) -> str:
    """The name of a root key X‖Y (64 bytes)."""
    return _NAMES.get(root_key, f"unknown {root_key.hex()}")
