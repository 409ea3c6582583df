"""Labels in every form, and what is said about those that are wrong."""

import numpy as np
import pytest

from keras_bert_zoo.preprocessing import Labels

COLOURS = ["red", "green", "blue"]


def encoded(labels, values):
    return labels.encode(values).tolist()


# ------------------------------------------------------------------------------- one label a text


@pytest.mark.parametrize(
    "values",
    [
        ["blue", "red", "green", "red"],
        ("blue", "red", "green", "red"),
        np.array(["blue", "red", "green", "red"]),
        np.array(["blue", "red", "green", "red"], object),
        [b"blue", b"red", b"green", b"red"],
        np.array([["blue"], ["red"], ["green"], ["red"]]),
        [2, 0, 1, 0],
        np.array([2, 0, 1, 0]),
        np.array([2, 0, 1, 0], "uint8"),
        [np.int64(2), np.int32(0), np.float32(1), 0],
        [2.0, 0.0, 1.0, 0.0],
        np.array([[2], [0], [1], [0]]),
        [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]],
        np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]], "float32"),
        np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]], bool),
    ],
    ids=str,
)
def test_names_numbers_and_one_hot(values):
    array = Labels(COLOURS).encode(values)
    assert array.tolist() == [2, 0, 1, 0]
    assert array.dtype == np.int32


def test_series():
    pd = pytest.importorskip("pandas")
    for dtype in ("object", "str", "string", "category"):
        values = pd.Series(["blue", "red"], index=[8, 3], dtype=dtype)
        assert encoded(Labels(COLOURS), values) == [2, 0]
    assert encoded(Labels(COLOURS), pd.Series([2, 0], index=[8, 3])) == [2, 0]
    assert encoded(Labels(COLOURS), pd.Series([2, 0], dtype="Int64")) == [2, 0]


def test_tensors():
    torch = pytest.importorskip("torch")
    assert encoded(Labels(COLOURS), torch.tensor([2, 0])) == [2, 0]
    assert encoded(Labels(COLOURS), [torch.tensor(2), torch.tensor(0)]) == [2, 0]


def test_without_names():
    assert encoded(Labels(num_classes=3), [2, 0]) == [2, 0]
    assert encoded(Labels(num_classes=2), [True, False]) == [1, 0]
    assert encoded(Labels(num_classes=2), np.array([True, False])) == [1, 0]
    assert encoded(Labels(num_classes=3), []) == []


def test_stars_are_names():
    stars = Labels([1, 2, 3, 4, 5])
    assert encoded(stars, [5, 1, 4.0, np.int64(2)]) == [4, 0, 3, 1]
    assert Labels(np.arange(1, 6)).names == [1, 2, 3, 4, 5]
    for value in (0, 6, 2.5):
        with pytest.raises(ValueError, match=f"label {value}, which is not one of 1, 2, 3, 4, 5"):
            stars.encode([value])


def test_numbers_mean_the_names_that_are_their_digits():
    """Not the places of these: 1 would silently become the second of them."""
    stars = Labels(["1", "2", "3"])
    assert encoded(stars, [1, 3, "2", np.int64(1)]) == [0, 2, 1, 0]
    with pytest.raises(ValueError, match="label 0, which is not one of '1', '2', '3'"):
        stars.encode([0])


def test_bools_are_names_or_places():
    assert encoded(Labels([False, True]), [True, False]) == [1, 0]
    assert encoded(Labels([True, False]), [True, False]) == [0, 1]
    assert encoded(Labels(["no", "yes"]), [True, False]) == [1, 0]


def test_unknown_labels_are_named_with_their_row():
    with pytest.raises(ValueError) as error:
        Labels(COLOURS).encode(["red", "blue", "gren"])
    assert str(error.value) == (
        "Row 2 has the label 'gren', which is not one of 'red', 'green', 'blue'. "
        "Did you mean 'green'?"
    )
    with pytest.raises(
        ValueError, match="Row 1 has the label 'x', which is not a number from 0 to 2"
    ):
        Labels(num_classes=3).encode([1, "x"])


@pytest.mark.parametrize("value", [3, -1, 0.5, None, float("nan"), float("inf"), "", b"pink"])
def test_what_is_no_label(value):
    with pytest.raises(ValueError, match="Row 1 has the label .* which is not one of 'red'"):
        Labels(COLOURS).encode(["red", value])


def test_many_names_are_not_all_listed():
    names = [f"intent{i}" for i in range(300)]
    with pytest.raises(ValueError, match=r"'intent19', \.\.\.\.$") as error:
        Labels(names).encode(["zzz"])
    assert "intent20" not in str(error.value)


