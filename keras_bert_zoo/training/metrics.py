"""Metrics over batches that are filled up with rows of padding."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_bert_zoo")
class RealRows(keras.metrics.Metric):
    """Another metric, on the rows whose weight is above 0, each counted once.

    Keras hands weights to `weighted_metrics` only, so a metric that shall ignore filled rows, but
    not be weighted otherwise, goes there inside this.

    Args:
        metric: a metric, a function of `(y_true, y_pred)`, or the name of one of them.
        name: the metric's own if not given.

    Raises:
        ValueError: `"accuracy"`, which has another meaning for each kind of label.

    Example:

    >>> metric = RealRows(keras.metrics.SparseCategoricalAccuracy())
    """

    def __init__(self, metric, name=None, **kwargs):
        metric = metric_called(metric)
        super().__init__(name=name or metric.name, **kwargs)
        self.metric = metric

    def update_state(self, y_true, y_pred, sample_weight=None):
        if sample_weight is not None:
            sample_weight = ops.cast(ops.greater(sample_weight, 0), "float32")
        self.metric.update_state(y_true, y_pred, sample_weight=sample_weight)

    def result(self):
        return self.metric.result()

    def reset_state(self):
        self.metric.reset_state()

    def get_config(self):
        return {
            **super().get_config(),
            "metric": keras.saving.serialize_keras_object(self.metric),
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        metric = keras.saving.deserialize_keras_object(config.pop("metric"))
        return cls(metric, **config)


def metric_called(metric):
    """A Keras metric for a metric, a function or a name."""
    if isinstance(metric, str) and metric.lower() in ("accuracy", "acc"):
        raise ValueError(
            f"Which accuracy is {metric!r}? The labels' kind is not known here: give the metric "
            'itself, such as keras.metrics.SparseCategoricalAccuracy(name="accuracy").'
        )
    metric = keras.metrics.get(metric)
    if isinstance(metric, keras.metrics.Metric):
        return metric
    return keras.metrics.MeanMetricWrapper(metric, name=metric.__name__)
