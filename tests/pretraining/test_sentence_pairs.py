"""Segments in other places: by hand, by statistics, and the losses against transformers."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining import Example, Examples, NextSentence, Pretrainer, SentenceOrder
from keras_bert_zoo.pretraining.parts import part_of, shortened
from keras_bert_zoo.pretraining.rows import rows_of
from tests.parity.references import reference
from tests.paths import data_path
from tests.pretraining.sources import LENGTH, pairs, source
from tests.tiny import SIZE, random_inputs, tiny_tokenizer, to_numpy, values

TOKENIZER = tiny_tokenizer()
CLS, SEP = TOKENIZER.cls_id, TOKENIZER.sep_id


class Chosen:
    """Stands for a generator of random numbers: the first rows are moved, all else is the first."""

    def __init__(self, rows):
        self.rows = rows

    def random(self, count):
        return np.where(np.arange(count) < self.rows, 0.0, 0.9)

    def integers(self, count):
        return 0

    def binomial(self, count, share):
        return 0


def example(*parts, document=0):
    ids = np.concatenate(parts).astype("int32")
    lengths = tuple(len(part) for part in parts)
    return Example(ids, np.ones(len(ids), bool), lengths, document)


def batch_of(*examples, length=9):
    return rows_of(list(examples), TOKENIZER, length)


def test_next_sentence_by_hand():
    batch = batch_of(
        example([11, 12], [13], document=0),
        example([14], [15], document=0),
        example([21], [22, 23, 24], document=1),
    )
    before = batch["token_ids"].copy()
    found, targets = NextSentence().bind(TOKENIZER).corrupt(batch, Chosen(1))
    assert found["token_ids"].tolist() == [
        [CLS, 11, 12, SEP, 22, 23, 24, SEP, 0],
        [CLS, 14, SEP, 15, SEP, 0, 0, 0, 0],
        [CLS, 21, SEP, 22, 23, 24, SEP, 0, 0],
    ]
    assert found["segment_ids"][0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0]
    assert found["padding_mask"][0].tolist() == [1] * 8 + [0]
    assert found["words"][0].tolist() == [-1, 0, 1, -1, 2, 3, 4, -1, -1]
    assert found["parts"][0].tolist() == [[1, 3], [4, 7]]
    assert targets["labels"].tolist() == [1, 0, 0]
    np.testing.assert_array_equal(batch["token_ids"], before)


def test_a_pair_that_gets_too_long_is_cut():
    batch = batch_of(
        example([11, 12, 13, 14], [15]), example([21], [22, 23, 24], document=1), length=8
    )
    found, _ = NextSentence().bind(TOKENIZER).corrupt(batch, Chosen(1))
    # Four and three tokens in five places: the first part loses one, then, of equals, the second.
    assert found["token_ids"][0].tolist() == [CLS, 11, 12, 13, SEP, 22, 23, SEP]


def test_cutting_is_that_of_google():
    """`truncate_seq_pair` of create_pretraining_data.py, word by word."""

    def theirs(first, second, room, front):
        first, second, front = list(first), list(second), list(front)
        while len(first) + len(second) > room:
            longer = first if len(first) > len(second) else second
            del longer[0 if front.pop() else -1]
        return len(first), len(second)

    generator = np.random.default_rng(0)
    for _ in range(50):
        a, b = (np.arange(n) for n in generator.integers(1, 12, 2))
        room = int(generator.integers(2, 12))
        batch = batch_of(example(a + 10, b + 30), length=40)
        parts = [part_of(batch, 0, part) for part in (0, 1)]
        found = shortened(*parts, room, generator)
        lengths = tuple(part.lengths[0] for part in found)
        assert lengths == theirs(a, b, room, generator.random(30) < 0.5)
        for part, old in zip(found, parts):
            text = old.token_ids.tolist()
            first = text.index(part.token_ids[0])
            assert part.token_ids.tolist() == text[first : first + part.lengths[0]]


def test_spans_and_words_go_with_their_segment():
    spans = np.array([[0, 2], [3, 5]], "int32")
    starts = np.array([True, False, True, False, True])
    one = Example(np.arange(11, 16, dtype="int32"), starts, (2, 3), 0, spans)
    found, targets = SentenceOrder().bind(TOKENIZER).corrupt(batch_of(one), Chosen(1))
    assert found["token_ids"][0].tolist() == [CLS, 13, 14, 15, SEP, 11, 12, SEP, 0]
    assert found["words"][0].tolist() == [-1, 0, 0, 1, -1, 2, 2, -1, -1]
    assert found["spans"][0].tolist() == [[2, 4], [5, 7]]
    assert targets["labels"].tolist() == [1]


def test_one_document_has_no_other():
    batch = batch_of(example([11], [12]), example([13], [14]))
    found, targets = NextSentence().bind(TOKENIZER).corrupt(batch, Chosen(2))
    np.testing.assert_array_equal(found["token_ids"], batch["token_ids"])
    assert targets["labels"].tolist() == [0, 0]


@pytest.mark.any_backend
@pytest.mark.parametrize("objective", [NextSentence(), SentenceOrder()])
def test_half_of_the_rows(objective):
    examples = pairs(600).read(range(600))
    batch, labels = batch_of(*examples, length=LENGTH), []
    for seed in range(4):
        _, targets = objective.bind(TOKENIZER).corrupt(batch, np.random.default_rng(seed))
        labels.extend(targets["labels"])
    assert abs(np.mean(labels) - 0.5) < 3 * np.sqrt(0.25 / len(labels))


@pytest.mark.parametrize("name", ["next_sentence", "sentence_order"])
def test_rows_of_one_segment_are_refused(name):
    pretrainer = tiny_pretrainer([name])
    with pytest.raises(ValueError, match=f"{name} learns from pairs of segments; 4 of 4 rows"):
        pretrainer.batches(source(), 4).at(0)


@pytest.mark.any_backend
@pytest.mark.parametrize("cls", [NextSentence, SentenceOrder])
def test_a_share_out_of_range(cls):
    with pytest.raises(ValueError, match="_share=1 is out of range"):
        cls(1)


# ------------------------------------------------------------------ heads and files


def tiny_pretrainer(objectives, family="bert", **options):
    from keras_bert_zoo.families import family_called
    from tests.tiny import tiny_config

    family = family_called(family)
    fields = set(family.Config.__dataclass_fields__)
    sizes = {key: value for key, value in vars(tiny_config()).items() if key in fields}
    sizes |= {"embedding_dim": 8} if "embedding_dim" in fields else {}
    encoder = family.build(family.Config(**sizes))
    generator = np.random.default_rng(5)
    for weight in encoder.weights:
        weight.assign(generator.normal(size=weight.shape, scale=0.3))
    options = {"length": LENGTH, "seed": 0, **options}
    return Pretrainer(encoder, TOKENIZER, objectives, **options)


MODELS = {
    "bert": (["masked_tokens", "next_sentence"], "BertConfig", "BertForPreTraining"),
    "albert": (["masked_tokens", "sentence_order"], "AlbertConfig", "AlbertForPreTraining"),
}


def their_losses(model, x, y, pair):
    """Both losses by transformers' own code."""
    import torch

    labels = np.full(x["token_ids"].shape, -100)
    rows, places = np.nonzero(y["masked_tokens/weight"])
    where = x["mask_positions"][rows, places]
    labels[rows, where] = y["masked_tokens/labels"][rows, places]
    order = "next_sentence_label" if pair == "next_sentence" else "sentence_order_label"
    given = {"input_ids": "token_ids", "token_type_ids": "segment_ids"}
    given["attention_mask"] = "padding_mask"
    tensors = {key: torch.tensor(x[name]).long() for key, name in given.items()}
    tensors |= {"labels": torch.tensor(labels), order: torch.tensor(y[f"{pair}/labels"]).long()}
    with torch.no_grad():
        return float(model(**tensors).loss)


