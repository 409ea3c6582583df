"""An encoder that reads the regions of an image together with the tokens."""

import keras
from keras import ops

from .encoder import INPUTS, Encoder
from .layers import TokensOnly

VISUAL_INPUTS = ("visual_features", "visual_segment_ids", "visual_mask")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class VisualEncoder(Encoder):
    """`Encoder` with regions of an image behind the tokens; its output is that of the tokens.

    Takes three tensors more: `visual_features` `(batch, regions, visual_dim)`, from any detector;
    `visual_segment_ids` and `visual_mask` (1 for a region, 0 for padding), `(batch, regions)`
    integers. A batch without images has 0 regions. `trace` has the regions too: the
    `hidden_states` and `attention_maps` are of all positions, tokens first.

    Example:

    >>> ids, regions = np.array([[101, 7592, 102]]), np.ones((1, 36), "int32")
    >>> inputs = {"token_ids": ids, "segment_ids": ids * 0, "padding_mask": ids * 0 + 1}
    >>> inputs |= {"visual_segment_ids": regions, "visual_mask": regions}
    >>> encoder({**inputs, "visual_features": np.zeros((1, 36, 2048), "float32")}).shape
    (1, 3, 768)
    """

    block_inputs = (*Encoder.block_inputs, "visual_mask")

    @staticmethod
    def new_inputs(config):
        inputs = {key: keras.Input((None,), dtype="int32", name=key) for key in VISUAL_INPUTS[1:]}
        features = keras.Input((None, config.visual_dim), name=VISUAL_INPUTS[0])
        return {**Encoder.new_inputs(config), VISUAL_INPUTS[0]: features, **inputs}

    @staticmethod
    def embed(embeddings, inputs, training):
        read = (inputs[key] for key in (*INPUTS, *VISUAL_INPUTS[:2]))
        return embeddings(*read, training=training)

    @staticmethod
    def padding_mask(inputs):
        return ops.concatenate([inputs["padding_mask"], inputs["visual_mask"]], axis=1)

    @staticmethod
    def end(x, inputs):
        return TokensOnly(autocast=False, name="tokens_only")(x, inputs["padding_mask"])
