"""Runs in a child process: its answers, its ends, and the submission that an abort names."""

import pickle
import threading
from dataclasses import replace

import numpy as np
import pytest

from offchain.enclave.benchmark import read
from offchain.enclave.models.processes import CHILD, Zygote
from offchain.enclave.models.runner import Predictions, RunLimits, run_model
from offchain.protocol.errors import InvalidModel, ModelFault, RunAborted, RunStopped
from offchain.protocol.model_spec import ModelLimits, ModelSpec
from tests.offchain.enclave.models import onnx_files
from tests.offchain.enclave.models.onnx_files import (
    CLASSES,
    FEATURES,
    LABELS,
    LIMITS,
    PROBABILITIES,
    VALUES,
    constant,
    file,
    node,
)

RUN_LIMITS = RunLimits(wall_seconds=120, cpu_seconds=60)
SUBMISSION = 7


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return np.random.default_rng(0).random((100, FEATURES), np.float32)


def run(
    model: bytes,
    samples: np.ndarray,
    spec: ModelSpec = VALUES,
    limits: ModelLimits = LIMITS,
    run_limits: RunLimits = RUN_LIMITS,
    child: tuple[str, ...] | None = None,
    **options: object,
) -> Predictions:
    return run_model(
        model, samples, spec, limits, run_limits, SUBMISSION, child_program=child, **options
    )


def played(role: str) -> tuple[str, ...]:
    return ("-m", "tests.offchain.enclave.models.children", role)


# ── Predictions ──


def test_run_model__values__are_the_models(samples):
    result = run(onnx_files.honest(), samples)
    assert result.plain.dtype == np.float64
    np.testing.assert_allclose(result.plain, samples.mean(axis=1), rtol=1e-6)
    np.testing.assert_array_equal(result.plain, result.optimised)
    assert result.confinement.complete


@pytest.mark.parametrize("batch_rows", [1, 7, 100, 1000])
def test_run_model__last_batch_is_filled_up__same_predictions(samples, batch_rows):
    result = run(onnx_files.honest(), samples, limits=replace(LIMITS, batch_rows=batch_rows))
    np.testing.assert_allclose(result.plain, samples.mean(axis=1), rtol=1e-6)


def test_run_model__labels_and_probabilities__have_their_forms(samples):
    labels = run(onnx_files.linear(), samples, LABELS).plain
    scores = run(onnx_files.linear(), samples, PROBABILITIES).plain
    assert (labels.dtype, labels.shape) == (np.int64, (100,))
    assert (scores.dtype, scores.shape) == (np.float64, (100, CLASSES))
    np.testing.assert_array_equal(labels, scores.argmax(axis=1))


def test_run_model__twice__is_the_same_bit_for_bit(samples):
    first, second = (run(onnx_files.chaotic(), samples, PROBABILITIES) for _ in range(2))
    np.testing.assert_array_equal(first.plain, second.plain)
    np.testing.assert_array_equal(first.optimised, second.optimised)


# Holds S-90.
def test_run_model__chaotic__differs_with_optimisations(samples):
    result = run(onnx_files.chaotic(), samples, LABELS)
    assert (result.plain != result.optimised).mean() > 0.05


def test_run_model__quantised__is_computed_in_floats_in_both_passes():
    """onnxruntime's kernels of integers would saturate on some processors, 20 steps away."""
    samples = np.random.default_rng(1).random((2000, FEATURES), np.float32)
    result = run(onnx_files.quantised(), samples, PROBABILITIES)
    np.testing.assert_array_equal(result.plain, result.optimised)


def test_run_model__looks_at_neighbours__differs_in_another_order(samples):
    """In a test set sorted by class, an attacker's model could infer a class from neighbours."""
    pool = node("AveragePool", ["rows"], ["near"], kernel_shape=[5], pads=[2, 2])
    nodes = [
        node("ReduceMean", ["x", "last"], ["m"]),
        node("Reshape", ["m", "row"], ["rows"]),
        pool,
        node("Reshape", ["near", "column"], ["y"]),
    ]
    constants = [onnx_files.LAST, constant("row", [1, 1, -1]), constant("column", [-1])]
    result = run(file(nodes, constants), np.sort(samples, axis=0))
    own = np.sort(samples, axis=0).mean(axis=1)
    assert np.abs(result.optimised - own).mean() < 0.01 < np.abs(result.plain - own).mean()


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((10, FEATURES + 1), np.float32), ((0, FEATURES), np.float32), ((10, FEATURES), np.float64)],
)
def test_run_model__samples_of_another_form__is_an_error_of_the_caller(shape, dtype):
    with pytest.raises(ValueError, match=r"^samples of "):
        run(onnx_files.honest(), np.zeros(shape, dtype))


# ── The model's own faults ──


