"""interfaces/IEnclaveRegistry.vyi in Python: one registry with all its records.

Times are unix seconds, amounts wei. Every action takes the time, and returns why it is refused, or
None when it is done.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests import reasons
from tests.deployment import PLATFORM_STAKE
from tests.sale import DAY

UNBONDING = 21 * DAY
MAX_LIFETIME = 30 * DAY
VERIFIER_DELAY = 14 * DAY

Reason = str | None


@dataclass
class Operator:
    stake: int = 0
    unlocks_at: int = 0
    epoch: int = 0
    condemned_at: int = 0
    platforms: int = 0


@dataclass
class Verifier:
    ready_at: int = 0
    added_at: int = 0


@dataclass
class Hold:
    """Who registered last on a platform, and what that gives."""

    operator: str
    until: int
    epoch: int


class Bound(NamedTuple):
    """The values that a signing key is bound to under a measurement."""

    operator: str
    platform: bytes
    sealing_key: bytes


@dataclass
class Enclave:
    bound: Bound
    expiry: int
    epoch: int


class Enrolment(NamedTuple):
    """A registration, with an attestation that says so."""

    signing_key: str
    bound: Bound
    measurement: bytes
    verifier: str
    expiry: int


class Signature(NamedTuple):
    """A valid signature, and what the roster and its relay say of its signer."""

    signing_key: str
    sealing_key: bytes
    platform: bytes


@dataclass
class Reference:
    """A registry with a market."""

    operators: defaultdict[str, Operator] = field(default_factory=lambda: defaultdict(Operator))
    credits: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    verifiers: defaultdict[str, Verifier] = field(default_factory=lambda: defaultdict(Verifier))
    measurements: dict[bytes, str] = field(default_factory=dict)
    platforms: dict[bytes, Hold] = field(default_factory=dict)
    enclaves: dict[tuple[bytes, str], Enclave] = field(default_factory=dict)
    latest: dict[tuple[bytes, bytes], str] = field(default_factory=dict)
    revoked: dict[Hashable, int] = field(default_factory=dict)
    descriptions: dict[bytes, tuple[bytes, str]] = field(default_factory=dict)

    # ── Stake ──

    def stake(self, operator: str, amount: int) -> Reason:
        if amount == 0:
            return reasons.ZERO_AMOUNT
        if self.operators[operator].unlocks_at:
            return reasons.UNBONDING
        if self.operators[operator].stake + amount >= 2**128:
            return reasons.TOO_MUCH_STAKE
        self.operators[operator].stake += amount
        return None

    def request_unstake(self, operator: str, now: int) -> Reason:
        if refusal := self.unless_bonded(operator):
            return refusal
        self.operators[operator].unlocks_at = now + UNBONDING
        return None

    def fault_of_unstaking(self, operator: str, now: int) -> Reason:
        record = self.operators[operator]
        if not record.unlocks_at:
            return reasons.NOT_UNBONDING
        if record.condemned_at:
            return reasons.CONDEMNED
        return reasons.TOO_EARLY if now < record.unlocks_at else None

    def unstake(self, operator: str, now: int) -> Reason:
        refusal = self.fault_of_unstaking(operator, now)
        if refusal is None:
            self.operators[operator] = Operator(epoch=self.operators[operator].epoch + 1)
        return refusal

    def burn_stake(self, operator: str, now: int) -> Reason:
        record = self.operators[operator]
        if not record.condemned_at:
            return reasons.NOT_CONDEMNED
        if now < record.unlocks_at:
            return reasons.TOO_EARLY
        self.operators[operator] = Operator(epoch=record.epoch + 1)
        return None

    def withdraw(self, account: str) -> Reason:
        if not self.credits[account]:
            return reasons.NOTHING_OWED
        self.credits[account] = 0
        return None

    def slash(self, operator: str, amount: int, beneficiary: str) -> int:
        taken = min(amount, self.operators[operator].stake)
        self.operators[operator].stake -= taken
        self.credits[beneficiary] += taken
        return taken

    def unless_bonded(self, operator: str) -> Reason:
        if self.operators[operator].unlocks_at:
            return reasons.UNBONDING
        return None if self.operators[operator].stake else reasons.NO_STAKE

    # ── Owner ──

    def revoke(self, subject: Hashable, now: int) -> Reason:
        """`subject` is a verifier, measurement or platform, or a pair of measurement and key."""
        if subject in self.revoked:
            return reasons.ALREADY_REVOKED
        self.revoked[subject] = now
        return None

    def propose_verifier(self, verifier: str, now: int) -> Reason:
        if verifier in self.revoked or self.verifiers[verifier].ready_at:
            return reasons.VERIFIER_KNOWN
        self.verifiers[verifier].ready_at = now + VERIFIER_DELAY
        return None

    def add_verifier(self, verifier: str, now: int) -> Reason:
        record = self.verifiers[verifier]
        if verifier in self.revoked:
            return reasons.ALREADY_REVOKED
        if not record.ready_at:
            return reasons.NOT_PROPOSED
        if record.added_at:
            return reasons.VERIFIER_KNOWN
        if now < record.ready_at:
            return reasons.TOO_EARLY
        record.added_at = now
        return None

    def describe(self, measurement: bytes, source: bytes, text: str) -> Reason:
        if not text or not all(" " <= letter <= "~" for letter in text):
            return reasons.BAD_DESCRIPTION
        if measurement in self.descriptions:
            return reasons.ALREADY_DESCRIBED
        self.descriptions[measurement] = source, text
        return None

    # ── Enclaves ──

    def announce(self, operator: str) -> Reason:
        if refusal := self.unless_bonded(operator):
            return refusal
        return None if self.operators[operator].platforms else reasons.NO_PLATFORM

    def is_approved(self, verifier: str) -> bool:
        return verifier not in self.revoked and self.verifiers[verifier].added_at > 0

    def register(self, made: Enrolment, now: int) -> Reason:
        """Of a bonded operator, with an attestation of an approved verifier."""
        operator, platform, _ = made.bound
        if now >= made.expiry:
            return reasons.EXPIRED
        if made.measurement in self.revoked:
            return reasons.MEASUREMENT_REVOKED
        if platform in self.revoked:
            return reasons.PLATFORM_REVOKED
        if self.holder(platform, now) not in (None, operator):
            return reasons.PLATFORM_TAKEN
        epoch = self.operators[operator].epoch
        hold = self.platforms.get(platform)
        is_new = hold is None or (hold.operator, hold.epoch) != (operator, epoch)
        held = self.operators[operator].platforms + is_new
        if self.operators[operator].stake < held * PLATFORM_STAKE:
            return reasons.TOO_LITTLE_STAKE
        place = made.measurement, made.signing_key
        if place in self.revoked:
            return reasons.ENCLAVE_REVOKED
        if place in self.enclaves and self.enclaves[place].bound != made.bound:
            return reasons.KEY_TAKEN
        self.measurements[made.measurement] = made.verifier
        expiry = min(made.expiry, now + MAX_LIFETIME)
        self._hold(platform, operator, expiry + UNBONDING, epoch)
        self.operators[operator].platforms = held
        self.enclaves[place] = Enclave(made.bound, expiry, epoch)
        self._retire(made, now)
        return None

    def _retire(self, made: Enrolment, now: int) -> None:
        """Let every other enclave of the measurement on the platform expire."""
        for (measurement, signing_key), enclave in self.enclaves.items():
            is_here = (
                measurement == made.measurement and enclave.bound.platform == made.bound.platform
            )
            if is_here and signing_key != made.signing_key:
                enclave.expiry = min(enclave.expiry, now)
        self.latest[made.measurement, made.bound.platform] = made.signing_key

    def holder(self, platform: bytes, now: int) -> str | None:
        """The operator whose platform it is."""
        hold = self.platforms.get(platform)
        if hold is None or now >= hold.until:
            return None
        return hold.operator if hold.epoch == self.operators[hold.operator].epoch else None

    def _hold(self, platform: bytes, operator: str, until: int, epoch: int) -> None:
        before = self.platforms.get(platform)
        if before and before.operator == operator:
            until = max(until, before.until)
        self.platforms[platform] = Hold(operator, until, epoch)

    # ── Who may sign ──

    def fault(self, measurement: bytes, by: Signature, now: int) -> Reason:
        """Why an enclave is not active, apart from its measurement and verifier."""
        enclave = self._enclave(measurement, by)
        if enclave is None:
            return reasons.ENCLAVE_UNKNOWN
        if now >= enclave.expiry:
            return reasons.ENCLAVE_EXPIRED
        if (measurement, by.signing_key) in self.revoked:
            return reasons.ENCLAVE_REVOKED
        if by.platform in self.revoked:
            return reasons.PLATFORM_REVOKED
        operator = self.operators[enclave.bound.operator]
        if operator.unlocks_at or operator.epoch != enclave.epoch:
            return reasons.OPERATOR_INACTIVE
        return None

    def fault_of_measurement(self, measurement: bytes) -> Reason:
        if measurement in self.revoked:
            return reasons.MEASUREMENT_REVOKED
        if self.measurements.get(measurement) in self.revoked:
            return reasons.VERIFIER_REVOKED
        return None

    def is_active(self, measurement: bytes, by: Signature, now: int) -> bool:
        return not (self.fault_of_measurement(measurement) or self.fault(measurement, by, now))

    def check_quorum(
        self,
        measurement: bytes,
        min_stake: int,
        signatures: Sequence[Signature],
        excluded: Iterable[str],
        now: int,
    ) -> Reason:
        """For valid signatures in the order of the roster."""
        if fault := self.fault_of_measurement(measurement):
            return fault
        seen: list[str] = []
        for by in signatures:
            if fault := self.fault(measurement, by, now):
                return fault
            operator = self.platforms[by.platform].operator
            if self.operators[operator].stake < min_stake:
                return reasons.TOO_LITTLE_STAKE
            if operator in seen:
                return reasons.OPERATOR_TWICE
            if operator in excluded:
                return reasons.OPERATOR_EXCLUDED
            seen.append(operator)
        return None

    def revoked_since(
        self, measurement: bytes, signers: Iterable[tuple[str, bytes]], time: int
    ) -> bool:
        """`signers`: pairs of signing key and platform."""
        subjects: list[Hashable] = []
        for signing_key, platform in signers:
            subjects += [(measurement, signing_key), platform]
        return any(self.revoked.get(each, -1) >= time for each in subjects)

    def prove_equivocation(
        self,
        measurement: bytes,
        by: tuple[Signature, Signature],
        named: str,
        prover: str,
        now: int,
    ) -> Reason:
        """Two reports that contradict one another, each signed by one of the two.

        `named` is the operator that the prover names; the sealing key is that of the first.
        """
        for each in by:
            if not each.signing_key:
                return reasons.BAD_SIGNATURE
            if each.signing_key != by[0].signing_key:
                return reasons.DIFFERENT_SIGNERS
            enclave = self.enclaves.get((measurement, each.signing_key))
            expected = Bound(named, each.platform, by[0].sealing_key)
            if enclave is None or enclave.bound != expected:
                return reasons.ENCLAVE_UNKNOWN
            if enclave.epoch != self.operators[named].epoch:
                return reasons.OPERATOR_INACTIVE
        operator = self.operators[named]
        if operator.condemned_at:
            return reasons.CONDEMNED
        if not operator.stake:
            return reasons.NO_STAKE
        reward = operator.stake // 4
        self.credits[prover] += reward
        operator.stake -= reward
        operator.condemned_at, operator.unlocks_at = now, now + UNBONDING
        return None

    def _enclave(self, measurement: bytes, by: Signature) -> Enclave | None:
        """The enclave of a signer, if it is what the signature says, on its operator's platform."""
        enclave = self.enclaves.get((measurement, by.signing_key))
        hold = self.platforms.get(by.platform)
        if enclave is None or hold is None:
            return None
        expected = Bound(hold.operator, by.platform, by.sealing_key)
        return enclave if enclave.bound == expected else None
