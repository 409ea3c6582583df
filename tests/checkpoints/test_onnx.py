"""Models that torch exports to ONNX: the weights that they were made of, bit by bit."""

import re
import warnings
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.onnx import OnnxFile, name_of, wrapper
from keras_bert_zoo.checkpoints.tensors import open_tensors
from tests.parity.families import MASK, REFERENCES, ask, logits_of, our_logits, ours, theirs
from tests.parity.references import assert_same, edit_config
from tests.tiny import to_numpy

onnx = pytest.importorskip("onnx", reason="it makes the models: pip install onnxscript")
pytest.importorskip("onnxscript", reason="torch's exporters need it")

FAMILIES = ["albert", "bert", "distilbert", "electra", "mpnet", "roberta", "xlm_roberta"]


def export(model, family, path, **options):
    """Writes model.onnx as optimum does: named inputs, both axes dynamic, outputs as a tuple."""
    import torch

    inputs, whole = theirs(family), model.forward
    axes = {name: {0: "batch_size", 1: "sequence_length"} for name in inputs}
    path.parent.mkdir(exist_ok=True)
    model.forward = lambda *given: tuple(whole(**dict(zip(inputs, given))).values())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tracing, and that this exporter is the old one
            torch.onnx.export(
                model, tuple(inputs.values()), str(path), input_names=list(inputs),
                **({"dynamic_axes": axes, "dynamo": False} | options),
            )  # fmt: skip
    finally:
        del model.forward


def build(family, head, folder, place="model.onnx", **config):
    """A folder that holds a random model as ONNX and nothing else; the model."""
    model = REFERENCES[family].build(head, folder, **config)
    (folder / "model.safetensors").unlink()
    export(model, family, folder / place)
    return model


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    return folder, build("bert", "ForSequenceClassification", folder, num_labels=1)


def assert_holds(path, model):
    """Every weight of the model, bit by bit, by the names in PyTorch; and nothing else."""
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    start = wrapper(name for name in state if "." in name)
    with open_tensors(path) as tensors:
        found = {name: tensors[name] for name in tensors}
        assert all(tensors.shape(name) == array.shape for name, array in found.items())
    expected = {name.removeprefix(start): array for name, array in state.items()}
    expected = {n: a for n, a in expected.items() if a.dtype.kind == "f" and n in found}
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert np.array_equal(found[name], array), name


@pytest.mark.parametrize("family", FAMILIES)
def test_encoder(family, tmp_path):
    model = build(family, "Model", tmp_path, place="onnx/model.onnx")
    assert_holds(tmp_path, model)
    encoder = kbz.Encoder.from_preset(tmp_path)
    expected = ask(model, family).last_hidden_state
    assert_same(to_numpy(encoder(ours(family))), expected, MASK)
    report = encoder.conversion_report
    assert (report.missing, report.leftover) == ([], [])


@pytest.mark.parametrize("family", FAMILIES)
def test_classifier(family, tmp_path):
    head = "ForSequenceClassification"
    model = build(family, head, tmp_path, num_labels=3)
    task = kbz.TextClassifier.from_preset(tmp_path)
    assert_same(our_logits(task, family, head), logits_of(model, family, head))
    assert task.conversion_report.new == []


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_masked_lm(family, tied, tmp_path):
    model = build(family, "ForMaskedLM", tmp_path, tie_word_embeddings=tied)
    task = kbz.MaskedLM.from_preset(tmp_path)
    assert task.tied is tied
    found, expected = (
        our_logits(task, family, "ForMaskedLM"),
        logits_of(model, family, "ForMaskedLM"),
    )
    assert_same(found, expected, MASK)
    assert task.conversion_report.new == []


@pytest.mark.any_backend
def test_the_new_exporter(tmp_path):
    import torch

    model = REFERENCES["bert"].build("Model", tmp_path)
    (tmp_path / "model.safetensors").unlink()
    axes = ({0: torch.export.Dim("batch"), 1: torch.export.Dim("length")},) * 3
    options = {"dynamic_axes": None, "dynamic_shapes": (axes,), "dynamo": True, "verbose": False}
    export(model, "bert", tmp_path / "model.onnx", **options)
    assert (tmp_path / "model.onnx.data").is_file()
    assert_holds(tmp_path, model)
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert_same(to_numpy(encoder(ours("bert"))), ask(model, "bert").last_hidden_state, MASK)


