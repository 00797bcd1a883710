"""Release of the test set to enclaves, once the reveals are final on the provider's own node."""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace

from offchain.chain.history import History
from offchain.chain.market import Market
from offchain.chain.registry import Registered, Registry
from offchain.protocol.errors import GoldenGrainError, StorageError
from offchain.protocol.release import key_commitment, make_release
from offchain.protocol.task import RosterEntry, Task
from offchain.protocol.transcript import Transcript
from offchain.storage.publications import Inventory, PublicationFolder, TaskDocuments
from offchain.storage.submissions import SubmissionSources, fetch_submissions

PROGRESS_INTERVAL = 20
"""Number of submissions between two lines about progress."""


class RevealsNotFinal(GoldenGrainError, RuntimeError):
    """The reveals are not closed, or not with enough confirmations."""


class SubmissionsMissing(GoldenGrainError, RuntimeError):
    """Submissions that were revealed cannot be fetched; nothing was written.

    Args:
        reasons: for each index, developer and URI with what was tried.
        until: time until which a release waits for them, in Unix seconds.
    """

    def __init__(self, reasons: Mapping[int, str], until: int) -> None:
        super().__init__(reasons, until)
        self.reasons = reasons
        self.until = until

    def __str__(self) -> str:
        options = " ".join(f"--without {index}" for index in self.reasons)
        return "\n".join(
            (
                *self.reasons.values(),
                f"nothing is released without them yet; {options} leaves them out for good",
            )
        )


def last_call(task: Task) -> int:
    """Return when a release goes on without what cannot be fetched, in Unix seconds.

    A third of the time to report is left for the measurement: two hours at least.
    """
    return task.report_deadline - (task.report_deadline - task.reveal_deadline) // 3


