"""A task that learns from another one, whatever the task is."""

import warnings

import keras
from keras import ops

from ...distribution.losses import for_parts
from ...distribution.replicas import as_logged, summed_metrics
from ...layers.choices import MergeChoices
from ...layers.initializers import truncated_normal
from ...tasks import MultipleChoice
from ...tasks.task import encoder_inputs
from ...tasks.trainer import TextTrainer
from ...training.freezing import set_trainable
from ...training.fresh_gradients import FreshGradients
from ...training.inner_optimizer import inner, updates_of
from ...training.metrics import RealRows
from ..encoded import encoded_for
from ..frozen import Frozen
from .answers import KINDS, kind_of, mean_answer, vectors
from .from_teacher import FromTeacher
from .sharing import first_places, share
from .teacher import Teacher, check_same_tokens


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Distiller(FreshGradients, TextTrainer):
    """Trains a task to answer as a fine-tuned one does, and as labels say, where there are any.

    The loss is `(1 - alpha) hard + alpha soft`: hard is the student's own, on labels, and soft is
    `T^2 KL(teacher || student)` of its answers (https://arxiv.org/abs/1503.02531, section 2): of
    the classes of a text, a token, a choice or a hidden word; of the places where an answer begins
    and ends; of each class of several. Numbers are compared by their squared error, vectors by
    their cosine. Texts without labels are learnt from by the soft one alone.

    Args:
        student: the task that is trained. It is the one to save.
        teacher: a trained task of the same kind, with the same classes and tokenizer; it is frozen.
        temperature: divides logits; 1 leaves them as they are.
        alpha: how much the teacher counts, against labels: 1 takes no notice of labels, None takes
            no notice of answers at all and learns by `objectives` alone.
        objectives: list of objectives that compare the insides of both, such as
            `tinybert(teacher)`; their losses are added.
        compare: `"cosine"` or `"error"` (squared), for vectors.

    Raises:
        ValueError: tasks that do not go together, or a number out of its range.

    Example:

    >>> teacher = TextClassifier.from_preset("my_classifier")
    >>> student = student_of(teacher)
    >>> Distiller(student, teacher).fit(texts, labels, epochs=3)
    >>> student.save_to_preset("small_classifier")
    """

    def __init__(
        self,
        student,
        teacher,
        *,
        temperature=2.0,
        alpha=0.5,
        objectives=(),
        compare="cosine",
        name="distiller",
    ):
        objectives, kind = list(objectives), kind_of(student)
        _check_numbers(temperature, alpha, compare, objectives)
        check_pair(student, teacher, kind)
        inputs = encoder_inputs(student)
        outputs = {"padding_mask": inputs["padding_mask"]}
        if alpha is not None:
            outputs.update(_answers(student, teacher, inputs, kind))
        if objectives:
            outputs["inside"] = _inside(student, inputs, objectives)
        super().__init__(inputs, outputs, name=name)
        # In functions: what is trained is what is in the graph, and no more of the student.
        self._student, self._teacher = (lambda: student), (lambda: teacher)
        self.objectives = objectives
        self.temperature, self.alpha, self.compare = float(temperature), alpha, compare
        self._answer = vectors if (kind, compare) == ("TextEmbedder", "error") else KINDS[kind]
        self._hard = student.default_loss()
        self._judges = [RealRows(metric) for metric in student.default_metrics()]
        names = [] if alpha is None else ["hard", "soft"][alpha >= 1 :]
        self._parts = {
            one: keras.metrics.Mean(f"{one}_loss")
            for one in (*names, *(one.name for one in self.objectives))
        }
        self._by_recipe, self.truncation_report = False, None

    # -------------------------------------------------------------- what is computed

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The weighted sum of all losses; keeps each."""
        losses, rows = [], ops.shape(y_pred["padding_mask"])[0]

        def kept(name, loss):
            self._parts[name].update_state(as_logged(loss), sample_weight=rows)
            return loss

        if self.alpha is not None:
            ours = y_pred.get("projected", y_pred["student"])
            each = self._answer(y_pred["teacher"], ours, self.temperature)
            soft = mean_answer(each, sample_weight, y_pred["padding_mask"])
            share = 1.0 if y is None else self.alpha
            losses.append(kept("soft", soft) * share)
            if y is not None and self.alpha < 1:
                hard = self._hard(y, y_pred["student"], sample_weight)
                losses.append(kept("hard", hard) * (1 - self.alpha))
        for one in self.objectives:
            loss = one.loss(y_pred["inside"][one.name], {})
            losses.append(kept(one.name, loss) * one.weight)
        return sum(losses[1:], start=losses[0])

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """The student's own metrics, where there are labels, and the parts of the loss."""
        if y is not None and "student" in y_pred:
            for metric in self._judges:
                metric.update_state(y, y_pred["student"], sample_weight)
            return self.get_metrics_result()
        unknown = [*self._judges, self._parts.get("hard")]
        known = [metric for metric in self.metrics if all(metric is not one for one in unknown)]
        with summed_metrics(known):
            return {metric.name: metric.result() for metric in known}

    # -------------------------------------------------------------- training

    def compile(self, optimizer="auto", *, total_steps=None, **kwargs):
        """Configures training. Without a call, `fit` compiles with the student's recipe.

        Args:
            optimizer: a Keras optimizer, or `"auto"`: the recipe's.
            total_steps: number of updates to come, for the recipe's schedule.
            **kwargs: of `keras.Model.compile`; losses and metrics are given already.
        """
        self._by_recipe = isinstance(optimizer, str) and optimizer == "auto"
        if self._by_recipe:
            set_trainable(self.student, self.recipe)
            optimizer = self.recipe.build_optimizer(total_steps, self.student.encoder)
        replicas = self.share(optimizer)
        self._hard, self.losses_by_mean = for_parts(self.student.default_loss(), replicas)
        super().compile(optimizer, **kwargs)

    def fit(self, x=None, y=None, **options):
        """Trains the student.

        Args:
            x, y: as the student's own `fit` takes them. Texts without labels are learnt from too.
            **options: of the student's `fit`.

        Returns:
            Keras' `History`: `loss`, its parts, and the student's own metrics.
        """
        with warnings.catch_warnings():
            if self.objectives:  # nothing is learnt behind the last layer that is compared
                warnings.filterwarnings("ignore", "Gradients do not exist")
            return super().fit(x, y, **options)

    def prepare_to_fit(self, batches, epochs, initial_epoch, steps_per_epoch):
        steps = steps_per_epoch or getattr(batches, "num_batches", None)
        self.ensure_trainable(self.recipe.updates(steps and steps * epochs), initial_epoch)

    def ensure_trainable(self, total_steps=None, initial_epoch=0):
        """Compiles with the recipe if nobody did, or if its last run has come to its end."""
        ended = self._by_recipe and self.compiled and initial_epoch == 0
        if not self.compiled or (ended and self._is_finished()):
            self.compile(total_steps=total_steps)
        if not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)

    def _is_finished(self):
        total = inner(self.optimizer).total_steps
        return total and updates_of(self.optimizer) >= total

    def predict(self, x, batch_size=None, verbose="auto", **kwargs):
        """What the student answers; see its own `predict`."""
        return self.student.predict(x, batch_size=batch_size, verbose=verbose, **kwargs)

    # -------------------------------------------------------------- what is the student's

    @property
    def student(self):
        """The task that is trained."""
        return self._student()

    @property
    def teacher(self):
        """The task that teaches."""
        return self._teacher()

    @property
    def preprocessor(self):
        """The student's."""
        return self.student.preprocessor

    @property
    def recipe(self):
        """The student's."""
        return self.student.recipe

    @property
    def seed(self):
        """The student's."""
        return self.student.seed

    @seed.setter
    def seed(self, seed):
        self.student.seed = seed

    def encode_labels(self, y):
        return self.student.encode_labels(y)

    def class_index(self, label):
        return self.student.class_index(label)

    def learn_labels(self, y):
        self.student.learn_labels(y)

    def hold_random_state(self):
        """Nothing is held: a distiller is not loaded amid a run."""

    def continue_random_state(self):
        """Nothing was held."""

    def _feeder(self):
        from .optional_labels import OptionalLabels

        return OptionalLabels(self.student)

    def _learn(self, x, y):
        if self._feeder().has_labels(x, y):
            self.student._learn(x, y)

    def _encoded(self, y):
        return self.student._encoded(y)

    # -------------------------------------------------------------- saving

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "student": serialize(self.student),
            "teacher": serialize(self.teacher),
            "objectives": [serialize(one) for one in self.objectives],
            "teachers": first_places(self.objectives, [self.teacher]),
            **{key: getattr(self, key) for key in ("temperature", "alpha", "compare")},
        }

    @classmethod
    def from_config(cls, config):
        read, config = keras.saving.deserialize_keras_object, dict(config)
        parts = {key: read(config[key]) for key in ("student", "teacher")}
        parts["objectives"] = [read(one) for one in config["objectives"]]
        places = config.pop("teachers")
        share(parts["objectives"], places, [Teacher(parts["teacher"])])
        return cls(**{**config, **parts})


