"""An encoder with a classifier after each block."""

import types

import keras
from keras import ops


class Exits(keras.Layer):
    """The logits of all exits: the encoder's inputs to `(batch, num_layers, num_classes)`.

    Exit k is what a `TextClassifier` is whose encoder ends after block k, final norm and all. All
    of them share the encoder, and each has a head of its own.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        heads: models `(sequence, padding_mask) -> logits`, one for each block; see `build_heads`.
    """

    def __init__(self, encoder, heads, name="exits"):
        super().__init__(name=name)
        self.encoder, self.heads = encoder, heads
        self.frozen = False

    def freeze(self):
        """From now on the exits before the last one learn, and nothing else.

        What does not learn has no dropout either: the last exit, in training too, says what it says
        in inference.
        """
        self.frozen = True
        self.encoder.trainable = self.heads[-1].trainable = False

    def call(self, inputs, training=None):
        learns = bool(training) and not self.frozen
        traced = self.encoder.trace(inputs, training=learns, attention_maps=False)
        mask = inputs["padding_mask"]
        logits = [
            head([self.encoder.finish(x, inputs, training=learns), mask], training=bool(training))
            for x, head in zip(traced["hidden_states"][1:-1], self.heads)
        ]
        last = self.heads[-1]([traced["sequence_output"], mask], training=learns)
        return ops.stack([*logits, last], axis=1)

    def step(self, x, inputs, index):
        """`(x, logits)`: what block `index` makes of `x`, and its exit of that, in inference.

        Args:
            x: `(batch, length, hidden_dim)`, from `encoder.begin` or the step before.
            inputs: the encoder's `block_inputs` of these rows.
            index: number of the block, from 0.
        """
        x = self.encoder.advance(x, inputs, index)
        sequence = self.encoder.finish(x, inputs)
        return x, self.heads[index]([sequence, inputs["padding_mask"]], training=False)

    def step_variables(self, index):
        """All variables that this step reads, in an order that is the same for like steps."""
        parts = [*self.encoder.parts_of(index), self.heads[index]]
        return [variable for part in parts for variable in part.variables]

    def compute_output_spec(self, inputs, training=None):
        batch, classes = inputs["padding_mask"].shape[0], self.heads[-1].output.shape[-1]
        return keras.KerasTensor((batch, len(self.heads), classes), dtype="float32")


def build_heads(encoder, style, num_classes, dropout):
    """A head for each block, all in the family's own style; the last is the family's own.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        style: `HeadStyle` of a `TextClassifier`.
        num_classes: number of logits.
        dropout: rate before the logits; the family's if not given.
    """
    sequence = keras.Input(encoder.output.shape[1:], dtype=encoder.output.dtype)
    mask = keras.Input((None,), dtype="int32")

    def head(owner, name):
        logits = style.build(owner, sequence, mask, num_classes, dropout, name=name)
        return keras.Model([sequence, mask], logits, name=f"{name}_model")

    names = [f"exit_{index}" for index in range(len(encoder.blocks) - 1)]
    early = [head(with_new_pooler(encoder, style, f"{name}_pooler"), name) for name in names]
    return [*early, head(encoder, "head")]


def with_new_pooler(encoder, style, name):
    """What a head reads of an encoder, with a new pooler in place of the one that it has."""
    pooler = encoder.pooler
    if pooler is not None and style.uses_pooler:
        pooler = type(pooler).from_config({**pooler.get_config(), "name": name})
    return types.SimpleNamespace(config=encoder.config, pooler=pooler)
