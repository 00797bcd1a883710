"""A task as the page shows it: terms, timeline, submissions and results, dispute, money."""

from collections.abc import Iterator
from dataclasses import dataclass

from web3.types import EventData

from offchain.chain.history import History, Signer, after
from offchain.chain.progress import TaskProgress
from offchain.observer.scores import Row, rows
from offchain.observer.status import Act, acts
from offchain.page.money import Balance, Movement, balances, held, movements
from offchain.page.snapshot import Snapshot
from offchain.page.strangers import Found
from offchain.protocol.pricing import Award, price
from offchain.protocol.results import Results
from offchain.protocol.task import Task
from offchain.storage.publications import TaskDocuments


@dataclass(frozen=True)
class Step:
    """An event of a task.

    Args:
        event: its name in the contract.
        time: Unix seconds.
        block: number.
        transaction: hash, bytes32.
        who: address of the account that did it.
        role: of that account, in a word.
        text: what it did, in words.
        moved: what it paid or was paid.
    """

    event: str
    time: int
    block: int
    transaction: bytes
    who: str
    role: str
    text: str
    moved: tuple[Movement, ...]


@dataclass(frozen=True)
class Proved:
    """A result as an operator published it; the reader's browser checks it. See `ResultLeaf`."""

    score: int | None
    reason: str | None
    leaf: bytes
    salt: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True)
class Entry:
    """A submission.

    Args:
        index: by the order of the commits.
        developer: address.
        committed: Unix seconds.
        revealed: Unix seconds, or None; what follows is empty until then.
        model: digest of the plaintext, bytes32.
        artifact: digest of the ciphertext, bytes32.
        keyring: digest, bytes32.
        envelope: digest, bytes32.
        min_price: in units of the token.
        price: at which the standing report buys it, or None.
        claimed: True once it was delivered and paid.
        result: as published, or None.
    """

    index: int
    developer: str
    committed: int
    revealed: int | None = None
    model: bytes = b""
    artifact: bytes = b""
    keyring: bytes = b""
    envelope: bytes = b""
    min_price: int = 0
    price: int | None = None
    claimed: bool = False
    result: Proved | None = None


@dataclass(frozen=True)
class Bought:
    """An award of a report."""

    index: int
    score: int
    price: int


@dataclass(frozen=True)
class ReportView:
    """The report that stands.

    Args:
        round: 0 as posted, 1 from a panel.
        root: Merkle root of the results, bytes32, by the chain.
        signers: of the posted report.
        fault: why the results are not shown, or empty.
        place: where they were found.
    """

    round: int
    root: bytes
    signers: tuple[Signer, ...]
    fault: str
    place: str


@dataclass(frozen=True)
class DisputeView:
    """The dispute of a report.

    Args:
        challenger: address.
        bond: wei.
        opened: Unix seconds.
        deadline: of the verdict, Unix seconds.
        outcome: ``open``, ``upheld``, ``overturned``, ``expired`` or ``voided``.
        ended: Unix seconds, or None.
        posted: awards of the disputed report.
        standing: awards that stand after it.
        panel: who decided.
    """

    challenger: str
    bond: int
    opened: int
    deadline: int
    outcome: str
    ended: int | None
    posted: tuple[Bought, ...]
    standing: tuple[Bought, ...]
    panel: tuple[Signer, ...]


@dataclass(frozen=True)
class TaskView:
    """A task in one block. ``description`` and ``uri`` are the provider's own words, untrusted."""

    id: bytes
    stage: str
    created: int
    task: Task
    uri: str
    metric: str | None
    description: str
    documents: str
    progress: TaskProgress
    acts: tuple[Act, ...]
    steps: tuple[Step, ...]
    entries: tuple[Entry, ...]
    report: ReportView | None
    dispute: DisputeView | None
    balances: tuple[Balance, ...]


def history_of(events: list[EventData]) -> History:
    """Return the history of a task from all its events."""
    history: History | None = None
    for event in events:
        history = after(history, event)
    if history is None:
        raise ValueError("events of a task without TaskCreated: the node lacks some logs of it")
    return history


def task_view(
    snapshot: Snapshot,
    task_id: bytes,
    history: History,
    progress: TaskProgress,
    documents: Found[TaskDocuments],
    results: Found[Results] | None,
) -> TaskView:
    """Put together what the page shows of a task.

    Args:
        snapshot: with the task's events.
        task_id: bytes32.
        history: of all its events.
        progress: in the snapshot's block.
        documents: of its provider.
        results: of the report that stands, or None before a report.
    """
    events = snapshot.tasks[task_id]
    steps = tuple(_step(snapshot, history, each) for each in events)
    moved = [each for step in steps for each in step.moved]
    shares = sum(event["event"] == "ShareClaimed" for event in events)
    found, fault = _rows(history, task_id, results)
    manifest = documents.value and documents.value.manifest
    return TaskView(
        id=task_id,
        stage=progress.stage.name.lower(),
        created=steps[0].time,
        task=history.task,
        uri=history.uri,
        metric=manifest.metric if manifest else None,
        description=manifest.description if manifest else "",
        documents=documents.fault,
        progress=progress,
        acts=tuple(acts(history, progress, snapshot.now)),
        steps=steps,
        entries=tuple(_entries(snapshot, history, events, found)),
        report=_report(history, task_id, results, fault),
        dispute=_dispute(snapshot, history, events),
        balances=balances(moved, held(history, progress, shares)),
    )


