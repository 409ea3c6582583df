"""Folders of sentence-transformers: read and written, both spellings, and what is refused."""

import json
import shutil

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.hugging_face_writer import save_hugging_face
from keras_bert_zoo.checkpoints.sentence_transformers import lowered
from tests.tiny import (
    POSITIVE,
    VOCABULARY,
    sentences,
    tiny_classifier,
    tiny_config,
    tiny_encoder,
    tiny_tokenizer,
    to_numpy,
)

TEXTS = [*sentences(9)[0], "", "a film we loved " * 9]
HEADS = {
    "mean": {},
    "no norm": {"normalize": False},
    "cls": {"pooling": "cls"},
    "max": {"pooling": "max"},
    "last": {"pooling": "last"},
    "joined": {"pooling": ("cls", "mean")},
    "joined in another order": {"pooling": ("mean", "cls")},
    "tanh": {"projection_dim": 5, "projection_activation": "tanh"},
    "no bias": {"projection_dim": 20, "projection_bias": False, "normalize": False},
    "gelu": {"projection_dim": 5, "projection_activation": "gelu", "pooling": ("max", "last")},
    "prompts": {"prompts": {"query": "a ", "passage": "the "}, "default_prompt": "query"},
}


def tiny_embedder(**options):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 20, truncation="silent")
    encoder = options.pop("encoder", None) or tiny_encoder(initializer_range=0.5)
    return kbz.TextEmbedder(encoder, preprocessor, **options)


def change(path, **changes):
    config = {**(json.loads(path.read_text()) if path.exists() else {}), **changes}
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not ...}))


def theirs(folder):
    library = pytest.importorskip("sentence_transformers")
    return library.SentenceTransformer(str(folder), device="cpu")


@pytest.fixture
def written(tmp_path):
    """A folder with all kinds of modules."""
    task = tiny_embedder(projection_dim=5, projection_activation="tanh")
    task.save_to_sentence_transformers(tmp_path / "written")
    return tmp_path / "written"


# ---------------------------------------------------------------- there and back


@pytest.mark.parametrize("head", HEADS)
def test_sentence_transformers_gives_the_same(head, tmp_path):
    task = tiny_embedder(**HEADS[head])
    task.save_to_sentence_transformers(tmp_path / "model")
    model, vectors = theirs(tmp_path / "model"), task.embed(TEXTS)
    assert model.max_seq_length == 20
    np.testing.assert_allclose(model.encode(TEXTS), vectors, atol=1e-5)
    again = kbz.TextEmbedder.from_preset(tmp_path / "model")
    again.preprocessor.truncation = "silent"
    np.testing.assert_array_equal(again.embed(TEXTS), vectors)
    config = again.get_config()
    for key, value in HEADS[head].items():
        assert config[key] == (list(value) if isinstance(value, tuple) else value)
    assert again.preprocessor.max_sequence_length == 20
    # What they write themselves, in their own spelling.
    model.save(str(tmp_path / "theirs"))
    assert "sentence_transformers.models" not in (tmp_path / "theirs" / "modules.json").read_text()
    once_more = kbz.from_preset(tmp_path / "theirs")
    assert type(once_more) is kbz.TextEmbedder
    assert once_more.preprocessor.max_sequence_length == 20
    once_more.preprocessor.truncation = "silent"
    np.testing.assert_array_equal(once_more.embed(TEXTS), vectors)


def test_prompts_go_along(tmp_path):
    task = tiny_embedder(prompts={"query": "a ", "passage": "the "})
    task.save_to_sentence_transformers(tmp_path / "model")
    model = theirs(tmp_path / "model")
    for prompt in task.prompts:
        expected = model.encode(TEXTS, prompt_name=prompt)
        np.testing.assert_allclose(task.embed(TEXTS, prompt), expected, atol=1e-5)


