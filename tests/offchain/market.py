"""A whole sale without a chain: the parties' keys, their files, and what a host would hand over.

Models are tables of probabilities for every row of the test set, in JSON, and `run` looks them up
by the row number that stands in each input: what is tested with them is the protocol.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from io import BytesIO
from typing import Any

import numpy as np
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

from offchain.enclave.benchmark import Array, Tools
from offchain.enclave.enclave import Enclave
from offchain.enclave.models.runner import Predictions, SecondPass
from offchain.enclave.models.sandbox import Confinement
from offchain.protocol.artifacts import MODEL, TEST_SET, encrypt
from offchain.protocol.eip712 import Domain
from offchain.protocol.envelopes import delivery_envelope, keyring_info, make_keyring
from offchain.protocol.errors import InvalidModel, ModelFault, RunStopped
from offchain.protocol.keys import public_key
from offchain.protocol.manifest import HiddenSet, Manifest, Selection
from offchain.protocol.messages import Bundle
from offchain.protocol.model_spec import ModelLimits, ModelSpec, Output
from offchain.protocol.pricing import Knot
from offchain.protocol.release import Release, key_commitment
from offchain.protocol.sample import Samples, pack
from offchain.protocol.task import RosterEntry, Submission, Task, roster_digest
from offchain.protocol.transcript import Reveal, Transcript
from offchain.provider.sealing import make_release
from offchain.storage.store import Store
from tests.vectors.generate import DOMAIN, address, signing_key, word

ROWS, SAMPLE = 40, 20
TARGETS = np.arange(ROWS) % 2
SPEC = ModelSpec((1,), Output.PROBABILITIES, 2)
CONFINED = Confinement(0, True, True, True)
STORE = Store("memory://artifacts")


def table(wrong: Sequence[int] = (), sure: float = 0.9) -> list[list[float]]:
    """Probabilities: ``sure`` for the right class, but for the rows that are wrong."""
    right = [int(target) ^ (row in wrong) for row, target in enumerate(TARGETS)]
    return [[sure, 1 - sure] if label == 0 else [1 - sure, sure] for label in right]


def model(wrong: Sequence[int] = (), **extra: Any) -> bytes:
    """A model's bytes. ``extra``: other ``plain`` or ``optimised``, ``refuse``, ``abort``."""
    return json.dumps({"plain": table(wrong)} | extra).encode()


def run(
    model: bytes,
    samples: Array,
    spec: ModelSpec,
    limits: ModelLimits,
    *,
    submission: int,
    second: SecondPass | None = None,
) -> Predictions:
    content = json.loads(model)
    if "refuse" in content:
        raise InvalidModel(ModelFault(content["refuse"]), "as the model says")
    if "abort" in content:
        raise RunStopped(submission, "killed")
    rows = samples[:, 0].astype(int)
    plain, optimised = (
        np.array(content.get(name, content["plain"]))[rows] for name in ("plain", "optimised")
    )
    part = slice(0) if second is None else second.order[: second.part]
    if second and second.part < len(rows) and second.agrees(optimised, plain[part]):
        return Predictions(optimised, None, CONFINED)
    return Predictions(optimised, plain, CONFINED)


TOOLS = Tools(STORE, run)


@dataclass(frozen=True)
class Offer:
    """An offer of a developer, and where it departs from the rules."""

    model: bytes = field(default_factory=model)
    min_price: int = 0
    secret: bytes | None = None
    submission: dict[str, Any] = field(default_factory=dict)
    """Digests that are committed instead of the right ones."""
    keyring: bytes | None = None


@dataclass(frozen=True)
class Market:
    """A task whose reveals are closed, as the chain shows it, with the secrets of all parties."""

    transcript: Transcript
    manifest: Manifest
    enclaves: tuple[Enclave, ...]
    keyrings: dict[int, bytes]
    key: bytes
    """The test set's."""

    def release(self, enclave: Enclave, inventory: Sequence[int] | None = None) -> Release:
        inventory = list(self.transcript.by_index) if inventory is None else inventory
        sealing_key = enclave.identity.sealing_key
        ephemeral = word(f"ephemeral for {sealing_key.hex()}")
        return make_release(self.transcript, inventory, sealing_key, self.key, ephemeral)

    def bundle(self, enclave: Enclave, inventory: Sequence[int] | None = None) -> Bundle:
        release = self.release(enclave, inventory)
        return Bundle(self.transcript, self.manifest, release, self.keyrings)


def enclaves(count: int = 4, boot: int = 0) -> tuple[Enclave, ...]:
    """Enclaves by rising signing key; another boot has other keys."""
    made = [
        Enclave(signing_key(name), word(f"sealing key of {name}"))
        for name in (f"enclave {i} boot {boot}" for i in range(count))
    ]
    return tuple(sorted(made, key=lambda enclave: enclave.identity.signing_key.lower()))


