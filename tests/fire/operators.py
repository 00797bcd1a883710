"""A valid model for every allowed op, from the node tests of the ``onnx`` package and from here."""

import functools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from onnx import NodeProto, TensorProto, defs, helper, numpy_helper
from onnx.reference.ops import op_pool_common

from offchain.enclave.models.ops import ALLOWED, OPSETS, domain_of
from offchain.enclave.models.tensors import ITEM_BYTES
from tests.fire.forks import Case
from tests.offchain.enclave.models.onnx_files import FEATURES, LIMITS, VALUES, file

ROWS = 10
SAMPLES = np.random.default_rng(0).random((ROWS, FEATURES), np.float32)


@dataclass(frozen=True)
class Example:
    """A node with values of its inputs; they are constants of the model.

    Args:
        opset: version of the default domain.
    """

    name: str
    node: NodeProto
    inputs: tuple[TensorProto, ...]
    opset: int

    def case(self, node: NodeProto | None = None) -> Case:
        """Return a model that runs this node, or a changed one, and adds to the mean of ``x``."""
        node = self.node if node is None else node
        output = next(name for name in node.output if name)
        constants = [
            *self.inputs,
            numpy_helper.from_array(np.array([1]), "axes of the end"),
            numpy_helper.from_array(np.array([-1]), "flat of the end"),
        ]
        last = ["axes of the end"] if self.opset >= 18 else []
        axes = {} if self.opset >= 18 else {"axes": [1]}
        nodes = [
            node,
            helper.make_node("Cast", [output], ["cast of the end"], to=TensorProto.FLOAT),
            helper.make_node("Reshape", ["cast of the end", "flat of the end"], ["r of the end"]),
            helper.make_node("ReduceMax", ["r of the end"], ["max of the end"]),
            helper.make_node("Add", ["x", "max of the end"], ["sum of the end"]),
            helper.make_node("ReduceMean", ["sum of the end", *last], ["y"], keepdims=0, **axes),
        ]
        return Case(file(nodes, constants, opset=self.opset), SAMPLES, VALUES, LIMITS, 20)


HOSTILE_INTEGERS = (-(2**63), -1, 0, 1, 2**31 - 1, 2**31, 2**63 - 1)


@functools.cache
def examples() -> tuple[Example, ...]:
    """Return examples of every allowed op."""
    found = [*_of_onnx(), *_classical()]
    return tuple(sorted(found, key=lambda example: example.name))


def first_of_each_op() -> list[Example]:
    """Return one example of every allowed op."""
    return list({(e.node.domain, e.node.op_type): e for e in reversed(examples())}.values())


def _of_onnx() -> Iterator[Example]:
    nothing = np.zeros(1, np.float32)
    with (
        warnings.catch_warnings(action="ignore"),  # of their arithmetic
        patch.object(op_pool_common, "pool", lambda *_, **__: nothing),  # slow, and for outputs
    ):
        from onnx.backend.test.case.node import collect_testcases  # computes all of them

        tests = collect_testcases(None)
    for test in tests:
        graph = test.model.graph
        versions = {entry.domain: entry.version for entry in test.model.opset_import}
        opset = max(versions.get("", max(OPSETS[""])), min(OPSETS[""]))
        if len(graph.node) != 1 or opset not in OPSETS[""] or graph.initializer:
            continue
        node = graph.node[0]
        if node.op_type not in ALLOWED.get(domain_of(node), ()) or not test.data_sets:
            continue
        values = test.data_sets[0][0]
        if not all(isinstance(value, np.ndarray | np.generic) for value in values):
            continue
        inputs = {value.name: f"in{index}" for index, value in enumerate(graph.input)}
        try:
            tensors = tuple(map(numpy_helper.from_array, map(np.asarray, values), inputs.values()))
        except (KeyError, ValueError, NotImplementedError):
            continue
        if all(tensor.data_type in ITEM_BYTES for tensor in tensors):
            if node.op_type.endswith("quantizeLinear") or node.op_type == "QuantizeLinear":
                opset = min(opset, 21)  # of the kernels
            node.input[:] = [inputs.get(name, "") for name in node.input]
            node.output[:] = [f"out{i}" if name else "" for i, name in enumerate(node.output)]
            yield Example(test.name, node, tensors, opset)