def test_nothing_is_replaced_unasked(tmp_path):
    task = tiny_embedder()
    task.save_to_sentence_transformers(tmp_path / "model")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        task.save_to_sentence_transformers(tmp_path / "model")
    task.save_to_sentence_transformers(tmp_path / "model", overwrite=True)
    wrong = tiny_embedder(projection_dim=4, projection_activation="gelu_tanh")
    with pytest.raises(ValueError, match="no name for the activation 'gelu_tanh'"):
        wrong.save_to_sentence_transformers(tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    with pytest.raises(ValueError, match="without a preprocessor"):
        kbz.TextEmbedder(tiny_encoder()).save_to_sentence_transformers(tmp_path / "other")


# ---------------------------------------------------------------- reading


def test_the_oldest_layout(written, tmp_path):
    """The encoder in a folder of its own, and pickled weights of the dense layer."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    expected = kbz.TextEmbedder.from_preset(written).embed(TEXTS[:3])
    old = tmp_path / "old"
    shutil.copytree(written, old)
    (old / "0_Transformer").mkdir()
    for path in [*old.iterdir()]:
        if path.is_file() and path.name not in (
            "modules.json",
            "config_sentence_transformers.json",
        ):
            path.rename(old / "0_Transformer" / path.name)
    modules = json.loads((old / "modules.json").read_text())
    modules[0]["path"] = "0_Transformer"
    (old / "modules.json").write_text(json.dumps(modules))
    dense = old / "2_Dense" / "model.safetensors"
    torch.save(load_file(dense), dense.with_name("pytorch_model.bin"))
    dense.unlink()
    task = kbz.TextEmbedder.from_preset(old)
    np.testing.assert_array_equal(task.embed(TEXTS[:3]), expected)
    assert kbz.Encoder.from_preset(old).config == task.encoder.config
    assert kbz.TextClassifier.from_preset(old, num_classes=2).num_classes == 2


def test_options_and_heads_of_ones_own(written):
    task = kbz.TextEmbedder.from_preset(written, pooling="cls", max_sequence_length=8)
    assert (task.pooling, task.preprocessor.max_sequence_length, task.dim) == ("cls", 8, 5)
    new = kbz.TextEmbedder.from_preset(written, head="new")
    assert (new.dim, new.projection_dim) == (16, None)
    half = kbz.TextEmbedder.from_preset(written, dtype="mixed_bfloat16")
    np.testing.assert_allclose(half.embed(TEXTS[:4]), task_vectors(written), atol=0.1)


def task_vectors(folder):
    return kbz.TextEmbedder.from_preset(folder).embed(TEXTS[:4])


def test_the_report_says_what_was_read(written):
    report = kbz.TextEmbedder.from_preset(written).conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    assert {"linear.weight", "linear.bias"} <= set(report.used)
    assert report.honoured["pooling"] == ("mean",)
    assert report.honoured["max_sequence_length"] == 20


def test_lengths(written):
    config = written / "sentence_bert_config.json"

    def longest():
        return kbz.TextEmbedder.from_preset(written).preprocessor.max_sequence_length

    change(config, max_seq_length=12)
    assert longest() == 12
    change(config, max_seq_length=1000)  # more than there are positions
    assert longest() == 32
    change(config, max_seq_length=None)
    assert longest() == 20
    change(written / "tokenizer_config.json", model_max_length=...)
    assert longest() == 32


def test_lower_case(written, tmp_path):
    """`do_lower_case` of the module, over a tokenizer that keeps case."""
    cased = kbz.Tokenizer.from_vocabulary([*VOCABULARY, "A", "É"], lowercase=False)
    cased.save(written)
    change(written / "sentence_bert_config.json", do_lower_case=True)
    encoder = kbz.Encoder.from_preset(written)
    with pytest.raises(ValueError, match="tokens, the encoder"):
        kbz.TextEmbedder.from_preset(written)  # the vocabulary has two more tokens
    assert encoder.config.vocabulary_size == len(VOCABULARY)
    lower = lowered(cased)
    assert lower("A FILM É") == cased("a film é")
    assert lower.special_ids == cased.special_ids
    assert lowered(lower) is lower


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("1_Pooling/config.json", {"pooling_mode_weightedmean_tokens": True}, "weightedmean"),
        ("1_Pooling/config.json", {"pooling_mode": "mean_sqrt_len_tokens"}, "mean_sqrt_len_tokens"),
        ("2_Dense/config.json", {"activation_function": "my.Code"}, "'my.Code' is not supported"),
        ("2_Dense/config.json", {"use_residual": True}, "use_residual"),
        ("2_Dense/config.json", {"out_features": 7}, "describes a layer of shape"),
        ("2_Dense/config.json", {"module_input_name": "token_embeddings"}, "module_input_name"),
    ],
)
def test_what_would_be_built_wrongly_is_refused_by_name(file, changes, message, written):
    change(written / file, **changes)
    with pytest.raises(kbz.ConversionError, match=message):
        kbz.TextEmbedder.from_preset(written)
    kbz.TextEmbedder.from_preset(written, head="new")


def test_prompts_outside_of_the_pooling_are_refused(written):
    change(written / "1_Pooling" / "config.json", include_prompt=False)
    kbz.TextEmbedder.from_preset(written)
    change(written / "config_sentence_transformers.json", prompts={"query": "a "})
    with pytest.raises(kbz.ConversionError, match="include_prompt=false"):
        kbz.TextEmbedder.from_preset(written)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda modules: [modules[0]], "lists the modules Transformer. What can be read"),
        (lambda modules: [modules[0], modules[3], modules[1]], "Transformer, Normalize, Pooling"),
        (lambda modules: [{**modules[0], "type": "x.CLIPModel"}, *modules[1:]], "CLIPModel"),
        (lambda modules: [*modules, modules[2]], "Normalize, Dense"),
        (lambda modules: [{**modules[0], "path": "../up"}, *modules[1:]], r"path .* '../up'"),
        (lambda modules: [], "lists no modules"),
        (lambda modules: {"a": 1}, "not a list of modules"),
    ],
)
def test_other_modules_are_refused(edit, message, written):
    modules = json.loads((written / "modules.json").read_text())
    (written / "modules.json").write_text(json.dumps(edit(modules)))
    with pytest.raises(kbz.ConversionError, match=message):
        kbz.TextEmbedder.from_preset(written)


# ---------------------------------------------------------------- the encoder's own files


def test_transformers_reads_the_encoder(tmp_path):
    transformers = pytest.importorskip("transformers")
    import torch

    # Weights not too large: they make differences of rounding larger too.
    task = tiny_embedder(encoder=tiny_encoder(initializer_range=0.1))
    save_hugging_face(task, tmp_path / "model")
    model, facts = transformers.AutoModel.from_pretrained(
        tmp_path / "model", output_loading_info=True
    )
    assert type(model).__name__ == "BertModel"
    assert not facts["missing_keys"]
    assert not facts["unexpected_keys"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    inputs = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
    assert inputs["input_ids"].shape[1] == 20
    with torch.no_grad():
        expected = model.eval()(**inputs).last_hidden_state.numpy()
    ours = {
        "token_ids": inputs["input_ids"].numpy(),
        "segment_ids": inputs["token_type_ids"].numpy(),
        "padding_mask": inputs["attention_mask"].numpy(),
    }
    mask = ours["padding_mask"].astype(bool)
    np.testing.assert_allclose(to_numpy(task.encoder(ours))[mask], expected[mask], atol=1e-5)


CLASSIFIERS = {
    "single": {"labels": ["bad", "good", "fair"]},
    "unnamed": {"num_classes": 3},
    "multi_label": {"labels": ["a", "b"], "problem": "multi_label", "dropout": 0.3},
    "regression": {"num_classes": 1, "problem": "regression"},
    "another encoder": {
        "num_classes": 2,
        "encoder": tiny_encoder(
            activation="gelu_tanh", use_pooler=False, layer_norm_epsilon=0.1, num_layers=1
        ),
    },
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_transformers_reads_a_classifier(name, tmp_path):
    transformers = pytest.importorskip("transformers")
    import torch

    task = tiny_classifier(**CLASSIFIERS[name])
    save_hugging_face(task, tmp_path / "model")
    auto = transformers.AutoModelForSequenceClassification
    model, facts = auto.from_pretrained(tmp_path / "model", output_loading_info=True)
    assert not facts["missing_keys"]
    assert not facts["unexpected_keys"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    with torch.no_grad():
        inputs = tokenizer(POSITIVE, padding=True, return_tensors="pt")
        expected = model.eval()(**inputs).logits.numpy()
    logits = task.predict(POSITIVE, verbose=0)
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    again = kbz.TextClassifier.from_preset(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(POSITIVE, verbose=0), logits)
    assert (again.labels, again.problem) == (task.labels, task.problem)
    assert again.get_config()["dropout"] == task.get_config()["dropout"]


def test_transformers_reads_tags(tmp_path):
    transformers = pytest.importorskip("transformers")
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 20)
    task = kbz.TokenClassifier(tiny_encoder(), preprocessor, entity_types=["FOOD"])
    save_hugging_face(task, tmp_path / "model")
    auto = transformers.AutoModelForTokenClassification
    model, facts = auto.from_pretrained(tmp_path / "model", output_loading_info=True)
    assert not facts["missing_keys"]
    assert not facts["unexpected_keys"]
    assert list(model.config.id2label.values()) == task.labels
    words = [["good", "food"]]
    again = kbz.TokenClassifier.from_preset(tmp_path / "model")
    np.testing.assert_array_equal(
        again.predict(words, verbose=0)[0], task.predict(words, verbose=0)[0]
    )


def test_what_transformers_has_no_place_for(tmp_path):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 20)
    tagger = kbz.TokenClassifier(tiny_encoder(), preprocessor, entity_types=["FOOD"], head="crf")
    with pytest.raises(ValueError, match="no place for the weight head/"):
        save_hugging_face(tagger, tmp_path / "model")
    small = tiny_classifier()
    small.quantize("int8")
    with pytest.raises(ValueError, match="quantized"):
        save_hugging_face(small, tmp_path / "model")
    assert not [*tmp_path.iterdir()]


def test_low_rank_updates_are_merged(tmp_path):
    task = tiny_embedder()
    task.enable_lora(2)
    rng = np.random.default_rng(0)
    for weight in task.weights:
        if weight.name == "lora_kernel_b":
            weight.assign(rng.normal(size=weight.shape))
    task.save_to_sentence_transformers(tmp_path / "model")
    again = kbz.TextEmbedder.from_preset(tmp_path / "model", truncation="silent")
    np.testing.assert_allclose(again.embed(TEXTS), task.embed(TEXTS), atol=1e-5)
    assert tiny_config().family == "bert"
