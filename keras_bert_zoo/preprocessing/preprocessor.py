"""A tokenizer, and the numbers that say how its ids become rows."""

import heapq

import keras
import numpy as np

from ..errors import unknown_name
from .buckets import bucket_for, checked_buckets, choose_buckets, grid_buckets, spare_buckets
from .inputs import as_rows, joined
from .packing import fill, pad_rows
from .truncation import MODES, TruncationError, TruncationReport

SAMPLE = 2000  # texts whose lengths decide the buckets
# Of how many texts, those of the most characters, the longest decides too: outside of the buckets
# it would pad its whole batch. Not less: punctuation makes more tokens than letters do.
LONGEST = 256


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Preprocessor(keras.Layer):
    """Turns texts, or pairs of texts, into the encoder's inputs.

    Args:
        tokenizer: `keras_bert_zoo.Tokenizer`.
        max_sequence_length: most tokens in a row, special ones included.
        truncation: what happens to a longer text: `"warn"` cuts it and says how much was cut,
            `"error"` refuses it, `"silent"` cuts it.
        num_buckets: most lengths that training batches are padded to; chosen by the amount of
            data if not given. Texts longer than any seen in training have a few more.
        buckets: the lengths themselves, to which `max_sequence_length` is added; found from the
            training data if not given.
        fixed_batch_shape: fill the last batch up with rows of weight zero, so that every batch
            has the same number of rows. For TPU, and wherever a compilation is dear.

    Raises:
        ValueError: unknown `truncation`, no room for a token, or impossible buckets.

    Example:

    >>> preprocessor = Preprocessor(tokenizer, max_sequence_length=128)
    >>> preprocessor(["a text", "another"])["token_ids"].shape
    (2, 8)
    """

    visual_dim = None  # size of an image's regions, of a preprocessor that reads images

    def __init__(
        self,
        tokenizer,
        max_sequence_length=512,
        *,
        truncation="warn",
        num_buckets=None,
        buckets=None,
        fixed_batch_shape=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if truncation not in MODES:
            raise unknown_name("truncation", truncation, MODES)
        if max_sequence_length < 4:
            raise ValueError(
                "max_sequence_length must be at least 4: a pair has three special tokens. "
                f"Given: {max_sequence_length}."
            )
        if num_buckets is not None and num_buckets < 1:
            raise ValueError(f"num_buckets must be 1 or more, or None. Given: {num_buckets}.")
        self.tokenizer, self.max_sequence_length = tokenizer, int(max_sequence_length)
        self.truncation, self.num_buckets = truncation, num_buckets
        self.fixed_batch_shape = fixed_batch_shape
        if buckets is not None:
            buckets = tuple(checked_buckets(buckets, self.max_sequence_length))
        self._buckets = buckets
        self.built = True

    @property
    def buckets(self):
        """Lengths that batches are padded to: found by `fit_buckets`, else a fixed grid."""
        return list(self._buckets or grid_buckets(self.max_sequence_length))

    def fit_buckets(self, rows, steps=None):
        """Chooses the buckets for these rows, once; later calls keep the first choice.

        Args:
            rows: list of tuples of one or two texts.
            steps: number of updates that are going to be made.
        """

        def lengths(numbers):
            some = [rows[i] for i in numbers]
            packed, _ = self.pack_rows(some, TruncationReport(0), refuse=False)
            return [len(one[0]) for one in packed]

        characters = lambda: [sum(map(len, row)) for row in rows]  # noqa: E731
        self.fit_buckets_to(len(rows), lengths, steps, characters)

    def fit_buckets_to(self, count, lengths_of, steps=None, sizes=None):
        """The same for rows of any kind.

        Args:
            count: how many rows there are.
            lengths_of: numbers of rows -> how many tokens each of them has.
            steps: number of updates that are going to be made.
            sizes: a function that gives a number for each row that grows with its length, to find
                the longest; if not given, the length of all rows is asked for.
        """
        if self._buckets is not None or not count:
            return
        most = self.num_buckets or affordable_buckets(steps)
        # The lengths seen share these; what is longer has its own, which are used if it comes.
        lengths = _sample_lengths(count, lengths_of, sizes)
        longest = max(lengths)
        chosen = choose_buckets(lengths, most, longest)
        chosen += [*spare_buckets(longest, self.max_sequence_length), self.max_sequence_length]
        self._buckets = tuple(sorted(set(chosen)))

    def fix_shape(self):
        """From here on all batches are padded to `max_sequence_length`, and are full."""
        self._buckets, self.fixed_batch_shape = (self.max_sequence_length,), True

    def separate(self, x):
        """`(x, rest)`: what holds the texts, and what each row has beside them, or None."""
        return x, None

    def read(self, x):
        """The rows in `x`, as `pack_rows` takes them: tuples of one or two texts, and the rest."""
        x, rest = self.separate(x)
        return joined(as_rows(x), rest)

    def texts_of(self, rows):
        """`(texts, rest)` of rows: tuples of texts, and tuples of what follows them."""
        return rows, [()] * len(rows)

    def pack_rows(self, rows, report, refuse=True):
        """Tokenizes and packs rows.

        Args:
            rows: list of tuples of one or two texts, and of what a subclass reads besides.
            report: `TruncationReport` that is added to.
            refuse: whether `truncation="error"` holds.

        Returns:
            `(packed, cut)`: a list of `(token_ids, segment_ids)`, each with what follows the texts
            of its row, and ids cut from each.
        """
        texts, rest = self.texts_of(rows)
        tokenizer, width = self.tokenizer, len(texts[0]) if texts else 1
        columns = [tokenizer.ids_batch([row[i] for row in texts]) for i in range(width)]
        layout, longest = tokenizer.template.layout(width), self.max_sequence_length
        packed, cut, counts = [], [], []
        for parts, more in zip(zip(*columns), rest):
            ids, segments, dropped = fill(layout, parts, longest)
            packed.append((ids, segments, *more))
            cut.append(dropped)
            counts.append(sum(map(len, parts)))
        if refuse and self.truncation == "error" and any(cut):
            self._refuse(rows, counts, cut)
        report.add(counts, cut)
        return packed, cut

    def _refuse(self, rows, counts, cut):
        first = next(index for index, dropped in enumerate(cut) if dropped)
        raise TruncationError(
            f"{sum(1 for n in cut if n)} of {len(rows)} texts are longer than the "
            f"{self.max_sequence_length} tokens that the model takes. The first has "
            f"{counts[first]} tokens and begins {rows[first][0][:60]!r}. Shorten or split them, "
            'or use truncation="warn" or "silent" to have them cut.'
        )

    def room(self, parts=1):
        """How many tokens of so many texts a row holds, beside the template's own."""
        return self.max_sequence_length - self.tokenizer.template.layout(parts).special

    def pad(self, packed, num_rows=None, side=None):
        """Pads packed rows to the smallest bucket that holds them.

        Args:
            packed: list of `(token_ids, segment_ids)`.
            num_rows: rows of the result, if more than are given.
            side: "left" or "right"; that of the tokenizer's template if not given.

        Raises:
            ValueError: the tokenizer has nothing to pad with.
        """
        if self.tokenizer.pad_id is None:
            raise ValueError(
                "The tokenizer has no padding token. Name one of its tokens as `pad_token` in "
                "tokenizer_config.json."
            )
        longest = max((len(ids) for ids, _ in packed), default=1)
        length = bucket_for(longest, self.buckets)
        side = side or self.tokenizer.template.padding_side
        return pad_rows(packed, length, self.tokenizer.pad_id, num_rows, side)

    def for_inference(self):
        """A preprocessor that pads batches no further than needed, where any length is as good.

        That is on torch on a CPU, unless shapes are to be fixed: nothing is compiled there, and no
        kernel likes some lengths better. Elsewhere it is this one.
        """
        if self.fixed_batch_shape or not _on_torch_cpu():
            return self
        other = object.__new__(type(self))  # copy.copy would save all of it and load it again
        vars(other).update(vars(self))
        other._buckets = tuple(range(1, self.max_sequence_length + 1))
        return other

    def __call__(self, x):
        """The encoder's inputs, as int32 arrays, for any texts that a task takes."""
        report = TruncationReport(self.max_sequence_length)
        packed, _ = self.pack_rows(self.read(x), report)
        if self.truncation == "warn":
            report.warn()
        return self.pad(packed)

    def get_config(self):
        return {
            "name": self.name,
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "max_sequence_length": self.max_sequence_length,
            "truncation": self.truncation,
            "num_buckets": self.num_buckets,
            "buckets": self._buckets and list(self._buckets),
            "fixed_batch_shape": self.fixed_batch_shape,
        }

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        tokenizer = keras.saving.deserialize_keras_object(config.pop("tokenizer"))
        return cls(tokenizer, **config)


def _sample_lengths(count, lengths_of, sizes):
    """Lengths of rows from all over the data, and of the longest one."""
    step = max(1, count // SAMPLE)
    if step == 1 or sizes is None:
        return lengths_of(range(count))
    sizes = sizes()
    most = heapq.nlargest(LONGEST, range(count), key=sizes.__getitem__)
    return [*lengths_of(range(0, count, step)), max(lengths_of(most))]


def affordable_buckets(steps=None):
    """How many lengths are worth it: on JAX each one is compiled, which costs as much as steps."""
    if keras.config.backend() != "jax":
        return 16
    return min(max((steps or 0) // 20, 2), 12)


def padding_share(masks):
    """Share of padding in padding masks: 0.1 means that a tenth of the positions is wasted."""
    computed = sum(np.size(mask) for mask in masks)
    return sum(int(np.sum(np.equal(mask, 0))) for mask in masks) / max(computed, 1)


def _on_torch_cpu():
    return keras.config.backend() == "torch" and keras.ops.zeros(()).device.type == "cpu"
