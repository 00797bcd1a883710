"""A task's stage, who can do what with it now and until when, and what it has paid.

The rules are those of ``interfaces/IModelMarket.vyi``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from offchain.chain.history import History
from offchain.chain.market import Market
from offchain.chain.progress import Stage, TaskProgress
from offchain.protocol.encoding import ZERO_ADDRESS


@dataclass(frozen=True)
class Act:
    """Something that a party can do with a task now.

    Args:
        call: function of the market.
        who: may call, in words.
        until: Unix seconds; None without a deadline.
        why: what it does, in words.
        command: line of golden-grain that makes the call, with ``TASK`` for the task's id, and in
            capitals what only the caller knows.
    """

    call: str
    who: str
    until: int | None
    why: str
    command: str

    def line(self, task_id: bytes) -> str:
        """Return the line for a task."""
        return f"golden-grain {self.command.replace('TASK', '0x' + task_id.hex())}"


@dataclass(frozen=True)
class Payment:
    """An amount that a task has paid or credited.

    Args:
        what: it was for, in words.
        to: address, or a word for several.
        token: address; zero is ether.
        amount: in units of the token.
    """

    what: str
    to: str
    token: str
    amount: int


def acts(history: History, progress: TaskProgress, now: int) -> list[Act]:
    """Return what can be done with a task in a block at this time.

    Args:
        history: of the task.
        progress: of the task.
        now: time of the block, in Unix seconds.
    """
    match progress.stage:
        case Stage.OPEN:
            return list(_open(history, progress, now))
        case Stage.CLOSED:
            return list(_closed(history, now))
        case Stage.REPORTED | Stage.FINAL:
            return list(_reported(progress, now))
        case Stage.DISPUTED:
            return list(_disputed(progress, now))
        case Stage.VOIDED:
            why = "credits a developer's share of fee and entry fees"
            revealed = f"anybody, for each of {progress.reveals} that revealed"
            if progress.reveals:
                return [Act("claim_share", revealed, None, why, "share TASK")]
    return []


def _open(history: History, progress: TaskProgress, now: int) -> Iterator[Act]:
    task = history.task
    if now < task.commit_deadline:
        if progress.commits < progress.max_submissions:
            line = "sell MODEL --task TASK --min-price AMOUNT"
            yield Act("commit_model", "developers", task.commit_deadline, "enters a model", line)
        return
    if now < task.reveal_deadline:
        left = progress.commits - progress.reveals
        if left:
            who = f"developers of the {left} entries that are not revealed"
            line = "reveal --task TASK"
            yield Act("reveal_model", who, task.reveal_deadline, "returns the bond", line)
        return
    if progress.reveals:
        yield Act("close_reveals", "anybody", None, "fixes the seed, so do not wait", "close TASK")
    if not progress.reveals or now >= task.report_deadline:
        yield _void()


def _closed(history: History, now: int) -> Iterator[Act]:
    deadline = history.task.report_deadline
    if now >= deadline:
        yield _void()
        return
    yield Act(
        "post_report",
        "anybody who has a report that the enclaves signed",
        deadline,
        "fixes scores and prices; enclaves need the provider's release before",
        "operate",
    )


def _void() -> Act:
    return Act("void", "anybody", None, "ends the task without a report", "void TASK")


def _reported(progress: TaskProgress, now: int) -> Iterator[Act]:
    opens, closes = progress.time_a, progress.time_b
    if now < opens:
        if progress.stage is Stage.REPORTED:
            yield Act(
                "dispute_report", "anybody, with a bond", opens, "calls for a panel", "dispute TASK"
            )
        return
    if progress.unclaimed and now < closes:
        who = f"developers of {len(progress.unclaimed)} awards"
        line = "claim --task TASK"
        yield Act("claim_award", who, closes, "delivers the model and is paid", line)
    else:
        yield Act("settle", "anybody", None, "returns what was not spent", "settle TASK")


def _disputed(progress: TaskProgress, now: int) -> Iterator[Act]:
    if now < progress.time_a:
        yield Act(
            "resolve_dispute",
            "anybody who has a verdict that the whole panel signed",
            progress.time_a,
            "decides what is bought",
            "verdict TASK SIGNATURE...",
        )
    else:
        yield Act(
            "expire_dispute", "anybody", None, "ends the dispute without a verdict", "verdict TASK"
        )


def payments(market: Market, task_id: bytes, history: History) -> list[Payment]:
    """Return what a task has paid or credited in confirmed blocks, in the order of the chain."""
    task = history.task
    made: list[Payment] = []
    for entry in market.events(task_id):
        values = entry["args"]
        match entry["event"]:
            case "AwardClaimed":
                what = f"submission {values['index']}"
                made.append(Payment(what, values["developer"], task.token, values["price"]))
            case "TaskSettled":
                made += [
                    Payment("unspent budget", task.provider, task.token, values["refund"]),
                    Payment("benchmark fee", "operators", task.token, values["fee"]),
                    Payment("entry fees and bonds", "operators", ZERO_ADDRESS, values["pot"]),
                ]
            case "TaskVoided":
                made += [
                    Payment("budget", task.provider, task.token, values["refund"]),
                    Payment(
                        "entry fees and bonds", task.provider, ZERO_ADDRESS, values["pot_refund"]
                    ),
                ]
            case "ShareClaimed":
                what, to = f"share of submission {values['index']}", values["developer"]
                made += [
                    Payment(what, to, task.token, values["fee_share"]),
                    Payment(what, to, ZERO_ADDRESS, values["pot_share"]),
                ]
    return [each for each in made if each.amount]
