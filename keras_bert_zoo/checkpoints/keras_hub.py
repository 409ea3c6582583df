"""Reads the presets of KerasHub: config.json, model.weights.h5, the tokenizer's files.

Only files are read: KerasHub need not be installed, and no class that a config names is looked up.
The tensors get the names that Hugging Face has for them, so that one table in a family serves both.
Source of the numbers that a config does not say: the backbones of
https://github.com/keras-team/keras-hub.
"""

import dataclasses
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..families import family_called
from ..tokenizers import Tokenizer
from .hdf5 import Hdf5File
from .hugging_face import ACTIVATIONS, HuggingFaceFolder, read_json
from .name_map import Place, locate
from .report import ConversionError

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.weights.h5", "tokenizer.json"
ASSETS = Path("assets") / "tokenizer"

_ATTENTION = {
    f"_self_attention_layer/{mark}{theirs}_dense": f"attention/{ours}"
    for mark in ("", "_")
    for theirs, ours in (("query", "query"), ("key", "key"), ("value", "value"), ("output", "out"))
}
_BLOCK = {
    **_ATTENTION,
    "_self_attention_layer_norm": "attention_norm",
    "_feedforward_intermediate_dense": "feed_forward/inner",
    "_feedforward_output_dense": "feed_forward/out",
    "_feedforward_layer_norm": "feed_forward_norm",
}
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


@dataclasses.dataclass(frozen=True)
class Backbone:
    """How one of their classes is written down.

    Args:
        family: ours.
        parts: their layer -> ours, beside the blocks.
        activation, epsilon: what its code has, and no config.
        tokenizer: name of transformers' class of the same tokenizer.
        files: their file of it -> transformers'.
        unused: our layer that the family does not have.
    """

    family: str
    parts: Mapping
    activation: str
    epsilon: float
    tokenizer: str
    files: Mapping
    unused: str = ""


_VOCABULARY = {"vocabulary.txt": "vocab.txt"}
_BYTES = {"vocabulary.json": "vocab.json", "merges.txt": "merges.txt"}
_BERT = {**_SEPARATE, "dense": "pooler/dense"}
# fmt: off
BACKBONES = {
    "AlbertBackbone": Backbone("albert", _NARROW, "gelu_tanh", 1e-12, "AlbertTokenizer", {"vocabulary.spm": "spiece.model"}),  # noqa: E501
    "BertBackbone": Backbone("bert", _BERT, "gelu_tanh", 1e-12, "BertTokenizer", _VOCABULARY),
    "DebertaV3Backbone": Backbone("deberta_v2", _RELATIVE, "gelu", 1e-7, "DebertaV2Tokenizer", {"vocabulary.spm": "spm.model"}),  # noqa: E501
    "DistilBertBackbone": Backbone("distilbert", _TOGETHER, "gelu", 1e-12, "BertTokenizer", _VOCABULARY),  # noqa: E501
    "ElectraBackbone": Backbone("electra", _NARROW, "gelu_tanh", 1e-12, "BertTokenizer", _VOCABULARY, "pooler/dense"),  # noqa: E501
    "RobertaBackbone": Backbone("roberta", _TOGETHER, "gelu", 1e-5, "RobertaTokenizer", _BYTES),
    "XLMRobertaBackbone": Backbone("xlm_roberta", _TOGETHER, "gelu", 1e-5, "XLMRobertaTokenizer", {"vocabulary.spm": "sentencepiece.bpe.model"}),  # noqa: E501
}
# fmt: on
# Their field -> ours, where it is another.
FIELDS = {"vocab_size": "vocabulary_size", "bucket_size": "num_buckets"}


