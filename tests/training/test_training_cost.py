"""What a training takes: by hand, and against what autograd keeps on torch."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.families import bert, distilbert, electra, roberta
from keras_bert_zoo.training import largest_batch, training_cost
from keras_bert_zoo.training.device_memory import free_memory
from keras_bert_zoo.training.training_cost import activations
from tests.tiny import tiny_classifier, tiny_encoder

SIZES = {
    "vocabulary_size": 50,
    "num_layers": 3,
    "hidden_dim": 64,
    "num_heads": 4,
    "intermediate_dim": 256,
    "max_sequence_length": 70,
}
FAMILIES = [
    (bert, bert.BertConfig),
    (roberta, roberta.RobertaConfig),
    (electra, electra.ElectraConfig),
    (distilbert, distilbert.DistilBertConfig),
]


def test_by_hand():
    task = tiny_classifier(encoder=tiny_encoder(attention_dropout=0.0))  # 2 x 16, 2 heads, inner 32
    found = training_cost(task, batch_size=4, length=8)
    assert found.parameters == found.trained == task.count_params()
    assert found.weights == found.gradients == 4 * found.parameters
    assert found.optimizer == 8 * found.parameters
    torch = keras.config.backend() == "torch"
    each = 9 * 16 + 2 * 32 + 2 if torch else 9 * 16 + 6 * 32 + 2 + 2 * 8
    assert found.activations == 4 * 8 * 4 * (2 * each + 3 * 16)
    more = 16 + 3 * 2 * 8 - (0 if torch else 2 * 8)
    with_dropout = training_cost(tiny_classifier(), batch_size=4, length=8)
    assert with_dropout.activations - found.activations == 4 * 8 * 4 * 2 * more
    assert "4 rows of 8 tokens" in str(found)


def test_what_does_not_learn_takes_less():
    whole, frozen = tiny_classifier(), tiny_classifier(recipe=kbz.Recipe(ema=0.9, accumulate=2))
    frozen.encoder.trainable = False
    found = training_cost(frozen)
    assert found.trained < training_cost(whole).trained
    assert found.optimizer == 4 * found.gradients  # two of Adam, the average, the sum
    assert found.length == 32


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize(("family", "config"), FAMILIES, ids=lambda one: one.__name__)
def test_activations_are_what_is_kept(family, config, dropout):
    """Of autograd on torch, and of a compiled gradient on JAX."""
    kept = {"torch": kept_by_autograd, "jax": kept_by_xla}.get(keras.config.backend())
    if kept is None:
        pytest.skip("TensorFlow does not say what it keeps")
    encoder = family.build(config(**{**SIZES, "dropout": dropout, "attention_dropout": dropout}))
    inputs = {name: np.ones((8, 64), "int32") for name in encoder.input}
    np.testing.assert_allclose(8 * activations(encoder, 64), kept(encoder, inputs), rtol=0.2)


def kept_by_autograd(encoder, inputs):
    import torch

    kept, weights = {}, {weight.value.data_ptr() for weight in encoder.weights}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        encoder(inputs, training=True)
    return sum(kept.values())


def kept_by_xla(encoder, inputs):
    import jax

    def loss(trainable, others):
        vectors, _ = encoder.stateless_call(trainable, others, inputs, training=True)
        return jax.numpy.sum(vectors**2)

    groups = encoder.trainable_variables, encoder.non_trainable_variables
    values = [[variable.value for variable in group] for group in groups]
    compiled = jax.jit(jax.grad(loss)).lower(*values).compile()
    return compiled.memory_analysis().temp_size_in_bytes


def test_the_largest_batch():
    task = tiny_classifier()
    fixed = training_cost(task, 1, 16)
    row, rest = fixed.activations, fixed.bytes - fixed.activations
    for rows, expected in ((1, 1), (5, 4), (6, 6), (100, 96), (130, 128)):
        assert largest_batch(task, 16, memory=(rest + row * (rows + 0.5)) / 0.9) == expected
    with pytest.raises(ValueError, match="Not one row fits into .*; .*shorter length"):
        largest_batch(task, 16, memory=rest)
    assert largest_batch(task) > 1000
    assert free_memory() > 10**8
