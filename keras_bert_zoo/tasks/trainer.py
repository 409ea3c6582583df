"""A Keras model whose `fit`, `evaluate` and `predict` take raw input."""

import contextlib
import types

import keras
import numpy as np

from ..distribution.batches import for_replicas, shareable, shared_arrays
from ..distribution.replicas import needs_one_shape, processes, replicas_of, shared
from ..distribution.shared_training import SharedTraining, verbosity
from ..preprocessing import LengthBatches
from ..preprocessing.inputs import is_encoded, is_table, split_labels
from ..training.denormals import flushed_denormals
from ..training.gradual_unfreezing import GradualUnfreezing
from ..training.inner_optimizer import inner, updates_of
from ..training.kept_weights import kept_weights
from ..training.resumable_fit import fit_ready, fit_resumable, saved_seed
from ..training.token_rate import TokenRate
from .feeding import Feeder, for_trainer

BATCH_SIZE = 32


class TextTrainer(SharedTraining, keras.Model):
    """Puts the preprocessor between the caller's data and Keras' training loops.

    A subclass has `preprocessor`, `seed`, `truncation_report`, `encode_labels`, `class_index`,
    `learn_labels`, `prepare_to_fit`, `ensure_trainable`, `hold_random_state` and
    `continue_random_state`.
    """

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=None,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_batch_size=None,
        **kwargs,
    ):
        """Trains on raw input. Arguments are those of `keras.Model.fit`.

        Args:
            x: texts or pairs (list, tuple, array, Series), a table with a label column
                (DataFrame, `datasets.Dataset`), batches (`tf.data.Dataset`, PyDataset, loader,
                generator), or the encoder's inputs.
            y: labels, or the name of the table's label column.
            batch_size: texts in a batch; the recipe's if not given, else 32.
            epochs: passes over the data; the recipe's if not given, else 1.
            class_weight: dictionary from label (name or number) to weight.

        Returns:
            Keras' `History`.
        """
        epochs, batch_size = epochs or self.recipe.epochs or 1, batch_size or self.recipe.batch_size
        verbose = verbosity(verbose)
        rest = {"epochs": epochs, "verbose": verbose, "initial_epoch": initial_epoch, **kwargs}
        rest["steps_per_epoch"] = steps_per_epoch
        self.seed = shared(saved_seed(callbacks, self.seed))
        if self._is_ready(x):
            self.ensure_trainable()
            rest |= {
                "callbacks": [*keras.tree.flatten(callbacks or []), *self._asked_by_recipe()],
                "validation_split": validation_split,
                "validation_data": self._encoded_pair(validation_data),
                "validation_batch_size": validation_batch_size,
                "seed": self.seed,
            }
            order = {"batch_size": batch_size, "shuffle": shuffle}
            weights = class_weight and self._by_index(class_weight)
            if processes()[1] > 1:
                return self._fit_shared(x, self._encoded(y), sample_weight, weights, order, rest)
            order |= {"sample_weight": sample_weight, "class_weight": weights}
            return fit_ready(super().fit, self, x, self._encoded(y), **order, **rest)
        size = batch_size or BATCH_SIZE
        self._learn(x, y)
        feeder, options = self._shared_feeder(), {"batch_size": size, "shuffle": shuffle}
        options["seed"] = self.seed
        held_out = {"batch_size": validation_batch_size or size, "even_weights": True}
        if validation_split and validation_data is None:
            train, validation = feeder.split(
                x, y, sample_weight, class_weight, validation_split, options, held_out
            )
        else:
            train = feeder.batches(x, y, sample_weight, class_weight=class_weight, **options)
            validation = self._validation(validation_data, held_out)
        if isinstance(train, LengthBatches):
            train.fit_buckets(epochs)
        self.prepare_to_fit(train, epochs, initial_epoch, steps_per_epoch)
        self._number_epochs(train)
        self.begin_sharing(train)
        self.hold_random_state()

        def fit(train, **options):
            with flushed_denormals(), self._fed(train, validation) as (train_data, held_out_data):
                return super(TextTrainer, self).fit(
                    train_data, validation_data=held_out_data, shuffle=False, **options
                )

        callbacks = self._callbacks(callbacks, train)
        return fit_resumable(fit, self, train, callbacks=callbacks, seed=self.seed, **rest)

    def _fit_shared(self, x, y, sample_weight, class_weight, order, rest):
        """`fit` on inputs that are encoded already, in one of several processes."""
        order = {**order, "batch_size": order["batch_size"] or BATCH_SIZE, "seed": self.seed}
        x = shared_arrays(x, y, sample_weight, class_weight=class_weight, **order)

        def fit(data, y=None, **options):
            options["shuffle"] = False
            return super(TextTrainer, self).fit(
                for_replicas(data, self, self.losses_by_mean), **options
            )

        return fit_ready(fit, self, x, shuffle=False, **rest)

    def _validation(self, data, options):
        if data is None:
            return None
        x, y, weight = (*(data if isinstance(data, tuple) else (data,)), None, None)[:3]
        return self._shared_feeder().batches(x, y, weight, **options)

    def evaluate(
        self, x=None, y=None, batch_size=None, verbose="auto", sample_weight=None, **kwargs
    ):
        """Loss and metrics on raw input. Arguments are those of `keras.Model.evaluate`."""
        if kwargs.get("_use_cached_eval_dataset") or self._is_ready(x):
            return super().evaluate(
                x, self._encoded(y), batch_size, verbose, sample_weight, **kwargs
            )
        feeder = self._shared_feeder()
        size = shareable(batch_size or BATCH_SIZE, feeder.replicas)
        batches = feeder.batches(x, y, sample_weight, batch_size=size, even_weights=True)
        if not self.compiled:
            self.compile()
        with self._fed(batches) as (data,):
            result = super().evaluate(data, verbose=verbosity(verbose), **kwargs)
        self._tell(batches)
        return result

    def predict(self, x, batch_size=None, verbose="auto", **kwargs):
        """The head's output for each text, in the caller's order.

        Returns:
            Array `(number of texts, ...)` of logits.
        """
        if self._is_ready(x):
            return super().predict(x, batch_size, verbose, **kwargs)
        feeder = self._shared_feeder().for_inference()
        batches = feeder.inputs(x, shareable(batch_size or BATCH_SIZE, feeder.replicas))
        if isinstance(batches, LengthBatches) and not batches.num_rows:
            nothing = lambda output: np.zeros((0, *output.shape[1:]), "float32")  # noqa: E731
            return keras.tree.map_structure(nothing, self.output)
        if isinstance(batches, types.GeneratorType):
            batches = ((inputs,) for inputs in batches)  # Keras takes tuples from generators
        # On torch a process forgoes what the others could predict: each has all answers.
        whole = keras.config.backend() == "torch"
        with self._fed(batches, whole=whole) as (data,):
            outputs = super().predict(data, verbose=verbosity(verbose), **kwargs)
        self._tell(batches)
        if not isinstance(batches, LengthBatches):
            return outputs
        order = batches.row_order()
        back = np.empty(len(order), int)
        back[order] = np.arange(len(order))
        return keras.tree.map_structure(lambda a: a[: len(order)][back], outputs)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, **kwargs):
        """One update on a batch of raw input."""
        self._learn(x, y)
        self.ensure_trainable()
        return self._on_batch(super().train_on_batch, x, y, sample_weight, class_weight, **kwargs)

    def test_on_batch(self, x, y=None, sample_weight=None, **kwargs):
        """Loss and metrics on a batch of raw input."""
        return self._on_batch(super().test_on_batch, x, y, sample_weight, **kwargs)

    def predict_on_batch(self, x):
        """The head's output for a batch of raw input."""
        inputs = x if self._is_ready(x) else self.preprocessor(x)
        outputs, rows = super().predict_on_batch(inputs), len(keras.tree.flatten(inputs)[0])
        # TensorFlow's strategies give all rows to every replica.
        return keras.tree.map_structure(lambda output: output[:rows], outputs)

    def _on_batch(self, method, x, y, sample_weight, class_weight=None, **kwargs):
        if not self.compiled:
            self.compile()
        if not self._is_ready(x) or y is not None:
            batch = self._feeder().batch(x, y, sample_weight, class_weight)
            if isinstance(batch, dict):
                raise ValueError("Labels are missing: give y.")
            x, y, sample_weight = (*batch, None)[:3]
        return method(x, y, sample_weight, **kwargs)

    def _is_ready(self, x):
        """Whether `x` goes to Keras as it is."""
        if x is None or is_encoded(x):
            return True
        if self.preprocessor is None:
            if isinstance(x, (str, list, tuple)):
                raise ValueError(
                    "This task has no preprocessor, so it takes the encoder's inputs: a dictionary "
                    "of token_ids, segment_ids and padding_mask. To give it texts, build it with "
                    "preprocessor=keras_bert_zoo.Preprocessor(tokenizer)."
                )
            return True
        return False

    def _feeder(self):
        return Feeder(self.preprocessor, self.encode_labels, self.class_index)

    def _shared_feeder(self):
        """That of batches that all replicas share."""
        if needs_one_shape(self):
            self.preprocessor.fix_shape()
        feeder = self._feeder()
        feeder.replicas = replicas_of(self)
        return feeder

    def _encoded(self, y):
        return None if y is None else self.encode_labels(y)

    def _encoded_pair(self, data):
        """Validation data whose inputs are encoded already, with its labels encoded too."""
        if not isinstance(data, tuple):
            return data
        x, y, *weight = data
        return (x, self._encoded(y), *weight)

    def _by_index(self, class_weight):
        return {self.class_index(label): weight for label, weight in class_weight.items()}

    def _learn(self, x, y):
        if is_table(x) and (y is None or isinstance(y, str)):
            y = split_labels(x, y)
        if y is not None:
            self.learn_labels(y)

    def _number_epochs(self, batches):
        """Goes on with the order where the optimizer is: a loaded task sees what is next."""
        if isinstance(batches, LengthBatches):
            accumulated = inner(self.optimizer).gradient_accumulation_steps or 1
            seen = updates_of(self.optimizer) * accumulated
            batches.epoch = seen // batches.num_batches

    @contextlib.contextmanager
    def _fed(self, *all_batches, whole=False):
        """The batches as this backend's trainer takes them; raises their own errors.

        Args:
            *all_batches: each PyDataset, generator or None.
            whole: whether a process reads all rows of them, though it is one of several.
        """
        if not whole:
            cut = lambda b: for_replicas(b, self, self.losses_by_mean)  # noqa: E731
            all_batches = [None if batches is None else cut(batches) for batches in all_batches]
        one_shape = needs_one_shape(self)
        fed = [(None, None) if b is None else for_trainer(b, one_shape) for b in all_batches]
        try:
            with kept_weights(self):
                yield [data for data, _ in fed]
        except Exception:
            for _, guard in fed:
                if guard is not None and guard.error is not None:
                    raise guard.error from None
            raise

    def _callbacks(self, callbacks, batches):
        if isinstance(callbacks, keras.callbacks.CallbackList):
            return callbacks
        given = (
            callbacks if isinstance(callbacks, (list, tuple)) else [callbacks] if callbacks else []
        )
        once, given = iter([batches]), [*given, *self._asked_by_recipe()]
        ours = keras.callbacks.LambdaCallback(
            on_train_begin=lambda logs: self.continue_random_state(),
            on_epoch_end=lambda epoch, logs: self._tell(next(once, None)),
        )
        rates = [TokenRate(batches)] if isinstance(batches, LengthBatches) else []
        return [*rates, *given, ours]

    def _asked_by_recipe(self):
        every = self.recipe.unfreeze_every if self._by_recipe else None
        return [GradualUnfreezing(every)] if every else []

    def _tell(self, batches):
        """Keeps the truncation report, and warns if that is asked for."""
        if isinstance(batches, LengthBatches):
            self.truncation_report = batches.report
            if self.preprocessor.truncation == "warn":
                self.truncation_report.warn()
