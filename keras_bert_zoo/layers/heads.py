"""What a task puts on top of an encoder."""

import keras

from .activations import activation as activation_called
from .initializers import truncated_normal


@keras.saving.register_keras_serializable("keras_bert_zoo")
class ClassificationHead(keras.Layer):
    """Dropout and one dense layer: `(batch, hidden_dim)` to float32 logits `(batch, num_classes)`.

    Example:

    >>> ClassificationHead(3)(np.zeros((2, 128), "float32")).shape
    (2, 3)
    """

    def __init__(self, num_classes, *, dropout=0.1, initializer_range=0.02, **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.initializer_range = num_classes, initializer_range
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        # Losses are computed on these: they stay in float32 under every precision policy.
        self.logits = keras.layers.Dense(
            num_classes,
            kernel_initializer=truncated_normal(initializer_range),
            dtype="float32",
            name="logits",
        )

    def build(self, features_shape):
        self.logits.build(features_shape)

    def call(self, features, training=None):
        return self.logits(self.dropout(features, training=training))

    def compute_output_spec(self, features, training=None):
        return keras.KerasTensor((*features.shape[:-1], self.num_classes), dtype="float32")

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "dropout": self.dropout.rate,
            "initializer_range": self.initializer_range,
        }


@keras.saving.register_keras_serializable("keras_bert_zoo")
class DenseClassificationHead(ClassificationHead):
    """The first token's vector, a dense layer with an activation, and `ClassificationHead`.

    Takes `(batch, length, hidden_dim)`, or `(batch, hidden_dim)` where a vector is chosen already;
    gives float32 logits `(batch, num_classes)`.

    Args:
        num_classes: number of logits.
        activation: of the dense layer; a name in `ACTIVATIONS`.
        drop_first: whether there is dropout before the dense layer too.
        dropout, initializer_range: as for `ClassificationHead`.

    Example:

    >>> DenseClassificationHead(3, "tanh")(np.zeros((2, 10, 128), "float32")).shape
    (2, 3)
    """

    def __init__(self, num_classes, activation, *, drop_first=False, **kwargs):
        super().__init__(num_classes, **kwargs)
        self.activation, self.drop_first = activation, drop_first
        self.dense = None

    def build(self, sequence_shape):
        features = (sequence_shape[0], sequence_shape[-1])
        self.dense = keras.layers.Dense(
            sequence_shape[-1],
            activation_called(self.activation),
            kernel_initializer=truncated_normal(self.initializer_range),
            dtype=self.dtype_policy,
            name="dense",
        )
        self.dense.build(features)
        super().build(features)

    def call(self, sequence, training=None):
        first = sequence[:, 0] if len(sequence.shape) == 3 else sequence
        if self.drop_first:
            first = self.dropout(first, training=training)
        return super().call(self.dense(first), training=training)

    def compute_output_spec(self, sequence, training=None):
        return keras.KerasTensor((sequence.shape[0], self.num_classes), dtype="float32")

    def get_config(self):
        config = {"activation": self.activation, "drop_first": self.drop_first}
        return {**super().get_config(), **config}
