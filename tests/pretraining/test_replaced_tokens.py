"""ELECTRA: the losses against transformers, the draw by hand, and what is shared by gradients."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_bert_zoo as kbz
from keras_bert_zoo.families import bert, deberta_v2, electra
from keras_bert_zoo.pretraining import MaskedTokens, Pretrainer, ReplacedTokens
from keras_bert_zoo.pretraining.generator import generator_config
from keras_bert_zoo.pretraining.sampled_tokens import SampledTokens
from tests.marks import cases
from tests.parity.references import SIZES, reference
from tests.pretraining.sources import LENGTH, TEXTS, source
from tests.tiny import SIZE, tiny_config, tiny_electra, tiny_encoder, tiny_tokenizer, to_numpy

TOKENIZER = tiny_tokenizer()
NO_DROPOUT = {"dropout": 0.0, "attention_dropout": 0.0}
SHARED = ("tied", "none", "gradient_disentangled")


def tiny_pretrainer(sharing="tied", encoder=None, pack=False, **options):
    encoder = tiny_electra(num_layers=1, **NO_DROPOUT) if encoder is None else encoder
    objective = ReplacedTokens(**{"rate": 0.3, "sharing": sharing, **options})
    fixed = {"length": LENGTH, "seed": 0, "recipe": kbz.Recipe(1e-2)}
    return Pretrainer(encoder, TOKENIZER, [objective], pack=pack, **fixed)


def test_sizes_of_the_paper():
    """Section 3.2 and appendix A: the base model's, and the small one's."""
    base = tiny_electra(
        hidden_dim=96, num_heads=12, intermediate_dim=384, embedding_dim=96, num_layers=3
    )
    found = generator_config(base, 1 / 3)
    assert (found.hidden_dim, found.num_heads, found.intermediate_dim) == (32, 4, 128)
    assert (found.num_layers, found.embedding_dim) == (3, 96)
    assert generator_config(base).hidden_dim == 24
    changed = generator_config(base, changes={"num_layers": 2, "hidden_dim": 48})
    assert (changed.num_layers, changed.hidden_dim, changed.num_heads) == (2, 48, 6)
    with pytest.raises(ValueError, match="electra has no num_layer"):
        generator_config(base, changes={"num_layer": 2})


def test_the_draw_by_hand():
    ids = np.array([[1, 2, 3, 4], [5, 6, 7, 0]], "int32")
    places, used = np.array([[1, 3], [0, 0]], "int32"), np.array([[1, 1], [0, 0]], "int32")
    logits = np.full((2, 2, 9), -5.0, "float32")
    logits[0, 0, 8] = logits[0, 1, 4] = logits[1, :, 3] = 5.0
    found = SampledTokens(0.0)(*map(ops.convert_to_tensor, (ids, places, used, logits)))
    assert to_numpy(found).tolist() == [[1, 8, 3, 4], [5, 6, 7, 0]]


def test_the_draw_is_from_the_softmax():
    shares, shape = np.array([0.5, 0.3, 0.15, 0.05]), (1000, 20)
    logits = np.broadcast_to(np.log(shares), (*shape, 4)).astype("float32")
    places = np.broadcast_to(np.arange(20, dtype="int32"), shape)
    ids, used = np.zeros(shape, "int32"), np.ones(shape, "int32")
    for temperature in (1.0, 0.5):
        layer = SampledTokens(temperature)
        found = to_numpy(layer(*map(ops.convert_to_tensor, (ids, places, used, logits))))
        expected = shares ** (1 / temperature)
        expected /= expected.sum()
        seen = np.bincount(found.ravel(), minlength=4) / found.size
        errors = np.sqrt(expected * (1 - expected) / found.size)
        assert (abs(seen - expected) < 4 * errors).all()


@pytest.fixture(scope="module")
def two_models(tmp_path_factory):
    """`(folder, model)` of a generator, and of a discriminator."""
    sizes = {"vocab_size": SIZE, "embedding_size": 8}
    found = []
    for name, width in (("ElectraForMaskedLM", 8), ("ElectraForPreTraining", 16)):
        folder = tmp_path_factory.mktemp(name)
        numbers = {**sizes, "hidden_size": width, "num_attention_heads": width // 8}
        model = reference(name, folder, "ElectraConfig", **{**SIZES, **numbers})
        TOKENIZER.save(folder)
        found.append((folder, model))
    return found


def test_losses_of_transformers(two_models):
    import torch

    (folder, generator), (other, discriminator) = two_models
    objective = ReplacedTokens(generator=folder, sharing="none", temperature=0)
    pretrainer = Pretrainer.from_preset(other, [objective], length=LENGTH, seed=0)
    assert not [path for path in pretrainer.conversion_report.new if "generator/" not in path]
    x, y = pretrainer.batches(source(), 8).at(0)
    y = {key.removeprefix("replaced_tokens/"): value for key, value in y.items()}
    labels = np.full(x["token_ids"].shape, -100)
    rows, places = np.nonzero(y["weight"])
    where = x["mask_positions"][rows, places]
    labels[rows, where] = y["labels"][rows, places]
    mask = torch.tensor(x["padding_mask"]).long()
    segments = torch.tensor(x["segment_ids"]).long()
    with torch.no_grad():
        guessed = generator(
            input_ids=torch.tensor(x["token_ids"]).long(),
            attention_mask=mask,
            token_type_ids=segments,
            labels=torch.tensor(labels),
        )
        drawn = torch.tensor(y["token_ids"]).long()
        drawn[rows, where] = guessed.logits[rows, where].argmax(-1)
        told = discriminator(
            input_ids=drawn,
            attention_mask=mask,
            token_type_ids=segments,
            labels=(drawn != torch.tensor(y["token_ids"])).long(),
        )
    outputs = pretrainer.predict_on_batch(x)["replaced_tokens"]
    np.testing.assert_array_equal(outputs["token_ids"], drawn.numpy())
    tensors = keras.tree.map_structure(ops.convert_to_tensor, (outputs, y))
    only = {"generator_weight": 1.0, "discriminator_weight": 1e-12}
    objective.generator_weight, objective.discriminator_weight = only.values()
    loss = float(to_numpy(objective.loss(*tensors)))
    assert loss == pytest.approx(float(guessed.loss), abs=1e-5)
    objective.generator_weight, objective.discriminator_weight = 1e-12, 1.0
    loss = float(to_numpy(objective.loss(*tensors)))
    assert loss == pytest.approx(float(told.loss), abs=1e-5)


def test_both_are_written_for_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    import torch

    pretrainer = tiny_pretrainer(temperature=0)
    pretrainer.save_to_hugging_face(tmp_path / "discriminator")
    pretrainer.generator_task().save_to_hugging_face(tmp_path / "generator")
    x, _ = pretrainer.batches(source(), 4).at(0)
    outputs = pretrainer.predict_on_batch(x)["replaced_tokens"]
    names = {"attention_mask": "padding_mask", "token_type_ids": "segment_ids"}
    given = {key: torch.tensor(x[name]).long() for key, name in names.items()}
    discriminator = transformers.AutoModelForPreTraining.from_pretrained(tmp_path / "discriminator")
    generator = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "generator")
    with torch.no_grad():
        drawn = torch.tensor(outputs["token_ids"]).long()
        told = discriminator.eval()(input_ids=drawn, **given).logits.numpy()
        ids = torch.tensor(x["token_ids"]).long()
        guessed = generator.eval()(input_ids=ids, **given).logits.numpy()
    np.testing.assert_allclose(outputs["replaced"][..., 1], told, atol=1e-5)
    places = x["mask_positions"][..., None]
    expected = np.take_along_axis(guessed, places, axis=1)
    np.testing.assert_allclose(outputs["generator"], expected, atol=1e-5)


def test_what_is_said_of_each_token():
    """Right guesses count as written; padding does not count."""
    objective = ReplacedTokens(generator_weight=1e-12, discriminator_weight=1.0)
    z = np.array([[0.3, -1.2, 2.0, 9.0]])
    outputs = {
        "generator": np.zeros((1, 2, 9), "float32"),
        "token_ids": np.array([[2, 7, 5, 0]], "int32"),
        "replaced": np.stack([0 * z, z], -1).astype("float32"),
    }
    targets = {
        "labels": np.array([[7, 4]]),
        "weight": np.ones((1, 2), "float32"),
        "token_ids": np.array([[2, 7, 4, 0]], "int32"),  # the first guess is right
        "real": np.array([[1, 1, 1, 0]], "float32"),
    }
    tensors = keras.tree.map_structure(ops.convert_to_tensor, (outputs, targets))
    told = 1 / (1 + np.exp(-z[0]))
    expected = -(np.log(1 - told[0]) + np.log(1 - told[1]) + np.log(told[2])) / 3
    assert float(to_numpy(objective.loss(*tensors))) == pytest.approx(expected, abs=1e-5)
    right, weight = objective.accuracy(*tensors)
    assert to_numpy(right)[0, :3].tolist() == [False, True, True]
    assert to_numpy(weight).tolist() == [[1, 1, 1, 0]]


# ------------------------------------------------------------------ what is shared


def tables(pretrainer):
    """`(the encoder's table, the generator's)`, variables."""
    own = pretrainer.objectives[0]._model.encoder
    return pretrainer.encoder.embeddings.tokens.embeddings, own.embeddings.tokens.embeddings


def slope(pretrainer, batch, table, part, entry, step=2e-2):
    """How one of the two losses changes with an entry of a table: by differences."""
    objective, (x, y) = pretrainer.objectives[0], batch
    y = {key.removeprefix("replaced_tokens/"): value for key, value in y.items()}
    found, value = [], to_numpy(table).copy()
    for sign in (1, -1):
        changed = value.copy()
        changed[entry] += sign * step
        table.assign(changed)
        outputs = keras.tree.map_structure(ops.convert_to_tensor, pretrainer.predict_on_batch(x))
        outputs = outputs["replaced_tokens"]
        tensors = keras.tree.map_structure(ops.convert_to_tensor, y)
        weights = (1.0, 0.0) if part == "generator" else (0.0, 1.0)
        objective.generator_weight, objective.discriminator_weight = weights
        found.append(float(to_numpy(objective.loss(outputs, tensors))))
    table.assign(value)
    return (found[0] - found[1]) / (2 * step)


@pytest.mark.parametrize("sharing", SHARED)
def test_gradients_by_differences(sharing):
    """Which loss moves which table: the paper's figure 1 of DeBERTa-v3, in numbers."""
    pretrainer = tiny_pretrainer(sharing, temperature=0, mask_share=1.0)
    generator = np.random.default_rng(1)
    for weight in pretrainer.weights:
        if len(weight.shape) > 1:
            weight.assign(generator.normal(size=weight.shape, scale=0.3))
    batch = pretrainer.batches(source(), 8).at(0)
    labels, written = (batch[1][f"replaced_tokens/{key}"] for key in ("labels", "token_ids"))
    counts = np.bincount(written.ravel()) * np.bincount(labels.ravel(), minlength=written.max() + 1)
    counts[:5] = 0
    entry, (ours, theirs) = (int(counts.argmax()), 2), tables(pretrainer)  # it is seen and guessed
    moved = {
        (name, part): slope(pretrainer, batch, table, part, entry)
        for name, table in (("ours", ours), ("theirs", theirs))
        for part in ("generator", "discriminator")
    }
    pretrainer.objectives[0].generator_weight = 1.0
    pretrainer.objectives[0].discriminator_weight = 50.0
    before = [to_numpy(table)[entry] for table in (ours, theirs)]
    pretrainer.compile(keras.optimizers.SGD(1e-3))
    pretrainer.train_on_batch(*batch)
    found = [
        (value - to_numpy(table)[entry]) / 1e-3 for value, table in zip(before, (ours, theirs))
    ]
    told = 50 * moved["ours", "discriminator"]
    guessed = moved["theirs", "generator"]
    assert abs(told) > 0.03
    assert abs(guessed) > 0.01
    expected = {"tied": [told + guessed] * 2}.get(sharing, [told, guessed])
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=0.003)
    if sharing == "gradient_disentangled":
        # The encoder's output does depend on the generator's table; it just does not move it.
        assert 50 * moved["theirs", "discriminator"] == pytest.approx(told, rel=0.05, abs=0.003)
    if sharing == "none":
        assert moved["theirs", "discriminator"] == 0


