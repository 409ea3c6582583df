"""Which of several texts goes with a prompt."""

import keras

from ..families import family_called
from ..layers.choices import MergeChoices, SplitChoices
from ..preprocessing.choice_features import ChoiceFeatures
from .decoding import softmax
from .feature_task import FeatureTask


@keras.saving.register_keras_serializable("keras_bert_zoo")
class MultipleChoice(FeatureTask):
    """Chooses among texts. Its outputs are logits `(batch, choices)`.

    Its inputs are the encoder's with one axis more, `(batch, choices, length)`. Each choice is read
    together with the prompt; examples may differ in how many choices they have.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        preprocessor: `keras_bert_zoo.Preprocessor`; None takes encoded inputs only.
        dropout: rate before the logits; the encoder's if not given.
        recipe: `keras_bert_zoo.Recipe`.
        seed: of the order of the training data.

    Example:

    >>> task = MultipleChoice.from_preset("bert_base_en_uncased")
    >>> task.fit([("It rained, so she", ["took an umbrella.", "ate the sun."])], [0])
    >>> task.choose("He was hungry, so he", ["cooked.", "slept.", "flew."])
    {'choice': 'cooked.', 'index': 0, 'scores': [0.8, 0.1, 0.1]}
    """

    head_options = ()
    architecture = "ForMultipleChoice"
    example = 'task.choose("He was hungry, so he", ["cooked.", "slept."])'

    def __init__(
        self,
        encoder,
        preprocessor=None,
        *,
        dropout=None,
        recipe=None,
        seed=None,
        name="multiple_choice",
    ):
        style = family_called(encoder.config.family).head("MultipleChoice")
        inputs = {
            key: keras.Input((None, *value.shape[1:]), dtype=value.dtype, name=key)
            for key, value in encoder.input.items()
        }
        merge = MergeChoices(name="merge_choices")
        merged = {key: merge(value) for key, value in inputs.items()}
        scores = style.build(encoder, encoder(merged), merged["padding_mask"], 1, dropout)
        outputs = SplitChoices(dtype="float32", name="split_choices")(
            scores, inputs["padding_mask"]
        )
        super().__init__(
            encoder, inputs, outputs, preprocessor=preprocessor, recipe=recipe, seed=seed, name=name
        )
        self._dropout = dropout

    @property
    def featurizer(self):
        return ChoiceFeatures(self.preprocessor)

    def assemble(self, rows, features, outputs):
        """Logits of each row's choices: a list of arrays `(number of choices,)`."""
        return [output[: len(choices)] for (_, choices, *_), output in zip(rows, outputs)]

    def choose(self, x, choices=None, batch_size=None, verbose=0):
        """The most probable choices.

        Args:
            x: a prompt with `choices`, or examples as `fit` takes them.
            choices: list of texts for the one prompt.
            batch_size: examples in a batch.
            verbose: 1 shows progress.

        Returns:
            For each example (for the prompt, if one was given) `{"choice", "index", "scores"}`;
            the scores are probabilities, in the order of the choices.
        """
        alone = choices is not None
        if isinstance(x, str) and not alone:
            raise ValueError("choose needs the choices: choose(prompt, [text, ...]).")
        rows, _, outputs = self.run([(x, choices)] if alone else x, batch_size, verbose)
        answers = []
        for (_, texts, *_), logits in zip(rows, outputs):
            scores = softmax(logits[: len(texts)])
            best = int(scores.argmax())
            answers.append({"choice": texts[best], "index": best, "scores": scores.tolist()})
        return answers[0] if alone else answers

    def get_config(self):
        return {**super().get_config(), "dropout": self._dropout}

    @classmethod
    def head_from_hugging_face(cls, checkpoint):
        """Options of the head that a Hugging Face folder holds, or None if it holds none."""
        style = checkpoint.family.head(cls.head_style)
        held = checkpoint.holds(style) and checkpoint.num_logits(style) == 1
        return {} if held and checkpoint.is_for(cls.architecture, unsaid=False) else None
