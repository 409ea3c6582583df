"""The conditional random field against sums over all sequences."""

import itertools

import keras
import numpy as np
import pytest

from keras_bert_zoo.layers import CRFHead, crf
from keras_bert_zoo.preprocessing.tags import allowed_transitions
from keras_bert_zoo.tasks.decoding import best_path, marginals
from tests.tiny import to_numpy

COUNT, LENGTH = 3, 4
MASKS = [[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 1, 1], [0, 1, 0, 0]]


def scores(rows=4, seed=0):
    rng = np.random.default_rng(seed)
    emissions = rng.normal(size=(rows, LENGTH, COUNT)).astype("float32")
    transitions = rng.normal(size=(COUNT + 2, COUNT)).astype("float32")
    return emissions, np.tile(transitions, (rows, 1, 1))


def score_of(path, emissions, transitions):
    """The formula of arXiv:1603.01360, section 2.1, worked by hand."""
    first, following, last = transitions[0], transitions[1:-1], transitions[-1]
    total = first[path[0]] + last[path[-1]]
    total += sum(emission[tag] for emission, tag in zip(emissions, path))
    return total + sum(following[a, b] for a, b in itertools.pairwise(path))


def all_paths(emissions, transitions):
    paths = list(itertools.product(range(COUNT), repeat=len(emissions)))
    return paths, np.array([score_of(path, emissions, transitions) for path in paths])


def test_likelihood_is_a_share_of_all_sequences():
    emissions, transitions = scores()
    mask = np.array(MASKS, bool)
    tags = np.random.default_rng(1).integers(0, COUNT, mask.shape)
    ours = to_numpy(crf.negative_log_likelihood(emissions, transitions, tags, mask))
    for row, kept in enumerate(mask):
        paths, values = all_paths(emissions[row][kept], transitions[row])
        right = values[paths.index(tuple(tags[row][kept]))]
        assert ours[row] == pytest.approx(np.log(np.exp(values).sum()) - right, abs=1e-5)


def test_decoding_finds_the_best_of_all_sequences():
    emissions, transitions = scores(seed=2)
    mask = np.array(MASKS, bool)
    ours = to_numpy(crf.decode(emissions, transitions, mask))
    for row, kept in enumerate(mask):
        paths, values = all_paths(emissions[row][kept], transitions[row])
        best = paths[int(values.argmax())]
        assert tuple(ours[row][kept]) == best
        assert not ours[row][~kept].any()
        parts = crf.split_transitions(transitions[row])
        assert tuple(best_path(emissions[row][kept], *parts)) == best


def test_decoding_where_steps_are_free_or_forbidden():
    """As of a softmax head: half of the rows need no search, and the others must be searched."""
    emissions, transitions = scores(rows=40, seed=5)
    transitions = np.where(transitions[0] < -0.7, -1e4, 0.0)
    searched = 0
    for row in emissions:
        paths, values = all_paths(row, transitions)
        best = paths[int(values.argmax())]
        searched += best != tuple(row.argmax(axis=1))
        assert tuple(best_path(row, *crf.split_transitions(transitions))) == best
    assert 5 < searched < 35


def test_marginals_are_shares_of_all_sequences():
    emissions, transitions = scores(seed=3)
    paths, values = all_paths(emissions[0], transitions[0])
    share = np.exp(values) / np.exp(values).sum()
    parts = crf.split_transitions(transitions[0])
    ours = marginals(emissions[0], *parts, chained=True)
    for place, tag in itertools.product(range(LENGTH), range(COUNT)):
        right = sum(s for path, s in zip(paths, share) if path[place] == tag)
        assert ours[place, tag] == pytest.approx(right, abs=1e-5)


def test_nothing_comes_out_that_is_not_allowed():
    tags = ["O", "B-X", "I-X"]
    emissions, transitions = scores(rows=20, seed=4)
    mask = np.ones(emissions.shape[:2], bool)
    ours = to_numpy(crf.decode(emissions, transitions, mask, allowed_transitions(tags)))
    free = to_numpy(crf.decode(emissions, transitions, mask))
    assert (ours != free).any()
    for row in ours:
        assert row[0] != 2
        assert not any(a == 0 and b == 2 for a, b in itertools.pairwise(row))


def test_rows_without_a_tag_cost_nothing():
    emissions, transitions = scores()
    nothing = np.zeros(emissions.shape[:2], bool)
    tags = np.zeros(emissions.shape[:2], "int32")
    assert not to_numpy(crf.negative_log_likelihood(emissions, transitions, tags, nothing)).any()
    assert not to_numpy(crf.decode(emissions, transitions, nothing)).any()


def test_transitions_are_learnt():
    """Emissions that say nothing, tags that alternate: only the transitions can know."""
    tags = np.array([[0, 1, 0, 1]] * 8)
    inputs = keras.Input((None, 2))
    emissions, transitions = CRFHead(2, dropout=0.0, name="head")(inputs)
    model = Alternating(inputs, {"logits": emissions, "transitions": transitions})
    model.compile(keras.optimizers.Adam(0.1), loss=None)
    model.fit(np.zeros((8, 4, 2), "float32"), tags, epochs=30, verbose=0)
    outputs = model.predict_on_batch(np.zeros((1, 4, 2), "float32"))
    mask = np.ones((1, 4), bool)
    best = crf.decode(outputs["logits"], outputs["transitions"], mask)
    assert to_numpy(best).tolist() == [[0, 1, 0, 1]]


class Alternating(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        mask = keras.ops.ones_like(y, dtype="bool")
        tags = keras.ops.cast(y, "int32")
        parts = y_pred["logits"], y_pred["transitions"]
        return keras.ops.mean(crf.negative_log_likelihood(*parts, tags, mask))


@pytest.mark.skipif(keras.config.backend() == "torch", reason="XLA: TensorFlow and JAX")
def test_compiled_by_xla():
    emissions, transitions = scores()
    mask = np.array(MASKS, bool)
    expected = to_numpy(crf.decode(emissions, transitions, mask))
    if keras.config.backend() == "jax":
        import jax

        compiled = jax.jit(crf.decode)
    else:
        import tensorflow as tf

        compiled = tf.function(crf.decode, jit_compile=True)
    np.testing.assert_array_equal(to_numpy(compiled(emissions, transitions, mask)), expected)
