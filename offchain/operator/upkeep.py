"""Upkeep of an operator: its enclave registered, its folder announced, Intel's documents there.

Nothing is sent before all of it was tried. A registration that the chain would refuse therefore
costs neither gas nor stake.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from offchain.attestation.bundle import Bundle
from offchain.attestation.programs import measurement
from offchain.attestation.rejections import QuoteRejected
from offchain.chain.registry import Registry
from offchain.chain.transactions import Sender
from offchain.chain.trial import Call, try_calls
from offchain.chain.updates import carry_out, make_plan
from offchain.chain.verifier import Verifier
from offchain.operator.client import EnclaveClient
from offchain.operator.registration import LACKS, Evidence, attest
from offchain.operator.stakes import least_stake, stake_call
from offchain.protocol.task import RosterEntry

DAY = 86_400
MARGIN = 7 * DAY
"""Seconds before its expiry from which a registration is renewed."""

LONGEST = 30 * DAY
"""Seconds for which the registry takes a registration at most."""

Collateral = Callable[[], Bundle]
"""Returns Intel's documents, from wherever the operator gets them."""


@dataclass(frozen=True)
class Enrolment:
    """The calls that register an enclave, and what people should know before they are sent."""

    evidence: Evidence
    measurement: bytes
    lines: tuple[str, ...]
    calls: tuple[Call, ...]


def plan_enrolment(
    enclave: EnclaveClient,
    registry: Registry,
    verifier: Verifier,
    operator: str,
    stake: int = 0,
) -> Enrolment:
    """Ask an enclave for a quote, verify it, and plan its registration or renewal.

    Args:
        enclave: the service.
        registry: the contract that is to register it.
        verifier: the contract that is to verify the quote.
        operator: account that will send the calls.
        stake: wei that the operator wants to have staked in all; what its machines need if less.

    Raises:
        QuoteRejected: the verifier would refuse the quote, for this reason.
        Refused: the operator cannot stake.
        ValueError, ServiceError: see `attest`.
    """
    evidence = attest(enclave, registry, verifier, operator)
    verified, entry = evidence.verified, evidence.entry
    named = measurement(verifier.contract.address, verified.program)
    lines = [
        f"measurement 0x{named.hex()}, platform 0x{verified.platform.hex()}",
        registry.in_words(named),
    ]
    retired = registry.retired_by(entry.signing_key, verified.platform, named)
    if retired:
        lines.append(
            f"retires {retired}: this platform has one active enclave of the program, and the "
            "rosters that name the retired one lose its seat"
        )
    target = max(stake, least_stake(registry, operator, verified.platform))
    staking = stake_call(registry, operator, target)
    register = registry.contract.functions.register_enclave(
        verifier.contract.address, evidence.packed, *entry.to_abi(), evidence.block_number
    )
    calls = [] if staking is None else [staking]
    calls.append(Call(f"register {entry.signing_key}", register))
    return Enrolment(evidence, named, tuple(lines), tuple(calls))


def enrol(enrolment: Enrolment, registry: Registry, sender: Sender) -> int:
    """Try the calls of an enrolment together, then send them; return the new expiry.

    Raises:
        ContractLogicError: the registry would refuse one of them; nothing was sent.
    """
    try_calls(registry.node.web3, sender.address, enrolment.calls)
    for call in enrolment.calls:
        sender.send(call.function, call.value)
    return registry.expiry(enrolment.evidence.entry.signing_key, enrolment.measurement)


def bring(verifier: Verifier, found: Bundle, sender: Sender) -> Iterator[str]:
    """Bring what the contracts lack of Intel's documents; yield a line for each.

    Raises:
        QuoteRejected: a document is not Intel's.
        ValueError: the contract refuses one.
    """
    now = verifier.node.now()
    for step, gas in carry_out(make_plan(verifier, found, now), sender):
        yield f"brought {step.what}: {gas:,} gas"


@dataclass
class Upkeep:
    """The conditions for an operator to get work, checked from time to time.

    Args:
        enclave: the operator's own.
        registry: the contract.
        verifier: the contract that attests the enclave.
        sender: the operator's account.
        uri: where others find the operator's folder.
        stake: wei that the operator wants to have staked in all.
        collateral: gets Intel's documents; None leaves bringing them to others.
        margin: seconds before expiry from which the enclave is registered again.
    """

    enclave: EnclaveClient
    registry: Registry
    verifier: Verifier
    sender: Sender
    uri: str
    stake: int = 0
    collateral: Collateral | None = None
    margin: int = MARGIN
    _named: dict[RosterEntry, bytes] = field(default_factory=dict)

    def step(self) -> Iterator[str]:
        """Do what is due; yield a line for each thing done, or that keeps it from being done."""
        entry, now = self.enclave.identity(), self._now()
        expiry = self._expiry(entry)
        if expiry is None or expiry - now <= self.margin:
            yield from self._enrol(entry, expiry, now)
        if self.registry.endpoints().get(self.sender.address) != self.uri:
            self.sender.send(self.registry.contract.functions.announce(self.uri))
            yield f"announced {self.uri}"

    def _expiry(self, entry: RosterEntry) -> int | None:
        """Return until when the enclave is registered; None if it is not, or not active."""
        if entry not in self._named:
            registrations = self.registry.registrations(entry.signing_key)
            if not registrations:
                return None
            self._named[entry] = registrations[-1]
        named = self._named[entry]
        if self.registry.active_one(entry, named) is None:
            return None
        return self.registry.expiry(entry.signing_key, named)

    def _enrol(self, entry: RosterEntry, expiry: int | None, now: int) -> Iterator[str]:
        try:
            plan = self._plan()
            lack = None if _gain(plan, expiry, now) >= DAY else "they are nearly stale"
        except QuoteRejected as rejection:
            if self.collateral is None or rejection.reason not in LACKS:
                raise
            lack = str(rejection.reason)
        if lack is not None and self.collateral is not None:
            yield f"newer documents of Intel's are needed: {lack}"
            yield from bring(self.verifier, self.collateral(), self.sender)
            plan = self._plan()
        if _gain(plan, expiry, now) < DAY:
            yield "WARNING: Intel's documents are nearly stale, so a renewal would gain no day"
            return
        yield from plan.lines
        until = enrol(plan, self.registry, self.sender)
        self._named[entry] = plan.measurement
        for call in plan.calls:
            yield call.what
        kind = "registered" if expiry is None else "renewed"
        yield f"{kind} {entry.signing_key} for {(until - now) // DAY} days"

    def _plan(self) -> Enrolment:
        operator, stake = self.sender.address, self.stake
        return plan_enrolment(self.enclave, self.registry, self.verifier, operator, stake)

    def _now(self) -> int:
        return self.registry.node.now()


def _gain(plan: Enrolment, expiry: int | None, now: int) -> int:
    """Return by how many seconds a registration would prolong the current one."""
    return min(plan.evidence.verified.expiry, now + LONGEST) - (expiry or now)
