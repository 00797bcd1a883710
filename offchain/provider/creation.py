"""Creation of a task: its draft is written first, then published and read back, and then escrowed.

A draft is all that a task's id follows from. It is written before anything is sent, so that the
same command sends the same task again, of which the market takes one. A draft ends only with its
commit deadline: from then on no transaction that an earlier run has sent can create it.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic.dataclasses import dataclass as checked_dataclass
from web3.exceptions import ContractLogicError

from offchain.chain.history import NONE
from offchain.chain.market import Market
from offchain.chain.refusals import Refused, reason_of
from offchain.chain.tokens import balance_of, token_at
from offchain.chain.transactions import Sender
from offchain.protocol.artifacts import TEST_SET, decrypt_bytes
from offchain.protocol.encoding import STRICT, ZERO_ADDRESS
from offchain.protocol.errors import StorageError
from offchain.protocol.manifest import Manifest
from offchain.protocol.release import key_commitment
from offchain.protocol.sample import Samples, artifact_bytes, unpack
from offchain.protocol.task import Task
from offchain.storage.private_folder import PrivateFolder
from offchain.storage.publications import PublicationFolder, TaskDocuments
from offchain.storage.store import RetryPolicy, Store
from offchain.storage.submissions import keep_artifact
from offchain.storage.untrusted import public_store

DELIVERY_KEY, TEST_SET_KEY, DRAFT = "delivery.key", "test-set.key", "draft.json"
PUBLISHED = "published"
"""Files of a task in the provider's private folder: keys, draft, and where it publishes."""
QUICK = RetryPolicy(seconds=20, attempts=2, total=120)
"""How long a file is waited for that the provider itself has just published."""


@checked_dataclass(frozen=True, config=STRICT)
class Draft:
    """A task that is about to be created, with its documents."""

    task: Task
    documents: TaskDocuments


@dataclass(frozen=True)
class Drafts:
    """The drafts of one line of a command, in a private folder; at most one of them can be a task.

    Args:
        market: on the provider's own node.
        folder: of this line alone.
    """

    market: Market
    folder: PrivateFolder

    def current(self) -> Draft | None:
        """Return the draft that is a task, or may become one; None if a new one can be made."""
        newest = self._all()[-1:]
        if newest and (self.market.now() < newest[0].task.commit_deadline or self._is_task(newest)):
            return newest[0]
        return None

    def write(self, draft: Draft) -> None:
        """Write a draft after the others, and sync it."""
        self.folder.write_value(f"draft-{len(self._all())}.json", draft)

    def _is_task(self, newest: Sequence[Draft]) -> bool:
        return self.market.stage(newest[0].task.id(self.market.domain)) != NONE

    def _all(self) -> list[Draft]:
        found: list[Draft] = []
        while draft := self.folder.read_value(Draft, f"draft-{len(found)}.json"):
            found.append(draft)
        return found


