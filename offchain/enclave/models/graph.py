"""Shape, memory and work of every value in a model, node by node.

The input's shape is fixed, batch dimension included; every other shape is inferred from it. The
file's own statements about shapes (``value_info``, declared outputs) are untrusted and not read.
Nodes are in topological order, which ``onnx.checker`` has checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from onnx import GraphProto, NodeProto, TensorProto, TypeProto

from offchain.enclave.models.attributes import attribute_of, integer_of
from offchain.enclave.models.costs import NODE_WORK, operations, scratch_bytes
from offchain.enclave.models.einsum import infer_einsum
from offchain.enclave.models.folding import KNOWN_ELEMENTS, fold
from offchain.enclave.models.fused import infer_fused
from offchain.enclave.models.shapes import infer
from offchain.enclave.models.tensors import Types, elements, shape_of, tensor_bytes, tensor_type
from offchain.enclave.models.text import Texts, infer_text, text_work
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import ModelLimits


def nested_graphs(node: NodeProto) -> Iterator[GraphProto]:
    """Yield the graphs in a node's attributes."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def nodes_of(graph: GraphProto) -> Iterator[NodeProto]:
    """Yield all nodes of a graph and of those nested in it; protobuf allows 100 levels at most."""
    for node in graph.node:
        yield node
        for nested in nested_graphs(node):
            yield from nodes_of(nested)


def tensors_of(graph: GraphProto) -> Iterator[TensorProto]:
    """Yield all dense tensors of a graph and of the graphs nested in it."""
    yield from graph.initializer
    for node in nodes_of(graph):
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
        for nested in nested_graphs(node):
            yield from nested.initializer


def longest_string(graph: GraphProto) -> int:
    """Return a bound of the strings of a graph and of those nested in it, in bytes.

    It is at least the size of a number as text.
    """
    texts = [text for tensor in tensors_of(graph) for text in tensor.string_data]
    for node in nodes_of(graph):
        for attribute in node.attribute:
            texts += [attribute.s, *attribute.strings]
    return max(map(len, texts), default=0) + 32


def reads(node: NodeProto) -> set[str]:
    """Return the names of all values that a node or a graph nested in it reads."""
    names = set(filter(None, node.input))
    for nested in nested_graphs(node):
        names.update(value.name for value in nested.output)
        for inner in nested.node:
            names |= reads(inner)
    return names


def _runtime_order(graph: GraphProto) -> list[NodeProto]:
    """Return the nodes in the order in which onnxruntime runs them.

    It goes back from the nodes whose outputs no node reads, depth first, the last ones first.
    """
    nodes = list(graph.node)
    makers = {name: place for place, node in enumerate(nodes) for name in node.output if name}
    sources = [sorted({makers[n] for n in reads(node) if n in makers}) for node in nodes]
    inner = {place for places in sources for place in places}
    order: list[NodeProto] = []
    stack = [(place, False) for place in range(len(nodes)) if place not in inner]
    seen: set[int] = set()
    while stack:
        place, done = stack.pop()
        if done:
            order.append(nodes[place])
        elif place not in seen:
            seen.add(place)
            stack.append((place, True))
            stack += [(source, False) for source in sources[place] if source not in seen]
    return order


