"""All static checks of a model's bytes. They decide results, so they depend on the bytes alone.

Nothing is run here except the arithmetic of small shape constants. A model that passes cannot need
more resources than its plan states, unless the manifest admits an op whose values are not bounded.
"""

from dataclasses import dataclass, field
from math import prod

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto, TypeProto, ValueInfoProto, helper

from offchain.enclave.models.attributes import check_strings
from offchain.enclave.models.graph import Walk, longest_string, nodes_of, tensors_of
from offchain.enclave.models.ops import ALLOWED, check_op, domain_of, opset_versions
from offchain.enclave.models.protobuf_size import parsed_bytes
from offchain.enclave.models.runtime import MACHINE_FAULTS, OUT_OF_MEMORY
from offchain.enclave.models.tensors import (
    ITEM_BYTES,
    MAX_RANK,
    Shape,
    shape_of,
    tensor_type,
    type_name,
)
from offchain.enclave.models.text import Texts
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import STRING, ModelLimits, ModelSpec, Output

_FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
_INTEGERS = (TensorProto.INT64, TensorProto.INT32)

BATCH_STEP = 4
"""Factor by which a batch is made smaller until its values fit into memory and cache."""

CACHE_BYTES = 4 * 2**20
"""Size of a batch's values from which on smaller batches are faster: they stay in the cache."""

EXACT = {"Identity", "TreeEnsembleClassifier", "TreeEnsembleRegressor"}
"""Ops that no optimisation of the runtime changes, apart from identities, which it drops."""

_MALFORMED = ("Wire format was corrupt", "bad UTF-8", "MaxDepth", "Missing required")
"""Texts of protobuf's errors that are the file's fault."""


@dataclass(frozen=True)
class Plan:
    """The plan of a run of a model that passed the static checks.

    Args:
        input: name of its input; empty if the inputs are named by the manifest.
        output: name of the output that is read.
        output_shape: shape of that output for one batch.
        argmax: True if the label is the class of the largest score in a row, the first of equals.
        batch_rows: samples in one batch.
        column: True if the output is one column, the probability of the second of two classes.
        model: the ONNX file to run, without what `_prepare` removes.
        memory_bytes: upper bound of the memory of a run, in bytes.
        operations: upper bound of the work for all samples, one pass, as in `ModelLimits`.
        live_bytes: the part of `memory_bytes` for the values of a batch.
        exact: True if the runtime's optimisations cannot change a prediction.
    """

    input: str
    output: str
    output_shape: Shape
    argmax: bool
    column: bool
    batch_rows: int
    model: bytes = field(repr=False)
    memory_bytes: int
    operations: int
    live_bytes: int = 0
    exact: bool = False


def check_model(model: bytes, spec: ModelSpec, limits: ModelLimits, rows: int) -> Plan:
    """Check a model's bytes and return the plan of its run.

    Args:
        model: content of an ONNX file; untrusted.
        spec: shapes and types that the task requires.
        limits: resource limits of the task.
        rows: number of samples in the run, at least 1.

    Raises:
        InvalidModel: the model breaks a rule.
        MemoryError: memory ran out. This is the environment's fault: `limits.memory_bytes` bounds
            the model's memory before it is parsed.
    """
    try:
        return _check(model, spec, limits, rows)
    except (InvalidModel, *MACHINE_FAULTS):
        raise
    except Exception as error:  # of protobuf, onnx or this code: the model is its only input
        detail = f"{type(error).__name__} while it is checked: {error}"
        raise InvalidModel(ModelFault.UNREADABLE, detail) from error


