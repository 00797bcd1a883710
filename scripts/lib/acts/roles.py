"""The demo's developers and provider: they do, on-chain and off-chain, what they would for real."""

import secrets
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Any

from brownie import chain, web3

from offchain.developer.preparation import PreparedSubmission, prepare_submission
from offchain.protocol.artifacts import MODEL, TAG_BYTES, TEST_SET, decrypt_bytes, encrypt
from offchain.protocol.eip712 import Domain
from offchain.protocol.envelopes import delivery_info, unseal
from offchain.protocol.keys import public_key
from offchain.protocol.manifest import HiddenSet, Manifest
from offchain.protocol.messages import Bundle
from offchain.protocol.model_spec import ModelSpec
from offchain.protocol.release import key_commitment
from offchain.protocol.sample import Samples
from offchain.protocol.sample import pack as pack_samples
from offchain.protocol.task import Roster, RosterEntry, Submission, Task
from offchain.protocol.transcript import Reveal, Transcript
from offchain.provider.sealing import make_release
from offchain.storage.store import Store
from scripts.lib.local_chain import send

MAX_MODEL = 2**26
"""Bytes of the largest model that a provider opens."""


@dataclass
class Developer:
    """Has a model to sell, for one task."""

    name: str
    account: Any
    model: bytes = field(repr=False)
    min_price: int = 0
    entry: PreparedSubmission | None = None
    index: int = -1

    def commit(self, market: Any, task: Task, roster: Roster, domain: Domain) -> Any:
        """Prepare and commit; the receipt."""
        self.entry = prepare_submission(
            self.model,
            task,
            roster,
            domain,
            self.account.address,
            self.min_price,
            secrets.token_bytes(32),
            secrets.token_bytes(32),
        )
        reveal = self._reveal("")
        receipt = send(
            market.commit_model,
            task.id(domain),
            reveal.commitment(domain, task.id(domain)),
            account=self.account,
            value=task.commit_bond + task.entry_fee,
        )
        self.index = int(receipt.return_value)
        return receipt

    def reveal(self, market: Any, task_id: bytes, store: Store) -> Any:
        """Publish artifact and keyring, and reveal; the receipt."""
        entry = self._entry()
        store.put_bytes(entry.artifact)
        reveal = self._reveal(store.address(entry.submission.artifact_digest)[-255:])
        return send(
            market.reveal_model,
            task_id,
            self.index,
            entry.submission.to_abi(),
            entry.keyring_digest,
            entry.salt,
            reveal.uri,
            account=self.account,
        )

    def claim(self, market: Any, task: Task, award: int, payouts: list[int], signed: bytes) -> Any:
        """Deliver and be paid; the receipt."""
        entry = self._entry()
        return send(
            market.claim_award,
            task.id(Domain(chain.id, market.address)),
            award,
            task.token,
            payouts,
            signed,
            self.min_price,
            entry.payload,
            entry.envelope,
            account=self.account,
        )

    def _entry(self) -> PreparedSubmission:
        if self.entry is None:
            raise RuntimeError(f"{self.name} has not committed, expected `commit` before")
        return self.entry

    def _reveal(self, uri: str) -> Reveal:
        entry = self._entry()
        return Reveal(
            max(self.index, 0),
            self.account.address,
            entry.submission,
            entry.keyring_digest,
            entry.salt,
            uri,
        )


@dataclass
class Provider:
    """Buys models: hides a test set, posts tasks, releases the test set, opens what it bought."""

    account: Any
    store: Store
    delivery_private: bytes = field(default_factory=partial(secrets.token_bytes, 32), repr=False)
    test_set_secret: bytes = field(default_factory=partial(secrets.token_bytes, 32), repr=False)

    def hide(self, samples: Samples, spec: ModelSpec) -> HiddenSet:
        """Encrypt and store the test set; what the manifest says of it."""
        artifact = _sealed(pack_samples(samples, spec), self.test_set_secret)
        digest = self.store.put_bytes(artifact)
        return HiddenSet(len(samples.targets), digest, key_commitment(self.test_set_secret))

    def delivery_key(self) -> bytes:
        return public_key(self.delivery_private)

    def release(
        self,
        transcript: Transcript,
        manifest: Manifest,
        entries: dict[int, PreparedSubmission],
        to: RosterEntry,
    ) -> Bundle:
        """The bundle of one enclave, for a measurement of every revealed submission."""
        inventory = list(transcript.by_index)
        release = make_release(
            transcript, inventory, to.sealing_key, self.test_set_secret, secrets.token_bytes(32)
        )
        keyrings = {index: entries[index].keyring for index in inventory}
        return Bundle(transcript, manifest, release, keyrings)

    def open(self, task_id: bytes, submission: Submission, envelope: bytes) -> bytes:
        """Open the model that was bought, with its published envelope."""
        secret = unseal(self.delivery_private, delivery_info(task_id), envelope)
        artifact = self.store.fetch_bytes(submission.artifact_digest, MAX_MODEL + TAG_BYTES)
        return decrypt_bytes(artifact, secret, MODEL)


def _sealed(content: bytes, secret: bytes) -> bytes:
    sink = BytesIO()
    encrypt(BytesIO(content), sink, secret, TEST_SET)
    return sink.getvalue()


def read_transcript(market: Any, task: Task, roster: Roster, domain: Domain) -> Transcript:
    """Read a task's reveals and its seed's randomness from the market's events."""
    contract = web3.eth.contract(address=market.address, abi=market.abi)
    only = {"task_id": task.id(domain)}
    reveals = contract.events.ModelRevealed.get_logs(from_block=0, argument_filters=only)
    (closed,) = contract.events.RevealsClosed.get_logs(from_block=0, argument_filters=only)
    return Transcript(
        domain,
        task,
        roster,
        tuple(_reveal(log["args"]) for log in reveals),
        closed["args"]["prevrandao"],
        closed["args"]["parent_hash"],
    )


def _reveal(arguments: Any) -> Reveal:
    submission = arguments["submission"]
    return Reveal(
        arguments["index"],
        arguments["developer"],
        Submission(**{name: submission[name] for name in Submission.__dataclass_fields__}),
        arguments["keyring_digest"],
        arguments["salt"],
        arguments["uri"],
    )
