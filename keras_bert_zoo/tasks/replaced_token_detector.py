"""Which words of a text are not those that were written: ELECTRA's discriminator."""

import keras

from .token_classifier import TokenClassifier

ORIGINAL, REPLACED = "original", "replaced"
# Options of a `TokenClassifier` that have one value here.
FIXED = (
    "labels",
    "num_classes",
    "scheme",
    "head",
    "constrained",
    "aggregation",
    "label_all_pieces",
    "dropout",
)


@keras.saving.register_keras_serializable("keras_bert_zoo")
class ReplacedTokenDetector(TokenClassifier):
    """Finds words that something else has put into a text (https://arxiv.org/abs/2003.10555).

    A `TokenClassifier` with the two labels "original" and "replaced", and the head that ELECTRA was
    pre-trained with. A word is as doubtful as the most doubtful of its pieces. Its outputs are
    logits `(batch, length, 2)`, of which the first is 0.

    Args:
        encoder: an ELECTRA.
        preprocessor: `keras_bert_zoo.Preprocessor`; None takes encoded inputs only.
        overlap: tokens that neighbouring windows share; a quarter of a window if not given.
        recipe: `keras_bert_zoo.Recipe`.
        seed: of the order of the training data.

    Raises:
        ValueError: the encoder is of another family.

    Example:

    >>> task = ReplacedTokenDetector.from_preset("electra_small_en_uncased")
    >>> task.detect("the chef ate the meal", threshold=0.3)
    [{'text': 'ate', 'start': 9, 'end': 12, 'score': 0.48}]
    """

    head_options = ()
    head_kinds = ()
    architecture = "ForReplacedTokenDetection"  # ELECTRA's `ForPreTraining`
    example = 'task.detect("The chef ate the meal.")'

    def __init__(
        self,
        encoder,
        preprocessor=None,
        *,
        overlap=None,
        recipe=None,
        seed=None,
        name="replaced_token_detector",
    ):
        super().__init__(
            encoder,
            preprocessor,
            labels=[ORIGINAL, REPLACED],
            aggregation="max",
            label_all_pieces=True,
            overlap=overlap,
            recipe=recipe,
            seed=seed,
            name=name,
        )

    def detect(self, x, threshold=0.5, batch_size=None, verbose=0):
        """The words that are probably not those that were written.

        Args:
            x: a text, a list of texts, or lists of words.
            threshold: probability from which a word counts as replaced; 0 gives all words.
            batch_size: windows in a batch.
            verbose: 1 shows progress.

        Returns:
            For each row (for the text, if one was given) a list of `{"text", "start", "end",
            "score"}`: `start` and `end` in characters of the given text (in words, for a row of
            words), the score the probability that the word was replaced.

        Raises:
            ValueError: a threshold below 0 or above 1.
        """
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold must be a probability, from 0 to 1. Given: {threshold}.")
        found = []
        for words in self.extract([x] if isinstance(x, str) else x, batch_size, verbose):
            for word in words:
                score = word.pop("score")
                word["score"] = score if word.pop("label") == REPLACED else 1 - score
            found.append([word for word in words if word["score"] >= threshold])
        return found[0] if isinstance(x, str) else found

    def get_config(self):
        config = super().get_config()
        return {key: value for key, value in config.items() if key not in FIXED}

    @classmethod
    def head_from_hugging_face(cls, checkpoint):
        """`{}` if the checkpoint holds a discriminator's head, or None."""
        style = checkpoint.family.head(cls.head_style)
        return {} if checkpoint.holds(style) else None
