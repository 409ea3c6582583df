"""Several texts in one row of an encoder, each as if it was alone."""

from .layers import ConvolvedBlock, SequenceMask, SequencePlaces


def packed(encoder, inputs, training=None, attention_maps=False, attention_parts=None, depth=None):
    """What an encoder makes of rows in which several texts stand one after the other.

    A token sees the tokens of its own text only, and counts its place from the first of them, so
    each text gets the vectors that it gets alone, and no row need have padding.

    Args:
        encoder: `keras_bert_zoo.Encoder`.
        inputs: its inputs, arrays or symbolic, and `sequence_ids` `(batch, length)`: the number of
            the text that each token is of, from 1; 0 for padding.
        training: whether dropout is active.
        attention_maps, attention_parts, depth: as in `Encoder.trace`.

    Returns:
        As `Encoder.trace`, without `pooled_output`.

    Raises:
        ValueError: an encoder in which a text reaches its neighbours in other ways than by
            attention (MobileBERT, DeBERTa-v2 with its convolution), or that reads images.

    Example:

    >>> numbers = np.array([[1, 1, 1, 2, 2, 2, 2]])
    >>> packed(encoder, {**inputs, "sequence_ids": numbers})["sequence_output"].shape
    (1, 7, 128)
    """
    check_packable(encoder)
    inputs = dict(inputs)
    sequence_ids = inputs.pop("sequence_ids")
    _, embeddings, *rest = encoder._parts
    places = SequencePlaces(name="sequence_places")(sequence_ids)

    def embed(*arrays, training=None):
        return embeddings(*arrays, training=training, places=places)

    # The mask is made of these numbers, in place of the padding's.
    inputs["padding_mask"] = sequence_ids
    mask = SequenceMask(name="sequence_mask")
    asked = training, attention_maps, attention_parts, depth
    return encoder.run(mask, embed, *rest, inputs, *asked)


def check_packable(encoder):
    """Raises a ValueError for an encoder that cannot read several texts in a row."""
    plain = getattr(encoder.embeddings, "takes_places", False)
    if not plain or any(isinstance(block, ConvolvedBlock) for block in encoder.blocks):
        raise ValueError(
            f"A {encoder.config.family} encoder cannot read several texts in one row: its tokens "
            "reach their neighbours not by attention alone. Train it without packing."
        )
