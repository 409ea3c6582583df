"""Reads RoBERTa and XLM-R as fairseq keeps them: model.pt, dict.txt, and the files of a tokenizer.

The tensors get the names that Hugging Face has for them, so that one table in a family serves both.
Source of the names and of what the settings mean: `fairseq/models/roberta/model.py` of
https://github.com/facebookresearch/fairseq.
"""

import re
from pathlib import Path

import numpy as np

from ..families import family_called
from .fairseq_tokenizer import DICTIONARY, SENTENCEPIECE, from_fairseq, read_dictionary, superseded
from .hugging_face import HuggingFaceFolder
from .renamed import RenamedTensors
from .report import ConversionError
from .restricted_pickle import Holder
from .tensors import FILES
from .torch_pickle import TorchFile, tensors_of

# The first of these is read, or else the only *.pt.
CHECKPOINTS = ("model.pt", "checkpoint_best.pt", "checkpoint_last.pt")
# What holds the settings beside the tensors; taken as data, see `restricted_pickle.Holder`.
INERT = re.compile(
    r"argparse\.Namespace|(omegaconf|fairseq)\..+|typing\.\w+|_?operator\.getitem"
    r"|collections\.defaultdict"
    r"|(builtins|__builtin__)\.(bool|dict|float|int|list|long|object|str|tuple|type|unicode)"
)

# Their setting -> Hugging Face's field. Those of the first table must be there.
SIZES = {
    "encoder_layers": "num_hidden_layers",
    "encoder_embed_dim": "hidden_size",
    "encoder_attention_heads": "num_attention_heads",
    "encoder_ffn_embed_dim": "intermediate_size",
}
RATES = {
    "dropout": "hidden_dropout_prob",
    "attention_dropout": "attention_probs_dropout_prob",
    "pooler_dropout": "classifier_dropout",
}
# Of no effect on the output; the report tells of them.
IGNORED = ("arch", "task", "activation_dropout", "encoder_layerdrop")
# Settings that must have this value, if they are there.
REQUIRED = {
    "activation_fn": ("gelu",),
    "pooler_activation_fn": ("tanh",),
    "encoder_learned_pos": (True,),
    "no_token_positional_embeddings": (False,),
    "no_scale_embedding": (True,),
    "adaptive_input": (False,),
    "encoder_layers_to_keep": (None, ""),
}

# Their layer -> Hugging Face's, under `encoder.` or, in older files, `decoder.`.
STEM = {
    "sentence_encoder.embed_tokens": "embeddings.word_embeddings",
    "sentence_encoder.embed_positions": "embeddings.position_embeddings",
    "sentence_encoder.emb_layer_norm": "embeddings.LayerNorm",  # older
    "sentence_encoder.layernorm_embedding": "embeddings.LayerNorm",
    "sentence_encoder.layer_norm": "encoder.LayerNorm",
    "lm_head": "lm_head.decoder",
    "lm_head.dense": "lm_head.dense",
    "lm_head.layer_norm": "lm_head.layer_norm",
}
BLOCK = {
    "self_attn.q_proj": "attention.self.query",
    "self_attn.k_proj": "attention.self.key",
    "self_attn.v_proj": "attention.self.value",
    "self_attn.out_proj": "attention.output.dense",
    "fc1": "intermediate.dense",
    "fc2": "output.dense",
}
NORMS_AFTER = {
    "self_attn_layer_norm": "attention.output.LayerNorm",
    "final_layer_norm": "output.LayerNorm",
}
NORMS_BEFORE = {
    "self_attn_layer_norm": "attention.self_attn_layer_norm",
    "final_layer_norm": "LayerNorm",
}
# Query, key and value in one, in older files.
TOGETHER = re.compile(r"(.*\.self_attn\.)in_proj_(weight|bias)")
TOKENS, SEGMENTS = "embeddings.word_embeddings.weight", "embeddings.token_type_embeddings.weight"
LAST_NORM = "sentence_encoder.layer_norm.weight"
HEADS = "classification_heads."
NO_WEIGHTS = re.compile(r".*(_float_tensor|\.version)")


def find_checkpoint(folder):
    """The path of a folder's checkpoint; None if there is none, or no saying which."""
    folder = Path(folder)
    for name in CHECKPOINTS:
        if (folder / name).is_file():
            return folder / name
    found = sorted(folder.glob("*.pt"))
    return found[0] if len(found) == 1 else None