def test_a_difference_that_starts_at_zero():
    encoder = tiny_electra(num_layers=1, **NO_DROPOUT)
    x = {key: np.ones((2, 5), "int32") for key in encoder.input}
    before, table = to_numpy(encoder(x)), to_numpy(encoder.embeddings.tokens.embeddings)
    pretrainer = tiny_pretrainer("gradient_disentangled", encoder)
    ours, theirs = tables(pretrainer)
    assert not to_numpy(ours).any()
    np.testing.assert_array_equal(to_numpy(theirs), table)
    np.testing.assert_allclose(to_numpy(encoder(x)), before, atol=1e-6)


def test_the_difference_is_added_before_it_is_written(tmp_path):
    pretrainer = tiny_pretrainer("gradient_disentangled")
    pretrainer.compile(keras.optimizers.Adam(1e-2))
    pretrainer.train_on_batch(*pretrainer.batches(TEXTS, 8).at(0))
    ours, theirs = tables(pretrainer)
    assert to_numpy(ours).any()
    whole, x = to_numpy(ours) + to_numpy(theirs), {}
    x = {key: np.ones((2, 5), "int32") for key in pretrainer.encoder.input}
    expected = to_numpy(pretrainer.encoder(x))
    task = pretrainer.task()
    assert isinstance(task, kbz.ReplacedTokenDetector)
    np.testing.assert_array_equal(to_numpy(task.encoder.embeddings.tokens.embeddings), whole)
    np.testing.assert_allclose(to_numpy(task.encoder(x)), expected, atol=1e-6)
    pretrainer.save_to_hugging_face(tmp_path / "hf")
    read = kbz.ReplacedTokenDetector.from_preset(tmp_path / "hf")
    np.testing.assert_allclose(to_numpy(read.encoder(x)), expected, atol=1e-6)
    np.testing.assert_allclose(to_numpy(pretrainer.encoder(x)), expected, atol=1e-6)
    pretrainer.train_on_batch(*pretrainer.batches(TEXTS, 8).at(1))  # and it goes on


