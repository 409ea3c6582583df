"""What a task puts on top of an encoder."""

import keras

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
