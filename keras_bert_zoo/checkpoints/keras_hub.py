"""Reads the presets of KerasHub: config.json, weights, the head of a classifier, the tokenizer.

Only files are read: KerasHub need not be installed, and no class that a config names is looked up.
The tensors get the names that Hugging Face has for them, so that one table in a family serves both.
"""

import json
from pathlib import Path

import numpy as np

from ..families import family_called
from .hdf5 import Hdf5File
from .hugging_face import ACTIVATIONS, PROBLEMS, HuggingFaceFolder, read_json
from .keras_hub_names import (
    BACKBONES,
    CONFIG,
    METADATA,
    OURS,
    TASK,
    TASK_WEIGHTS,
    WEIGHTS,
    our_path,
    variable_of,
)
from .keras_hub_tokenizer import read_tokenizer
from .name_map import Place, locate
from .renamed import RenamedTensors
from .report import ConversionError

# Groups of numbers that are no weights: random states, and what an optimizer remembers.
NO_WEIGHTS = ("seed_generator", "optimizer")
# What a classifier of theirs may do to its logits -> our problem; None is whatever else is known.
HEAD_ACTIVATIONS = {None: None, "linear": None, "softmax": "single", "sigmoid": "multi_label"}


def is_keras_hub(folder):
    """Whether a folder's config.json is that of a backbone of KerasHub or KerasNLP."""
    config = read_any(Path(folder) / CONFIG)
    name = config.get("registered_name")
    return isinstance(name, str) and name.startswith(("keras_hub>", "keras_nlp>"))


def read_any(path):
    """The JSON object in a file, and an empty one where there is none."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


class KerasHubFolder(HuggingFaceFolder):
    """One preset of KerasHub: its encoder, and the head of a text classifier.

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
        for key, value in self.backbone.also.items():
            if theirs.get(key, value) != value:
                raise ConversionError(
                    f"{self.folder / CONFIG}: {key}={theirs[key]!r} is not supported. "
                    f"Accepted: {value!r}."
                )
        names = family_called(self.backbone.family).hugging_face
        ours = {self.backbone.fields.get(key, key): value for key, value in theirs.items()}
        ours |= {"layer_norm_epsilon": self.backbone.epsilon}
        ours["attention_dropout"] = ours.get("dropout", 0.1)
        config = {names.config[key]: ours[key] for key in names.config if key in ours}
        activation = next(t for t, o in ACTIVATIONS.items() if o == self.backbone.activation)
        config[names.config["activation"]] = activation
        for field, offset in names.offsets.items():
            if isinstance(config.get(names.config[field]), int):
                config[names.config[field]] += offset
        self.head = read_head(self.folder, self.backbone)
        return {
            "model_type": names.model_type,
            "architectures": [names.classes + ("Model" if self.head is None else CLASSIFIER)],
            **config,
            **(self.head or {}),
        }

    def _open(self):
        path = self.folder / WEIGHTS
        if not path.is_file():
            raise ConversionError(f"{self.folder} has no {WEIGHTS}.")
        head = None if self.head is None else self.folder / TASK_WEIGHTS
        return KerasHubTensors(path, self.backbone, head)

    def encoder(self, dtype=None):
        """As of `HuggingFaceFolder`."""
        encoder = super().encoder(dtype)
        self.report.unused += self.tensors.unused
        return encoder

    def tokenizer(self):
        """The same tokenizer, from the files under `assets/tokenizer`."""
        return read_tokenizer(self.folder, self.backbone)


CLASSIFIER = "ForSequenceClassification"


