"""ELECTRA's discriminator: what it says of each word, and that it is transformers'."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.checkpoints.test_google_writer import task_for
from tests.parity.families import MASK, REFERENCES, our_logits
from tests.parity.references import assert_same, run
from tests.tiny import assert_equal, tiny_encoder, to_numpy, values

WORDS = [["a", "great", "food"], ["we", "hated", "the", "film"], ["dull"], []]
TAGS = [["original", "original", "replaced"], ["original"] * 4, ["replaced"], []]


@pytest.fixture(scope="module")
def electra(tmp_path_factory):
    """`(folder, the reference)`."""
    folder = tmp_path_factory.mktemp("electra")
    return folder, REFERENCES["electra"].build("ForPreTraining", folder)


def test_the_head_is_theirs_and_goes_back(electra, tmp_path):
    import transformers

    folder, model = electra
    task = kbz.from_preset(folder)
    assert type(task) is kbz.ReplacedTokenDetector
    report = task.conversion_report
    assert (report.new, report.missing, report.leftover, report.unused) == ([], [], [], [])
    logits = our_logits(task, "electra", "ForPreTraining")
    assert_same(logits[..., 1], run(model).logits, MASK)
    assert not logits[..., 0].any()
    task.save_to_hugging_face(tmp_path / "out")
    again, loading = transformers.AutoModelForPreTraining.from_pretrained(
        tmp_path / "out", output_loading_info=True
    )
    assert not any(loading[key] for key in ("missing_keys", "unexpected_keys"))
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], value, err_msg=name)


def test_words_and_what_they_are_worth(electra):
    task = kbz.ReplacedTokenDetector.from_preset(electra[0])
    text = "the film,  awfuls 😀"
    words = task.detect(text, threshold=0)
    assert [text[word["start"] : word["end"]] for word in words] == [w["text"] for w in words]
    assert [word["text"] for word in words][:2] == ["the", "film"]
    assert task.detect([text, ""], threshold=0) == [words, []]
    some = task.detect(text, threshold=words[1]["score"])
    assert words[1] in some
    assert all(word["score"] >= words[1]["score"] for word in some)
    ids = task.preprocessor(["the film"])
    chance = 1 / (1 + np.exp(-to_numpy(task(ids))[0, 1:3, 1]))
    found = [word["score"] for word in task.detect("the film", threshold=0)]
    np.testing.assert_allclose(found, chance, atol=1e-6)
    with pytest.raises(ValueError, match="threshold must be a probability"):
        task.detect(text, threshold=2)


def test_it_learns_and_is_saved(tmp_path):
    task = task_for("electra", kbz.ReplacedTokenDetector, {"recipe": kbz.Recipe(1e-2), "seed": 1})
    history = task.fit(WORDS, TAGS, batch_size=2, epochs=4, verbose=0).history["loss"]
    assert history[-1] < history[0]
    task.save_to_preset(tmp_path / "saved")
    again = kbz.from_preset(tmp_path / "saved")
    assert type(again) is kbz.ReplacedTokenDetector
    assert_equal(values(again), values(task))
    assert again.detect("a great food", threshold=0) == task.detect("a great food", threshold=0)
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    inputs = task.preprocessor(["a great food"])
    assert_same(to_numpy(loaded(inputs)), to_numpy(task(inputs)))


def test_labels_ask_for_a_classifier(electra):
    task = kbz.from_preset(electra[0], labels=["bad", "good"])
    assert type(task) is kbz.TextClassifier
    assert task.labels == ["bad", "good"]


@pytest.mark.any_backend
def test_googles_checkpoint_there_and_back(tmp_path):
    task = task_for("electra", kbz.ReplacedTokenDetector)
    task.save_to_google(tmp_path / "out")
    again = kbz.from_preset(tmp_path / "out")
    assert type(again) is kbz.ReplacedTokenDetector
    assert_equal(values(again), values(task))


@pytest.mark.any_backend
def test_of_other_families_there_is_none():
    with pytest.raises(ValueError, match="bert has no ReplacedTokenDetector"):
        kbz.ReplacedTokenDetector(tiny_encoder())