def _check(model: bytes, spec: ModelSpec, limits: ModelLimits, rows: int) -> Plan:
    limits.check_size(len(model))
    for words in OUT_OF_MEMORY:
        if words.encode() in model:
            raise InvalidModel(
                ModelFault.UNREADABLE, f"a text with {words!r}, expected no words of the runtime's"
            )
    parsed = parsed_bytes(model, limits.memory_bytes // 2)
    proto = _parse(model)
    changed = _prepare(proto)
    versions = opset_versions(proto)
    _check_structure(proto, limits)
    _check_tensors(proto)
    _check_validity(model)
    if changed:
        model = proto.SerializeToString()
        parsed += len(model)
    batch_rows = min(limits.batch_rows, rows)
    fixed = _fixed_batch(proto, limits.batch_rows)
    plan: Plan | None = None
    while True:
        try:
            found = _plan(proto, model, versions, spec, limits, rows, fixed or batch_rows, parsed)
        except InvalidModel as refusal:
            if plan is not None:  # more calls would take too much work
                return plan
            if refusal.reason is not ModelFault.MEMORY or fixed or batch_rows == 1:
                raise
            batch_rows = max(batch_rows // BATCH_STEP, 1)
            continue
        smaller, live = batch_rows, found.live_bytes
        while live > CACHE_BYTES and smaller > 1:
            smaller, live = max(smaller // BATCH_STEP, 1), live // BATCH_STEP
        if plan is not None or fixed or smaller == batch_rows:
            return found
        plan, batch_rows = found, smaller


def _plan(
    proto: ModelProto,
    model: bytes,
    versions: dict[str, int],
    spec: ModelSpec,
    limits: ModelLimits,
    rows: int,
    batch_rows: int,
    parsed: int,
) -> Plan:
    # Those of both passes, and a copy while the batches of one are concatenated.
    predictions = 3 * 8 * (rows + batch_rows) * max(spec.classes, 1)
    batches = -(-rows // batch_rows)
    strings = max((each.string_bytes for each in spec.inputs), default=0)
    texts = Texts(max(strings, longest_string(proto.graph)))
    walk = Walk(versions, limits, batches, texts, value_bytes=2 * parsed + predictions)
    for tensor in proto.graph.initializer:
        walk.add_constant(tensor)
    name = _add_inputs(proto, walk, spec, batch_rows)
    for node in proto.graph.node:
        walk.add_node(node)
    walk.add_live_values(proto.graph)
    output, shape, argmax = _choose_output(proto, walk, spec, batch_rows)
    column = argmax and shape in ((batch_rows,), (batch_rows, 1))
    column = column or (spec.output is Output.PROBABILITIES and shape != (batch_rows, spec.classes))
    return Plan(
        name,
        output,
        shape,
        argmax,
        column,
        batch_rows,
        model,
        walk.memory_bytes,
        walk.operations,
        walk.live_bytes,
        EXACT.issuperset(node.op_type for node in proto.graph.node),
    )


def _prepare(proto: ModelProto) -> bool:
    """Drop what exporters add by default and no prediction needs; return True if there was any.

    A ``ZipMap`` at the end turns a table of probabilities into a list of dictionaries: the table is
    read instead. An import of a domain without a node is dropped too.
    """
    nodes, used = proto.graph.node, {name for node in proto.graph.node for name in node.input}
    removed = False
    for node in [each for each in nodes if each.op_type == "ZipMap" and each.input and each.output]:
        outputs = [value.name for value in proto.graph.output]
        if node.output[0] in outputs and node.output[0] not in used:
            del proto.graph.output[outputs.index(node.output[0])]
            if node.input[0] not in outputs:
                proto.graph.output.add(name=node.input[0])
            nodes.remove(node)
            removed = True
    domains = {"", *(domain_of(node) for node in nodes_of(proto.graph))}
    for entry in [each for each in proto.opset_import if each.domain not in (*domains, "ai.onnx")]:
        proto.opset_import.remove(entry)
        removed = True
    return removed


def _fixed_batch(proto: ModelProto, most: int) -> int:
    """Return the number of samples that the inputs of a model are fixed to; 0 if it is open."""
    constants = {tensor.name for tensor in proto.graph.initializer}
    sizes = {
        value.type.tensor_type.shape.dim[0].dim_value
        for value in proto.graph.input
        if value.name not in constants and value.type.tensor_type.shape.dim
    }
    if len(sizes) != 1 or max(sizes) < 1:
        return 0
    (size,) = sizes
    if size > most:
        raise InvalidModel(
            ModelFault.INPUT, f"batches of {size} samples, expected {most} at most or an open size"
        )
    return int(size)


def _parse(model: bytes) -> ModelProto:
    """Parse a model; the parser reports lack of memory as it reports a malformed file."""
    try:
        proto = ModelProto()
        proto.ParseFromString(model)
        return proto
    except DecodeError as error:
        if any(fault in str(error) for fault in _MALFORMED):
            raise InvalidModel(ModelFault.UNREADABLE, str(error)) from error
        raise MemoryError(f"protobuf: {error}") from error


def _check_validity(model: bytes) -> None:
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise InvalidModel(ModelFault.UNREADABLE, str(error)) from error


def _check_structure(proto: ModelProto, limits: ModelLimits) -> None:
    """Refuse constructs that the static checks do not cover, and too many nodes."""
    if proto.functions or proto.training_info:
        raise InvalidModel(
            ModelFault.UNSUPPORTED_OP, "local functions or training graphs, expected none"
        )
    if proto.graph.sparse_initializer:
        raise InvalidModel(ModelFault.UNSUPPORTED_OP, "sparse initializers, expected dense tensors")
    for count, node in enumerate(nodes_of(proto.graph), start=1):
        if count > limits.nodes:
            raise InvalidModel(ModelFault.TOO_LARGE, f"more nodes than {limits.nodes}, the limit")
        check_op(node, limits.extra_ops)
        check_strings(node, ALLOWED.get(domain_of(node), frozenset()))
        for attribute in node.attribute:
            if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                raise InvalidModel(
                    ModelFault.UNSUPPORTED_OP, "sparse attribute, expected dense tensors"
                )


def _check_tensors(proto: ModelProto) -> None:
    """Refuse a tensor that is outside the file or has another size than its dimensions give."""
    for tensor in tensors_of(proto.graph):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise InvalidModel(
                ModelFault.EXTERNAL_DATA,
                f"tensor {tensor.name!r} is stored outside the file, expected inside "
                "(torch.onnx.export with external_data=False)",
            )
        if tensor.data_type not in ITEM_BYTES:
            raise InvalidModel(
                ModelFault.UNSUPPORTED_OP,
                f"tensor {tensor.name!r} of {type_name(tensor.data_type)}, expected numbers or "
                "text",
            )
        if len(tensor.dims) > MAX_RANK or min(tensor.dims, default=0) < 0:
            raise InvalidModel(
                ModelFault.UNREADABLE,
                f"tensor {tensor.name!r} has dimensions {tensor.dims[:MAX_RANK]}, expected "
                f"{MAX_RANK} at most, none negative",
            )
        expected = prod(tensor.dims)
        if tensor.HasField("raw_data") and tensor.data_type != TensorProto.STRING:
            stored, expected = len(tensor.raw_data), expected * ITEM_BYTES[tensor.data_type]
        else:
            stored = len(getattr(tensor, helper.tensor_dtype_to_field(tensor.data_type)))
        if stored != expected:
            raise InvalidModel(
                ModelFault.UNREADABLE,
                f"tensor {tensor.name!r} holds {stored} items or raw bytes, expected {expected}",
            )


def _add_inputs(proto: ModelProto, walk: Walk, spec: ModelSpec, batch_rows: int) -> str:
    """Add the model's inputs with their batch dimension fixed; return the name of a single one."""
    inputs = {value.name: value for value in proto.graph.input if value.name not in walk.types}
    if spec.inputs:
        wanted = {each.name: each for each in spec.inputs}
        if set(inputs) != set(wanted):
            raise InvalidModel(
                ModelFault.INPUT, f"inputs {sorted(inputs)}, expected {sorted(wanted)}"
            )
        for name, each in wanted.items():
            kind = helper.np_dtype_to_tensor_dtype(
                np.dtype(object if each.dtype == STRING else each.dtype)
            )
            _add_input(inputs[name], walk, kind, (batch_rows, *each.shape))
        return ""
    if len(inputs) != 1:
        raise InvalidModel(ModelFault.INPUT, f"{len(inputs)} inputs, expected 1")
    (name,) = inputs
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(spec.input_dtype))
    _add_input(inputs[name], walk, kind, (batch_rows, *spec.input_shape))
    return str(name)


def _add_input(value: ValueInfoProto, walk: Walk, kind: int, shape: Shape) -> None:
    """Add one input; the model may leave sizes open, but not the shape or the type."""
    declared = value.type.tensor_type
    if declared.elem_type != kind:
        raise InvalidModel(
            ModelFault.INPUT,
            f"input {value.name!r} of {type_name(declared.elem_type)}, expected {type_name(kind)}",
        )
    dims = declared.shape.dim
    # Exporters write an open size as a name, as nothing, as 0 or as -1.
    if len(dims) != len(shape) or any(
        dim.dim_value > 0 and dim.dim_value != size for dim, size in zip(dims, shape, strict=False)
    ):
        sizes = [dim.dim_value if dim.dim_value > 0 else None for dim in dims]
        raise InvalidModel(
            ModelFault.INPUT,
            f"input {value.name!r} of shape {sizes[:MAX_RANK]}, expected {[None, *shape[1:]]}",
        )
    walk.add_input(value.name, tensor_type(kind, shape))


def _choose_output(
    proto: ModelProto, walk: Walk, spec: ModelSpec, rows: int
) -> tuple[str, Shape, bool]:
    """Return name and shape of the output that is read, and True if labels are its argmax.

    It is the first output that fits. For labels, outputs of integers come before scores.
    """
    column = ((rows,), (rows, 1))
    table = ((rows, spec.classes),)
    wanted = {
        Output.LABELS: ((_INTEGERS, column, False), (_FLOATS, table, True)),
        Output.VALUES: ((_FLOATS, column, False),),
    }.get(spec.output, ((_FLOATS, table, False),))
    if spec.classes == 2 and spec.output in (Output.LABELS, Output.PROBABILITIES):
        wanted += ((_FLOATS, column, spec.output is Output.LABELS),)
    any_shape = spec.output in (Output.VECTORS, Output.MULTILABEL)
    outputs = [(value.name, _output_type(value, walk, rows)) for value in proto.graph.output]
    for types, shapes, argmax in wanted:
        for name, value in outputs:
            shape = shape_of(value)
            if shape is None or value.tensor_type.elem_type not in types:
                continue
            flat = (shape[0], prod(shape[1:])) if any_shape and len(shape) > 1 else shape
            if flat in shapes:
                return str(name), shape, argmax
    found = {name: shape_of(value) for name, value in outputs}
    raise InvalidModel(
        ModelFault.OUTPUT,
        f"outputs {found} for {rows} samples, expected {spec.output}, {spec.classes} classes",
    )


def _output_type(value: ValueInfoProto, walk: Walk, rows: int) -> TypeProto:
    """Return an output's type; for an unproven one the declared type, which the run verifies."""
    if value.name not in walk.unproven:
        return walk.types[value.name]
    declared = TypeProto()
    declared.CopyFrom(value.type)
    first = declared.tensor_type.shape.dim[:1]
    if first and not first[0].HasField("dim_value"):
        first[0].dim_value = rows
    return declared
