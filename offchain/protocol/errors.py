"""The family of errors of the off-chain code: `GoldenGrainError` is the root of all of them.

==================== ================================================================ =============
error                meaning                                                          who must act
==================== ================================================================ =============
`InvalidRequest`     an enclave refuses a request or a file of its host               the host
`InvalidModel`       a model breaks a rule of its task: becomes its result            its developer
`InvalidSubmission`  a submission breaks a rule around its model: becomes its result  its developer
`QuoteRejected`      a quote, certificate or revocation list does not verify          the operator
`RunAborted`         the environment failed: no result, and nothing is signed         the operator
`RunStopped`         kernel or clock ended a model's run: others keep their scores    the provider
`StorageError`       bytes are unavailable, or do not hash to their digest            the host
`DeviceError`        the TEE's attestation interface returns no quote                 the operator
`SandboxError`       the process of a model cannot be confined                        the operator
`ServiceError`       an enclave's service is unreachable, or failed                   the operator
`EnvelopeError`      an envelope does not open under a key                            the caller
`DecryptionError`    key, label or bytes are not those of the encryption              the caller
`RevealsNotFinal`    the reveals are not closed with enough confirmations             the provider
`SubmissionsMissing` revealed submissions cannot be fetched, and there is still time  the provider
`Refused`            a command does not do what it was asked for                      its user
==================== ================================================================ =============

A result (`InvalidModel`, `InvalidSubmission`) depends on committed bytes alone and must be the same
on every machine. An abort depends on a machine. The two must never be confused: a result is signed,
an abort is not.

This module imports nothing but the standard library, because the child process that runs a model
loads it for every model.
"""

from enum import StrEnum
from typing import Final

DETAIL_LENGTH: Final = 300
"""Maximum length in characters of the detail of an `InvalidModel`: an attacker's model can choose
the names in it."""


class GoldenGrainError(Exception):
    """Root of all errors that this project raises on purpose."""


# ── The host's request ──


class RequestFault(StrEnum):
    """Reasons why an enclave refuses a request of its host."""

    MALFORMED = "malformed"
    """JSON of another form than expected, or a value that no honest party sends."""
    ANOTHER_TASK = "another task"
    ANOTHER_ROUND = "another round"
    ANOTHER_MANIFEST = "another manifest"
    TOO_LARGE = "too large"
    """The task allows more than this machine has."""
    ANOTHER_SEED = "another seed"
    ANOTHER_INVENTORY = "another inventory"
    ANOTHER_ENCLAVE = "another enclave"
    """The roster, or the envelope, does not name this enclave's keys."""
    TEST_SET_ENVELOPE = "test-set envelope"
    """An envelope that does not open with this enclave's key and the values it is bound to."""
    TEST_SET_KEY = "test-set key"
    """Another key than the one that the manifest commits to."""
    TEST_SET = "test set"
    """Bytes without the digest or the format that the manifest states."""
    ARTIFACT = "artifact"
    """Uploaded bytes that do not hash to the digest in the path, or are too many."""
    NOT_MEASURED = "not measured"
    """A report of a task and round that this enclave has not measured."""
    MEASURED_OTHERWISE = "measured otherwise"
    """This enclave has measured the task and round already, on another transcript or inventory."""
    ANOTHER_REPORT = "another report"
    """A proposal that does not lead to the report that the host expects."""
    SIGNED_OTHERWISE = "signed otherwise"
    """This enclave has signed another report of the task and round."""
    SCORES = "scores"
    """A proposed score further from this enclave's than the tolerance, or another fault."""
    SELECTION = "selection"
    """Proposed choices that this enclave's measurement does not support."""
    RESULTS = "results"
    """Results that are not one for every revealed submission, by rising index."""
    POSTED = "posted report"
    """A report without a quorum of the roster's signatures, or one that this enclave signed."""
    TOO_MANY_PROPOSALS = "too many proposals"
    """A proposal after this enclave has refused many others of the task and round."""


