"""A tag for each word: named entities, parts of speech."""

import keras
import numpy as np
from keras import ops

from ..distribution.replicas import as_part
from ..errors import unknown_name
from ..families import family_called
from ..layers import ClassificationHead, CRFHead, crf
from ..metrics.entities import entity_scores
from ..metrics.entity_f1 import EntityF1
from ..preprocessing import Labels
from ..preprocessing.tags import (
    OUTSIDE,
    SCHEMES,
    allowed_transitions,
    has_entities,
    spans_of_tags,
    tags_of_types,
)
from ..preprocessing.token_features import TokenFeatures
from .decoding import best_path, marginals
from .feature_task import FeatureTask
from .task import encoder_inputs

HEADS = ("softmax", "crf")
AGGREGATIONS = ("first", "average", "max")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class TokenClassifier(FeatureTask):
    """Tags words and finds entities. Its outputs are logits `(batch, length, num_classes)`.

    Texts longer than the encoder are read in overlapping windows, and each word is answered for by
    the window that shows most of what is around it.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        preprocessor: `keras_bert_zoo.Preprocessor`; None takes encoded inputs only.
        labels: all tags, such as `["O", "B-PER", "I-PER"]`, in the order of the logits.
        entity_types: such as `["PER", "LOC"]`, instead of the tags, which then follow `scheme`.
        scheme: `"BIO"`, `"BIOES"` or `"IO"`: tags of the training data are brought into it. With
            `labels` and without a scheme they are taken as they are.
        num_classes: how many tags, where they have no names.
        head: `"softmax"`, each tag by itself; `"crf"`, a linear-chain conditional random field.
        constrained: whether no sequence comes out that makes no entities, as I-LOC after B-PER.
        aggregation: how pieces of a word become its logits: the `"first"`, the `"average"`, or the
            `"max"` of each tag.
        label_all_pieces: whether training labels all pieces of a word, or only the first.
        overlap: tokens that neighbouring windows share; a quarter of a window if not given.
        dropout: rate before the logits; the encoder's if not given.
        recipe: `keras_bert_zoo.Recipe`.
        seed: of the order of the training data.

    Raises:
        ValueError: neither tags nor types of entities, or an unknown option.

    Example:

    >>> task = TokenClassifier.from_preset("bert_nano_en_uncased", entity_types=["PER", "LOC"])
    >>> task.fit([["Ada", "in", "Rome"]], [["B-PER", "O", "B-LOC"]], epochs=3)
    >>> task.extract("Ada was in Rome.")
    [{'text': 'Ada', 'label': 'PER', 'start': 0, 'end': 3, 'score': 0.98}, ...]
    """

    head_options = ("labels", "num_classes", "entity_types")
    head_kinds = HEADS
    architecture = "ForTokenClassification"
    example = 'task.extract("A text about Ada Lovelace in London.")'

    def __init__(
        self,
        encoder,
        preprocessor=None,
        *,
        labels=None,
        entity_types=None,
        scheme=None,
        num_classes=None,
        head="softmax",
        constrained=True,
        aggregation="first",
        label_all_pieces=False,
        overlap=None,
        dropout=None,
        recipe=None,
        seed=None,
        name="token_classifier",
    ):
        check_options(head, aggregation, scheme)
        if entity_types is not None:
            if labels is not None:
                raise ValueError("Give labels (all tags) or entity_types, not both.")
            scheme = scheme or "BIO"
            labels = tags_of_types(entity_types, scheme)
        tags = Labels(labels, num_classes)
        style = family_called(encoder.config.family).head(self.head_style)
        inputs = encoder_inputs(encoder)
        layer = CRFHead if head == "crf" else ClassificationHead
        outputs = style.build(encoder, encoder(inputs), tags.num_classes, dropout, layer)
        if head == "crf":
            outputs = dict(zip(("logits", "transitions"), outputs))
        super().__init__(
            encoder, inputs, outputs, preprocessor=preprocessor, recipe=recipe, seed=seed, name=name
        )
        self._tags, self.scheme, self._dropout = tags, scheme, dropout
        self.head_kind, self.constrained, self.aggregation = head, constrained, aggregation
        self.label_all_pieces, self.overlap = label_all_pieces, overlap
        self._allowed = allowed_transitions(tags.names) if constrained and tags.names else None

    @property
    def featurizer(self):
        return TokenFeatures(
            self.preprocessor,
            self._tags,
            scheme=self.scheme,
            label_all_pieces=self.label_all_pieces,
            overlap=self.overlap,
        )

    @property
    def labels(self):
        """The tags in the order of the logits, or None while they have no names."""
        return self._tags.names

    @property
    def num_classes(self):
        """Number of tags."""
        return self._tags.num_classes

    @property
    def marks_entities(self):
        """Whether the tags say where entities begin and end."""
        return bool(self.labels) and has_entities(self.labels)

    # -------------------------------------------------------------- training

    def default_metrics(self):
        metrics = super().default_metrics()
        if self.marks_entities:
            metrics.append(EntityF1(self.labels, name="entity_f1"))
        return metrics

    def loss_of(self, x, y, y_pred, sample_weight):
        if self.head_kind != "crf" or y is None:
            return super().loss_of(x, y, y_pred, sample_weight)
        mask = ops.greater(sample_weight, 0)
        each = crf.negative_log_likelihood(
            y_pred["logits"], y_pred["transitions"], ops.cast(y, "int32"), mask
        )
        # A row counts with the mean weight of its tags, and each tag of it counts the same: that
        # makes the figure one for which the softmax head has a counterpart.
        count = ops.sum(ops.cast(mask, each.dtype), axis=1)
        weight = ops.sum(sample_weight, axis=1) / ops.maximum(count, 1.0)
        total = ops.sum(each * weight)
        if self.losses_by_mean:  # the weights of the whole batch have a mean of 1
            loss = as_part(total / ops.cast(ops.size(sample_weight), total.dtype))
        else:
            loss = total / ops.maximum(ops.sum(sample_weight), 1e-6)
        return sum((self._aggregate_additional_loss(extra) for extra in self.losses), loss)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        if self.head_kind == "crf":
            mask = ops.greater(sample_weight, 0)
            tags = crf.decode(y_pred["logits"], y_pred["transitions"], mask, self._allowed)
            y_pred = ops.one_hot(tags, self.num_classes, dtype="float32")
        return super().compute_metrics(x, y, y_pred, sample_weight)

    # -------------------------------------------------------------- answers

    def assemble(self, rows, features, outputs):
        """Logits of each row's words: a list of float32 arrays `(number of words, num_classes)`."""
        return [self._of_words(row, logits)[0] for row, logits in self._merged(features, outputs)]

    def _merged(self, features, outputs):
        """`(RowTokens, logits of its tokens)` of each row: what each window answers for."""
        merged, first_place = [], self.featurizer.first_place
        for feature, output in zip(features, outputs):
            logits = output["logits"] if self.head_kind == "crf" else output
            row, window = feature.info
            if window.start == 0:
                merged.append((row, np.zeros((len(row.ids), logits.shape[-1]), "float32")))
            shift = first_place - window.start
            place = slice(window.first + shift, window.last + shift)
            merged[-1][1][window.first : window.last] = logits[place]
        return merged

    def _of_words(self, row, logits):
        """`(logits, found)`: of each word; found is false for a word without any token."""
        words = np.zeros((row.num_words, logits.shape[-1]), "float32")
        found = np.zeros(row.num_words, bool)
        numbers, first, count = np.unique(row.word_ids, return_index=True, return_counts=True)
        if len(numbers):
            if self.aggregation == "first":
                words[numbers] = logits[first]
            elif self.aggregation == "max":
                words[numbers] = np.maximum.reduceat(logits, first)
            else:
                words[numbers] = np.add.reduceat(logits, first) / count[:, None]
        found[numbers] = True
        return words, found

    def _decoded(self, x, batch_size=None, verbose=0):
        """`(RowTokens, tag numbers of the words, their probabilities)` of each row."""
        _, features, outputs = self.run(x, batch_size, verbose)
        transitions = self._transitions()
        for row, logits in self._merged(features, outputs):
            words, found = self._of_words(row, logits)
            outside = (self.labels or []).index(OUTSIDE) if OUTSIDE in (self.labels or []) else 0
            tags, scores = np.full(row.num_words, outside), np.zeros(row.num_words)
            if found.any():
                path = best_path(words[found], *transitions)
                tags[found] = path
                share = marginals(words[found], *transitions, chained=self.head_kind == "crf")
                scores[found] = share[np.arange(len(path)), path]
            yield row, tags, scores

    def _transitions(self):
        """The scores that `best_path` takes besides the emissions."""
        count = self.num_classes
        scores = np.zeros((count + 2, count), "float32")
        if self.head_kind == "crf":
            scores = ops.convert_to_numpy(self.get_layer("head").transitions)
        return [
            ops.convert_to_numpy(p)
            for p in crf.constrain(crf.split_transitions(scores), self._allowed)
        ]

    def tag(self, x, batch_size=None, verbose=0):
        """The tag of each word.

        Args:
            x: lists of words, or texts.
            batch_size: windows in a batch.
            verbose: 1 shows progress.

        Returns:
            For each row a list of tags (numbers, if the tags have no names); for one text alone
            one such list.
        """
        name = self._tags.name_of
        rows = [
            [name(int(i)) for i in tags] for _, tags, _ in self._decoded(x, batch_size, verbose)
        ]
        return rows[0] if isinstance(x, str) else rows

    def extract(self, x, batch_size=None, verbose=0, min_score=0.0):
        """The entities in texts.

        Args:
            x: a text, a list of texts, or lists of words.
            batch_size: windows in a batch.
            verbose: 1 shows progress.
            min_score: entities of a lower score are left out.

        Returns:
            For each row (for the text, if one was given) a list of `{"text", "label", "start",
            "end", "score"}`: `start` and `end` in characters of the given text (in words, for a
            row of words), the score the mean probability of its words' tags. For tags that mark no
            entities each word is one.
        """
        found = []
        for row, tags, scores in self._decoded(x, batch_size, verbose):
            names, scores = [self._tags.name_of(tag) for tag in tags.tolist()], scores.tolist()
            if self.marks_entities:
                spans = spans_of_tags(names)
            else:
                spans = [(label, i, i + 1) for i, label in enumerate(names)]
            entities = [_entity(row, span, scores) for span in spans]
            found.append([entity for entity in entities if entity["score"] >= min_score])
        return found[0] if isinstance(x, str) else found

    def score(self, x, y=None, batch_size=None, mode="default", verbose=0):
        """Precision, recall and F1 of the entities, windows merged; see `entity_scores`.

        Args:
            x, y: as for `fit`.
            batch_size: windows in a batch.
            mode: `"default"` or `"strict"`, as in seqeval.
            verbose: 1 shows progress.
        """
        rows, targets = self.featurizer.read(x, y)
        true, predicted = [], []
        for number, (row, tags, _) in enumerate(self._decoded(rows, batch_size, verbose)):
            numbers = self.featurizer.word_indices(row, targets[number], number)
            known = numbers >= 0
            true.append([self._tags.name_of(int(i)) for i in numbers[known]])
            predicted.append([self._tags.name_of(int(i)) for i in tags[known]])
        scheme = "BIOES" if self.scheme == "BIOES" else "IOB2"
        return entity_scores(
            true, predicted, mode=mode, scheme=scheme if mode == "strict" else None
        )

    # -------------------------------------------------------------- saving

    def get_config(self):
        return {
            **super().get_config(),
            "labels": self.labels,
            "num_classes": self.num_classes,
            "scheme": self.scheme,
            "head": self.head_kind,
            "constrained": self.constrained,
            "aggregation": self.aggregation,
            "label_all_pieces": self.label_all_pieces,
            "overlap": self.overlap,
            "dropout": self._dropout,
        }

    @classmethod
    def head_from_hugging_face(cls, checkpoint):
        """Options of the head that a Hugging Face folder holds, or None if it holds none."""
        style = checkpoint.family.head(cls.head_style)
        if not checkpoint.is_for("TokenClassification") or not checkpoint.holds(style):
            return None
        count = checkpoint.num_logits(style)
        return {"labels": checkpoint.labels(count), "num_classes": count}


def check_options(head, aggregation, scheme):
    """Raises a ValueError for an option that is not known."""
    for what, value, known in (
        ("head", head, HEADS),
        ("aggregation", aggregation, AGGREGATIONS),
        ("scheme", scheme, (None, *SCHEMES)),
    ):
        if value not in known:
            raise unknown_name(what, value, [k for k in known if k])


def _entity(row, span, scores):
    label, first, last = span
    start, end = row.word_spans[first][0], row.word_spans[last - 1][1]
    words = row.text[start:end]
    return {
        "text": words if isinstance(words, str) else " ".join(words),
        "label": label,
        "start": int(start),
        "end": int(end),
        "score": sum(scores[first:last]) / (last - first),
    }
