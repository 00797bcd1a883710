"""The pieces of a valid sale, as the market's ABI takes them (interfaces/Types.vyi, docs/SPEC.md).

Every struct is a named tuple in the order of the ABI: pass it to a contract as it is, and change it
with `_replace` to get an invalid one. Nothing here knows a chain: its id, the market's address and
the time come in. Addresses are hex strings, digests are bytes32, times are unix seconds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from eth_abi.abi import encode
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

from offchain.chain import heads
from offchain.protocol import hashes
from offchain.protocol.eip712 import Domain
from offchain.protocol.encoding import ZERO_ADDRESS
from offchain.protocol.keys import public_key
from offchain.protocol.pricing import Knot, price
from offchain.protocol.reports import choices_word
from tests.signing import address, sign_compact, signing_key

ETHER = 10**18
GWEI = 10**9
HOUR = 3_600
DAY = 24 * HOUR

TASK_URI = "https://tasks.example/" + 43 * "x"
"""Where a provider publishes: 65 letters, as long as an IPFS address."""

STAGES = "none", "open", "closed", "reported", "disputed", "final", "settled", "voided"
NONE, OPEN, CLOSED, REPORTED, DISPUTED, FINAL, SETTLED, VOIDED = range(len(STAGES))
"""The stages of a task."""


def word(name: str) -> bytes:
    """32 bytes that mean nothing but are always the same."""
    return keccak(text=name)


REPORT_TERMS = 11
"""Members of a task that its report needs: the first ones."""

# ── Structs of the ABI ──


class RosterEntry(NamedTuple):
    signing_key: str
    sealing_key: bytes


class Submission(NamedTuple):
    model_digest: bytes
    artifact_digest: bytes
    envelope_digest: bytes
    min_price: int

    def digest(self) -> bytes:
        return hashes.tagged("SUBMISSION", ["bytes32"] * 3 + ["uint256"], *self)


class Cosignature(NamedTuple):
    r: bytes
    vs: bytes
    platform: bytes


class Signer(NamedTuple):
    signing_key: str
    operator: str
    platform: bytes


class Endorsement(NamedTuple):
    signing_key: str
    operator: str
    platform: bytes
    r: bytes
    vs: bytes


class Task(NamedTuple):
    token: str
    budget: int
    max_awards: int
    measurement: bytes
    roster: bytes
    quorum: int
    min_stake: int
    report_deadline: int
    dispute_window: int
    claim_window: int
    curve: tuple[int, ...]
    provider: str
    benchmark_fee: int
    benchmark: bytes
    tolerance: int
    delivery_key: bytes
    max_submissions: int
    commit_bond: int
    entry_fee: int
    commit_deadline: int
    reveal_deadline: int
    verdict_window: int
    nonce: int

    def id(self, domain: Domain) -> bytes:
        return domain.digest("Task", self.parts())

    def for_report(self) -> tuple[tuple[object, ...], bytes]:
        """The first two arguments of `post_report`: the report terms, and the others' hash."""
        anywhere, other_terms = Domain(0, ZERO_ADDRESS), self.parts()["other_terms"]
        return self[:REPORT_TERMS], anywhere.message("OtherTerms", other_terms).body

    def parts(self) -> dict[str, dict[str, object]]:
        """The members, as EIP-712 takes them."""
        members = [*{**self._asdict(), "curve": list(self.curve)}.items()]
        return {
            "report_terms": dict(members[:REPORT_TERMS]),
            "other_terms": dict(members[REPORT_TERMS:]),
        }

    def price(self, score: int) -> int:
        """Return the price of a score, in units of the token."""
        return price(self.knots(), score)

    def knots(self) -> list[Knot]:
        """The knots of the curve."""
        return [Knot(knot >> 108, knot % 2**108) for knot in unpacked(self.curve, 128) if knot]

    def escrow(self) -> int:
        """Wei that the provider sends with the task: none where it pays in a token."""
        return self.budget + self.benchmark_fee if self.token == ZERO_ADDRESS else 0

    def bond(self, seat_bond: int) -> int:
        """Wei that a dispute of this task's report costs."""
        return seat_bond * panel_size(self.quorum)


class Report(NamedTuple):
    task_id: bytes
    round: int
    seed: bytes
    inventory: bytes
    results: bytes
    choices: int
    awards: tuple[int, ...]

    def digest(self, domain: Domain) -> bytes:
        return domain.digest("Report", {**self._asdict(), "awards": list(self.awards)})

    def entries(self) -> list[int]:
        """The awards one by one, best first."""
        return [entry for entry in unpacked(self.awards, 64) if entry]

    def found(self) -> tuple[object, ...]:
        """The members that `post_report` takes."""
        return self[3:]


class Progress(NamedTuple):
    stage: int
    time_a: int
    time_b: int
    max_submissions: int
    commits: int
    reveals: int
    awards: int
    claimed: int
    commit_bond: int
    entry_fee: int


