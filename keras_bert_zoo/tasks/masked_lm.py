"""Guessing hidden tokens: fill in the blank, how likely a text is, further pre-training."""

import keras
import numpy as np
from keras import ops

from ..errors import nearest
from ..families import family_called
from ..preprocessing.feature import Feature
from ..preprocessing.mask_features import MaskFeatures, Masking
from ..preprocessing.truncation import TruncationReport
from .decoding import softmax
from .feature_task import FeatureTask
from .task import encoder_inputs
from .trainer import BATCH_SIZE


@keras.saving.register_keras_serializable("keras_bert_zoo")
class MaskedLM(FeatureTask):
    """A masked language model. Its outputs are logits `(batch, places, vocabulary_size)`.

    Besides the encoder's inputs it takes `mask_positions` `(batch, places)`: the tokens to answer
    for. `fit` takes texts alone, and hides other tokens in every epoch.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        preprocessor: `keras_bert_zoo.Preprocessor`; None takes encoded inputs only.
        tied: whether the output's table is that of the encoder's tokens.
        masking: `Masking`, or a dictionary of its arguments; how `fit` hides tokens.
        recipe: `keras_bert_zoo.Recipe`.
        seed: of the order of the training data, and of what is hidden.

    Example:

    >>> task = MaskedLM.from_preset("bert_base_en_uncased")
    >>> task.fill("Paris is the [MASK] of France.")[0]
    {'token': 'capital', 'score': 0.99, 'text': 'Paris is the capital of France.'}
    """

    head_options = ()
    has_dropout = False
    architecture = ("ForMaskedLM", "ForPreTraining")
    example = 'task.fill("Paris is the [MASK] of France.")'

    def __init__(
        self,
        encoder,
        preprocessor=None,
        *,
        tied=True,
        masking=None,
        recipe=None,
        seed=None,
        name="masked_lm",
    ):
        style = family_called(encoder.config.family).head("MaskedLM")
        inputs = encoder_inputs(encoder)
        places = keras.Input((None,), dtype="int32", name="mask_positions")
        outputs = style.build(encoder, encoder(inputs), places, tied)
        super().__init__(
            encoder,
            {**inputs, "mask_positions": places},
            outputs,
            preprocessor=preprocessor,
            recipe=recipe,
            seed=seed,
            name=name,
        )
        self.tied = tied
        self.masking = masking if isinstance(masking, Masking) else Masking(**(masking or {}))
        tokenizer = preprocessor and preprocessor.tokenizer
        if tokenizer and tokenizer.is_loaded and tokenizer.mask_id is None:
            raise ValueError("The tokenizer has no mask token; a masked LM needs one.")

    @property
    def featurizer(self):
        return MaskFeatures(self.preprocessor, self.masking)

    def assemble(self, rows, features, outputs):
        """Logits at each row's masks: a list of arrays `(number of masks, vocabulary_size)`."""
        return [output[: len(feature.info)] for feature, output in zip(features, outputs)]

    def fill(self, x, top_k=5, targets=None, batch_size=None, verbose=0):
        """What may stand at the masks of texts.

        Args:
            x: a text with at least one mask token, or a list of such.
            top_k: how many answers for each mask, best first.
            targets: tokens that alone may be the answer; their scores are not made to add up to 1.
            batch_size: texts in a batch.
            verbose: 1 shows progress.

        Returns:
            For each text (for the text, if one was given) a list of `{"token", "score", "text"}`,
            `text` being the caller's with this mask filled; a list of such lists, one for each
            mask, if the text has several.

        Raises:
            ValueError: a text without a mask, one that is cut off, or a target that is no token.
        """
        allowed = self._target_ids(targets)
        rows, features, outputs = self.run(x, batch_size, verbose)
        answers = []
        for (text, *_), feature, logits in zip(rows, features, outputs):
            spans = self._mask_spans(text, len(feature.info))
            scores = softmax(logits[: len(spans)])
            filled = [
                self._best(text, span, row, allowed, top_k) for span, row in zip(spans, scores)
            ]
            answers.append(filled[0] if len(filled) == 1 else filled)
        return answers[0] if isinstance(x, str) else answers

    def _mask_spans(self, text, seen):
        """Where the masks stand in a text, in characters."""
        tokenizer = self.preprocessor.tokenizer
        encoding = tokenizer.encode(text, add_special_tokens=False)
        spans = [o for i, o in zip(encoding.ids, encoding.offsets) if i == tokenizer.mask_id]
        if not spans:
            raise ValueError(
                f"There is no {tokenizer.mask_token} in {text[:80]!r}: write it where a token is "
                "to be found."
            )
        if len(spans) > seen:
            raise ValueError(
                f"{len(spans) - seen} of {len(spans)} masks lie beyond the "
                f"{self.preprocessor.max_sequence_length} tokens that the model takes. Shorten "
                f"the text, which begins {text[:60]!r}."
            )
        return spans

    def _target_ids(self, targets):
        if targets is None:
            return None
        tokenizer = self.preprocessor.tokenizer
        targets = [targets] if isinstance(targets, str) else list(targets)
        pieces = [tokenizer.tokenize(target) for target in targets]
        for target, parts in zip(targets, pieces):
            if len(parts) != 1 or parts[0] == tokenizer.unk_token:
                raise ValueError(
                    f"The target {target!r} is not one token of this vocabulary but {parts}."
                    f"{nearest(target, tokenizer.vocabulary())}"
                )
        return np.array([tokenizer.token_to_id(parts[0]) for parts in pieces])

    def _best(self, text, span, scores, allowed, top_k):
        ids = np.arange(len(scores)) if allowed is None else allowed
        order = ids[np.argsort(-scores[ids], kind="stable")[:top_k]]
        return [self._answer(text, span, int(index), float(scores[index])) for index in order]

    def _answer(self, text, span, index, score):
        tokenizer = self.preprocessor.tokenizer
        token = tokenizer.id_to_token(index)
        written = tokenizer.decode([index], skip_special_tokens=False) if token else ""
        before, after = text[: span[0]], text[span[1] :]
        if written.startswith("##"):  # a piece that goes on with the word before it
            before, written = before.rstrip(), written[2:]
        return {"token": token, "score": score, "text": before + written.strip() + after}

    def pseudo_perplexity(self, x, batch_size=None, verbose=0):
        """How surprising texts are: `exp(-mean log p(token | all others))`.

        Every token is hidden in turn (https://arxiv.org/abs/1910.14659, section 2.3), so a text
        costs as many rows as it has tokens.

        Args:
            x: a text or a list of texts.
            batch_size: rows in a batch.
            verbose: 1 shows progress.

        Returns:
            A float, or a list of them; nan for a text without tokens.
        """
        rows = self.featurizer.read([x] if isinstance(x, str) else x)[0]
        report = TruncationReport(self.preprocessor.max_sequence_length)
        whole = self.featurizer.features(rows, None, report)
        hidden = [one for feature in whole for one in self._each_hidden(feature)]
        losses = [[] for _ in rows]
        hidden.sort(key=lambda one: -one[0].length)
        size = batch_size or BATCH_SIZE
        progress = keras.utils.Progbar(-(-len(hidden) // size)) if verbose else None
        for number, start in enumerate(range(0, len(hidden), size)):
            some = hidden[start : start + size]
            inputs = self.featurizer.inputs([feature for feature, _ in some], size)
            logits = ops.convert_to_numpy(self.outputs_on(inputs))[:, 0]
            for (feature, token), row in zip(some, logits):
                losses[feature.row].append(-np.log(softmax(row)[token]))
            if progress is not None:
                progress.update(number + 1)
        values = [float(np.exp(np.mean(loss))) if loss else float("nan") for loss in losses]
        return values[0] if isinstance(x, str) else values

    def _each_hidden(self, feature):
        """`(feature with one token hidden, that token)` for each token but the special ones."""
        tokenizer = self.preprocessor.tokenizer
        ids, *rest = feature.parts[0]
        for place, token in enumerate(ids):
            if token not in tokenizer.template.special_ids:
                masked = [*ids[:place], tokenizer.mask_id, *ids[place + 1 :]]
                place = np.array([place])
                yield Feature([(masked, *rest)], feature.row, None, place), token

    def get_config(self):
        return {**super().get_config(), "tied": self.tied, "masking": vars(self.masking)}

    @classmethod
    def head_from_hugging_face(cls, checkpoint):
        """Options of the head that a Hugging Face folder holds, or None if it holds none."""
        names = checkpoint.family.head(cls.head_style).weight_names
        transform = names.get("head/transform")
        if (f"{transform}.weight" if transform else f"{names['head']}.bias") not in checkpoint:
            return None
        return {"tied": not checkpoint.has_own(f"{names['head/decoder']}.weight")}
