"""Texts with images in, the inputs of an encoder that reads both out."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing.regions import axes
from tests.tiny import tiny_images, tiny_tokenizer

pytestmark = pytest.mark.any_backend

TEXTS = ["a great film", "awful food"]
IMAGES = np.stack(tiny_images(2))
NAMES = ("visual_features", "visual_segment_ids", "visual_mask")


def preprocessor(**options):
    return kbz.VisualPreprocessor(tiny_tokenizer(), 16, visual_dim=6, **options)


def assert_equal(made, expected):
    assert made.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(made[name], expected[name])


def frame():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"text": TEXTS, "visual_features": list(IMAGES), "id": ["x", "y"]})


@pytest.mark.parametrize(
    "make",
    [
        lambda: (TEXTS, IMAGES),
        lambda: (TEXTS, list(IMAGES)),
        lambda: (TEXTS, IMAGES.tolist()),
        lambda: (np.array(TEXTS), IMAGES),
        lambda: {"text": TEXTS, "visual_features": IMAGES},
        lambda: {"visual_features": list(IMAGES), "text": TEXTS},
        lambda: list(zip(TEXTS, IMAGES)),
        frame,
    ],
)
def test_all_forms_are_the_same(make):
    made = preprocessor()(make())
    assert made["visual_features"].shape == (2, 8, 6)
    np.testing.assert_array_equal(made["visual_features"][:, :3], IMAGES)
    assert made["visual_segment_ids"].tolist() == [[1] * 3 + [0] * 5] * 2
    assert made["visual_mask"].tolist() == [[1] * 3 + [0] * 5] * 2
    texts = kbz.Preprocessor(tiny_tokenizer(), 16)(TEXTS)
    assert_equal({name: made[name] for name in texts}, texts)


@pytest.mark.parametrize(
    "alone",
    [
        ("a film", IMAGES[0]),
        {"text": "a film", "visual_features": IMAGES[0]},
        [("a film", IMAGES[0])],
    ],
)
def test_one_text_with_its_image(alone):
    assert_equal(preprocessor()(alone), preprocessor()((["a film"], IMAGES[:1])))


@pytest.mark.parametrize(
    "pairs",
    [
        ((["a", "b"], ["c", "d"]), IMAGES),
        {"first": ["a", "b"], "second": ["c", "d"], "visual_features": IMAGES},
        [("a", "c", IMAGES[0]), ("b", "d", IMAGES[1])],
        ([("a", "c"), ("b", "d")], IMAGES),
    ],
)
def test_pairs_of_texts(pairs):
    made = preprocessor()(pairs)
    texts = kbz.Preprocessor(tiny_tokenizer(), 16)([("a", "c"), ("b", "d")])
    assert_equal({name: made[name] for name in texts}, texts)
    np.testing.assert_array_equal(made["visual_features"][:, :3], IMAGES)


@pytest.mark.parametrize(
    "x",
    [TEXTS, (TEXTS, [None, None]), [(text, None) for text in TEXTS], {"text": TEXTS}],
)
def test_texts_alone_have_no_regions(x):
    made = preprocessor()(x)
    assert [made[name].shape for name in NAMES] == [(2, 0, 6), (2, 0), (2, 0)]
    texts = kbz.Preprocessor(tiny_tokenizer(), 16)(TEXTS)
    assert_equal({name: made[name] for name in texts}, texts)


def test_differing_numbers_of_regions():
    many = np.ones((37, 6), "float16")
    made = preprocessor()(([*TEXTS, "a", "b"], [many, None, many[:2], many[:0]]))
    assert made["visual_mask"].shape == (4, 40)
    assert made["visual_mask"].sum(axis=1).tolist() == [37, 0, 2, 0]
    assert made["visual_features"].dtype == "float32"
    np.testing.assert_array_equal(made["visual_features"].sum(axis=2), made["visual_mask"] * 6)


def test_two_images_are_told_apart_by_their_segments():
    made = preprocessor()((TEXTS, [(IMAGES[0], IMAGES[1][:2]), IMAGES[1]]))
    assert made["visual_segment_ids"][:, :6].tolist() == [[0, 0, 0, 1, 1, 0], [1, 1, 1, 0, 0, 0]]
    assert made["visual_mask"].sum(axis=1).tolist() == [5, 3]
    np.testing.assert_array_equal(made["visual_features"][0, 3:5], IMAGES[1][:2])


@pytest.mark.parametrize(
    ("x", "words"),
    [
        ((TEXTS, IMAGES[..., :5]), r"\(regions, 6\).* row 0 has shape \(3, 5\) and dtype float32"),
        ((TEXTS, [None, [["a"] * 6]]), r"row 1 has shape \(1, 6\) and dtype <U1"),
        ((TEXTS, [IMAGES[0]] * 3), "2 texts and 3 images were given"),
        ((TEXTS, [[IMAGES[0]] * 3, None]), "one image or two. Row 0 has 3"),
    ],
)
def test_what_is_no_image_is_refused(x, words):
    with pytest.raises(ValueError, match=words):
        preprocessor()(x)


def test_saved_and_rebuilt():
    made = preprocessor(truncation="error", fixed_batch_shape=True)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))
    assert type(again) is type(made)
    assert again.get_config() == made.get_config()
    assert again.get_config()["visual_dim"] == 6


def test_axes():
    objects = np.empty(2, object)
    objects[:] = [IMAGES[0], None]
    cases = ["a", 1.0, None, [], ["a"], IMAGES, list(IMAGES), [None, IMAGES[0]], objects]
    assert [axes(case) for case in cases] == [0, 0, 0, 1, 1, 3, 3, 3, 3]
