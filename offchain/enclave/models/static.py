"""All static checks of a model's bytes. They decide results, so they depend on the bytes alone.

Nothing is run here except the arithmetic of small shape constants. A model that passes cannot need
more resources than its plan states, unless the manifest admits an op whose values are not bounded.
"""

from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto, TypeProto, ValueInfoProto, helper

from offchain.enclave.models.graph import Walk, nodes_of, tensors_of
from offchain.enclave.models.ops import check_op, opset_versions
from offchain.enclave.models.protobuf_size import parsed_bytes
from offchain.enclave.models.tensors import ITEM_BYTES, MAX_RANK, Shape, shape_of, tensor_type
from offchain.protocol.errors import InvalidModel, ModelFault
from offchain.protocol.model_spec import STRING, ModelLimits, ModelSpec, Output

_FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)
_INTEGERS = (TensorProto.INT64, TensorProto.INT32)


@dataclass(frozen=True)
class Plan:
    """The plan of a run of a model that passed the static checks.

    Args:
        input: name of its input; empty if the inputs are named by the manifest.
        output: name of the output that is read.
        output_shape: shape of that output for one batch.
        argmax: True if the label is the class of the largest score in a row, the first of equals.
        batch_rows: samples in one batch.
        memory_bytes: upper bound of the memory of a run, in bytes.
        operations: upper bound of the work for all samples, one pass, as in `ModelLimits`.
    """

    input: str
    output: str
    output_shape: Shape
    argmax: bool
    batch_rows: int
    memory_bytes: int
    operations: int


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
    except UnicodeDecodeError as error:
        raise InvalidModel(ModelFault.UNREADABLE, f"a name that is not UTF-8: {error}") from error


def _check(model: bytes, spec: ModelSpec, limits: ModelLimits, rows: int) -> Plan:
    limits.check_size(len(model))
    parsed = parsed_bytes(model, limits.memory_bytes // 2)
    proto = _parse(model)
    versions = opset_versions(proto)
    _check_structure(proto, limits)
    _check_tensors(proto)
    _check_validity(model)
    batch_rows = min(limits.batch_rows, rows)
    # Those of both passes, and a copy while the batches of one are concatenated.
    predictions = 3 * 8 * rows * max(spec.classes, 1)
    batches = -(-rows // batch_rows)
    walk = Walk(versions, limits, batches, value_bytes=2 * parsed + predictions)
    for tensor in proto.graph.initializer:
        walk.add_constant(tensor)
    name = _add_inputs(proto, walk, spec, batch_rows)
    for node in proto.graph.node:
        walk.add_node(node)
    output, shape, argmax = _choose_output(proto, walk, spec, batch_rows)
    return Plan(name, output, shape, argmax, batch_rows, walk.memory_bytes, walk.operations)


def _parse(model: bytes) -> ModelProto:
    try:
        proto = ModelProto()
        proto.ParseFromString(model)
        return proto
    except DecodeError as error:
        raise InvalidModel(ModelFault.UNREADABLE, str(error)) from error


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
                f"tensor {tensor.name!r} is stored outside the file, expected inside",
            )
        if tensor.data_type not in ITEM_BYTES:
            raise InvalidModel(
                ModelFault.UNSUPPORTED_OP,
                f"tensor {tensor.name!r} of element type {tensor.data_type}, expected numbers",
            )
        if len(tensor.dims) > MAX_RANK or min(tensor.dims, default=0) < 0:
            raise InvalidModel(
                ModelFault.UNREADABLE,
                f"tensor {tensor.name!r} has dimensions {tensor.dims[:MAX_RANK]}, expected "
                f"{MAX_RANK} at most, none negative",
            )
        expected = prod(tensor.dims)
        if tensor.HasField("raw_data"):
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
            f"input {value.name!r} of {_type_name(declared.elem_type)}, expected "
            f"{_type_name(kind)}",
        )
    dims = declared.shape.dim
    free = declared.HasField("shape") and len(dims) > 0 and not dims[0].HasField("dim_value")
    fits = len(dims) == len(shape) and all(
        not dim.HasField("dim_value") or dim.dim_value == size
        for dim, size in zip(dims[1:], shape[1:], strict=False)
    )
    if not (free and fits):
        sizes = [dim.dim_value if dim.HasField("dim_value") else None for dim in dims]
        raise InvalidModel(
            ModelFault.INPUT,
            f"input {value.name!r} of shape {sizes[:MAX_RANK]}, expected {[None, *shape[1:]]}",
        )
    walk.add_input(value.name, tensor_type(kind, shape))


def _type_name(kind: int) -> str:
    """Return the name of an element type as NumPy's."""
    if kind == TensorProto.STRING:
        return STRING
    return str(helper.tensor_dtype_to_np_dtype(kind)) if kind in ITEM_BYTES else f"type {kind}"


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
