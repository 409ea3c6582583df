"""Reads a Hugging Face folder: config.json, tensors, labels."""

import json
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ..encoder import Encoder
from ..families import FAMILIES
from ..layers.initializers import truncated_normal, zeros_for_now
from ..tokenizers import Tokenizer
from .fill import fill
from .name_map import locate
from .other_weights import passed_over
from .report import ConversionError, ConversionReport
from .tensors import open_tensors

# Their `hidden_act` -> ours. The four tanh forms are one formula, written four times over there.
ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_accurate": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "quick_gelu": "gelu_quick",
    "relu": "relu",
    "relu6": "relu6",
    "silu": "silu",
    "swish": "silu",
    "mish": "mish",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "linear": "linear",
}

PROBLEMS = {
    "single_label_classification": "single",
    "multi_label_classification": "multi_label",
    "regression": "regression",
}

# Old names of layer normalisation's weights, from the days of TensorFlow 1 conversions.
OLD_SUFFIXES = {".gamma": ".weight", ".beta": ".bias"}


class HuggingFaceFolder:
    """One checkpoint in Hugging Face's layout.

    Args:
        folder: holds config.json and the tensors.
        strict: whether a tensor that is missing or left over is an error.

    Raises:
        ConversionError: the config asks for something that would be built wrongly, or it and the
            tensors do not fit.

    Example:

    >>> checkpoint = HuggingFaceFolder("bert-base-uncased")
    >>> encoder = checkpoint.encoder()
    >>> print(checkpoint.report)
    """

    layout, config_file = "Hugging Face", "config.json"
    # Fields of the encoder's config that are to be other than the file says.
    changes = MappingProxyType({})

    def __init__(self, folder, *, strict=True):
        self.folder, self.strict = Path(folder), strict
        self.config = self._read_config()
        self.tensors = self._open()
        taken = list(self.tensors.source)
        self.report = ConversionReport(
            source=str(self.folder), weights=taken, passed_over=passed_over(self.folder, taken)
        )
        self.family = self._family()
        self.config = self._flat()
        self.names = self._names()
        self._asked = set()

    def _read_config(self):
        return read_json(self.folder / self.config_file)

    def _open(self):
        return open_tensors(self.folder)

    def tokenizer(self):
        """The folder's tokenizer."""
        return Tokenizer.from_folder(self.folder)

    def _family(self):
        model_type = self.config.get("model_type")
        for family in FAMILIES.values():
            if model_type == family.hugging_face.model_type:
                return family
        # Before 2020 a config.json did not say what it was the config of: the names of heads'
        # tensors do, and an encoder alone is a BERT if it has BERT's names.
        for family in FAMILIES.values() if model_type is None else ():
            names = family.hugging_face
            marker = next(iter(names.sizes.values()))[0]
            if names.prefix == f"{names.model_type}." and names.prefix + marker in self.tensors:
                return family
        bert = FAMILIES["bert"]
        if model_type is None and next(iter(bert.hugging_face.sizes.values()))[0] in self.tensors:
            return bert
        known = ", ".join(sorted(family.hugging_face.model_type for family in FAMILIES.values()))
        raise ConversionError(
            f"{self.folder}: model_type is {model_type!r}. Families that can be read: {known}."
        )

    def _flat(self):
        try:
            return self.family.hugging_face.flat(self.config)
        except ValueError as error:
            raise ConversionError(f"{self.folder / self.config_file}: {error}") from error

    def _names(self):
        """Names as the family's table writes them -> names as this file writes them."""
        names = {}
        for theirs in self.tensors:
            plain = theirs.removeprefix(self.family.hugging_face.prefix)
            for old, new in OLD_SUFFIXES.items():
                if plain.endswith(old):
                    plain = plain.removesuffix(old) + new
            if plain in names:
                raise ConversionError(
                    f"{self.folder} holds {names[plain]} and {theirs}: two tensors for one weight."
                )
            names[plain] = theirs
        for other, plain in self.family.hugging_face.aliases.items():
            if other in names:  # of the two this is the one that is computed with
                names[plain] = names.pop(other)
        return names

    def __contains__(self, name):
        return name in self.names

    def shape(self, name):
        """Shape of the tensor that the family's table calls `name`."""
        return tuple(self.tensors.shape(self.names[name]))

    def read(self, name):
        """The array that the family's table calls `name`, or None."""
        if name not in self.names:
            return None
        self._asked.add(name)
        return self.tensors[self.names[name]]

    def encoder(self, dtype=None):
        """Builds the encoder that the config describes, and fills it.

        Raises:
            ConversionError: strict, and a tensor is missing or left over.
        """
        config = self.encoder_config()
        with zeros_for_now():
            settings = {"family": self.family.name, **vars(config), "dtype": dtype}
            encoder = Encoder.from_config(settings)
        table = self.family.weight_names(config)
        fill(encoder.weights, lambda v: locate(v.path, table), self.read, self.report)
        heads = self.family.hugging_face.not_encoder
        rest = [name for name in self.names if name not in self._asked]
        self.report.unused = [name for name in rest if name.startswith(heads)]
        self.report.leftover = [name for name in rest if not name.startswith(heads)]
        if self.strict:
            self.report.raise_if_incomplete()
        elif self.report.missing:
            self._draw(encoder, config, table)
        return encoder

    def _draw(self, encoder, config, table):
        """Random numbers for the matrices that the checkpoint lacks."""
        draw, missing = truncated_normal(config.initializer_range), set(self.report.missing)
        for variable in encoder.weights:
            place = locate(variable.path, table)
            absent = (place.name if place else variable.path) in missing
            if absent and len(variable.shape) > 1:
                variable.assign(draw(variable.shape, variable.dtype))

    def fill_head(self, weights, table):
        """Fills a head's weights; one that the checkpoint lacks starts from scratch."""
        fill(weights, lambda v: locate(v.path, table), self.read, self.report, optional=True)
        self.report.unused = [name for name in self.report.unused if name not in self._asked]

    def encoder_config(self):
        """Our config from theirs, checked against the tensors before anything is built."""
        names, theirs = self.family.hugging_face, self.config
        self._refuse(names.required)
        values = {ours: theirs[key] for ours, key in names.config.items() if key in theirs}
        for ours, offset in names.offsets.items():
            if isinstance(values.get(ours), int):  # what is no number is refused below
                values[ours] -= offset
        if "activation" in values:
            values["activation"] = self._activation(values["activation"])
        pooler = self.family.weight_names(None).get("pooler/dense")
        if pooler is not None:
            values["use_pooler"] = f"{pooler}.weight" in self
        values.update(self.changes)
        self.report.honoured = {key: theirs[key] for key in names.config.values() if key in theirs}
        self.report.honoured.update({key: theirs[key] for key in names.required if key in theirs})
        self.report.ignored = {
            key: value
            for key, value in theirs.items()
            if key not in self.report.honoured and key not in LABEL_FIELDS
        }
        try:
            config = self.family.Config(**values)
        except (TypeError, ValueError) as error:
            raise ConversionError(f"{self.folder / self.config_file}: {error}") from error
        self._check_sizes(config)
        return config

    def _refuse(self, required):
        for key, accepted in required.items():
            value = self.config.get(key, accepted[0])
            if value not in accepted:
                raise ConversionError(
                    f"{self.folder / self.config_file}: {key}={value!r} changes the output and is "
                    f"not supported. Accepted: {', '.join(map(repr, accepted))}."
                )

    def _activation(self, theirs):
        if theirs not in ACTIVATIONS:
            raise ConversionError(
                f"{self.folder / self.config_file}: hidden_act={theirs!r} is not supported. "
                f"Accepted: {', '.join(map(repr, ACTIVATIONS))}."
            )
        return ACTIVATIONS[theirs]

    def _check_sizes(self, config):
        """A config must not make us allocate what the file does not hold."""
        for ours, (name, axis) in self.family.hugging_face.sizes.items():
            given = getattr(config, ours)
            given += self.family.hugging_face.offsets.get(ours, 0)
            if name in self and self.shape(name)[axis : axis + 1] != (given,):
                field = self.family.hugging_face.config[ours]
                raise ConversionError(
                    f"{self.folder}: {self.config_file} says {field}={given}, but {name} has shape "
                    f"{self.shape(name)}. Weights and config do not belong together."
                )
            if name not in self:
                raise ConversionError(
                    f"{self.folder} has no tensor {name}: these are not the weights of a "
                    f"{self.family.name} encoder. It holds {len(self.tensors)} tensors: "
                    f"{', '.join(sorted(self.tensors)[:5])} ..."
                )
        names = self.family.hugging_face
        count = getattr(config, names.blocks)
        last = names.block.replace("{i}", str(count - 1))
        if count > 1 and not any(name.startswith(last) for name in self.names):
            raise ConversionError(
                f"{self.folder}: {self.config_file} says {count} layers, but no tensor starts with "
                f"{last}"
            )

    def head_dropout(self, style):
        """The dropout before the logits of a task, where the config has one of its own."""
        field = self.family.hugging_face.head_dropouts.get(style, "classifier_dropout")
        rate = self.config.get(field)
        if rate is None:
            return {}
        self.report.ignored.pop(field, None)
        self.report.honoured[field] = rate
        return {"dropout": rate}

    def for_head(self, style):
        """The checkpoint to read the head of this name from: itself, unless it is one of two."""
        return self

    def holds(self, style):
        """Whether all tensors of a head (`HeadStyle`) are there."""
        needed = [f"{prefix}.weight" for prefix in style.weight_names.values()]
        # A family that has a pooler unless told otherwise has none without it.
        if style.uses_pooler and self.family.Config.use_pooler:
            needed.append(f"{self.family.weight_names(None)['pooler/dense']}.weight")
        return all(name in self for name in needed)

    def num_logits(self, style):
        """How many logits a head gives."""
        return self.shape(f"{style.weight_names['head/logits']}.weight")[0]

    def has_own(self, name):
        """Whether the tensor is there and is not the token table once more."""
        if name not in self:
            return False
        table = next(iter(self.family.hugging_face.sizes.values()))[0]
        if self.shape(name) != self.shape(table):
            return True
        return not np.array_equal(self.tensors[self.names[name]], self.tensors[self.names[table]])

    def is_for(self, architecture, unsaid=True):
        """Whether the config names a class whose name ends so; `unsaid` if it names none."""
        names = self.config.get("architectures")
        endings = (architecture,) if isinstance(architecture, str) else architecture
        own = self.family.hugging_face.architectures
        architecture = tuple(own.get(ending, ending) for ending in endings)
        return any(str(name).endswith(architecture) for name in names) if names else unsaid

    def labels(self, count):
        """Label names in the order of the logits, or None if the config has no `count` of them."""
        names = self.config.get("id2label") or {}
        names = [names[key] for key in sorted(names, key=int)]
        generic = [f"LABEL_{index}" for index in range(count)]
        return names if len(names) == count and names != generic else None

    def problem(self, num_classes):
        """`single`, `multi_label` or `regression`."""
        stated = self.config.get("problem_type")
        return PROBLEMS.get(stated, "regression" if num_classes == 1 else "single")


LABEL_FIELDS = ("id2label", "label2id", "num_labels", "_num_labels", "problem_type")


def read_json(path):
    """The dictionary in a JSON file.

    Raises:
        ConversionError: no such file, or not a JSON object.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        folder = Path(path).parent
        holds = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) if folder.is_dir() else ""
        raise ConversionError(
            f"{folder} has no {Path(path).name}. It holds: {holds or 'nothing'}."
        ) from None
    except (ValueError, OSError) as error:
        raise ConversionError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(value, dict):
        raise ConversionError(f"{path} must hold a JSON object, not a {type(value).__name__}.")
    return value
