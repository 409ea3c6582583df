"""Optimizers."""

import keras

NO_DECAY = ("bias", "gamma", "beta")

# On torch Keras hands out a class with fused updates, but only for its own name, not for what is
# derived from it: derived from the plain class, each variable would be updated by itself.
ON_TORCH = keras.config.backend() == "torch"
FusedAdamW = type(keras.optimizers.AdamW()) if ON_TORCH else keras.optimizers.AdamW


@keras.saving.register_keras_serializable("keras_bert_zoo")
class AdamW(FusedAdamW):
    """Adam with decoupled weight decay (https://arxiv.org/abs/1711.05101) that spares some weights.

    Keras' own forgets its exclusions when it is saved; these are part of the config. And it updates
    embeddings otherwise on TensorFlow than on JAX and torch; this one does the same on all.

    Args:
        learning_rate: number or schedule.
        no_decay: parts of the names of variables that do not decay (regular expressions, one or
            several): biases and the scales and shifts of norms, as in BERT.
        **kwargs: of `keras.optimizers.AdamW`.

    Example:

    >>> task.compile(optimizer=AdamW(3e-5, weight_decay=0.01, global_clipnorm=1.0))
    """

    def __init__(self, learning_rate=5e-5, *, no_decay=NO_DECAY, epsilon=1e-8, **kwargs):
        super().__init__(learning_rate, epsilon=epsilon, **kwargs)
        self.no_decay = (no_decay,) if isinstance(no_decay, str) else tuple(no_decay)
        self.total_steps = getattr(learning_rate, "total_steps", None)
        self.exclude_from_weight_decay(var_names=self.no_decay)

    def _apply_weight_decay(self, variables):
        # The fused one on torch fails where there is nothing to decay: biases trained alone.
        if any(map(self._use_weight_decay, variables)):
            super()._apply_weight_decay(variables)

    def _clip_gradients(self, grads):
        """The same numbers as Keras' own; on torch it would take each gradient by itself."""
        if not (ON_TORCH and self.global_clipnorm):
            return super()._clip_gradients(grads)
        from .torch_kernels import clip_by_global_norm

        return clip_by_global_norm(grads, self.global_clipnorm)

    def update_step(self, gradient, variable, learning_rate):
        # TensorFlow hands an embedding's gradient over as one row for each place in the batch, and
        # Keras squares them one by one: a token met twice would not get the square of its sum.
        if hasattr(gradient, "dense_shape"):
            import tensorflow as tf

            gradient = tf.convert_to_tensor(gradient)
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "no_decay": list(self.no_decay)}
