"""What a batch is read a second time for: adversarial training, and R-Drop."""

import keras
from keras import ops


class SecondLook:
    """Adds to a task's loss what its recipe says of a second pass; a mixin of `keras.Model`.

    The first pass is Keras' own. `adversarial` (https://arxiv.org/abs/1605.07725, equations 3 and
    4): the loss where the embeddings of each row are moved by so much against their gradient.
    `r_drop` (https://arxiv.org/abs/2106.14448, equation 4): the loss of a second pass, with other
    dropout, and so much of half the divergence of the two in both directions.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = self.loss_of(x, y, y_pred, sample_weight)
        if not training:
            return loss
        if self.recipe.r_drop:
            loss = loss + self._r_drop(x, y, y_pred, sample_weight)
        if self.recipe.adversarial:
            loss = loss + self._adversarial(x, y, sample_weight)
        return loss

    def loss_of(self, x, y, y_pred, sample_weight):
        """The loss of one pass."""
        return super().compute_loss(x, y, y_pred, sample_weight)

    def _r_drop(self, x, y, first, sample_weight):
        second = self(x, training=True)
        loss = self.loss_of(x, y, second, sample_weight)
        return loss + self.recipe.r_drop * self.divergence(first, second, x, sample_weight)

    def divergence(self, first, second, x, sample_weight):
        """How far two answers are from each other: half of the divergences in both directions."""
        from ..pretraining.distillation.answers import KINDS, kind_of, mean_answer

        compare = KINDS[kind_of(self)]
        each = compare(first, second, 1.0) + compare(second, first, 1.0)
        return mean_answer(each, sample_weight, x["padding_mask"]) / 2

    def _adversarial(self, x, y, sample_weight):
        embeddings = self.encoder.embeddings
        if getattr(embeddings, "base", embeddings) is not None:
            raise ValueError(
                f"Recipe: adversarial={self.recipe.adversarial} is not for the embeddings of a "
                f"{self.encoder.config.family} encoder."
            )

        def loss_at(shift):
            embeddings.base = lambda token_ids: shift
            try:
                return self.loss_of(x, y, self(x, training=True), sample_weight)
            finally:
                embeddings.base = None

        ids = x["token_ids"]
        zeros = ops.zeros((*_rows(ids), embeddings.hidden_dim), "float32")
        gradient = ops.stop_gradient(gradient_of(loss_at, zeros, self))
        norm = ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2), keepdims=True))
        return loss_at(self.recipe.adversarial * gradient / ops.maximum(norm, 1e-12))


def gradient_of(function, value, model):
    """The gradient of a scalar function of one tensor, within a training step of any backend.

    Args:
        function: tensor -> scalar; may call the model.
        value: tensor.
        model: whose state the function may change; here it is left as it was.
    """
    backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(value)
            result = function(value)
        return tape.gradient(result, value)
    if backend == "torch":
        import torch

        value = value.detach().requires_grad_(True)
        with torch.enable_grad():
            return torch.autograd.grad(function(value), value)[0]
    import jax

    def alone(value):
        # What the pass changes, such as the state of dropout, must not leave this function.
        state = [(one, one.value) for one in model.variables + model.metrics_variables]
        with keras.StatelessScope(state_mapping=state):
            return function(value)

    return jax.grad(alone)(value)


def _rows(ids):
    """Shape of token ids as rows `(rows, length)`, whatever stands before their length."""
    shape = ops.shape(ids)
    rows = shape[0]
    for size in shape[1:-1]:
        rows = rows * size
    return rows, shape[-1]
