"""Reads BERT as Google's programs of TensorFlow 2 save it: Model Garden's and TensorFlow Hub's.

The layouts: https://github.com/tensorflow/models/tree/master/official/nlp, its checkpoints, and the
folder of a SavedModel (saved_model.pb, assets, variables). The names of the variables become those
of TensorFlow 1, and matrices that are kept head by head become plain ones.
"""

import dataclasses
import math
import re

from ..families import FAMILIES
from .google_names import BERT
from .google_tf1 import GoogleFolder, GoogleTensors, is_google, sizes_of
from .hugging_face import read_json
from .object_graph import GRAPH, MAX_BYTES, variable_names
from .report import ConversionError
from .tensor_bundle import TensorBundle, find_bundle

# Names of variables, or of their layers -> those of TensorFlow 1. Those with a postprocessor are
# of releases before 2.3.
NAMES = {
    "word_embeddings/embeddings": "bert/embeddings/word_embeddings",
    "position_embedding/embeddings": "bert/embeddings/position_embeddings",
    "type_embeddings/embeddings": "bert/embeddings/token_type_embeddings",
    "embeddings/layer_norm": "bert/embeddings/LayerNorm",
    "embedding_postprocessor/position_embeddings": "bert/embeddings/position_embeddings",
    "embedding_postprocessor/type_embeddings": "bert/embeddings/token_type_embeddings",
    "embedding_postprocessor/layer_norm": "bert/embeddings/LayerNorm",
    "pooler_transform": "bert/pooler/dense",
    "cls/predictions/transform/dense": "cls/predictions/transform/dense",
    "cls/predictions/transform/LayerNorm": "cls/predictions/transform/LayerNorm",
    "cls/predictions/output_bias/bias": "cls/predictions/output_bias",
}
# The same for what follows `transformer/layer_0/`, which was `encoder/layer_0/`.
BLOCK = {
    "self_attention/query": "attention/self/query",
    "self_attention/key": "attention/self/key",
    "self_attention/value": "attention/self/value",
    "self_attention/attention_output": "attention/output/dense",
    "self_attention_output": "attention/output/dense",
    "self_attention_layer_norm": "attention/output/LayerNorm",
    "intermediate": "intermediate/dense",
    "output": "output/dense",
    "output_layer_norm": "output/LayerNorm",
}
_LONGEST = 5  # parts of a name that are known
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
# Of names in the checkpoint: what is no weight.
_STATE = re.compile(r"(.*/)?(optimizer|\.OPTIMIZER_SLOT)/.*|(.*/)?(save_counter|global_step)")
# Of names of variables: heads other than that of masked words.
_HEADS = re.compile(
    r"(.*/)?(next_sentence|sentence_prediction|classification|classifier|predictions|span_labeling)"
    r"/.*"
)
STYLE = dataclasses.replace(
    BERT, gelu=("gelu_new", "gelu_tanh (the only gelu of Model Garden's code)")
)


def is_google_keras(folder):
    """Whether the checkpoint in a folder is one of objects, as TensorFlow 2 saves them."""
    try:
        path = find_bundle(folder) if is_google(folder) else None
        return path is not None and GRAPH in TensorBundle(path).strings
    except ConversionError:
        return False  # the layouts that come after say what is wrong


class GoogleKerasFolder(GoogleFolder):
    """One BERT of Model Garden or TensorFlow Hub: the encoder and the head of masked words.

    Without a config the sizes and the number of heads are those of the tensors.

    Args:
        folder: holds vocab.txt and a checkpoint, as of `GoogleFolder`, or is a SavedModel.
        strict: whether a tensor that is missing or left over is an error.

    Raises:
        ConversionError: as of `GoogleFolder`; variables without names, or under other names.

    Example:

    >>> checkpoint = GoogleKerasFolder("bert_en_uncased_L-12_H-768_A-12_4")
    >>> encoder = checkpoint.encoder()
    """

    layout = "Google (TensorFlow 2)"

    def _tensors(self):
        bundle = ObjectBundle(TensorBundle(self._index))
        tensors = GoogleTensors(bundle)
        tensors.names, self._heads = STYLE, bundle.num_heads
        tensors.unread += bundle.unread
        return tensors

    def _config(self, there):
        path = self.folder / self.config_file
        config = {**sizes_of(self.tensors, FAMILIES[STYLE.family]), "hidden_act": "gelu"}
        config = read_json(path) if there else config
        said = config.setdefault("num_attention_heads", self._heads)
        if said is None:
            raise ConversionError(
                f"{self._index}: its attention is not kept head by head, and there is no {path} "
                "that says num_attention_heads."
            )
        if self._heads not in (None, said):
            raise ConversionError(
                f"{path} says num_attention_heads={said}, but the attention of {self._index} has "
                f"{self._heads}. Weights and config do not belong together."
            )
        return config

    def encoder_config(self):
        # One with norms before its layers has the same names.
        self.report.assumed["norm_first"] = "False (no file says it)"
        return super().encoder_config()


