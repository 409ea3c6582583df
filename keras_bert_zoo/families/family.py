"""What a file in this folder has to say about its family."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import ClassVar

from ..layers import activation


@dataclasses.dataclass(frozen=True)
class EncoderConfig:
    """The numbers that every family has. A family adds its own.

    Args:
        vocabulary_size: number of token ids.
        num_layers: number of blocks.
        hidden_dim: size of a token's vector.
        num_heads: number of attention heads.
        intermediate_dim: size inside the feed-forward.
        max_sequence_length: most tokens that the encoder has positions for.
        activation: a name in `keras_bert_zoo.layers.ACTIVATIONS`.
        dropout: rate on the embeddings and on each residual branch.
        attention_dropout: rate on the attention weights.
        layer_norm_epsilon: added to the variance in layer normalisation.
        initializer_range: deviation of new weights.

    Raises:
        ValueError: a size below 1, heads that do not divide `hidden_dim`, a rate outside [0, 1), or
            an unknown activation.
    """

    family: ClassVar[str]
    may_be_zero: ClassVar[tuple] = ()  # names of sizes that are 0 where the part is not there
    visual_dim = None  # size of an image's regions, where images are read
    vocabulary_size: int
    num_layers: int = 12
    hidden_dim: int = 768
    num_heads: int = 12
    intermediate_dim: int = 3072
    max_sequence_length: int = 512
    activation: str = "gelu"
    dropout: float = 0.1
    attention_dropout: float = 0.1
    layer_norm_epsilon: float = 1e-12
    initializer_range: float = 0.02

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name in self.may_be_zero else 1
            if field.type is int and (type(value) is not int or value < least):
                range_ = "above 0" if least else "from 0 on"
                raise ValueError(f"{field.name} must be a whole number {range_}. Given: {value!r}.")
        for name in ("dropout", "attention_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be in [0, 1). Given: {getattr(self, name)!r}.")
        if self.hidden_dim % self.num_heads:
            raise ValueError(
                f"hidden_dim={self.hidden_dim} does not divide into num_heads={self.num_heads} "
                "heads of the same size."
            )
        activation(self.activation)


@dataclasses.dataclass(frozen=True)
class HeadStyle:
    """How a family puts a task's head on its encoder.

    Args:
        build: `(encoder, sequence, ...) -> logits`, on symbolic tensors; the rest depends on the
            task, see those of `families/bert.py`.
        weight_names: our layer path -> their tensor prefix.
        uses_pooler: whether the encoder's pooler, if it has one, is part of it.
    """

    build: Callable
    weight_names: Mapping[str, str]
    uses_pooler: bool = False

    def names_for(self, layer):
        """`weight_names` of a head whose layer has another name than `head`."""
        return {path.replace("head", layer, 1): name for path, name in self.weight_names.items()}


@dataclasses.dataclass(frozen=True)
class HuggingFaceNames:
    """How Hugging Face writes this family down.

    Args:
        model_type: the `model_type` of their config.json.
        prefix: what heads put before the encoder's tensor names.
        config: our field -> theirs.
        required: their fields that must have this value, because another one changes the output
            in a way that this library does not build.
        sizes: our field -> (their tensor, axis) that must have this size.
        classes: what transformers' classes of this family begin with.
        block: start of the names of a block's tensors, with its number as `{i}`.
        blocks: our field that counts the blocks which have weights of their own.
        offsets: our field -> by how much theirs is larger.
        head_dropouts: task name -> their field of the dropout before its logits, where it is not
            `classifier_dropout`.
        flat: their config -> the same with the fields that `config` and `required` name, where
            releases of transformers differ in how they write them.
        written: the fields that `config` and `required` name -> their config, where it has others.
        architectures: end of a class of transformers' as other families have it -> as this one has.
        aliases: another name of theirs -> the name in our tables, for weights kept under either.
        not_encoder: starts of the names of tensors that are no weights of the encoder.
    """

    model_type: str
    prefix: str
    config: Mapping[str, str]
    required: Mapping[str, tuple]
    sizes: Mapping[str, tuple[str, int]]
    not_encoder: tuple[str, ...]
    classes: str
    block: str = "encoder.layer.{i}."
    blocks: str = "num_layers"
    flat: Callable = dict
    written: Callable = dict
    offsets: Mapping[str, int] = dataclasses.field(default_factory=dict)
    head_dropouts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    architectures: Mapping[str, str] = dataclasses.field(default_factory=dict)
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Family:
    """One family: its numbers, its parts, its names elsewhere and its heads.

    Args:
        Config: subclass of `EncoderConfig`.
        build: config -> `Encoder`.
        weight_names: config -> {our layer path: their tensor prefix}; `{i}` is the block's number.
        hugging_face: its names there.
        heads: task name -> `HeadStyle`.
    """

    Config: type
    build: Callable
    weight_names: Callable
    hugging_face: HuggingFaceNames
    heads: Mapping[str, HeadStyle]

    @property
    def name(self):
        return self.Config.family

    def head(self, style):
        """The `HeadStyle` of a task.

        Raises:
            ValueError: the family has none for it.
        """
        if style not in self.heads:
            raise ValueError(
                f"{self.name} has no {style}. It has: {', '.join(sorted(self.heads))}."
            )
        return self.heads[style]