def is_fairseq(folder):
    """Whether a folder has a checkpoint and a dictionary of fairseq, and no weights else."""
    folder = Path(folder)
    if (folder / "config.json").is_file() or any((folder / name).is_file() for name in FILES):
        return False
    return (folder / DICTIONARY).is_file() and find_checkpoint(folder) is not None


class FairseqFolder(HuggingFaceFolder):
    """One RoBERTa, XLM-R, CamemBERT or XLM-R XL in fairseq's layout, heads and all.

    Nothing in the file is run, and no class that it names is looked up. A checkpoint with several
    classification heads is read without them.

    Args:
        folder: holds model.pt, dict.txt, and for texts `vocab.bpe` and `encoder.json` or
            `sentencepiece.bpe.model`.
        strict: whether a tensor that is missing or left over is an error.

    Raises:
        ConversionError: as of `HuggingFaceFolder`; a setting that would be built wrongly.
        ValueError: the checkpoint is damaged, or asks to run code.

    Example:

    >>> checkpoint = FairseqFolder("roberta.base")
    >>> encoder = checkpoint.encoder()
    """

    layout = "fairseq"

    def _read_config(self):
        """Their settings, as Hugging Face would write them."""
        path = find_checkpoint(self.folder)
        self.config_file = path.name
        file = FairseqFile(path)
        self.config = settings = file.settings  # which `_refuse` looks at
        self._refuse(REQUIRED)
        for name in SIZES:
            if name not in settings:
                raise ConversionError(f"{path}: its settings have no {name}.")
        self._fairseq = FairseqTensors(file)
        positions = settings.get("max_positions") or settings.get("tokens_per_sample") or 512
        names = family_called(self._family_name()).hugging_face
        return {
            "model_type": names.model_type,
            "architectures": [names.classes + self._fairseq.architecture],
            "vocab_size": self._fairseq.vocabulary_size,
            "max_position_embeddings": positions + 2 if type(positions) is int else positions,
            "type_vocab_size": 1,
            "layer_norm_eps": 1e-5,
            **{hf: settings[name] for name, hf in {**SIZES, **RATES}.items() if name in settings},
            **{name: settings[name] for name in IGNORED if name in settings},
        }

    def _family_name(self):
        """RoBERTa's name unless the norms or the tokenizer's files are another's."""
        if self._fairseq.norms_before:
            return "xlm_roberta_xl"
        if not (self.folder / SENTENCEPIECE).is_file():
            return "roberta"
        symbols = read_dictionary(self.folder / DICTIONARY)
        return "camembert" if superseded(symbols) else "xlm_roberta"

    def _open(self):
        return self._fairseq

    def tokenizer(self):
        """The tokenizer, whose ids are those of dict.txt.

        Raises:
            ConversionError: dict.txt is not that of the checkpoint.
            FileNotFoundError, ValueError: a file is missing or unusable, and why.
        """
        count = len(read_dictionary(self.folder / DICTIONARY))
        if count != self._fairseq.vocabulary_size:
            raise ConversionError(
                f"{self.folder}: {DICTIONARY} makes {count:,} tokens, the special ones and <mask> "
                f"among them, but the table of tokens in {self.config_file} has "
                f"{self._fairseq.vocabulary_size:,} rows. They do not belong together."
            )
        return from_fairseq(self.folder)


class FairseqFile(TorchFile):
    """The tensors of a checkpoint's model, and `settings`, the dict of what it was made with."""

    inert = INERT

    def find(self, state):
        state = state if type(state) is dict else {}
        model = state.get("model")
        notes = tensors_of(model) if type(model) is dict else {}
        self.settings = settings_of(state)
        if not notes or not self.settings:
            raise ValueError(
                "not a checkpoint of fairseq, which has the tensors under 'model' and the settings "
                f"under 'args' or 'cfg'; found {', '.join(map(repr, list(state)[:8])) or 'none'}."
            )
        return notes


def settings_of(state):
    """Name -> value of the settings of model and task, in any of the ways that fairseq keeps them.

    Those are a namespace under `args`, and under `cfg` a dict of dicts or what omegaconf makes of
    one.
    """
    found = plain(state.get("args"))
    if type(found) is not dict:
        parts = plain(state.get("cfg"))
        parts = [plain(parts.get(name)) for name in ("task", "model")] if parts else []
        found = {}
        for part in parts:
            found.update(part if type(part) is dict else {})
    return {name: plain(value) for name, value in found.items()}


