"""``Attention``: the sizes of what a node of it computes between its inputs and outputs."""

from dataclasses import dataclass

from onnx import NodeProto

from offchain.enclave.models.attributes import integer_of
from offchain.enclave.models.tensors import Shape, Types, shape_of
from offchain.protocol.errors import InvalidModel, ModelFault


@dataclass(frozen=True)
class Heads:
    """Sizes of an attention.

    Args:
        count: heads of all samples together.
        scores: products of a query with a key.
        depth: length of a key and of a value together.
        keys: elements of keys and values, if each head of the queries has its own.
    """

    count: int
    scores: int
    depth: int
    keys: int


def heads_of(node: NodeProto, types: Types) -> Heads:
    """Return the sizes of an ``Attention``, whose inputs have three or four dimensions.

    Raises:
        InvalidModel: `SHAPE`: queries, keys and values do not fit together.
    """
    shapes = [shape_of(types[name]) if name else None for name in node.input]
    past = (shapes[4] or ()) if len(shapes) > 4 else ()
    heads = [integer_of(node, name, 0) for name in ("q_num_heads", "kv_num_heads", "kv_num_heads")]
    parts = [_by_head(shape, count) for shape, count in zip(shapes[:3], heads, strict=True)]
    (batch, own, queries, depth), (*others, key), (*same, value) = parts
    if (
        [len(shape or ()) for shape in shapes[:3]] not in ([3] * 3, [4] * 3)
        or others != same
        or others[0] != batch
        or key != depth
        or own % max(others[1], 1)
        or len(past) not in (0, 4)
    ):
        raise InvalidModel(
            ModelFault.SHAPE,
            f"Attention of {shapes} with {heads[:2]} heads, expected ones that fit",
        )
    length = others[2] + (past[2] if past else 0)
    count = batch * own
    return Heads(count, count * queries * length, key + value, count * length * (key + value))


def _by_head(shape: Shape | None, count: int) -> Shape:
    """Return batch, heads, length and depth of queries, keys or values."""
    if shape is None or len(shape) not in (3, 4):
        return (0, 0, 0, 0)
    if len(shape) == 4:
        return shape
    batch, length, width = shape
    return (batch, count, length, width // count) if count and width % count == 0 else (0, 0, 0, 0)
