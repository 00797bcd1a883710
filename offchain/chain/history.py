"""The history of a task, as it follows from the market's events."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from offchain.chain.packing import award_of, payout_words
from offchain.chain.progress import Stage
from offchain.protocol import hashes
from offchain.protocol.eip712 import Domain
from offchain.protocol.pricing import Award, Knot
from offchain.protocol.reports import Cosignature, Report
from offchain.protocol.task import Submission, Task
from offchain.protocol.transcript import Reveal

NONE, OPEN, CLOSED, REPORTED, DISPUTED, FINAL, SETTLED, VOIDED = Stage
"""The stages of `IModelMarket`."""


@dataclass(frozen=True)
class Signer:
    """A signer of a report: signing key, operator and platform, as in the registry."""

    signing_key: str
    operator: str
    platform: bytes

    def to_abi(self) -> tuple[str, str, bytes]:
        """Return the fields in the order of the contract's struct."""
        return self.signing_key, self.operator, self.platform


@dataclass(frozen=True)
class StandingReport:
    """A report that was posted, with its signers and their signatures."""

    inventory: bytes
    results: bytes
    choices: tuple[int, ...]
    awards: tuple[Award, ...]
    signers: tuple[Signer, ...]
    cosignatures: tuple[Cosignature, ...]


@dataclass(frozen=True)
class Verdict:
    """The verdict of a panel; if it overturns the report, its own awards stand instead."""

    upheld: bool
    results: bytes
    choices: tuple[int, ...]
    payouts: tuple[int, ...]
    panel: tuple[Signer, ...]


@dataclass(frozen=True)
class Claim:
    """A delivered model: index of the submission, price paid, and the delivery envelope."""

    index: int
    developer: str
    price: int
    envelope: bytes


@dataclass(frozen=True)
class Record:
    """The report that stands, as `claim_award` and `settle` name it.

    Args:
        payouts: an award with its price in each word.
        digest: of the report, bytes32.
        signers: those who are paid; none when the report was overturned.
    """

    payouts: tuple[int, ...]
    digest: bytes
    signers: tuple[Signer, ...]

    @property
    def signed(self) -> bytes:
        """The digest of report and signers (bytes32) that `claim_award` takes."""
        return hashes.signed(self.digest, [each.to_abi() for each in self.signers])

    @property
    def prices(self) -> dict[int, int]:
        """The price of each awarded submission, by index, in the order of the awards."""
        return {award_of(word).index: word % 2**128 for word in self.payouts}


@dataclass(frozen=True)
class History:
    """The history of a task in confirmed logs.

    Args:
        task: its terms.
        commits: the developer of each submission, by index.
        commitments: what each of them committed to, bytes32.
        reveals: in the order of the chain.
        seed: bytes32, once the reveals are closed.
        randomness: prevrandao and parent hash of the block that closed the reveals.
        posted: the report that was posted.
        challenger: address of the account that opened a dispute.
        bond: wei that the challenger sent.
        verdict: of the panel.
        claims: in the order of the chain.
        over: True once enclaves have nothing left to do: the task or its dispute has ended.
        ending: name of the event that ended the task, ``TaskSettled`` or ``TaskVoided``.
        uri: where the provider publishes; untrusted.
    """

    task: Task
    commits: tuple[str, ...] = ()
    commitments: tuple[bytes, ...] = ()
    reveals: tuple[Reveal, ...] = ()
    seed: bytes | None = None
    randomness: tuple[bytes, bytes] | None = None
    posted: StandingReport | None = None
    challenger: str | None = None
    bond: int = 0
    verdict: Verdict | None = None
    claims: tuple[Claim, ...] = ()
    over: bool = False
    ending: str | None = None
    uri: str = ""

    def report(self, task_id: bytes) -> Report:
        """Return the report that was posted.

        Raises:
            ValueError: no report is posted.
        """
        if self.posted is None or self.seed is None:
            raise ValueError("no report is posted in a confirmed block: `golden-grain status`")
        posted = self.posted
        values = posted.inventory, posted.results, posted.choices, posted.awards
        return Report(task_id, 0, self.seed, *values)

    def record(self, domain: Domain) -> Record:
        """Return the report that stands, in the words of the calls that name it.

        Args:
            domain: the market's EIP-712 domain.

        Raises:
            ValueError: no report is posted.
        """
        report = self.standing(self.task.id(domain))
        payouts = payout_words(self.task.curve, report.awards)
        return Record(tuple(payouts), report.digest(domain), self.paid_signers)

    @property
    def paid_signers(self) -> tuple[Signer, ...]:
        """The signers whose operators are paid: none when the report was overturned."""
        overturned = self.verdict is not None and not self.verdict.upheld
        return () if self.posted is None or overturned else self.posted.signers

    def standing(self, task_id: bytes) -> Report:
        """Return the report that stands: the one that was posted, or that which overturned it.

        Raises:
            ValueError: no report is posted.
        """
        report, verdict = self.report(task_id), self.verdict
        if verdict is None or verdict.upheld:
            return report
        awards = tuple(map(award_of, verdict.payouts))
        return replace(
            report, round=1, results=verdict.results, choices=verdict.choices, awards=awards
        )

    @property
    def stage(self) -> int:
        """The stage that hosts act on, up to `DISPUTED`; `NONE` once ``over`` is True."""
        if self.over:
            return NONE
        if self.challenger is not None:
            return DISPUTED
        if self.posted is not None:
            return REPORTED
        return OPEN if self.seed is None else CLOSED


