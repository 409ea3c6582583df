"""Optimizers."""

import keras
from keras import ops

from .per_variable import NO_DECAY, PerVariable

# On torch Keras hands out a class with fused updates, but only for its own name, not for what is
# derived from it: derived from the plain class, each variable would be updated by itself.
ON_TORCH = keras.config.backend() == "torch"
FusedAdamW = type(keras.optimizers.AdamW()) if ON_TORCH else keras.optimizers.AdamW


@keras.saving.register_keras_serializable("keras_bert_zoo")
class AdamW(PerVariable, FusedAdamW):
    """Adam with decoupled weight decay (https://arxiv.org/abs/1711.05101) that spares some weights.

    Keras' own forgets its exclusions when it is saved; these are part of the config. And it updates
    embeddings otherwise on TensorFlow than on JAX and torch; this one does the same on all. Adam's
    bias correction is always on (https://arxiv.org/abs/2006.05987, section 4: BERT's own optimizer
    left it out, and fine-tuning failed more often).

    Args:
        learning_rate: number or schedule.
        no_decay: parts of the names of variables that do not decay (regular expressions, one or
            several): biases and the scales and shifts of norms, as in BERT.
        factors: dictionary of such an expression to what multiplies the learning rate, and with it
            the decay; see `layer_factors`.
        gates: such expressions, for groups of weights that are frozen and thawed amid the training;
            see `GradualUnfreezing`.
        **kwargs: of `keras.optimizers.AdamW`.

    Raises:
        ValueError: a factor that is less than 0.

    Example:

    >>> task.compile(optimizer=AdamW(3e-5, weight_decay=0.01, global_clipnorm=1.0))
    """

    def __init__(
        self,
        learning_rate=5e-5,
        *,
        no_decay=NO_DECAY,
        factors=None,
        gates=(),
        epsilon=1e-8,
        **kwargs,
    ):
        super().__init__(learning_rate, epsilon=epsilon, **kwargs)
        self.spare(learning_rate, no_decay, factors, gates)

    def _clip_gradients(self, grads):
        """The same numbers as Keras' own; on torch it would take each gradient by itself."""
        if not (ON_TORCH and self.global_clipnorm):
            return super()._clip_gradients(grads)
        from .torch_kernels import clip_by_global_norm

        return clip_by_global_norm(grads, self.global_clipnorm)


class ScaledUpdates(keras.optimizers.Lamb):
    """The update of LAMB's paper."""

    def _apply_weight_decay(self, variables):
        """It is part of the update."""

    def update_step(self, gradient, variable, learning_rate):
        dtype, index = variable.dtype, self._get_variable_index(variable)
        gradient, rate = ops.cast(gradient, dtype), ops.cast(learning_rate, dtype)
        step = ops.cast(self.iterations + 1, dtype)
        m, v = self._momentums[index], self._velocities[index]
        self.assign_add(m, (gradient - m) * (1 - self.beta_1))
        self.assign_add(v, (ops.square(gradient) - v) * (1 - self.beta_2))
        m_hat = m / (1 - ops.power(ops.cast(self.beta_1, dtype), step))
        v_hat = v / (1 - ops.power(ops.cast(self.beta_2, dtype), step))
        update = m_hat / (ops.sqrt(v_hat) + self.epsilon)
        if self._decaying[index]:
            update = update + self.weight_decay * variable
            lengths = [ops.sqrt(ops.sum(ops.square(one))) for one in (variable, update)]
            known = ops.logical_and(lengths[0] > 0, lengths[1] > 0)
            rate = rate * ops.where(known, lengths[0] / ops.where(known, lengths[1], 1.0), 1.0)
        self.assign_sub(variable, rate * update)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Lamb(PerVariable, ScaledUpdates):
    """LAMB, for batches of thousands of rows (https://arxiv.org/abs/1904.00962, algorithm 2).

    A variable's update is Adam's, with the decay in it, scaled to the variable's own length. Keras'
    own decays apart from that, with a step that is not scaled. Variables that do not decay are not
    scaled either, as in the authors' code.

    Args:
        learning_rate: number or schedule.
        weight_decay: lambda of the paper.
        no_decay, factors, gates: as in `AdamW`.
        **kwargs: of `keras.optimizers.Lamb`.

    Example:

    >>> pretrainer.compile(Lamb(WarmupLinear(1.8e-3, 100_000, 3_125)))
    """

    def __init__(
        self,
        learning_rate=1e-3,
        *,
        weight_decay=0.01,
        no_decay=NO_DECAY,
        factors=None,
        gates=(),
        epsilon=1e-6,
        **kwargs,
    ):
        super().__init__(learning_rate, weight_decay=weight_decay, epsilon=epsilon, **kwargs)
        self.spare(learning_rate, no_decay, factors, gates)

    def build(self, variables):
        if not self.built:
            self._decaying = [self._use_weight_decay(one) for one in variables]
        super().build(variables)


OPTIMIZERS = {"adamw": AdamW, "lamb": Lamb}