def plain(value):
    """What a `Holder` stands for: the contents of a config, the value of a node, attributes."""
    for _ in range(4):  # nodes are nested no deeper; a file may nest them in themselves
        if type(value) is not Holder:
            return value
        attributes = value.attributes
        key = next((key for key in ("_content", "_val") if key in attributes), None)
        # Of an enumeration's member there is no more than the value it is made of.
        single = value.arguments[0] if len(value.arguments) == 1 else None
        value = attributes[key] if key else attributes or single
    return None


class FairseqTensors(RenamedTensors):
    """Read-only mapping: Hugging Face's name -> array as it would be there, read when asked for.

    Args:
        file: `FairseqFile`.

    Attributes:
        norms_before: whether the norms stand before the branches; then one follows the last block.

    Raises:
        ConversionError: the tensors are not those of a RoBERTa.
    """

    def __init__(self, file):
        self.path, self._file, self._places = file.path, file, {}
        names = [name for name in file.specs if not NO_WEIGHTS.fullmatch(name)]
        self.norms_before = any(name.endswith(LAST_NORM) for name in names)
        heads = {name.split(".")[1] for name in names if name.startswith(HEADS)}
        for theirs in names:
            self._add(theirs, one_head=len(heads) == 1)
        if TOKENS not in self:
            raise ConversionError(
                f"{self.path}: these are not the weights of a RoBERTa. Expected "
                f"encoder.sentence_encoder.embed_tokens; found {', '.join(names[:5])} ..."
            )
        # The one segment, whose vector is zero, and which they leave out.
        self._places[SEGMENTS] = None, 0, 1

    def _add(self, theirs, one_head):
        names = translate(theirs, self.norms_before, one_head)
        shape = self._file.specs[theirs][0]
        if not shape or shape[0] % len(names):
            raise ConversionError(
                f"{self.path}: {theirs} has shape {shape}, which does not divide into "
                f"{len(names)} parts."
            )
        for part, name in enumerate(names):
            if name in self._places:
                first = self._places[name][0]
                raise ConversionError(f"{self.path}: {first} and {theirs} are both {name}.")
            self._places[name] = theirs, part, len(names)

    @property
    def architecture(self):
        """End of the name of transformers' class for the head that there is."""
        heads = {
            "classifier.out_proj.weight": "ForSequenceClassification",
            "lm_head.dense.weight": "ForMaskedLM",
        }
        return next((heads[name] for name in heads if name in self), "Model")

    @property
    def vocabulary_size(self):
        """Rows of the table of tokens."""
        return self.shape(TOKENS)[0]

    def __getitem__(self, name):
        theirs, part, parts = self._places[name]
        if theirs is None:
            return np.zeros(self.shape(name), "float32")
        array = self._file.read(theirs)
        return array if parts == 1 else np.split(array, parts)[part]

    def shape(self, name):
        """Shape of a tensor, without reading it."""
        theirs, _, parts = self._places[name]
        if theirs is None:
            return (1, *self.shape(TOKENS)[1:])
        first, *rest = self._file.specs[theirs][0]
        return (first // parts, *rest)

    def close(self):
        """Closes the file. Arrays already read stay valid."""
        self._file.close()


def translate(name, norms_before=False, one_head=True):
    """Hugging Face's names of the tensors that one of theirs is: three, of query, key and value.

    Args:
        name: theirs.
        norms_before: whether the norms stand before the branches.
        one_head: whether there is no other classification head.

    >>> translate("decoder.sentence_encoder.layers.3.fc1.weight")
    ['encoder.layer.3.intermediate.dense.weight']
    """
    if name.startswith(HEADS):
        return [re.sub(r"^\w+\.[^.]*", "classifier", name) if one_head else f"classifier.{name}"]
    if found := TOGETHER.fullmatch(name):
        parts = [f"{found[1]}{part}_proj.{found[2]}" for part in "qkv"]
        return [translate(part, norms_before)[0] for part in parts]
    layer, _, end = re.sub(r"^(en|de)coder\.", "", name).rpartition(".")
    if layer in STEM:
        return [f"{STEM[layer]}.{end}"]
    block = re.fullmatch(r"sentence_encoder\.layers\.(\d+)\.(.+)", layer)
    parts = {**BLOCK, **(NORMS_BEFORE if norms_before else NORMS_AFTER)}
    if block and block[2] in parts:
        return [f"encoder.layer.{block[1]}.{parts[block[2]]}.{end}"]
    return [name]  # not known: told of as left over