@pytest.mark.parametrize("family", MODELS)
def test_transformers_reads_both_heads_and_gives_the_same_loss(family, tmp_path):
    transformers = pytest.importorskip("transformers")
    objectives, _, name = MODELS[family]
    pretrainer = tiny_pretrainer(objectives, family)
    x, y = pretrainer.batches(pairs(), 6).at(0)
    assert 0 < y[f"{objectives[1]}/labels"].mean() < 1
    pretrainer.save_to_hugging_face(tmp_path / "hf")
    model = transformers.AutoModelForPreTraining.from_pretrained(tmp_path / "hf").eval()
    assert type(model).__name__ == name
    pretrainer.compile()
    assert float(np.ravel(pretrainer.test_on_batch(x, y))[0]) == pytest.approx(
        their_losses(model, x, y, objectives[1]), abs=1e-5
    )
    again = Pretrainer.from_preset(tmp_path / "hf", objectives, length=LENGTH)
    assert not again.conversion_report.new
    for path, value in values(again).items():
        np.testing.assert_array_equal(value, values(pretrainer)[path], err_msg=path)


@pytest.mark.parametrize("family", MODELS)
def test_weights_of_transformers_give_its_loss(family, tmp_path):
    objectives, config, name = MODELS[family]
    sizes = {"vocab_size": SIZE, "embedding_size": 8} if family == "albert" else {}
    model = reference(name, tmp_path / "hf", config, **{"vocab_size": SIZE, **sizes})
    TOKENIZER.save(tmp_path / "hf")
    pretrainer = Pretrainer.from_preset(tmp_path / "hf", objectives, length=LENGTH, seed=0)
    x, y = pretrainer.batches(pairs(), 6).at(0)
    pretrainer.compile()
    assert float(np.ravel(pretrainer.test_on_batch(x, y))[0]) == pytest.approx(
        their_losses(model, x, y, objectives[1]), abs=1e-4
    )