# ── Packed words ──


def curve(*knots: tuple[int, int]) -> tuple[int, ...]:
    """Four words from pairs of score and price."""
    return packed([score << 108 | amount for score, amount in knots], 128)


def awards(*pairs: tuple[int, int]) -> tuple[int, ...]:
    """Two words from pairs of index and score, best first."""
    return packed([score << 32 | index for index, score in pairs], 64)


def payouts_of(task: Task, award_words: Iterable[int]) -> list[int]:
    """Return the payouts of valid awards on the task's curve, one word each."""
    entries = [entry for entry in unpacked(award_words, 64) if entry]
    return [entry << 128 | task.price(entry >> 32) for entry in entries]


def packed(entries: Sequence[int], bits: int) -> tuple[int, ...]:
    """Words that hold eight entries of so many bits, the first lowest."""
    each = 256 // bits
    filled = [*entries, *[0] * (8 - len(entries))]
    return tuple(
        sum(entry << bits * at for at, entry in enumerate(filled[start : start + each]))
        for start in range(0, 8, each)
    )


def unpacked(words: Iterable[int], bits: int) -> list[int]:
    """Return the eight entries of words, the first lowest; zero where there is none."""
    return [word >> at & 2**bits - 1 for word in words for at in range(0, 256, bits)]


# ── Who judges ──


@dataclass(frozen=True)
class Enclave:
    """An enclave, its operator and its machine."""

    key: PrivateKey
    sealing_key: bytes
    platform: bytes
    operator: str

    @property
    def signing_key(self) -> str:
        return address(self.key)

    def entry(self) -> RosterEntry:
        return RosterEntry(self.signing_key, self.sealing_key)

    def signer(self) -> Signer:
        return Signer(self.signing_key, self.operator, self.platform)

    def cosign(self, digest: bytes) -> Cosignature:
        return Cosignature(*sign_compact(self.key, digest), self.platform)


def enclave(name: str, operator: str) -> Enclave:
    """The same enclave for the same name, on a machine of its own."""
    sealing_key = public_key(word(f"sealing key of {name}"))
    return Enclave(signing_key(name), sealing_key, word(f"platform of {name}"), operator)


def ordered(enclaves: Iterable[Enclave]) -> list[Enclave]:
    """By rising signing key, as rosters and signatures are."""
    return sorted(enclaves, key=lambda each: int(each.signing_key, 16))


def roster(enclaves: Iterable[Enclave]) -> list[RosterEntry]:
    return [each.entry() for each in ordered(enclaves)]


def roster_digest(entries: Sequence[RosterEntry]) -> bytes:
    return keccak(encode(["(address,bytes32)[]"], [list(entries)]))


def cosign(digest: bytes, enclaves: Iterable[Enclave]) -> list[Cosignature]:
    return [each.cosign(digest) for each in ordered(enclaves)]


def signers(enclaves: Iterable[Enclave]) -> list[Signer]:
    return [each.signer() for each in ordered(enclaves)]


def endorsements(digest: bytes, enclaves: Iterable[Enclave]) -> list[Endorsement]:
    """Signers with their signatures."""
    return [Endorsement(*each.signer(), *each.cosign(digest)[:2]) for each in ordered(enclaves)]


def panel_size(quorum: int) -> int:
    return 2 * quorum + 1


# ── A task and its submissions ──


def task(
    provider: str,
    entries: Sequence[RosterEntry],
    measurement: bytes,
    now: int,
    **overrides: Any,
) -> Task:
    """A valid task of one signature, in ether, on a market whose seats cost at most 0.3 ether.

    `overrides` replaces fields; the deadlines do not follow one another.
    """
    return Task(
        provider=provider,
        token=ZERO_ADDRESS,
        budget=10 * ETHER,
        benchmark_fee=ETHER,
        max_awards=3,
        benchmark=word("benchmark"),
        measurement=measurement,
        roster=roster_digest(entries),
        quorum=1,
        tolerance=2_000,
        min_stake=ETHER,
        delivery_key=public_key(word("delivery key")),
        max_submissions=100,
        commit_bond=50_000_000 * GWEI,
        entry_fee=10_000_000 * GWEI,
        commit_deadline=now + DAY,
        reveal_deadline=now + 2 * DAY,
        report_deadline=now + 4 * DAY,
        dispute_window=DAY,
        verdict_window=2 * DAY,
        claim_window=3 * DAY,
        nonce=0,
        curve=curve((500_000, ETHER), (1_000_000, 6 * ETHER)),
    )._replace(**overrides)


