"""Details of refusals: they say why, and hold nothing of the hidden samples, whatever a model does.

`Hostile` stands for a process that its model has taken over and that holds the hidden samples.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from offchain.enclave.benchmark import Array, Tools
from offchain.enclave.models.runner import Predictions, RunLimits, run_model
from offchain.protocol.encoding import from_json, to_json
from offchain.protocol.errors import DETAIL_LENGTH, InvalidModel, ModelFault, RunStopped
from offchain.protocol.messages import RunId, RunStage
from offchain.protocol.model_spec import ModelLimits, ModelSpec
from offchain.protocol.results import Detail, Results
from tests.offchain.enclave.models.onnx_files import constant, file, node
from tests.offchain.enclave.service.served import client_of
from tests.offchain.market import ROWS, STORE, TOOLS, Market, Offer, make_market, model, run

TABLE = constant("t", np.eye(2)[[0, 1] * 3], np.float32)


def onnx(*nodes: Any, table: TensorProto = TABLE) -> bytes:
    """Return a model from the row's number, shape (N, 1), to two probabilities."""
    flat = [node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("Squeeze", ["i", "one"], ["n"])]
    one = constant("one", [1], np.int64)
    return file([*flat, *nodes], [table, one], input_shape=("N", 1))


PRINTS = onnx(node("Gather", ["t", "n"], ["y"], axis=0))
"""The runtime's error quotes the value that is out of range: a number of a hidden row."""
LOOPS = onnx(node("NonZero", ["n"], ["z"]), node("Gather", ["t", "z"], ["y"]))
LARGE = onnx(
    node("ConstantOfShape", ["many"], ["big"]), node("Gather", ["t", "n"], ["y"]),
    table=constant("t", np.zeros((6, 2)), np.float32),
)  # fmt: skip


def details(market: Market, tools: Tools) -> dict[int, str]:
    enclave, task_id = market.enclaves[0], market.transcript.task_id
    enclave.measure(market.bundle(enclave), tools)
    signed = enclave.cosign(task_id, 0, enclave.propose(task_id, 0), bytes(32))
    assert from_json(Results, to_json(signed.file)) == signed.file
    return {each.index: each.text for each in signed.file.details}


def test_results_file__model_that_the_static_checks_refuse__says_why() -> None:
    real = replace(TOOLS, run=partial(run_model, run_limits=RunLimits()))
    market = make_market([Offer(LOOPS), Offer(b"no model"), Offer(onnx())])
    found = details(market, real)
    assert found[0].startswith("op 'NonZero' of domain ")
    assert set(found) == {0, 1, 2}


def test_results_file__error_of_the_runtime_that_quotes_an_input__is_not_in_it() -> None:
    real = replace(TOOLS, run=partial(run_model, run_limits=RunLimits()))
    market = make_market([Offer(PRINTS)])
    enclave = market.enclaves[0]
    rows = np.arange(ROWS, dtype=np.float32)[:, None]
    with pytest.raises(InvalidModel, match=r"idx=.* must be within") as quoted:
        real.run(PRINTS, rows, market.manifest.model, market.manifest.limits, submission=0)
    assert quoted.value.reason is ModelFault.RUNTIME
    assert details(market, real) == {}
    (result,) = enclave.propose(market.transcript.task_id, 0).results
    assert result.reason is ModelFault.RUNTIME


def hostile(end: Callable[[str], Exception]) -> Tools:
    """Return tools whose processes put all of their samples into the text of their end."""

    def run(
        _: bytes, samples: Array, spec: ModelSpec, limits: ModelLimits, **_options: object
    ) -> Predictions:
        raise end(f"samples {samples.ravel().tolist()}")

    return Tools(STORE, run)


@pytest.mark.parametrize("reason", list(ModelFault))
def test_results_file__process_that_was_taken_over__tells_zeros_alone(reason: ModelFault) -> None:
    found = details(make_market([Offer(model([1]))]), hostile(partial(InvalidModel, reason)))
    assert found == {0: "samples [0.0]"}


