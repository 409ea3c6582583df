"""What a pretrainer starts from, and what becomes of it: tasks, and files that others read."""

import contextlib
import warnings

from keras import ops

from ..families import family_called
from .frozen import Frozen
from .sharing import is_disentangled, whole_copy, whole_table

# Which heads there are -> end of the name of transformers' class that has them.
CLASSES = {
    frozenset({"MaskedLM"}): "ForMaskedLM",
    frozenset({"NextSentence"}): "ForNextSentencePrediction",
    frozenset({"MaskedLM", "NextSentence"}): "ForPreTraining",
    frozenset({"MaskedLM", "SentenceOrder"}): "ForPreTraining",
    frozenset({"PermutedLM"}): "LMHeadModel",
    frozenset({"ReplacedTokenDetector"}): "ForReplacedTokenDetection",
}


class Becoming:
    """Goes before `keras.Model` among the bases of `Pretrainer`; to writers it is as a task."""

    tied, example = True, "task.fit(texts)"

    def task(self, cls=None, **options):
        """A task on the encoder, which it shares, with the head that was trained if it has it.

        An encoder whose table is the difference to a generator's is copied.

        Args:
            cls: class of the task; if not given, `MaskedLM` or `ReplacedTokenDetector`, whose head
                there is.
            **options: of the class, such as `labels`.

        Raises:
            ValueError: no class given, and there are the heads of neither.
        """
        from ..tasks import TASKS

        styles = {one.head: one.style_of(self.family) for one in self.objectives if one.head}
        # A head with classes of its own is none of theirs.
        known = {s: head for head, s in styles.items() if s in TASKS and not TASKS[s].head_options}
        if cls is None:
            if not known:
                raise ValueError(
                    f"{', '.join(one.name for one in self.objectives)}: there is no head of a task "
                    "among those that were trained. Name the class: task(TextClassifier, "
                    "labels=[...]), whose head is new."
                )
            cls = TASKS[next(iter(known))]
        encoder = whole_copy(self.encoder) if is_disentangled(self.encoder) else self.encoder
        task = cls(encoder, self.preprocessor, **options)
        if cls.__name__ in known:
            layers = task.get_layer("head"), self.get_layer(known[cls.__name__])
            for new, old in zip(*(layer.weights for layer in layers)):
                new.assign(ops.convert_to_numpy(old))  # JAX would give both the same memory
        return task

    def generator_task(self):
        """The generator of `ReplacedTokens` as a `MaskedLM`.

        Raises:
            ValueError: there is none; or it has tables that its family does not have.
        """
        for one in self.objectives:
            if hasattr(one, "generator_task"):
                return one.generator_task(self.preprocessor)
        raise ValueError("There is no generator: none of the objectives is ReplacedTokens.")

    @property
    def family(self):
        """The encoder's `Family`."""
        return family_called(self.encoder.config.family)

    @property
    def preprocessor(self):
        """A `Preprocessor` for as many tokens as the encoder takes."""
        from ..preprocessing.visual_preprocessor import preprocessor_for

        config = self.encoder.config
        sizes = {"max_sequence_length": config.max_sequence_length}
        return preprocessor_for(config, self.tokenizer, **sizes)

    # -------------------------------------------------------------- files

    @property
    def head_styles(self):
        """Name of a head's layer -> its name in `Family.heads`, of what transformers has."""
        styles = {one.head: one.style_of(self.family) for one in self.objectives if one.head}
        styles = {layer: style for layer, style in styles.items() if style}
        while styles and frozenset(styles.values()) not in CLASSES:
            styles.popitem()  # the head of the objective that was named last
        return styles

    @property
    def architecture(self):
        """End of the name of transformers' class, or None for the encoder alone."""
        return CLASSES.get(frozenset(self.head_styles.values()))

    @property
    def private_weights(self):
        """Weights of heads that transformers has no class for."""
        known = {id(weight) for weight in self.encoder.weights}
        teachers = [layer for layer in self.layers if isinstance(layer, Frozen)]
        theirs = {id(weight) for teacher in teachers for weight in teacher.weights}
        kept = tuple(f"{layer}{end}" for layer in self.head_styles for end in ("/", "_pooler/"))
        return [
            weight
            for weight in self.weights
            if id(weight) in theirs
            or (id(weight) not in known and not weight.path.startswith(kept))
        ]

    def save_to_hugging_face(self, folder, overwrite=False):
        """Writes a folder that transformers reads: a model "for pre-training" with its heads.

        With the objectives of BERT it is a `BertForPreTraining`, with ALBERT's an
        `AlbertForPreTraining`. Heads that transformers has no class for are left out, which a
        warning says.

        Args:
            folder: a new one, or an empty one.
            overwrite: whether a folder that holds something may be replaced.

        Raises:
            FileExistsError: the folder holds something.

        Example:

        >>> pretrainer.save_to_hugging_face("my_bert")
        >>> transformers.AutoModelForPreTraining.from_pretrained("my_bert")
        """
        from ..checkpoints.hugging_face_writer import save_hugging_face

        with self._to_be_written():
            save_hugging_face(self, folder, overwrite=overwrite)
        own = [one for one in self.objectives if one.teacher is None]
        left_out = [one.name for one in own if one.head not in self.head_styles]
        if left_out:
            warnings.warn(
                f"{folder}: transformers has no class with the heads of all objectives; that of "
                f"{' and '.join(left_out)} is left out. `save` keeps all of a pretrainer.",
                stacklevel=2,
            )

    def save_to_google(self, folder, overwrite=False):
        """Writes a checkpoint of TensorFlow 1, from which Google's scripts go on.

        Args:
            folder: a new one, or an empty one.
            overwrite: whether a folder that holds something may be replaced.

        Raises:
            FileExistsError: the folder holds something.
            ValueError: their code has no such family or tokenizer, or other numbers in it.
        """
        from ..checkpoints.google_writer import save_google

        with self._to_be_written():
            save_google(self, folder, overwrite=overwrite)

    def _to_be_written(self):
        disentangled = is_disentangled(self.encoder)
        return whole_table(self.encoder) if disentangled else contextlib.nullcontext()

    @classmethod
    def from_preset(
        cls, preset, objectives=("masked_tokens",), *, dtype=None, strict=True, **options
    ):
        """A pretrainer that goes on from a trained encoder: adaptation to a domain.

        Heads that the checkpoint has are taken from there; others are new, and listed in
        `conversion_report.new`.

        Args:
            preset: a built-in name, a folder, `hf://owner/name[@revision]` or `pkg:name`.
            objectives: as of `Pretrainer`.
            dtype: precision policy, for example `"mixed_bfloat16"`.
            strict: whether a tensor of the encoder that is missing or left over is an error.
            **options: of `Pretrainer`, and `encoder_config` as of `Encoder.from_preset`.

        Example:

        >>> pretrainer = Pretrainer.from_preset("bert_base_en_uncased", ["masked_tokens"])
        >>> pretrainer.fit(texts_of_my_field, epochs=3)
        """
        from .beginning import begun

        return begun(cls, preset, objectives, dtype=dtype, strict=strict, **options)
