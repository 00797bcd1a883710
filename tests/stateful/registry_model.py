"""What interfaces/IEnclaveRegistry.vyi says a registry does, for enclaves that never move."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from eth_keys.datatypes import Signature

from offchain.eip712 import Domain
from tests import reasons
from tests.sale import DAY, Cosignature, Enclave, Report, RosterEntry, Signer, Task
from tests.stateful.ledger import BURNED, ETHER, Call, Ledger, Refused, unless

UNBONDING = 21 * DAY
LIFETIME = 30 * DAY

Key = TypeVar("Key")


@dataclass
class Operator:
    stake: int = 0
    unlocks_at: int = 0
    epoch: int = 0


@dataclass
class Registered:
    operator: str
    expiry: int
    epoch: int


def recover(digest: bytes, signature: Cosignature) -> str:
    """The signer of a valid compact signature."""
    vs = int.from_bytes(signature.vs, "big")
    parts = (vs >> 255, int.from_bytes(signature.r, "big"), vs % 2**255)
    key = Signature(vrs=parts).recover_public_key_from_msg_hash(digest)
    return key.to_checksum_address()


class RegistryModel:
    def __init__(self, address: str, domain: Domain, ledger: Ledger, measurement: bytes) -> None:
        self.address, self.domain, self.ledger = address, domain, ledger
        self.measurement = measurement
        self.operators: defaultdict[str, Operator] = defaultdict(Operator)
        self.credits: defaultdict[str, int] = defaultdict(int)
        self.enclaves: dict[tuple[str, bytes, bytes], Registered] = {}
        self.revoked: dict[object, int] = {}  # signing key, platform or measurement: since when

    # ── Operators ──

    def stake(self, call: Call) -> Refused | None:
        operator = self.operators[call.sender]
        if no := unless(
            (call.value > 0, reasons.ZERO_AMOUNT), (not operator.unlocks_at, reasons.UNBONDING)
        ):
            return no
        self.ledger.move(ETHER, call.sender, self.address, call.value)
        operator.stake += call.value
        return None

    def request_unstake(self, call: Call) -> Refused | None:
        operator = self.operators[call.sender]
        if operator.unlocks_at:
            return unless((False, reasons.UNBONDING))
        if no := unless((operator.stake > 0, reasons.NO_STAKE)):
            return no
        operator.unlocks_at = call.now + UNBONDING
        return None

    def unstake(self, call: Call, to: str) -> Refused | int:
        operator = self.operators[call.sender]
        if not operator.unlocks_at:
            return Refused(frozenset([reasons.NOT_UNBONDING]))
        if no := unless(
            (call.now >= operator.unlocks_at, reasons.TOO_EARLY),
            (self.ledger.pushes(ETHER, to), reasons.PAYMENT_FAILED),
        ):
            return no
        amount = operator.stake
        self.ledger.move(ETHER, self.address, to, amount)
        self.operators[call.sender] = Operator(epoch=operator.epoch + 1)
        return amount

    def withdraw(self, call: Call, to: str) -> Refused | int:
        amount = self.credits[call.sender]
        if no := unless(
            (amount > 0, reasons.NOTHING_OWED),
            (self.ledger.pushes(ETHER, to), reasons.PAYMENT_FAILED),
        ):
            return no
        self.credits[call.sender] = 0
        self.ledger.move(ETHER, self.address, to, amount)
        return amount

    def register(self, call: Call, enclave: Enclave, expiry: int) -> Refused | None:
        """`register_enclave` by the enclave's own operator, with good evidence."""
        operator = self.operators[enclave.operator]
        if no := unless(
            (not operator.unlocks_at, reasons.UNBONDING),
            (operator.stake > 0 or operator.unlocks_at > 0, reasons.NO_STAKE),
            (self.measurement not in self.revoked, reasons.MEASUREMENT_REVOKED),
            (enclave.platform not in self.revoked, reasons.PLATFORM_REVOKED),
            (enclave.signing_key not in self.revoked, reasons.ENCLAVE_REVOKED),
        ):
            return no
        key = (enclave.signing_key, enclave.sealing_key, enclave.platform)
        expiry = min(expiry, call.now + LIFETIME)
        self.enclaves[key] = Registered(enclave.operator, expiry, operator.epoch)
        return None

    # ── Owner ──

    def revoke(self, call: Call, what: object) -> Refused | None:
        """`revoke_enclave`, `revoke_platform` or `revoke_measurement`, by the owner."""
        if what in self.revoked:
            return Refused(frozenset([reasons.ALREADY_REVOKED]))
        self.revoked[what] = call.now
        return None

    def revoked_since(self, signers: Sequence[Signer], measurement: bytes, since: int) -> bool:
        whats = [measurement, *(what for each in signers for what in (each[0], each[2]))]
        return any(self.revoked.get(what, -1) >= since for what in whats)

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
        if task.measurement in self.revoked:
            return Refused(frozenset([reasons.MEASUREMENT_REVOKED]))
        signers: list[Signer] = []
        left = list(roster)
        for cosignature in cosignatures:
            signing_key = recover(digest, cosignature)
            places = [n for n, entry in enumerate(left) if entry.signing_key == signing_key]
            if not places:
                return Refused(frozenset([reasons.NOT_IN_ROSTER]))
            entry, left = left[places[0]], left[places[0] + 1 :]
            key = (signing_key, entry.sealing_key, cosignature.platform)
            if key not in self.enclaves:
                return Refused(frozenset([reasons.ENCLAVE_UNKNOWN]))
            enclave = self.enclaves[key]
            operator = self.operators[enclave.operator]
            active = not operator.unlocks_at and operator.epoch == enclave.epoch
            if no := unless(
                (now < enclave.expiry, reasons.ENCLAVE_EXPIRED),
                (signing_key not in self.revoked, reasons.ENCLAVE_REVOKED),
                (cosignature.platform not in self.revoked, reasons.PLATFORM_REVOKED),
                (active, reasons.OPERATOR_INACTIVE),
                (operator.stake >= task.min_stake, reasons.TOO_LITTLE_STAKE),
                (enclave.operator not in [each[1] for each in signers], reasons.OPERATOR_TWICE),
                (enclave.operator not in [each[1] for each in excluded], reasons.OPERATOR_EXCLUDED),
            ):
                return no
            signers.append(Signer(signing_key, enclave.operator, cosignature.platform))
        return signers

    def slash(self, operator: str, amount: int, beneficiary: str) -> int:
        taken = min(amount, self.operators[operator].stake)
        self.operators[operator].stake -= taken
        self.credits[beneficiary] += taken
        return taken

    # ── Anyone ──

    def prove_equivocation(
        self,
        call: Call,
        task: Task,
        reports: tuple[Report, Report],
        cosignatures: tuple[Cosignature, Cosignature],
        sealing_keys: tuple[bytes, bytes],
    ) -> Refused | int:
        """Of two reports of the task on one run, signed by one enclave."""
        pairs = zip(reports[0].awards, reports[1].awards, strict=True)
        enclave = self.enclaves[
            recover(reports[0].digest(self.domain), cosignatures[0]),
            sealing_keys[0],
            cosignatures[0].platform,
        ]
        operator = self.operators[enclave.operator]
        if no := unless(
            (
                any(contradict(one, other, task.tolerance) for one, other in pairs),
                reasons.NO_CONTRADICTION,
            ),
            (operator.epoch == enclave.epoch, reasons.OPERATOR_INACTIVE),
            (operator.stake > 0, reasons.NO_STAKE),
        ):
            return no
        taken, operator.stake = operator.stake, 0
        self.credits[call.sender] += taken // 4
        self.ledger.move(ETHER, self.address, BURNED, taken - taken // 4)
        return taken


def contradict(one: int, other: int, tolerance: int) -> bool:
    """Whether two award words in one place cannot both be honest."""
    if one == 0 or other == 0:
        return one != other
    return one % 2**32 != other % 2**32 or abs((one >> 32) - (other >> 32)) > 2 * tolerance
