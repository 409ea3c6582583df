"""Tasks whose texts are about images, beyond what `test_contract` asks of them."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from tests.tasks.cases import CASES
from tests.tiny import tiny_images, tiny_tokenizer, tiny_visual_encoder

QUIET = {"batch_size": 8, "verbose": 0}


def build(cls, **options):
    preprocessor = kbz.VisualPreprocessor(tiny_tokenizer(), 16, visual_dim=6, buckets=[16])
    encoder = tiny_visual_encoder(dropout=0.0, attention_dropout=0.0, initializer_range=0.3)
    return cls(encoder, preprocessor, seed=1, **options)


def in_the_image(count):
    """The same text for all, with a label that only the image tells."""
    images = tiny_images(count)
    labels = np.arange(count) % 2
    for image, label in zip(images, labels):
        image[:, 0] = 8.0 * label - 4.0
    return ["is it good ?"] * count, images, labels.tolist()


def test_learns_what_only_the_image_tells():
    texts, images, labels = in_the_image(32)
    task = build(kbz.TextClassifier, num_classes=2, recipe=kbz.Recipe(1e-2))
    task.fit((texts[8:], images[8:]), labels[8:], epochs=8, **QUIET)
    found = task.predict((texts[:8], images[:8]), **QUIET)
    assert found.argmax(axis=1).tolist() == labels[:8]
    blind = task.predict(texts[:8], **QUIET)
    np.testing.assert_allclose(blind, np.tile(blind[:1], (8, 1)), atol=1e-6)


def test_batches_that_are_handed_out():
    texts, images, labels = in_the_image(8)
    task = build(kbz.TextClassifier, num_classes=2)

    class Batches:
        def __iter__(self):
            for some in (slice(0, 4), slice(4, 8)):
                yield {"text": texts[some], "visual_features": images[some]}, labels[some]

    task.fit(Batches(), epochs=2, verbose=0)
    again = task.predict(Batches(), verbose=0)
    np.testing.assert_allclose(again, task.predict((texts, images), verbose=0), atol=1e-6)


def scores(answers):
    return {answer["token"]: answer["score"] for answer in answers}


def test_masks_are_filled_by_what_the_image_shows():
    task = build(kbz.MaskedLM, masking={"whole_words": True})
    text, images = "a [MASK] film", tiny_images(2)
    task.fit([(text, image) for image in images], verbose=0)
    one, other = task.fill([(text, image) for image in images])
    assert scores(one) != pytest.approx(scores(other), rel=1e-3)
    (alone,) = task.fill({"text": text, "visual_features": images[0]})
    assert scores(alone) == pytest.approx(scores(one), rel=1e-5)
    values = task.pseudo_perplexity([("a film", image) for image in [*images, None]])
    assert len(set(np.round(values, 5))) == 3
    assert values[2] == pytest.approx(task.pseudo_perplexity("a film"), rel=1e-5)


def test_choices_about_an_image():
    task = build(kbz.MultipleChoice)
    choices, (image, other) = ["good", "bad", "dull"], tiny_images(2)
    rows = [("was it", choices, image), ("was it", choices[:2], other)]
    scores = task.predict(rows, verbose=0)
    assert [len(row) for row in scores] == [3, 2]
    named = {"prompt": "was it", "choices": choices, "visual_features": image}
    np.testing.assert_allclose(task.predict([named], verbose=0)[0], scores[0], atol=1e-6)
    columns = (["was it"] * 2, [choices] * 2)
    both = task.predict((columns, [image, other]), verbose=0)
    np.testing.assert_allclose(both[0], scores[0], atol=1e-6)
    assert np.abs(both[1] - both[0]).max() > 1e-5
    task.fit(rows, [0, "bad"], verbose=0)
    assert task.choose([named])[0]["choice"] in choices


def test_other_tasks_read_texts_alone():
    task = build(kbz.TextEmbedder)
    assert task.embed(["a film", "good"]).shape == (2, 16)
    with pytest.raises(ValueError, match="visual_bert has no SpanExtractor. It has: AnswerCl"):
        build(kbz.SpanExtractor)


def test_a_new_head_and_other_lengths_from_a_preset(tmp_path):
    case = CASES["visual-answer"]
    task = case.build()
    task.save_to_preset(tmp_path / "preset")
    short = kbz.AnswerClassifier.from_preset(tmp_path / "preset", max_sequence_length=8)
    assert (short.preprocessor.max_sequence_length, short.preprocessor.visual_dim) == (8, 6)
    new = kbz.TextClassifier.from_preset(tmp_path / "preset", labels=["a", "b", "c"])
    assert new.predict(case.x, verbose=0).shape == (len(case.x), 3)
