"""How attention and feed-forward are joined into one block."""

import keras


class Block(keras.Layer):
    """What the two kinds of block share: their parts.

    Args:
        attention: `(x, attention_mask, training, return_attention_maps) -> x`.
        feed_forward: `x -> x`.
        attention_norm: norm that belongs to the attention.
        feed_forward_norm: norm that belongs to the feed-forward.
        dropout: rate at which each branch is dropped before its residual sum, in training.
    """

    def __init__(
        self, attention, feed_forward, attention_norm, feed_forward_norm, *, dropout=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.attention, self.feed_forward = attention, feed_forward
        self.attention_norm, self.feed_forward_norm = attention_norm, feed_forward_norm
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, shape, *_):
        for part in (
            self.attention,
            self.feed_forward,
            self.attention_norm,
            self.feed_forward_norm,
        ):
            if not part.built:  # parts that come from a saved config are
                part.build(shape)

    def compute_output_spec(self, x, *others, **options):
        return self.attention.compute_output_spec(x, *others, **options)

    def drop(self, x, training):
        # Calling a layer costs as much as a small operation: not for nothing.
        return self.dropout(x, training=training) if training else x

    def attend(self, x, attention_mask, training, return_attention_maps, relation, source=None):
        """The attention's output, and its maps or None."""
        more = {"relation": relation, "source": source}
        out = self.attention(
            x,
            attention_mask,
            training=training,
            return_attention_maps=return_attention_maps,
            **{name: value for name, value in more.items() if value is not None},
        )
        return out if return_attention_maps else (out, None)

    @property
    def lora_layers(self):
        """Dense layers that get low-rank updates."""
        return self.attention.lora_layers

    def get_config(self):
        parts = ("attention", "feed_forward", "attention_norm", "feed_forward_norm")
        return {
            **super().get_config(),
            **{part: keras.saving.serialize_keras_object(getattr(self, part)) for part in parts},
            "dropout": self.dropout.rate,
        }

    @classmethod
    def from_config(cls, config):
        return cls(
            **{
                key: keras.saving.deserialize_keras_object(value)
                if isinstance(value, dict)
                else value
                for key, value in config.items()
            }
        )


@keras.saving.register_keras_serializable("keras_bert_zoo")
class PostNormBlock(Block):
    """Norm after each residual sum (BERT). Takes and gives `(batch, length, hidden_dim)`.

    With `source` the attention is to that, where it can be (XLNet).

    Example:

    >>> block = PostNormBlock(
    ...     SelfAttention(128, 2), FeedForward(128, 512), layer_norm("a"), layer_norm("b")
    ... )
    >>> block(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 128)
    """

    def call(
        self,
        x,
        attention_mask=None,
        training=None,
        return_attention_maps=False,
        relation=None,
        source=None,
    ):
        mixed, maps = self.attend(
            x, attention_mask, training, return_attention_maps, relation, source
        )
        x = self.attention_norm(x + self.drop(mixed, training))
        x = self.feed_forward_norm(x + self.drop(self.feed_forward(x), training))
        return (x, maps) if return_attention_maps else x


@keras.saving.register_keras_serializable("keras_bert_zoo")
class PreNormBlock(Block):
    """Norm before each residual branch. Takes and gives `(batch, length, hidden_dim)`.

    Example:

    >>> block = PreNormBlock(
    ...     SelfAttention(128, 2), FeedForward(128, 512), layer_norm("a"), layer_norm("b")
    ... )
    >>> block(np.zeros((2, 10, 128), "float32")).shape
    (2, 10, 128)
    """

    def call(
        self, x, attention_mask=None, training=None, return_attention_maps=False, relation=None
    ):
        mixed, maps = self.attend(
            self.attention_norm(x), attention_mask, training, return_attention_maps, relation
        )
        x = x + self.drop(mixed, training)
        x = x + self.drop(self.feed_forward(self.feed_forward_norm(x)), training)
        return (x, maps) if return_attention_maps else x
