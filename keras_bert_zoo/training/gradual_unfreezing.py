"""One layer more in every epoch."""

import keras
import numpy as np

from .inner_optimizer import inner


class GradualUnfreezing(keras.callbacks.Callback):
    """Trains the head first, then also the top layer, then the one below it, and so on.

    https://arxiv.org/abs/1801.06146, section 3.3. `fit` has it when the recipe says
    `unfreeze_every`; the optimizer has a gate for each layer, so that nothing is built anew.

    Args:
        every: epochs from one layer to the next.

    Example:

    >>> task.recipe = Recipe(unfreeze_every=1, epochs=5)
    >>> task.fit(texts, labels)
    """

    def __init__(self, every=1):
        super().__init__()
        self.every = every

    def on_train_begin(self, logs=None):
        if not getattr(self._optimizer(), "gates", ()):
            raise ValueError(
                "GradualUnfreezing needs an optimizer with a gate for each layer: say it in the "
                "recipe, Recipe(unfreeze_every=1), and leave compile to fit."
            )

    def on_epoch_begin(self, epoch, logs=None):
        optimizer = self._optimizer()
        is_open = np.arange(len(optimizer.gates)) < epoch // self.every
        optimizer.set_gates(is_open.astype("float32"))

    def _optimizer(self):
        optimizer = self.model.optimizer
        return inner(optimizer)
