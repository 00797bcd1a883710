"""A developer's own result: its proof against the posted report, and the reason in full."""

from collections.abc import Callable
from dataclasses import dataclass

from offchain.chain.result_proofs import extract
from offchain.developer.reasons import IN_FULL
from offchain.enclave.models.static import check_model
from offchain.protocol.encoding import MAX_SCORE
from offchain.protocol.errors import InvalidModel, ModelFault, SubmissionFault
from offchain.protocol.manifest import Manifest, Selection
from offchain.protocol.pricing import Award, Candidate, price, walk
from offchain.protocol.reports import Report
from offchain.protocol.results import Result, Results
from offchain.protocol.transcript import Transcript

OWN_FAULTS = frozenset(
    {
        SubmissionFault.KEYRING,
        SubmissionFault.ENVELOPE,
        SubmissionFault.ARTIFACT,
        SubmissionFault.MODEL_DIGEST,
    }
)
"""Reasons that follow from the entry alone; `Entry` is made by the same functions."""

STATIC = frozenset(
    {
        ModelFault.UNREADABLE,
        ModelFault.TOO_LARGE,
        ModelFault.EXTERNAL_DATA,
        ModelFault.UNSUPPORTED_OP,
        ModelFault.INPUT,
        ModelFault.OUTPUT,
        ModelFault.SHAPE,
        ModelFault.MEMORY,
        ModelFault.WORK,
    }
)
"""Reasons that follow from the model and the manifest alone, so that `check_model` finds them."""


@dataclass(frozen=True)
class Opinion:
    """What a developer thinks of its own result.

    Args:
        text: the result in words, with the remedy.
        result: the proven result, or None when no results file is at hand.
        is_wrong: True if the result contradicts what everybody can compute, so that an honest
            panel would find otherwise.
    """

    text: str
    result: Result | None = None
    is_wrong: bool = False


def own_result(report: Report, results: Results, transcript: Transcript, index: int) -> Result:
    """Return the result of a submission, once its Merkle proof leads to the posted root.

    Raises:
        ValueError: the file lacks the submission, or its entry is of another leaf or not proven.
    """
    try:
        proof = extract(results, index)
    except KeyError as error:
        raise ValueError(f"the results lack submission {index}") from error
    if proof.entry.leaf != transcript.leaves[index] or not proof.proves(report.results):
        raise ValueError(f"the result of submission {index} is not part of the posted report")
    return proof.entry.result


def judge(
    result: Result,
    results: Results,
    report: Report,
    transcript: Transcript,
    manifest: Manifest,
    model: bytes,
    amount: Callable[[int], str],
) -> Opinion:
    """Judge a developer's own result by all that follows without the hidden data.

    Args:
        result: of `own_result`.
        results: the file that it is from.
        report: that was posted.
        transcript: of the task.
        manifest: of the task.
        model: content of the own ONNX file.
        amount: turns units of the token into text.
    """
    index, task = result.index, transcript.task
    if result.reason is not None:
        return _judge_reason(result, transcript, manifest, model)
    score = result.score or 0
    worth = price(task.curve, score)
    said = f"score {score / MAX_SCORE:.6f}, worth {amount(worth)}"
    bought = {award.index for award in report.awards}
    if index in bought:
        return Opinion(f"{said}: bought", result)
    wanted = transcript.by_index[index].submission.min_price
    if worth == 0:
        return Opinion(f"{said}: below the first score that is paid for", result)
    if worth < wanted:
        return Opinion(f"{said}, below your min price of {amount(wanted)}: not bought", result)
    if manifest.selection is Selection.ENSEMBLE and index not in report.choices:
        return Opinion(
            f"{said}: not bought, since it adds less than {manifest.minimum_gain:,} ppm to the "
            "team that was chosen, or the team is full",
            result,
        )
    if index in {award.index for award in _awards(results, report, transcript, manifest)}:
        return Opinion(
            f"{said}: not bought, although the rules buy it at these scores", result, True
        )
    return Opinion(f"{said}: better models take all {task.max_awards} awards or the budget", result)


def _judge_reason(
    result: Result, transcript: Transcript, manifest: Manifest, model: bytes
) -> Opinion:
    reason = result.reason
    if isinstance(reason, ModelFault):
        text = f"no score: {reason}. {IN_FULL[reason]}"
        if reason not in STATIC:
            return Opinion(f"{text} It depends on the hidden samples", result)
        try:
            check_model(model, manifest.model, manifest.limits, manifest.sample_size)
        except InvalidModel as refusal:
            return Opinion(f"{text} Your own check finds the same: {refusal}", result)
        return Opinion(f"{text} Your own check finds no such fault", result, True)
    if reason is SubmissionFault.DUPLICATE:
        twin = _twin(result.index, transcript)
        if twin is None:
            return Opinion(
                f"no score: {reason}, but no earlier submission is like it", result, True
            )
        return Opinion(f"no score: {reason} of submission {twin}: {IN_FULL[reason]}", result)
    if reason is None:
        raise ValueError(f"result {result} has a score, expected a reason")
    text = f"no score: {reason}: {IN_FULL[reason]}"
    if reason in OWN_FAULTS:
        return Opinion(f"{text} Your own files do not have that fault", result, True)
    return Opinion(text, result)


def _twin(index: int, transcript: Transcript) -> int | None:
    own = transcript.by_index[index].submission
    for other, reveal in transcript.by_index.items():
        each = reveal.submission
        if other < index and (
            each.model_digest == own.model_digest
            or each.artifact_digest == own.artifact_digest
            or each.envelope_digest == own.envelope_digest
        ):
            return other
    return None


def _awards(
    results: Results, report: Report, transcript: Transcript, manifest: Manifest
) -> tuple[Award, ...]:
    task = transcript.task
    members = set(report.choices) if manifest.selection is Selection.ENSEMBLE else None
    candidates = (
        Candidate(
            each.result.index,
            each.result.score,
            transcript.by_index[each.result.index].submission.min_price,
        )
        for each in results.entries
        if each.result.score is not None
        and each.result.index in transcript.by_index
        and (members is None or each.result.index in members)
    )
    return walk(task.curve, task.budget, task.max_awards, candidates)
