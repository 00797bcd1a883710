"""The reference of the registry, as the market and the people of the random sales meet it.

Adds to `registry_reference` what its own test takes for granted: ether that moves, signatures and
rosters.
"""

from collections.abc import Sequence

from eth_keys.datatypes import Signature as Ecdsa

from offchain.protocol.eip712 import Domain
from tests import reasons
from tests.sale import Cosignature, Enclave, Report, RosterEntry, Signer, Task, unpacked
from tests.stateful.ledger import BURNED, ETHER, Call, Ledger, Refused, unless
from tests.stateful.registry_reference import Bound, Enrolment, Reference, Signature, Verifier


def recover(digest: bytes, signature: Cosignature) -> str:
    """The signer of a valid compact signature."""
    vs = int.from_bytes(signature.vs, "big")
    parts = (vs >> 255, int.from_bytes(signature.r, "big"), vs % 2**255)
    key = Ecdsa(vrs=parts).recover_public_key_from_msg_hash(digest)
    return str(key.to_checksum_address())


def contradict(one: int, other: int, tolerance: int) -> bool:
    """Return whether two awards in one place cannot both be honest."""
    if one == 0 or other == 0:
        return one != other
    return one % 2**32 != other % 2**32 or abs((one >> 32) - (other >> 32)) > 2 * tolerance


class RegistryModel:
    """One verifier, one measurement."""

    def __init__(
        self,
        address: str,
        domain: Domain,
        ledger: Ledger,
        verifier: str,
        measurement: bytes,
        platform_stake: int,
    ) -> None:
        self.address, self.domain, self.ledger = address, domain, ledger
        self.verifier, self.measurement = verifier, measurement
        self.reference = Reference(platform_stake)
        self.reference.verifiers[verifier] = Verifier(added_at=1)

    # ── Operators ──

    def stake(self, call: Call) -> Refused | None:
        refusal = self.reference.stake(call.sender, call.value)
        if not refusal:
            self.ledger.move(ETHER, call.sender, self.address, call.value)
        return because(refusal)

    def request_unstake(self, call: Call) -> Refused | None:
        return because(self.reference.request_unstake(call.sender, call.now))

    def unstake(self, call: Call, to: str) -> Refused | int:
        operator = self.reference.operators[call.sender]
        unlocked = 0 < operator.unlocks_at <= call.now and not operator.condemned_at
        if unlocked and not self.ledger.pushes(ETHER, to):
            return Refused(frozenset([reasons.PAYMENT_FAILED]))
        refusal = self.reference.unstake(call.sender, call.now)
        return because(refusal) or self._pay(to, operator.stake)

    def withdraw(self, call: Call, to: str) -> Refused | int:
        amount = self.reference.credits[call.sender]
        if amount and not self.ledger.pushes(ETHER, to):
            return Refused(frozenset([reasons.PAYMENT_FAILED]))
        return because(self.reference.withdraw(call.sender)) or self._pay(to, amount)

    def register(self, call: Call, enclave: Enclave, expiry: int) -> Refused | None:
        """`register_enclave` by the enclave's own operator, with good evidence."""
        bound = Bound(enclave.operator, enclave.platform, enclave.sealing_key)
        made = Enrolment(enclave.signing_key, bound, self.measurement, self.verifier, expiry)
        return because(self.reference.register(made, call.now))

    def revoke(self, call: Call, subject: object) -> Refused | None:
        """By the owner: a platform, a measurement, or a pair of measurement and signing key."""
        return because(self.reference.revoke(subject, call.now))

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
        left, signed = list(roster), []
        for cosignature in cosignatures:
            signing_key = recover(digest, cosignature)
            places = [n for n, entry in enumerate(left) if entry.signing_key == signing_key]
            if not places:
                break
            entry, left = left[places[0]], left[places[0] + 1 :]
            signed.append(Signature(signing_key, entry.sealing_key, cosignature.platform))
        operators = [each.operator for each in excluded]
        refusal = self.reference.check_quorum(
            task.measurement, task.min_stake, signed, operators, now
        )
        if not refusal and len(signed) < len(cosignatures):
            refusal = reasons.NOT_IN_ROSTER
        return because(refusal) or [
            Signer(by.signing_key, self.reference.platforms[by.platform].operator, by.platform)
            for by in signed
        ]

    def revoked_since(self, signers: Sequence[Signer], measurement: bytes, since: int) -> bool:
        pairs = [(each.signing_key, each.platform) for each in signers]
        return self.reference.revoked_since(measurement, pairs, since)

    def slash(self, operator: str, amount: int, beneficiary: str) -> int:
        return self.reference.slash(operator, amount, beneficiary)

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
        """Of two reports of the task on one run."""
        pairs = zip(*(unpacked(each.awards, 64) for each in reports), strict=True)
        differ = any(contradict(one, other, task.tolerance) for one, other in pairs)
        if no := unless((differ, reasons.NO_CONTRADICTION)):
            return no
        one, other = (
            Signature(
                recover(report.digest(self.domain), cosignature), sealing_key, cosignature.platform
            )
            for report, cosignature in zip(reports, cosignatures, strict=True)
        )
        staked = self._staked()
        refusal = self.reference.prove_equivocation(
            task.measurement, (one, other), operator, call.sender, call.now
        )
        return because(refusal) or staked - self._staked()

    def burn_stake(self, call: Call, operator: str) -> Refused | int:
        amount = self.reference.operators[operator].stake
        return because(self.reference.burn_stake(operator, call.now)) or self._pay(BURNED, amount)

    def _staked(self) -> int:
        return sum(operator.stake for operator in self.reference.operators.values())

    def _pay(self, to: str, amount: int) -> int:
        self.ledger.move(ETHER, self.address, to, amount)
        return amount


def because(reason: str | None) -> Refused | None:
    return Refused(frozenset([reason])) if reason else None
