"""What an encoder makes of a batch, as far as the objectives ask for it."""

import functools

import keras
from keras import ops

from ..families import family_called
from ..packed_texts import packed

SEQUENCES = "sequence_ids"
HIDDEN_STATES, ATTENTION_MAPS = "hidden_states", "attention_maps"


class Encoded:
    """The encoder's output, and what is inside if an objective `reads` it; all of one pass.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        inputs: its inputs, symbolic, and perhaps others; `sequence_ids` where rows are packed.
        reads: what is needed beside the output: `HIDDEN_STATES`, `ATTENTION_MAPS`.
        attention_parts: what is needed of which block's attention, as in `Encoder.trace`.

    `sequence` is the encoder's output `(batch, length, hidden_dim)`; `hidden_states`,
    `attention_maps` and `attention_parts` are as `Encoder.trace` has them; `padding_mask` is 1 for
    each position that is none. `teachers` are what teachers make of the same batch: see `Teacher`.
    With `depth` no more blocks than that are run.
    """

    def __init__(self, encoder, inputs, reads=(), attention_parts=None, depth=None):
        self._encoder, self.inputs = encoder, {name: inputs[name] for name in encoder.input}
        self.was_pooled, self.teachers = False, {}
        self.padding_mask = encoder.padding_mask(self.inputs)
        pack = {SEQUENCES: inputs[SEQUENCES]} if SEQUENCES in inputs else {}
        if not (reads or attention_parts):
            # Whether dropout is active is for each call to say: not False, as it is in a trace.
            run = lambda all_of: packed(encoder, all_of, training=None)["sequence_output"]  # noqa: E731
            self.sequence = run({**self.inputs, **pack}) if pack else encoder(self.inputs)
            return
        maps = ATTENTION_MAPS in reads
        found = Inside(encoder, maps, attention_parts, depth)({**self.inputs, **pack})
        self.sequence = found["sequence_output"]
        self.hidden_states, self.attention_maps = found[HIDDEN_STATES], found[ATTENTION_MAPS]
        self.attention_parts = found["attention_parts"]

    @functools.cached_property
    def pooled(self):
        """The pooler's vector `(batch, hidden_dim)`; a head that has its own pooler asks not."""
        self.was_pooled = True
        return self._encoder.pooler(self.sequence)

    def token_logits(self, places):
        """Scores of all tokens at places, by one head for all who ask.

        Args:
            places: symbolic, int `(batch, places)`.

        Returns:
            `(batch, places, vocabulary_size)`, of the family's own head for `MaskedLM`.
        """
        if not hasattr(self, "_token_head"):
            style = family_called(self._encoder.config.family).head("MaskedLM")
            logits = style.build(self._encoder, self.sequence, places, True)
            self._token_head = logits._keras_history.operation
            return logits
        return self._token_head(self.sequence, places)

    @property
    def all_places(self):
        """The number of each token in its row, int `(batch, length)`."""
        return ops.cumsum(ops.ones_like(self.inputs["token_ids"]), axis=1) - 1


class Inside(keras.Layer):
    """What an encoder computes on the way, as one layer of a model: see `Encoder.trace`.

    Without it a block would be in a model that Keras knows already, with other outputs than there,
    which a functional model does not allow.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        attention_maps, attention_parts, depth: of its `trace`.
    """

    def __init__(self, encoder, attention_maps=False, attention_parts=None, depth=None, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        # In a function, so that Keras leaves the numbers of the blocks as they are.
        self._asked = lambda: {
            "attention_maps": attention_maps,
            "attention_parts": attention_parts,
            "depth": depth,
        }

    def call(self, inputs, training=None):
        if SEQUENCES in inputs:
            return packed(self.encoder, inputs, training=training, **self._asked())
        found = self.encoder.trace(inputs, training=training, **self._asked())
        found.pop("pooled_output", None)
        return found

    def compute_output_spec(self, inputs, training=None):
        spec = lambda x: keras.KerasTensor(x.shape, x.dtype)  # noqa: E731
        return keras.tree.map_structure(spec, self.call(inputs))


def encoded_for(objectives, encoder, inputs):
    """`Encoded` with what objectives ask for, of the encoder and of their teachers.

    Args:
        objectives: list of `Objective`.
        encoder: `keras_bert_zoo.Encoder`.
        inputs: symbolic inputs, of the encoder and of the objectives.
    """
    reads = {name for one in objectives for name in one.reads}
    parts = joined(one.attention_parts(encoder) for one in objectives)
    encoded = Encoded(encoder, inputs, reads, parts)
    pupils = {}
    for one in objectives:
        if one.teacher is not None:
            pupils.setdefault(id(one.teacher.model), []).append(one)
    for number, taught in enumerate(pupils.values()):
        teacher, name = taught[0].teacher, f"teacher_{number}" if number else "teacher"
        wanted = sorted({key for one in taught for key in one.asks(encoder)[1]}, key=str)
        encoded.teachers[id(teacher.model)] = teacher.show(wanted, encoded, inputs, name)
    return encoded


def joined(all_parts):
    """What several ask for of the attention, as one: number of a block -> names."""
    found = {}
    for parts in all_parts:
        for index, names in parts.items():
            found[index] = tuple(sorted({*found.get(index, ()), *names}))
    return found