def test_googles_format_keeps_both_heads(tmp_path):
    objectives = ["masked_tokens", "next_sentence"]
    pretrainer = tiny_pretrainer(objectives)
    pretrainer.save_to_google(tmp_path / "tf1")
    again = Pretrainer.from_preset(tmp_path / "tf1", objectives, length=LENGTH)
    assert not again.conversion_report.new
    x, _ = pretrainer.batches(pairs(), 6).at(0)
    for name, logits in pretrainer.predict_on_batch(x).items():
        np.testing.assert_array_equal(again.predict_on_batch(x)[name], logits)


def test_the_next_sentence_head_becomes_a_scorer_of_pairs(tmp_path):
    pretrainer = tiny_pretrainer(["next_sentence"])
    pretrainer.save_to_hugging_face(tmp_path / "hf")
    scorer = kbz.PairScorer.from_preset(tmp_path / "hf")
    assert scorer.labels == ["next", "other"]
    x = random_inputs(length=LENGTH)
    np.testing.assert_allclose(
        to_numpy(scorer(x)), to_numpy(pretrainer(x)["next_sentence"]), atol=1e-6
    )


def test_a_head_without_a_place_is_left_out_and_said(tmp_path):
    pretrainer = tiny_pretrainer(["sentence_order"], "albert")
    with pytest.warns(UserWarning, match="that of sentence_order is left out"):
        pretrainer.save_to_hugging_face(tmp_path / "hf")
    encoder = kbz.Encoder.from_preset(tmp_path / "hf")
    assert set(values(encoder)) == set(values(pretrainer.encoder))


def test_a_family_without_such_a_head_has_that_of_its_classifiers():
    pretrainer = tiny_pretrainer(["next_sentence"], "roberta")
    assert pretrainer.get_layer("next_sentence").dense is not None
    with pytest.raises(ValueError, match="Name the class: task"):
        pretrainer.task()


def test_a_preset_of_this_library_is_gone_on_from(tmp_path):
    task = tiny_pretrainer(["masked_tokens"]).task()
    task.save_to_preset(tmp_path / "mine")
    found = Pretrainer.from_preset(
        tmp_path / "mine", ["masked_tokens", "next_sentence"], length=LENGTH
    )
    assert found.conversion_report.new == [
        "next_sentence/logits/kernel",
        "next_sentence/logits/bias",
    ]
    for path, value in values(task).items():
        np.testing.assert_array_equal(values(found)[path], value)


def test_a_pretrained_bert_knows_its_own_text():
    """A complete BertForPreTraining guesses most hidden tokens of its field from the start."""
    folder = data_path("weights", "bert-chem-pretraining")
    objectives = ["masked_tokens", "next_sentence"]
    pretrainer = Pretrainer.from_preset(folder, objectives, length=32, seed=0)
    assert not pretrainer.conversion_report.new
    assert {"cls.seq_relationship.weight", "cls.predictions.bias"} <= set(
        pretrainer.conversion_report.used
    )
    tokens = "C C ( = O ) O C 1 = C C = C C = C 1 C ( = O ) O".split()
    ids = np.array([pretrainer.tokenizer.token_to_id(one) for one in tokens], "int32")
    several = [
        Example(ids, np.ones(len(ids), bool), (10, len(ids) - 10), number) for number in range(8)
    ]
    x, y = pretrainer.batches(Examples(several), 8, shuffle=False).at(0)
    found = pretrainer.predict_on_batch(x)["masked_tokens"].argmax(-1)
    used = y["masked_tokens/weight"] > 0
    assert (found == y["masked_tokens/labels"])[used].mean() > 0.6