def refused(model: bytes, samples: np.ndarray, **options: object) -> ModelFault:
    with pytest.raises(InvalidModel) as refusal:
        run(model, samples, **options)
    return refusal.value.reason


def test_run_model__refused_by_static_checks__has_that_reason(samples):
    assert refused(b"garbage", samples) is ModelFault.UNREADABLE
    assert refused(onnx_files.asks_for(2**29), samples) is ModelFault.MEMORY
    assert refused(onnx_files.endless(), samples) is ModelFault.UNSUPPORTED_OP
    assert refused(onnx_files.outside("../x"), samples) is ModelFault.EXTERNAL_DATA


def test_run_model__larger_than_allowed__is_refused_unsent(samples):
    limits = replace(LIMITS, model_bytes=10)
    silent = played("silent")  # would not answer
    assert refused(bytes(11), samples, limits=limits, child=silent) is ModelFault.TOO_LARGE


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("spec", [LABELS, PROBABILITIES])
def test_run_model__output_not_finite__is_a_reason(samples, value, spec):
    """Scores behind labels must be finite too: the argmax of NaN would be a label."""
    weights = constant("w", np.zeros((FEATURES, CLASSES)), np.float32)
    bad = constant("bad", [0, value, 0], np.float32)
    model = file(
        [node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "bad"], ["y"])], [weights, bad]
    )
    with pytest.raises(InvalidModel) as caught:
        read(run(model, samples, spec).plain, spec)
    assert caught.value.reason is ModelFault.NOT_FINITE


def test_run_model__runtime_fails_on_valid_input__is_a_reason(samples):
    model = file([node("Gather", ["x", "i"], ["y"], axis=1)], [constant("i", 100)])
    assert refused(model, samples) is ModelFault.RUNTIME


def test_run_model__shape_of_an_operator_let_in__is_checked_at_run_time(samples):
    nodes = [
        node("NonZero", ["x"], ["found"]),
        node("Cast", ["found"], ["cast"], to=1),
        node("Flatten", ["cast"], ["y"], axis=0),
    ]
    limits = replace(LIMITS, extra_ops=("NonZero",))
    assert refused(file(nodes), samples, limits=limits) is ModelFault.OUTPUT


# ── The environment's faults ──


def aborted(model: bytes, samples: np.ndarray, **options: object) -> str:
    with pytest.raises(RunAborted) as abort:
        run(model, samples, **options)
    assert abort.value.submission == SUBMISSION
    assert str(abort.value).startswith(f"run of submission {SUBMISSION} aborted: ")
    return abort.value.cause


QUICK = replace(LIMITS, operations=10**6)  # its work adds nothing to the limits of time
LOOPS = replace(QUICK, extra_ops=("Loop",))


def test_run_model__endless_loop__is_killed_at_its_deadline(samples):
    limits = RunLimits(wall_seconds=1.5, cpu_seconds=30)
    cause = aborted(onnx_files.endless(), samples, limits=LOOPS, run_limits=limits)
    assert cause == "deadline of 1.5096 s passed"


def test_run_model__endless_loop__is_killed_at_its_cpu_limit(samples):
    limits = RunLimits(wall_seconds=120, cpu_seconds=1)
    cause = aborted(onnx_files.endless(), samples, limits=LOOPS, run_limits=limits)
    assert cause.endswith("killed by SIGXCPU")


def test_run_model__memory_beyond_what_was_proven__is_an_abort():
    """Only the limit of the address space stops a loop that doubles its value 40 times."""
    model = onnx_files.doubling_loop(40)
    samples = np.ones((10, FEATURES), np.float32)
    cause = aborted(model, samples, limits=LOOPS)
    assert cause.endswith("killed by SIGABRT, as when it is out of memory")


@pytest.mark.parametrize(
    ("role", "cause"),
    [
        ("dead", "exit code 1 cannot import a thing"),
        ("killed", "killed by SIGKILL"),
        ("crashed", "killed by SIGABRT"),
        ("short", "stream ended after 100 of 800 bytes"),
    ],
)
def test_run_model__child_ends__is_an_abort(samples, role, cause):
    assert cause in aborted(onnx_files.honest(), samples, child=played(role))


@pytest.mark.parametrize(
    ("role", "fault"),
    [
        ("garbage", "message of 4294967295 bytes"),
        ("unreasonable", "'dislike' is not a valid ModelFault"),
        ("forgetful", "out of memory: std::bad_alloc"),
        ("nested", "message of 65536 brackets, expected 400 at most"),
        ("wordless", "doesn't apply to a 'list' object"),
        ("halved", "surrogates not allowed"),
        ("raising", "ArithmeticError in the process of the model"),
    ],
)
def test_run_model__child_misbehaves__is_an_abort_that_quotes_nothing_of_it(samples, role, fault):
    with pytest.raises(RunStopped) as abort:
        run(onnx_files.honest(), samples, child=played(role))
    assert abort.value.cause == "the process of the model broke the protocol"
    assert fault in str(abort.value.__cause__)


