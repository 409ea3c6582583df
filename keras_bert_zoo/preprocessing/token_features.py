"""Words with a tag each, or texts with marked stretches, as windows of tokens."""

import dataclasses

import numpy as np

from ..errors import nearest
from .feature import Feature, Featurizer
from .inputs import column_names, is_missing, is_table, plain, split_labels
from .packing import after_space, fill
from .tags import OUTSIDE, convert_tags, parts_of, tags_of_spans
from .windows import windows

WORD_COLUMNS = ("tokens", "words", "text", "sentence")
TAG_COLUMNS = ("tags", "ner_tags", "pos_tags", "labels", "label", "upos", "entities", "spans")
SEQUENCES = (list, tuple, np.ndarray)


@dataclasses.dataclass(frozen=True)
class RowTokens:
    """The tokens of one row, in one piece.

    Args:
        ids: token ids, without special ones.
        word_ids: number of the word that each token is of.
        word_spans: `(start, end)` of each word, in characters of the text; of words that were
            given as such, in words.
        text: the text, or the list of words.
    """

    ids: list
    word_ids: np.ndarray
    word_spans: list
    text: object

    @property
    def num_words(self):
        return len(self.word_spans)


class TokenFeatures(Featurizer):
    """Windows over words or texts; what is to be learnt is a tag for each word.

    Args:
        preprocessor: `Preprocessor`.
        labels: `Labels`, the tags.
        scheme: the scheme that tags are brought into; None leaves them as they are.
        label_all_pieces: whether all pieces of a word have its tag (the later ones as inside of
            the entity), or only the first.
        overlap: tokens that neighbouring windows share; a quarter of the length if not given.
    """

    splits, padding_side = True, "right"

    def __init__(self, preprocessor, labels, *, scheme=None, label_all_pieces=False, overlap=None):
        super().__init__(preprocessor)
        self.labels, self.scheme = labels, scheme
        self.label_all_pieces, self.overlap = label_all_pieces, overlap

    # -------------------------------------------------------------- reading

    def read(self, x, y=None):
        if is_table(x):
            return self._read_table(x, y)
        if isinstance(x, (str, bytes)):
            raise TypeError("One text alone has no labels to learn: give a list of them.")
        rows = [_row(value, place) for place, value in enumerate(plain(x))]
        return rows, None if y is None else list(y)

    def _read_table(self, table, y):
        names = column_names(table)
        texts = next((name for name in WORD_COLUMNS if name in names), None)
        if texts is None:
            raise ValueError(
                f"Which column holds the words? The table has {names}; one of {WORD_COLUMNS} is "
                "looked for. Give the column itself: fit(table[...], tags)."
            )
        rows = [_row(value, place) for place, value in enumerate(plain(table[texts]))]
        if y is None:
            y = next((name for name in TAG_COLUMNS if name in names), None)
        return rows, None if y is None else split_labels(table, y)

    # -------------------------------------------------------------- features

    def tokens(self, rows):
        """`RowTokens` of each row."""
        result, tokenizer = [None] * len(rows), self.preprocessor.tokenizer
        for is_text, encode in (
            (True, tokenizer.encode_batch),
            (False, tokenizer.encode_words_batch),
        ):
            places = [i for i, row in enumerate(rows) if isinstance(row, str) is is_text]
            encoded = encode([rows[i] for i in places], add_special_tokens=False) if places else []
            for place, encoding in zip(places, encoded):
                result[place] = _row_tokens(rows[place], encoding)
        return result

    def features(self, rows, targets, report):
        result = []
        room = self.preprocessor.room()
        overlap = room // 4 if self.overlap is None else self.overlap
        tokens = self.tokens(rows)
        report.add([len(one.ids) for one in tokens], [0] * len(rows))
        for number, row in enumerate(tokens):
            goal = None if targets is None else self._goal(row, targets[number], number)
            for window in windows(len(row.ids), room, overlap):
                result.append(self._feature(number, row, goal, window))
        return result

    @property
    def first_place(self):
        """Place of a window's first token in the input: [CLS], for one, comes before it."""
        return self.preprocessor.tokenizer.template.single.starts([0])[0]

    def _feature(self, number, row, goal, window):
        part = row.ids[window.start : window.end]
        longest = self.preprocessor.max_sequence_length
        ids, segments, _ = fill(self.preprocessor.tokenizer.template.single, [part], longest)
        target = None
        if goal is not None:
            target = np.full(len(ids), -1, "int32")
            shift = self.first_place - window.start
            target[window.first + shift : window.last + shift] = goal[window.first : window.last]
        return Feature([(ids, segments)], number, target, (row, window))

    def _goal(self, row, given, number):
        """The number of the tag of each token; -1 where there is nothing to learn."""
        index = self.word_indices(row, given, number)
        goal = index[row.word_ids] if len(row.ids) else np.zeros(0, "int32")
        later = np.zeros(len(goal), bool)
        later[1:] = row.word_ids[1:] == row.word_ids[:-1]
        if not self.label_all_pieces:
            return np.where(later, -1, goal)
        inside = np.array([self._inside(i) for i in range(self.labels.num_classes)])
        return np.where(later & (goal >= 0), inside[goal], goal)

    def _inside(self, index):
        """The tag of a later piece of a word: one inside of the entity, if there is such a tag."""
        names = self.labels.names or []
        prefix, label = parts_of(names[index]) if names else ("", "")
        inner = f"I-{label}"
        return names.index(inner) if prefix in ("B", "I", "S") and inner in names else index

    def word_indices(self, row, given, number):
        """The number of the tag of each word of a row; -1 for one whose tag is not known.

        Raises:
            ValueError: more or fewer tags than words, or a tag that is not one of the labels.
        """
        tags = self.tags_of_marks(row, given, number) if isinstance(row.text, str) else list(given)
        if len(tags) != row.num_words:
            raise ValueError(
                f"Row {number} has {row.num_words} words and {len(tags)} tags: they must match. "
                f"It begins {str(row.text)[:60]!r}."
            )
        unknown = np.array([_is_unknown(tag) for tag in tags], bool)
        if self.scheme and all(isinstance(tag, str) for tag in tags):
            tags = convert_tags([OUTSIDE if _is_unknown(tag) else tag for tag in tags], self.scheme)
        indices = np.full(len(tags), -1, "int32")
        if not unknown.all():
            known = [tag for tag, skip in zip(tags, unknown) if not skip]
            self._check(known, number)
            indices[~unknown] = self.labels.encode(known)
        return indices

    def _check(self, tags, number):
        names = self.labels.names or []
        wrong = [tag for tag in tags if names and isinstance(tag, str) and tag not in names]
        if wrong:
            raise ValueError(
                f"Row {number} has the tag {wrong[0]!r}, which is not one of "
                f"{', '.join(map(repr, names[:20]))}{', ...' if len(names) > 20 else ''}."
                f"{nearest(wrong[0], names)}"
            )

    def tags_of_marks(self, row, marks, number):
        """A tag for each word of a text whose entities are marked by characters.

        Args:
            row: `RowTokens` of a text.
            marks: list of `{"start": ..., "end": ..., "label": ...}`, or of `(start, end, label)`.
            number: of the row, for messages.

        Raises:
            ValueError: a mark that is outside of the text, or holds no word.
        """
        spans = []
        for mark in marks:
            start, end, label = _mark(mark, number)
            if not 0 <= start < end <= len(row.text):
                raise ValueError(
                    f"Row {number} marks characters {start} to {end} as {label!r}, but its text "
                    f"has {len(row.text)} characters."
                )
            inside = [place for place, (a, b) in enumerate(row.word_spans) if a < end and b > start]
            if not inside:
                raise ValueError(
                    f"Row {number} marks {row.text[start:end]!r} (characters {start} to {end}) as "
                    f"{label!r}: there is no word in it."
                )
            spans.append((label, inside[0], inside[-1] + 1))
        try:
            return tags_of_spans(spans, row.num_words, self.scheme or "BIO")
        except ValueError as error:
            raise ValueError(f"Row {number}: {error}") from None

    # -------------------------------------------------------------- batches

    def targets(self, features, inputs):
        y = np.zeros(inputs["token_ids"].shape, "int32")
        weight = np.zeros(y.shape, "float32")
        for place, feature in enumerate(features):
            target = feature.target
            y[place, : len(target)] = np.maximum(target, 0)
            weight[place, : len(target)] = target >= 0
        return y, weight


