"""What all tasks share: their parts, their defaults, and how they are saved."""

import contextlib
import random

import keras
import numpy as np

from ..distribution.losses import for_parts
from ..families import family_called
from ..training import RealRows, Recipe
from ..training.freezing import set_trainable
from ..training.inner_optimizer import inner, updates_of
from ..training.label_smoothing import smoothed
from ..training.named_recipes import recipe_for
from ..training.random_state import read_random_state, write_random_state
from ..training.second_look import SecondLook
from .saving import Saving
from .trainer import TextTrainer

TASKS = {}

# Keras' names for these losses expect probabilities; the tasks give logits.
LOSSES_OF_PROBABILITIES = {
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
}


class Task(Saving, SecondLook, TextTrainer):
    """A model for one task over any encoder: raw input in, answers out.

    A subclass says what its head is, how labels become arrays, and its loss and metrics.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        outputs: the head's output, symbolic.
        inputs: the encoder's inputs, symbolic.
        preprocessor: `Preprocessor`; None for a task that takes encoded inputs only.
        recipe: `Recipe`, or the name of one (see `named_recipe`); by the encoder's size if not
            given.
        seed: of the order of the data; drawn if not given.
    """

    # Options that say what a new head is of; without any, a head can always be made.
    head_options = ("labels", "num_classes")
    head_kinds = ()  # what the option `head` may be, where the task has one
    head_style = None  # its name in `Family.heads`; that of the class if not given
    has_dropout = True  # whether there is dropout before the head's outputs
    also_reads = ()  # names of tasks with the same weights, whose presets it takes as its own
    architecture = None  # end of the name that transformers gives to such a model
    private_weights = ()  # those of heads that no other library knows, nor needs
    masks_places = False  # whether weights say which outputs count, so that metrics need them too
    example = 'task.predict(["A text."])'  # for the model card

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        TASKS[cls.__name__] = cls
        cls.head_style = cls.__dict__.get("head_style", cls.__name__)

    def __init__(
        self, encoder, inputs, outputs, *, preprocessor, recipe=None, seed=None, name=None
    ):
        super().__init__(inputs, outputs, name=name)
        self.encoder, self.preprocessor = encoder, preprocessor
        self._freeze_unused_pooler()
        self.recipe = recipe_for(encoder.config, recipe)
        self.seed = random.randrange(2**31) if seed is None else seed
        self.conversion_report = self.truncation_report = None
        self._by_recipe, self._random_state, self._forward = False, None, None
        if preprocessor is not None:
            self._check_preprocessor()

    def _freeze_unused_pooler(self):
        """A pooler that is not part of the outputs has no gradients."""
        encoder = self.encoder
        if encoder.pooler is not None:
            style = family_called(encoder.config.family).head(self.head_style)
            encoder.pooler.trainable = style.uses_pooler and not encoder.lora_rank

    def _check_preprocessor(self):
        theirs, ours = self.encoder.config.visual_dim, self.preprocessor.visual_dim
        if theirs != ours:
            raise ValueError(
                f"The encoder reads images of visual_dim={theirs}, the preprocessor makes those of "
                f"visual_dim={ours}; None is for texts alone. One that fits is made by "
                "keras_bert_zoo.preprocessing.preprocessor_for(encoder.config, tokenizer)."
            )
        most = self.encoder.config.max_sequence_length
        if self.preprocessor.max_sequence_length > most:
            raise ValueError(
                f"max_sequence_length={self.preprocessor.max_sequence_length} is more than the "
                f"{most} positions that the encoder has. Give {most} or less."
            )
        size = self.preprocessor.tokenizer
        if size.is_loaded and size.vocabulary_size > self.encoder.config.vocabulary_size:
            raise ValueError(
                f"The tokenizer has {size.vocabulary_size} tokens, the encoder "
                f"{self.encoder.config.vocabulary_size}: they do not belong together."
            )

    @property
    def head_styles(self):
        """Name of a head's layer -> its name in `Family.heads`."""
        return {"head": self.head_style}

    # -------------------------------------------------------------- what a subclass says

    def encode_labels(self, y):
        """Labels as the array that the loss takes."""
        raise NotImplementedError

    def class_index(self, label):
        """Number of a class, from its name or number."""
        raise NotImplementedError

    def learn_labels(self, y):
        """Takes what there is to learn from the training labels before they are encoded."""

    def default_loss(self):
        raise NotImplementedError

    def default_metrics(self):
        raise NotImplementedError

    # -------------------------------------------------------------- compile

    def compile(
        self,
        optimizer="auto",
        loss="auto",
        *,
        metrics="auto",
        weighted_metrics=None,
        total_steps=None,
        **kwargs,
    ):
        """Configures training. Without a call, `fit` compiles with the recipe.

        Args:
            optimizer: a Keras optimizer, or `"auto"`: the recipe's, whose rate changes if
                `total_steps` is given; what the recipe freezes is frozen.
            loss: on logits; `"auto"` is the task's own.
            metrics: on logits; `"auto"` are the task's own.
            weighted_metrics: as in Keras.
            total_steps: number of updates to come.
            **kwargs: of `keras.Model.compile`.
        """
        self._by_recipe = isinstance(optimizer, str) and optimizer == "auto"
        if self._by_recipe:
            if set_trainable(self, self.recipe):
                self._forget_functions()
            optimizer = self.recipe.build_optimizer(total_steps, self.encoder)
        if isinstance(loss, str):
            loss = self._loss_called(loss)
        replicas = self.share(optimizer)
        loss, self.losses_by_mean = for_parts(loss, replicas)
        metrics = self._metrics_called(metrics)
        filled = self.preprocessor is not None and self.preprocessor.fixed_batch_shape
        filled = filled or replicas > 1
        if metrics and (filled or self.masks_places):
            weighted_metrics, metrics = self._on_real_rows(metrics, weighted_metrics), None
        super().compile(
            optimizer, loss, metrics=metrics, weighted_metrics=weighted_metrics, **kwargs
        )

    def _loss_called(self, name):
        if name == "auto":
            return smoothed(self.default_loss(), self.recipe.label_smoothing)
        if name in LOSSES_OF_PROBABILITIES:
            return LOSSES_OF_PROBABILITIES[name](from_logits=True)
        return keras.losses.get(name)

    def _metrics_called(self, metrics):
        """Metrics with the names of the task's own put for these, as `accuracy` on logits."""
        own = self.default_metrics()
        if isinstance(metrics, str) and metrics == "auto":
            return own
        if not isinstance(metrics, (list, tuple)):
            return metrics
        by_name = {metric.name: metric for metric in own}
        return [by_name.get(m, m) if isinstance(m, str) else m for m in metrics]

    def _on_real_rows(self, metrics, weighted_metrics):
        return [*(weighted_metrics or []), *map(RealRows, metrics)]

    def get_compile_config(self):
        config = super().get_compile_config()
        return config and {**config, "by_recipe": self._by_recipe}

    def compile_from_config(self, config):
        """Restores what `compile` was given, so that a loaded task goes on training."""
        config = dict(config)
        by_recipe = config.pop("by_recipe", False)
        self.compile(**keras.saving.deserialize_keras_object(config))
        self._by_recipe = by_recipe
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    def prepare_to_fit(self, batches, epochs, initial_epoch, steps_per_epoch):
        """Compiles with the recipe, unless the caller did, or a run of it is to be continued."""
        steps = steps_per_epoch or getattr(batches, "num_batches", None)
        self.ensure_trainable(self.recipe.updates(steps and steps * epochs), initial_epoch)

    def hold_random_state(self):
        """Keeps the random state for `continue_random_state`: what Keras builds draws from it."""
        if self._random_state is None:
            self._random_state = read_random_state(self)

    def continue_random_state(self):
        """Sets the random state that was held, or that the task was saved with, once."""
        if self._random_state is not None:
            write_random_state(self, self._random_state)
            self._random_state = None

    def ensure_trainable(self, total_steps=None, initial_epoch=0):
        """Compiles with the recipe if nobody did, or if its last run has come to its end."""
        if not self.compiled or (self._by_recipe and self._is_finished(initial_epoch)):
            self.compile(total_steps=total_steps)
        self._build_optimizer()

    def _build_optimizer(self):
        """Makes the optimizer's variables: made inside a TensorFlow function, they would have it
        traced twice, which doubles the time to the first update."""
        if self.optimizer is None or self.optimizer.built:
            return
        strategy = getattr(self, "distribute_strategy", None)
        with strategy.scope() if strategy is not None else contextlib.nullcontext():
            self.optimizer.build(self.trainable_variables)

    def _is_finished(self, initial_epoch):
        total = inner(self.optimizer).total_steps
        return initial_epoch == 0 and total and updates_of(self.optimizer) >= total

    # -------------------------------------------------------------- smaller and cheaper

    def quantize(self, mode="int8", **kwargs):
        """Quantizes the encoder's weights in place; the head stays as it is."""
        self.encoder.quantize(mode, **kwargs)
        self._forget_functions()

    def enable_lora(self, rank, alpha=None):
        """Trains the head and low-rank updates of the encoder's attention; see `Encoder`.

        Raises:
            ValueError: the task has been compiled; its optimizer knows the old weights.
        """
        if self.compiled:
            raise ValueError("Call enable_lora before compile and fit.")
        self.encoder.enable_lora(rank, alpha)
        self._forget_functions()

    def merge_lora(self):
        """Adds the low-rank updates to the weights; `fit` compiles anew and trains all of them.

        Answers stay the same, and no longer take the work of the updates.

        Raises:
            ValueError: there are no updates, or the weights are quantized.
        """
        self.encoder.merge_lora()
        self._freeze_unused_pooler()
        self._forget_functions()
        self.optimizer, self.compiled = None, False

    def _forget_functions(self):
        """What was traced or compiled has the old weights in it."""
        self.train_function = self.test_function = self.predict_function = self._forward = None

    # -------------------------------------------------------------- saving

    def save_own_variables(self, store):
        """Also keeps where dropout's random numbers are, which Keras leaves out of its files."""
        super().save_own_variables(store)
        state = self._random_state or read_random_state(self)  # one that was read, not yet set
        for name, value in state.items():
            store[name] = value

    def load_own_variables(self, store):
        # Set when `fit` begins, not here: loading a file leaves the process as it is.
        self._random_state = {key: np.array(store[key]) for key in list(store.keys())}
        super().load_own_variables({})

    def get_config(self):
        return {
            "name": self.name,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "preprocessor": keras.saving.serialize_keras_object(self.preprocessor),
            "recipe": self.recipe.to_config(),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        for part in ("encoder", "preprocessor"):
            config[part] = keras.saving.deserialize_keras_object(config[part])
        if isinstance(config["recipe"], dict):  # as saved, not as given to `from_preset`
            config["recipe"] = Recipe(**config["recipe"])
        return cls(**config)

    @classmethod
    def from_preset(cls, preset, **options):
        """Loads a saved task, or puts a new head on an encoder.

        Args:
            preset: a built-in name, a folder, `hf://owner/name[@revision]` or `pkg:name`.
            **options: of the task and of `keras_bert_zoo.from_preset`.
        """
        from ..catalog import load_task

        return load_task(preset, cls, **options)

    @classmethod
    def head_from_hugging_face(cls, checkpoint):
        """Options of the head that a Hugging Face folder holds, or None if it holds none."""
        return None

    @classmethod
    def head_names(cls, checkpoint):
        """Our layer path -> their tensor prefix, for that head."""
        return checkpoint.family.head(cls.head_style).weight_names


def encoder_inputs(encoder):
    """New symbolic inputs like those of the encoder."""
    return {
        key: keras.Input(value.shape[1:], dtype=value.dtype, name=key)
        for key, value in encoder.input.items()
    }
