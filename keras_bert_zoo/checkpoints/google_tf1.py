"""Reads BERT and ALBERT as Google publishes them: config, vocabulary, a TensorFlow 1 checkpoint.

The layouts: https://github.com/google-research/bert and https://github.com/google-research/albert.
ELECTRA, which comes without a config and as two models in one, is in google_electra.py.
"""

import json
import re
import shutil
import tempfile
from pathlib import Path

from ..families import FAMILIES
from ..tokenizers import Tokenizer
from .google_casing import infer_lowercase
from .google_names import ALBERT, BERT, FAMILY_NAMES, is_unread, names_of, translate
from .hugging_face import HuggingFaceFolder, read_json
from .renamed import RenamedTensors
from .report import ConversionError
from .tensor_bundle import SAVED_MODEL, SUFFIX, TensorBundle, find_bundle, is_bundle
from .tensors import FILES

ASSETS = "assets"  # where a SavedModel keeps its vocabulary
CONFIGS = (BERT.config_file, ALBERT.config_file)
_CASING = ("tokenizer_config.json", "tokenizer.json")


def is_google(folder):
    """Whether a folder has Google's config, or a TensorFlow checkpoint, and no weights else.

    A checkpoint that is named itself, as `folder/bert_model.ckpt-1000`, counts as well.
    """
    folder = Path(folder)
    if is_bundle(folder):
        return True
    if any((folder / name).is_file() for name in FILES):
        return False
    told = (*CONFIGS, SAVED_MODEL)
    return any((folder / name).is_file() for name in told) or any(folder.glob(f"*{SUFFIX}"))


class GoogleFolder(HuggingFaceFolder):
    """One BERT or ALBERT in Google's layout, pre-trained or fine-tuned by their scripts.

    The tensors say which of them it is. A config.json is read where there is no bert_config.json or
    albert_config.json. What their files do not say is assumed as the report tells: whether text is
    lower-cased, and which function `gelu` is.

    Args:
        folder: holds the config, the vocabulary (vocab.txt or 30k-clean.model) and a checkpoint: an
            `*.index` with its `.data` files. One of several checkpoints is named with its folder.
        strict: whether a tensor that is missing or left over is an error.

    Raises:
        ConversionError: as of `HuggingFaceFolder`; the checkpoint is damaged, not there, one of
            several, or of no family with the names of TensorFlow 1.

    Example:

    >>> checkpoint = GoogleFolder("albert_base")
    >>> encoder = checkpoint.encoder()
    """

    layout = "Google (TensorFlow 1)"

    def __init__(self, folder, *, strict=True):
        path = Path(folder)
        self._index = find_bundle(path)
        super().__init__(path.parent if is_bundle(path) else path, strict=strict)
        self.lowercase = self._casing()

    def _read_config(self):
        if self._index is None:
            found = ", ".join(sorted(p.name for p in self.folder.iterdir())[:8])
            raise ConversionError(
                f"{self.folder} has a config, but no checkpoint. Looked for *{SUFFIX}, "
                f"{', '.join(FILES)}; found {found}."
            )
        self.tensors = self._tensors()
        self.style = self.tensors.names
        # Many copies have it renamed.
        names = (self.style.config_file, HuggingFaceFolder.config_file)
        found = [name for name in names if (self.folder / name).is_file()]
        self.config_file = (found or names)[0]
        return self._config(bool(found))

    def _config(self, there):
        """The config as Hugging Face would write it.

        Args:
            there: whether there is a file of it.
        """
        return read_json(self.folder / self.config_file)

    def _tensors(self):
        return GoogleTensors(TensorBundle(self._index))

    def _open(self):
        return self.tensors  # opened already: they say which config there is

    def _family(self):
        return FAMILIES[self.style.family]

    def _activation(self, theirs):
        if theirs == "gelu":
            theirs, self.report.assumed["hidden_act"] = self.style.gelu
        return super()._activation(theirs)

    def encoder_config(self):
        self._refuse(self.style.required)
        return super().encoder_config()

    def encoder(self, dtype=None):
        """As of `HuggingFaceFolder`; the optimizer's tensors are among those unused."""
        self.tensors.check_shards()  # before anything is built: sizes in an index cost nothing
        encoder = super().encoder(dtype)
        self.report.unused += self.tensors.unread
        return encoder

    def _vocabulary(self):
        """The file of the vocabulary, or None."""
        for pattern in self.style.vocabularies:
            found = sorted([*self.folder.glob(pattern), *self.folder.glob(f"{ASSETS}/{pattern}")])
            if len(found) > 1:
                raise ConversionError(
                    f"{self.folder} holds {len(found)} vocabularies: "
                    f"{', '.join(path.name for path in found[:5])}. Leave one of them there."
                )
            if found:
                return found[0]
        return None

    def _casing(self):
        """Whether text is lower-cased; a tokenizer_config.json or tokenizer.json would say it."""
        path = self._vocabulary()
        if path is None or any((self.folder / name).is_file() for name in _CASING):
            return None
        lowercase, reason = True, "as ALBERT's scripts do"
        if path.suffix == ".txt":
            lowercase, reason = infer_lowercase(path, self.folder.resolve().name)
        self.report.assumed["do_lower_case"] = f"{lowercase} ({reason})"
        return lowercase

    def tokenizer(self):
        """The tokenizer over the vocabulary, with the casing of `report.assumed`."""
        path = self._vocabulary()
        config, specification = (self.folder / name for name in _CASING)
        if path is None or specification.is_file():
            return super().tokenizer()
        if path.suffix == ".model":
            return _albert_tokenizer(path, config)
        if config.is_file():
            return super().tokenizer()
        return Tokenizer.from_vocabulary(path, lowercase=self.lowercase is not False)


