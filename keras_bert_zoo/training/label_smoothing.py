"""Labels that are a little unsure."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_bert_zoo")
class SmoothedCrossentropy(keras.losses.Loss):
    """Crossentropy of logits with numbers of classes, of which a share goes to all classes alike.

    `(1 - s) CE(y) + s mean over k of CE(k)` (https://arxiv.org/abs/1512.00567, section 7); what
    `keras.losses.CategoricalCrossentropy(label_smoothing=s)` is with one-hot labels.

    Args:
        label_smoothing: the share `s`.
        **kwargs: of `keras.losses.Loss`.

    Example:

    >>> task.compile(loss=SmoothedCrossentropy(0.1))
    """

    def __init__(self, label_smoothing=0.1, name="smoothed_crossentropy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        log_share = ops.log_softmax(y_pred)
        plain = keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        share = self.label_smoothing
        return (1.0 - share) * plain - share * ops.mean(log_share, axis=-1)

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


def smoothed(loss, share):
    """A loss with labels smoothed.

    Args:
        loss: of one output, or a dictionary of such.
        share: what is spread over all classes; 0 leaves the loss as it is.

    Raises:
        ValueError: a loss that is not about classes.
    """
    if not share:
        return loss
    if isinstance(loss, dict):
        return {key: smoothed(one, share) for key, one in loss.items()}
    if isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
        return SmoothedCrossentropy(share, reduction=loss.reduction)
    if isinstance(loss, keras.losses.BinaryCrossentropy):
        config = {**loss.get_config(), "label_smoothing": share}
        return keras.losses.BinaryCrossentropy.from_config(config)
    raise ValueError(
        f"Recipe: label_smoothing={share} is for losses of classes; this task learns by "
        f"{type(loss).__name__}."
    )
