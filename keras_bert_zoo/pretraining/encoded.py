"""What an encoder makes of a batch, as far as the objectives ask for it."""

import functools

from ..packed_texts import packed

SEQUENCES = "sequence_ids"
HIDDEN_STATES, ATTENTION_MAPS = "hidden_states", "attention_maps"


class Encoded:
    """The encoder's output, and what is inside if an objective `reads` it; all of one pass.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        inputs: its inputs, symbolic, and perhaps others; `sequence_ids` where rows are packed.
        reads: what is needed beside the output: `HIDDEN_STATES`, `ATTENTION_MAPS`.

    `sequence` is the encoder's output `(batch, length, hidden_dim)`; `hidden_states` and
    `attention_maps` are lists of tensors, as `Encoder.trace` has them.
    """

    def __init__(self, encoder, inputs, reads=()):
        self._encoder, self.inputs = encoder, {name: inputs[name] for name in encoder.input}
        self.was_pooled = False
        if not reads and SEQUENCES not in inputs:
            self.sequence = encoder(self.inputs)
            return
        # Whether dropout is active is for each call to say: not False, as it is in a trace.
        options = {"training": None, "attention_maps": ATTENTION_MAPS in reads}
        if SEQUENCES in inputs:
            numbers = {SEQUENCES: inputs[SEQUENCES]}
            found = packed(encoder, {**self.inputs, **numbers}, **options)
        else:
            found = encoder.trace(self.inputs, **options)
        self.sequence = found["sequence_output"]
        self.hidden_states, self.attention_maps = found[HIDDEN_STATES], found[ATTENTION_MAPS]

    @functools.cached_property
    def pooled(self):
        """The pooler's vector `(batch, hidden_dim)`; a head that has its own pooler asks not."""
        self.was_pooled = True
        return self._encoder.pooler(self.sequence)
