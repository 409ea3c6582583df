"""Tags of words and entities in texts, whatever form they come in."""

import itertools

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing.token_features import TokenFeatures
from tests.tasks.cases import CASES, TAGS, WORDS
from tests.tiny import tiny_encoder, tiny_tokenizer

TEXT = "we loved the food, the lovely food!"


def build(length=32, **options):
    options = {"entity_types": ["FOOD", "ROOM"], "seed": 1, **options}
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), length)
    return kbz.TokenClassifier(tiny_encoder(), preprocessor, **options)


def features(task, x, y=None):
    rows, targets = task.featurizer.read(x, y)
    return task.featurizer.features(rows, targets, kbz.preprocessing.TruncationReport(0))


def learnt(task, x, y):
    """`{word: tag}` of what the features of these rows say."""
    pairs = []
    for feature in features(task, x, y):
        row, window = feature.info
        for place, goal in enumerate(feature.target):
            if goal >= 0:
                token = place - 1 + window.start
                start, end = row.word_spans[row.word_ids[token]]
                word = row.text[start:end]
                pairs.append(("".join(word), task.labels[goal]))
    return pairs


def test_words_with_tags():
    task = build()
    assert learnt(task, [["the", "foodly", "room"]], [["O", "B-FOOD", "I-ROOM"]]) == [
        ("the", "O"),
        ("foodly", "B-FOOD"),
        ("room", "B-ROOM"),
    ]


def test_texts_with_marked_stretches():
    task = build()
    expected = [(w, "O") for w in ["we", "loved"]]
    expected += [("the", "B-FOOD"), ("food", "I-FOOD"), (",", "O"), ("the", "O"), ("lovely", "O")]
    expected += [("food", "B-FOOD"), ("!", "O")]
    marks = [{"start": 9, "end": 17, "label": "FOOD"}, (30, 34, "FOOD")]
    assert learnt(task, [TEXT], [marks]) == expected


@pytest.mark.parametrize("form", ["frame", "dataset"])
def test_tables(form):
    task = build()
    if form == "frame":
        pandas = pytest.importorskip("pandas")
        table = pandas.DataFrame({"tokens": WORDS, "ner_tags": TAGS})
    else:
        datasets = pytest.importorskip("datasets")
        names = ["O", "B-FOOD"]
        kinds = {
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=names)),
        }
        numbers = [[names.index(tag) for tag in row] for row in TAGS]
        table = datasets.Dataset.from_dict(
            {"tokens": WORDS, "ner_tags": numbers}, features=datasets.Features(kinds)
        )
    assert learnt(task, table, None) == learnt(task, WORDS, TAGS)
    assert task.fit(table, verbose=0).history["loss"]


def test_all_pieces_of_a_word():
    task = build(label_all_pieces=True)
    assert learnt(task, [["foods", "the"]], [["B-FOOD", "O"]]) == [
        ("foods", "B-FOOD"),
        ("foods", "I-FOOD"),
        ("the", "O"),
    ]


def test_tags_that_are_not_known_are_left_out():
    task = build(entity_types=None, labels=["O", "B-FOOD", "I-FOOD"])
    words = [["the", "food", "room"]]
    assert learnt(task, words, [[-100, 1, "O"]]) == [("food", "B-FOOD"), ("room", "O")]
    assert learnt(task, words, [[-100, -100, -100]]) == []


def test_windows_learn_each_word_once():
    task = build(length=12)
    words = [["the", "food", "was", "good"] * 20]
    tags = [["O", "B-FOOD", "O", "O"] * 20]
    assert len(features(task, words, tags)) > 8
    assert learnt(task, words, tags) == [*zip(words[0], tags[0])]


def test_windows_answer_as_the_one_window_that_shows_most():
    """With attention cut to the token itself, windows cannot matter: positions aside."""
    task = build(length=12)
    encoder = task.encoder.get_layer("embeddings").positions.table
    encoder.embeddings.assign(encoder.embeddings * 0)
    for block in task.encoder.blocks:
        block.attention.value.kernel.assign(block.attention.value.kernel * 0)
    words = [["the", "food", "was", "good", "!"] * 10]
    (long,) = task.predict(words, verbose=0)
    (short,) = task.predict([words[0][:5]], verbose=0)
    np.testing.assert_allclose(long, np.tile(short, (10, 1)), atol=1e-5)


@pytest.mark.parametrize("aggregation", ["first", "average", "max"])
def test_pieces_become_words(aggregation):
    task = build(aggregation=aggregation)
    (words,) = task.predict([["foods", "the"]], verbose=0)
    inputs = task._feeder().encode([["foods", "the"]])
    logits = np.asarray(task.predict(inputs, verbose=0))[0, 1:4]  # food ##s the
    pieces = {"first": logits[0], "average": logits[:2].mean(0), "max": logits[:2].max(0)}
    np.testing.assert_allclose(words, [pieces[aggregation], logits[2]], atol=1e-6)


