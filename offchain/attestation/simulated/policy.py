"""The trust that goes with a simulated Intel."""

import json

from offchain.attestation import tcb
from offchain.attestation.quote import TeeType
from offchain.attestation.simulated.chain import FMSPC, SimulatedIntel
from offchain.attestation.simulated.documents import tcb_info
from offchain.attestation.trust import TcbFloor, Trust


def floors(fmspc: bytes = FMSPC) -> tuple[TcbFloor, ...]:
    """The floors that follow from the simulated TCB info: only up-to-date machines pass."""
    info = tcb.tcb_info(json.loads(tcb_info(TeeType.TDX, fmspc)))
    return tcb.propose_floors(info, frozenset({"UpToDate"}))


def trust(intel: SimulatedIntel) -> Trust:
    """Trust in a simulated Intel, and so in whoever has its seed: never on a live network."""
    return Trust(intel.root.public_key, floors())
