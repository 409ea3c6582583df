"""Added tokens, such as [MASK]: matched whole in the text before anything else is done with it."""

import re
from typing import NamedTuple

import tensorflow as tf

from .characters import repeated, row_numbers
from .engine import Engine
from .tokens import from_values, row_sums_before

# Unicode's White_Space, which the library's `\s` is; that of TensorFlow's regular expressions is
# ASCII alone.
SPACE = "[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
MARK = b"\xff"  # a byte that no valid UTF-8 has


class Parts(NamedTuple):
    """Strings cut at their added tokens; flat, in order, with two neighbours never both tokens.

    Attributes:
        strings: tf.string [p].
        ids: int32 [p], the id of an added token, -1 for what is between two.
        starts, ends: int32 [p], in characters of the string that it is from.
        row_splits: int64 [m + 1], the parts of each string.
    """

    strings: tf.Tensor
    ids: tf.Tensor
    starts: tf.Tensor
    ends: tf.Tensor
    row_splits: tf.Tensor


class AddedTokens(Engine):
    """An engine that finds added tokens, and gives the rest to another one.

    Of two tokens that begin at the same place the longer one is found, as in the Rust engine.

    Args:
        tokens: objects of `added_tokens` in tokenizer.json.
        inner: the engine for what is between them.

    Raises:
        ValueError: a token has a flag that is not supported.
    """

    def __init__(self, tokens, inner):
        super().__init__()
        _check(tokens)
        self.inner = inner
        contents = sorted((token["content"] for token in tokens), key=len, reverse=True)
        self._pattern = "|".join(map(_escape, contents))
        ids = {token["content"]: token["id"] for token in tokens}
        self._ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant([content.encode() for content in ids]),
                tf.constant(list(ids.values()), tf.int32),
            ),
            -1,
        )
        self._left = [token["id"] for token in tokens if token["lstrip"]]
        self._right = [token["id"] for token in tokens if token["rstrip"]]

    def __call__(self, strings, first):
        is_any, parts = self._cut(strings)
        tokens = self.inner(*_between(parts, first))
        return tf.cond(is_any, lambda: _merged(tokens, parts), lambda: tokens)

    def ids(self, strings, first):
        is_any, parts = self._cut(strings)
        ids = self.inner.ids(*_between(parts, first))
        return tf.cond(is_any, lambda: _merged_ids(ids, parts), lambda: ids)

    def _cut(self, strings):
        """Whether there are added tokens, and `Parts`: if there are none, whole strings."""
        is_any = tf.reduce_any(tf.strings.regex_full_match(strings, f"(?s).*(?:{self._pattern}).*"))
        return is_any, tf.cond(is_any, lambda: self._parts(strings), lambda: _whole(strings))

    def _parts(self, strings):
        marked = tf.strings.regex_replace(strings, f"({self._pattern})", MARK + b"\\1" + MARK)
        parts = tf.strings.split(marked, sep=MARK)
        values, splits = parts.values, parts.row_splits
        # Between two tokens there is a part, empty or not: tokens are at the odd places.
        is_token = tf.ragged.range(parts.row_lengths()).values % 2 == 1
        ids = tf.where(is_token, self._ids.lookup(values), -1)
        lengths = tf.strings.length(values, unit="UTF8_CHAR")
        values, taken_right = _strip(values, f"^{SPACE}+", _shifted(_is_in(ids, self._right), 1))
        values, taken_left = _strip(values, f"{SPACE}+$", _shifted(_is_in(ids, self._left), -1))
        lengths += _shifted(taken_left, 1) + _shifted(taken_right, -1) - taken_left - taken_right
        starts = row_sums_before(lengths, splits)
        return Parts(values, ids, starts, starts + lengths, splits)


def _whole(strings):
    """`Parts` of strings without added tokens; where they end is not looked at."""
    nothing = tf.zeros_like(strings, tf.int32)
    splits = tf.range(tf.size(strings, tf.int64) + 1)
    return Parts(strings, nothing - 1, nothing, nothing, splits)


