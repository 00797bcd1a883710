"""Ops on text: their rules, their work, and the memory of strings.

A string has at most `Texts.longest` bytes: as many as the longest one of the manifest's inputs and
of the file. Ops that join strings are not allowed, so only a change of case can make one longer.
"""

import locale
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from onnx import AttributeProto, NodeProto, TensorProto, TypeProto

from offchain.enclave.models.attributes import attribute_of, integer_of
from offchain.enclave.models.tensors import Types, elements, shape_of, tensor_type
from offchain.protocol.errors import InvalidModel, ModelFault

GROWTH: Final = 4
"""Factor by which a change of case can make a string longer, and a number as text."""

TOKEN_WORK: Final = 4096
"""Work for each byte that is split into tokens, and for each token that is looked up."""

EXPRESSION_BYTES: Final = 128
"""Maximum size of the expression of a token."""

_WHOLE: Final = ("Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")
"""Ops that move all strings of their input and copy none."""

_OF_TOKENS: Final = ("Flatten", "Identity", "TfIdfVectorizer")
"""Ops that may read tokens, since they do not depend on how many there are."""


def load_locale() -> None:
    """Load the locale that ``StringNormalizer`` opens by default, before files are denied.

    Only its name is that of American English. The content is the C library's own ``C.UTF-8``, so
    that every machine changes the case of a letter alike.

    Raises:
        OSError: the C library has no ``C.UTF-8``, or no temporary folder can be made.
    """
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "en_US.utf8").symlink_to("/usr/lib/locale/C.utf8")
        os.environ["LOCPATH"] = folder
        try:
            locale.setlocale(locale.LC_ALL, "en_US.UTF-8")
        except locale.Error as error:
            raise OSError(f"/usr/lib/locale/C.utf8: {error}") from error


@dataclass
class Texts:
    """Text of the values of a graph.

    Args:
        longest: maximum size of one string in bytes.
        sizes: total size of the strings of a value in bytes, if it is known to be less than
            `longest` for each of them.
        tokens: values whose last dimension is only an upper bound: the number of tokens.
    """

    longest: int
    sizes: dict[str, int] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def bytes_of(self, name: str, value: TypeProto) -> int:
        """Return an upper bound of the strings of a value in bytes; 0 if it is not text."""
        if value.tensor_type.elem_type != TensorProto.STRING:
            return 0
        return self.sizes.get(name, GROWTH * self.longest * elements(shape_of(value) or ()))

    def add_node(self, node: NodeProto, types: Types) -> None:
        """Follow the text through a node.

        Args:
            types: types of its inputs and outputs, all with known shapes.

        Raises:
            InvalidModel: `SHAPE`: the op needs to know how many tokens there are.
        """
        source = node.input[0] if node.input else ""
        if self.tokens.intersection(node.input):
            flat = node.op_type != "Flatten" or integer_of(node, "axis", 1) == 1
            if node.op_type not in _OF_TOKENS or not flat:
                raise InvalidModel(
                    ModelFault.SHAPE,
                    f"{node.op_type} of tokens, expected one of {', '.join(_OF_TOKENS)}",
                )
            if node.op_type != "TfIdfVectorizer":
                self.tokens.add(node.output[0])
        if node.op_type == "Tokenizer":
            self.tokens.add(node.output[0])
        if node.op_type in (*_WHOLE, "Tokenizer") and source in types:
            self.sizes[node.output[0]] = self.bytes_of(source, types[source])


def infer_text(node: NodeProto, types: Types, longest: int) -> dict[str, TypeProto]:
    """Return the types of an op on text for which ONNX has no rule; empty for other ops.

    Args:
        types: types of its inputs.
        longest: maximum size of one string in bytes.

    Raises:
        InvalidModel: `SHAPE`: the op is used in a way whose output has no bound.
    """
    shape = shape_of(types[node.input[0]]) if node.input and node.input[0] in types else None
    if node.op_type == "StringNormalizer":
        if attribute_of(node, "stopwords"):
            raise _wrong(node, "stopwords", "none: they change the shape")
        return {} if shape is None else {node.output[0]: types[node.input[0]]}
    if node.op_type == "Tokenizer":
        _check_tokenizer(node)
        most = longest + 2  # a change of case keeps the number of letters
        return (
            {}
            if shape is None
            else {node.output[0]: tensor_type(TensorProto.STRING, (*shape, most))}
        )
    return {}


def _check_tokenizer(node: NodeProto) -> None:
    expression, padding = attribute_of(node, "tokenexp"), attribute_of(node, "pad_value")
    if expression is None or attribute_of(node, "separators"):
        raise _wrong(node, "separators", "an expression of a token (tokenexp)")
    if len(expression.s) > EXPRESSION_BYTES or b"{" in expression.s:
        raise _wrong(node, "tokenexp", f"at most {EXPRESSION_BYTES} bytes and no repetition {{}}")
    if padding is not None and len(padding.s) > 8:
        raise _wrong(node, "pad_value", "at most 8 bytes")
    if integer_of(node, "mincharnum", 1) < 1:
        raise _wrong(node, "mincharnum", "at least 1")


def _wrong(node: NodeProto, name: str, expected: str) -> InvalidModel:
    attribute: AttributeProto | None = attribute_of(node, name)
    found = "none" if attribute is None else repr(attribute.s or list(attribute.strings)[:3])[:80]
    return InvalidModel(
        ModelFault.SHAPE, f"{name} of {node.op_type} is {found}, expected {expected}"
    )


def text_work(node: NodeProto, types: Types, longest: int) -> int:
    """Return an upper bound of the work on text beyond that for the elements."""
    values = [types[name] for name in (*node.input, *node.output) if name in types]
    texts = [v for v in values if v.tensor_type.elem_type == TensorProto.STRING]
    if not texts:
        return 0
    if node.op_type == "TfIdfVectorizer":
        skips = integer_of(node, "max_skip_count", 0) + 1
        grams = integer_of(node, "max_gram_length", 1)
        return TOKEN_WORK * elements(shape_of(values[0]) or ()) * max(skips, 1) * max(grams, 1)
    if node.op_type == "Tokenizer":
        return TOKEN_WORK * GROWTH * longest * elements(shape_of(values[0]) or ())
    return sum(GROWTH * longest * elements(shape_of(value) or ()) for value in texts)
