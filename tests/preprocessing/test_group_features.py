"""Groups of texts: every form they come in, and the batches they become."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing.feature_batches import FeatureBatches
from keras_bert_zoo.preprocessing.group_features import (
    GroupFeatures,
    TrainingGroups,
    numbers_of,
    targets_of,
)
from keras_bert_zoo.preprocessing.truncation import TruncationReport

A, P, N = ["a film", "the room", "food"], ["good", "bad", "we"], ["not", "was", ""]
PAIRS, TRIPLETS = list(zip(A, P)), list(zip(A, P, N))


@pytest.fixture
def features(tokenizer):
    return GroupFeatures(kbz.Preprocessor(tokenizer, 16))


def pandas_frame(**columns):
    return pytest.importorskip("pandas").DataFrame(columns)


def data_set(**columns):
    return pytest.importorskip("datasets").Dataset.from_dict(columns)


FORMS = {
    "texts": (lambda: A, [(a,) for a in A]),
    "tuple of texts": (lambda: tuple(A), [(a,) for a in A]),
    "array of texts": (lambda: np.array(A), [(a,) for a in A]),
    "bytes": (lambda: [a.encode() for a in A], [(a,) for a in A]),
    "pairs": (lambda: PAIRS, PAIRS),
    "lists": (lambda: [list(t) for t in TRIPLETS], TRIPLETS),
    "array of triplets": (lambda: np.array(TRIPLETS), TRIPLETS),
    "columns": (lambda: (A, P, N), TRIPLETS),
    "arrays as columns": (lambda: (np.array(A), np.array(P)), PAIRS),
    "dictionary": (lambda: {"anchor": A, "positive": P}, PAIRS),
    "frame": (lambda: pandas_frame(anchor=A, positive=P, negative=N), TRIPLETS),
    "frame of one column": (lambda: pandas_frame(text=A), [(a,) for a in A]),
    "frame with ids": (lambda: pandas_frame(id=["x", "y", "z"], q=A, a=P), PAIRS),
    "series": (lambda: pandas_frame(text=A)["text"], [(a,) for a in A]),
    "data set": (lambda: data_set(anchor=A, positive=P), PAIRS),
    "nothing": (list, []),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form(form, features):
    make, expected = FORMS[form]
    assert features.read(make()) == (expected, None)


@pytest.mark.parametrize("make", [pandas_frame, data_set])
@pytest.mark.parametrize(
    ("column", "name"), [("score", None), ("gold", "gold"), ("label", "label")]
)
def test_scores_in_a_table(make, column, name, features):
    rows, targets = features.read(make(a=A, b=P, **{column: [0.5, 1.0, 0.0]}), name)
    assert rows == PAIRS
    np.testing.assert_array_equal(targets, [[0.5], [1.0], [0.0]])


def test_numbers_tell_equal_texts():
    numbers = numbers_of([("a", "b", "c"), ("d", "b", "a")])
    np.testing.assert_array_equal(numbers, [[0, 1, 2], [3, 1, 0]])


def test_classes_tell_groups_that_belong_together():
    targets = np.array(targets_of(["x", "y", "x"], TRIPLETS))
    assert targets.dtype == "int32"
    np.testing.assert_array_equal(targets[:, 0], [0, 1, 0])
    np.testing.assert_array_equal(targets[:, 1], [0, 1, 0])
    assert len({0, 1, *targets[:, 2]}) == 5


def test_texts_come_one_group_after_another(features, tokenizer):
    made = features.features(TRIPLETS, None, TruncationReport(16))
    inputs = features.inputs(made, 4)
    assert inputs["token_ids"].shape == (12, 8)
    alone = [[*tokenizer(text)] for group in TRIPLETS for text in group]
    for row, ids in zip(inputs["token_ids"], alone):
        np.testing.assert_array_equal(row[: len(ids)], ids)
    assert inputs["padding_mask"].sum(1).tolist() == [*map(len, alone), 0, 0, 0]
    assert not inputs["segment_ids"].any()


def test_filled_rows_have_no_weight(features):
    rows, targets = features.read(PAIRS, [0.5, 1.0, 0.0])
    batches = FeatureBatches(
        features, rows, targets, np.array([1, 2, 3]), batch_size=2, fill_rows=True
    )
    seen = {}
    for index in range(2):
        x, y, weight = batches[index]
        assert x["token_ids"].shape[0] == 4
        assert y.shape == (2, 1)
        assert weight.shape == (2,)
        seen.update({float(w): float(v) for w, v in zip(weight, y[:, 0]) if w})
    assert seen == {1: 0.5, 2: 1.0, 3: 0.0}


def test_prefixes(tokenizer):
    preprocessor = kbz.Preprocessor(tokenizer, 16)
    features = GroupFeatures(preprocessor, ("a ", "the "))
    made = features.features(TRIPLETS, None, TruncationReport(16))
    words = [tokenizer.decode(ids) for ids, _ in made[0].parts]
    assert words == ["a a film", "the good", "the not"]


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        ([("a", "b"), ("c",)], None, ValueError, "Row 0 holds 2; row 1 is"),
        ([("a", "b"), "c"], None, ValueError, "row 1 is 'c'"),
        ((["a", "b"], ["c"]), None, ValueError, "different lengths: 2, 1"),
        ([("a", None)], None, TypeError, "Row 0 is None.*missing values"),
        ([1, 2], None, TypeError, "Row 0 is 1"),
        (3, None, TypeError, "Texts must be a str"),
        (PAIRS, [1.0], ValueError, "3 rows and 1 labels"),
        (PAIRS, [1.0, None, 2.0], ValueError, "Row 1 is None"),
        (PAIRS, [1.0, "a", 2.0], ValueError, "Row 1 is 'a'"),
        (PAIRS, [1.0, float("nan"), 2.0], ValueError, "Row 1 is nan"),
    ],
)
def test_says_what_is_wrong(x, y, error, message, features):
    with pytest.raises(error, match=message):
        features.read(x, y)


def test_tables_that_are_not_clear_are_refused(features):
    with pytest.raises(ValueError, match=r"What is the column 'label' for\?.*y='label'"):
        features.read(pandas_frame(a=A, b=P, label=[0, 1, 2]))
    with pytest.raises(ValueError, match="There is no column 'gold'"):
        features.read(pandas_frame(a=A, b=P), "gold")
    with pytest.raises(ValueError, match="No column of the table holds texts"):
        features.read(pandas_frame(a=[1, 2]))


def test_training_needs_two_texts_a_row(features):
    seen = []
    lessons = TrainingGroups(features.preprocessor, ("",), lambda *facts: seen.append(facts))
    with pytest.raises(ValueError, match="rows of two or more texts.*'a film'"):
        lessons.read(A)
    rows, targets = lessons.read(TRIPLETS)
    assert rows == TRIPLETS
    assert targets[0].shape == (3,)
    lessons.read(PAIRS, [0.1, 0.2, 0.3])
    lessons.read(PAIRS, ["x", "y", "x"])
    assert seen == [(3, False), (2, True), (2, False)]
    assert lessons.read([]) == ([], [])