def test_a_difference_is_saved(tmp_path):
    pretrainer = tiny_pretrainer("gradient_disentangled", temperature=0)
    pretrainer.compile(keras.optimizers.Adam(1e-2))
    pretrainer.train_on_batch(*pretrainer.batches(TEXTS, 8).at(0))
    pretrainer.save(tmp_path / "one.keras")
    loaded = keras.saving.load_model(tmp_path / "one.keras")
    x, y = pretrainer.batches(TEXTS, 8).at(1)
    np.testing.assert_allclose(
        loaded.test_on_batch(x, y), pretrainer.test_on_batch(x, y), rtol=1e-5
    )
    assert len(loaded.trainable_variables) == len(pretrainer.trainable_variables)


KINDS = ["bert", "deberta_v2", "same_family"]


@pytest.mark.parametrize("kind", cases(KINDS, slow_on_tensorflow=("bert", "same_family")))
def test_other_families_learn_so_too(kind):
    config = tiny_config(num_layers=1, **NO_DROPOUT)
    if kind == "bert":
        encoder, options = bert.build(config), {}
    else:
        fields = {**vars(config), "num_buckets": 8}
        encoder = deberta_v2.build(
            deberta_v2.DebertaV2Config(
                **{k: v for k, v in fields.items() if k not in ("num_segments", "use_pooler")}
            )
        )
        same = {"family": "deberta_v2", "hidden_dim": config.hidden_dim}
        options = {"generator": same, "sharing": "gradient_disentangled"}
        options = options if kind == "same_family" else {}
    pretrainer = tiny_pretrainer(encoder=encoder, **options)
    pretrainer.compile(keras.optimizers.Adam(1e-2))
    x, y = pretrainer.batches(TEXTS, 8).at(0)
    losses = [float(np.ravel(pretrainer.train_on_batch(x, y))[0]) for _ in range(6)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ReplacedTokens(sharing="tie"), "Did you mean 'tied'"),
        (lambda: ReplacedTokens(temperature=-1), "temperature must be more than 0"),
        (
            lambda: tiny_pretrainer(generator={"embedding_dim": 4}),
            "needs tables of tokens of one size",
        ),
        (
            lambda: tiny_pretrainer(
                encoder=tiny_encoder(), generator={"family": "bert", "hidden_dim": 16}
            ),
            "is for a generator of the family electra, not bert",
        ),
        (
            lambda: Pretrainer(tiny_electra(), TOKENIZER, [ReplacedTokens(), MaskedTokens()]),
            "replaced_tokens and masked_tokens both hide tokens",
        ),
        (
            lambda: Pretrainer(tiny_electra(), TOKENIZER).generator_task(),
            "There is no generator",
        ),
    ],
)
def test_what_does_not_fit_is_told(make, told):
    with pytest.raises(ValueError, match=told):
        make()


