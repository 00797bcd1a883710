"""What goes over the wire, as JSON (`offchain.codec`): requests, answers and problems.

A measurement is asked for with a `Bundle`, and `propose` and `cosign` answer with a `Proposal` and
a `Signed`.
"""

from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from offchain.attestation.evidence import Known
from offchain.errors import Why
from offchain.fields import STRICT, Address, Bytes32, HexBytes, Index, Uint256
from offchain.proposals import Proposal

Round = Annotated[int, Ge(0), Le(1)]


@dataclass(frozen=True, config=STRICT)
class Registration:
    """What an operator registers its enclave for: `IEnclaveRegistry.report_data`.

    Args:
        operator: who will call `register_enclave`.
        registry: the contract.
        chain_id: its chain.
        block_number: among the last 256 when the registry sees it.
        block_hash: of that block.
        known: what the verifier has cached of the machine's certificates; with less, evidence is
            longer and dearer.
    """

    operator: Address
    registry: Address
    chain_id: Uint256
    block_number: Uint256
    block_hash: Bytes32
    known: Known = Known.ROOT


@dataclass(frozen=True, config=STRICT)
class Attestation:
    """Evidence for `register_enclave`, and what it shows.

    Args:
        evidence: what the registry's verifier takes.
        quote: the same as the device made it.
        report_data: bytes32 that the quote binds.
        program: bytes32, the verifier's name for the code.
        platform: bytes32, the registry's name for the machine.
        simulated: whether the quote is SIMULATED and proves nothing.
    """

    evidence: HexBytes
    quote: HexBytes
    report_data: Bytes32
    program: Bytes32
    platform: Bytes32
    simulated: bool


@dataclass(frozen=True, config=STRICT)
class RunId:
    """A measurement: at most one for a task and round."""

    task_id: Bytes32
    round: Round


@dataclass(frozen=True, config=STRICT)
class CosignRequest:
    """A proposal to sign, of any enclave; ``platform`` is the registry's for the one asked."""

    run: RunId
    proposal: Proposal
    platform: Bytes32


class Stage(StrEnum):
    """Of a measurement."""

    WAITING = "waiting"
    MEASURING = "measuring"
    MEASURED = "measured"
    FAILED = "failed"


class Kind(StrEnum):
    """Of a problem."""

    REFUSED = "refused"
    """The enclave refuses; ``why`` is its word for the reason."""
    ABORTED = "aborted"
    """The environment failed; ``submission`` names whose run it was. May be tried again."""
    REQUEST = "request"
    """No such address, method or measurement, or too many bytes."""
    ATTESTATION = "attestation"
    """The device gives no quote."""
    FAILED = "failed"
    """A fault of the service; its log says more."""


@dataclass(frozen=True, config=STRICT)
class Problem:
    """Why there is no answer."""

    kind: Kind
    detail: str
    why: Why | None = None
    submission: Index | None = None


@dataclass(frozen=True, config=STRICT)
class Status:
    """How far a measurement is: ``done`` of ``total`` submissions have their result."""

    run: RunId
    stage: Stage
    done: int
    total: int
    problem: Problem | None = None


@dataclass(frozen=True, config=STRICT)
class Health:
    """That the service answers, and what it is at."""

    measuring: bool
    simulated: bool
