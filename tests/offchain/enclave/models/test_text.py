"""Models that read text: exported pipelines, and ops on strings that a hostile file misuses."""

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from offchain.enclave.models.graph import longest_string
from offchain.enclave.models.runner import RunLimits, run_model
from offchain.enclave.models.static import BATCH_STEP, check_model
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import Input, ModelLimits, ModelSpec, Output

REVIEWS = ["Good movie really GOOD", "bad film", "", "a good film, ÄÖ!", "bad bad movie #"] * 12
OPINIONS = np.array(["good", "bad", "bad", "good", "bad"] * 12)
LENGTH = 60


def text_spec(shape: tuple[int, ...] = (), length: int = LENGTH) -> ModelSpec:
    return ModelSpec((), Output.PROBABILITIES, 2, inputs=(Input("text", shape, "string", length),))


def records(spec: ModelSpec, **columns: Any) -> np.ndarray:
    made = np.zeros(len(next(iter(columns.values()))), spec.sample_dtype)
    for each in spec.inputs:
        values = np.asarray(columns[each.name])
        if each.string_bytes:
            values = np.char.encode(values, "utf-8")
        made[each.name] = values.reshape(len(values), *each.shape)
    return made


def probabilities(model: bytes, samples: np.ndarray, spec: ModelSpec) -> np.ndarray:
    return run_model(model, samples, spec, ModelLimits(), RunLimits(), 0).plain


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize(
    "vectorizer",
    [
        TfidfVectorizer(),
        CountVectorizer(ngram_range=(1, 2), lowercase=False),
        TfidfVectorizer(analyzer="char", ngram_range=(2, 3)),
    ],
)
def test_run_model__pipeline_on_text__predicts_the_same(
    vectorizer: Any, shape: tuple[int, ...]
) -> None:
    vectorizer.set_params(token_pattern=r"[a-zA-Z0-9_]+")  # noqa: S106 - no password
    pipeline = make_pipeline(vectorizer, LogisticRegression()).fit(REVIEWS, OPINIONS)
    kind = StringTensorType([None, *shape])
    model = to_onnx(pipeline, initial_types=[("text", kind)], options={"zipmap": False})
    spec = text_spec(shape)
    found = probabilities(model.SerializeToString(), records(spec, text=REVIEWS), spec)
    np.testing.assert_allclose(found, pipeline.predict_proba(REVIEWS), atol=1e-6)


def test_run_model__pipeline_on_columns_of_text_and_numbers__predicts_the_same() -> None:
    random = np.random.default_rng(0)
    cities = random.choice(["Köln", "Rome", "Oslo"], 200)
    ages = random.uniform(18, 80, 200).astype("f4")
    ages[::9] = np.nan
    targets = np.where((cities == "Rome") ^ (np.nan_to_num(ages) > 50), "yes", "no")
    inputs = np.stack([cities.astype(object), ages.astype(object)], axis=1)
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), [0]),
        (make_pipeline(SimpleImputer(), StandardScaler()), [1]),
    )
    pipeline = make_pipeline(columns, LogisticRegression()).fit(inputs, targets)
    kinds = [("city", StringTensorType([None, 1])), ("age", FloatTensorType([None, 1]))]
    model = to_onnx(pipeline, initial_types=kinds, options={"zipmap": False})
    spec = ModelSpec(
        (),
        Output.PROBABILITIES,
        2,
        inputs=(Input("city", (1,), "string", 5), Input("age", (1,), "float32")),
        missing=True,
    )
    samples = records(spec, city=[*cities[:199], "Paris"], age=ages)
    found = probabilities(model.SerializeToString(), samples, spec)
    inputs[199, 0] = "Paris"
    np.testing.assert_allclose(found, pipeline.predict_proba(inputs), atol=1e-5)


# ── Hostile files ──

TOKENS = {"mark": 0, "mincharnum": 1, "pad_value": "#"}


def tokenizer(**attributes: Any) -> NodeProto:
    return helper.make_node(
        "Tokenizer", ["text"], ["tokens"], domain="com.microsoft", **TOKENS | attributes
    )


