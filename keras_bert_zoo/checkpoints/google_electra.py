"""Reads ELECTRA as Google publishes it: a vocabulary, a TensorFlow 1 checkpoint, and no config.

The layout: https://github.com/google-research/electra. One checkpoint holds two models: the
discriminator, which is what is fine-tuned, and the generator, which fills masks. They share the
tables.
"""

from pathlib import Path

from ..families import FAMILIES
from .google_names import ELECTRA
from .google_tf1 import GoogleFolder, GoogleTensors, is_google, sizes_of
from .hugging_face import read_json
from .report import ConversionError
from .tensor_bundle import TensorBundle, find_bundle

HEAD_DIM = 64  # of every model of theirs: util/training_utils.py and run_pretraining.py
_OWN, _GENERATOR, _TABLES = "electra/", "generator/", "embeddings/"
_HEADS = {"discriminator": "discriminator_predictions/", "generator": "generator_predictions/"}


def is_google_electra(folder):
    """Whether the checkpoint in a folder is an ELECTRA with the names of TensorFlow 1."""
    try:
        path = find_bundle(folder) if is_google(folder) else None
        return path is not None and ELECTRA.marker in TensorBundle(path).specs
    except ConversionError:
        return False  # the layouts that come after say what is wrong


class GoogleElectraFolder(GoogleFolder):
    """One ELECTRA in Google's layout, pre-trained or fine-tuned by their scripts.

    The sizes are those of the tensors, and the heads have 64 numbers each. A discriminator with
    other heads needs a config.json that says `num_attention_heads`.

    Args:
        folder: holds vocab.txt and a checkpoint, as of `GoogleFolder`.
        strict: whether a tensor that is missing or left over is an error.
        part: `"discriminator"` or `"generator"`.

    Raises:
        ConversionError: as of `GoogleFolder`.

    Example:

    >>> checkpoint = GoogleElectraFolder("electra_small")
    >>> encoder = checkpoint.encoder()
    >>> generator = checkpoint.for_head("MaskedLM")
    """

    def __init__(self, folder, *, strict=True, part="discriminator"):
        self.part, self._path = part, Path(folder)
        super().__init__(folder, strict=strict)
        self.report.assumed.update(self._assumed)

    def _tensors(self):
        return GoogleTensors(TensorBundle(self._index), VIEWS[self.part])

    def _config(self, there):
        """What the tensors say; of the discriminator a file may say more."""
        there = there and self.part == "discriminator"
        said = read_json(self.folder / self.config_file) if there else {}
        sizes = sizes_of(self.tensors, FAMILIES[ELECTRA.family])
        heads = max(1, sizes.get("hidden_size", 0) // HEAD_DIM)
        self._assumed = {"model": f"the {self.part}"}
        if "num_attention_heads" not in said:
            self._assumed["num_attention_heads"] = f"{heads} (of {HEAD_DIM} each)"
        return {**sizes, "num_attention_heads": heads, "hidden_act": "gelu", **said}

    def for_head(self, style):
        """The checkpoint to read a head from: that of masked words is the generator's."""
        if style != "MaskedLM" or not has_generator(self.tensors.unread):
            return self
        return type(self)(self._path, strict=self.strict, part="generator")


def discriminator(names):
    """The view of `GoogleTensors` that leaves out the generator."""
    both = has_generator(names)
    left_out = (_GENERATOR, _HEADS["generator"]) if both else ()
    return lambda name: None if name.startswith(left_out) else name


def generator(names):
    """The view of `GoogleTensors` in which the generator has the discriminator's names."""
    if not has_generator(names):
        return str
    tables = _OWN + _TABLES

    def rename(name):
        if name.startswith(_GENERATOR):
            return _OWN + name.removeprefix(_GENERATOR)
        if name.startswith(tables):  # shared, unless it has its own
            return None if _GENERATOR + name.removeprefix(_OWN) in names else name
        return None if name.startswith((_OWN, _HEADS["discriminator"])) else name

    return rename


def has_generator(names):
    """Whether there are two models: not after fine-tuning, nor if one was both in training."""
    return any(name.startswith(_GENERATOR) for name in names)


VIEWS = {"discriminator": discriminator, "generator": generator}
