"""Which layer learns from which."""

import pytest

from keras_bert_zoo.pretraining.distillation.layer_pairs import layer_pairs

pytestmark = pytest.mark.any_backend


@pytest.mark.parametrize(
    ("layers", "depths", "expected"),
    [
        ("uniform", (4, 12), [(1, 3), (2, 6), (3, 9), (4, 12)]),  # TinyBERT's g(m) = 3m
        ("uniform", (3, 4), [(1, 2), (2, 3), (3, 4)]),
        ("uniform", (2, 2), [(1, 1), (2, 2)]),
        ("last", (6, 24), [(6, 24)]),
        ([(6, 21)], (6, 24), [(6, 21)]),
    ],
)
def test_pairs(layers, depths, expected):
    assert layer_pairs(layers, *depths) == expected


@pytest.mark.parametrize("layers", [[(0, 1)], [(1, 13)], [], [3], [(1,)]])
def test_layers_that_are_not_there(layers):
    with pytest.raises(ValueError, match="from 1 to 4 and from 1 to 12"):
        layer_pairs(layers, 4, 12)


def test_embeddings_are_layer_0():
    assert layer_pairs([(0, 0)], 4, 12, first=0) == [(0, 0)]


def test_an_unknown_name():
    with pytest.raises(ValueError, match="Did you mean 'uniform'"):
        layer_pairs("unifrom", 4, 12)
