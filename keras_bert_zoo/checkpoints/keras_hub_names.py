"""What KerasHub calls the parts of its backbones: tables that are read in both directions.

Source of the numbers that a config does not say, and of the names of the layers: the backbones and
classifiers of https://github.com/keras-team/keras-hub.
"""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"
TASK, TASK_WEIGHTS = "task.json", "task.weights.h5"
TOKENIZER, PREPROCESSOR = "tokenizer.json", "preprocessor.json"
ASSETS = Path("assets") / "tokenizer"
OURS = "keras_bert_zoo"  # what metadata.json holds for us, and KerasHub passes over

_ATTENTION = {
    f"_self_attention_layer/{theirs}_dense": f"attention/{ours}"
    for theirs, ours in (("query", "query"), ("key", "key"), ("value", "value"), ("output", "out"))
}
_BLOCK = {
    **_ATTENTION,
    "_self_attention_layer_norm": "attention_norm",
    "_feedforward_intermediate_dense": "feed_forward/inner",
    "_feedforward_output_dense": "feed_forward/out",
    "_feedforward_layer_norm": "feed_forward_norm",
}
_DISENTANGLED = {theirs.replace("/", "/_"): ours for theirs, ours in _BLOCK.items()}
_SEPARATE = {
    "reversible_embedding": "embeddings/tokens",
    "position_embedding": "embeddings/positions/table",
    "embedding": "embeddings/segments",
    "layer_normalization": "embeddings/norm",
}
_TOGETHER = {
    "token_and_position_embedding/token_embedding": "embeddings/tokens",
    "token_and_position_embedding/position_embedding": "embeddings/positions/table",
    "layer_normalization": "embeddings/norm",
}
_NARROW = {**_SEPARATE, "dense": "embeddings/project", "dense_1": "pooler/dense"}
_RELATIVE = {
    "reversible_embedding": "embeddings/tokens",
    "layer_normalization": "embeddings/norm",
    "relative_embedding": "relations/table",
    "relative_embedding/layer_norm": "relations/norm",
}

_SIZES = {
    name: name
    for name in (
        "vocabulary_size",
        "num_layers",
        "num_heads",
        "hidden_dim",
        "intermediate_dim",
        "dropout",
        "max_sequence_length",
    )
}
_SEGMENTS = {**_SIZES, "num_segments": "num_segments"}
_WIDTH = {**_SEGMENTS, "embedding_dim": "embedding_dim"}
_ELECTRA = {("vocab_size" if k == "vocabulary_size" else k): v for k, v in _WIDTH.items()}

_LOGITS = {"dense": "head/logits"}
_DENSE_LOGITS = {"dense": "head/dense", "dense_1": "head/logits"}


@dataclasses.dataclass(frozen=True)
class Backbone:
    """How one of their classes is written down.

    Args:
        family: ours.
        folder: of their source, which their names begin with.
        parts: their layer -> ours, beside the blocks.
        fields: their field -> ours.
        activation, epsilon: what its code has, and no config.
        tokenizer: name of transformers' class of the same tokenizer.
        files: their file of it -> transformers'.
        head: their layer of the text classifier -> ours; none if they have no such class.
        head_dropout: whether the classifier's rate is that of the dropout before the logits.
        block: what the names of blocks begin with.
        block_parts: their layer in a block -> ours.
        flat_out: whether the kernel after attention has two axes, and none for heads.
        same: our field -> the value that its code has for it, and no config.
        also: their field that we do not have -> its only value.
        limits: what its code asks for, in words -> whether a config of ours has it.
        unused: our layer that the family does not have.
    """

    family: str
    folder: str
    parts: Mapping
    fields: Mapping
    activation: str
    epsilon: float
    tokenizer: str
    files: Mapping
    head: Mapping
    head_dropout: bool = True
    block: str = "transformer_encoder"
    block_parts: Mapping = dataclasses.field(default_factory=lambda: _BLOCK)
    flat_out: bool = False
    same: Mapping = dataclasses.field(default_factory=dict)
    also: Mapping = dataclasses.field(default_factory=dict)
    limits: Mapping = dataclasses.field(default_factory=dict)
    unused: str = ""

    @property
    def fixed(self):
        """Our field -> the value without which its code computes something else."""
        numbers = {"activation": self.activation, "layer_norm_epsilon": self.epsilon}
        return {**numbers, **self.same}

    @property
    def name(self):
        """Name of the class."""
        return next(name for name, backbone in BACKBONES.items() if backbone is self)

    def kin(self, ending):
        """Name of another class of theirs for the same family.

        >>> BACKBONES["BertBackbone"].kin("Tokenizer")
        'BertTokenizer'
        """
        return self.name.removesuffix("Backbone") + ending