@dataclass(frozen=True)
class TaskCreation:
    """A provider's tool that publishes a task's files and escrows its money, each step once.

    Args:
        market: on the provider's own node.
        sender: the provider's account.
        draft: of the task.
        folder: where the provider publishes.
        uri: where strangers find that folder, at most 256 bytes.
        local: the URI may point into this machine; for local chains only.
    """

    market: Market
    sender: Sender
    draft: Draft
    folder: PublicationFolder
    uri: str
    local: bool = False

    @property
    def task(self) -> Task:
        """The task."""
        return self.draft.task

    @property
    def task_id(self) -> bytes:
        """The id of the task, bytes32."""
        return self.task.id(self.market.domain)

    @property
    def escrow(self) -> int:
        """Units of the token that the market takes."""
        return self.task.budget + self.task.benchmark_fee

    def exists(self) -> bool:
        """Return True once the task is on the chain, in its latest block."""
        return self.market.stage(self.task_id) != NONE

    def check_balance(self) -> None:
        """Refuse when the account has less than the escrow.

        Raises:
            Refused: names both amounts, in units of the token.
        """
        has = balance_of(self.market.node.web3, self.task.token, self.sender.address)
        if has < self.escrow:
            raise Refused(
                f"{self.sender.address} has {has} units of token {self.task.token}, expected "
                f"{self.escrow} for budget and benchmark fee; nothing was sent"
            )

    def publish(self, sources: Sequence[Store]) -> None:
        """Publish documents and encrypted test set.

        Args:
            sources: stores of which one has the encrypted test set.

        Raises:
            Refused: none of the stores has it.
            OSError: the folder cannot be written.
        """
        manifest, store = self.draft.documents.manifest, Store(self.folder.url)
        digest = manifest.test_set.artifact_digest
        try:
            keep_artifact(digest, artifact_bytes(manifest), [store, *sources], store)
        except StorageError as error:
            raise Refused(
                f"the encrypted test set is missing: {error}; name its store with --test-set"
            ) from error
        self.folder.put_documents(self.task_id, self.draft.documents)

    def read_back(self) -> None:
        """Read from the URI what was published, as a stranger would, and check it.

        Raises:
            Refused: it is not there, is another, or the URI leads nowhere that strangers follow.
        """
        uri, documents = self.uri, self.draft.documents
        try:
            found = PublicationFolder.of_stranger(uri, local=self.local).documents(self.task_id)
            store = Store(uri, QUICK) if self.local else public_store(uri, QUICK)
            digest = documents.manifest.test_set.artifact_digest
            with tempfile.TemporaryFile() as sink:
                store.fetch(digest, artifact_bytes(documents.manifest), sink)
        except (OSError, ValueError, StorageError) as error:
            raise Refused(
                f"a stranger cannot read {uri!r}: {error}. Nothing was sent; publish the folder "
                f"{self.folder.url} there, and run this again"
            ) from error
        if found != documents:
            raise Refused(
                f"{uri}/0x{self.task_id.hex()}/documents.json is missing or another, expected the "
                f"one in {self.folder.url}: nothing was sent; publish it, and run this again"
            )

    def allow(self) -> Iterator[str]:
        """Let the market take exactly the escrow; yield a line about each transaction."""
        if self.task.token == ZERO_ADDRESS:
            return
        functions = token_at(self.market.node.web3, self.task.token).functions
        market = self.market.contract.address
        allowed = functions.allowance(self.sender.address, market).call()
        if allowed >= self.escrow:
            return
        if allowed:  # some tokens, such as USDT, change no allowance but from and to zero
            self.sender.send(functions.approve(market, 0))
        self.sender.send(functions.approve(market, self.escrow))
        yield f"allowed the market to take {self.escrow} units of {self.task.token}"

    def send(self) -> Iterator[str]:
        """Create the task, unless it exists; yield a line about it.

        Raises:
            ContractLogicError: the market or the token refuses, with the reason.
        """
        if self.exists():
            yield "the task exists already: nothing is sent again"
            return
        yield from self.allow()
        value = self.escrow if self.task.token == ZERO_ADDRESS else 0
        call = self.market.contract.functions.create_task(self.task.to_abi(), self.uri)
        try:
            self.sender.send(call, value)
        except ContractLogicError as error:
            if reason_of(error) != "task exists" and not self.exists():
                raise
        yield "task created"


def open_test_set(manifest: Manifest, artifact: bytes, secret: bytes) -> Samples:
    """Return the samples of an encrypted test set, which proves that the key is the right one.

    Raises:
        Refused: the key is another, or does not open the test set.
    """
    if len(secret) != 32 or key_commitment(secret) != manifest.test_set.key_commitment:
        raise Refused(
            "the test set's key is not the one that the manifest commits to: without it nobody can "
            "measure, and only `golden-grain void` is left"
        )
    try:
        content = decrypt_bytes(artifact, secret, TEST_SET)
        return unpack(
            content, manifest.test_set.samples, manifest.model, manifest.test_set.weighted
        )
    except ValueError as error:
        raise Refused(f"the encrypted test set does not open: {error}") from error