def certain(task, tags):
    """Makes the task sure of one tag for each token, by the head's table."""
    tokenizer, labels = task.preprocessor.tokenizer, task.labels

    def outputs_on(inputs):
        logits = np.zeros((*inputs["token_ids"].shape, len(labels)), "float32")
        for word, tag in tags.items():
            logits[inputs["token_ids"] == tokenizer.token_to_id(word), labels.index(tag)] = 9
        return logits

    task.outputs_on = outputs_on
    return task


def test_entities_are_found_where_they_stand():
    task = certain(build(), {"lovely": "B-FOOD", "food": "I-FOOD", "room": "B-ROOM"})
    text = "🍜 the  lovely food — a room"
    found = task.extract(text)
    assert [(e["text"], e["label"]) for e in found] == [("lovely food", "FOOD"), ("room", "ROOM")]
    assert all(text[e["start"] : e["end"]] == e["text"] for e in found)
    assert all(0.9 < e["score"] <= 1 for e in found)
    assert task.extract([text, "the was"]) == [found, []]
    words = task.extract([["the", "lovely", "food"]])[0]
    assert [(e["text"], e["start"], e["end"]) for e in words] == [("lovely food", 1, 3)]
    assert task.extract(text, min_score=1.1) == []


def test_only_whole_entities_come_out():
    tags = {"food": "I-FOOD", "room": "I-ROOM"}
    free = certain(build(constrained=False), tags)
    assert free.tag([["food", "room"]]) == [["I-FOOD", "I-ROOM"]]
    held = certain(build(), tags)
    (row,) = held.tag([["the", "food", "room"]])
    assert row[0][0] in "OB"
    for one, other in itertools.pairwise(row):
        assert not other.startswith("I-") or one[2:] == other[2:]


def test_scores_are_those_of_whole_rows():
    task = certain(build(length=8), {"food": "B-FOOD"})
    words = [["the", "food", "was", "good"] * 5, ["a", "room"]]
    tags = [["O", "B-FOOD", "O", "O"] * 5, ["O", "B-ROOM"]]
    scores = task.score(words, tags)
    assert scores.labels["FOOD"].f1 == 1
    assert scores.micro.recall == pytest.approx(5 / 6)
    assert scores.micro.precision == 1


def test_words_that_the_tokenizer_drops_keep_their_place():
    task = build()
    words = [["the", "\u200b", "food"], [""], []]
    assert [len(row) for row in task.tag(words)] == [3, 1, 0]
    assert [row.shape for row in task.predict(words, verbose=0)] == [(3, 5), (1, 5), (0, 5)]
    task.fit(words, [["O", "O", "B-FOOD"], ["O"], []], verbose=0)


def test_parts_of_speech():
    task = build(entity_types=None, labels=["DET", "NOUN"])
    certain(task, {"the": "DET", "food": "NOUN"})
    assert task.tag(["the food"]) == [["DET", "NOUN"]]
    assert [e["label"] for e in task.extract("the food")] == ["DET", "NOUN"]
    assert {m.name for m in task.default_metrics()} == {"accuracy"}


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([["a", 5]], [["O", "O"]], "holds 5"),
        ([["a"]], [["O", "O"]], "1 words and 2 tags"),
        ([["food"]], [["B-FOD"]], "B-FOD.*B-FOOD"),
        ([TEXT], [[(0, 99, "FOOD")]], "has 35 characters"),
        ([TEXT], [[(2, 3, "FOOD")]], "no word in it"),
        ([TEXT], [[(0, 2, "FOOD"), (1, 8, "ROOM")]], "Row 0: Entities overlap"),
        ([TEXT], [[{"begin": 0}]], "marked stretch"),
        ([None], [["O"]], "a text, or a list of words"),
    ],
)
def test_mistakes_are_named(x, y, words):
    with pytest.raises((TypeError, ValueError), match=words):
        build().fit(x, y, verbose=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"head": "crff"}, "head"),
        ({"aggregation": "sum"}, "aggregation"),
        ({"scheme": "BOI"}, "scheme"),
        ({"labels": ["O"]}, "not both"),
        ({"entity_types": None}, "How many classes"),
    ],
)
def test_options_that_are_not_there(options, words):
    with pytest.raises(ValueError, match=words):
        build(**options)


def test_a_new_head_is_asked_what_of(tmp_path):
    CASES["text"].build().save_to_preset(tmp_path / "text")
    with pytest.raises(ValueError, match="holds a TextClassifier"):
        kbz.TokenClassifier.from_preset(tmp_path / "text")
    task = kbz.TokenClassifier.from_preset(tmp_path / "text", entity_types=["A"])
    assert task.labels == ["O", "B-A", "I-A"]
    crf = kbz.TokenClassifier.from_preset(tmp_path / "text", entity_types=["A"], head="crf")
    assert crf.head_kind == "crf"
    assert isinstance(task.featurizer, TokenFeatures)