def _classical() -> Iterator[Example]:
    table = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(4, 3) / 7, "table")
    label = {"keys_int64s": [0, 1], "values_int64s": [1, 0], "default_int64": 0}
    whole = numpy_helper.from_array(np.array([[0, 1], [1, 2]]), "whole")
    encoder = helper.make_node("LabelEncoder", ["whole"], ["out"], domain="ai.onnx.ml", **label)
    yield Example("classical_LabelEncoder", encoder, (whole,), 18)
    yield Example("cast", helper.make_node("Cast", ["table"], ["out"], to=7), (table,), 19)
    like = helper.make_node("CastLike", ["table", "whole"], ["out"])
    yield Example("castlike", like, (table, whole), 19)
    tree = {
        "nodes_treeids": [0, 0, 0],
        "nodes_nodeids": [0, 1, 2],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "nodes_featureids": [1, 0, 0],
        "nodes_values": [0.5, 0.0, 0.0],
        "nodes_hitrates": [1.0, 1.0, 1.0],
        "nodes_missing_value_tracks_true": [0, 0, 0],
        "post_transform": "NONE",
    }
    machine = {
        "kernel_params": [0.5, 0.0, 3.0],
        "kernel_type": "RBF",
        "post_transform": "NONE",
        "support_vectors": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        "coefficients": [1.0, -1.0],
        "rho": [0.1],
    }
    classes = {"classlabels_ints": [0, 1], "post_transform": "NONE"}
    attributes = {
        "Binarizer": {"threshold": 0.5},
        "Imputer": {"imputed_value_floats": [1.0], "replaced_value_float": 0.0},
        "LinearClassifier": {
            **classes,
            "coefficients": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "intercepts": [0.1, 0.2],
            "multi_class": 0,
        },
        "LinearRegressor": {
            "coefficients": [1.0, 2.0, 3.0],
            "intercepts": [1.0],
            "targets": 1,
            "post_transform": "NONE",
        },
        "Normalizer": {"norm": "L2"},
        "OneHotEncoder": {"cats_int64s": [0, 1, 2], "zeros": 1},
        "SVMClassifier": machine
        | classes
        | {"vectors_per_class": [1, 1], "prob_a": [1.0], "prob_b": [0.0]},
        "SVMRegressor": machine | {"n_supports": 2, "one_class": 0},
        "Scaler": {"offset": [0.0, 1.0, 2.0], "scale": [1.0, 2.0, 3.0]},
        "TreeEnsembleClassifier": tree
        | {
            "class_ids": [0, 1],
            "class_nodeids": [1, 2],
            "class_treeids": [0, 0],
            "class_weights": [1.0, 1.0],
            "classlabels_int64s": [0, 1],
        },
        "TreeEnsembleRegressor": tree
        | {
            "target_ids": [0, 0],
            "target_nodeids": [1, 2],
            "target_treeids": [0, 0],
            "target_weights": [1.0, 2.0],
            "n_targets": 1,
            "aggregate_function": "SUM",
        },
    }
    for op, values in attributes.items():
        outputs = ["label", "score"] if op.endswith("Classifier") else ["out"]
        node = helper.make_node(op, ["table"], outputs, domain="ai.onnx.ml", **values)
        yield Example(f"classical_{op}", node, (table,), 18)


def attributes_of(op: str, domain: str) -> dict[str, defs.OpSchema.AttrType]:
    """Return the types of an op's attributes, by the schemas of all its versions."""
    return {
        name: attribute.type
        for schema in defs.get_all_schemas_with_history()
        if (schema.name, schema.domain) == (op, domain)
        for name, attribute in schema.attributes.items()
    }


def with_attribute(node: NodeProto, name: str, value: object) -> NodeProto:
    """Return a copy of a node with another value of an attribute."""
    changed = NodeProto()
    changed.CopyFrom(node)
    del changed.attribute[:]
    changed.attribute.extend(a for a in node.attribute if a.name != name)
    changed.attribute.append(helper.make_attribute(name, value))
    return changed
