"""Hidden tokens: which are chosen, what comes back, how likely a text is."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing.mask_features import MaskFeatures, Masking
from tests.tiny import sentences, tiny_encoder, tiny_tokenizer, to_numpy


def build(length=32, **options):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), length)
    return kbz.MaskedLM(tiny_encoder(), preprocessor, seed=1, **options)


# --------------------------------------------------------------------------------- masking


def masked(texts, seed=0, **options):
    featurizer = MaskFeatures(kbz.Preprocessor(tiny_tokenizer(), 64), Masking(**options))
    rows, targets = featurizer.read(texts)
    features = featurizer.features(rows, targets, kbz.preprocessing.TruncationReport(0))
    before = [np.array(feature.parts[0][0]) for feature in features]
    generator = np.random.default_rng(seed)
    inputs, y, weight = featurizer.collate(features, len(features), generator)
    return before, inputs, y, weight


def test_as_many_as_asked_for_in_the_shares_asked_for():
    texts = [" ".join(["food"] * 40)] * 200
    before, inputs, y, weight = masked(texts)
    tokenizer = tiny_tokenizer()
    assert (weight.sum(axis=1) == 6).all()  # 15% of 40
    real = weight > 0
    assert (y[real] == tokenizer.token_to_id("food")).all()
    seen = np.take_along_axis(inputs["token_ids"], inputs["mask_positions"], axis=1)[real]
    shares = [(seen == tokenizer.mask_id).mean(), (seen == tokenizer.token_to_id("food")).mean()]
    assert shares == pytest.approx([0.8, 0.1], abs=0.04)
    changed = inputs["token_ids"] != np.pad(
        before, [(0, 0), (0, inputs["token_ids"].shape[1] - 42)]
    )
    assert changed.sum() <= 6 * 200
    for row in range(200):  # [CLS] and [SEP] are never guessed
        assert not {0, 41} & set(inputs["mask_positions"][row][real[row]])


def test_other_tokens_in_every_epoch_and_the_same_for_the_same_seed():
    texts = [" ".join(["food"] * 40)] * 8
    places = [masked(texts, seed)[1]["mask_positions"].tolist() for seed in (0, 0, 1)]
    assert places[0] == places[1] != places[2]


def test_whole_words():
    text = "foods the filmly food rooms a good"
    _, inputs, _, weight = masked([text] * 50, whole_words=True, rate=0.4)
    groups = []
    for place, token in enumerate(tiny_tokenizer().tokenize(text), 1):
        if not token.startswith("##"):
            groups.append(set())
        groups[-1].add(place)
    seen = set()
    for row in range(50):
        chosen = set(inputs["mask_positions"][row][weight[row] > 0].tolist())
        assert chosen == set().union(*(group for group in groups if group & chosen))
        seen |= chosen
    assert seen == set().union(*groups)


def test_texts_without_tokens_cost_nothing():
    _, _, _, weight = masked(["", "food"])
    assert weight.sum(axis=1).tolist() == [0, 1]


def test_shares_out_of_range_are_refused():
    for options in ({"rate": 0}, {"rate": 1.5}, {"mask_share": 0.8, "random_share": 0.3}):
        with pytest.raises(ValueError, match="out of range"):
            Masking(**options)


# --------------------------------------------------------------------------------- answers


def test_training_lowers_the_loss():
    texts = ["the food was good", "a great film", "we loved the room"] * 20
    task = build(recipe=kbz.Recipe(1e-2))
    losses = task.fit(texts, epochs=4, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < 0.9 * losses[0]


def test_fill():
    task = build()
    text = "the [MASK] was  good"
    answers = task.fill(text, top_k=3)
    logits = to_numpy(task(task._feeder().encode([text])))[0, 0]
    probabilities = np.exp(logits) / np.exp(logits).sum()
    order = np.argsort(-probabilities)[:3]
    assert [a["token"] for a in answers] == [
        task.preprocessor.tokenizer.id_to_token(i) for i in order
    ]
    assert [a["score"] for a in answers] == pytest.approx(probabilities[order], rel=1e-4)
    for answer in answers:
        if not answer["token"].startswith("##"):
            assert answer["text"] == f"the {answer['token']} was  good"
    two = task.fill("a [MASK] and a [MASK] film", top_k=2)
    assert [len(one) for one in two] == [2, 2]
    assert two[1][0]["text"].startswith("a [MASK] and a")
    assert task.fill([text], top_k=3) == [answers]


def test_pieces_join_the_word_before():
    task = build()
    answers = task.fill("food [MASK]!", top_k=task.encoder.config.vocabulary_size)
    texts = {answer["token"]: answer["text"] for answer in answers}
    assert texts["##s"] == "foods!"
    assert texts["film"] == "food film!"


def test_targets():
    task = build()
    answers = task.fill("the food was [MASK]", targets=["good", "bad"])
    assert {answer["token"] for answer in answers} == {"good", "bad"}
    assert answers[0]["score"] >= answers[1]["score"]
    with pytest.raises(ValueError, match="'goodly' is not one token"):
        task.fill("the food was [MASK]", targets=["goodly"])


def test_masks_that_are_not_there():
    with pytest.raises(ValueError, match=r"There is no \[MASK\] in 'the food'"):
        build().fill("the food")
    with pytest.raises(ValueError, match="1 of 1 masks lie beyond"), pytest.warns():
        build(length=8).fill("the food was good and great and [MASK]")


def test_pseudo_perplexity_is_the_formula():
    task = build()
    text = "the food was good"
    tokenizer = task.preprocessor.tokenizer
    ids = tokenizer(text)
    losses = []
    for place in range(1, len(ids) - 1):
        row = np.array([[*ids[:place], tokenizer.mask_id, *ids[place + 1 :]]])
        inputs = {"token_ids": row, "segment_ids": row * 0, "padding_mask": row * 0 + 1}
        logits = to_numpy(task({**inputs, "mask_positions": np.array([[place]])}))[0, 0]
        losses.append(np.log(np.exp(logits).sum()) - logits[ids[place]])
    ours = task.pseudo_perplexity([text, "", "a film"])
    assert ours[0] == pytest.approx(np.exp(np.mean(losses)), rel=1e-4)
    assert np.isnan(ours[1])
    assert task.pseudo_perplexity(text, batch_size=2) == pytest.approx(ours[0], rel=1e-5)


def test_labels_are_not_for_it():
    with pytest.raises(ValueError, match="Leave y out"):
        build().fit(["a"], ["b"])
    texts, _ = sentences(4)
    assert build().evaluate(texts, verbose=0, return_dict=True)["loss"] > 0