def _between(parts, first):
    """What is between the tokens, and whether it begins its text."""
    first = repeated(first, parts.row_splits[1:] - parts.row_splits[:-1])
    return tf.where(parts.ids >= 0, "", parts.strings), first & (parts.starts == 0)


def _merged(inner, parts):
    """The tokens of parts put together to those of their strings, with the added ones."""
    order, splits = _order(inner.ids, parts)
    is_token = parts.ids >= 0
    words = row_sums_before(tf.where(is_token, 1, _last(inner.words) + 1), parts.row_splits)
    rows = row_numbers(inner.ids)
    before = tf.gather(parts.starts, rows)
    fields = (
        (inner.ids.values, parts.ids),
        (inner.starts.values + before, parts.starts),
        (inner.ends.values + before, parts.ends),
        (inner.words.values + tf.gather(words, rows), words),
    )
    return from_values(splits, *(_picked(a, b, is_token, order) for a, b in fields))


def _merged_ids(inner, parts):
    order, splits = _order(inner, parts)
    values = _picked(inner.values, parts.ids, parts.ids >= 0, order)
    return tf.RaggedTensor.from_row_splits(values, splits, validate=False)


def _check(tokens):
    takes_right = any(token["rstrip"] for token in tokens)
    for token in tokens:
        content = token["content"]
        if token["single_word"]:
            raise ValueError(
                f"The added token {content!r} is matched as a single word only (single_word), "
                "which no graph of a tokenizer does. Add it without that flag."
            )
        if takes_right and re.match(SPACE, content):
            raise ValueError(
                f"The added token {content!r} begins with white space, and another one takes the "
                "white space after it along (rstrip): no graph of a tokenizer can tell whose it "
                "is. Add them without rstrip."
            )


def _escape(content):
    """A regular expression for the characters of a token, in TensorFlow's syntax."""
    return "".join(c if c.isalnum() or ord(c) > 127 else f"\\x{{{ord(c):x}}}" for c in content)


def _is_in(ids, accepted):
    if not accepted:
        return None
    return tf.reduce_any(ids[:, None] == tf.constant(accepted, tf.int32), 1)


def _shifted(values, by):
    """Values moved one place to the right (1) or left (-1); zero or False moves in."""
    if values is None:
        return None
    none = tf.zeros([1], values.dtype)
    return tf.concat([none, values[:-1]] if by == 1 else [values[1:], none], 0)


def _strip(strings, pattern, where):
    """Strings without what matches, and how many characters that was in each."""
    if where is None:
        return strings, tf.zeros_like(strings, tf.int32)
    stripped = tf.where(where, tf.strings.regex_replace(strings, pattern, ""), strings)
    lengths = [tf.strings.length(s, unit="UTF8_CHAR") for s in (strings, stripped)]
    return stripped, lengths[0] - lengths[1]


def _last(ragged):
    """The last value of each row; -1 of an empty one."""
    values = tf.concat([[-1], ragged.values], 0)
    return tf.where(ragged.row_lengths() > 0, tf.gather(values, ragged.row_splits[1:]), -1)


def _order(inner, parts):
    """Where the tokens of each string are among those of the inner engine and, after these, the
    added ones; and the row splits of that."""
    count = tf.size(inner.values, tf.int64)
    is_token = tf.cast(parts.ids >= 0, tf.int64)
    added = tf.range(count, count + tf.reduce_sum(is_token))
    both = tf.concat(
        [
            inner.with_values(tf.range(count)),
            tf.RaggedTensor.from_row_lengths(added, is_token, validate=False),
        ],
        1,
    )
    return both.values, tf.gather(both.row_splits, parts.row_splits)


def _picked(inner, of_parts, is_token, order):
    return tf.gather(tf.concat([inner, tf.boolean_mask(of_parts, is_token)], 0), order)
