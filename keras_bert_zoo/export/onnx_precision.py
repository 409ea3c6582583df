"""An ONNX file in half precision, or with weights of eight bits."""

from .onnx_graph import WEIGHTS, quiet

PRECISIONS = ("float32", "float16", "int8")
PRODUCTS = ("MatMul", "Gemm")
FLOAT, HALF = 1, 10  # of onnx.TensorProto
SMALL = 1024  # weights of no more numbers than this stay as they are


def convert(path, precision):
    """Rewrites the model in a file.

    Args:
        path: of a float32 model.
        precision: one of `PRECISIONS`. Inputs and outputs keep their types.

    Raises:
        ValueError: the model is larger than a protobuf.
    """
    if precision == "float32":
        return
    if path.with_name(WEIGHTS).exists():
        raise ValueError(
            f'The model has more than two gigabytes, which precision="{precision}" cannot rewrite. '
            'Export it with precision="float32", and convert it with the tools of your runtime.'
        )
    {"float16": _to_float16, "int8": _to_int8}[precision](path)


def _to_float16(path):
    """Weights and products in half precision.

    Sums, norms, softmax and masks stay in float32: half precision overflows at 65,504. Source of
    the choice: the tables of https://pytorch.org/docs/stable/amp.html.
    """
    import onnx_ir

    model = onnx_ir.load(path)
    graph = model.graph
    halved = {name: _half(graph, value) for name, value in list(graph.initializers.items())}
    casts = {}
    for node in list(graph):
        product = node.op_type in PRODUCTS
        reads_table = node.op_type == "Gather" and halved.get(node.inputs[0].name) is not None
        for place, value in enumerate(node.inputs):
            half = None if value is None else halved.get(value.name)
            if half is not None:
                wide = product or (reads_table and place == 0)
                new = half if wide else _cast(half, FLOAT, node, casts)
                node.replace_input_with(place, new)
            elif product and value is not None:
                node.replace_input_with(place, _cast(value, HALF, node, casts))
        if product or reads_table:
            _widen(node)
    for name, half in halved.items():
        if half is not None:
            del graph.initializers[name]
    onnx_ir.save(model, path)


def _half(graph, value):
    """A copy of a large float32 initializer in half precision, or None for any other."""
    import numpy as np
    import onnx_ir

    array = value.const_value.numpy()
    if array.dtype != np.float32 or array.size <= SMALL:
        return None
    tensor = onnx_ir.tensor(array.astype(np.float16), name=f"{value.name}_half")
    half = onnx_ir.val(tensor.name, onnx_ir.DataType.FLOAT16, array.shape, const_value=tensor)
    graph.register_initializer(half)
    return half


def _cast(value, to, node, known):
    """`value` in another type, by a node before the first one that needs it."""
    import onnx_ir

    if (value.name, to) not in known:
        cast = onnx_ir.node("Cast", [value], {"to": to})
        cast.outputs[0].name = f"{value.name}_as_{to}"
        node.graph.insert_before(node, cast)
        known[value.name, to] = cast.outputs[0]
    return known[value.name, to]


def _widen(node):
    """Makes what reads a node's output read it in float32; the output keeps its name there."""
    import onnx_ir

    output = node.outputs[0]
    cast = onnx_ir.node("Cast", [output], {"to": FLOAT})
    wide = cast.outputs[0]
    wide.type, wide.shape = output.type, output.shape
    onnx_ir.convenience.replace_all_uses_with(output, wide, replace_graph_outputs=True)
    cast.replace_input_with(0, output)
    output.type = onnx_ir.TensorType(onnx_ir.DataType.FLOAT16)
    wide.name, output.name = output.name, f"{output.name}_half"
    node.graph.insert_after(node, cast)


def _to_int8(path):
    """Weights of eight bits, a scale for each column; activations are quantized as they come."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    new = path.with_name("quantized.onnx")
    with quiet():
        quantize_dynamic(
            path,
            new,
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
    model = onnx.load(new)
    new.unlink()
    del model.graph.value_info[:]
    onnx.save(model, path)
