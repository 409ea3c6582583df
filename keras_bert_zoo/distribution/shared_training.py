"""A Keras model that several devices, or processes, train together."""

import keras

from .batches import build_parts, scaled
from .layouts import check_layout
from .on_jax import gathered
from .optimizers import check_optimizer
from .replicas import as_logged, processes, replicas_of, share_weights, summed_metrics


class SharedTraining:
    """Goes before `keras.Model` among the bases of a model that replicas train together.

    `compile` of it calls `share`, and `fit` calls `begin_sharing`.
    """

    losses_by_mean = False  # whether weights are to be scaled for replicas: see `for_parts`
    _parts_are_built = False

    def share(self, optimizer):
        """Makes weights equal everywhere; into how many parts each batch is cut.

        Args:
            optimizer: that it is to be compiled with.

        Raises:
            ValueError: the optimizer would make something else of several parts than of one, or
                weights are not where the distribution wants them.
        """
        check_layout(self)
        replicas = replicas_of(self)
        check_optimizer(optimizer, replicas)
        share_weights(self.variables)
        return replicas

    def begin_sharing(self, batches):
        """Before the training: checks where the weights are, and builds what losses need.

        Args:
            batches: what is learnt from.

        Raises:
            ValueError: weights that are not where the distribution wants them.
        """
        check_layout(self)
        self._parts_are_built = build_parts(self, batches)

    def loss_of_whole(self, true, outputs, weights=None):
        """The loss of what is not cut into parts, computed in every process.

        Args:
            true, outputs, weights: tensors; the weights may be None.
        """
        if weights is not None and replicas_of(self) > 1:
            weights = scaled(keras.ops.convert_to_numpy(weights), self.losses_by_mean)
        return as_logged(self.compute_loss(y=true, y_pred=outputs, sample_weight=weights))

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        if not self._parts_are_built:  # else Keras would read a batch of the first pass for it
            super()._maybe_symbolic_build(iterator, data_batch)

    def make_predict_function(self, force=False):
        """As in Keras; where several JAX processes predict together, each has all answers."""
        function = super().make_predict_function(force)
        if keras.config.backend() == "jax" and processes()[1] > 1:
            self.predict_function = function = gathered(self.predict_function)
        return function

    def get_metrics_result(self):
        """As in Keras; of what all processes saw, where several train together."""
        with summed_metrics(self.metrics):
            return super().get_metrics_result()


def verbosity(verbose):
    """What one of several processes is to show: the first shows what was asked for."""
    return verbose if processes()[0] == 0 else 0
