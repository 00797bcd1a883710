"""The registry as the market and all people meet it.

Adds to `registry_reference` what is not of its records: ether that moves, events, who calls,
signatures, rosters and evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_keys.datatypes import Signature as Ecdsa

from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import ZERO_ADDRESS
from tests import reasons
from tests.sale import Cosignature, Report, RosterEntry, Signer, Task, unpacked
from tests.stateful.ledger import BURNED, ETHER, Call, Ledger, Refused, unless
from tests.stateful.office import Office, because
from tests.stateful.registry_reference import Enrolment, Reference, Signature, Verifier
from tests.stateful.terms_model import LOW_ORDER

WRONG_REPORT_DATA = "wrong report data"
"""The reason of `MockVerifier` for evidence of another registration."""
UNSIGNED = bytes(32)
"""The r of a signature that is invalid."""


def recover(digest: bytes, signature: Cosignature) -> str | None:
    """The signer of a compact signature."""
    if signature.r == UNSIGNED:
        return None
    vs = int.from_bytes(signature.vs, "big")
    parts = (vs >> 255, int.from_bytes(signature.r, "big"), vs % 2**255)
    key = Ecdsa(vrs=parts).recover_public_key_from_msg_hash(digest)
    return str(key.to_checksum_address())


def contradict(one: int, other: int, tolerance: int) -> bool:
    """Return whether two awards in one place cannot both be honest."""
    if one == 0 or other == 0:
        return one != other
    return one % 2**32 != other % 2**32 or abs((one >> 32) - (other >> 32)) > 2 * tolerance


@dataclass(frozen=True)
class Evidence:
    """Parts of a registration beside its attestation."""

    program: bytes
    age: int = 1
    """Of the block that it names, in blocks."""
    fits: bool = True
    """False when it was made for another registration."""


class RegistryModel(Office):
    """A registry whose market is named, or is not."""

    def __init__(
        self,
        address: str,
        ledger: Ledger,
        owner: str,
        verifier: Verifier,
        at: str,
        domain: Domain | None,
    ) -> None:
        """`verifier` is the first one, which stands `at` an address; `domain` is the market's."""
        super().__init__(address, ledger, owner)
        self.reference = Reference()
        self.reference.verifiers[at] = verifier
        self.domain = domain

    # ── Operators ──

    def stake(self, call: Call) -> Refused | None:
        if self.domain is None:
            return because(reasons.MARKET_UNKNOWN)
        refusal = self.reference.stake(call.sender, call.value)
        if refusal:
            return because(refusal)
        self.ledger.move(ETHER, call.sender, self.address, call.value)
        total = self.reference.operators[call.sender].stake
        self._emit("Staked", operator=call.sender, amount=call.value, stake=total)
        return None

    def request_unstake(self, call: Call) -> Refused | None:
        refusal = self.reference.request_unstake(call.sender, call.now)
        until = self.reference.operators[call.sender].unlocks_at
        return self._done(refusal, "UnstakeRequested", operator=call.sender, unlocks_at=until)

    def unstake(self, call: Call, to: str) -> Refused | int:
        amount = self.reference.operators[call.sender].stake
        refusal = self.reference.fault_of_unstaking(call.sender, call.now) or self._fault_of(to)
        if refusal is None:
            self.reference.unstake(call.sender, call.now)
            self._pay(to, amount)
        return self._done(refusal, "Unstaked", operator=call.sender, to=to, amount=amount) or amount

    def withdraw(self, call: Call, to: str) -> Refused | int:
        amount = self.reference.credits[call.sender]
        refusal = (self._fault_of(to) if amount else None) or self.reference.withdraw(call.sender)
        if refusal is None:
            self._pay(to, amount)
        return self._done(refusal, "Withdrawn", account=call.sender, to=to, amount=amount) or amount

    def announce(self, call: Call, uri: str) -> Refused | None:
        refusal = self.reference.announce(call.sender)
        return self._done(refusal, "EndpointAnnounced", operator=call.sender, uri=uri)

    def register_enclave(self, call: Call, made: Enrolment, evidence: Evidence) -> Refused | bytes:
        """`made` is what the verifier attests, by the operator that it names."""
        operator, platform, sealing_key = made.bound
        reference, refusal = self.reference, self._fault_of_form(made, evidence)
        successor = {"measurement": made.measurement, "successor": made.signing_key}
        predecessor = reference.latest.get((made.measurement, platform))
        if refusal is None:
            before = reference.enclaves.get((made.measurement, predecessor or ""))
            lives = before is not None and call.now < before.expiry
            refusal = reference.register(made, call.now)
            if not refusal and lives and predecessor != made.signing_key:
                self._emit("EnclaveRetired", signing_key=predecessor, **successor)
        if refusal:
            return Refused(frozenset([refusal]))
        expiry = reference.enclaves[made.measurement, made.signing_key].expiry
        self._emit(
            "EnclaveRegistered",
            signing_key=made.signing_key,
            operator=operator,
            measurement=made.measurement,
            platform=platform,
            sealing_key=sealing_key,
            verifier=made.verifier,
            program=evidence.program,
            expiry=expiry,
        )
        return made.measurement

    def _fault_of_form(self, made: Enrolment, evidence: Evidence) -> str | None:
        if not self.reference.is_approved(made.verifier):
            return reasons.VERIFIER_NOT_APPROVED
        if made.signing_key == ZERO_ADDRESS or made.bound.sealing_key in LOW_ORDER:
            return reasons.BAD_KEY
        if refusal := self.reference.unless_bonded(made.bound.operator):
            return refusal
        if not 1 <= evidence.age <= 256:
            return reasons.STALE_BLOCK
        return None if evidence.fits else WRONG_REPORT_DATA

    # ── Owner, and who adds what the owner proposed ──

    def revoke_enclave(self, call: Call, signing_key: str, measurement: bytes) -> Refused | None:
        subject = {"signing_key": signing_key, "measurement": measurement}
        return self._revoke(call, (measurement, signing_key), "EnclaveRevoked", **subject)

    def revoke_platform(self, call: Call, platform: bytes) -> Refused | None:
        return self._revoke(call, platform, "PlatformRevoked", platform=platform)

    def revoke_measurement(self, call: Call, measurement: bytes) -> Refused | None:
        return self._revoke(call, measurement, "MeasurementRevoked", measurement=measurement)

    def revoke_verifier(self, call: Call, verifier: str) -> Refused | None:
        return self._revoke(call, verifier, "VerifierRevoked", verifier=verifier)

    def _revoke(self, call: Call, subject: object, event: str, **of: object) -> Refused | None:
        if no := self._unless_owner(call):
            return no
        return self._done(self.reference.revoke(subject, call.now), event, **of)

    def propose_verifier(self, call: Call, verifier: str) -> Refused | None:
        if no := self._unless_owner(call):
            return no
        if verifier not in self.ledger.contracts:
            return because(reasons.NOT_A_CONTRACT)
        refusal = self.reference.propose_verifier(verifier, call.now)
        ready_at = self.reference.verifiers[verifier].ready_at
        return self._done(refusal, "VerifierProposed", verifier=verifier, ready_at=ready_at)

    def add_verifier(self, call: Call, verifier: str) -> Refused | None:
        refusal = self.reference.add_verifier(verifier, call.now)
        return self._done(refusal, "VerifierAdded", verifier=verifier)

    def describe_measurement(
        self, call: Call, verifier: str, program: bytes, source: bytes, text: str, of: bytes
    ) -> Refused | bytes:
        """`of` is the measurement of program and verifier."""
        if no := self._unless_owner(call):
            return no
        refusal = self.reference.describe(of, source, text)
        named = {"verifier": verifier, "program": program, "source": source, "text": text}
        return self._done(refusal, "MeasurementDescribed", measurement=of, **named) or of

    def set_market(self, call: Call, market: str, domain: Domain) -> Refused | None:
        if no := self._unless_owner(call):
            return no
        if self.domain is not None:
            return because(reasons.MARKET_KNOWN)
        if market not in self.ledger.contracts:
            return because(reasons.NOT_A_CONTRACT)
        self.domain = domain
        return self._done(None, "MarketSet", market=market)

    # ── For the market ──

    def check_quorum(
        self,
        now: int,
        digest: bytes,
        task: Task,
        roster: Sequence[RosterEntry],
        cosignatures: Sequence[Cosignature],
        excluded: Sequence[Signer] = (),
    ) -> Refused | list[Signer]:
        """Who signed, in the roster's order; the first fault in the order of the signatures."""
        left, signed, unknown = list(roster), [], None
        for cosignature in cosignatures:
            signing_key = recover(digest, cosignature)
            places = [n for n, entry in enumerate(left) if entry.signing_key == signing_key]
            if not places:
                unknown = reasons.BAD_SIGNATURE if signing_key is None else reasons.NOT_IN_ROSTER
                break
            entry, left = left[places[0]], left[places[0] + 1 :]
            signed.append(Signature(entry.signing_key, entry.sealing_key, cosignature.platform))
        operators = [each.operator for each in excluded]
        refusal = self.reference.check_quorum(
            task.measurement, task.min_stake, signed, operators, now
        )
        return because(refusal or unknown) or [
            Signer(by.signing_key, self.reference.platforms[by.platform].operator, by.platform)
            for by in signed
        ]

    def revoked_since(self, signers: Sequence[Signer], measurement: bytes, since: int) -> bool:
        pairs = [(each.signing_key, each.platform) for each in signers]
        return self.reference.revoked_since(measurement, pairs, since)

    def slash(self, call: Call, operator: str, amount: int, beneficiary: str) -> Refused | int:
        if self.domain is None or call.sender != self.domain.market:
            return Refused(frozenset([reasons.NOT_MARKET]))
        taken = self.reference.slash(operator, amount, beneficiary)
        of = {"operator": operator, "beneficiary": beneficiary}
        self._emit("Slashed", **of, asked=amount, taken=taken)
        return taken

    # ── Anyone ──

    def prove_equivocation(
        self,
        call: Call,
        task: Task,
        reports: Sequence[Report],
        cosignatures: Sequence[Cosignature],
        operator: str,
        sealing_key: bytes,
    ) -> Refused | int:
        if self.domain is None:
            return Refused(frozenset([reasons.MARKET_UNKNOWN]))
        of = task.id(self.domain)
        pairs = zip(*(unpacked(each.awards, 64) for each in reports), strict=True)
        differ = any(contradict(one, other, task.tolerance) for one, other in pairs)
        one, other = reports
        same_run = (one.round, one.seed, one.inventory) == (
            other.round,
            other.seed,
            other.inventory,
        )
        if no := unless(
            (all(each.task_id == of for each in reports), reasons.WRONG_TASK),
            (same_run, reasons.DIFFERENT_RUNS),
            (differ, reasons.NO_CONTRADICTION),
        ):
            return no
        before, credit = (
            self.reference.operators[operator].stake,
            self.reference.credits[call.sender],
        )
        by = tuple(
            Signature(
                recover(report.digest(self.domain), cosignature) or "",
                sealing_key,
                cosignature.platform,
            )
            for report, cosignature in zip(reports, cosignatures, strict=True)
        )
        refusal = self.reference.prove_equivocation(
            task.measurement, (by[0], by[1]), operator, call.sender, call.now
        )
        reward = self.reference.credits[call.sender] - credit
        proven = {"platform": by[0].platform, "task_id": of, "stake": before, "reward": reward}
        prover = {"operator": operator, "prover": call.sender}
        return self._done(refusal, "EquivocationProven", **prover, **proven) or reward

    def burn_stake(self, call: Call, operator: str) -> Refused | int:
        amount = self.reference.operators[operator].stake
        refusal = self.reference.burn_stake(operator, call.now)
        if refusal is None:
            self._pay(BURNED, amount)
        return self._done(refusal, "StakeBurned", operator=operator, amount=amount) or amount

    # ── Internal ──

    def _done(self, refusal: str | None, event: str, **fields: object) -> Refused | None:
        """Refused for this reason, or done, with this event."""
        if refusal is None:
            self._emit(event, **fields)
        return because(refusal)

    def _fault_of(self, to: str) -> str | None:
        """Why nobody can be paid there."""
        if to == ZERO_ADDRESS:
            return reasons.BAD_ADDRESS
        return self.ledger.fault(ETHER, to, reasons.PAYMENT_FAILED)

    def _pay(self, to: str, amount: int) -> None:
        self.ledger.move(ETHER, self.address, to, amount)
