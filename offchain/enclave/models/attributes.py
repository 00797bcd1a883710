"""Values of a node's attributes: ONNX and its runtime do not check them, and disagree on some."""

from collections.abc import Set
from itertools import pairwise
from typing import Final

from onnx import AttributeProto, NodeProto, TensorProto

from offchain.enclave.models.tensors import ITEM_BYTES, MAX_RANK, type_name
from offchain.protocol.errors import InvalidModel, ModelFault

MAX_SIZE: Final = 2**31 - 1
"""Maximum of sizes, strides, paddings and similar attributes."""

_AXES: Final = ("axes", "axis", "perm")
_TYPES: Final = ("dtype", "output_dtype", "softmax_precision", "stash_type", "to")
_FLAGS: Final = frozenset(
    """
    allowzero antialias ceil_mode count_include_pad detect_negative detect_positive exclude_outside
    exclusive fmod input_forget keepdims largest layout linear_before_reset noop_with_empty_axes
    reverse saturate select_last_index sorted storage_order training_mode transA transB upper
    """.split()  # noqa: SIM905 - read as a list of words
)
"""Booleans. ONNX reads any number but 0 as true. The runtime reads only 1 as true, or returns
outputs that it has not written."""
_ACTIVATION: Final = "HardSigmoid LeakyRelu Relu Sigmoid Tanh"
_AUTO_PAD: Final = "NOTSET SAME_LOWER SAME_UPPER VALID"
_RECURRENT: Final = {
    "activations": (
        "Affine Elu HardSigmoid LeakyRelu Relu ScaledTanh Sigmoid Softplus Softsign Tanh "
        "ThresholdedRelu affine elu hardsigmoid leakyrelu relu scaledtanh sigmoid softplus "
        "softsign tanh thresholdedrelu"
    ),
    "direction": "bidirectional forward reverse",
}
_POST_TRANSFORM: Final = "LOGISTIC NONE PROBIT SOFTMAX SOFTMAX_ZERO"
_TREE_MODES: Final = "BRANCH_EQ BRANCH_GT BRANCH_GTE BRANCH_LEQ BRANCH_LT BRANCH_NEQ LEAF"
_SVM: Final = {"kernel_type": "LINEAR POLY RBF SIGMOID", "post_transform": _POST_TRANSFORM}
_ROUND_MODE: Final = "down nearest up"
_REDUCTION: Final = "add max min mul none"

STRINGS: Final[dict[str, dict[str, str]]] = {
    "AveragePool": {"auto_pad": _AUTO_PAD},
    "BitShift": {"direction": "LEFT RIGHT"},
    "Cast": {"round_mode": _ROUND_MODE},
    "CastLike": {"round_mode": _ROUND_MODE},
    "Conv": {"auto_pad": _AUTO_PAD},
    "ConvInteger": {"auto_pad": _AUTO_PAD},
    "ConvTranspose": {"auto_pad": _AUTO_PAD},
    "DepthToSpace": {"mode": "CRD DCR"},
    "FusedConv": {"activation": _ACTIVATION, "auto_pad": _AUTO_PAD},
    "FusedGemm": {"activation": _ACTIVATION},
    "GRU": _RECURRENT,
    "Gelu": {"approximate": "none tanh"},
    "LSTM": _RECURRENT,
    "LinearClassifier": {"post_transform": _POST_TRANSFORM},
    "LinearRegressor": {"post_transform": _POST_TRANSFORM},
    "MaxPool": {"auto_pad": _AUTO_PAD},
    "Normalizer": {"norm": "L1 L2 MAX"},
    "Pad": {"mode": "constant edge reflect wrap"},
    "QLinearAveragePool": {"auto_pad": _AUTO_PAD},
    "QLinearConv": {"auto_pad": _AUTO_PAD},
    "RNN": _RECURRENT,
    "Resize": {
        "coordinate_transformation_mode": (
            "align_corners asymmetric half_pixel half_pixel_symmetric pytorch_half_pixel "
            "tf_crop_and_resize tf_half_pixel_for_nn"
        ),
        "keep_aspect_ratio_policy": "not_larger not_smaller stretch",
        "mode": "cubic linear nearest",
        "nearest_mode": "ceil floor round_prefer_ceil round_prefer_floor simple",
    },
    "SVMClassifier": _SVM,
    "SVMRegressor": _SVM,
    "ScatterElements": {"reduction": _REDUCTION},
    "ScatterND": {"reduction": _REDUCTION},
    "SpaceToDepth": {"mode": "CRD DCR"},
    "StringNormalizer": {"case_change_action": "LOWER NONE UPPER", "locale": "en_US.UTF-8"},
    "TfIdfVectorizer": {"mode": "IDF TF TFIDF"},
    "TreeEnsembleClassifier": {"nodes_modes": _TREE_MODES, "post_transform": _POST_TRANSFORM},
    "TreeEnsembleRegressor": {
        "aggregate_function": "AVERAGE MAX MIN SUM",
        "nodes_modes": _TREE_MODES,
        "post_transform": _POST_TRANSFORM,
    },
}
"""Allowed values of text attributes by op and attribute: the runtime decides by them what to do."""

