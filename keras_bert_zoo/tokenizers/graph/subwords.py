"""What byte-level BPE and Unigram have in common: words are cut into tokens, each word alone."""

import tensorflow as tf

from .characters import decode, repeated, splits_of
from .engine import Engine
from .normalizers import Normalizer
from .tokens import from_values


class Normalized(Engine):
    """An engine for strings that it need not normalize.

    Args:
        engine: a `Subwords`.
    """

    exact = True

    def __init__(self, engine):
        super().__init__()
        self._engine = engine

    def __call__(self, strings, first):
        return self._engine(strings, first, normalized=True)

    def ids(self, strings, first):
        return self._engine.ids(strings, first, normalized=True)


class Subwords(Engine):
    """An engine that cuts words. A subclass says what words are, and how unusual ones are cut.

    Args:
        normalizer: of tokenizer.json, an object or None.
        whole: dict of word (bytes) to id, for words that are one token; the fastest.
    """

    exact = True

    def __init__(self, normalizer, whole):
        super().__init__()
        self._normalizer = Normalizer(normalizer)
        if self._normalizer.steps:
            self.normalize = self._normalizer.strings
            self.normalized = Normalized(self)
        keys, values = list(whole) or [b""], list(whole.values()) or [-1]
        table = tf.lookup.KeyValueTensorInitializer(keys, values, tf.string, tf.int32)
        self._whole = tf.lookup.StaticHashTable(table, -1)

    @tf.autograph.experimental.do_not_convert
    def __call__(self, strings, first, normalized=False):
        characters, begins = self._words(self._characters(strings, True, normalized), first)
        ids, lengths, counts, owners = self._cut_all(characters, begins)
        before = tf.concat([[0], tf.cumsum(lengths)], 0)
        starts, ends = self._places(characters, ids, before)
        word_of = repeated(tf.range(tf.size(counts)), counts)
        owner = tf.gather(owners, word_of)
        begin = tf.math.unsorted_segment_min(tf.range(tf.size(owners)), owners, characters.texts)
        splits = splits_of(owner, characters.texts)
        starts, ends = self._trimmed(ids, starts, ends, first, splits)
        return from_values(splits, ids, starts, ends, word_of - tf.gather(begin, owner))

    @tf.autograph.experimental.do_not_convert
    def ids(self, strings, first, normalized=False):
        characters, begins = self._words(self._characters(strings, False, normalized), first)
        ids, _, counts, owners = self._cut_all(characters, begins)
        lengths = tf.math.unsorted_segment_sum(counts, owners, characters.texts)
        splits = tf.concat([[0], tf.cumsum(tf.cast(lengths, tf.int64))], 0)
        return tf.RaggedTensor.from_row_splits(ids, splits, validate=False)

    def _characters(self, strings, aligned, normalized):
        return decode(strings, aligned) if normalized else self._normalizer(strings, aligned)

    def _words(self, characters, first):
        """`Characters` of all words, and whether each begins one."""
        raise NotImplementedError

    def _cut(self, words):
        """Ids of the tokens of different words, how many units long each is, and how many of each.

        A unit is what `_places` counts in.
        """
        raise NotImplementedError

    def _unit_lengths(self, words, lengths):
        """How many units long words of so many characters are."""
        raise NotImplementedError

    def _places(self, characters, ids, before):
        """Where tokens start and end; `before` counts the units before each, and them all."""
        raise NotImplementedError

    def _trimmed(self, ids, starts, ends, first, splits):
        """The places less the white space that a post-processor leaves out."""
        return starts, ends

    def _cut_all(self, characters, begins):
        """Ids, lengths in units, the count of each word's, and the text that each word is of."""
        (heads,) = tf.unstack(tf.where(begins), axis=1)
        size = tf.size(characters.points, tf.int64)
        splits = tf.concat([heads, [size]], 0)
        # Empty where there are no characters, as the first always begins a word.
        owners = tf.gather(characters.rows, heads)
        words = tf.strings.unicode_encode(
            tf.RaggedTensor.from_row_splits(characters.points, splits, validate=False), "UTF-8"
        )
        known = self._whole.lookup(words)
        rare = tf.where(known < 0)[:, 0]
        different, which = tf.unique(tf.gather(words, rare))
        ids, lengths, counts = self._cut(different)
        # A table of the different words' tokens, and after them those that are words.
        ends = tf.cumsum(counts)
        total = tf.size(ids)
        places = total + tf.range(tf.size(known))
        begin = tf.tensor_scatter_nd_update(places, rare[:, None], tf.gather(ends - counts, which))
        taken = tf.tensor_scatter_nd_update(
            tf.ones_like(known), rare[:, None], tf.gather(counts, which)
        )
        within = tf.range(tf.reduce_sum(taken))
        word_of = repeated(tf.range(tf.size(taken)), taken)
        within -= tf.gather(tf.cumsum(taken, exclusive=True), word_of)
        place = tf.gather(begin, word_of) + within
        units = self._unit_lengths(words, tf.cast(splits[1:] - splits[:-1], tf.int32))
        ids = tf.gather(tf.concat([ids, known], 0), place)
        return ids, tf.gather(tf.concat([lengths, units], 0), place), taken, owners
