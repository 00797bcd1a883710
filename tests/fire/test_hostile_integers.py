"""Integers of attributes far beyond their range: refused or harmless, never an abort.

The runtime checks the indices of classical models itself. The tests here hold it to that.
"""

import numpy as np
import pytest
from onnx import defs

from offchain.enclave.models.ops import domain_of
from tests.fire.forks import Case, outcomes
from tests.fire.operators import (
    HOSTILE_INTEGERS,
    attributes_of,
    examples,
    first_of_each_op,
    with_attribute,
)

INTEGERS = (defs.OpSchema.AttrType.INT, defs.OpSchema.AttrType.INTS)
LARGE = (-(2**63), -(2**31), 2**31 - 1, 2**31, 2**63 - 1)

# Values of attributes with all others as in `operators`: three features, two classes or one target.
INDICES = {
    ("TreeEnsembleRegressor", "nodes_featureids"): ([1, 0, 0], 0, 2),
    ("TreeEnsembleClassifier", "nodes_featureids"): ([1, 0, 0], 0, 2),
    ("TreeEnsembleRegressor", "target_ids"): ([0, 0], 0, 0),
    ("TreeEnsembleClassifier", "class_ids"): ([0, 1], 0, 1),
    ("TreeEnsembleRegressor", "target_nodeids"): ([1, 2], 0, 2),
    ("TreeEnsembleRegressor", "target_treeids"): ([0, 0], 0, 0),
    ("TreeEnsembleClassifier", "class_nodeids"): ([1, 2], 0, 2),
    ("TreeEnsembleClassifier", "class_treeids"): ([0, 0], 0, 0),
    ("SVMClassifier", "vectors_per_class"): ([1, 1], 1, 1),
}
"""Lists of indices, and the least and largest value that the first may have."""


def variants() -> list[tuple[str, str, object, Case]]:
    """Return every integer attribute of every allowed op with every hostile value."""
    found = []
    for example in first_of_each_op():
        kinds = attributes_of(example.node.op_type, domain_of(example.node))
        for name, kind in kinds.items():
            if kind not in INTEGERS:
                continue
            old = next((a.ints for a in example.node.attribute if a.name == name), [0]) or [0]
            for value in HOSTILE_INTEGERS:
                lists = [[value, *old[1:]], [value] * len(old)]
                for new in [value] if kind == INTEGERS[0] else lists:
                    case = example.case(with_attribute(example.node, name, new))
                    found.append((example.name, name, new, case))
    return found


@pytest.fixture
def part(request) -> int:
    """Return one of how many variants is run in this profile; a prime."""
    return 1 if request.config.getoption("--hypothesis-profile") == "deep" else 23


def test_run_model__any_integer_of_any_op_is_hostile__is_never_an_abort(part):
    chosen = variants()[::part]
    results = outcomes((case for *_, case in chosen), together=25)
    aborts = [
        (*named, result.abort)
        for (*named, _), result in zip(chosen, results, strict=True)
        if result.abort
    ]
    assert aborts == []


def test_run_model__index_of_a_classical_model_at_its_bounds_and_beyond__is_checked():
    named = []
    for (op, name), (old, least, most) in INDICES.items():
        example = next(each for each in examples() if each.name == f"classical_{op}")
        for value in {least - 1, least, most, most + 1, *LARGE}:
            case = example.case(with_attribute(example.node, name, [value, *old[1:]]))
            named.append((op, name, value, least <= value <= most, case))
    results = outcomes((case for *_, case in named), together=25)
    for (op, name, value, right, _), result in zip(named, results, strict=True):
        assert not result.abort, (op, name, value)
        assert (result.plain is not None) == right, (op, name, value, result)
        assert result.plain is None or np.isfinite(result.plain).all()