def distill(student, teacher, x, y=None, *, temperature=2.0, alpha=0.5, objectives=(), **options):
    """Trains a task by what another one says; see `Distiller`.

    Args:
        student, teacher, temperature, alpha, objectives: of `Distiller`.
        x, y: as the student's own `fit` takes them; labels may be missing.
        **options: of the student's `fit`, such as `epochs`.

    Returns:
        Keras' `History`.

    Example:

    >>> distill(student_of(teacher), teacher, texts, epochs=3)
    """
    numbers = {"temperature": temperature, "alpha": alpha, "objectives": objectives}
    return Distiller(student, teacher, **numbers).fit(x, y, **options)


def _check_numbers(temperature, alpha, compare, objectives):
    if not temperature > 0:
        raise ValueError(f"temperature must be more than 0. Given: {temperature}.")
    if alpha is not None and not 0 < alpha <= 1:
        raise ValueError(
            f"alpha is how much the teacher counts, above 0 and up to 1. Given: {alpha}. Without a "
            "teacher the student trains by its own fit."
        )
    if alpha is None and not objectives:
        raise ValueError("alpha=None leaves the objectives to learn by: give some.")
    if compare not in ("cosine", "error"):
        raise ValueError(f"compare must be 'cosine' or 'error'. Given: {compare!r}.")
    for one in objectives:
        if not isinstance(one, FromTeacher) or one.name == "soft_targets":
            raise ValueError(
                f"{type(one).__name__} is not for the texts of a task, which stay as they are: "
                "objectives compare the insides of two models, as HiddenStates and Relations do."
            )