def read_head(folder, backbone):
    """What Hugging Face's config would say of the head of a text classifier; None without one."""
    task, said = read_any(folder / TASK), read_any(folder / METADATA).get(OURS)
    config = task.get("config") if isinstance(task.get("config"), dict) else {}
    activation = config.get("activation")
    if (
        not backbone.head
        or task.get("class_name") != backbone.kin("TextClassifier")
        or not (folder / TASK_WEIGHTS).is_file()
        or not isinstance(activation, str | None)
        or activation not in HEAD_ACTIVATIONS
    ):
        return None
    names, head = family_called(backbone.family).hugging_face, {}
    if backbone.head_dropout and isinstance(config.get("dropout"), int | float):
        field = names.head_dropouts.get("TextClassifier", "classifier_dropout")
        head[field] = config["dropout"]
    said = said if isinstance(said, dict) else {}
    problem = HEAD_ACTIVATIONS[activation] or said.get("problem")
    if problem in PROBLEMS.values():
        head["problem_type"] = next(t for t, ours in PROBLEMS.items() if ours == problem)
    labels = said.get("labels")
    if isinstance(labels, list) and all(isinstance(label, str) for label in labels):
        head["id2label"] = {str(index): label for index, label in enumerate(labels)}
    return head


class KerasHubTensors(RenamedTensors):
    """Read-only mapping: Hugging Face's name -> array as it would be there, read when asked for.

    Args:
        path: the `.h5` file.
        backbone: `Backbone`.
        head: the `.h5` file of a text classifier's head, if there is one.

    Attributes:
        unused: names of tensors of layers that the family does not have.
    """

    def __init__(self, path, backbone, head=None):
        self.path, self.unused, self._places = path, [], {}
        self._family = family_called(backbone.family)
        table = self._family.weight_names(None)
        self._file, self._head = Hdf5File(path, NO_WEIGHTS), None
        specs = self._file.specs
        narrow = "layers/dense/vars/0" in specs and "layers/dense_1/vars/0" not in specs
        for theirs, (shape, _) in specs.items():
            ours = our_path(theirs, backbone, narrow)
            if ours and backbone.unused and ours.startswith(backbone.unused):
                self.unused.append(theirs)
                continue
            # What is not known keeps its name, and is told of as left over.
            place = (ours and locate(ours, table)) or Place(theirs, False)
            shape = shape_of(shape, ours or theirs)
            self._places[place.name] = self._file, theirs, place, shape
        self._add_segments(table)
        if head is not None:
            self._add_head(head, backbone.head)

    def _add_segments(self, table):
        """The one segment of RoBERTa, whose vector is zero, and which they leave out."""
        tokens, segments = (
            locate(f"embeddings/{part}/embeddings", table) for part in ("tokens", "segments")
        )
        if segments and segments.name not in self._places and tokens.name in self._places:
            shape = (1, self.shape(tokens.name)[1])
            self._places[segments.name] = None, None, segments, shape

    def _add_head(self, path, parts):
        self._head = Hdf5File(path, NO_WEIGHTS)
        table = self._family.head("TextClassifier").weight_names
        for theirs, (shape, _) in self._head.specs.items():
            layer, _, number = theirs.removeprefix("layers/").partition("/vars/")
            if layer in parts and number in ("0", "1") and len(shape) == 2 - int(number):
                place = locate(f"{parts[layer]}/{variable_of(parts[layer], int(number))}", table)
                self._places[place.name] = self._head, theirs, place, tuple(shape)

    def __getitem__(self, name):
        file, theirs, place, shape = self._places[name]
        if file is None:
            return np.zeros(shape, "float32")
        array = file.read(theirs).reshape(shape)
        if self._more(name):
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
        *_, place, shape = self._places[name]
        shape = (shape[0] + self._more(name), *shape[1:])
        return shape[::-1] if place.transposed else shape

    def close(self):
        """Closes the files. Arrays already read stay valid."""
        for file in (self._file, self._head):
            if file is not None:
                file.close()


def shape_of(shape, path):
    """Two axes for a kernel, one for a bias: theirs have one for heads."""
    shape = tuple(shape)
    if path.endswith("attention/out/kernel"):
        return (int(np.prod(shape[:-1])), shape[-1])
    if path.endswith("kernel"):
        return (shape[0], int(np.prod(shape[1:])))
    return (int(np.prod(shape)),) if path.endswith("bias") else shape