def is_keras_hub(folder):
    """Whether a folder's config.json is that of a backbone of KerasHub or KerasNLP."""
    try:
        config = json.loads((Path(folder) / CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    name = config.get("registered_name") if isinstance(config, dict) else None
    return isinstance(name, str) and name.startswith(("keras_hub>", "keras_nlp>"))


class KerasHubFolder(HuggingFaceFolder):
    """One preset of KerasHub; of a task, its encoder.

    Args:
        folder: holds config.json and model.weights.h5.
        strict: whether a tensor that is missing or left over is an error.

    Raises:
        ConversionError: a class that is not read, or as of `HuggingFaceFolder`.

    Example:

    >>> checkpoint = KerasHubFolder("bert_base_en_uncased")
    >>> encoder = checkpoint.encoder()
    """

    layout = "KerasHub"

    def _read_config(self):
        """Their config, as Hugging Face would write it."""
        raw = read_json(self.folder / CONFIG)
        name, theirs = raw.get("class_name"), raw.get("config")
        if name not in BACKBONES or not isinstance(theirs, dict):
            raise ConversionError(
                f"{self.folder}: a {name} of KerasHub is not read. Those that are: "
                f"{', '.join(BACKBONES)}."
            )
        self.backbone = BACKBONES[name]
        if theirs.get("num_inner_repetitions", 1) != 1:
            raise ConversionError(
                f"{self.folder / CONFIG}: num_inner_repetitions="
                f"{theirs['num_inner_repetitions']!r} is not supported. Accepted: 1."
            )
        family = family_called(self.backbone.family)
        names = family.hugging_face
        ours = {FIELDS.get(key, key): value for key, value in theirs.items()}
        ours |= {"layer_norm_epsilon": self.backbone.epsilon}
        ours["attention_dropout"] = ours.get("dropout", 0.1)
        config = {names.config[key]: ours[key] for key in names.config if key in ours}
        activation = next(t for t, o in ACTIVATIONS.items() if o == self.backbone.activation)
        config[names.config["activation"]] = activation
        for field, offset in names.offsets.items():
            if isinstance(config.get(names.config[field]), int):
                config[names.config[field]] += offset
        return {
            "model_type": names.model_type,
            "architectures": [names.classes + "Model"],
            **config,
        }

    def _open(self):
        path = self.folder / WEIGHTS
        if not path.is_file():
            raise ConversionError(f"{self.folder} has no {WEIGHTS}.")
        return KerasHubTensors(path, self.backbone)

    def encoder(self, dtype=None):
        """As of `HuggingFaceFolder`."""
        encoder = super().encoder(dtype)
        self.report.unused += self.tensors.unused
        return encoder

    def tokenizer(self):
        """The same tokenizer, from the files under `assets/tokenizer`."""
        raw = read_json(self.folder / TOKENIZER)
        said = raw.get("config") if isinstance(raw.get("config"), dict) else {}
        config = {"tokenizer_class": self.backbone.tokenizer}
        if "lowercase" in said:
            config["do_lower_case"] = bool(said["lowercase"])
        with tempfile.TemporaryDirectory() as folder:
            for theirs, name in self.backbone.files.items():
                path = self.folder / ASSETS / theirs
                if not path.is_file():
                    raise FileNotFoundError(f"{self.folder} has no {ASSETS / theirs}.")
                shutil.copy(path, Path(folder) / name)
            (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
            return Tokenizer.from_folder(folder)


class KerasHubTensors(Mapping):
    """Read-only mapping: Hugging Face's name -> array as it would be there, read when asked for.

    Args:
        path: the `.h5` file.
        backbone: `Backbone`.

    Attributes:
        unused: names of tensors of layers that the family does not have.
    """

    def __init__(self, path, backbone):
        self.path, self.unused, self._places = path, [], {}
        self._family = family_called(backbone.family)
        table = self._family.weight_names(None)
        self._file = Hdf5File(path, skip="seed_generator")  # the states of those are no weights
        specs = self._file.specs
        narrow = "layers/dense/vars/0" in specs and "layers/dense_1/vars/0" not in specs
        for theirs, (shape, _) in specs.items():
            ours = our_path(theirs, backbone, narrow)
            if ours and backbone.unused and ours.startswith(backbone.unused):
                self.unused.append(theirs)
                continue
            # What is not known keeps its name, and is told of as left over.
            place = (ours and locate(ours, table)) or Place(theirs, False)
            self._places[place.name] = theirs, place, shape_of(shape, ours or theirs)
        self._add_segments(table)

    def _add_segments(self, table):
        """The one segment of RoBERTa, whose vector is zero, and which they leave out."""
        tokens, segments = (
            locate(f"embeddings/{part}/embeddings", table) for part in ("tokens", "segments")
        )
        if segments and segments.name not in self._places and tokens.name in self._places:
            self._places[segments.name] = None, segments, (1, self.shape(tokens.name)[1])

    def __getitem__(self, name):
        theirs, place, shape = self._places[name]
        if theirs is None:
            return np.zeros(shape, "float32")
        array = self._file.read(theirs).reshape(shape)
        array = np.concatenate([np.zeros((self._more(name), *shape[1:]), array.dtype), array])
        return array.T if place.transposed else array

    def _more(self, name):
        """Rows that Hugging Face has before the first: positions that padding counts."""
        field, axis = "max_sequence_length", 0
        if self._family.hugging_face.sizes.get(field) != (name, axis):
            return 0
        return self._family.hugging_face.offsets.get(field, 0)

    def shape(self, name):
        """Shape of a tensor, without reading it."""
        _, place, shape = self._places[name]
        shape = (shape[0] + self._more(name), *shape[1:])
        return shape[::-1] if place.transposed else shape

    def __iter__(self):
        return iter(self._places)

    def __len__(self):
        return len(self._places)

    def __contains__(self, name):
        return name in self._places

    def close(self):
        """Closes the file. Arrays already read stay valid."""
        self._file.close()


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
    block = re.fullmatch(r"(?:transformer|disentangled_attention)_encoder(?:_(\d+))?/(.+)", layer)
    if block:
        part, where = _BLOCK.get(block[2]), f"layer_{block[1] or 0}/"
    else:
        part, where = backbone.parts.get(layer), ""
        if narrow and part == "embeddings/project":
            part = "pooler/dense"
    if part is None or number > 1:
        return None
    if part.endswith("norm"):
        variable = ("gamma", "beta")[number]
    elif part.endswith(("tokens", "table", "segments")):
        variable = "embeddings"
    else:
        variable = ("kernel", "bias")[number]
    return f"{where}{part}/{variable}"


def shape_of(shape, path):
    """Two axes for a kernel, one for a bias: theirs have one for heads."""
    shape = tuple(shape)
    if path.endswith("attention/out/kernel"):
        return (int(np.prod(shape[:-1])), shape[-1])
    if path.endswith("kernel"):
        return (shape[0], int(np.prod(shape[1:])))
    return (int(np.prod(shape)),) if path.endswith("bias") else shape
