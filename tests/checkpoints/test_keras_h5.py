"""`tf_model.h5` of transformers up to release 4: read as the same model in PyTorch.

Releases that write such files need an older TensorFlow, so the files are made here, with the groups
and names that those releases give.
"""

import json
import re
import tracemalloc

import h5py
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.hdf5 import Hdf5File
from keras_bert_zoo.checkpoints.keras_h5 import KerasH5File, translate
from keras_bert_zoo.checkpoints.tensors import open_tensors
from tests.parity.references import INPUTS, assert_same, reference, run
from tests.tiny import VOCABULARY, to_numpy

pytestmark = pytest.mark.any_backend


@pytest.mark.parametrize(
    ("theirs", "name", "transposed"),
    [
        (
            "bert/tf_bert_model/bert/embeddings/word_embeddings/weight:0",
            "bert.embeddings.word_embeddings.weight",
            False,
        ),
        (
            "bert/tf_bert_model_1/bert/embeddings/position_embeddings/embeddings:0",
            "bert.embeddings.position_embeddings.weight",
            False,
        ),
        (
            "bert/tf_bert_model/bert/encoder/layer_._11/attention/output/LayerNorm/gamma:0",
            "bert.encoder.layer.11.attention.output.LayerNorm.weight",
            False,
        ),
        (
            "mlm___cls/tf_bert_for_masked_lm/mlm___cls/predictions/transform/dense/kernel:0",
            "cls.predictions.transform.dense.weight",
            True,
        ),
        (
            "albert/tf_albert_model/albert/encoder/albert_layer_groups_._0/albert_layers_._0/ffn/bias:0",
            "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.bias",
            False,
        ),
        (
            "transformer/tfxl_net_model/transformer/layer_._0/rel_attn/r_w_bias:0",
            "transformer.layer.0.rel_attn.r_w_bias",
            False,
        ),
    ],
)
def test_names(theirs, name, transposed):
    assert translate(theirs) == (name, transposed)


def tf_path(name, values):
    """The path that TensorFlow gives to a weight of PyTorch."""
    *parts, end = name.split(".")
    if "LayerNorm" in parts:
        end = {"weight": "gamma", "bias": "beta"}[end]
    elif end == "weight" and values.ndim == 2:
        embeddings = {"position_embeddings": "embeddings", "token_type_embeddings": "embeddings"}
        end = embeddings.get(parts[-1], "weight" if parts[-1] == "word_embeddings" else "kernel")
    parts = ["mlm___cls" if part == "cls" else part for part in parts]
    inner = re.sub(r"/layer/(\d+)", r"/layer_._\1", "/".join([*parts, end]))
    return f"{parts[0]}/tf_model_of_some_kind/{inner}:0"


def write_h5(model, path, leave_out=()):
    with h5py.File(path, "w") as file:
        for name, tensor in model.state_dict().items():
            name = (
                name
                if "." in name and not name.startswith(("emb", "enc", "pool"))
                else f"bert.{name}"
            )
            values = tensor.numpy()
            place = tf_path(name, values)
            if not name.endswith(leave_out):
                file[place] = values.T if place.endswith("kernel:0") else values
        file.create_group("top_level_model_weights")
        table = next(place for place in paths(file) if place.endswith("word_embeddings/weight:0"))
        if "mlm___cls" in file:  # a head keeps the table that it shares
            inner = table.partition("/")[2]
            file[f"mlm___cls/{inner}"] = np.asarray(file[table])


def paths(file):
    found = []
    file.visit(found.append)
    return found


