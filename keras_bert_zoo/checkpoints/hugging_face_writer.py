"""Writes a model the way transformers keeps it: config.json, model.safetensors, the tokenizer."""

import json

import keras
import numpy as np

from ..card import transformers_card
from ..families import family_called
from .hugging_face import ACTIVATIONS, PROBLEMS
from .name_map import locate
from .native import replaced_folder, write_json

WEIGHTS, CONFIG, TOKENIZER_CONFIG = "model.safetensors", "config.json", "tokenizer_config.json"
CARD, ORIGIN = "README.md", "vocabulary.json"


SHARD_BYTES = 5 * 1000**3
MARK = {"format": "pt"}


def save_hugging_face(task, folder, *, overwrite=False, head=True):
    """Writes a task, head and all, as a folder that transformers' Auto classes read.

    Args:
        task: any task whose head transformers knows.
        folder: a new one, or an empty one.
        overwrite: whether a folder that holds something may be replaced.
        head: whether the head is written; if not, the result is the encoder alone.

    Raises:
        FileExistsError: the folder holds something.
        ValueError: the task has weights that transformers has no place for.

    Example:

    >>> save_hugging_face(task, "for_transformers")
    >>> transformers.AutoModelForSequenceClassification.from_pretrained("for_transformers")
    """
    with replaced_folder(folder, overwrite) as new:
        write_task(task, new, head=head)


def write_task(task, folder, *, head=True):
    """Writes the files of `save_hugging_face` into a folder.

    Args:
        task: the task.
        folder: where to.
        head: whether its head is written; if not, the result is the encoder alone, such as a
            `BertModel`.
    """
    config, tensors = parts_of(task, head=head)
    if task.preprocessor is not None:
        write_tokenizer(task.preprocessor, folder)
        config["pad_token_id"] = task.preprocessor.tokenizer.pad_id
    write_json(folder / CONFIG, config)
    (folder / CARD).write_text(transformers_card(task, config["architectures"][0]), "utf-8")
    write_tensors(tensors, folder / WEIGHTS)
    if task.encoder.vocabulary_origin:  # for people: transformers has no place for it
        write_json(folder / ORIGIN, dict(task.encoder.vocabulary_origin))


def parts_of(task, *, head=True, pooler=False):
    """What transformers keeps of a task.

    Args:
        task: the task.
        head: whether its head is kept.
        pooler: whether a pooler is kept that the head does not use, as transformers would not.

    Returns:
        `(config.json, name -> array)`.

    Raises:
        ValueError: as of `tensors_of`.
    """
    names = family_called(task.encoder.config.family).hugging_face
    ending = architecture_of(task) if head else "Model"
    without = () if pooler or ending == "Model" else unused_pooler(task)
    tensors = tensors_of(
        task if head else task.encoder,
        task.encoder.config,
        prefix="" if ending == "Model" else names.prefix,
        head_names=head_names(task) if head else {},
        without=[*without, *task.private_weights],
    )
    config = {
        **config_of(task.encoder.config, names.classes + ending),
        **(head_config(task) if head else {}),
    }
    return config, tensors


def architecture_of(task):
    """The end of the name of transformers' class of a task: `"Model"` of one that it has not."""
    ending = task.architecture or "Model"
    if isinstance(ending, tuple):  # all that may be read; the first is what is written
        ending = ending[0]
    return family_called(task.encoder.config.family).hugging_face.architectures.get(ending, ending)


def config_of(config, architecture):
    """Their config.json for one of our configs, as a dictionary.

    >>> config_of(BertConfig(vocabulary_size=9), "BertModel")["hidden_size"]
    768
    """
    names = family_called(config.family).hugging_face
    values = {theirs: getattr(config, ours) for ours, theirs in names.config.items()}
    for ours, offset in names.offsets.items():
        values[names.config[ours]] += offset
    activation = names.config.get("activation")
    if activation:
        values[activation] = next(t for t, ours in ACTIVATIONS.items() if ours == config.activation)
    fixed = {key: accepted[0] for key, accepted in names.required.items() if accepted[0] != {}}
    theirs = names.written({**fixed, **values})
    return {"model_type": names.model_type, "architectures": [architecture], **theirs}