_VOCABULARY = {"vocabulary.txt": "vocab.txt"}
_BYTES = {"vocabulary.json": "vocab.json", "merges.txt": "merges.txt"}
_PIECES = "vocabulary.spm"
_BERT = {**_SEPARATE, "dense": "pooler/dense"}
BACKBONES = {
    "AlbertBackbone": Backbone(
        "albert",
        "albert",
        _NARROW,
        {**_WIDTH, "num_groups": "num_groups"},
        activation="gelu_tanh",
        epsilon=1e-12,
        tokenizer="AlbertTokenizer",
        files={_PIECES: "spiece.model"},
        head=_LOGITS,
        also={"num_inner_repetitions": 1},
        limits={
            "an embedding_dim other than hidden_dim": lambda c: c.embedding_dim != c.hidden_dim,
            "num_groups that divide num_layers": lambda c: c.num_layers % c.num_groups == 0,
        },
    ),
    "BertBackbone": Backbone(
        "bert",
        "bert",
        _BERT,
        _SEGMENTS,
        activation="gelu_tanh",
        epsilon=1e-12,
        tokenizer="BertTokenizer",
        files=_VOCABULARY,
        head=_LOGITS,
    ),
    "DebertaV3Backbone": Backbone(
        "deberta_v2",
        "deberta_v3",
        _RELATIVE,
        {**_SIZES, "bucket_size": "num_buckets"},
        activation="gelu",
        epsilon=1e-7,
        tokenizer="DebertaV2Tokenizer",
        files={_PIECES: "spm.model"},
        head=_DENSE_LOGITS,
        head_dropout=False,
        block="disentangled_attention_encoder",
        block_parts=_DISENTANGLED,
        flat_out=True,
        same={"convolution_size": 0},
    ),
    "DistilBertBackbone": Backbone(
        "distilbert",
        "distil_bert",
        _TOGETHER,
        _SIZES,
        activation="gelu",
        epsilon=1e-12,
        tokenizer="BertTokenizer",
        files=_VOCABULARY,
        head=_DENSE_LOGITS,
    ),
    "ElectraBackbone": Backbone(
        "electra",
        "electra",
        _NARROW,
        _ELECTRA,
        activation="gelu_tanh",
        epsilon=1e-12,
        tokenizer="BertTokenizer",
        files=_VOCABULARY,
        head={},
        unused="pooler/dense",
    ),
    "RobertaBackbone": Backbone(
        "roberta",
        "roberta",
        _TOGETHER,
        _SIZES,
        activation="gelu",
        epsilon=1e-5,
        tokenizer="RobertaTokenizer",
        files=_BYTES,
        head=_DENSE_LOGITS,
        same={"num_segments": 1},
    ),
    "XLMRobertaBackbone": Backbone(
        "xlm_roberta",
        "xlm_roberta",
        _TOGETHER,
        _SIZES,
        activation="gelu",
        epsilon=1e-5,
        tokenizer="XLMRobertaTokenizer",
        files={_PIECES: "sentencepiece.bpe.model"},
        head=_DENSE_LOGITS,
        same={"num_segments": 1},
    ),
}

# Kind of our variable -> its number in one of their layers.
NUMBERS = {"kernel": 0, "gamma": 0, "embeddings": 0, "bias": 1, "beta": 1}


def our_path(theirs, backbone, narrow=False):
    """The path of our variable that one of theirs is; None for what is not of an encoder.

    Args:
        theirs: `layers/.../vars/0`.
        backbone: `Backbone`.
        narrow: whether their only dense layer is the pooler, because the tables are not narrow.
    """
    found = re.fullmatch(r"layers/(.+)/vars/(\d+)", theirs)
    if not found:
        return None
    layer, number = found[1], int(found[2])
    block = re.fullmatch(rf"{backbone.block}(?:_(\d+))?/(.+)", layer)
    if block:
        part, where = backbone.block_parts.get(block[2]), f"layer_{block[1] or 0}/"
    else:
        part, where = parts_of(backbone, narrow).get(layer), ""
    return f"{where}{part}/{variable_of(part, number)}" if part and number <= 1 else None


def their_path(ours, backbone, narrow=False):
    """The other way: where one of our variables is in their file; None if they have no place.

    >>> their_path("layer_1/feed_forward/out/bias", BACKBONES["BertBackbone"])
    'layers/transformer_encoder_1/_feedforward_output_dense/vars/1'
    """
    layer, variable = ours.rsplit("/", 1)
    block, parts = re.fullmatch(r"layer_(\d+)/(.+)", layer), parts_of(backbone, narrow)
    where = ""
    if block:
        where = f"{backbone.block}_{block[1]}/" if int(block[1]) else f"{backbone.block}/"
        layer, parts = block[2], backbone.block_parts
    name = next((theirs for theirs, part in parts.items() if part == layer), None)
    number = NUMBERS.get(variable)
    return None if None in (name, number) else f"layers/{where}{name}/vars/{number}"


def parts_of(backbone, narrow):
    """`Backbone.parts`, where the first dense layer is the pooler if the tables are not narrow."""
    if not narrow or "dense_1" not in backbone.parts:
        return backbone.parts
    parts = {theirs: ours for theirs, ours in backbone.parts.items() if theirs != "dense_1"}
    return {**parts, "dense": backbone.parts["dense_1"]}


def variable_of(part, number):
    """What kind of variable the first or second one of a layer is."""
    if part.endswith("norm"):
        return ("gamma", "beta")[number]
    if part.endswith(("tokens", "table", "segments")):
        return "embeddings"
    return ("kernel", "bias")[number]


def their_object(backbone, ending, config, dtype=None):
    """An object of theirs as Keras writes it down.

    Args:
        backbone: `Backbone`.
        ending: of the class: `"Backbone"`, `"Tokenizer"` ...
        config: its arguments.
        dtype: name of its precision policy; None for a model, which takes its backbone's.
    """
    name = f"{backbone.folder}_{re.sub('(?<!^)(?=[A-Z])', '_', ending).lower()}"
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": dtype}}
    layer = {"trainable": True, "dtype": {**policy, "registered_name": None}} if dtype else {}
    return {
        "module": f"keras_hub.src.models.{backbone.folder}.{name}",
        "class_name": backbone.kin(ending),
        "config": {"name": name, **layer, **config},
        "registered_name": f"keras_hub>{backbone.kin(ending)}",
    }
