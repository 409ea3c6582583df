"""Writes a model as a preset of KerasHub: the tables of `keras_hub_names`, the other way round.

KerasHub need not be installed. Its code fixes numbers that a config of ours can choose, such as the
activation: a model with other ones is refused, because it would compute something else there.
"""

import datetime
import importlib.metadata
import re
import warnings

import keras
import numpy as np

from ..card import keras_hub_card
from ..families import family_called
from ..version import __version__
from .hugging_face_writer import CARD, weight_values
from .keras_hub_names import (
    BACKBONES,
    CONFIG,
    METADATA,
    OURS,
    PREPROCESSOR,
    TASK,
    TASK_WEIGHTS,
    WEIGHTS,
    their_object,
    their_path,
)
from .keras_hub_tokenizer import write_tokenizer
from .native import replaced_folder, write_json

# What says how to begin or to train, and nothing of what is computed.
FREE = ("attention_dropout", "convolution_activation", "initializer_range", "use_pooler")


def save_keras_hub(task, folder, *, overwrite=False, head=True):
    """Writes a task as a folder that `from_preset` of KerasHub's classes reads.

    The head of a text classifier is written too, and of other tasks the encoder alone. A backbone
    that always has a pooler gets a new one where the encoder has none. A warning says so.

    Args:
        task: the task.
        folder: a new one, or an empty one.
        overwrite: whether a folder that holds something may be replaced.
        head: whether the head is written, where KerasHub has the same.

    Raises:
        FileExistsError: the folder holds something.
        ValueError: KerasHub has no such family, or computes it with other numbers, or has no
            tokenizer that does the same. Nothing is written then.

    Example:

    >>> save_keras_hub(task, "for_keras_hub")
    >>> keras_hub.models.TextClassifier.from_preset("for_keras_hub")
    """
    backbone = backbone_for(task.encoder.config)
    kept = head and keeps_head(task)
    arrays, head_arrays, lost = arrays_of(task if kept else task.encoder)
    if head and not kept:
        lost = [f"the head of a {type(task).__name__}, which is left out", *lost]
    with replaced_folder(folder, overwrite) as new:
        _write(task, new, backbone, arrays, head_arrays if kept else {})
    if lost:
        warnings.warn(
            f"{folder}: KerasHub has no place for {'; nor for '.join(lost)}. keras-bert-zoo keeps "
            "all of a model.",
            stacklevel=2,
        )


def keeps_head(task):
    """Whether KerasHub has a head of the same formula."""
    classifier = "ForSequenceClassification" in (task.architecture or ())
    return classifier and bool(backbone_for(task.encoder.config).head)


def backbone_for(config):
    """The `Backbone` of KerasHub that computes what an encoder of that config does.

    Raises:
        ValueError: there is none.
    """
    found = [one for one in BACKBONES.values() if one.family == config.family]
    if not found:
        known = ", ".join(one.family for one in BACKBONES.values())
        raise ValueError(f"KerasHub has no {config.family}. It has: {known}. Use hugging-face.")
    backbone = found[0]
    other = [
        f"{field}={value!r} (given: {getattr(config, field)!r})"
        for field, value in backbone.fixed.items()
        if getattr(config, field) != value
    ]
    other += [text for text, holds in backbone.limits.items() if not holds(config)]
    if other:
        raise ValueError(
            f"KerasHub's {backbone.name} is always computed with {', and '.join(other)}: this "
            "encoder would give other outputs there. Use hugging-face or keras-bert-zoo."
        )
    return backbone


def arrays_of(model):
    """What the files of weights hold.

    Args:
        model: an encoder, or a text classifier.

    Returns:
        `(their path -> array of the backbone, the same of the head, what is lost or new)`.

    Raises:
        ValueError: a weight has no place there, or is quantized.
    """
    config = getattr(model, "encoder", model).config
    backbone = backbone_for(config)
    narrow = getattr(config, "embedding_dim", None) == config.hidden_dim
    values = {variable.path: value for variable, value in weight_values(model)}
    _fit_positions(values, config, backbone)
    arrays, head, lost = {}, {}, {}
    for path, value in values.items():
        place, where = their_path(path, backbone, narrow), arrays
        if place is None:
            place, where = _place_in_head(path, backbone), head
        if place is not None:
            where[place] = _shaped(value, path, config, backbone)
        elif path.startswith("pooler/"):
            lost["pooler"] = f"the pooler, since {backbone.name} has none"
        else:
            raise ValueError(f"KerasHub has no place for the weight {path}. Use keras-bert-zoo.")
    lost |= _with_pooler(arrays, config, backbone, narrow)
    if config.attention_dropout != config.dropout:
        lost["dropout"] = (
            f"attention_dropout={config.attention_dropout}: training drops attention weights at "
            f"dropout={config.dropout}"
        )
    return arrays, head, list(lost.values())


