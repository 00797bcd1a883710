"""Shapes of the ops of ``ai.onnx.ml`` for which ONNX has no rule, or only a partial one.

The rules are those of onnxruntime's kernels. Rows are samples, columns are features.
"""

from typing import Final

import numpy as np
from onnx import NodeProto, TensorProto, TypeProto

from offchain.enclave.models.attributes import MAX_SIZE, attribute_of, integer_of
from offchain.enclave.models.tensors import Types, elements, shape_of, tensor_type
from offchain.protocol.errors import InvalidModel, ModelFault

_SAME_SHAPE: Final = ("Imputer", "Normalizer", "Scaler")
_REGRESSORS: Final = {
    "LinearRegressor": "targets",
    "SVMRegressor": "n_targets",
    "TreeEnsembleRegressor": "n_targets",
}
_TREE: Final = ("nodes_treeids", "nodes_nodeids", "nodes_truenodeids", "nodes_falsenodeids")
_LABELS: Final = {
    "SVMClassifier": ("classlabels_ints", "classlabels_strings"),
    "TreeEnsembleClassifier": ("classlabels_int64s", "classlabels_strings"),
}


MAX_DEPTH: Final = 4096
"""Maximum depth of a decision tree: the runtime's recursion could overflow the stack."""


def infer_classical(node: NodeProto, types: Types) -> dict[str, TypeProto]:
    """Return the types of a node's outputs; empty if none of these rules applies.

    Args:
        types: types of all its inputs.

    Raises:
        InvalidModel: `SHAPE` for a decision tree with a cycle, or deeper than `MAX_DEPTH`.
    """
    if node.op_type.startswith("TreeEnsemble"):
        _check_depth(node)
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


def _check_depth(node: NodeProto) -> None:
    """Refuse a tree that is too deep or has a cycle.

    The loop removes nodes without a remaining parent, level by level (Kahn's algorithm). It works
    on arrays, because a file can have millions of nodes.
    """
    trees, ids, *sides = (
        np.array(attribute.ints if (attribute := attribute_of(node, name)) else (), np.int64)
        for name in _TREE
    )
    modes = attribute_of(node, "nodes_modes")
    branches = np.array([mode != b"LEAF" for mode in modes.strings] if modes else (), bool)
    if len({len(trees), len(ids), len(branches), *map(len, sides)}) != 1:
        raise InvalidModel(ModelFault.SHAPE, "decision tree with attributes of different lengths")
    if any(
        array.size and not 0 <= array.min() <= array.max() <= MAX_SIZE for array in (trees, ids)
    ):
        raise InvalidModel(ModelFault.SHAPE, f"decision tree with a number beyond 0 to {MAX_SIZE}")
    order = np.argsort(trees << 32 | ids)
    keys = (trees << 32 | ids)[order]
    count = len(keys)
    children = np.full((count + 1, 2), count)  # index ``count`` means no child
    for side, numbers in enumerate(sides):
        wanted = (trees << 32 | numbers)[order]
        found = np.minimum(np.searchsorted(keys, wanted), count - 1)
        inner = branches[order] & (keys[found] == wanted)
        children[:count, side] = np.where(inner, found, count)
    parents = np.bincount(children.ravel(), minlength=count + 1)
    level, depth, seen = np.flatnonzero(parents[:count] == 0), 0, 0
    while level.size and depth <= MAX_DEPTH:
        depth, seen = depth + 1, seen + level.size
        below = np.sort(children[level].ravel())
        np.subtract.at(parents, below, 1)
        level = below[(parents[below] == 0) & (below < count) & (np.diff(below, prepend=-1) > 0)]
    if seen < count:
        raise InvalidModel(ModelFault.SHAPE, f"decision tree with a cycle or over {MAX_DEPTH} deep")


def _classifier(node: NodeProto, rows: int) -> dict[str, TypeProto]:
    """Return the types of labels and scores.

    A support vector machine without probabilities has a score for every pair of classes.
    """
    integers, strings = (attribute_of(node, name) for name in _LABELS[node.op_type])
    kind = TensorProto.INT64 if strings is None else TensorProto.STRING
    classes = len(integers.ints) if integers else len(strings.strings) if strings else 0
    pairs = attribute_of(node, "vectors_per_class") and not attribute_of(node, "prob_a")
    scores = classes * (classes - 1) // 2 if pairs and classes > 2 else classes
    types = (tensor_type(kind, (rows,)), tensor_type(TensorProto.FLOAT, (rows, scores)))
    return {name: value for name, value in zip(node.output, types, strict=False) if name}
