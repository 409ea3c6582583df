"""The skeleton that every family shares."""

import dataclasses

import keras

from .layers import AttentionMask
from .precision import dtype_scope

INPUTS = ("token_ids", "segment_ids", "padding_mask")


@keras.saving.register_keras_serializable("keras_bert_zoo")
class Encoder(keras.Model):
    """embeddings -> blocks -> final norm: `(batch, length)` ids to `(batch, length, hidden_dim)`.

    Takes a dictionary of three `(batch, length)` integer tensors: `token_ids`, `segment_ids` and
    `padding_mask` (1 for a token, 0 for padding). A family differs from another only in the parts
    that it hands over, so an encoder is made by its family, from a config or from a preset.

    Args:
        config: the family's config; all that is saved of the architecture.
        embeddings: `(token_ids, segment_ids, padding_mask) -> x`.
        blocks: layers `(x, attention_mask) -> x`; one may appear more than once.
        relations: `(padding_mask, segment_ids) -> relation`, what attention is told about pairs of
            positions: blocks get it as `relation`.
        pooler: `x -> (batch, hidden_dim)`, if the family has one.
        final_norm: applied to the last block's output, if given.

    Example:

    >>> encoder = keras_bert_zoo.Encoder.from_preset("bert_tiny_en_uncased")
    >>> ids = np.array([[101, 7592, 102]])
    >>> encoder({"token_ids": ids, "segment_ids": ids * 0, "padding_mask": ids * 0 + 1}).shape
    (1, 3, 128)
    """

    block_inputs = ("segment_ids", "padding_mask")  # what blocks are told of, beside their vectors

    def __init__(
        self, config, embeddings, blocks, *, relations=None, pooler=None, final_norm=None, name=None
    ):
        inputs = self.new_inputs(config)
        mask_layer = AttentionMask(name="attention_mask")
        parts = (mask_layer, embeddings, blocks, relations, final_norm)
        sequence = self.run(*parts, inputs)["sequence_output"]
        if pooler is not None:
            pooler(sequence)  # builds it
        super().__init__(inputs, sequence, name=name or config.family)
        self.config, self.pooler = config, pooler
        self._parts, self._quantized = parts, None
        self._lora, self._frozen_by_lora = None, frozenset()  # paths: Keras tracks variables
        # What `pretraining.adapt_vocabulary` did to the token table, as plain values.
        self.vocabulary_origin = None

    def trace(self, inputs, training=False, attention_maps=True, attention_parts=None, depth=None):
        """Everything that the encoder computes on the way, from arrays or symbolic tensors.

        Args:
            inputs: the encoder's inputs.
            training: whether dropout is active.
            attention_maps: whether to compute the maps, which takes the slower attention.
            attention_parts: number of a block, from 0 -> names in `layers.attention.PARTS`, of what
                else is wanted of its attention; all but `"maps"` and `"scores"` cost nothing.
            depth: how many blocks to run; all if not given.

        Returns:
            Dictionary: `sequence_output`; `hidden_states`, the embeddings and each block's output,
            the last one through the final norm if there is one, `num_layers + 1` tensors
            `(batch, length, hidden_dim)`; `attention_maps`, a tensor
            `(batch, num_heads, length, length)` a block; `attention_parts`, number of a block ->
            name -> tensor; `pooled_output` `(batch, hidden_dim)`, where the encoder has a pooler.

        Example:

        >>> maps = encoder.trace(inputs)["attention_maps"]
        >>> states = keras.Model(encoder.input, encoder.trace(encoder.input)["hidden_states"])
        """
        asked = {"attention_maps": attention_maps, "attention_parts": attention_parts}
        asked["depth"] = depth
        outputs = self.run(*self._parts, inputs, training=training, **asked)
        if self.pooler is not None:
            outputs["pooled_output"] = self.pooler(outputs["sequence_output"])
        return outputs

    def begin(self, inputs, training=False):
        """What the first block reads, `(batch, length, hidden_dim)`: see `advance`."""
        return self.embed(self.embeddings, inputs, training)

    def advance(self, x, inputs, index, training=False):
        """What block `index` makes of what the block before it gave: the encoder, step by step.

        The rows may be any of those that `begin` was given, as long as `x` and the inputs are of
        the same ones.

        Args:
            x: `(batch, length, hidden_dim)`, from `begin` or `advance`.
            inputs: of the encoder's inputs those named in `block_inputs`, of these rows.
            index: number of the block, from 0.
            training: whether dropout is active.

        Example:

        >>> x = encoder.begin(inputs)
        >>> for index in range(len(encoder.blocks)):
        ...     x = encoder.advance(x, inputs, index)
        >>> x = encoder.finish(x, inputs)   # as encoder(inputs)
        """
        mask_layer, _, blocks, relations, _ = self._parts
        mask, related = self.surroundings(mask_layer, relations, inputs)
        return blocks[index](x, mask, training=training, **related)

    def finish(self, x, inputs, training=False):
        """A block's output as the encoder's: through the final norm, if there is one."""
        final_norm = self._parts[-1]
        x = x if final_norm is None else final_norm(x, training=training)
        return self.end(x, inputs)

    def parts_of(self, index):
        """The layers that `advance` to block `index` and `finish` call."""
        mask_layer, _, blocks, *others = self._parts
        return [part for part in (mask_layer, blocks[index], *others) if part is not None]

    @property
    def embeddings(self):
        """The layer that gives the vectors for the first block."""
        return self._parts[1]

    @property
    def relations(self):
        """The layer that says how positions are related, or None."""
        return self._parts[3]

    @property
    def blocks(self):
        """The blocks, first to last."""
        return list(self._parts[2])

    def enable_lora(self, rank, alpha=None):
        """Trains low-rank updates of the attention and nothing else (arXiv:2106.09685).

        Call it before `compile`. Presets and checkpoints of others are written with the updates
        merged into the weights; `.keras` files keep both.

        Args:
            rank: rank of the updates.
            alpha: the updates are scaled by `alpha / rank`; `alpha` is `rank` if not given.

        Raises:
            ValueError: there are updates already, or `rank` is no whole number of 1 or more.
        """
        if self._lora:
            raise ValueError("The encoder has low-rank updates already. Call merge_lora first.")
        if not isinstance(rank, int) or isinstance(rank, bool) or rank < 1:
            raise ValueError(f"enable_lora: rank is a whole number, 1 or more. Given: {rank!r}.")
        frozen = [weight for weight in self.weights if weight.trainable]
        for weight in frozen:
            weight.trainable = False
        for layer in self.lora_layers:
            layer.enable_lora(rank, lora_alpha=alpha)
        self._lora = {"rank": rank, "alpha": alpha}
        self._frozen_by_lora = frozenset(weight.path for weight in frozen)

    def merge_lora(self):
        """Adds the low-rank updates to the weights, which are trained again themselves then.

        Raises:
            ValueError: there are no updates, or the weights are quantized.
        """
        if not self._lora:
            raise ValueError("The encoder has no low-rank updates to merge.")
        for layer in self.lora_layers:
            layer.merge_lora()
        for weight in self.weights:
            if weight.path in self._frozen_by_lora:
                weight.trainable = True
        self._lora, self._frozen_by_lora = None, frozenset()

    @property
    def lora_rank(self):
        """Rank of the low-rank updates, or None."""
        return self._lora and self._lora["rank"]

    @property
    def lora_layers(self):
        """The dense layers that `enable_lora` gives low-rank updates to."""
        return [layer for block in dict.fromkeys(self.blocks) for layer in block.lora_layers]

    def quantize(self, mode, **kwargs):
        """Quantizes the weights in place, for example to `"int8"`; kept by `save`."""
        super().quantize(mode, **kwargs)
        self._quantized = mode

    # -------------------------------------------------------------- how the parts are run

    @staticmethod
    def new_inputs(config):
        """Symbolic inputs, by name."""
        return {key: keras.Input((None,), dtype="int32", name=key) for key in INPUTS}

    @staticmethod
    def embed(embeddings, inputs, training):
        """What the first block reads."""
        return embeddings(*(inputs[key] for key in INPUTS), training=training)

    @staticmethod
    def padding_mask(inputs):
        """1 for each position of the blocks, 0 where there is nothing."""
        return inputs["padding_mask"]

    @staticmethod
    def end(x, inputs):
        """The encoder's output, `(batch, length, hidden_dim)`, from that of the last block."""
        return x

    @classmethod
    def run(
        cls,
        mask_layer,
        embeddings,
        blocks,
        relations,
        final_norm,
        inputs,
        training=None,
        attention_maps=False,
        attention_parts=None,
        depth=None,
    ):
        """Runs the parts in their order; what a call and `trace` both do."""
        mask, related = cls.surroundings(mask_layer, relations, inputs)
        x = cls.embed(embeddings, inputs, training)
        states, maps, parts = [x], [], {}
        for index, block in enumerate(blocks[:depth]):
            wanted = tuple((attention_parts or {}).get(index, ()))
            asked = (*wanted, "maps") if wanted and attention_maps else wanted or attention_maps
            x = block(x, mask, training=training, return_attention_maps=asked or False, **related)
            if asked:
                x, found = x
                if attention_maps:
                    maps.append(found["maps"] if wanted else found)
                if wanted:
                    parts[index] = {name: found[name] for name in wanted}
            states.append(x)
        if final_norm is not None and len(states) > len(blocks):
            states[-1] = x = final_norm(x)
        x = cls.end(x, inputs)
        return {
            "sequence_output": x,
            "hidden_states": states,
            "attention_maps": maps,
            "attention_parts": parts,
        }

    @classmethod
    def surroundings(cls, mask_layer, relations, inputs):
        """What a block is told beside its vectors: `(attention_mask, other arguments)`."""
        mask = mask_layer(cls.padding_mask(inputs))
        if relations is None:
            return mask, {}
        return mask, {"relation": relations(inputs["padding_mask"], inputs["segment_ids"])}

    # -------------------------------------------------------------- saving

    def get_config(self):
        return {
            "family": self.config.family,
            **dataclasses.asdict(self.config),
            "name": self.name,
            "dtype": self.dtype_policy.name,
            "quantized": self._quantized,
            **({"lora": dict(self._lora)} if self._lora else {}),
            **({"vocabulary_origin": dict(origin)} if (origin := self.vocabulary_origin) else {}),
        }

    @classmethod
    def from_config(cls, config):
        from .families import family_called

        config = dict(config)
        family, name = family_called(config.pop("family")), config.pop("name", None)
        dtype, quantized = config.pop("dtype", None), config.pop("quantized", None)
        origin, lora = config.pop("vocabulary_origin", None), config.pop("lora", None)
        with dtype_scope(dtype):
            encoder = family.build(family.Config(**config))
        if name:
            encoder.name = name
        if quantized:
            encoder.quantize(quantized)
        if lora:
            encoder.enable_lora(**lora)
        encoder.vocabulary_origin = origin
        return encoder

    @classmethod
    def from_preset(
        cls, preset, *, load_weights=True, dtype=None, strict=True, encoder_config=None
    ):
        """Loads an encoder. See `keras_bert_zoo.from_preset` for what a preset may be.

        Args:
            preset: a built-in name, a folder, `hf://owner/name[@revision]` or `pkg:name`.
            load_weights: if False, weights are new; a built-in name then needs no download.
            dtype: precision policy, for example `"mixed_bfloat16"`.
            strict: if True, a tensor that is missing or left over is an error.
            encoder_config: fields of the config that are to be other than the checkpoint says,
                such as `{"language": "en"}` for an XLM.
        """
        from .catalog import load_encoder

        options = {"dtype": dtype, "strict": strict, "encoder_config": encoder_config}
        return load_encoder(preset, load_weights=load_weights, **options)