def _albert_tokenizer(model, config):
    """That of a SentencePiece model, which transformers would look for under another name."""
    said = read_json(config) if config.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(model, Path(folder) / "spiece.model")
        said = {"tokenizer_class": "AlbertTokenizer", **said}
        (Path(folder) / config.name).write_text(json.dumps(said), "utf-8")
        return Tokenizer.from_folder(folder)


def sizes_of(tensors, family):
    """The fields of Hugging Face's config that the shapes of tensors say.

    Args:
        tensors: `GoogleTensors`.
        family: ours.

    Raises:
        ConversionError: the blocks are not numbered from 0 on.
    """
    names = family.hugging_face
    config = {}
    for ours, (name, axis) in names.sizes.items():
        shape = tensors.shape(names.prefix + name) if names.prefix + name in tensors else ()
        if axis < len(shape):
            config[names.config[ours]] = shape[axis]
    pattern = re.escape(names.prefix + names.block).replace(r"\{i\}", r"(0|[1-9]\d{0,5})\b")
    found = {int(match[1]) for match in (re.match(pattern, name) for name in tensors) if match}
    if found != set(range(len(found))):
        missing = min(set(range(len(found))) - found)
        raise ConversionError(
            f"{tensors.path}: it has blocks up to number {max(found)}, but no block {missing}."
        )
    if found:
        config[names.config[names.blocks]] = len(found)
    return config


class GoogleTensors(RenamedTensors):
    """Read-only mapping: Hugging Face's name -> array as it would be there, read when asked for.

    Args:
        bundle: `TensorBundle`, or what has its attributes and methods.
        view: all names -> function that gives the name that a tensor is read under, or None.

    Attributes:
        names: `GoogleNames` of the family.
        unread: names of the tensors that are left out: the optimizer's, those of heads that no
            task here has, and those that `view` leaves out.

    Raises:
        ConversionError: the names are of no family, or two tensors are one weight.
    """

    def __init__(self, bundle, view=lambda names: str):
        self.path, self._bundle = bundle.path, bundle
        specs = bundle.specs
        self.names, self.unread, self._places = names_of(specs), [], {}
        if self.names is None:
            expected = ", ".join(f"{names.marker}... ({names.family})" for names in FAMILY_NAMES)
            found = ", ".join([*specs][:5]) or "no tensors"
            raise ConversionError(
                f"{self.path}: these are not the weights of a BERT, ALBERT or ELECTRA under "
                f"Google's names. Expected one of {expected}; found {found} ..."
            )
        rename = view(specs)
        for theirs, (shape, _) in specs.items():
            used = None if is_unread(theirs, self.names) else rename(theirs)
            if used is None:
                self.unread.append(theirs)
                continue
            name, transposed = translate(used, self.names)
            if name in self._places:
                first = self._places[name][0]
                raise ConversionError(f"{self.path}: {first!r} and {theirs!r} are both {name}.")
            self._places[name] = theirs, transposed and len(shape) == 2

    def __getitem__(self, name):
        theirs, transposed = self._places[name]
        array = self._bundle.read(theirs)
        return array.T if transposed else array

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
