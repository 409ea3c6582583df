"""A model that is part of another one, and is not trained with it."""

import keras


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Frozen(keras.Layer):
    """A model in inference, wherever it stands, whose weights are not trained.

    Takes and gives what the model does.

    Args:
        model: a functional `keras.Model`.
    """

    def __init__(self, model, **kwargs):
        super().__init__(**kwargs)
        self.model = model
        self.trainable = False

    @property
    def metrics(self):
        """None: those that the model was compiled with are no part of another one's training."""
        return []

    def call(self, inputs):
        # Without an argument `training` of its own, and with this one, nothing turns dropout on.
        return self.model(inputs, training=False)

    def compute_output_spec(self, inputs):
        spec = lambda x: keras.KerasTensor(x.shape, x.dtype)  # noqa: E731
        return keras.tree.map_structure(spec, self.model.output)

    def get_config(self):
        return {
            **super().get_config(),
            "model": keras.saving.serialize_keras_object(self.model),
        }

    @classmethod
    def from_config(cls, config):
        model = keras.saving.deserialize_keras_object(config["model"])
        return cls(**{**config, "model": model})
