"""Several things to learn from text at once, over one encoder."""

import random
import warnings

import keras
from keras import ops

from ..distribution.batches import for_replicas
from ..distribution.replicas import as_logged, needs_one_shape, shared
from ..distribution.shared_training import SharedTraining, verbosity
from ..tasks.feeding import for_trainer
from ..tasks.task import encoder_inputs
from ..training import Recipe
from ..training.denormals import flushed_denormals
from ..training.freezing import set_trainable
from ..training.fresh_gradients import FreshGradients
from ..training.kept_weights import kept_weights
from ..training.resumable_fit import fit_resumable, saved_seed
from .batches import PretrainingBatches
from .becoming import Becoming
from .distillation.sharing import first_places, share
from .encoded import SEQUENCES, encoded_for
from .example import examples_of
from .objective import Objective
from .objectives import objective
from .packed_batches import PackedBatches
from .throughput import Throughput

# https://arxiv.org/abs/1810.04805, appendix A.2: warm-up over 10,000 of 1,000,000 updates.
RECIPE = Recipe(1e-4, warmup=0.01)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Pretrainer(Becoming, FreshGradients, SharedTraining, keras.Model):
    """An encoder with the heads of some objectives, whose losses are added up.

    `fit` takes texts, or a corpus, and spoils them anew in every pass. Its outputs are a dictionary
    with one entry for each objective.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        objectives: list of `Objective`, or their names; a name stands for the paper's numbers.
        length: tokens of a row, special ones included; as many as the encoder has places if not
            given.
        recipe: `keras_bert_zoo.Recipe`; BERT's if not given.
        pack: whether examples stand one after the other in a row, so that no token is padding; each
            sees itself alone.
        seed: of the order of the examples and of what is hidden; drawn if not given.

    Raises:
        ValueError: no objectives, two of one name, or more tokens than the encoder has places for;
            an encoder or an objective with which rows cannot be packed.

    Example:

    >>> pretrainer = Pretrainer(encoder, tokenizer, ["masked_tokens"], length=128)
    >>> pretrainer.fit(texts, batch_size=32, epochs=10, log_dir="runs/first")
    >>> pretrainer.task().save_to_preset("my_bert")
    """

    def __init__(
        self,
        encoder,
        tokenizer,
        objectives=("masked_tokens",),
        *,
        length=None,
        recipe=None,
        pack=False,
        seed=None,
        name="pretrainer",
    ):
        objectives = [objective(one) for one in objectives]
        objectives.sort(key=lambda one: (not one.moves_text, one.follows is not None))
        length = length or encoder.config.max_sequence_length
        _check(encoder, tokenizer, objectives)
        _check_length(encoder, length)
        _lead(objectives)
        inputs = encoder_inputs(encoder)
        if pack:
            _check_pack(objectives)
            inputs[SEQUENCES] = keras.Input((None,), dtype="int32", name=SEQUENCES)
        for one in objectives:
            inputs.update(one.bind(tokenizer).new_inputs())
        read = inputs
        for one in objectives:
            read = one.prepare(encoder, read)
        encoded = encoded_for(objectives, encoder, read)
        outputs = {one.name: one.connect(encoder, encoded, inputs) for one in objectives}
        super().__init__(inputs, outputs, name=name)
        self.encoder, self.tokenizer, self.length = encoder, tokenizer, length
        self.objectives, self.pack = objectives, pack
        if encoder.pooler is not None:  # one that is not part of the outputs has no gradients
            encoder.pooler.trainable = encoded.was_pooled and not encoder.lora_rank
        self.recipe, self.conversion_report = recipe or RECIPE, None
        self.seed = random.randrange(2**31) if seed is None else seed
        self.losses_of = {one.name: keras.metrics.Mean(f"{one.name}_loss") for one in objectives}
        self.accuracies_of = {
            one.name: keras.metrics.Mean(f"{one.name}_accuracy")
            for one in objectives
            if type(one).accuracy is not Objective.accuracy  # of vectors there is no right one
        }

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The weighted sum of the objectives' losses; keeps each, and its accuracy."""
        total = 0.0
        for one in self.objectives:
            start = f"{one.name}/"
            targets = {key[len(start) :]: v for key, v in y.items() if key.startswith(start)}
            loss = one.loss(y_pred[one.name], targets)
            self.losses_of[one.name].update_state(as_logged(loss))
            if one.name in self.accuracies_of:
                right, weight = one.accuracy(y_pred[one.name], targets)
                self.accuracies_of[one.name].update_state(
                    ops.cast(right, "float32"), sample_weight=ops.cast(weight, "float32")
                )
            total = total + one.weight * loss
        return total

    def batches(self, x, batch_size=32, shuffle=True, seed=None):
        """`PretrainingBatches` of texts, or of a source of examples such as a corpus."""
        if isinstance(x, PretrainingBatches):
            return x
        source = x if hasattr(x, "read") else examples_of(x, self.tokenizer, self.length)
        batches = PackedBatches if self.pack else PretrainingBatches
        return batches(
            source,
            self.tokenizer,
            self.objectives,
            [*self.input],
            length=self.length,
            batch_size=batch_size,
            seed=self.seed if seed is None else seed,
            shuffle=shuffle,
        )

    def set_length(self, length):
        """Makes rows of another length: see `fit_phases`.

        Raises:
            ValueError: more tokens than the encoder has places for.
        """
        _check_length(self.encoder, length)
        self.length = length

    def compile(self, optimizer="auto", *, total_steps=None, **kwargs):
        """Configures training. Without a call, `fit` compiles with the recipe.

        Args:
            optimizer: a Keras optimizer, or `"auto"`: the recipe's.
            total_steps: number of updates to come, for the recipe's schedule.
            **kwargs: of `keras.Model.compile`; losses and metrics are those of the objectives.
        """
        if isinstance(optimizer, str) and optimizer == "auto":
            set_trainable(self, self.recipe)
            optimizer = self.recipe.build_optimizer(total_steps, self.encoder)
        self.share(optimizer)
        super().compile(optimizer, **kwargs)

    def compile_from_config(self, config):
        """Restores what `compile` was given, so that a loaded model goes on learning."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def fit(
        self,
        x,
        *,
        batch_size=32,
        epochs=1,
        steps_per_epoch=None,
        validation_data=None,
        validation_steps=None,
        callbacks=None,
        log_dir=None,
        peak_flops=None,
        **kwargs,
    ):
        """Learns from texts.

        Args:
            x: list of texts, a source of examples such as `Corpus`, or `PretrainingBatches`.
            batch_size: rows of a batch.
            epochs: how often there is a report; passes over the data if `steps_per_epoch` is not
                given.
            steps_per_epoch: updates from one report to the next.
            validation_data: as `x`; what is hidden in it is the same in every epoch.
            validation_steps: batches of it; one pass if not given.
            callbacks: Keras callbacks. With a `ResumableTraining` among them the same call, after a
                kill, goes on where it was.
            log_dir: folder for `log.csv` and for TensorBoard's events.
            peak_flops: operations a second that the device can do; `utilisation` is logged then.
            **kwargs: of `keras.Model.fit`.

        Returns:
            Keras' `History`: `loss`, the loss and accuracy of each objective, `tokens_per_second`,
            `flops_per_second`, and `utilisation`.
        """
        self.seed = shared(saved_seed(callbacks, self.seed))
        batches = self.batches(x, batch_size)
        steps = steps_per_epoch or batches.batches_per_pass
        if not self.compiled:
            self.compile(total_steps=self.recipe.updates(steps * epochs))
        if not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        self.begin_sharing(for_replicas(batches, self))
        options = {"steps_per_epoch": steps, "epochs": epochs, **kwargs}
        if validation_data is not None:
            held_out = self.batches(validation_data, batch_size, shuffle=False, seed=0)
            options["validation_data"] = self._fed(held_out)
            options["validation_steps"] = validation_steps or held_out.batches_per_pass
        options["verbose"] = verbosity(options.get("verbose", "auto"))
        options["callbacks"] = [
            *(callbacks or []),
            Throughput(batches, peak_flops),
            *_loggers(log_dir),
        ]
        with flushed_denormals(), warnings.catch_warnings():
            if any(one.teacher is not None for one in self.objectives):
                # Nothing is learnt behind the last layer that is compared.
                warnings.filterwarnings("ignore", "Gradients do not exist")
            return fit_resumable(self._fit, self, batches, seed=self.seed, **options)

    def _fit(self, batches, **options):
        with kept_weights(self):
            return super().fit(self._fed(batches), shuffle=False, **options)

    def evaluate(self, x, *, batch_size=32, steps=None, **kwargs):
        """The losses and accuracies on texts, of which the same tokens are hidden every time.

        Args:
            x: as in `fit`.
            batch_size: rows of a batch; rows that do not fill one are left out.
            steps: batches; one pass if not given.
            **kwargs: of `keras.Model.evaluate`.
        """
        if kwargs.get("_use_cached_eval_dataset"):
            return super().evaluate(x, steps=steps, **kwargs)
        batches = self.batches(x, batch_size, shuffle=False, seed=0)
        if not self.compiled:
            self.compile()
        steps = steps or batches.batches_per_pass
        with kept_weights(self):
            return super().evaluate(self._fed(batches), steps=steps, **kwargs)

    def _fed(self, batches):
        return for_trainer(for_replicas(batches, self), needs_one_shape(self))[0]

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "encoder": serialize(self.encoder),
            "tokenizer": serialize(self.tokenizer),
            "objectives": [serialize(one) for one in self.objectives],
            "teachers": first_places(self.objectives),
            "length": self.length,
            "recipe": self.recipe.to_config(),
            "pack": self.pack,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        read = keras.saving.deserialize_keras_object
        config = dict(config)
        config["encoder"], config["tokenizer"] = read(config["encoder"]), read(config["tokenizer"])
        config["objectives"] = [read(one) for one in config["objectives"]]
        share(config["objectives"], config.pop("teachers", None))
        return cls(**{**config, "recipe": Recipe(**config["recipe"])})


def _loggers(log_dir):
    if log_dir is None:
        return []
    from ..training.logs import loggers

    return loggers(log_dir)


def _check_pack(objectives):
    for one in objectives:
        if not one.packs:
            raise ValueError(
                f"The objective {one.name!r} is about whole rows; with pack=True a row holds "
                "several examples. Leave one of the two out."
            )


def _check_length(encoder, length):
    most = encoder.config.max_sequence_length
    if length > most:
        raise ValueError(
            f"length={length} is more than the {most} positions that the encoder has. Give that or "
            "less."
        )


def _check(encoder, tokenizer, objectives):
    names = [one.name for one in objectives]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"Give one or more objectives, each once. Given: {names}.")
    hiding = [one.name for one in objectives if "mask_positions" in one.inputs]
    if len(hiding) > 1:
        raise ValueError(f"{' and '.join(hiding)} both hide tokens. Give one of them.")
    config = encoder.config
    if tokenizer.is_loaded and tokenizer.vocabulary_size > config.vocabulary_size:
        raise ValueError(
            f"The tokenizer has {tokenizer.vocabulary_size} tokens, the encoder "
            f"{config.vocabulary_size}: they do not belong together."
        )


def _lead(objectives):
    """Tells each objective which one it follows."""
    named = {one.name: one for one in objectives}
    for one in objectives:
        if one.follows and one.follows not in named:
            raise ValueError(
                f"{one.name} learns from what {one.follows} does to the text: give that too. "
                f"Given: {[*named]}."
            )
        one.leader = named.get(one.follows)