@dataclass
class Walk:
    """State of the walk over a graph: the values so far, and sums of memory and work.

    Args:
        versions: opset version of each domain.
        limits: resource limits of the task.
        batches: number of batches in a pass.
        texts: memory of strings.
        types: type of each value.
        known: values of small constants.
        unproven: values of unknown shape, from an op that the manifest admits or from such values.
        made: names of the values that nodes have made.
        weight_bytes: size of all constants of the file.
        value_bytes: memory for the file itself, its inputs and all predictions; at the end also the
            maximum of the values of one batch that are alive at a time.
        scratch_bytes: maximum that one node needs beside its inputs and outputs.
        operations: work for all batches.
        live_bytes: maximum of the values of one batch that are alive at a time.
    """

    versions: Mapping[str, int]
    limits: ModelLimits
    batches: int
    texts: Texts
    types: dict[str, TypeProto] = field(default_factory=dict)
    known: dict[str, TensorProto] = field(default_factory=dict)
    unproven: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    weight_bytes: int = 0
    value_bytes: int = 0
    scratch_bytes: int = 0
    operations: int = 0
    live_bytes: int = 0

    @property
    def memory_bytes(self) -> int:
        """Upper bound in bytes; weights count twice, because the runtime repacks some of them."""
        return 2 * self.weight_bytes + self.value_bytes + self.scratch_bytes

    def add_input(self, name: str, value: TypeProto) -> None:
        """Add the model's input.

        Raises:
            InvalidModel: `MEMORY`.
        """
        self.types[name] = value
        self.value_bytes += tensor_bytes(value) + self.texts.bytes_of(name, value)
        self._check_memory(f"input {name!r}")

    def add_constant(self, tensor: TensorProto) -> None:
        """Add an initializer.

        Raises:
            InvalidModel: `MEMORY` or `UNSUPPORTED_OP`.
        """
        self.types[tensor.name] = tensor_type(tensor.data_type, tuple(tensor.dims))
        self.weight_bytes += tensor_bytes(self.types[tensor.name])
        self.weight_bytes += sum(map(len, tensor.string_data))
        if elements(tuple(tensor.dims)) <= KNOWN_ELEMENTS:
            self.known[tensor.name] = tensor
        self._check_memory(f"initializer {tensor.name!r}")

    def add_node(self, node: NodeProto) -> None:
        """Add a node and its outputs.

        Raises:
            InvalidModel: `SHAPE`, `MEMORY`, `WORK`, or `UNSUPPORTED_OP` for values that are not
                tensors of numbers.
        """
        inputs = {name: self.types[name] for name in node.input if name in self.types}
        known = {name: self.known[name] for name in node.input if name in self.known}
        if node.op_type in self.limits.extra_ops or self.unproven.intersection(node.input):
            self._add_unproven(node, inputs, known)
            return
        if node.op_type == "Scan":
            self._add_scan(node)
            return
        outputs = infer_text(node, inputs, self.texts.longest)
        inner = inner_work = 0
        if node.op_type == "Einsum":
            outputs, inner, inner_work = infer_einsum(node, inputs)
        outputs = outputs or infer_fused(node, inputs) or infer(node, inputs, known, self.versions)
        for name in filter(None, node.output):
            if name not in outputs or shape_of(outputs[name]) is None:
                raise InvalidModel(
                    ModelFault.SHAPE,
                    f"shape of {name!r} ({node.op_type}) is unknown, expected one that follows "
                    "from the input's shape",
                )
        types = inputs | outputs
        self.texts.add_node(node, types)
        self._add_values(node, outputs)
        copied = sum(self.texts.bytes_of(name, value) for name, value in types.items())
        self.scratch_bytes = max(self.scratch_bytes, scratch_bytes(node, types) + copied)
        self._check_memory(f"{node.op_type} {node.name!r}")
        self.scratch_bytes = max(self.scratch_bytes, 3 * 8 * inner)
        work = operations(node, types) + inner_work
        work += text_work(node, types, self.texts.longest)
        self.operations += self.batches * work
        self._check_work(f"{node.op_type} {node.name!r}")
        self.known.update(fold(node, types, known, self.versions))

    def _add_scan(self, node: NodeProto) -> None:
        """Add a loop over the rows of tensors, as often as these have rows.

        Its body is walked once, for one turn, with the values around it (scikit-learn's distances).
        """
        body = attribute_of(node, "body")
        count = integer_of(node, "num_scan_inputs", 0)
        first = len(node.input) - count
        types = [self.types.get(name) for name in node.input]
        shapes = [None if value is None else shape_of(value) for value in types]
        moves = [name for a in node.attribute if any(a.ints) for name in [a.name]]
        rows = {shape[0] for shape in shapes[first:] if shape}
        if (
            body is None
            or not 1 <= count <= len(node.input) == len(body.g.input)
            or len(node.output) != len(body.g.output)
            or moves
            or not all(shapes[first:])
            or None in shapes
            or len(rows) != 1
            or self.texts.tokens.intersection(node.input)
        ):
            raise InvalidModel(
                ModelFault.SHAPE,
                f"Scan over {shapes} with {moves or count}, expected the rows of tensors, forwards",
            )
        (turns,) = rows
        inner = Walk(
            self.versions,
            self.limits,
            self.batches * max(turns, 1),
            self.texts,
            types=dict(self.types),
            known=dict(self.known),
            operations=self.operations,
        )
        for place, value in enumerate(body.g.input):
            kind = types[place].tensor_type.elem_type  # type: ignore[union-attr]
            shape = (shapes[place] or ())[place >= first :]
            inner.add_input(value.name, tensor_type(kind, shape))
            inner.known.pop(value.name, None)
        for tensor in body.g.initializer:
            inner.add_constant(tensor)
        for each in body.g.node:
            inner.add_node(each)
        inner.add_live_values(body.g)
        made = [inner.types.get(value.name) for value in body.g.output]
        outputs = {}
        for place, (name, value) in enumerate(zip(node.output, made, strict=True)):
            size = None if value is None else shape_of(value)
            if value is None or size is None or (place < first and size != shapes[place]):
                raise InvalidModel(
                    ModelFault.SHAPE, f"Scan that makes {size}, expected {shapes[place]}"
                )
            kind = value.tensor_type.elem_type
            outputs[name] = value if place < first else tensor_type(kind, (turns, *size))
        self._add_values(node, {name: value for name, value in outputs.items() if name})
        self.scratch_bytes = max(self.scratch_bytes, inner.memory_bytes)
        self.operations = inner.operations + self.batches * turns * NODE_WORK
        self._check_memory(f"Scan {node.name!r}")
        self._check_work(f"Scan {node.name!r}")

    def _add_unproven(
        self, node: NodeProto, inputs: Types, known: Mapping[str, TensorProto]
    ) -> None:
        """Add a node that the manifest admits, or one after it; shapes may remain unknown."""
        names = set(filter(None, node.output))
        try:
            outputs = infer(node, inputs, known, self.versions)
        except InvalidModel:
            outputs = {}
        self._add_values(node, outputs)
        self.unproven |= {n for n in names if n not in outputs or shape_of(outputs[n]) is None}

    def add_live_values(self, graph: GraphProto) -> None:
        """Add the maximum of the values that are alive at a time; call it once, after all nodes.

        A value is alive from the node that makes it to the last one that reads it, and an output of
        the graph to the end. The runtime sorts the nodes anew, so both orders are followed.

        Raises:
            InvalidModel: `MEMORY`.
        """
        kept = {value.name for value in graph.output}
        orders = (list(graph.node), _runtime_order(graph))
        self.live_bytes = max(self._peak(nodes, kept) for nodes in orders)
        self.value_bytes += self.live_bytes
        self._check_memory("the most that is alive at a time")

    def _peak(self, nodes: list[NodeProto], kept: set[str]) -> int:
        last = {name: place for place, node in enumerate(nodes) for name in reads(node)}
        dying: dict[int, list[str]] = {}
        for name, place in last.items():
            dying.setdefault(place, []).append(name)
        live = peak = 0
        for place, node in enumerate(nodes):
            made = list(filter(None, node.output))
            live += sum(map(self._bytes_of, made))
            peak = max(peak, live)
            unread = [name for name in made if name not in last]
            for name in {*dying.get(place, ()), *unread} - kept:
                live -= self._bytes_of(name) if name in self.made else 0
        return peak

    def _bytes_of(self, name: str) -> int:
        value = self.types.get(name)
        return 0 if value is None else tensor_bytes(value) + self.texts.bytes_of(name, value)

    def _add_values(self, node: NodeProto, outputs: Types) -> None:
        self.types.update(outputs)
        self.made.update(outputs)
        if self.memory_bytes + sum(map(self._bytes_of, outputs)) > self.limits.memory_bytes:
            self.value_bytes += sum(map(self._bytes_of, outputs))
            self._check_memory(f"{node.op_type} {node.name!r}")

    def _check_memory(self, place: str) -> None:
        if self.memory_bytes > self.limits.memory_bytes:
            limit = self.limits.memory_bytes
            raise InvalidModel(
                ModelFault.MEMORY,
                f"{self.memory_bytes} bytes up to {place}, expected {limit} at most",
            )

    def _check_work(self, place: str) -> None:
        if self.operations > self.limits.operations:
            limit = self.limits.operations
            raise InvalidModel(
                ModelFault.WORK,
                f"{self.operations} operations up to {place}, expected {limit} at most",
            )
