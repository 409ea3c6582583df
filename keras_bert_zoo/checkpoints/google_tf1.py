"""Reads BERT as Google publishes it: bert_config.json, vocab.txt, a TensorFlow 1 checkpoint.

The layout and the names: https://github.com/google-research/bert. Their tensors are given the names
that Hugging Face has for them, so that one table in a family serves both.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from ..families import FAMILIES
from ..tokenizers import Tokenizer
from .hugging_face import HuggingFaceFolder
from .report import ConversionError
from .tensor_bundle import SUFFIX, TensorBundle, find_bundle
from .tensors import FILES

# Whole names of theirs -> Hugging Face's: heads, whose matrices are written (outputs, inputs), and
# tables, whose names do not end in what they are.
NAMES = {
    "bert/embeddings/word_embeddings": "bert.embeddings.word_embeddings.weight",
    "bert/embeddings/position_embeddings": "bert.embeddings.position_embeddings.weight",
    "bert/embeddings/token_type_embeddings": "bert.embeddings.token_type_embeddings.weight",
    "cls/predictions/output_bias": "cls.predictions.bias",
    "cls/seq_relationship/output_weights": "cls.seq_relationship.weight",
    "cls/seq_relationship/output_bias": "cls.seq_relationship.bias",
    "cls/squad/output_weights": "qa_outputs.weight",  # run_squad.py
    "cls/squad/output_bias": "qa_outputs.bias",
    "output_weights": "classifier.weight",  # run_classifier.py
    "output_bias": "classifier.bias",
}
# Ends of all other names; a kernel is written (inputs, outputs).
ENDS = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"}
# What an optimizer keeps: Google's AdamWeightDecayOptimizer, those of TensorFlow 1, LAMB.
OPTIMIZER = re.compile(
    r".*/(adam_[mv]|Adam(_\d)?|lamb_[mv]|Momentum|ExponentialMovingAverage)"
    r"|(.*/)?(global_step|beta[12]_power(_\d)?)|.*loss_scale.*|.*good_steps.*"
)


def is_google(folder):
    """Whether a folder has Google's config, or a TensorFlow checkpoint, and no weights else."""
    folder = Path(folder)
    if any((folder / name).is_file() for name in FILES):
        return False
    return (folder / GoogleFolder.config_file).is_file() or any(folder.glob(f"*{SUFFIX}"))


class GoogleFolder(HuggingFaceFolder):
    """One BERT in Google's layout, pre-trained or fine-tuned by their scripts.

    A config.json is read where there is no bert_config.json.

    What their files do not say is assumed as the report tells: whether text is lower-cased, and
    that `gelu` is the exact function.

    Args:
        folder: holds bert_config.json, vocab.txt and one `*.index` with its `.data` files.
        strict: whether a tensor that is missing or left over is an error.

    Raises:
        ConversionError: as of `HuggingFaceFolder`; the checkpoint is damaged, not there, or not of
            a BERT with the names of TensorFlow 1.

    Example:

    >>> checkpoint = GoogleFolder("uncased_L-12_H-768_A-12")
    >>> encoder = checkpoint.encoder()
    """

    layout, config_file = "Google (TensorFlow 1)", "bert_config.json"

    def __init__(self, folder, *, strict=True):
        if not (Path(folder) / self.config_file).is_file():
            self.config_file = HuggingFaceFolder.config_file  # many copies have it renamed
        super().__init__(folder, strict=strict)
        self.lowercase = self._casing()

    def _open(self):
        path = find_bundle(self.folder)
        if path is None:
            found = ", ".join(sorted(p.name for p in self.folder.iterdir())[:8])
            raise ConversionError(
                f"{self.folder} has a {self.config_file}, but no checkpoint. Looked for *{SUFFIX}, "
                f"{', '.join(FILES)}; found {found}."
            )
        return GoogleTensors(path)

    def _family(self):
        family = FAMILIES["bert"]
        if "bert.embeddings.word_embeddings.weight" not in self.tensors:
            names = list(self.tensors) or self.tensors.optimizer or ["no tensors"]
            raise ConversionError(
                f"{self.tensors.path}: these are not the weights of a BERT of TensorFlow 1. "
                f"Expected bert/embeddings/word_embeddings; found {', '.join(names[:5])} ..."
            )
        return family

    def _casing(self):
        """Whether text is lower-cased; a tokenizer_config.json or tokenizer.json would say it."""
        path = self.folder / "vocab.txt"
        if self._says_casing() or not path.is_file():
            return None
        lowercase, reason = infer_lowercase(path, self.folder.resolve().name)
        self.report.assumed["do_lower_case"] = f"{lowercase} ({reason})"
        return lowercase

    def _says_casing(self):
        names = ("tokenizer_config.json", "tokenizer.json")
        return any((self.folder / name).is_file() for name in names)

    def tokenizer(self):
        """The tokenizer over vocab.txt, with the casing of `report.assumed`."""
        if self._says_casing():
            return super().tokenizer()
        lowercase = self.lowercase is not False
        return Tokenizer.from_vocabulary(self.folder / "vocab.txt", lowercase=lowercase)

    def encoder_config(self):
        config = super().encoder_config()
        if config.activation == "gelu":
            # Their code had the error function at first and the tanh form later, under one name.
            self.report.assumed["hidden_act"] = "gelu (the exact one, as transformers takes it)"
        return config

    def encoder(self, dtype=None):
        """As of `HuggingFaceFolder`; the optimizer's tensors are among those unused."""
        self.tensors.check_shards()  # before anything is built: sizes in an index cost nothing
        encoder = super().encoder(dtype)
        self.report.unused += self.tensors.optimizer
        return encoder


