"""Opening of bought models: decryption, check of their digests, measurement on the whole test set.

A claim publishes the delivery envelope, which only the provider's delivery key opens. What it holds
is the key of an encrypted model that the developer committed to before the seed was known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offchain.chain.history import Claim, History
from offchain.chain.packing import award_of
from offchain.enclave.benchmark import Run, read
from offchain.protocol import metrics
from offchain.protocol.artifacts import MODEL, TAG_BYTES, decrypt_bytes
from offchain.protocol.eip712 import Domain
from offchain.protocol.envelopes import delivery_info, unseal
from offchain.protocol.errors import InvalidModel, RunAborted, StorageError
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.sample import Samples
from offchain.protocol.transcript import Reveal
from offchain.storage.files import write_bytes
from offchain.storage.submissions import SubmissionSources, keep_artifact

Outputs = NDArray[Any]


@dataclass(frozen=True)
class BoughtModel:
    """A model that was bought, or why it is not there.

    Args:
        index: of the submission.
        developer: address.
        price: paid, in units of the task's token.
        paid_score: the score that the price follows from, in ppm.
        file: of the model, or None.
        whole_score: on the whole test set, in ppm, or None.
        problem: why there is no file or no score, or None.
    """

    index: int
    developer: str
    price: int
    paid_score: int
    file: Path | None = None
    whole_score: int | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Delivery:
    """Models that a provider bought in a task.

    Args:
        models: in the order of the claims.
        team_score: of the mean of all outputs on the whole test set, in ppm; None unless the task
            buys a team and all of it was measured.
        unclaimed: prices by index of awards that nobody claimed.
    """

    models: tuple[BoughtModel, ...]
    team_score: int | None = None
    unclaimed: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelOpening:
    """A provider's tool that opens the models of a task.

    Args:
        domain: of the market.
        task_id: bytes32.
        manifest: of the task.
        private: the private delivery key, 32 bytes.
        sources: stores of submissions; ``keep`` is the provider's own.
        folder: where the models are written.
    """

    domain: Domain
    task_id: bytes
    manifest: Manifest
    private: bytes = field(repr=False)
    sources: SubmissionSources
    folder: Path

    def open(self, history: History, claim: Claim) -> Path:
        """Write a model that was delivered, checked by its digest; return its file.

        A file that is there already with the right digest is left as it is.

        Raises:
            StorageError: nobody has the encrypted model, or its digest is another.
            ValueError: the envelope or the artifact does not open, or holds another model.
            OSError: the file cannot be written.
        """
        reveal = _reveal_of(history, claim.index)
        expected = reveal.submission.model_digest
        file = self.folder / f"model-{claim.index}.onnx"
        if file.is_file() and sha256(file.read_bytes()).digest() == expected:
            return file
        secret = unseal(self.private, delivery_info(self.task_id), claim.envelope)
        digest = reveal.submission.artifact_digest
        limit, keep = self.manifest.limits.model_bytes + TAG_BYTES, self.sources.keep
        keep_artifact(digest, limit, self.sources.at(reveal.uri), keep)
        model = decrypt_bytes(keep.fetch_bytes(digest, limit), secret, MODEL)
        found = sha256(model).digest()
        if found != expected:
            raise ValueError(f"model with sha256 0x{found.hex()}, expected 0x{expected.hex()}")
        self.folder.mkdir(parents=True, exist_ok=True)
        write_bytes(file, model)
        return file

    def deliver(self, history: History, samples: Samples | None, run: Run) -> Delivery:
        """Open every model that was claimed, and measure it.

        Args:
            history: of the task.
            samples: the whole test set, or None if it or its key is lost.
            run: runs a model, as an enclave does.
        """
        if history.posted is None:
            return Delivery(())
        record = history.record(self.domain)
        awards = [award_of(word) for word in record.payouts]
        scores = {award.index: award.score for award in awards}
        models: list[BoughtModel] = []
        outputs: list[Outputs] = []
        for claim in history.claims:
            bought = BoughtModel(claim.index, claim.developer, claim.price, scores[claim.index])
            models.append(self._measured(history, claim, bought, samples, run, outputs.append))
        claimed = {claim.index for claim in history.claims}
        rest = {index: price for index, price in record.prices.items() if index not in claimed}
        team = None
        if samples is not None and self._is_team(models, outputs):
            mean = np.mean([each.astype(np.float64) for each in outputs], axis=0)
            team = self._score(samples, mean)
        return Delivery(tuple(models), team, rest)

    def _is_team(self, models: list[BoughtModel], outputs: list[Outputs]) -> bool:
        ensemble = self.manifest.selection is Selection.ENSEMBLE
        return ensemble and bool(outputs) and len(outputs) == len(models)

    def _measured(
        self,
        history: History,
        claim: Claim,
        bought: BoughtModel,
        samples: Samples | None,
        run: Run,
        keep: Callable[[Outputs], None],
    ) -> BoughtModel:
        values = dict(vars(bought))
        try:
            values["file"] = file = self.open(history, claim)
        except (StorageError, ValueError, OSError) as error:
            return BoughtModel(**values | {"problem": f"cannot be opened: {error}"})
        if samples is None:
            return BoughtModel(**values | {"problem": "not measured: no test set at hand"})
        try:
            outputs = self._outputs(file.read_bytes(), samples, run, claim.index)
            values["whole_score"] = self._score(samples, outputs)
        except (InvalidModel, RunAborted, ValueError) as error:
            return BoughtModel(**values | {"problem": f"not measured: {error}"})
        keep(outputs)
        return BoughtModel(**values)

    def _outputs(self, model: bytes, samples: Samples, run: Run, index: int) -> Outputs:
        """Return a model's outputs on all samples, in parts of the size that it was made for."""
        size, manifest = self.manifest.sample_size, self.manifest
        parts = []
        for start in range(0, len(samples.targets), size):
            inputs = samples.inputs[start : start + size]
            found = run(model, inputs, manifest.model, manifest.limits, submission=index)
            parts.append(read(found.optimised, manifest.model))
        return np.concatenate(parts)

    def _score(self, samples: Samples, outputs: Outputs) -> int:
        wide = outputs.astype(np.float64) if outputs.dtype.kind == "f" else outputs
        return metrics.score(self.manifest.metric, samples.targets, wide, samples.weights)


def _reveal_of(history: History, index: int) -> Reveal:
    return next(each for each in history.reveals if each.index == index)