def test_results_file__process_that_gives_another_reason_or_stops__has_no_detail() -> None:
    ends = iter([InvalidModel(ModelFault.SHAPE, "a"), InvalidModel(ModelFault.WORK, "b")] * 2)
    market = make_market([Offer(model([1]))])
    assert details(market, hostile(lambda _: next(ends))) == {}
    again = make_market([Offer(model([2]))])
    ends = iter([InvalidModel(ModelFault.SHAPE, "a"), RunStopped(0, "killed")])
    assert details(again, hostile(lambda _: next(ends))) == {}


def test_results_file__detail_of_a_text_that_is_long__is_cut() -> None:
    long = partial(InvalidModel, ModelFault.SHAPE)
    found = details(make_market([Offer(model([1]))]), hostile(lambda text: long(text * 100)))
    assert len(found[0]) == DETAIL_LENGTH == 300  # docs/SPEC.md names it


def test_results_file__work_beyond_the_limit__tells_that_of_one_sample() -> None:
    seen: list[tuple[int, int]] = []

    def work(
        _: bytes, samples: Array, spec: ModelSpec, limits: ModelLimits, **_options: object
    ) -> Predictions:
        seen.append((len(samples), limits.operations))
        raise InvalidModel(ModelFault.WORK, f"expected {limits.operations}")

    market = make_market([Offer(model([1]))])
    limit, rows = market.manifest.limits.operations, market.manifest.sample_size
    assert details(market, Tools(STORE, work)) == {0: f"expected {limit // rows}"}
    assert seen == [(rows, limit), (1, limit // rows)]


def test_results_file__refused_model_that_is_left_out_later__has_no_detail() -> None:
    market = make_market([Offer(model(refuse="shape")), Offer(model(abort=True)), Offer()])
    enclave, task_id = market.enclaves[0], market.transcript.task_id
    with pytest.raises(RunStopped):
        enclave.measure(market.bundle(enclave), TOOLS)
    enclave.measure(market.bundle(enclave, [2]), TOOLS)
    signed = enclave.cosign(task_id, 0, enclave.propose(task_id, 0), bytes(32))
    assert signed.file.details == ()


def test_results_file__less_work_than_samples_allowed__tells_that_of_the_least() -> None:
    """A manifest may allow so little that not one operation is left for each sample."""

    def work(
        _: bytes, samples: Array, spec: ModelSpec, limits: ModelLimits, **_options: object
    ) -> Predictions:
        raise InvalidModel(ModelFault.WORK, f"{len(samples)} of {limits.operations}")

    market = make_market([Offer()], manifest={"limits": ModelLimits(operations=5)})
    assert details(market, Tools(STORE, work)) == {0: "1 of 1"}


def test_details__of_proposals__come_from_the_signer_and_not_from_the_host() -> None:
    market = make_market([Offer(model(refuse="shape")), Offer()])
    first, second = market.enclaves[:2]
    task_id, reports = market.transcript.task_id, []
    for enclave in (first, second):
        enclave.measure(market.bundle(enclave), TOOLS)
    proposal = first.propose(task_id, 0)
    for enclave in (first, second):
        signed = enclave.cosign(task_id, 0, proposal, bytes(32))
        assert signed.file.details == (Detail(0, "as the model says"),)
        reports.append(signed.report)
    assert reports[0] == reports[1]
    other = replace(signed.file, details=(Detail(0, "a lie"),))
    assert other.root() == signed.file.root()  # said in docs/SPEC.md


def test_service__status_and_logs__hold_no_text_of_a_process(tmp_path, caplog) -> None:
    hidden = "samples [1.0, 2.0"
    caplog.set_level(logging.DEBUG)

    def end(text: str) -> Exception:
        return InvalidModel(ModelFault.RUNTIME, f"{hidden} {text}")

    market = make_market([Offer(model([1])), Offer(model([2], abort=True))])

    def both(content: bytes, *rest: Any, submission: int) -> Predictions:
        if submission == 1:
            return run(content, *rest, submission=submission)
        raise end("")

    tools = Tools(STORE, both)
    with client_of(market.enclaves[0], tmp_path, tools=tools) as client:
        client.start(market.bundle(market.enclaves[0]))
        task = RunId(market.transcript.task_id, 0)
        while (status := client.status(task)).stage is not RunStage.FAILED:
            pass
    said = json.dumps([str(record.__dict__) for record in caplog.records])
    assert hidden not in said
    assert hidden not in str(status)