def test_sizes_of_electra_small():
    config = electra.ElectraConfig(
        vocabulary_size=50, num_layers=1, hidden_dim=256, num_heads=4, intermediate_dim=1024
    )
    found = generator_config(electra.build(config))
    # https://github.com/google-research/electra: 64 wide, one head, 256 in the feed-forward.
    assert (found.hidden_dim, found.num_heads, found.intermediate_dim) == (64, 1, 256)


@pytest.mark.parametrize("sharing", SHARED)
def test_texts_in_one_row_are_as_if_they_were_alone(sharing):
    """For the generator as for the encoder; the likeliest token is drawn, so both draw the same."""
    alone, packed = (
        tiny_pretrainer(sharing, pack=pack, temperature=0, encoder=wide_electra())
        for pack in (False, True)
    )
    packed.set_weights(alone.get_weights())
    texts = np.array([[2, 9, 4, 7, 3], [2, 4, 11, 5, 3], [2, 8, 12, 4, 3]], "int32")
    hidden = np.array([[2], [1], [3]], "int32")
    row = inputs_of(texts.reshape(1, -1), np.array([[2, 6, 13]], "int32"))
    numbers = np.repeat([1, 2, 3], 5)[None].astype("int32")
    found = packed.predict_on_batch({**row, "sequence_ids": numbers})["replaced_tokens"]
    each = alone.predict_on_batch(inputs_of(texts, hidden))["replaced_tokens"]
    for name in ("generator", "token_ids", "replaced"):
        expected = each[name].reshape(found[name].shape)
        np.testing.assert_allclose(found[name], expected, atol=1e-5, err_msg=name)


def wide_electra():
    """Weights so large that what a token sees is seen in its vector."""
    return tiny_electra(num_layers=1, initializer_range=0.3, **NO_DROPOUT)


def inputs_of(ids, places):
    given = {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": 0 * ids + 1}
    return {**given, "mask_positions": places, "mask_used": 0 * places + 1}


def test_packed_rows_are_learnt_from():
    pretrainer = tiny_pretrainer(pack=True)
    x, y = pretrainer.batches(TEXTS, 4).at(0)
    assert set(x) == {*pretrainer.input}
    assert x["sequence_ids"].max() > 1
    assert y["replaced_tokens/real"].all()
    losses = pretrainer.fit(TEXTS, batch_size=4, steps_per_epoch=10, epochs=3, verbose=0)
    assert losses.history["loss"][-1] < losses.history["loss"][0] - 0.3
    task = pretrainer.generator_task()
    assert task.fill("a [MASK] film")
