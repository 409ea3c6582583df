"""XLNet with memory, and its second stream, which knows where a token stands and not which it is.

https://arxiv.org/abs/1906.08237, sections 2.2 to 2.4. Pre-training by permutations learns from the
second stream; memory is how a text longer than a batch's rows is read piece by piece.
"""

from keras import ops

from .layers import RelativeAttention


def two_streams(encoder, inputs, *, visible=None, memory=None, training=False):
    """What the blocks of an XLNet make of a text, told what came before and who may see whom.

    Args:
        encoder: an XLNet.
        inputs: its inputs, each `(batch, length)`.
        visible: bool `(batch, length, length)`, True where the token of the second axis may see
            that of the third, which in a permuted order comes before it; all others if not given,
            and then there is no second stream. In the first stream a token sees itself as well.
        memory: `memory` of an earlier piece of the same rows, see `remembered`.
        training: whether dropout is active.

    Returns:
        Dictionary: `content`, the first stream's output `(batch, length, hidden_dim)`, which
        without `visible` and `memory` is `encoder(inputs)`; `query`, the second stream's, if
        `visible` was given; `states`, what each block read of the first stream, a list of tensors
        `(batch, length, hidden_dim)`.

    Raises:
        ValueError: the encoder is of another family.

    Example:

    >>> order = np.random.permutation(length)
    >>> visible = np.broadcast_to(order[None, :] < order[:, None], (batch, length, length))
    >>> query = two_streams(encoder, inputs, visible=visible)["query"]   # guesses each token
    """
    blocks = encoder.blocks
    if not isinstance(blocks[0].attention, RelativeAttention):
        raise ValueError(
            f"Only XLNet has two streams and memory; this encoder is {encoder.config.family}."
        )
    content, states = encoder.begin(inputs, training), []
    length = ops.shape(content)[1]
    mask = ops.cast(ops.convert_to_tensor(inputs["padding_mask"]), "bool")[:, None, None, :]
    relation = encoder.relations(inputs["padding_mask"], inputs["segment_ids"])
    query = query_mask = None
    if visible is not None:
        query_mask = ops.logical_and(mask, ops.expand_dims(ops.cast(visible, "bool"), 1))
        mask = ops.logical_or(query_mask, ops.eye(length, dtype="bool"))
        query = encoder.embeddings.second_stream(content, training)
    if memory is not None:
        relation = _with_memory(relation, ops.expand_dims(inputs["segment_ids"], 2) != 0, memory)
        mask, query_mask = (_seeing_memory(one, length, memory) for one in (mask, query_mask))
    for index, block in enumerate(blocks):
        states.append(content)
        source = content
        if memory is not None:
            source = ops.concatenate([ops.cast(memory[index], content.dtype), content], axis=1)
        options = {"training": training, "relation": relation, "source": source}
        if query is not None:
            query = block(query, query_mask, **options)
        content = block(content, mask, **options)
    found = {"content": encoder.finish(content, inputs, training), "states": states}
    return found if query is None else {**found, "query": encoder.finish(query, inputs, training)}


def remembered(states, memory=None, most=None):
    """The memory for the next piece of the same rows.

    Nothing is learnt through it, as in https://arxiv.org/abs/1901.02860, section 3.2.

    Args:
        states: of `two_streams`.
        memory: what that was given.
        most: how many tokens are kept, the last ones; all if not given.

    Example:

    >>> for piece in pieces:
    ...     found = two_streams(encoder, piece, memory=memory)
    ...     memory = remembered(found["states"], memory, most=512)
    """
    if most is not None and most < 1:
        raise ValueError(f"most must be 1 or more. Given: {most}. To keep nothing, give no memory.")
    pairs = zip(memory or [None] * len(states), states)
    kept = [state if old is None else ops.concatenate([old, state], axis=1) for old, state in pairs]
    return [ops.stop_gradient(state if most is None else state[:, -most:]) for state in kept]


def _with_memory(relation, other, memory):
    """All of the memory counts as the first segment."""
    length, before = ops.shape(relation)[1], ops.shape(memory[0])[1]
    other = ops.broadcast_to(other, (ops.shape(relation)[0], length, before))
    return ops.concatenate([other, relation], axis=2)


def _seeing_memory(mask, length, memory):
    """All tokens see all of the memory."""
    if mask is None:
        return None
    batch, before = ops.shape(memory[0])[:2]
    mask = ops.broadcast_to(mask, (batch, 1, length, length))
    return ops.concatenate([ops.ones((batch, 1, length, before), "bool"), mask], axis=3)