def key_of(enclave: Enclave) -> PrivateKey:
    """The signing key of one of `enclaves`, for those that a test lets out of their TEE."""
    keys = (signing_key(f"enclave {i} boot {boot}") for i in range(16) for boot in range(2))
    addresses = {key.public_key.to_checksum_address(): key for key in keys}
    return addresses[enclave.identity.signing_key]


def make_manifest(key: bytes, **changes: Any) -> Manifest:
    samples = Samples(np.arange(ROWS, dtype=np.float32)[:, None], TARGETS)
    digests = put(pack(samples, SPEC), key, TEST_SET)
    manifest = Manifest(
        description="parity of a row's number",
        metric="accuracy",
        model=SPEC,
        limits=ModelLimits(),
        test_set=HiddenSet(ROWS, digests[1], key_commitment(key)),
        sample_size=SAMPLE,
        selection=Selection.ENSEMBLE,
        minimum_gain=1_000,
    )
    return replace(manifest, **changes)


def make_task(roster: Sequence[RosterEntry], manifest: Manifest, **changes: Any) -> Task:
    task = Task(
        provider=address("provider"),
        token="0x" + 40 * "0",
        budget=5_000_000,
        benchmark_fee=1,
        max_awards=3,
        benchmark=manifest.digest(),
        measurement=word("measurement"),
        roster=roster_digest(roster),
        quorum=1,
        tolerance=2_000,
        min_stake=1,
        delivery_key=public_key(word("delivery key")),
        max_submissions=100,
        commit_bond=0,
        entry_fee=0,
        commit_deadline=1,
        reveal_deadline=2,
        report_deadline=3,
        dispute_window=4,
        verdict_window=5,
        claim_window=6,
        nonce=7,
        curve=(Knot(1, 1), Knot(1_000_000, 1_000_000)),
    )
    return replace(task, **changes)


def make_market(
    offers: Sequence[Offer],
    *,
    domain: Domain = DOMAIN,
    boot: int = 0,
    order: Sequence[int] | None = None,
    manifest: dict[str, Any] | Manifest | None = None,
    prevrandao: bytes = bytes(32),
    elsewhere: Sequence[RosterEntry] = (),
    **task: Any,
) -> Market:
    """Offers are committed in their order, and revealed in ``order``.

    Args:
        elsewhere: enclaves of the roster that are not in this process.
        manifest: one for the key ``word("test set")``, or changes of `make_manifest`'s.
        task: changes of `make_task`'s.
    """
    key = word("test set")
    document = manifest if isinstance(manifest, Manifest) else make_manifest(key, **manifest or {})
    panel = enclaves(3 * task.get("quorum", 1) + 1, boot)
    here = tuple(enclave.identity for enclave in panel)
    roster = tuple(sorted((*here, *elsewhere), key=lambda entry: entry.signing_key.lower()))
    terms = make_task(roster, document, **task)
    reveals, keyrings = {}, {}
    for index, offer in enumerate(offers):
        reveals[index], keyrings[index] = reveal(domain, terms, roster, index, offer)
    transcript = Transcript(
        domain=domain,
        task=terms,
        roster=roster,
        reveals=tuple(reveals[index] for index in order or reveals),
        prevrandao=prevrandao,
        parent_hash=word("parent hash"),
    )
    return Market(transcript, document, panel, keyrings, key)


def reveal(
    domain: Domain, task: Task, roster: tuple[RosterEntry, ...], index: int, offer: Offer
) -> tuple[Reveal, bytes]:
    """The reveal and the keyring of a developer."""
    task_id = task.id(domain)
    secret = word(f"key {index} {task_id.hex()}") if offer.secret is None else offer.secret
    plaintext, artifact = put(offer.model, secret, MODEL)
    envelope = delivery_envelope(secret, task_id, task.delivery_key)
    submission = replace(
        Submission(plaintext, artifact, keccak(envelope), offer.min_price), **offer.submission
    )
    developer = address(f"developer {index}")
    info = keyring_info(domain, task_id, developer, submission.digest())
    keyring = make_keyring(secret, info, roster) if offer.keyring is None else offer.keyring
    salt = word(f"salt {index}")
    made = Reveal(index, developer, submission, keccak(keyring), salt, f"memory://{index}")
    return made, keyring


def put(content: bytes, secret: bytes, label: str) -> tuple[bytes, bytes]:
    """Encrypts into the store; gives both digests."""
    sink = BytesIO()
    digests = encrypt(BytesIO(content), sink, secret, label)
    assert STORE.put_bytes(sink.getvalue()) == digests.artifact
    assert sha256(content).digest() == digests.plaintext
    return digests.plaintext, digests.artifact
