"""TextEmbedder learns from pairs, scores and triplets."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.training.embedding_losses import (
    CoSENT,
    Matryoshka,
    MultipleNegativesRanking,
    Triplet,
)
from tests.tasks.test_text_embedder import PAIRS, TEXTS, quick
from tests.tiny import NEGATIVE, tiny_encoder, tiny_tokenizer, to_numpy

SCORES = [0.1 * i for i in range(10)]


def tiny_embedder(*, encoder=None, **options):
    """With one block, and one length for all batches: JAX compiles each length anew."""
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 16, buckets=[16])
    encoder = encoder or tiny_encoder(num_layers=1)
    return kbz.TextEmbedder(encoder, preprocessor, **{"seed": 7, **options})


def still_encoder():
    """Without dropout, so that a loss is a function of the weights."""
    return tiny_encoder(num_layers=1, dropout=0.0, attention_dropout=0.0)


def test_training_brings_pairs_together():
    task = tiny_embedder(recipe=kbz.Recipe(2e-3, warmup=0.1))
    before = task.evaluate(PAIRS, batch_size=5, verbose=0)
    history = task.fit(PAIRS, batch_size=5, epochs=25, verbose=0).history["loss"]
    after = task.evaluate(PAIRS, batch_size=5, verbose=0)
    assert history[-1] < 0.7 * history[0]
    assert after < 0.6 * before


def test_training_on_scores():
    task = tiny_embedder(recipe=kbz.Recipe(2e-3))
    before = task.score(PAIRS, SCORES)["spearman"]
    history = task.fit(PAIRS, SCORES, batch_size=5, epochs=25, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]
    after = task.score(PAIRS, SCORES)
    assert after["spearman"] > before
    assert after["spearman"] > 0.5
    assert after["pearson"] > 0.4


def test_the_loss_is_that_of_the_batches():
    task = tiny_embedder(encoder=still_encoder())
    triplets = [(*pair, NEGATIVE[i % 5]) for i, pair in enumerate(PAIRS[:5])]
    figures = {}
    for loss in ("auto", "MultipleNegativesRanking", Triplet(), Matryoshka(Triplet(), [8, 4])):
        quick(task, loss)
        figures[str(loss)] = task.evaluate(triplets, batch_size=5, verbose=0)
        vectors = task.predict(triplets, verbose=0).reshape(-1, 16)
        numbers = task._feeder().labelled(triplets)[1]
        expected = task.loss(np.stack(numbers), vectors)
        assert figures[str(loss)] == pytest.approx(float(to_numpy(expected)), rel=1e-4)
    assert figures["auto"] == pytest.approx(figures["MultipleNegativesRanking"])


def test_filled_batches_learn_the_same():
    figures = []
    for fixed in (False, True):
        keras.utils.set_random_seed(3)
        task = quick(tiny_embedder(encoder=still_encoder(), recipe=kbz.Recipe(1e-3)))
        task.preprocessor.fixed_batch_shape = fixed
        task.fit(PAIRS, batch_size=4, epochs=1, verbose=0)
        figures.append(task.embed(TEXTS))
    np.testing.assert_allclose(figures[0], figures[1], atol=2e-4)


def test_weights_and_validation():
    task = quick(tiny_embedder(encoder=still_encoder(), recipe=kbz.Recipe(1e-3)))
    weight = [1.0] * 5 + [0.0] * 5
    part = task.evaluate(PAIRS[:5], batch_size=5, verbose=0)
    whole = task.evaluate(PAIRS, sample_weight=weight, batch_size=10, verbose=0)
    assert whole == pytest.approx(part, rel=1e-4)
    history = task.fit(PAIRS, validation_split=0.4, batch_size=4, verbose=0).history
    assert np.isfinite(history["val_loss"]).all()
    history = task.fit(PAIRS, validation_data=(PAIRS,), batch_size=4, verbose=0).history
    assert np.isfinite(history["val_loss"]).all()


def test_batches_of_a_generator():
    task = quick(tiny_embedder(recipe=kbz.Recipe(1e-3)))

    def batches():
        while True:
            yield (PAIRS[:4],)
            yield {"anchor": ["a film"], "positive": ["film"]}

    history = task.fit(batches(), steps_per_epoch=2, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(task.train_on_batch(PAIRS))
    with pytest.raises(ValueError, match=r"one by one are \(rows,\)"):
        task.fit(iter([PAIRS[:3]]), steps_per_epoch=1, verbose=0)
    quick(task, "CoSENT")
    history = task.fit(iter([(PAIRS, SCORES)]), steps_per_epoch=1, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(task.train_on_batch(PAIRS, SCORES))
    assert np.isfinite(task.test_on_batch(PAIRS, SCORES))


def test_columns_have_their_prompts():
    prompts = {"query": "a ", "passage": "the "}
    task = tiny_embedder(prompts=prompts, column_prompts=["query", "passage"])
    plain = tiny_embedder(encoder=task.encoder)
    rows = [("film", "room", "food"), ("good", "bad", "dull")]
    written = [(f"a {a}", f"the {b}", f"the {c}") for a, b, c in rows]
    np.testing.assert_array_equal(task.predict(rows, verbose=0), plain.predict(written, verbose=0))
    figures = [quick(one).evaluate(x, verbose=0) for one, x in ((task, rows), (plain, written))]
    assert figures[0] == pytest.approx(figures[1])


@pytest.mark.parametrize(
    ("x", "y", "loss", "message"),
    [
        (TEXTS, None, None, "rows of two or more texts"),
        ([], None, None, "the data is empty"),
        (PAIRS, [1.0], None, "10 rows and 1 labels"),
        ([(*pair, "a") for pair in PAIRS], SCORES, None, "rows of 2 texts. Rows of 3"),
        (PAIRS, None, CoSENT(), "CoSENT learns from a score"),
        (PAIRS, SCORES, MultipleNegativesRanking(), "Take CoSENT"),
        (PAIRS, None, Triplet(), "rows of 3 or more texts"),
    ],
)
def test_training_says_what_is_wrong(x, y, loss, message):
    task = tiny_embedder()
    if loss is not None:
        task.compile(loss=loss)
    with pytest.raises(ValueError, match=message):
        task.fit(x, y, verbose=0)


def test_one_weight_a_row():
    with pytest.raises(ValueError, match="no class_weight"):
        tiny_embedder().fit(PAIRS, class_weight={0: 1.0}, verbose=0)
