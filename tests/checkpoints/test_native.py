"""Our own preset folders: whole or not at all, and what comes back is what was saved."""

import json

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints import native
from tests.tiny import POSITIVE, sentences, tiny_classifier, tiny_encoder, tiny_tokenizer

TEXTS, LABELS = sentences(16)


def logits(task):
    return task.predict(TEXTS, verbose=0)


@pytest.fixture
def saved(tmp_path):
    task = tiny_classifier()
    task.recipe = kbz.Recipe(learning_rate=1e-3, warmup=0.2)
    task.save_to_preset(tmp_path / "preset")
    return task, tmp_path / "preset"


def test_round_trip(saved):
    task, folder = saved
    names = {path.name for path in folder.iterdir()}
    assert names == {"config.json", "model.safetensors", "recipe.json", "README.md",
                     "tokenizer.json", "tokenizer_config.json"}  # fmt: skip
    again = kbz.from_preset(folder)
    assert type(again) is kbz.TextClassifier
    assert (again.labels, again.recipe, again.seed) == (task.labels, task.recipe, task.seed)
    np.testing.assert_array_equal(logits(again), logits(task))
    assert list(folder.parent.iterdir()) == [folder]
    assert json.loads((folder / "recipe.json").read_text())["learning_rate"] == 1e-3
    assert "| labels | negative, positive |" in (folder / "README.md").read_text()


def test_options_of_a_saved_task_can_be_changed(saved):
    task, folder = saved
    short = kbz.TextClassifier.from_preset(folder, max_sequence_length=8, truncation="silent")
    assert short.preprocessor.max_sequence_length == 8
    assert short.labels == task.labels
    renamed = kbz.TextClassifier.from_preset(folder, labels=["no", "yes"], head="load")
    np.testing.assert_array_equal(logits(renamed), logits(task))
    assert renamed.labels == ["no", "yes"]
    new = kbz.TextClassifier.from_preset(folder, labels=["a", "b", "c"])
    assert new.num_classes == 3
    for one, other in zip(new.encoder.get_weights(), task.encoder.get_weights()):
        np.testing.assert_array_equal(one, other)
    encoder = kbz.Encoder.from_preset(folder)
    assert encoder.config == task.encoder.config


def test_precision_can_be_changed_on_loading(saved):
    for options in ({}, {"num_classes": 3}):
        task = kbz.TextClassifier.from_preset(saved[1], dtype="mixed_bfloat16", **options)
        assert task.encoder.dtype_policy.name == "mixed_bfloat16"
        assert task.conversion_report.missing == []
    assert kbz.Encoder.from_preset(saved[1], dtype="float16").dtype_policy.name == "float16"
    assert keras.config.dtype_policy().name == "float32"


def test_a_new_head_says_so_and_chooses_its_lengths_anew(saved):
    task, folder = saved
    task.preprocessor.fit_buckets([("good",)])
    task.save_to_preset(folder)
    assert kbz.from_preset(folder).preprocessor.buckets == task.preprocessor.buckets
    new = kbz.TextClassifier.from_preset(folder, num_classes=3)
    assert new.preprocessor.buckets != task.preprocessor.buckets
    assert new.conversion_report.new == ["head/logits/kernel", "head/logits/bias"]


def test_quantized_and_low_rank_tasks_keep_their_predictions(tmp_path):
    task = tiny_classifier(preprocessor=kbz.Preprocessor(tiny_tokenizer(), 32, buckets=[32]))
    task.enable_lora(2)
    task.compile(keras.optimizers.Adam(0.05))
    before = task.get_weights()
    task.fit(TEXTS, LABELS, verbose=0, batch_size=16)
    frozen = {w.path for w in task.weights if not w.trainable}
    changed = {
        w.path for w, a, b in zip(task.weights, before, task.get_weights()) if (a != b).any()
    }
    assert frozen
    assert changed
    assert not frozen & changed
    task.save_to_preset(tmp_path / "lora")
    merged = kbz.from_preset(tmp_path / "lora")
    np.testing.assert_allclose(logits(merged), logits(task), atol=1e-5)
    floats = logits(merged)
    merged.quantize("int8")
    assert (logits(merged) != floats).any()
    merged.save_to_preset(tmp_path / "int8")
    np.testing.assert_array_equal(logits(kbz.from_preset(tmp_path / "int8")), logits(merged))


def test_a_failed_save_leaves_what_was_there(saved, monkeypatch):
    task, folder = saved
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(native, "write_weights", fail)
    with pytest.raises(OSError, match="disk full"):
        task.save_to_preset(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    with pytest.raises(OSError, match="disk full"):
        task.save_to_preset(folder.parent / "other")
    assert list(folder.parent.iterdir()) == [folder]


def test_what_is_not_a_preset_is_not_replaced(saved, tmp_path):
    task, folder = saved
    task.save_to_preset(folder)  # a preset is
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="not a preset"):
        task.save_to_preset(other)
    assert (other / "chapter.txt").read_text() == "years of work"
    with pytest.raises(FileExistsError, match="is a file"):
        task.save_to_preset(other / "chapter.txt")
    task.save_to_preset(other, overwrite=True)
    assert kbz.from_preset(other).labels == task.labels


def edit(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({native.MARK: {"format": 99, "version": "9.0"}}, "format 99; this version reads 1"),
        ({"task": "TextClassifer"}, "Unknown task 'TextClassifer'. Did you mean"),
        ({"labels": ["one"]}, "cannot be built"),
        ({"encoder": 3}, "cannot be built"),
    ],
)
def test_a_config_that_cannot_be_read(saved, changes, words):
    edit(saved[1], **changes)
    with pytest.raises(kbz.ConversionError, match=words):
        kbz.from_preset(saved[1])


@pytest.mark.parametrize(
    "changes",
    [{"vocabulary_size": 10**12}, {"num_layers": 10**9}, {"intermediate_dim": 10**12}],
    ids=str,
)
def test_a_config_cannot_make_us_allocate_what_the_file_lacks(saved, changes):
    config = json.loads((saved[1] / "config.json").read_text())
    edit(saved[1], encoder={**config["encoder"], **changes})
    with pytest.raises(kbz.ConversionError, match=next(iter(changes))):
        kbz.from_preset(saved[1])


def test_a_config_names_no_classes(saved):
    """Nothing that a preset says is looked up as code."""
    text = (saved[1] / "config.json").read_text()
    assert "class_name" not in text
    assert "module" not in text


def test_weights_that_do_not_fit(saved):
    _, folder = saved
    native.write_weights(
        tiny_classifier(encoder=tiny_encoder(num_layers=1)), folder / native.WEIGHTS
    )
    with pytest.raises(kbz.ConversionError, match="num_layers=2, but no tensor"):
        kbz.from_preset(folder)
    (folder / native.WEIGHTS).write_bytes(b"not a tensor file")
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        kbz.from_preset(folder)


def test_a_folder_moved_elsewhere_still_loads(saved, tmp_path):
    task, folder = saved
    folder.rename(tmp_path / "moved")
    np.testing.assert_array_equal(logits(kbz.from_preset(tmp_path / "moved")), logits(task))


def test_transformers_reads_the_tokenizer(saved):
    transformers = pytest.importorskip("transformers")
    task, folder = saved
    theirs = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    assert theirs(POSITIVE)["input_ids"] == task.preprocessor.tokenizer(POSITIVE)
