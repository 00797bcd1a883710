"""Allow-list of ONNX ops: deterministic, on tensors of numbers, with outputs of known shapes.

It excludes control flow of unbounded work (`Scan` ends with its input), random numbers, sequences
and maps, and outputs whose shape depends on values (``NonZero``, ``Unique``). Other domains hold
ops of the runtime alone or untrusted code.
"""

from typing import Final

import onnx

from offchain.enclave.models.fused import FUSED
from offchain.protocol.errors import InvalidModel, ModelFault

IR_VERSIONS: Final = range(3, 15)

OPSETS: Final = {"": range(8, 29), "ai.onnx.ml": range(1, 6), "com.microsoft": range(1, 2)}
"""Opset versions that the runtime implements, for each allowed domain."""

_STANDARD: Final = frozenset(
    """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool
    BatchNormalization BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu
    Clip Concat
    Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DepthToSpace
    DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum
    Elu Equal Erf Exp Expand EyeLike Flatten
    Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater
    GreaterOrEqual GroupNormalization HardSigmoid HardSwish Hardmax Identity
    InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log
    LogSoftmax LpNormalization MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization
    Min Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear
    RMSNormalization RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp
    ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize
    Round Scan ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax
    Softplus Softsign SpaceToDepth Split Sqrt Squeeze StringNormalizer Sub Sum Tan Tanh
    TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Where Xor
    """.split()  # noqa: SIM905 - read as a list of words
)

_CLASSICAL: Final = frozenset(
    """
    ArrayFeatureExtractor Binarizer Imputer LabelEncoder LinearClassifier LinearRegressor Normalizer
    OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsembleClassifier TreeEnsembleRegressor
    """.split()  # noqa: SIM905 - read as a list of words
)

ALLOWED: Final = {
    "": _STANDARD,
    "ai.onnx.ml": _CLASSICAL,
    "com.microsoft": FUSED | {"Tokenizer"},
}
"""Allowed ops of each allowed domain."""

_HINTS: Final = {"ZipMap": " (export with options={'zipmap': False})"}


def domain_of(node: onnx.NodeProto) -> str:
    """Return the node's domain; the default domain has two spellings."""
    return "" if node.domain == "ai.onnx" else str(node.domain)


def opset_versions(model: onnx.ModelProto) -> dict[str, int]:
    """Return the version of each domain that the model imports.

    Raises:
        InvalidModel: `UNSUPPORTED_OP`: a domain, version or IR version is not allowed.
    """
    if model.ir_version not in IR_VERSIONS:
        raise InvalidModel(
            ModelFault.UNSUPPORTED_OP,
            f"IR version {model.ir_version}, expected {_text(IR_VERSIONS)}",
        )
    versions: dict[str, int] = {}
    for entry in model.opset_import:
        domain = "" if entry.domain == "ai.onnx" else entry.domain
        if domain not in OPSETS:
            continue  # a node of this domain is refused; without one the import means nothing
        if entry.version not in OPSETS[domain]:
            raise InvalidModel(
                ModelFault.UNSUPPORTED_OP,
                f"opset {entry.version} of domain {domain!r}, expected {_text(OPSETS[domain])}",
            )
        if versions.setdefault(domain, entry.version) != entry.version:
            raise InvalidModel(
                ModelFault.UNSUPPORTED_OP, f"two versions of domain {domain!r}, expected one"
            )
    return versions


def check_op(node: onnx.NodeProto, extra: tuple[str, ...]) -> None:
    """Refuse a node whose op is not allowed.

    Args:
        extra: ops that the manifest admits beyond the allow-list.

    Raises:
        InvalidModel: `UNSUPPORTED_OP`.
    """
    domain, op = domain_of(node), node.op_type
    if domain not in ALLOWED:
        raise InvalidModel(
            ModelFault.UNSUPPORTED_OP, f"op domain {domain!r}, expected one of {list(ALLOWED)}"
        )
    if op not in ALLOWED[domain] and op not in extra:
        raise InvalidModel(
            ModelFault.UNSUPPORTED_OP,
            f"op {op!r} of domain {domain!r} is not allowed{_HINTS.get(op, '')}",
        )
    if op == "Dropout" and len(node.input) > 2 and node.input[2]:
        raise InvalidModel(
            ModelFault.UNSUPPORTED_OP, "Dropout with a training mode, expected inference"
        )


def _text(versions: range) -> str:
    return f"{versions.start} to {versions.stop - 1}"