def _fit_positions(values, config, backbone):
    """Leaves out the positions of padding, and adds the vector of an only segment to the others."""
    first = family_called(config.family).hugging_face.offsets.get("max_sequence_length", 0)
    positions = "embeddings/positions/table/embeddings"
    if first:
        values[positions] = values[positions][first:]
    if backbone.same.get("num_segments") == 1:
        vector = values.pop("embeddings/segments/embeddings")
        if np.any(vector):
            values[positions] = values[positions] + vector


def _place_in_head(path, backbone):
    layer, variable = path.rsplit("/", 1)
    name = next((theirs for theirs, ours in backbone.head.items() if ours == layer), None)
    return name and f"layers/{name}/vars/{('kernel', 'bias').index(variable)}"


def _shaped(value, path, config, backbone):
    """Theirs have an axis for heads."""
    found = re.fullmatch(r"layer_\d+/attention/(query|key|value|out)/(kernel|bias)", path)
    heads = config.num_heads
    if found is None or found.groups() == ("out", "bias"):
        return value
    if found[1] == "out":
        return value if backbone.flat_out else value.reshape(heads, -1, value.shape[-1])
    return value.reshape(*value.shape[:-1], heads, -1)


def _with_pooler(arrays, config, backbone, narrow):
    """Adds a new pooler where their code has one and the encoder has none."""
    kernel, bias = (
        their_path(f"pooler/dense/{name}", backbone, narrow) for name in ("kernel", "bias")
    )
    if kernel is None or kernel in arrays:
        return {}
    width, dtype = config.hidden_dim, next(iter(arrays.values())).dtype
    # The same each time, so that the same encoder gives the same file.
    generator = np.random.default_rng(0)
    values = generator.normal(size=(width, width))
    while np.any(far := np.abs(values) > 2):
        values[far] = generator.normal(size=far.sum())
    arrays[kernel] = (config.initializer_range * values).astype(dtype)
    arrays[bias] = np.zeros(width, dtype)
    return {"new": f"an encoder without a pooler: {backbone.name} gets a new one, not trained"}


def _write(task, folder, backbone, arrays, head):
    """Writes all files of a preset."""
    config, preprocessor = task.encoder.config, None
    numbers = {theirs: getattr(config, ours) for theirs, ours in backbone.fields.items()}
    dtype = next(iter(arrays.values())).dtype.name
    model = their_object(backbone, "Backbone", {**numbers, **backbone.also}, dtype)
    write_json(folder / CONFIG, model)
    write_arrays(arrays, folder / WEIGHTS)
    if task.preprocessor is not None:
        preprocessor = _write_preprocessor(task.preprocessor, folder, backbone)
    if head:
        write_json(folder / TASK, _classifier(task, backbone, model, preprocessor, head))
        write_arrays(head, folder / TASK_WEIGHTS)
    write_json(folder / METADATA, _metadata(task, backbone, arrays, head))
    ending = "TextClassifier" if head else "Backbone"
    (folder / CARD).write_text(keras_hub_card(task, backbone.kin(ending)), "utf-8")


def write_arrays(arrays, path):
    """Writes named arrays, each in one piece, as `keras.Model.save_weights` does."""
    import h5py

    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


def _write_preprocessor(preprocessor, folder, backbone):
    """Writes the tokenizer, and what packs its ids, which is returned."""
    tokenizer = write_tokenizer(preprocessor.tokenizer, folder, backbone)
    if not backbone.head:  # nor have they a preprocessor then
        return None
    packer = their_object(
        backbone,
        "TextClassifierPreprocessor",
        {
            "tokenizer": tokenizer,
            "config_file": PREPROCESSOR,
            "sequence_length": preprocessor.max_sequence_length,
            "truncate": "round_robin",
        },
        "float32",
    )
    write_json(folder / PREPROCESSOR, packer)
    return packer


def _classifier(task, backbone, model, preprocessor, head):
    """The task.json of a text classifier."""
    rate = task.get_layer("head").dropout.rate if backbone.head_dropout else 0.0
    wide = {"hidden_dim": task.encoder.config.hidden_dim} if len(backbone.head) > 1 else {}
    logits = max(path for path in head if path.endswith("/0"))
    options = {"num_classes": head[logits].shape[-1], "activation": "linear", "dropout": rate}
    parts = {"backbone": model, "preprocessor": preprocessor}
    return their_object(backbone, "TextClassifier", {**parts, **wide, **options})


def _metadata(task, backbone, arrays, head):
    """What KerasHub notes of a preset, and beside it what it has no place for: names of labels."""
    try:
        version = {"keras_hub_version": importlib.metadata.version("keras-hub")}
    except importlib.metadata.PackageNotFoundError:
        version = {}
    said = task.get_config() if head else {}
    ours = {"problem": said["problem"]} if said.get("problem") else {}
    if said.get("labels"):
        ours["labels"] = [str(label) for label in said["labels"]]
    return {
        "keras_version": keras.__version__,
        **version,
        "parameter_count": int(sum(array.size for array in arrays.values())),
        "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
        "tasks": ["MaskedLM", "TextClassifier"] if backbone.head else [],
        OURS: {"version": __version__, **ours},
    }