def _rows(
    history: History, task_id: bytes, results: Found[Results] | None
) -> tuple[dict[int, Row], str]:
    if results is None or results.value is None:
        return {}, results.fault if results else ""
    report = history.standing(task_id)
    prices = {each.index: each.price for each in _bought(history.task, report.awards)}
    try:
        every = rows(history, task_id, report, results.value, prices)
        return {each.index: each for each in every}, ""
    except ValueError as error:
        return {}, f"what {results.place} published is refused: {error}"


def _report(
    history: History, task_id: bytes, results: Found[Results] | None, fault: str
) -> ReportView | None:
    if history.posted is None or results is None:
        return None
    report = history.standing(task_id)
    signers = history.posted.signers
    return ReportView(report.round, report.results, signers, fault, results.place)


def _entries(
    snapshot: Snapshot, history: History, events: list[EventData], found: dict[int, Row]
) -> Iterator[Entry]:
    reveals = {each.index: each for each in history.reveals}
    times = {
        (each["event"], each["args"]["index"]): snapshot.time(each)
        for each in events
        if each["event"] in ("ModelCommitted", "ModelRevealed")
    }
    bought = {}
    if history.posted is not None:
        awards = history.standing(bytes(32)).awards
        bought = {each.index: each.price for each in _bought(history.task, awards)}
    claimed = {each.index for each in history.claims}
    for index, developer in enumerate(history.commits):
        committed = times["ModelCommitted", index]
        reveal = reveals.get(index)
        if reveal is None:
            yield Entry(index, developer, committed)
            continue
        row = found.get(index)
        yield Entry(
            index=index,
            developer=developer,
            committed=committed,
            revealed=times["ModelRevealed", index],
            model=reveal.submission.model_digest,
            artifact=reveal.submission.artifact_digest,
            keyring=reveal.keyring_digest,
            envelope=reveal.submission.envelope_digest,
            min_price=reveal.submission.min_price,
            price=bought.get(index),
            claimed=index in claimed,
            result=None if row is None else _proved(row),
        )


def _proved(row: Row) -> Proved:
    entry = row.proof.entry
    reason = row.reason and str(row.reason)
    return Proved(row.score, reason, entry.leaf, entry.salt, row.proof.proof)


def _bought(task: Task, awards: tuple[Award, ...]) -> tuple[Bought, ...]:
    return tuple(Bought(each.index, each.score, price(task.curve, each.score)) for each in awards)


def _dispute(snapshot: Snapshot, history: History, events: list[EventData]) -> DisputeView | None:
    opened = next((each for each in events if each["event"] == "ReportDisputed"), None)
    if opened is None or history.posted is None:
        return None
    ends = (each for each in events if each["event"] in ("DisputeResolved", "DisputeExpired"))
    end = next(ends, None)
    if end is None:
        outcome = "open"
    elif end["event"] == "DisputeExpired":
        outcome = "voided" if end["args"]["voided"] else "expired"
    else:
        outcome = "upheld" if end["args"]["upheld"] else "overturned"
    task, verdict = history.task, history.verdict
    return DisputeView(
        challenger=opened["args"]["challenger"],
        bond=history.bond,
        opened=snapshot.time(opened),
        deadline=opened["args"]["verdict_deadline"],
        outcome=outcome,
        ended=None if end is None else snapshot.time(end),
        posted=_bought(task, history.posted.awards),
        standing=() if outcome == "voided" else _bought(task, history.standing(bytes(32)).awards),
        panel=() if verdict is None else verdict.panel,
    )


def _step(snapshot: Snapshot, history: History, event: EventData) -> Step:
    name = event["event"]
    who, role, text = _words(snapshot, history, event)
    return Step(
        event=name,
        time=snapshot.time(event),
        block=event["blockNumber"],
        transaction=bytes(event["transactionHash"]),
        who=who,
        role=role,
        text=text,
        moved=tuple(movements(history, event)),
    )


def _words(snapshot: Snapshot, history: History, event: EventData) -> tuple[str, str, str]:
    """Return who did it, in which role, and what it was."""
    values = dict(event["args"])
    shown = {
        name: len(each) if isinstance(each, (list, tuple)) else each
        for name, each in values.items()
    }
    text = _DONE[event["event"]].format(**shown)
    for flag, words in _OUTCOMES.get(event["event"], {}).items():
        text += words[bool(values[flag])]
    role = _ROLES.get(event["event"])
    if role == "provider":
        return history.task.provider, role, text
    if role is not None:
        return values[role], role, text
    return snapshot.senders[bytes(event["transactionHash"])], "sender", text


_ROLES = {
    "TaskCreated": "provider",
    "ModelCommitted": "developer",
    "ModelRevealed": "developer",
    "ReportDisputed": "challenger",
    "AwardClaimed": "developer",
}
"""Who makes the call of an event, and the event's field; the others anybody may make."""
_DONE = {
    "TaskCreated": "posted the task, with its money in escrow",
    "ModelCommitted": "committed to submission {index}",
    "ModelRevealed": "revealed submission {index}",
    "RevealsClosed": "closed the reveals, which fixed the seed",
    "ReportPosted": "posted the report (signatures: {signers}, awards: {payouts})",
    "ReportDisputed": "disputed the report",
    "DisputeResolved": "posted the verdict of a panel of {panel} enclaves: ",
    "DisputeExpired": "ended the dispute without a verdict: ",
    "AwardClaimed": "delivered the model of submission {index}, and was paid",
    "TaskSettled": "settled the task",
    "TaskVoided": "voided the task, since no report stands",
    "ShareClaimed": "credited the developer of submission {index} with a share",
}
_OUTCOMES = {
    "DisputeResolved": {"upheld": ("the report is overturned", "the report is upheld")},
    "DisputeExpired": {"voided": ("the report stands", "the task is voided")},
}
"""The end of the sentence, by a field of the event that is False or True."""
