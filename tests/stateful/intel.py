"""Documents of a SIMULATED Intel, and quotes of its machines, as the policy takes them."""

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

from eth_utils.crypto import keccak

from offchain.attestation.evidence import crl_bytes
from offchain.attestation.quote import TeeType
from offchain.simulation import FMSPC, SimulatedIntel
from offchain.simulation.machine import qe_report
from tests import documents, reasons
from tests.documents import Dates, IsvLevel, Level
from tests.sale import HOUR
from tests.stateful.policy_model import (
    LIFETIME,
    NO_SVNS,
    SGX,
    TDX,
    Document,
    Floor,
    Machine,
    Svns,
)

INTEL = SimulatedIntel.from_seed(b"play")
INTEL_SEAM = int.from_bytes(keccak(bytes(48))[:24], "big") << 64
OF_ROOT = bytes(32), (bytes(32), bytes(32)), bytes(32), 0
"""Whose revocation list it is (`IDcapVerifier.Authority`)."""
LEAST: Svns = (4, *NO_SVNS[:7], 4, *NO_SVNS[:7])
MODULES = (3, 4), (1, 2)


@cache
def text_of(tee: int, fmspc: bytes | None, floor: Floor, status: str) -> bytes:
    dates = Dates(floor.issued, floor.next_update, floor.number)
    if fmspc is None:
        return documents.identity(TeeType(tee), dates, [IsvLevel(floor.pce_svn, status)])
    level = Level(floor.svns, floor.pce_svn, floor.tdx_svns, status)
    modules = {f"{version:02X}": [IsvLevel(svn)] for version, svn in floor.modules}
    return documents.tcb_info(TeeType(tee), dates, [level], fmspc=fmspc, modules=modules)


@cache
def arguments(document: Document) -> tuple[Any, ...]:
    """The arguments that bring a document to the policy."""
    text, flaw = document.text, document.flaw
    signer = INTEL.authority if flaw == reasons.CERTIFICATE_ROLE else INTEL.tcb_signer
    signed, signature, certificate = documents.signed(text, signer)
    if flaw == reasons.COLLATERAL_SIGNATURE:
        signature = signature[1], signature[0]
    if flaw == reasons.DER:
        certificate = certificate[:-1]
    return signed, signature, certificate


def first_documents(now: int) -> Iterator[Document]:
    """An identity and a TCB info of either kind, an hour old."""
    dates = 5, now - HOUR, now - HOUR + LIFETIME
    for tee, fmspc in product((SGX, TDX), (None, FMSPC)):
        said = Floor(*dates, pce_svn=8)
        if fmspc is not None:
            tdx = {"tdx_svns": LEAST, "modules": MODULES} if tee == TDX else {}
            said = Floor(*dates, LEAST, 10, **tdx)
        yield Document(tee, fmspc, said, text_of(tee, fmspc, said, "UpToDate"))


def revocation_list(now: int) -> tuple[Any, ...]:
    """The arguments that bring the root's revocation list, which revokes nothing."""
    return OF_ROOT, crl_bytes(INTEL.root.revoke(this_update=now, next_update=now + LIFETIME)), 1


def quoted(machine: Machine) -> tuple[Any, ...]:
    """The argument of `check` (ITcbPolicy.Quoted)."""
    report = bytearray(qe_report(TeeType(machine.tee)).encode())
    report[256:258] = machine.qe_product.to_bytes(2, "little")
    report[258:260] = machine.qe_svn.to_bytes(2, "little")
    report[48] |= 2 * machine.qe_debug
    is_tdx = machine.tee == TDX
    return (
        machine.tee,
        int.from_bytes(machine.fmspc, "big"),
        machine.pce_svn << 128 | int.from_bytes(bytes(machine.svns), "big"),
        [int.from_bytes(bytes(each), "big") for each in machine.tdx_svns],
        is_tdx * (INTEL_SEAM + (not machine.is_intel_seam)),
        [int.from_bytes(report[at : at + 32], "big") for at in range(0, 384, 32)],
    )