@dataclass(frozen=True)
class Model:
    """A submission, with everything that its developer needs to be paid for it."""

    developer: str
    submission: Submission
    keyring_digest: bytes
    salt: bytes
    uri: str
    envelope: bytes

    def payload(self) -> bytes:
        digest, artifact, _, _ = self.submission
        return hashes.payload(digest, artifact, self.keyring_digest)

    def commitment(self, domain: Domain, task_id: bytes) -> bytes:
        """Return the commitment that `commit_model` takes."""
        return hashes.commitment(
            domain.chain_id,
            domain.market,
            task_id,
            self.developer,
            self.submission.digest(),
            self.salt,
        )

    def leaf(self, task_id: bytes, index: int) -> bytes:
        """Return the leaf that the market stores once it is revealed."""
        return hashes.leaf(
            task_id,
            index,
            self.developer,
            self.submission.envelope_digest,
            self.submission.min_price,
            self.payload(),
        )

    def reveal(self, task_id: bytes, index: int) -> tuple[object, ...]:
        """The arguments of `reveal_model`."""
        return task_id, index, self.submission, self.keyring_digest, self.salt, self.uri

    def share(self, made: Task, index: int) -> tuple[object, ...]:
        """The arguments of `claim_share`."""
        _, _, envelope_digest, min_price = self.submission
        return made, index, self.developer, envelope_digest, min_price, self.payload()


def model(developer: str, name: str, min_price: int = 0) -> Model:
    """The same model for the same name."""
    envelope = 2 * word(f"envelope of {name}") + word(f"tag of {name}")[:16]
    return Model(
        developer=developer,
        submission=Submission(
            model_digest=word(f"model of {name}"),
            artifact_digest=word(f"artifact of {name}"),
            envelope_digest=keccak(envelope),
            min_price=min_price,
        ),
        keyring_digest=word(f"keyring of {name}"),
        salt=word(f"salt of {name}"),
        uri=f"https://models.example/{name}",
        envelope=envelope,
    )


def head_of_reveals(task_id: bytes, revealed: Iterable[tuple[int, Model]]) -> bytes:
    """The task's head after these reveals, in this order."""
    head = hashes.NO_HEAD
    for index, entered in revealed:
        head = hashes.after_reveal(head, entered.leaf(task_id, index), entered.salt)
    return head


# ── A report and its sale ──


def report(task_id: bytes, seed: bytes, *pairs: tuple[int, int], panel: bool = False) -> Report:
    """A report, or a panel's, that awards pairs of index and score, best first."""
    return Report(
        task_id=task_id,
        round=int(panel),
        seed=seed,
        inventory=word("inventory"),
        results=word("results"),
        choices=choices_word([index for index, _ in pairs]),
        awards=awards(*pairs),
    )


def post(
    made: Task,
    entries: Sequence[RosterEntry],
    signed: Report,
    cosignatures: Sequence[Cosignature],
) -> tuple[object, ...]:
    """The arguments of `post_report`."""
    return *made.for_report(), entries, *signed.found(), cosignatures


@dataclass(frozen=True)
class Posted:
    """A report that stands, as the calls after it have to name it.

    A verdict that overturned another report has no signers.
    """

    task: Task
    report: Report
    domain: Domain
    payouts: list[int]
    signers: list[Signer]

    def digest(self) -> bytes:
        return self.report.digest(self.domain)

    def signed(self) -> bytes:
        return hashes.signed(self.digest(), self.signers)

    def head(self) -> bytes:
        """The task's head while this report stands."""
        return heads.after_report(self.task.token, self.payouts, self.signed())

    def disputed_head(self, challenger: str) -> bytes:
        return heads.after_dispute(self.head(), challenger)

    def claim(self, award: int, entered: Model) -> tuple[object, ...]:
        """The arguments of `claim_award` for the model at this place of the payouts."""
        return (
            self.report.task_id,
            award,
            self.task.token,
            self.payouts,
            self.signed(),
            entered.submission.min_price,
            entered.payload(),
            entered.envelope,
        )

    def settle(self) -> tuple[object, ...]:
        """The arguments of `settle`."""
        return self.task, self.payouts, self.digest(), self.signers

    def expire(self, challenger: str) -> tuple[object, ...]:
        """The arguments of `expire_dispute`."""
        return *self.settle(), challenger

    def resolve(
        self,
        entries: Sequence[RosterEntry],
        challenger: str,
        verdict: Report,
        panel: Iterable[Enclave],
    ) -> tuple[object, ...]:
        """The arguments of `resolve_dispute`, with a verdict signed by this panel."""
        cosignatures = cosign(verdict.digest(self.domain), panel)
        return (
            self.task,
            list(entries),
            self.report,
            self.signers,
            challenger,
            verdict,
            cosignatures,
        )


def posted(domain: Domain, made: Task, stands: Report, by: Iterable[Enclave]) -> Posted:
    """A report on record: of its signers, or of nobody when a panel's verdict replaced another."""
    return Posted(made, stands, domain, payouts_of(made, stands.awards), signers(by))