class InvalidRequest(GoldenGrainError, ValueError):
    """The enclave refuses a request of its host; nothing is signed.

    Args:
        reason: machine-readable reason.
        detail: the bad value and what was expected; never a secret.
    """

    def __init__(self, reason: RequestFault, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


def expect_digest(reason: RequestFault, name: str, value: bytes, expected: bytes) -> None:
    """Refuse a digest that is not the expected one.

    Raises:
        InvalidRequest: names both digests.
    """
    if value != expected:
        raise InvalidRequest(reason, f"{name} 0x{value.hex()}, expected 0x{expected.hex()}")


# ── The developer's submission ──


class ModelFault(StrEnum):
    """Reasons why a model has no score. The values are part of results files and never change."""

    UNREADABLE = "unreadable"
    """A file that is not a valid ONNX model."""
    TOO_LARGE = "too-large"
    """More bytes, messages or nodes than the task allows."""
    EXTERNAL_DATA = "external-data"
    """A tensor that is stored outside the file."""
    UNSUPPORTED_OP = "unsupported-op"
    """An ONNX op, domain, opset or construct outside the allow-list."""
    INPUT = "input"
    """Anything but one input of the task's shape and type, with a free batch dimension."""
    OUTPUT = "output"
    """No output of the shape and type that the task specifies."""
    SHAPE = "shape"
    """A value whose shape cannot be inferred from the input's."""
    MEMORY = "memory"
    """More memory than the task allows."""
    WORK = "work"
    """More operations than the task allows."""
    RUNTIME = "runtime"
    """A model that the runtime refuses, or that fails on valid input."""
    NOT_FINITE = "not-finite"
    """A prediction that is NaN or infinite."""
    NOT_PROBABILITIES = "not-probabilities"
    """A row of probabilities that is not a distribution over the classes."""
    UNKNOWN_LABEL = "unknown-label"
    """A predicted label that is none of the classes."""


class InvalidModel(GoldenGrainError):
    """A model breaks a rule of its task; the reason becomes the submission's result.

    Args:
        reason: the result.
        detail: the bad value and what was expected; cut at `DETAIL_LENGTH` characters.
    """

    def __init__(self, reason: ModelFault, detail: str) -> None:
        super().__init__(reason, detail[:DETAIL_LENGTH])
        self.reason = reason
        self.detail = detail[:DETAIL_LENGTH]

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class SubmissionFault(StrEnum):
    """Reasons other than its model why a submission has no score. The values are part of results
    files and never change."""

    NOT_IN_INVENTORY = "not-in-inventory"
    """The provider did not have its artifact, and released no test set to measure it."""
    KEYRING = "keyring"
    """A keyring that does not seal the submission's key to every enclave of the roster."""
    ENVELOPE = "envelope"
    """A committed delivery envelope that is not the one computed from the submission's key."""
    ARTIFACT = "artifact"
    """An artifact that the submission's key does not decrypt."""
    MODEL_DIGEST = "model-digest"
    """A decrypted file with another digest than the committed one."""
    DUPLICATE = "duplicate"
    """The model, artifact or envelope of an earlier submission that has a score."""
    UNSTABLE = "unstable"
    """A score that moves by more than three times the tolerance between the run with runtime
    optimisations and the run without them, which takes the samples in another order."""


class InvalidSubmission(GoldenGrainError):
    """A submission breaks a rule around its model; ``reason`` becomes its result."""

    def __init__(self, reason: SubmissionFault) -> None:
        super().__init__(reason)
        self.reason = reason


# ── The environment ──


class RunAborted(GoldenGrainError):
    """The environment failed: there is no result, and nothing may be signed.

    Args:
        submission: index of the submission whose run was aborted.
        cause: the failure in words.
    """

    def __init__(self, submission: int, cause: str) -> None:
        super().__init__(submission, cause)
        self.submission = submission
        self.cause = cause

    def __str__(self) -> str:
        return f"run of submission {self.submission} aborted: {self.cause}"


class RunStopped(RunAborted):
    """Kernel or clock ended the runs of models on this machine; the scores of others are kept.

    Args:
        submission: index of the first of them.
        cause: its end in words.
        others: indices of the others.
        notice: the enclave's `offchain.protocol.reports.StopNotice`, or None before it is signed.
    """

    def __init__(
        self, submission: int, cause: str, others: tuple[int, ...] = (), notice: object = None
    ) -> None:
        super().__init__(submission, cause)
        self.args = (submission, cause, others, notice)
        self.others = others
        self.notice = notice


class StorageError(GoldenGrainError):
    """The bytes with a digest are not available from a place.

    Args:
        place: a URL or a path.
        wanted: the name of the hash function and the digest.
        cause: the failure in words.
    """

    def __init__(self, place: str, wanted: str, cause: str) -> None:
        super().__init__(f"{place}: {cause}; wanted {wanted}")


# ── Attestation ──


class DeviceError(GoldenGrainError, RuntimeError):
    """The attestation interface of a TEE returns no quote."""