def counter(of: str = "flat", **changes: Any) -> NodeProto:
    attributes = {
        "max_gram_length": 1,
        "min_gram_length": 1,
        "max_skip_count": 0,
        "mode": "TF",
        "ngram_counts": [0],
        "ngram_indexes": [0, 1],
        "pool_strings": ["bad", "good"],
    }
    return helper.make_node("TfIdfVectorizer", [of], ["y"], **attributes | changes)


FLATTEN = helper.make_node("Flatten", ["tokens"], ["flat"])


def text_file(*nodes: NodeProto, shape: tuple[Any, ...] = ("N",)) -> bytes:
    graph = helper.make_graph(
        list(nodes),
        "model",
        [helper.make_tensor_value_info("text", TensorProto.STRING, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2])],
    )
    imports = [helper.make_opsetid(name, at) for name, at in (("", 18), ("com.microsoft", 1))]
    return helper.make_model(graph, opset_imports=imports, ir_version=9).SerializeToString()


HONEST = (tokenizer(tokenexp="[a-z]+"), FLATTEN, counter())


def refusal(model: bytes, spec: ModelSpec, limits: ModelLimits) -> InvalidModel:
    with pytest.raises(InvalidModel) as caught:
        check_model(model, spec, limits, 100)
    return caught.value


def test_run_model__tokens__are_counted() -> None:
    spec = ModelSpec((), Output.SCORES, 2, inputs=(Input("text", (), "string", LENGTH),))
    samples = records(spec, text=["bad good bad", "", "ok"])
    found = probabilities(text_file(*HONEST), samples, spec)
    assert found.tolist() == [[2, 1], [0, 0], [0, 0]]
    nothing = probabilities(text_file(*HONEST), records(spec, text=["", ""]), spec)
    assert nothing.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [(b"a" * 128, True), (b"a" * 129, False), (b"(a{1000}){1000}", False), (None, False)],
)
def test_check_model__expression_of_tokens__is_short_and_repeats_nothing(
    expression: bytes | None, allowed: bool
) -> None:
    attributes: dict[str, Any] = {"separators": [" "]}
    if expression is not None:
        attributes = {"tokenexp": expression}
    model = text_file(tokenizer(**attributes), FLATTEN, counter())
    if allowed:
        check_model(model, text_spec(), ModelLimits(), 100)
        return
    assert refusal(model, text_spec(), ModelLimits()).reason is ModelFault.SHAPE


@pytest.mark.parametrize(
    "nodes",
    [
        (tokenizer(tokenexp="a"), helper.make_node("Shape", ["tokens"], ["y"])),
        (
            tokenizer(tokenexp="a"),
            helper.make_node("Flatten", ["tokens"], ["flat"], axis=0),
            counter(),
        ),
        (
            tokenizer(tokenexp="a"),
            helper.make_node("Concat", ["tokens", "tokens"], ["flat"], axis=1),
            counter(),
        ),
        (tokenizer(tokenexp="a"), helper.make_node("Transpose", ["tokens"], ["flat"]), counter()),
        (tokenizer(tokenexp="a", pad_value="#" * 9), FLATTEN, counter()),
        (tokenizer(tokenexp="a", mincharnum=0), FLATTEN, counter()),
        (
            helper.make_node("StringNormalizer", ["text"], ["tokens"], stopwords=["a"]),
            FLATTEN,
            counter(),
        ),
    ],
)
def test_check_model__text_of_unknown_shape__is_refused(nodes: tuple[NodeProto, ...]) -> None:
    assert refusal(text_file(*nodes), text_spec(), ModelLimits()).reason is ModelFault.SHAPE


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"case_change_action": "UPPER", "locale": "en_US.UTF-8"}, True),
        ({"case_change_action": "TITLE"}, False),
        ({"locale": "tr_TR.UTF-8"}, False),
    ],
)
def test_check_model__normaliser__changes_case_in_the_locale_of_every_machine(
    changes: dict[str, str], allowed: bool
) -> None:
    """Another machine can lack another locale, and would refuse the model."""
    normaliser = helper.make_node("StringNormalizer", ["text"], ["same"], **changes)
    split = tokenizer(tokenexp="[a-z]+")
    split.input[0] = "same"
    model = text_file(normaliser, split, FLATTEN, counter())
    if allowed:
        check_model(model, text_spec(), ModelLimits(), 100)
        return
    assert refusal(model, text_spec(), ModelLimits()).reason is ModelFault.UNSUPPORTED_OP