@pytest.mark.parametrize(
    ("head", "cls", "config"),
    [
        ("BertForSequenceClassification", "TextClassifier", {"num_labels": 3}),
        ("BertForMaskedLM", "MaskedLM", {}),
        ("BertForQuestionAnswering", "SpanExtractor", {}),
    ],
)
def test_the_same_logits(head, cls, config, tmp_path):
    import torch

    model = reference(head, tmp_path, **config)
    (tmp_path / "model.safetensors").unlink()
    kbz.Tokenizer.from_vocabulary(VOCABULARY[:61]).save(tmp_path)
    # What is tied is kept once.
    write_h5(model, tmp_path / "tf_model.h5", ("predictions.decoder.weight", "decoder.bias"))
    task = getattr(kbz, cls).from_preset(tmp_path)
    report = task.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    inputs = dict(INPUTS)
    if cls == "MaskedLM":
        inputs["mask_positions"] = np.tile(np.arange(9, dtype="int32"), (4, 1))
    outputs = run(model)
    expected = outputs[0]
    if cls == "SpanExtractor":
        expected = torch.stack([outputs.start_logits, outputs.end_logits], dim=-1)
    mask = None if cls == "TextClassifier" else INPUTS["padding_mask"]
    assert_same(to_numpy(task(inputs)), expected, mask)


def test_copies_of_a_weight_must_be_equal(tmp_path):
    path = tmp_path / "tf_model.h5"
    for other, good in ((1.0, True), (2.0, False)):
        with h5py.File(path, "w") as file:
            file["bert/m/bert/a/kernel:0"] = np.ones((2, 3), "float32")
            file["mlm___cls/m/bert/a/kernel:0"] = np.full((2, 3), other, "float32")
        with open_tensors(path) as tensors:
            if good:
                np.testing.assert_array_equal(tensors["bert.a.weight"], np.ones((3, 2)))
            else:
                with pytest.raises(ValueError, match=r"are both bert\.a\.weight, and differ"):
                    tensors["bert.a.weight"]


def test_safetensors_come_first(tmp_path):
    model = reference("BertModel", tmp_path)
    write_h5(model, tmp_path / "tf_model.h5")
    assert open_tensors(tmp_path).source == ("model.safetensors",)
    (tmp_path / "model.safetensors").unlink()
    tensors = open_tensors(tmp_path)
    assert tensors.source == ("tf_model.h5",)
    assert tensors.shape("bert.encoder.layer.0.intermediate.dense.weight") == (32, 16)
    kernel = model.state_dict()["encoder.layer.0.intermediate.dense.weight"]
    np.testing.assert_array_equal(tensors["bert.encoder.layer.0.intermediate.dense.weight"], kernel)


def test_shards(tmp_path):
    places = {"a": "bert/m/bert/a/kernel:0", "b": "bert/m/bert/b/bias:0"}
    for number, place in enumerate(places.values(), 1):
        with h5py.File(tmp_path / f"tf_model-0000{number}-of-00002.h5", "w") as file:
            file[place] = np.full((2, number), number, "float32")
    names = ["bert.a.weight", "bert.b.bias"]
    index = {name: f"tf_model-0000{n}-of-00002.h5" for n, name in enumerate(names, 1)}
    (tmp_path / "tf_model.h5.index.json").write_text(json.dumps({"weight_map": index}))
    tensors = open_tensors(tmp_path)
    assert [tensors[name].shape for name in names] == [(1, 2), (2, 2)]


def outside(file, folder):
    with h5py.File(folder / "secret.h5", "w") as other:
        other["x"] = np.ones(3, "float32")
    file["bert/m/bert/x:0"] = h5py.ExternalLink("secret.h5", "/x")


def huge(file, folder):
    """A shape whose numbers are not there: reading it would take 4 TB."""
    file.create_dataset("bert/m/bert/x:0", (10**6, 10**6), "float32", chunks=(100, 100))


def packed(file, folder):
    data = np.zeros((2000, 2000), "float32")
    file.create_dataset("bert/m/bert/x:0", data=data, compression="gzip")


def raw(file, folder):
    (folder / "raw").write_bytes(bytes(400))
    file.create_dataset("bert/m/bert/x:0", (100,), "float32", external=[(folder / "raw", 0, 400)])


