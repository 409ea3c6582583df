"""What there is to learn from text without labels: what all objectives share."""

import keras
from keras import ops

from ..distribution.replicas import as_part, mean_of_parts


class Objective:
    """One thing to learn: how text is spoilt for it, and what the model is then to say.

    `corrupt` is numpy and runs beside the training, `connect` and `loss` are `keras.ops` and run
    in it. An objective can be tested by calling each alone, after `bind`.

    Args:
        weight: by what its loss is multiplied before the losses are added up.
    """

    name = None  # in logs
    inputs = ()  # names of the arrays, beside the encoder's inputs, that the model is given
    packs = False  # whether a row may hold several examples, each of which sees itself alone
    moves_text = False  # whether texts change places: that comes before tokens are hidden
    follows = None  # name of the objective that has to be there too, and is `leader` then
    leader = None
    reads = ()  # what it needs of the encoder beside its output: see `Encoded`
    head = None  # name of the layer that is its head, where the family has one for it
    styles = ()  # names in `Family.heads` of that head: it is the first that the family has
    teacher = None  # `Teacher`, if it learns from another model

    def __init__(self, weight=1.0):
        if not weight > 0:
            raise ValueError(f"{type(self).__name__}: weight must be more than 0. Given: {weight}.")
        self.weight, self.tokenizer = float(weight), None

    def bind(self, tokenizer):
        """Tells the objective about the tokens. Returns the objective.

        Raises:
            ValueError: a token is missing that it needs.
        """
        self.tokenizer = tokenizer
        return self

    def corrupt(self, batch, rng):
        """What the model is given, and what it is to say.

        Args:
            batch: dictionary of arrays, as `rows_of` makes them; what is in it is not changed.
            rng: `np.random.Generator`.

        Returns:
            `(batch, targets)`: a dictionary with other arrays and more of them, and a dictionary of
            arrays for `loss`.
        """
        raise NotImplementedError

    def attention_parts(self, encoder):
        """What it needs of the encoder's attention: as in `Encoder.trace`."""
        return {}

    def new_inputs(self):
        """Name -> symbolic input, for each of `inputs`."""
        return {name: keras.Input((None,), dtype="int32", name=name) for name in self.inputs}

    def prepare(self, encoder, inputs):
        """What the encoder is to read, symbolic: all inputs, or others in the place of some."""
        return inputs

    def connect(self, encoder, encoded, inputs):
        """The outputs, symbolic: a tensor or a dictionary of tensors.

        Args:
            encoder: `keras_bert_zoo.Encoder`.
            encoded: `Encoded`, what it makes of the inputs.
            inputs: all inputs of the model, symbolic.
        """
        raise NotImplementedError

    def style_of(self, family):
        """The name of its head in `Family.heads`, or None."""
        return next((name for name in self.styles if name in family.heads), None)

    def loss(self, outputs, targets):
        """A scalar: the mean over what there is to say in the batch."""
        raise NotImplementedError

    def accuracy(self, outputs, targets):
        """`(right, weight)`, two tensors of one shape, for the share of right answers.

        Only of objectives that have right answers: of others no accuracy is logged.
        """
        raise NotImplementedError

    def head_flops(self, config, batch_size, length):
        """Operations of the matrix products of its head, forward, for a batch."""
        return 0

    def get_config(self):
        return {"weight": self.weight}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def mean_over(values, weight):
    """The mean of values where there is weight; 0 where there is none."""
    weight = ops.cast(weight, "float32")
    values = ops.where(weight > 0, ops.cast(values, "float32"), 0.0)
    return mean_of_parts(ops.sum(values * weight), ops.sum(weight))


def mean(values):
    """The mean of values that all count."""
    return as_part(ops.mean(ops.cast(values, "float32")))


def cross_entropy(logits, labels):
    """`-log softmax(logits)[label]` in float32: `(..., classes)`, `(...)` to `(...)`."""
    logits = ops.cast(logits, "float32")
    labels = ops.expand_dims(ops.cast(labels, "int32"), -1)
    found = ops.squeeze(ops.take_along_axis(logits, labels, axis=-1), -1)
    return ops.logsumexp(logits, axis=-1) - found
