"""Shapes of the operators of ``ai.onnx.ml`` for which ONNX has no rule, or a partial one.

The rules are those of onnxruntime's kernels. Rows are samples, columns are features.
"""

from typing import Final

from onnx import NodeProto, TensorProto, TypeProto

from offchain.models.attributes import attribute_of, integer_of
from offchain.models.tensors import Types, elements, shape_of, tensor_type

_SAME_SHAPE: Final = ("Imputer", "Normalizer", "Scaler")
_REGRESSORS: Final = {
    "LinearRegressor": "targets",
    "SVMRegressor": "n_targets",
    "TreeEnsembleRegressor": "n_targets",
}
_LABELS: Final = {
    "SVMClassifier": ("classlabels_ints", "classlabels_strings"),
    "TreeEnsembleClassifier": ("classlabels_int64s", "classlabels_strings"),
}


def infer_classical(node: NodeProto, types: Types) -> dict[str, TypeProto]:
    """Types of a node's outputs, as far as these rules go.

    Args:
        types: of all its inputs.
    """
    shape = shape_of(types[node.input[0]])
    if not shape:
        return {}
    rows = shape[0] if len(shape) > 1 else 1
    if node.op_type in _SAME_SHAPE:
        return {node.output[0]: tensor_type(TensorProto.FLOAT, shape)}
    if node.op_type in _REGRESSORS:
        targets = integer_of(node, _REGRESSORS[node.op_type], 1)
        return {node.output[0]: tensor_type(TensorProto.FLOAT, (rows, targets))}
    if node.op_type in _LABELS:
        return _classifier(node, rows)
    chosen = shape_of(types[node.input[1]]) if len(node.input) > 1 else None
    if node.op_type == "ArrayFeatureExtractor" and chosen is not None:
        kind = types[node.input[0]].tensor_type.elem_type
        return {node.output[0]: tensor_type(kind, (*(shape[:-1] or (1,)), elements(chosen)))}
    return {}


def _classifier(node: NodeProto, rows: int) -> dict[str, TypeProto]:
    """Labels and scores; without probabilities a support vector machine scores pairs of classes."""
    integers, strings = (attribute_of(node, name) for name in _LABELS[node.op_type])
    kind = TensorProto.INT64 if strings is None else TensorProto.STRING
    classes = len(integers.ints) if integers else len(strings.strings) if strings else 0
    pairs = attribute_of(node, "vectors_per_class") and not attribute_of(node, "prob_a")
    scores = classes * (classes - 1) // 2 if pairs and classes > 2 else classes
    types = (tensor_type(kind, (rows,)), tensor_type(TensorProto.FLOAT, (rows, scores)))
    return {name: value for name, value in zip(node.output, types, strict=False) if name}