FREE_TEXTS: Final = frozenset(
    """
    cats_strings classes_strings classlabels_strings default_string equation keys_strings pad_value
    pool_strings separators stopwords tokenexp value_string value_strings values_strings
    """.split()  # noqa: SIM905 - read as a list of words
)
"""Text attributes that are data, or that `text` checks."""

_BOUNDS: Final = ("end", "ends", "start", "starts")
"""Bounds that are clipped to the tensor's size; exporters write the largest number for its end."""


def attribute_of(node: NodeProto, name: str) -> AttributeProto | None:
    """Return a node's attribute with a name, or None."""
    return next((attribute for attribute in node.attribute if attribute.name == name), None)


def integer_of(node: NodeProto, name: str, default: int) -> int:
    """Return a node's integer attribute with a name, or a default."""
    attribute = attribute_of(node, name)
    return default if attribute is None else attribute.i


def check_attributes(node: NodeProto) -> None:
    """Check the integers among the attributes of a node of the default domain.

    Raises:
        InvalidModel: `SHAPE`, or `UNSUPPORTED_OP` for an element type that is not a number's.
    """
    for attribute in node.attribute:
        name, values = attribute.name, [attribute.i, *attribute.ints]
        if name in _AXES:
            _check_all(node, name, values, -MAX_RANK, MAX_RANK)
        elif name in _FLAGS:
            _check_all(node, name, values, 0, 1)
        elif name == "batch_dims":
            _check_all(node, name, values, 0, MAX_RANK)
        elif name == "num_outputs":
            _check_all(node, name, [attribute.i], len(node.output), len(node.output))
        elif name in _TYPES:
            _check_type(node, name, attribute.i)
        elif name not in _BOUNDS and node.op_type != "Constant":
            _check_all(node, name, values, -MAX_SIZE, MAX_SIZE)
    if node.op_type == "TfIdfVectorizer":
        _check_ngrams(node)


def check_strings(node: NodeProto, known: Set[str]) -> None:
    """Check the texts among the attributes of a node, before anything else reads them.

    Args:
        known: ops on the allow-list of the node's domain. Texts of other ops are not checked.

    Raises:
        InvalidModel: `UNSUPPORTED_OP`.
    """
    if node.op_type not in known:
        return
    choices = STRINGS.get(node.op_type, {})
    for attribute in node.attribute:
        if attribute.name in FREE_TEXTS:
            continue
        expected = choices.get(attribute.name, "").split()
        single = [attribute.s] if attribute.HasField("s") else []
        wrong = {*single, *attribute.strings} - {text.encode() for text in expected}
        if wrong:
            raise InvalidModel(
                ModelFault.UNSUPPORTED_OP,
                f"{attribute.name} of {node.op_type} is {min(wrong)!r}, "
                f"expected {' or '.join(expected) or 'no text'}",
            )


def _check_ngrams(node: NodeProto) -> None:
    """Check that each n-gram has an index: the runtime aborts in a thread when one has none."""
    lists = {each.name: [*each.ints, *each.strings] for each in node.attribute}
    pool = len(lists.get("pool_int64s", lists.get("pool_strings", [])))
    starts = [*lists.get("ngram_counts", []), pool]
    count = sum((end - at) // size for size, (at, end) in enumerate(pairwise(starts), 1))
    if count != len(lists.get("ngram_indexes", [])):
        raise InvalidModel(
            ModelFault.SHAPE,
            f"ngram_indexes of {node.op_type} has {len(lists.get('ngram_indexes', []))} entries, "
            f"expected {count}, one for each n-gram",
        )


def _check_type(node: NodeProto, name: str, value: int) -> None:
    inferred = name == "output_dtype" and value == TensorProto.UNDEFINED
    if (value not in ITEM_BYTES or value == TensorProto.STRING) and not inferred:
        raise InvalidModel(
            ModelFault.UNSUPPORTED_OP,
            f"{name} of {node.op_type} is {type_name(value)}, expected an element type of numbers",
        )


def _check_all(node: NodeProto, name: str, values: list[int], least: int, most: int) -> None:
    for value in values:
        if not least <= value <= most:
            raise InvalidModel(
                ModelFault.SHAPE, f"{name} of {node.op_type} is {value}, expected {least} to {most}"
            )