class ObjectBundle:
    """A checkpoint of objects, under the names and in the shapes that TensorFlow 1 would have.

    Has what `GoogleTensors` needs of a `TensorBundle`.

    Args:
        bundle: `TensorBundle`.

    Attributes:
        specs: name -> (shape, dtype).
        unread: names in the checkpoint of what is no weight, and of heads that are not read.
        num_heads: how many heads the attention has; None where its matrices are plain.

    Raises:
        ConversionError: two variables are one weight, the attention has different numbers of heads,
            or the graph of objects is damaged.
    """

    def __init__(self, bundle):
        self.path, self._bundle = bundle.path, bundle
        self.specs, self.unread, self._keys = {}, [], {}
        names, heads = _names(bundle), set()
        for key, (shape, dtype) in bundle.specs.items():
            name = names.get(key) or key.removesuffix(_VALUE)
            used = original(name)
            if _STATE.fullmatch(key.removesuffix(_VALUE)) or (
                used is None and (_HEADS.fullmatch(name) or dtype.kind in "iub")
            ):
                self.unread.append(key)
                continue
            used = used or f"unknown/{name}"
            if used in self._keys:
                raise ConversionError(
                    f"{self.path}: {self._keys[used]!r} and {key!r} are both {used}: a checkpoint "
                    "of several encoders is not read."
                )
            if used.endswith("/query/kernel") and len(shape) == 3:
                heads.add(shape[1])
            self._keys[used], self.specs[used] = key, (plain_shape(used, shape), dtype)
        if len(heads) > 1:
            raise ConversionError(f"{self.path}: its attention has {sorted(heads)} heads.")
        self.num_heads = next(iter(heads), None)

    def read(self, name):
        """As of `TensorBundle`."""
        return self._bundle.read(self._keys[name]).reshape(self.specs[name][0])

    def check_shards(self):
        """As of `TensorBundle`."""
        self._bundle.check_shards()

    def close(self):
        """Closes the files."""
        self._bundle.close()


def original(name):
    """TensorFlow 1's name of a variable, or None. Scopes before the known part count for nothing.

    >>> original("bert_encoder/transformer/layer_0/self_attention/query/kernel:0")
    'bert/encoder/layer_0/attention/self/query/kernel'
    """
    parts = re.sub(r":\d+$", "", name).split("/")[-_LONGEST:]
    found = re.search(r"(?:^|/)(?:transformer|encoder)/layer_(\d+)/(.+)/(\w+)$", "/".join(parts))
    if found:
        number, layer, end = found.groups()
        return f"bert/encoder/layer_{number}/{BLOCK[layer]}/{end}" if layer in BLOCK else None
    for start in range(len(parts)):
        whole, layer = "/".join(parts[start:]), "/".join(parts[start:-1])
        if whole in NAMES:
            return NAMES[whole]
        if layer in NAMES:
            return f"{NAMES[layer]}/{parts[-1]}"
    return None


def plain_shape(name, shape):
    """Two axes for a kernel, one for a bias: of attention, theirs have one for heads."""
    if name.endswith("/attention/output/dense/kernel") and len(shape) == 3:
        return (shape[0] * shape[1], shape[2])
    if re.search(r"/attention/self/\w+/kernel$", name) and len(shape) == 3:
        return (shape[0], shape[1] * shape[2])
    if re.search(r"/attention/self/\w+/bias$", name):
        return (math.prod(shape),)
    return shape


def _names(bundle):
    try:
        return variable_names(b"".join(bundle.read_string(GRAPH, MAX_BYTES)))
    except ConversionError:
        raise
    except ValueError as error:
        raise ConversionError(f"{bundle.path}: tensor {GRAPH!r}: {error}.") from error
