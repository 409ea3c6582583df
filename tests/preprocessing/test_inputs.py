"""Every form in which people hold texts becomes the same rows."""

import numpy as np
import pytest

from keras_bert_zoo.preprocessing.inputs import (
    as_rows,
    is_encoded,
    is_table,
    is_texts,
    split_labels,
)

ROWS = [("a b",), ("",), ("ü",)]
COLUMN = [text for (text,) in ROWS]
PAIRS = [("a b", "c"), ("", "d"), ("ü", "")]
FIRST, SECOND = map(list, zip(*PAIRS))


def pandas():
    return pytest.importorskip("pandas")


def dataset(columns, **features):
    """A Hugging Face data set; features that are not named are strings."""
    datasets = pytest.importorskip("datasets")
    features = {name: features.get(name, datasets.Value("string")) for name in columns}
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


# ------------------------------------------------------------------------------- one text a row


@pytest.mark.parametrize(
    "texts",
    [
        COLUMN,
        tuple(COLUMN),
        np.array(COLUMN),
        np.array(COLUMN, object),
        [np.str_(text) for text in COLUMN],
        [text.encode() for text in COLUMN],
        tuple(text.encode() for text in COLUMN),
        np.array([text.encode() for text in COLUMN], object),
        {"text": COLUMN},
        (COLUMN,),
        (np.array(COLUMN, object),),
    ],
    ids=lambda texts: f"{type(texts).__name__} of {type(next(iter(texts))).__name__}",
)
def test_texts(texts):
    assert as_rows(texts) == ROWS
    assert is_texts(texts)


@pytest.mark.parametrize("dtype", ["object", "string", "str", "string[pyarrow]", "category"])
def test_series(dtype):
    pd = pandas()
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    series = pd.Series(COLUMN, index=[7, 3, 9], dtype=dtype)
    assert as_rows(series) == ROWS
    assert as_rows(series.iloc[1:]) == ROWS[1:]
    assert as_rows(pd.Index(COLUMN)) == ROWS
    assert is_texts(series)
    assert not is_table(series)


@pytest.mark.parametrize("dtype", ["object", "string", "str", "string[pyarrow]"])
def test_frame(dtype):
    pd = pandas()
    frame = pd.DataFrame({"n": [1, 2, 3], "text": pd.Series(COLUMN, dtype=dtype), "label": COLUMN})
    frame.index = [7, 3, 9]
    assert is_table(frame)
    assert is_texts(frame)
    assert as_rows(frame) == ROWS
    assert as_rows(frame[frame.index < 9]) == ROWS[:2]
    frame["Text2"] = SECOND
    assert as_rows(frame) == PAIRS


def test_data_set():
    assert as_rows(dataset({"text": COLUMN})) == ROWS
    assert as_rows(dataset({"premise": FIRST, "hypothesis": SECOND, "label": COLUMN})) == PAIRS
    table = dataset({"text": COLUMN})
    assert is_table(table)
    assert is_texts(table)
    assert as_rows(table["text"]) == ROWS  # a column on its own


def test_one_text_is_one_row():
    """It is no list of its letters, in whatever it is wrapped."""
    for text in ("a b", b"a b", np.str_("a b"), np.array("a b"), {"text": "a b"}, ["a b"]):
        assert as_rows(text) == [("a b",)]
    assert as_rows({"premise": "a b", "hypothesis": "c"}) == [("a b", "c")]
    assert as_rows(("a b", "c")) == [("a b",), ("c",)]


def test_tensors():
    tf = pytest.importorskip("tensorflow")
    assert as_rows(tf.constant(COLUMN)) == ROWS
    assert as_rows(tf.constant(PAIRS)) == PAIRS
    assert is_texts(tf.constant(COLUMN))


# ------------------------------------------------------------------------------- pairs


@pytest.mark.parametrize(
    "pairs",
    [
        PAIRS,
        [list(pair) for pair in PAIRS],
        [np.array(pair) for pair in PAIRS],
        np.array(PAIRS),
        np.array(PAIRS, object),
        (FIRST, SECOND),
        (np.array(FIRST), SECOND),
        {"premise": FIRST, "hypothesis": tuple(SECOND)},
        [(a.encode(), b) for a, b in PAIRS],
    ],
    ids=lambda pairs: f"{type(pairs).__name__} of {type(next(iter(pairs))).__name__}",
)
def test_pairs(pairs):
    assert as_rows(pairs) == PAIRS


def test_pairs_of_series():
    pd = pandas()
    first = pd.Series(FIRST, index=[5, 6, 7])
    assert as_rows((first, pd.Series(SECOND))) == PAIRS
    assert as_rows({"a": first, "b": SECOND}) == PAIRS


@pytest.mark.parametrize("nothing", [[], (), np.array([], object), {"text": []}, ([], [])])
def test_nothing(nothing):
    assert as_rows(nothing) == []


def test_empty_tables():
    pd = pandas()
    assert as_rows(pd.DataFrame({"text": []})) == []
    assert as_rows(pd.DataFrame({"text": ["a"], "label": [1]}).iloc[:0]) == []
    assert as_rows(dataset({"text": []})) == []


# ------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, r"None \(NoneType\)"),
        (float("nan"), r"nan \(float\)"),
        (5, r"5 \(int\)"),
        (["b", "c"], r"\['b', 'c'\] \(list\)"),
        (np.array(["b", "c"]), r"array\(.* \(ndarray\)"),
    ],
)
def test_what_is_no_text_is_named_with_its_place(value, shown):
    with pytest.raises(TypeError, match=rf"Texts must be str. Row 1 is {shown}") as error:
        as_rows(["a", value])
    hint = "fill them with ''" in str(error.value)
    assert hint == (value is None or isinstance(value, float))


