"""``Einsum``: shape of the output, and the bound that all of its work and inner values keep."""

from math import prod

from onnx import NodeProto, TypeProto

from offchain.enclave.models.attributes import attribute_of
from offchain.enclave.models.costs import CALL_WORK, EINSUM_WORK
from offchain.enclave.models.tensors import MAX_RANK, Shape, Types, shape_of, tensor_type
from offchain.protocol.errors import InvalidModel, ModelFault


def infer_einsum(node: NodeProto, types: Types) -> tuple[dict[str, TypeProto], int, int]:
    """Return the type of the output, the product of the sizes of all letters, and the inner work.

    The runtime contracts the inputs one by one. No value between has more elements than that
    product, and no step more multiplications. A step is a stack of matrix products: one for each
    value of the letters that both of its sides have and that are still needed after it.

    Raises:
        InvalidModel: `SHAPE`: the equation has an ellipsis or no arrow, or does not fit the inputs.
    """
    attribute = attribute_of(node, "equation")
    equation = "" if attribute is None else attribute.s.decode(errors="replace").replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms, shapes = left.split(","), [shape_of(types[name]) for name in node.input]
    sizes: dict[str, int] = {}
    fits = bool(arrow) and len(terms) == len(shapes) and len(set(right)) == len(right)
    for term, shape in zip(terms, shapes, strict=False):
        fits = fits and _add_sizes(sizes, term, shape)
    if not fits or not set(right) <= set(sizes) or len(sizes) > MAX_RANK:
        raise InvalidModel(
            ModelFault.SHAPE,
            f"Einsum {equation[:80]!r} of {shapes}, expected letters that fit, and no ellipsis",
        )
    kind = types[node.input[0]].tensor_type.elem_type
    made = tensor_type(kind, tuple(sizes[letter] for letter in right))
    largest = prod(max(size, 1) for size in sizes.values())
    uses = {letter: sum(letter in term for term in terms) for letter in sizes}
    stacked = [n for n, use in uses.items() if use > 2 or (use > 1 and n in right)]
    calls = len(terms) * prod(max(sizes[letter], 1) for letter in stacked)
    work = EINSUM_WORK * largest * len(terms) + CALL_WORK * calls
    return {node.output[0]: made}, largest, work


def _add_sizes(sizes: dict[str, int], term: str, shape: Shape | None) -> bool:
    """Note the size of every letter of a term; return False if one does not fit."""
    if shape is None or len(shape) != len(term) or not (term.isascii() and term.isalpha()):
        return False
    return all(sizes.setdefault(*each) == each[1] for each in zip(term, shape, strict=True))