def virtual(file, folder):
    layout = h5py.VirtualLayout((3,), "float32")
    layout[:] = h5py.VirtualSource("secret.h5", "x", (3,))
    file.create_virtual_dataset("bert/m/bert/x:0", layout)


DAMAGE = {
    "external link": (outside, "neither an array nor a group that is read"),
    "soft link": (
        lambda file, _: file.update({"bert/m/bert/x:0": h5py.SoftLink("/bert")}),
        "a link to another place",
    ),
    "huge": (huge, "is not in one piece"),
    "compressed": (packed, "is packed, or outside"),
    "external data": (raw, "is packed, or outside"),
    "virtual": (virtual, "is not in one piece"),
    "whole numbers": (
        lambda f, _: f.update({"a/b/c:0": np.arange(3)}),
        "has a dtype that is not float16",
    ),
    "text": (lambda f, _: f.update({"a/b/c:0": "text"}), "has a dtype that"),
    "another layout": (
        lambda f, _: f.update({"x": np.ones(2, "float32")}),
        "no layer/model/weight",
    ),
    "twice": (
        lambda f, _: f.update({k: np.ones(n, "float32") for n, k in enumerate(("a/b/c", "d/e/c"))}),
        "are both c, of different shapes",
    ),
    "nested": (lambda f, _: f.create_group("/".join("abcd" * 20)), "nested too deeply"),
    "nothing": (lambda f, _: f.create_group("a"), "it holds no weights"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_refused(kind, tmp_path):
    damage, message = DAMAGE[kind]
    path = tmp_path / "tf_model.h5"
    with h5py.File(path, "w") as file:
        damage(file, tmp_path)
    with pytest.raises(ValueError, match=rf"tf_model\.h5.*{message}"):
        KerasH5File(path)


def small(path):
    arrays = {f"bert/m/bert/a{n}/kernel:0": np.full((n + 2, 3), n, "float32") for n in range(20)}
    arrays["bert/m/bert/scalar:0"] = np.float16(2.5)
    arrays["bert/m/bert/double:0"] = np.arange(4.0)
    arrays["bert/m/bert/nothing:0"] = np.zeros((0, 3), "float32")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"bert"]
        for place, array in arrays.items():
            file[place] = array
    return arrays


def test_every_array_is_as_h5py_has_it(tmp_path):
    arrays = small(tmp_path / "tf_model.h5")
    file = Hdf5File(tmp_path / "tf_model.h5")
    assert set(file.specs) == set(arrays)
    for place, array in arrays.items():
        found = file.read(place)
        assert file.specs[place] == (np.shape(array), np.asarray(array).dtype)
        np.testing.assert_array_equal(found, array)
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.read(place)


def test_cut_off_anywhere(tmp_path):
    small(tmp_path / "whole.h5")
    whole = (tmp_path / "whole.h5").read_bytes()
    path = tmp_path / "tf_model.h5"
    for size in [*range(0, len(whole), 397), len(whole) - 1]:
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="not a sound file of weights"):
            KerasH5File(path)


def test_changed_anywhere(tmp_path):
    """Whatever stands in the file: it is refused or read, with no more memory than it has bytes."""
    small(tmp_path / "whole.h5")
    whole, generator = (tmp_path / "whole.h5").read_bytes(), np.random.default_rng(0)
    path, refused = tmp_path / "tf_model.h5", 0
    tracemalloc.start()
    try:
        for _ in range(300):
            data = bytearray(whole)
            for place in generator.integers(0, len(data), generator.choice([1, 1, 2, 4])):
                data[place] = generator.choice([0, 255, generator.integers(256)])
            path.write_bytes(data)
            try:
                file = Hdf5File(path)
                for place in file.specs:
                    file.read(place)
                file.close()
            except ValueError:
                refused += 1
        assert tracemalloc.get_traced_memory()[1] < 20 * len(whole)
    finally:
        tracemalloc.stop()
    assert 20 < refused < 300