@pytest.mark.parametrize(
    "values",
    [
        [[1, 0, 0], [1, 1, 0]],
        [[1, 0, 0], [0, 0, 0]],
        [[1, 0, 0], [0.2, 0.7, 0.1]],
        [[1, 0, 0], [1, 0]],
        [["red"], ["red", "blue"]],
        [0, [1, 2]],
    ],
    ids=str,
)
def test_what_is_not_one_hot_is_no_label(values):
    for form in (list, lambda v: np.array(v, object) if len({np.size(r) for r in v}) > 1 else v):
        with pytest.raises(ValueError, match='problem="single" takes one label a text. Row 1 is'):
            Labels(COLOURS).encode(form(values))


def test_columns_for_other_classes_are_refused():
    """As numbers they all are in range: three times as many labels as texts."""
    for width in (2, 4):
        with pytest.raises(ValueError, match="Row 0 is .* 3 numbers of which one is 1"):
            Labels(COLOURS).encode(np.eye(width, dtype=int))


# ------------------------------------------------------------------------------- several


MANY = [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    "values",
    [
        [["red", "blue"], [], ["green"]],
        [{"red", "blue"}, set(), {"green"}],
        [("blue", "red"), (), ("green",)],
        [frozenset({"red", "blue"}), [], ["green"]],
        [np.array(["red", "blue"]), np.array([], str), np.array(["green"])],
        np.array([["red", "blue"], [], ["green"]], object),
        [["red", b"blue"], [], ["green"]],
        [[0, 2], [], [1]],
        [{0, 2}, set(), {1}],
        [np.array([0, 2]), np.array([], int), np.array([1])],
        [["red", "blue", "red"], [], ["green"]],
        MANY,
        [tuple(row) for row in MANY],
        np.array(MANY),
        np.array(MANY, bool),
        np.array(MANY, "float64"),
        [np.array(row) for row in MANY],
    ],
    ids=lambda values: f"{type(values).__name__} of {type(values[0]).__name__}",
)
def test_many_labels(values):
    array = Labels(COLOURS, problem="multi_label").encode(values)
    assert array.tolist() == MANY
    assert array.dtype == np.float32


def test_many_labels_of_series_and_frames():
    pd = pytest.importorskip("pandas")
    labels = Labels(COLOURS, problem="multi_label")
    assert encoded(labels, pd.Series([["red", "blue"], [], ["green"]], index=[4, 2, 0])) == MANY
    assert encoded(labels, pd.DataFrame(MANY, columns=COLOURS)) == MANY


def test_rows_of_zero_and_one_are_told_by_all_rows():
    labels = Labels(num_classes=2, problem="multi_label")
    assert encoded(labels, [[0, 1], [1, 0]]) == [[0, 1], [1, 0]]
    # Here one row cannot be of that form, so [0, 1] are the classes 0 and 1.
    assert encoded(labels, [[0, 1], [1], []]) == [[1, 1], [0, 1], [0, 0]]
    assert encoded(labels, [{0, 1}, {1}]) == [[1, 1], [0, 1]]
    assert encoded(Labels(COLOURS, problem="multi_label"), [[1, 0, 2]]) == [[1, 1, 1]]
    assert encoded(Labels(["toxic"], problem="multi_label"), [[1], [0]]) == [[1], [0]]


def test_degrees_are_kept():
    labels = Labels(num_classes=2, problem="multi_label")
    np.testing.assert_allclose(
        labels.encode(np.array([[0.25, 1], [0, 0.5]])), [[0.25, 1], [0, 0.5]]
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([["red"], "blue"], "Row 1 is 'blue': write \\['blue'\\]"),
        ([["red"], 1], "Row 1 is 1: write \\[1\\]"),
        (np.array([0, 1]), "Row 0 is 0: write \\[0\\]"),
        ([["red"], None], "Row 1 is None"),
        ([["red"], float("nan")], "Row 1 is nan"),
        ([["red"], ["blu"]], "Row 1 has the label 'blu', .*Did you mean 'blue'"),
        ([[0], [3]], "Row 1 has the label 3, which is not one of"),
        ([[0.5, 7.5, 1]], "Row 0 has the label 0.5"),
        (np.array([[1, 0, 0, 1]]), "Row 0 has labels twice: .* must have num_classes=3"),
        ([[1, 0, 0], [0, 1, 1, 0]], "Row 0 has labels twice: .* must have num_classes=3"),
    ],
    ids=str,
)
def test_wrong_lists_of_labels(values, message):
    with pytest.raises(ValueError, match=message):
        Labels(COLOURS, problem="multi_label").encode(values)