@pytest.mark.any_backend
def test_a_model_in_a_model(bert, tmp_path):
    import torch

    class Sentences(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = torch.nn.Sequential(bert[1].bert)

        def forward(self, **inputs):
            return self.model[0](**inputs)

    export(Sentences().eval(), "bert", tmp_path / "model.onnx")
    assert_holds(tmp_path, bert[1].bert)


# Changes to a file, by the library of the format.


@pytest.fixture
def change(bert, tmp_path):
    """Function that writes the exported model once more, changed; gives the path."""

    def write(edit=lambda model: None, **options):
        model = onnx.load(bert[0] / "model.onnx")
        edit(model)
        onnx.save_model(model, tmp_path / "model.onnx", **options)
        return tmp_path / "model.onnx"

    return write


def node_of(model, op, ending):
    return next(n for n in model.graph.node if n.op_type == op and n.name.endswith(ending))


def refused(path, *words, error=ValueError):
    with pytest.raises(error) as raised:
        OnnxFile(path)
    for word in (path.name, *words):
        assert word in str(raised.value)


def beside(size=0):
    names = {"location": "model.onnx_data", "size_threshold": size, "convert_attribute": False}
    return {"save_as_external_data": True, **names}


@pytest.mark.any_backend
def test_numbers_in_another_file(bert, change):
    path = change(**beside())
    assert_holds(path, bert[1])
    data = path.with_name("model.onnx_data")
    data.write_bytes(data.read_bytes()[:-1])
    refused(path, "model.onnx_data ends before the last byte of")
    data.unlink()
    refused(path, "no such file beside it", error=FileNotFoundError)


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("location", "../model.onnx_data", "plain file name"),
        ("location", "/etc/passwd", "plain file name"),
        ("location", "..", "plain file name"),
        ("location", "", "plain file name"),
        ("length", "3", "'3' bytes"),
        ("offset", "-8", "from '-8'"),
        ("offset", "9" * 30, "from"),
        ("offset", "9" * 15, "ends before the last byte"),
    ],
)
def test_numbers_in_another_place(change, key, value, words):
    path = change(**beside())
    model = onnx.load(path, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == key:
            entry.value = value
    path.write_bytes(model.SerializeToString())
    refused(path, words)


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_dtypes(bert, change, kind):
    def convert(model):
        for tensor in model.graph.initializer:
            array = onnx.numpy_helper.to_array(tensor)
            if array.dtype == np.float32:
                tensor.CopyFrom(onnx.numpy_helper.from_array(array.astype(kind), tensor.name))

    with open_tensors(change(convert)) as tensors:
        for name, value in bert[1].state_dict().items():
            if "position_ids" not in name:
                name = name.removeprefix("bert.") if name not in tensors else name
                assert tensors.dtype(name) == kind
                assert np.array_equal(tensors[name], value.numpy().astype(kind))


@pytest.mark.any_backend
def test_numbers_without_raw_bytes(bert, change):
    def convert(model):
        for tensor in model.graph.initializer:
            array = onnx.numpy_helper.to_array(tensor)
            if array.dtype == np.float32:
                numbers = array.ravel().tolist()
                tensor.CopyFrom(onnx.helper.make_tensor(tensor.name, 1, array.shape, numbers))

    assert_holds(change(convert), bert[1])


@pytest.mark.any_backend
def test_kernels_the_other_way_round(bert, change):
    """Names and uses that other exporters leave: what is done with a kernel says how it lies."""

    def convert(model):
        tensors = {tensor.name: tensor for tensor in model.graph.initializer}
        gemm = node_of(model, "Gemm", "/classifier/Gemm")
        gemm.attribute.remove(next(a for a in gemm.attribute if a.name == "transB"))
        kernel = tensors[gemm.input[1]]
        array = np.ascontiguousarray(onnx.numpy_helper.to_array(kernel).T)
        kernel.CopyFrom(onnx.numpy_helper.from_array(array, kernel.name))
        product = node_of(model, "MatMul", "layer.0/output/dense/MatMul")
        name = "bert.encoder.layer.0.output.dense.weight"
        tensors[product.input[1]].name = name
        product.input[1] = name

    assert_holds(change(convert), bert[1])


@pytest.mark.any_backend
def test_merged_biases_are_refused(change):
    """Exporters keep equal tensors once, and then a bias does not tell whose kernel it is."""

    def merge(model):
        model.graph.node.remove(node_of(model, "Add", "layer.0/attention/self/query/Add"))
        key = node_of(model, "MatMul", "layer.0/attention/self/key/MatMul")
        add = node_of(model, "Add", "layer.0/attention/self/key/Add")
        query = node_of(model, "MatMul", "layer.0/attention/self/query/MatMul")
        bias = next(name for name in add.input if name != key.output[0])
        extra = onnx.helper.make_node("Add", [query.output[0], bias], ["sum"], "extra")
        model.graph.node.append(extra)

    refused(change(merge), "two tensors are bert.encoder.layer.0.attention.self.key.weight")


@pytest.mark.any_backend
def test_a_kernel_without_a_name_is_left_over(bert, change):
    path = change(lambda m: m.graph.node.remove(node_of(m, "Add", "layer.0/output/dense/Add")))
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (path.parent / name).write_bytes((bert[0] / name).read_bytes())
    with pytest.raises(kbz.ConversionError, match=r"missing +1 .*\n.*left over +1 \(onnx::MatMul"):
        kbz.Encoder.from_preset(path.parent)
    edit_config(path.parent, num_hidden_layers=7)
    with pytest.raises(kbz.ConversionError, match="says 7 layers"):
        kbz.Encoder.from_preset(path.parent)


def add_node(op, **options):
    return lambda model: model.graph.node.append(onnx.helper.make_node(op, ["x"], ["y"], **options))


def gemm(model, **attributes):
    node = node_of(model, "Gemm", "/classifier/Gemm")
    for name, value in attributes.items():
        kept = [attribute for attribute in node.attribute if attribute.name != name]
        del node.attribute[:]
        node.attribute.extend([*kept, onnx.helper.make_attribute(name, value)])


def other_shape(model):
    model.graph.initializer[0].dims[0] += 1


def huge_shape(model):
    model.graph.initializer[0].dims.extend([2**40, 2**40])


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (add_node("DynamicQuantizeLinear"), "quantised: it has the operation DynamicQuantize"),
        (add_node("Attention", domain="com.microsoft"), "operation com.microsoft.Attention"),
        (lambda model: gemm(model, alpha=2.0), "alpha that is not 1"),
        (lambda model: gemm(model, beta=0.5), "beta that is not 1"),
        (lambda model: gemm(model, transA=1), "transA"),
        (other_shape, "bytes; expected"),
        (huge_shape, "its shape is"),
        (lambda m: m.graph.initializer.append(m.graph.initializer[0]), "two tensors have the name"),
        (lambda model: model.graph.sparse_initializer.add(), "sparse"),
        (lambda model: model.ClearField("graph"), "holds 0 graphs"),
        (lambda model: model.graph.ClearField("node"), "no nodes"),
        (lambda m: m.graph.node[0].input.extend(["a"] * 200_001), "more than 200,000 inputs"),
    ],
)
def test_what_is_not_read(change, edit, words):
    refused(change(edit), words)