def test_run_model__silent_child__is_killed_at_its_deadline(samples):
    options = {"limits": QUICK, "run_limits": RunLimits(wall_seconds=0.5)}
    cause = aborted(onnx_files.honest(), samples, child=played("silent"), **options)
    assert cause == "deadline of 0.5096 s passed"


def test_run_model__child_that_never_stops_talking__is_cut_off(samples):
    result = run(onnx_files.honest(), samples, child=played("endless"))
    np.testing.assert_array_equal(result.plain, np.zeros(100))


@pytest.mark.parametrize("role", ["noisy", "printing"])
def test_run_model__libraries_print_at_length__changes_nothing(samples, role):
    result = run(onnx_files.honest(), samples, child=played(role))
    np.testing.assert_allclose(result.plain, samples.mean(axis=1), rtol=1e-6)


def test_run_model__process_of_the_model__writes_no_core_file(samples):
    """The flag is lost when a program starts, so the child sets its own."""
    with pytest.raises(InvalidModel, match=r"dumpable 0, core files \(0, 0\)"):
        run(onnx_files.honest(), samples, child=played("flagged"))


def test_run_model__refused_before_samples_are_read__has_that_reason():
    samples = np.zeros((100_000, FEATURES), np.float32)
    assert refused(onnx_files.honest(), samples, child=played("deaf")) is ModelFault.UNSUPPORTED_OP


@pytest.mark.parametrize("child", [None, CHILD])
def test_run_model__no_child__is_an_abort(samples, monkeypatch, child):
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    options = {"child": child, "zygote": Zygote()}
    assert aborted(onnx_files.honest(), samples, **options).startswith("no child process: ")


@pytest.mark.parametrize("role", ["unconfined", "networked"])
def test_run_model__sandbox_does_not_hold__fails_closed(samples, role):
    expected = r"the sandbox is incomplete, expected all denied: Confinement\("
    with pytest.raises(RunAborted, match=expected) as abort:
        run(onnx_files.honest(), samples, child=played(role))
    assert not isinstance(abort.value, RunStopped)  # the machine's fault, not a model's


def test_run_model__sandbox_not_required__runs_and_says_so(samples):
    limits = replace(RUN_LIMITS, require_sandbox=False)
    result = run(onnx_files.honest(), samples, child=played("unconfined"), run_limits=limits)
    assert not result.confinement.complete
    np.testing.assert_allclose(result.plain, samples.mean(axis=1), rtol=1e-6)


def test_run_model__from_several_threads__each_has_its_own_child(samples):
    results: dict[int, np.ndarray] = {}

    def work(shift: int) -> None:
        results[shift] = run(onnx_files.honest(), samples + np.float32(shift)).plain

    threads = [threading.Thread(target=work, args=(shift,)) for shift in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for shift, values in results.items():
        np.testing.assert_allclose(values, samples.mean(axis=1) + shift, rtol=1e-6)
    assert sorted(results) == [0, 1, 2, 3]


@pytest.mark.parametrize("error", [InvalidModel(ModelFault.WORK, "much"), RunAborted(3, "killed")])
def test_pickle__refusal_or_abort__survives(error):
    """Workers of a cluster send both errors pickled."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), copy.args, str(copy)) == (type(error), error.args, str(error))


@pytest.mark.parametrize("lines", [False, True])
def test_run_model__text_with_a_hidden_value__stays_in_the_child(samples, lines):
    """A model that asks for as much memory as an input says tries to print it by the failure."""
    secret = 123_456_789
    inputs = np.full((10, FEATURES), np.float32(secret))
    nodes = [
        node("ReduceMax", ["x"], ["most"], keepdims=0),
        node("Cast", ["most"], ["count"], to=7),
        node("Mul", ["count", "much"], ["size"]),
        node("Reshape", ["size", "one"], ["shape"]),
        node("ConstantOfShape", ["shape"], ["huge"])
        if lines
        else node("Range", ["zero", "size", "unit"], ["huge"]),
        node("NonZero", ["huge"], ["found"]),
        node("Cast", ["found"], ["cast"], to=1),
        node("Flatten", ["cast"], ["y"], axis=0),
    ]
    constants = [
        constant("much", 2**20),
        constant("one", [1]),
        constant("zero", 0),
        constant("unit", 1),
    ]
    admitted = ("ConstantOfShape", "NonZero", "Range")
    limits = replace(LIMITS, extra_ops=admitted)
    cause = aborted(file(nodes, constants), inputs, limits=limits)
    assert cause in (
        "stream ended after 0 of 4 bytes, killed by SIGABRT, as when it is out of memory",
        "out of memory in the process of the model",
    )