def _plain(struct: Any) -> dict[str, Any]:
    return dict(struct)


def _task(struct: Any) -> Task:
    values = _plain(struct)
    halves = (word >> shift & 2**128 - 1 for word in values.pop("curve") for shift in (0, 128))
    knots = (Knot(knot >> 108, knot % 2**108) for knot in halves if knot)
    names = [field.name for field in fields(Task) if field.name != "curve"]
    return Task(**{name: values[name] for name in names}, curve=tuple(knots))


def _committed(history: History, log: Any) -> History:
    values = log["args"]
    return replace(
        history,
        commits=(*history.commits, values["developer"]),
        commitments=(*history.commitments, values["commitment"]),
    )


def _revealed(history: History, log: Any) -> History:
    values = _plain(log["args"])
    del values["task_id"]
    reveal = Reveal(**values | {"submission": Submission(**_plain(values["submission"]))})
    return replace(history, reveals=(*history.reveals, reveal))


def _closed(history: History, log: Any) -> History:
    values = log["args"]
    randomness = values["prevrandao"], values["parent_hash"]
    return replace(history, seed=values["seed"], randomness=randomness)


def choices_of(word: int) -> tuple[int, ...]:
    """Return the choices that a word packs."""
    return tuple((word >> 20 * at & 0xFFFFF) - 1 for at in range(-(-word.bit_length() // 20)))


def _posted(history: History, log: Any) -> History:
    values = log["args"]
    standing = StandingReport(
        inventory=values["inventory"],
        results=values["results"],
        choices=choices_of(values["choices"]),
        awards=tuple(award_of(payout) for payout in values["payouts"]),
        signers=tuple(map(_signer, values["signers"])),
        cosignatures=tuple(
            Cosignature(each["r"], each["vs"], each["platform"]) for each in values["signers"]
        ),
    )
    return replace(history, posted=standing)


def _disputed(history: History, log: Any) -> History:
    values = log["args"]
    return replace(history, challenger=values["challenger"], bond=values["bond"])


def _signer(struct: Any) -> Signer:
    return Signer(struct["signing_key"], struct["operator"], struct["platform"])


def _resolved(history: History, log: Any) -> History:
    values = log["args"]
    verdict = Verdict(
        upheld=values["upheld"],
        results=values["results"],
        choices=choices_of(values["choices"]),
        payouts=tuple(values["payouts"]),
        panel=tuple(map(_signer, values["panel"])),
    )
    return replace(history, verdict=verdict, over=True)


def _expired(history: History, _: Any) -> History:
    return replace(history, over=True)


def _claimed(history: History, log: Any) -> History:
    values = log["args"]
    claim = Claim(values["index"], values["developer"], values["price"], values["envelope"])
    return replace(history, claims=(*history.claims, claim))


def _ended(history: History, log: Any) -> History:
    return replace(history, over=True, ending=log["event"])


_STEPS: dict[str, Callable[[History, Any], History]] = {
    "ModelCommitted": _committed,
    "ModelRevealed": _revealed,
    "RevealsClosed": _closed,
    "ReportPosted": _posted,
    "ReportDisputed": _disputed,
    "DisputeResolved": _resolved,
    "DisputeExpired": _expired,
    "AwardClaimed": _claimed,
    "TaskSettled": _ended,
    "TaskVoided": _ended,
}


def after(history: History | None, log: Any) -> History | None:
    """Return the history after one more event of its task; other events change nothing.

    Args:
        history: so far; None before `TaskCreated`.
        log: decoded by web3.
    """
    if log["event"] == "TaskCreated":
        return History(_task(log["args"]["task"]), uri=log["args"]["uri"])
    if history is not None and log["event"] in _STEPS:
        return _STEPS[log["event"]](history, log)
    return history