def check_pair(student, teacher, kind):
    """Checks that a task can learn from another one.

    Args:
        student, teacher: tasks.
        kind: that of the student.

    Raises:
        ValueError: another task, other classes, another tokenizer, too short a teacher.
    """
    Teacher(teacher).check(student.encoder)
    if kind != kind_of(teacher) or len(teacher.output.shape) > len(student.output.shape):
        raise ValueError(
            f"The student is a {type(student).__name__} ({kind}), the teacher a "
            f"{type(teacher).__name__} ({kind_of(teacher)}): their answers are of two kinds. Of an "
            "EarlyExitClassifier the last exit can teach: teacher.classifier()."
        )
    ours, theirs = (
        (getattr(one, "labels", None), getattr(one, "num_classes", None))
        for one in (student, teacher)
    )
    if ours != theirs:
        raise ValueError(
            f"The student's classes are {ours[0] or ours[1]}, the teacher's "
            f"{theirs[0] or theirs[1]}: build the student with labels=teacher.labels, in the same "
            "order."
        )
    if student.preprocessor is not None:
        tokens = teacher.preprocessor and teacher.preprocessor.tokenizer
        check_same_tokens(student.preprocessor.tokenizer, tokens)
        length = student.preprocessor.max_sequence_length
        most = teacher.encoder.config.max_sequence_length
        if length > most:
            raise ValueError(
                f"The student reads {length} tokens, the teacher {most}: build the student's "
                f"preprocessor with max_sequence_length={most} or less."
            )


def _answers(student, teacher, inputs, kind):
    """What both answer; vectors of the student also as long as the teacher's."""
    found = {"student": student(inputs), "teacher": Frozen(teacher, name="answers")(inputs)}
    dim = teacher.output.shape[-1]
    if kind == "TextEmbedder" and student.output.shape[-1] != dim:
        options = {"use_bias": False, "kernel_initializer": truncated_normal(0.02)}
        layer = keras.layers.Dense(dim, name="projection", dtype="float32", **options)
        found["projected"] = layer(found["student"])
    return found


def _inside(student, inputs, objectives):
    """What objectives compare."""
    encoder = student.encoder
    if isinstance(student, MultipleChoice):
        merge = MergeChoices(name="merge_choices")
        inputs = {key: merge(inputs[key]) for key in encoder.input}
    if student.preprocessor is not None:
        for one in objectives:
            one.bind(student.preprocessor.tokenizer)
    encoded = encoded_for(objectives, encoder, inputs)
    return {one.name: one.connect(encoder, encoded, inputs) for one in objectives}
