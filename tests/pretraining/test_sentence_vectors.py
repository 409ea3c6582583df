"""Learning another model's vectors of sentences."""

import keras
import numpy as np
import pytest

from keras_bert_zoo.families import bert
from keras_bert_zoo.pretraining import Pretrainer, SentenceVectors, taught_sentences
from tests.pretraining.sources import LENGTH, TEXTS, source
from tests.tiny import tiny_config, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
VECTORS = np.random.default_rng(0).normal(size=(len(TEXTS), 5)).astype("float16")


def pretrainer(**options):
    encoder = bert.build(tiny_config(dropout=0.0, attention_dropout=0.0))
    return Pretrainer(encoder, TOKENIZER, [SentenceVectors(5)], length=LENGTH, seed=0, **options)


def test_the_loss_by_hand():
    """1 - cos of the mean over real tokens, worked out with numpy."""
    taught = taught_sentences(TEXTS, VECTORS, TOKENIZER, LENGTH)
    model = pretrainer()
    x, y = model.batches(taught, 4, shuffle=False).at(0)
    np.testing.assert_array_equal(y["sentence_vectors/vectors"], VECTORS[:4].astype("float32"))
    names = {key: x[key] for key in model.encoder.input}
    sequence = keras.ops.convert_to_numpy(model.encoder(names))
    real = x["padding_mask"].astype(bool)
    means = np.stack([row[mask].mean(0) for row, mask in zip(sequence, real)])
    kernel, bias = map(keras.ops.convert_to_numpy, model.get_layer("sentence_vectors").weights)
    said, wanted = means @ kernel + bias, VECTORS[:4].astype("float64")
    lengths = np.linalg.norm(said, axis=1) * np.linalg.norm(wanted, axis=1)
    expected = np.mean(1 - (said * wanted).sum(1) / lengths)
    model.compile()
    found = model.test_on_batch(x, y, return_dict=True)
    assert set(found) == {"loss", "sentence_vectors_loss"}  # no accuracy: none is right
    assert float(found["loss"]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.any_backend
def test_examples_of_texts_and_vectors():
    texts = ["good", "", "a great film " * 9]
    found = taught_sentences(texts, np.eye(3), TOKENIZER, LENGTH)
    examples = found.read(range(len(found)))
    assert [one.document for one in examples] == [0, 2]  # nothing can be said of an empty text
    assert [one.vector.tolist() for one in examples] == [[1, 0, 0], [0, 0, 1]]
    room = LENGTH - TOKENIZER.template.single.special
    assert examples[1].lengths == (room,)


@pytest.mark.any_backend
def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match=r"each of the 25 texts: an array \(25, n\)"):
        taught_sentences(TEXTS, VECTORS[:3], TOKENIZER, LENGTH)
    with pytest.raises(ValueError, match="vector_dim is 1 or more"):
        SentenceVectors(0)
    with pytest.raises(ValueError, match="taught_sentences makes them"):
        pretrainer().batches(source(), 4).at(0)
    other = taught_sentences(TEXTS, VECTORS[:, :3], TOKENIZER, LENGTH)
    with pytest.raises(ValueError, match=r"Give SentenceVectors\(vector_dim=3\); it is 5"):
        pretrainer().batches(other, 4).at(0)
    with pytest.raises(ValueError, match="is about whole rows"):
        pretrainer(pack=True)