@pytest.mark.parametrize("length", [100, 1_000])
def test_check_model__longer_text__is_charged_more(length: int) -> None:
    large = ModelLimits(memory_bytes=2**33)
    plan = check_model(text_file(*HONEST), text_spec((), length), large, 100)
    batch = plan.batch_rows
    assert plan.memory_bytes > batch * length * 128
    assert plan.operations > batch * length * 4096
    for spare, rows in ((0, batch), (-1, batch // BATCH_STEP)):
        limits = ModelLimits(memory_bytes=plan.memory_bytes + spare)
        assert (
            check_model(text_file(*HONEST), text_spec((), length), limits, 100).batch_rows == rows
        )
    most = ModelLimits(memory_bytes=2**33, operations=plan.operations, batch_rows=batch)
    assert check_model(text_file(*HONEST), text_spec((), length), most, 100).batch_rows == batch
    fewer = replace(most, operations=plan.operations - 1)
    assert refusal(text_file(*HONEST), text_spec((), length), fewer).reason is ModelFault.WORK


def test_check_model__tokens__are_charged_as_strings_and_with_their_bytes() -> None:
    """A line has two tokens more than bytes at most. Tokens and their table are alive at a time."""
    plan = check_model(text_file(*HONEST), text_spec((), 1_000), ModelLimits(batch_rows=1), 1)
    assert plan.live_bytes == 2 * (128 * 1_002 + 4 * 1_000)


def test_check_model__tokens_beside_a_number__are_charged_alike() -> None:
    """The longest string of any input counts, and numbers have none."""
    proto = onnx.load_model_from_string(text_file(*HONEST))
    proto.graph.input.append(helper.make_tensor_value_info("age", TensorProto.FLOAT, ["N"]))
    alone = text_spec((), 1_000)
    beside = replace(alone, inputs=(*alone.inputs, Input("age", (), "float32")))
    plan = check_model(proto.SerializeToString(), beside, ModelLimits(batch_rows=1), 1)
    assert plan.live_bytes == 2 * (128 * 1_002 + 4 * 1_000)


def test_check_model__skips_and_grams__are_charged() -> None:
    plain = check_model(text_file(*HONEST), text_spec(), ModelLimits(), 100).operations
    many = text_file(HONEST[0], FLATTEN, counter(max_skip_count=9, max_gram_length=5))
    assert check_model(many, text_spec(), ModelLimits(), 100).operations > 10 * plain


def test_check_model__long_string_in_a_nested_graph__counts_too() -> None:
    def bound(text: bytes) -> int:
        inner = helper.make_node("Constant", [], ["t"], value_string=text)
        made = [helper.make_tensor_value_info("t", TensorProto.STRING, [])]
        graph = helper.make_graph([inner], "inner", [], made)
        return longest_string(
            helper.make_graph([helper.make_node("Loop", [], ["t"], body=graph)], "g", [], made)
        )

    assert bound(b"g" * 5_000) - bound(b"g") == 4_999


def test_check_model__long_string_in_the_file__counts_for_every_string() -> None:
    one = ModelLimits(batch_rows=1)
    short = check_model(text_file(*HONEST), text_spec(), one, 1)
    nodes = (HONEST[0], FLATTEN, counter(pool_strings=["bad", "g" * 5_000]))
    long = check_model(text_file(*nodes), text_spec(), one, 1)
    assert long.memory_bytes > short.memory_bytes + 100 * 4_000


@pytest.mark.parametrize("indexes", [[0], [0, 1, 2]])
def test_check_model__index_missing_or_too_many__is_refused(indexes: list[int]) -> None:
    """With too few indexes the runtime aborts in a thread, on rows that have the last n-gram."""
    model = text_file(*HONEST[:2], counter(ngram_indexes=indexes))
    found = refusal(model, text_spec(), ModelLimits())
    assert found.reason is ModelFault.SHAPE
    assert f"has {len(indexes)} entries, expected 2, one for each n-gram" in found.detail