def test_the_place_is_that_in_the_column():
    with pytest.raises(TypeError, match="Row 2 is 7"):
        as_rows((["a", "b", "c"], ["d", "e", 7]))
    with pytest.raises(TypeError, match="Row 0 is 1"):
        as_rows(np.array([1, 2]))


@pytest.mark.parametrize("dtype", ["object", "string", "str", "string[pyarrow]"])
def test_missing_cells(dtype):
    pd = pandas()
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    series = pd.Series(["a", None, "c"], dtype=dtype)
    with pytest.raises(TypeError, match=r"Row 1 is (nan|None|<NA>) .*fill them with ''"):
        as_rows(series)
    # Also where the first cell is the missing one: the column still is the texts.
    with pytest.raises(TypeError, match=r"Row 0 is (nan|None|<NA>) .*fill them with ''"):
        as_rows(pd.DataFrame({"text": series.iloc[1:], "label": [0, 1]}))
    assert as_rows(series.fillna("")) == [("a",), ("",), ("c",)]


@pytest.mark.parametrize("value", [None, 5, 1.5, object(), (None, None), (["a"], None)])
def test_what_holds_no_texts(value):
    with pytest.raises(TypeError, match=r"Texts must be a str, or a list, tuple, array, Series"):
        as_rows(value)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("a", "b"), ("c",)], r"two texts in each row. Row 1 is \('c',\)"),
        ([("a", "b", "c")], r"two texts in each row. Row 0 is \('a', 'b', 'c'\)"),
        ([("a", "b"), "cd"], "two texts in each row. Row 1 is 'cd'"),
        (np.array([["a"], ["b"]]), r"two texts in each row. Row 0 is \['a'\]"),
        ((["a"], ["b"], ["c"]), "a text or a pair|one text or a pair of texts. 3 columns"),
        ({}, "0 columns were given"),
        ((["a", "b"], ["c"]), "The two columns of pairs have different lengths: 2 and 1"),
    ],
)
def test_no_pairs(pairs, message):
    with pytest.raises(ValueError, match=message):
        as_rows(pairs)


# ------------------------------------------------------------------------------- tables


def test_tables_whose_texts_are_not_clear():
    pd = pandas()
    frame = pd.DataFrame({"a": ["x"], "b": ["y"], "c": ["z"]})
    with pytest.raises(ValueError, match=r"3 of \['a', 'b', 'c'\] hold texts: a, b, c.*x=table"):
        as_rows(frame)
    with pytest.raises(ValueError, match=r"0 of \['n', 'label'\] hold texts. Select"):
        as_rows(pd.DataFrame({"n": [1], "label": ["x"]}))


def test_labels_and_numbers_of_rows_are_no_texts():
    pd = pandas()
    frame = pd.DataFrame({"ID": ["r1"], "Text": ["a"], "Label": ["good"], "guid": ["g1"]})
    assert as_rows(frame) == [("a",)]


def test_labels_of_frames():
    pd = pandas()
    frame = pd.DataFrame({"text": ["a", "b"], "stars": [3, 5], "label": ["x", "y"]}, index=[4, 2])
    assert split_labels(frame) == ["x", "y"]
    assert split_labels(frame, "stars") == [3, 5]
    with pytest.raises(ValueError, match=r"The table has \['text', 'stars', 'label'\]. Name it"):
        split_labels(frame, "star")
    with pytest.raises(ValueError, match="Which column holds the labels"):
        split_labels(frame[["text"]])
    assert split_labels(frame.rename(columns={"label": "Label"})) == ["x", "y"]


def test_a_column_called_features_is_only_a_column():
    frame = pandas().DataFrame({"features": ["a", "b"], "label": [1, 0]})
    assert split_labels(frame) == [1, 0]
    assert as_rows(frame) == [("a",), ("b",)]


def test_labels_of_data_sets_are_names():
    datasets = pytest.importorskip("datasets")
    classes = datasets.ClassLabel(names=["neg", "pos"])
    table = dataset({"text": ["a", "b", "c"], "label": [1, 0, -1]}, label=classes)
    assert split_labels(table) == ["pos", "neg", -1]  # -1, no label, is not the last class
    plain = dataset({"text": ["a"], "target": [1]}, target=datasets.Value("int64"))
    assert split_labels(plain) == [1]
    assert split_labels(plain, "text") == ["a"]


def test_lists_of_labels_of_data_sets_are_names_too():
    datasets = pytest.importorskip("datasets")
    classes = datasets.Sequence(datasets.ClassLabel(names=["x", "y", "z"]))
    table = dataset({"text": ["a", "b", "c"], "labels": [[0, 2], [], [1]]}, labels=classes)
    assert split_labels(table) == [["x", "z"], [], ["y"]]


def test_encoded():
    assert is_encoded({"token_ids": 0, "segment_ids": 0, "padding_mask": 0})
    assert not is_encoded({"token_ids": 0})
    assert not is_encoded(["token_ids", "padding_mask"])


def test_streams_are_no_texts():
    assert not is_texts(iter(["a"]))
    assert not is_texts(object())
    tf = pytest.importorskip("tensorflow")
    assert not is_texts(tf.data.Dataset.from_tensor_slices(["a"]))