@pytest.mark.any_backend
def test_files_that_are_no_models(bert, tmp_path):
    path = tmp_path / "model.onnx"
    for content in (b"", b"\x80", b"version https://git-lfs", b"{}"):
        path.write_bytes(content)
        refused(path)
    whole = (bert[0] / "model.onnx").read_bytes()
    for length in range(1, len(whole), 997):
        path.write_bytes(whole[:length])
        refused(path)
    (tmp_path / "model_quantized.onnx").write_bytes(whole)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="model_quantized.onnx .an ONNX graph"):
        open_tensors(tmp_path)


@pytest.mark.any_backend
@settings(
    max_examples=40, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_flipped_bytes_give_an_error_or_arrays_of_the_file(bert, tmp_path, data):
    path, mangled = tmp_path / "model.onnx", bytearray((bert[0] / "model.onnx").read_bytes())
    changes = st.tuples(st.integers(0, len(mangled) - 1), st.integers(0, 255))
    for place, value in data.draw(st.lists(changes, min_size=1, max_size=4)):
        mangled[place] = value
    path.write_bytes(mangled)
    file = None
    with suppress(ValueError, FileNotFoundError):
        file = OnnxFile(path)
    for name, (shape, dtype) in file.specs.items() if file else ():
        array = file.read(name)
        assert (array.shape, array.dtype) == (shape, dtype)
        assert array.nbytes <= len(mangled)


@pytest.mark.any_backend
def test_names():
    assert name_of("val_3", "a.dense.bias") == "a.dense.weight"
    assert name_of("val_3", "cls.predictions.bias") == "cls.predictions.decoder.weight"
    assert name_of("val_3", "a.gamma") == name_of("val_3", None) == "val_3"
    assert name_of("a.dense.weight", None) == "a.dense.weight"
    with pytest.raises(ValueError, match=re.escape("'a.weight' has the bias 'b.bias'")):
        name_of("a.weight", "b.bias")