@dataclass(frozen=True)
class TestSetRelease:
    """A provider's tool that fixes a task's inventory and seals the test set's key to enclaves.

    Args:
        market: on the provider's own node.
        folder: local folder with the task's documents, where releases are published.
        sources: stores of submissions.
        secret: the test set's key, 32 bytes.
        random: function that returns a number of random bytes.
    """

    market: Market
    folder: PublicationFolder
    sources: SubmissionSources
    secret: bytes = field(repr=False)
    random: Callable[[int], bytes]

    def release(
        self, task_id: bytes, signing_keys: Collection[str] = (), without: Collection[int] = ()
    ) -> Iterator[str]:
        """Release the test set to enclaves of the roster; yield lines about each step.

        The first release fixes the inventory, and writes it to disk before a key is sealed. Later
        releases, for example to a panel, use the same inventory. Until a report is posted, models
        that the kernel or the clock ended can be left out of a next one, a few times. An enclave
        that has measured them measures nothing again.

        Args:
            task_id: bytes32.
            signing_keys: of the enclaves; when empty, as many active ones as the quorum needs.
            without: submissions to leave out, such as those whose runs were stopped.

        Raises:
            RevealsNotFinal: the reveals are not closed with enough confirmations.
            SubmissionsMissing: something revealed cannot be fetched, is not in ``without``, and
                there is time until `last_call`; or nothing at all can be fetched.
            ValueError: documents, key, inventory or enclaves do not belong to the task.
        """
        history, documents, transcript = self._read(task_id)
        inventory = self.folder.inventory(task_id)
        if inventory is None:
            inventory = yield from self._fix_inventory(documents, transcript, without)
        elif set(without) & set(inventory.indices) and history.posted is None:
            rest = tuple(index for index in inventory.indices if index not in without)
            inventory = replace(inventory, indices=rest)
            self.folder.put_inventory(inventory)
            yield f"next inventory of {len(rest)} submissions"
        self._check(inventory, transcript, history, without)
        chosen = yield from self._choose(transcript, signing_keys)
        for entry in chosen:
            earlier = self.folder.release(task_id, entry.signing_key)
            if earlier is not None and earlier.inventory == inventory.indices:
                yield f"released before to {entry.signing_key}"
                continue
            release = make_release(
                transcript, inventory.indices, entry.sealing_key, self.secret, self.random(32)
            )
            self.folder.put_release(release, entry.signing_key)
            yield f"released to {entry.signing_key}"

    def _read(self, task_id: bytes) -> tuple[History, TaskDocuments, Transcript]:
        history, documents = self.market.history(task_id), self.folder.documents(task_id)
        if history is None or history.randomness is None:
            confirmations = self.market.node.confirmations
            raise RevealsNotFinal(
                f"reveals of task 0x{task_id.hex()} are not closed with {confirmations} "
                "confirmations"
            )
        if documents is None:
            raise ValueError(f"no documents.json of task 0x{task_id.hex()} in {self.folder.url}")
        documents.check(history.task)
        commitment = documents.manifest.test_set.key_commitment
        if key_commitment(self.secret) != commitment:
            raise ValueError(
                f"key is not the one that the manifest commits to: 0x{commitment.hex()}"
            )
        return history, documents, self.market.transcript(history, documents.roster)

    def _fix_inventory(
        self, documents: TaskDocuments, transcript: Transcript, without: Collection[int]
    ) -> Generator[str, None, Inventory]:
        unknown = sorted(set(without) - transcript.by_index.keys())
        if unknown:
            raise ValueError(f"submissions {unknown} were not revealed, expected others to leave")
        wanted = [index for index in transcript.by_index if index not in without]
        available, missing = [], {}
        found = fetch_submissions(transcript, wanted, documents.manifest, self.sources)
        for done, (index, outcome) in enumerate(found, 1):
            if isinstance(outcome, StorageError):
                reveal = transcript.by_index[index]
                missing[index] = (
                    f"submission {index} of {reveal.developer} is not at {reveal.uri!r}: {outcome}"
                )
            else:
                available.append(index)
            if done % PROGRESS_INTERVAL == 0:
                yield f"fetched {done} of {len(wanted)} submissions"
        until, now = last_call(transcript.task), self.market.now()
        if missing and (now < until or not available):
            raise SubmissionsMissing(missing, until)
        for reason in missing.values():
            yield f"warning: left out for good, as time is up: {reason}"
        inventory = Inventory(transcript.task_id, transcript.seed, tuple(available))
        self.folder.put_inventory(inventory)
        yield f"inventory of {len(available)} out of {len(transcript.by_index)} submissions"
        return inventory

    def _check(
        self,
        inventory: Inventory,
        transcript: Transcript,
        history: History,
        without: Collection[int],
    ) -> None:
        digest = transcript.inventory_digest(inventory.indices)
        if (inventory.task_id, inventory.seed) != (transcript.task_id, transcript.seed):
            raise ValueError(
                f"inventory for seed 0x{inventory.seed.hex()}, expected 0x{transcript.seed.hex()}"
            )
        if history.posted is not None and history.posted.inventory != digest:
            raise ValueError(
                f"inventory 0x{digest.hex()}, expected 0x{history.posted.inventory.hex()} of the "
                "posted report"
            )
        both = sorted(set(without) & set(inventory.indices))
        if both:
            raise ValueError(
                f"submissions {both} are in the inventory that was released, expected the same "
                "inventory for all"
            )

    def _choose(
        self, transcript: Transcript, signing_keys: Collection[str]
    ) -> Generator[str, None, list[RosterEntry]]:
        task, roster = transcript.task, transcript.roster
        registry = Registry(self.market.node, self.market.registry)
        active = registry.active(roster, task.measurement)
        yield from warnings(active, task.quorum)
        if not signing_keys:
            return one_for_each_operator(active)[: task.quorum]
        by_key = {entry.signing_key: entry for entry in roster}
        for key in signing_keys:
            if key not in by_key:
                raise ValueError(f"enclave {key}, expected one of {', '.join(by_key)}")
            if by_key[key] not in active:
                yield f"warning: {key} is not active and cannot sign"
        return [by_key[key] for key in signing_keys]


def one_for_each_operator(active: dict[RosterEntry, Registered]) -> list[RosterEntry]:
    """Return the first enclave of each operator, in the order given: an operator signs once."""
    firsts: dict[str, RosterEntry] = {}
    for entry, known in active.items():
        firsts.setdefault(known.operator, entry)
    return list(firsts.values())


def warnings(active: dict[RosterEntry, Registered], quorum: int) -> Iterator[str]:
    """Yield a warning when the active enclaves are too few for a report or for a panel."""
    operators, panel = len(one_for_each_operator(active)), 2 * quorum + 1
    if operators < quorum:
        yield f"warning: active enclaves of {operators} operators, a report needs {quorum}"
    elif operators < quorum + panel:
        yield (
            f"warning: active enclaves of {operators} operators, a report and its panel need "
            f"{quorum + panel}: a dispute would get no verdict"
        )
