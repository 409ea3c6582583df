"""The contract that each objective keeps."""

import copy

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.families import family_called
from keras_bert_zoo.pretraining import (
    Example,
    Examples,
    Pretrainer,
    ReplacedTokens,
    SentenceVectors,
)
from keras_bert_zoo.pretraining.objectives import OBJECTIVES, objective
from keras_bert_zoo.pretraining.rows import rows_of
from tests.tiny import tiny_config, tiny_tokenizer

TOKENIZER, LENGTH, ROWS = tiny_tokenizer(), 16, 8


def pairs_of_text(count=24):
    """The same few words in each pair, in an order that can be learnt."""
    generator, found = np.random.default_rng(0), []
    for number in range(count):
        first = [10 + number % 3, 20, 21, 22]
        second = [30, 31 + number % 3, 32]
        cut = int(generator.integers(2, 5))
        ids = np.array(first[:cut] + second, "int32")
        spans = np.array([[0, 2]], "int32")
        parts = (cut, len(second))
        starts = np.ones(len(ids), bool)
        vector = np.array([1.0, number % 3, number % 5])
        found.append(Example(ids, starts, parts, number % 5, spans, (0, 2), vector))
    return Examples(found)


# Name -> objectives, family, fields of its config, and the loss before training: computed with
# the weights of `drawn` on torch; each backend has to give it.
CASES = {
    "masked_tokens": (["masked_tokens"], "bert", {}, 4.96273),
    "next_sentence": (["next_sentence"], "bert", {}, 1.25138),
    "permuted_tokens": (["permuted_tokens"], "xlnet", {}, 4.97638),
    "replaced_tokens": ([ReplacedTokens(temperature=0)], "electra", {"embedding_dim": 8}, 45.18933),
    "sentence_order": (["sentence_order"], "albert", {"embedding_dim": 8}, 0.68670),
    "sentence_vectors": (["masked_tokens", SentenceVectors(3)], "bert", {}, 6.21029),
    "span_boundary": (["masked_tokens", "span_boundary"], "bert", {}, 10.23597),
    "translated_tokens": (["translated_tokens"], "xlm", {"num_languages": 3}, 4.12354),
}


def tiny_pretrainer(name):
    objectives, family, fields, _ = CASES[name]
    family = family_called(family)
    known = set(family.Config.__dataclass_fields__)
    sizes = {key: value for key, value in vars(tiny_config()).items() if key in known}
    sizes |= {"num_layers": 1, "dropout": 0.0, "attention_dropout": 0.0, **fields}
    encoder = family.build(family.Config(**sizes))
    options = {"length": LENGTH, "seed": 0, "recipe": kbz.Recipe(1e-2)}
    return Pretrainer(encoder, TOKENIZER, copy.deepcopy(objectives), **options)


def drawn(pretrainer):
    """The same weights on every backend."""
    generator = np.random.default_rng(9)
    for weight in sorted(pretrainer.trainable_variables, key=lambda weight: weight.path):
        if len(weight.shape) > 1:
            weight.assign(generator.normal(size=weight.shape, scale=0.2))
    return pretrainer


def equal(one, other):
    keras.tree.map_structure(np.testing.assert_array_equal, one, other)


def test_every_objective_is_listed_here():
    assert set(CASES) == set(OBJECTIVES)


@pytest.mark.any_backend
@pytest.mark.parametrize("name", CASES)
def test_what_it_does_to_a_batch(name):
    """It changes nothing that it is given, does the same for a seed, and leaves special tokens."""
    batches = tiny_pretrainer(name).batches(pairs_of_text(), ROWS)
    batch = {**rows_of(pairs_of_text().read(range(ROWS)), TOKENIZER, LENGTH), "step": 3}
    before = copy.deepcopy(batch)
    found = batches.corrupted(batch, np.random.default_rng(1))
    equal(batch, before)
    equal(batches.corrupted(batch, np.random.default_rng(1)), found)
    other = batches.corrupted(batch, np.random.default_rng(2))
    x, _ = found
    assert any((x[key] != other[0][key]).any() for key in x)
    special = np.isin(batch["token_ids"], TOKENIZER.template.special_ids)
    if not batches.objectives[0].moves_text:
        np.testing.assert_array_equal(x["token_ids"][special], batch["token_ids"][special])
    assert set(x) == set(batches.input_names)
    shapes = keras.tree.map_structure(np.shape, found)
    for step in range(3):
        assert keras.tree.map_structure(np.shape, batches.at(step)) == shapes


@pytest.mark.parametrize("name", CASES)
def test_it_is_learnt_and_kept(name, tmp_path):
    """One loss on all backends, which falls; what is saved goes on from there."""
    pretrainer = drawn(tiny_pretrainer(name))
    source = pairs_of_text()
    x, y = pretrainer.batches(source, ROWS).at(0)
    pretrainer.compile(keras.optimizers.Adam(2e-2))
    first = float(np.ravel(pretrainer.test_on_batch(x, y))[0])
    assert first == pytest.approx(CASES[name][-1], abs=1e-4)
    for step in range(12):
        pretrainer.train_on_batch(*pretrainer.batches(source, ROWS).at(step))
    last = float(np.ravel(pretrainer.test_on_batch(x, y))[0])
    assert last < 0.9 * first
    pretrainer.save(tmp_path / "one.keras")
    loaded = keras.saving.load_model(tmp_path / "one.keras")
    again = float(np.ravel(loaded.test_on_batch(x, y))[0])
    assert again == pytest.approx(last, rel=1e-5)
    equal(loaded.batches(source, ROWS).at(5), pretrainer.batches(source, ROWS).at(5))


@pytest.mark.any_backend
@pytest.mark.parametrize("name", CASES)
def test_what_is_logged_and_counted(name):
    pretrainer = tiny_pretrainer(name)
    assert objective(name).name == name
    config = pretrainer.encoder.config
    for one in pretrainer.objectives:
        assert one.head_flops(config, ROWS, LENGTH) > 0
        assert type(one).from_config(one.get_config()).get_config() == one.get_config()
