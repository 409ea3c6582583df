"""Optimizers."""

import keras

NO_DECAY = ("bias", "gamma", "beta")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class AdamW(keras.optimizers.AdamW):
    """Adam with decoupled weight decay (https://arxiv.org/abs/1711.05101) that spares some weights.

    Keras' own forgets its exclusions when it is saved; these are part of the config.

    Args:
        learning_rate: number or schedule.
        no_decay: parts of the names of variables that do not decay: biases and the scales and
            shifts of norms, as in BERT.
        **kwargs: of `keras.optimizers.AdamW`.

    Example:

    >>> task.compile(optimizer=AdamW(3e-5, weight_decay=0.01, global_clipnorm=1.0))
    """

    def __init__(self, learning_rate=5e-5, *, no_decay=NO_DECAY, epsilon=1e-8, **kwargs):
        super().__init__(learning_rate, epsilon=epsilon, **kwargs)
        self.no_decay = tuple(no_decay)
        self.total_steps = getattr(learning_rate, "total_steps", None)
        self.exclude_from_weight_decay(var_names=self.no_decay)

    def get_config(self):
        return {**super().get_config(), "no_decay": list(self.no_decay)}