# ------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    "values",
    [[0.5, 2, -1], np.array([0.5, 2, -1], "float64"), [[0.5], [2], [-1]], ["0.5", "2", "-1"]],
    ids=str,
)
def test_regression(values):
    array = Labels(problem="regression").encode(values)
    assert array.tolist() == [[0.5], [2], [-1]]
    assert array.dtype == np.float32


def test_regression_of_several_numbers():
    labels = Labels(["valence", "arousal"], problem="regression")
    assert labels.num_classes == 2
    assert encoded(labels, [[1, 2], [3, 4]]) == [[1, 2], [3, 4]]
    assert Labels(num_classes=2, problem="regression").encode(np.zeros((0, 2))).shape == (0, 2)
    with pytest.raises(ValueError, match="2 numbers a text expected, 1 given"):
        labels.encode([1, 2])
    assert Labels(problem="regression").encode([]).shape == (0, 1)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_regression_without_a_number(value):
    with pytest.raises(ValueError, match=r"Row 1 has the label \[(nan|inf)\]: not a number"):
        Labels(problem="regression").encode([1.0, value])
    with pytest.raises(ValueError, match="takes numbers as labels: .*good"):
        Labels(problem="regression").encode(["good"])


# ------------------------------------------------------------------------------- learning names


def test_names_are_learnt_from_strings():
    for values in (
        ["b", "a", "b"],
        np.array(["b", "a"]),
        [b"b", b"a"],
        np.array([["b"], ["a"]]),
        {"b": 1, "a": 2}.keys(),
    ):
        labels = Labels(num_classes=2)
        labels.learn(values)
        assert labels.names == ["a", "b"]
        assert all(type(name) is str for name in labels.names)


def test_names_are_learnt_from_lists_of_strings():
    for values in ([["b"], ["a", "b"], []], [{"b", "a"}], [np.array(["b", "a"])]):
        labels = Labels(num_classes=2, problem="multi_label")
        labels.learn(values)
        assert labels.names == ["a", "b"]


def test_nothing_is_learnt_from_numbers_or_if_there_are_names():
    labels = Labels(num_classes=2)
    for values in ([1, 0], np.array([1, 0]), np.eye(2), [True, False], []):
        labels.learn(values)
        assert labels.names is None
    named = Labels(COLOURS)
    named.learn(["a", "b", "c"])
    assert named.names == COLOURS
    numbers = Labels(problem="regression")
    numbers.learn(["a"])
    assert numbers.names is None


def test_columns_of_a_frame_are_not_learnt():
    """They may be in another order than sorted names, and nothing would show that."""
    pd = pytest.importorskip("pandas")
    labels = Labels(num_classes=2)
    labels.learn(pd.DataFrame([[1, 0], [0, 1]], columns=["pos", "neg"]))
    assert labels.names is None


def test_too_many_or_too_few_names():
    for values in (["a"], ["a", "b", "c"]):
        with pytest.raises(
            ValueError, match=rf"num_classes=2, but .* {len(values)} names: a.*labels="
        ):
            Labels(num_classes=2).learn(values)


# ------------------------------------------------------------------------------- construction


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "How many classes are there"),
        ({"num_classes": 0}, "How many classes are there"),
        ({"num_classes": -3, "problem": "multi_label"}, "num_classes=-3"),
        ({"names": []}, "How many classes are there"),
        ({"num_classes": 1}, "One class leaves nothing to choose"),
        ({"names": ["a", "b"], "num_classes": 3}, "2 labels were given, and num_classes=3"),
        ({"names": ["a", "b", "a"]}, "Each label may be named once"),
        ({"names": "ab"}, r"must be a list, in the order of the logits. Given: 'ab' \(str\)"),
        ({"names": {"a", "b"}}, r"must be a list, in the order of the logits.*\(set\)"),
        ({"names": {0: "a", 1: "b"}}, r"must be a list, in the order of the logits.*\(dict\)"),
        ({"num_classes": 2, "problem": "multilabel"}, "Did you mean 'multi_label'"),
    ],
)
def test_impossible_labels(arguments, message):
    with pytest.raises(ValueError, match=message):
        Labels(**arguments)


def test_names_are_plain():
    assert [type(name) for name in Labels(np.array(["a", "b"])).names] == [str, str]
    assert [type(name) for name in Labels(np.array([1, 2])).names] == [int, int]
    assert Labels(("a", "b")).num_classes == 2


def test_name_of():
    assert [Labels(COLOURS).name_of(i) for i in range(3)] == COLOURS
    assert Labels(num_classes=3).name_of(2) == 2