def head_config(task):
    """What config.json says of the head: its labels, its problem, its dropout."""
    config, fields = task.get_config(), {}
    count = config.get("num_classes")
    if count:
        labels = config.get("labels") or [f"LABEL_{index}" for index in range(count)]
        labels = [str(label) for label in labels]
        fields["id2label"] = {str(index): label for index, label in enumerate(labels)}
        fields["label2id"] = {label: index for index, label in enumerate(labels)}
    theirs = {ours: name for name, ours in PROBLEMS.items()}
    if config.get("problem") in theirs:
        fields["problem_type"] = theirs[config["problem"]]
    if config.get("dropout") is not None:
        names = family_called(task.encoder.config.family).hugging_face
        field = names.head_dropouts.get(task.head_style, "classifier_dropout")
        fields[field] = config["dropout"]
    return fields


def heads_of(task):
    """Name of a layer -> `HeadStyle`, of each head that a task has."""
    family = family_called(task.encoder.config.family)
    return {layer: family.head(style) for layer, style in task.head_styles.items()}


def head_names(task):
    """Our layer path -> their tensor prefix, for the task's heads."""
    tables = [style.names_for(layer) for layer, style in heads_of(task).items()]
    return {path: name for table in tables for path, name in table.items()}


def unused_pooler(task):
    """The weights of a pooler that no head uses: transformers' heads have none."""
    used = any(style.uses_pooler for style in heads_of(task).values())
    pooler = task.encoder.pooler
    return () if pooler is None or used else pooler.weights


def tensors_of(model, config, *, prefix="", head_names=None, without=()):
    """Their name -> array, for all weights of a model.

    Args:
        model: an encoder, or a task.
        config: the encoder's config.
        prefix: what their names of the encoder's weights begin with.
        head_names: our layer path -> their tensor prefix, for the other weights.
        without: weights that are left out.

    Raises:
        ValueError: weights that have no name there, or that are quantized.
    """
    table, tensors = family_called(config.family).weight_names(config), {}
    without = {id(variable) for variable in without}
    for variable, value in weight_values(model):
        if id(variable) in without:
            continue
        place, start = locate(variable.path, table), prefix
        if place is None:
            place, start = locate(variable.path, head_names or {}), ""
        if place is None:
            raise ValueError(
                f"transformers has no place for the weight {variable.path} of this "
                f"{type(model).__name__}. save_to_preset keeps all of it."
            )
        tensors[start + place.name] = np.ascontiguousarray(value.T if place.transposed else value)
    return tensors


def weight_values(model):
    """Each weight and its value, low-rank updates merged; float32 where numpy has no such type.

    Raises:
        ValueError: a weight is quantized.
    """
    merged = {
        id(layer._kernel): layer.kernel
        for layer in model._flatten_layers()
        if getattr(layer, "lora_enabled", False)
    }
    for variable in model.weights:
        if variable.name.startswith("lora_"):
            continue
        if "int" in str(variable.dtype) or "float8" in str(variable.dtype):
            raise ValueError(
                f"The weight {variable.path} is quantized ({variable.dtype}), which no other "
                "library reads. Write the model before quantizing it."
            )
        value = keras.ops.convert_to_numpy(merged.get(id(variable), variable))
        yield variable, value.astype("float32") if value.dtype.name == "bfloat16" else value


def write_tensors(tensors, path):
    """Writes named arrays as transformers expects them to be marked.

    Args:
        tensors: name -> array.
        path: of the file. If there are more than `SHARD_BYTES`, there are several, with numbers
            in their names, and an index beside them.
    """
    from safetensors.numpy import save_file

    shards = [{}]
    for name, array in tensors.items():
        held = sum(one.nbytes for one in shards[-1].values())
        if shards[-1] and held + array.nbytes > SHARD_BYTES:
            shards.append({})
        shards[-1][name] = array
    if len(shards) == 1:
        save_file(tensors, str(path), metadata=MARK)
        return
    places = {}
    for number, shard in enumerate(shards, 1):
        name = f"{path.stem}-{number:05d}-of-{len(shards):05d}{path.suffix}"
        save_file(shard, str(path.with_name(name)), metadata=MARK)
        places |= dict.fromkeys(shard, name)
    size = sum(array.nbytes for array in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": places}
    write_json(path.with_name(f"{path.name}.index.json"), index)


def write_tokenizer(preprocessor, folder):
    """Writes the tokenizer, and how many tokens it is to cut texts to."""
    preprocessor.tokenizer.save(folder)
    path = folder / TOKENIZER_CONFIG
    config = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, {**config, "model_max_length": preprocessor.max_sequence_length})
