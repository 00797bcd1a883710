"""Release of the test set to enclaves, once the reveals are final on the provider's own node."""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.pool import ThreadPool

from offchain.chain.history import History
from offchain.chain.market import Market
from offchain.chain.registry import Registered, Registry
from offchain.protocol.errors import GoldenGrainError, StorageError
from offchain.protocol.release import MAX_INVENTORIES, Release, key_commitment
from offchain.protocol.reports import StopNotice, recover
from offchain.protocol.task import RosterEntry, Task
from offchain.protocol.transcript import Transcript
from offchain.provider.sealing import make_release
from offchain.storage.publications import (
    Inventory,
    PublicationFolder,
    ResultsFolder,
    TaskDocuments,
)
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
        releases use the same inventory, and those to a panel the report's. Until a report is
        posted, submissions can be left out of a next one, a few times.

        Args:
            task_id: bytes32.
            signing_keys: of the enclaves; when empty, as many active ones as the quorum needs.
            without: submissions to leave out.

        Raises:
            RevealsNotFinal: the reveals are not closed with enough confirmations.
            SubmissionsMissing: something revealed cannot be fetched, is not in ``without``, and
                there is time until `last_call`; or nothing at all can be fetched.
            ValueError: documents, key, inventory or enclaves do not belong to the task.
        """
        history, documents, transcript = self._read(task_id)
        inventory = yield from self._inventory(history, documents, transcript, without)
        chosen = yield from self._choose(transcript, signing_keys)
        yield from self._seal(transcript, inventory, chosen)

    def next_release(self, task_id: bytes, spares: int = 0) -> Iterator[str]:
        """Release what a report still needs; yield lines about each step.

        To be called again and again until a report is posted, from the first release on. A
        submission is left out of the next inventory when the kernel or the clock ended its runs on
        active enclaves of more operators than the quorum: no fewer can shut a developer out.
        Enclaves of other operators get the test set until a quorum is not known to be stopped
        (docs/SPEC.md, "Stopped models"). An enclave measures nothing again that it has a result
        for. The operators' notices are read from the folders that they announced.

        Args:
            task_id: bytes32.
            spares: operators beside the quorum that get the test set at once, in case some stay
                silent.

        Raises:
            RevealsNotFinal, SubmissionsMissing, ValueError: as `release`.
        """
        history, documents, transcript = self._read(task_id)
        if history.posted is not None:
            return
        registry, quorum = Registry(self.market.node, self.market.registry), transcript.task.quorum
        active = registry.active(transcript.roster, transcript.task.measurement)
        uris, owners = registry.endpoints(), {known.operator for known in active.values()}
        announced = [uris[operator] for operator in sorted(owners & uris.keys())]
        notices = yield from read_notices(task_id, announced, local=self.sources.local)
        stopped = yield from stopped_by_operator(transcript, active, notices)
        without = agreed(stopped.values(), quorum)
        known = self.folder.inventories(task_id)
        if not known:
            yield from warnings(active, quorum)
        newest = set(known[-1].indices) if known else set()
        if without & newest and (len(known) == MAX_INVENTORIES or without >= newest):
            what = "all submissions" if without >= newest else f"submissions {sorted(without)}"
            yield (
                f"warning: {what} stop, and no next inventory is allowed: further enclaves are "
                "asked, and without their report only `golden-grain void` is left, which gives "
                "the budget back from the report deadline on"
            )
            without = set()
        inventory = yield from self._inventory(history, documents, transcript, without)
        releases = {entry: self.folder.release(task_id, entry.signing_key) for entry in active}
        wanted = quorum + spares
        chosen, missing = next_enclaves(active, releases, inventory.indices, stopped, wanted)
        if missing:
            yield f"warning: {missing} more active enclaves are wanted for a report"
        yield from self._seal(transcript, inventory, chosen)

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

    def _inventory(
        self,
        history: History,
        documents: TaskDocuments,
        transcript: Transcript,
        without: Collection[int],
    ) -> Generator[str, None, Inventory]:
        """Return the inventory to release, which is written if it is new."""
        known, posted = self.folder.inventories(transcript.task_id), history.posted
        if known:
            inventory = known[-1]
        else:
            inventory = yield from self._fix_inventory(documents, transcript, without)
        if posted is not None:
            fitting = (
                each
                for each in known
                if transcript.inventory_digest(each.indices) == posted.inventory
            )
            inventory = next(fitting, inventory)
        elif set(without) & set(inventory.indices):
            rest = tuple(index for index in inventory.indices if index not in without)
            inventory = replace(inventory, indices=rest)
            self.folder.put_inventory(inventory)
            yield f"next inventory of {len(rest)} submissions"
        self._check(inventory, transcript, history, without)
        return inventory

    def _seal(
        self, transcript: Transcript, inventory: Inventory, chosen: Iterable[RosterEntry]
    ) -> Iterator[str]:
        for entry in chosen:
            earlier = self.folder.release(transcript.task_id, entry.signing_key)
            if earlier is not None and earlier.inventory == inventory.indices:
                yield f"released before to {entry.signing_key}"
                continue
            release = make_release(
                transcript, inventory.indices, entry.sealing_key, self.secret, self.random(32)
            )
            self.folder.put_release(release, entry.signing_key)
            yield f"released to {entry.signing_key}"

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


def read_notices(
    task_id: bytes, uris: Collection[str], *, local: bool
) -> Generator[str, None, list[StopNotice]]:
    """Return the stop notices of a task in operators' folders, all asked at the same time.

    Yields a warning for a folder that cannot be read.

    Args:
        task_id: bytes32.
        uris: that the operators announced; untrusted.
        local: follow URIs that point into this machine.
    """

    def read(uri: str) -> StopNotice | Exception | None:
        try:
            return ResultsFolder.of_stranger(uri, local=local).notice(task_id)
        except (OSError, ValueError) as error:
            return error

    notices = []
    if uris:
        with ThreadPool(len(uris)) as pool:
            for uri, found in zip(uris, pool.imap(read, uris), strict=True):
                if isinstance(found, Exception):
                    yield f"warning: no notice from {uri}: {found}"
                elif found is not None:
                    notices.append(found)
    return notices


def stopped_by_operator(
    transcript: Transcript,
    active: Mapping[RosterEntry, Registered],
    notices: Iterable[StopNotice],
) -> Generator[str, None, dict[str, set[int]]]:
    """Return what was stopped on the enclaves of each operator, by signed notices.

    Yields a warning for a notice that nobody in the roster signed.

    Args:
        transcript: of the task.
        active: enclaves of its roster that may sign now.
        notices: untrusted. A notice counts for its signer, whoever publishes it.
    """
    operators = {entry.signing_key: known.operator for entry, known in active.items()}
    stopped: dict[str, set[int]] = {}
    for notice in notices:
        try:
            signer = signer_of(notice, transcript)
        except ValueError as error:
            yield f"warning: notice that does not fit: {error}"
            continue
        if signer in operators:
            stopped.setdefault(operators[signer], set()).update(notice.stopped)
        else:
            yield f"warning: notice signed by {signer}, expected an active enclave"
    return stopped


def signer_of(notice: StopNotice, transcript: Transcript) -> str:
    """Return the checksummed address of the enclave that signed a notice.

    Raises:
        ValueError: the notice does not fit the transcript, or no key fits the signature.
    """
    return recover(notice.digest(transcript, notice.stopped), notice.cosignature)


def agreed(stopped: Iterable[Collection[int]], quorum: int) -> set[int]:
    """Return the submissions that were stopped on enclaves of more operators than the quorum."""
    votes = Counter(index for each in stopped for index in set(each))
    return {index for index, count in votes.items() if count > quorum}


def next_enclaves(
    active: Mapping[RosterEntry, Registered],
    releases: Mapping[RosterEntry, Release | None],
    inventory: tuple[int, ...],
    stopped: Mapping[str, Collection[int]],
    wanted: int,
) -> tuple[list[RosterEntry], int]:
    """Return the enclaves to release to next, and how many are missing beside them.

    With them, enclaves of as many operators as are wanted have a release on the inventory and are
    not known to be stopped by it. First come enclaves that were stopped by what is left out now:
    they have all other scores and signed no report. Enclaves that had a release and were not
    stopped may have signed on an earlier inventory.

    Args:
        active: enclaves of the roster that may sign now.
        releases: the last one to each of them.
        inventory: the newest.
        stopped: submissions by operator, as by `stopped_by_operator`.
        wanted: number of operators, at least the quorum.
    """
    served, able, ranked = set[str](), set[str](), list[tuple[int, RosterEntry]]()
    for entry, known in active.items():
        release, ended = releases[entry], stopped.get(known.operator, ())
        blocked = not set(ended).isdisjoint(inventory)
        if release is not None and release.inventory == inventory:
            served.add(known.operator)
            able |= set() if blocked else {known.operator}
        elif blocked:
            ranked.append((3, entry))
        elif release is None:
            ranked.append((1, entry))
        else:
            ranked.append((0 if ended else 2, entry))
    ranked.sort(key=lambda each: each[0])
    rest = {entry: active[entry] for _, entry in ranked if active[entry].operator not in served}
    missing = max(wanted - len(able), 0)
    chosen = one_for_each_operator(rest)[:missing]
    return chosen, missing - len(chosen)


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