def _row(value, place):
    """A row: a str, or a list of str."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, str):
        return value
    if isinstance(value, SEQUENCES):
        words = list(value)
        for word in words:
            if not isinstance(word, str):
                raise TypeError(
                    f"Row {place} holds {word!r:.60} ({type(word).__name__}) among its words; "
                    "words must be str."
                )
        return words
    hint = " Fill empty cells with ''." if is_missing(value) else ""
    raise TypeError(
        f"A row must be a text, or a list of words. Row {place} is {value!r:.60} "
        f"({type(value).__name__}).{hint}"
    )


def _row_tokens(row, encoding):
    word_ids = np.array(encoding.word_ids, "int64")
    if isinstance(row, list):
        spans = [(place, place + 1) for place in range(len(row))]
        return RowTokens(encoding.ids, word_ids, spans, row)
    # Words as the tokenizer cuts them, numbered without gaps.
    _, first, word_ids = np.unique(word_ids, return_index=True, return_inverse=True)
    last = [*first[1:], len(encoding.ids)]
    offsets = encoding.offsets
    spans = [(offsets[a][0], offsets[b - 1][1]) for a, b in zip(first, last)]
    spans = [(after_space(row, start, end), end) for start, end in spans]
    return RowTokens(encoding.ids, word_ids, spans, row)


def _mark(mark, number):
    """`(start, end, label)` of a mark in any form."""
    try:
        if isinstance(mark, dict):
            label = mark.get("label", mark.get("entity_group", mark.get("type")))
            return int(mark["start"]), int(mark["end"]), str(label)
        start, end, label = mark
        return int(start), int(end), str(label)
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f'Row {number}: a marked stretch of a text is {{"start": 0, "end": 5, "label": "PER"}} '
            f"or (0, 5, 'PER'), in characters. Given: {mark!r:.80}."
        ) from None


def _is_unknown(tag):
    """Whether a tag says that it is not known: -100, -1 or `"_"`, as data sets write it."""
    return tag in (-100, -1, "_") or is_missing(tag)