class GoogleTensors(Mapping):
    """Read-only mapping: Hugging Face's name -> array as it would be there, read when asked for.

    Args:
        path: the `.index` file.

    Attributes:
        optimizer: names of the optimizer's tensors, which are left out.
    """

    def __init__(self, path):
        self.path = path
        self._bundle = TensorBundle(path)
        self.optimizer = [name for name in self._bundle.specs if OPTIMIZER.fullmatch(name)]
        self._places, skipped = {}, set(self.optimizer)
        for theirs in self._bundle.specs:
            name, transposed = translate(theirs)
            if theirs in skipped:
                continue
            if name in self._places:
                first = self._places[name][0]
                raise ConversionError(f"{path}: {first!r} and {theirs!r} are both {name}.")
            self._places[name] = theirs, transposed and len(self._bundle.specs[theirs][0]) == 2

    def __getitem__(self, name):
        theirs, transposed = self._places[name]
        array = self._bundle.read(theirs)
        return array.T if transposed else array

    def __iter__(self):
        return iter(self._places)

    def __len__(self):
        return len(self._places)

    def __contains__(self, name):
        return name in self._places

    def shape(self, name):
        """Shape of a tensor, without reading it."""
        theirs, transposed = self._places[name]
        shape = self._bundle.specs[theirs][0]
        return shape[::-1] if transposed else shape

    def check_shards(self):
        """Raises `ConversionError` unless the files hold the bytes of every tensor."""
        self._bundle.check_shards()

    def close(self):
        """Closes the files. Arrays already read stay valid."""
        self._bundle.close()


def translate(name):
    """`(Hugging Face's name, whether the matrix is transposed)` of one of Google's names.

    >>> translate("bert/encoder/layer_0/attention/self/query/kernel")
    ('bert.encoder.layer.0.attention.self.query.weight', True)
    """
    if name in NAMES:
        return NAMES[name], False
    *parts, end = re.sub(r"/layer_(\d+)/", r"/layer/\1/", name).split("/")
    return ".".join([*parts, ENDS.get(end, end)]), end == "kernel"


def infer_lowercase(vocabulary, folder_name):
    """`(whether text is to be lower-cased, why)`: Google keeps it in no file.

    A vocabulary with capital letters says it surely. Without them the name of the folder may, as in
    `validate_case_matches_checkpoint` of Google's tokenization.py, by which
    `chinese_L-12_H-768_A-12`, whose vocabulary has no capitals, is lower-cased too.

    Args:
        vocabulary: path to a vocab.txt.
        folder_name: for example `multi_cased_L-12_H-768_A-12`.
    """
    for line in Path(vocabulary).read_text("utf-8", errors="replace").split("\n"):
        # [CLS], [unused1] and the Chinese <S> say nothing.
        if re.search("[A-Z]", line) and not re.fullmatch(r"\s*(\[.*\]|<.*>)\s*", line):
            return False, f"vocab.txt has the piece {line.strip()!r}"
    if re.search(r"(?<!un)cased", folder_name.lower()):
        return False, f"the folder is called {folder_name}"
    return True, "vocab.txt has no capital letters"
