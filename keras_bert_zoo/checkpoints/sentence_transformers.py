"""Folders of sentence-transformers: a list of modules, each with its files.

Both spellings are read, that of its releases up to 4 and that of release 6; the older one is
written, which all of them read. https://sbert.net/docs/sentence_transformer/usage/custom_models.html
"""

import json
import re
import tempfile
from pathlib import Path

from ..precision import dtype_scope
from ..preprocessing import Preprocessor
from ..tokenizers import Tokenizer
from .fill import fill
from .hugging_face import HuggingFaceFolder, read_json
from .hugging_face_writer import head_names, weight_values, write_task, write_tensors
from .name_map import locate
from .native import replaced_folder, write_json
from .report import ConversionError
from .tensors import open_tensors

MODULES, PROMPTS, LENGTHS = (
    "modules.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
)
# The modules that are understood, in the only order in which they are; two of them must be there.
KINDS = ("Transformer", "Pooling", "Dense", "Normalize")
# Their pooling modes -> ours, in the order in which they put several side by side.
POOLING = {"cls": "cls", "max": "max", "mean": "mean", "lasttoken": "last"}
# The flags of the older spelling -> the names of the newer one.
FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
# Their class of torch -> ours.
ACTIVATIONS = {
    "torch.nn.modules.activation.Tanh": "tanh",
    "torch.nn.modules.linear.Identity": "linear",
    "torch.nn.modules.activation.ReLU": "relu",
    "torch.nn.modules.activation.GELU": "gelu",
    "torch.nn.modules.activation.Sigmoid": "sigmoid",
    "torch.nn.modules.activation.SiLU": "silu",
    "torch.nn.modules.activation.Mish": "mish",
    "torch.nn.modules.activation.ReLU6": "relu6",
}
VECTOR = "sentence_embedding"
PACKAGE = "sentence_transformers.models"


def is_sentence_transformers(folder):
    """Whether the folder lists modules."""
    return (Path(folder) / MODULES).is_file()


def transformer_folder(folder):
    """Where the encoder's files are: the folder, or the first module's in the oldest layout."""
    folder = Path(folder)
    if (folder / "config.json").is_file() or not is_sentence_transformers(folder):
        return folder
    return module_list(folder)[0][1]


def module_list(folder):
    """`[(kind, folder), ...]` of the modules; the kind is the end of the class's name.

    Raises:
        ConversionError: not a list of modules, or a path that leads out of the folder.
    """
    folder = Path(folder)
    try:
        listed = json.loads((folder / MODULES).read_text(encoding="utf-8"))
        found = [(str(one["type"]).rpartition(".")[2], str(one["path"])) for one in listed]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ConversionError(
            f"{folder / MODULES} is not a list of modules with type and path: {error!r}."
        ) from error
    for kind, path in found:
        if not re.fullmatch(r"[\w-]*", path):
            raise ConversionError(f"{folder / MODULES}: the path of {kind} is {path!r}.")
    if not found:
        raise ConversionError(f"{folder / MODULES} lists no modules.")
    return [(kind, folder / path if path else folder) for kind, path in found]


# ---------------------------------------------------------------- reading


def load_embedder(folder, cls, *, dtype, strict, options, packing):
    """The `TextEmbedder` in a folder.

    Args:
        folder: holds modules.json.
        cls: `TextEmbedder`.
        dtype: precision policy.
        strict: whether a tensor that is missing or left over is an error.
        options: of the task, in place of those of the folder.
        packing: of the preprocessor, in place of those of the folder.

    Raises:
        ConversionError: a module that would be built wrongly, or files that do not fit.
    """
    modules = modules_of(folder)
    found = options_of(folder, modules)
    checkpoint = HuggingFaceFolder(modules["Transformer"], strict=strict)
    encoder = checkpoint.encoder(dtype)
    lengths = lengths_of(modules["Transformer"], encoder.config.max_sequence_length)
    tokenizer = Tokenizer.from_folder(modules["Transformer"])
    if lengths.pop("do_lower_case"):
        tokenizer = lowered(tokenizer)
    preprocessor = Preprocessor(tokenizer, **{**lengths, **packing})
    with dtype_scope(dtype):
        task = cls(encoder, preprocessor, **{**found, **options})
    fill_projection(task, modules.get("Dense"), checkpoint.report)
    checkpoint.report.honoured.update({**lengths, **found})
    task.conversion_report = checkpoint.report
    return task


def modules_of(folder):
    """Kind -> folder of the modules.

    Raises:
        ConversionError: other modules than those in `KINDS`, or another order.
    """
    listed = module_list(folder)
    kinds = [kind for kind, _ in listed]
    in_order = kinds == [kind for kind in KINDS if kind in kinds]
    if not in_order or kinds[:2] != ["Transformer", "Pooling"]:
        raise ConversionError(
            f"{Path(folder) / MODULES} lists the modules {', '.join(kinds)}. What can be read is "
            "Transformer, Pooling, and then Dense, Normalize or both. To put a new head on its "
            'encoder: from_preset(..., head="new").'
        )
    return dict(listed)


def options_of(folder, modules):
    """The options of the task that the modules and the prompts describe."""
    written = optional_json(Path(folder) / PROMPTS)
    prompts, default = written.get("prompts") or {}, written.get("default_prompt_name")
    if default is not None and not prompts.get(default):
        default = None
    options = {"normalize": "Normalize" in modules, "prompts": prompts, "default_prompt": default}
    options["pooling"] = pooling_of(modules["Pooling"], any(prompts.values()))
    if "Dense" in modules:
        options.update(projection_of(modules["Dense"]))
    if "Normalize" in modules:
        check_names(modules["Normalize"], optional_json(modules["Normalize"] / "config.json"))
    return options


def pooling_of(folder, has_prompts):
    """Our pooling modes, a tuple, from the pooling's config."""
    config = read_json(folder / "config.json")
    flags = [name for flag, name in FLAGS.items() if config.get(flag)]
    theirs = config.get("pooling_mode") or flags
    theirs = [theirs] if isinstance(theirs, str) else list(theirs) or ["mean"]
    other = [name for name in theirs if name not in POOLING]
    if other:
        raise ConversionError(
            f"{folder / 'config.json'}: the pooling {', '.join(map(str, other))} is not supported. "
            f"Accepted: {', '.join(POOLING)}."
        )
    if has_prompts and config.get("include_prompt") is False:
        raise ConversionError(
            f"{folder / 'config.json'}: include_prompt=false leaves the prompt's tokens out of the "
            "pooling, which is not supported."
        )
    return tuple(POOLING[name] for name in theirs)


def projection_of(folder):
    """Our options for the dense layer, from its config."""
    config = read_json(folder / "config.json")
    check_names(folder, config)
    if config.get("use_residual"):
        raise ConversionError(f"{folder / 'config.json'}: use_residual=true is not supported.")
    theirs = config.get("activation_function", next(iter(ACTIVATIONS)))
    if theirs not in ACTIVATIONS:
        raise ConversionError(
            f"{folder / 'config.json'}: activation_function={theirs!r} is not supported. Accepted: "
            f"{', '.join(ACTIVATIONS)}."
        )
    with open_tensors(folder) as tensors:
        shape = tuple(tensors.shape("linear.weight")) if "linear.weight" in tensors else None
        bias = "linear.bias" in tensors
    expected = (config.get("out_features"), config.get("in_features"))
    if shape != expected:
        raise ConversionError(
            f"{folder}: config.json describes a layer of shape {expected}, its linear.weight is "
            f"{shape}. Weights and config do not belong together."
        )
    return {
        "projection_dim": shape[0],
        "projection_activation": ACTIVATIONS[theirs],
        "projection_bias": bias,
    }


def check_names(folder, config):
    """Refuses a module that reads or writes something else than the vector of a text."""
    for key in ("module_input_name", "module_output_name"):
        if config.get(key) not in (None, VECTOR):
            raise ConversionError(
                f"{folder / 'config.json'}: {key}={config[key]!r} is not supported. Accepted: "
                f"{VECTOR!r}."
            )


def lengths_of(folder, positions):
    """`{"max_sequence_length", "do_lower_case"}`, from where the two spellings keep them."""
    config = optional_json(folder / LENGTHS)
    longest = config.get("max_seq_length")
    if longest is None:
        longest = optional_json(folder / "tokenizer_config.json").get("model_max_length")
    longest = positions if longest is None else min(int(longest), positions)
    return {"max_sequence_length": longest, "do_lower_case": bool(config.get("do_lower_case"))}


def fill_projection(task, folder, report):
    """Fills the dense layer, if the task has one; it starts from scratch without a folder."""
    ours = {id(weight) for weight in task.encoder.weights}
    weights = [weight for weight in task.weights if id(weight) not in ours]
    if folder is None:
        report.new += [weight.path for weight in weights]
        return
    names = head_names(task)
    with open_tensors(folder) as tensors:
        fill(weights, lambda v: locate(v.path, names), lambda name: tensors.get(name), report)


def lowered(tokenizer):
    """The same tokenizer, which makes texts lower-case first.

    Raises:
        ConversionError: a tokenizer that does not clean texts as BERT's does.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        tokenizer.save(folder)
        specification = read_json(path)
        normalizer = specification["normalizer"] or {}
        if normalizer.get("type") != "BertNormalizer":
            raise ConversionError(
                f"{LENGTHS} says do_lower_case, and the tokenizer normalizes with "
                f"{normalizer.get('type')}: only BERT's normalizer can be made to lower-case."
            )
        if normalizer["lowercase"]:
            return tokenizer
        # Unsaid means accents are stripped if texts are lower-cased: so far they were not.
        normalizer["strip_accents"] = bool(normalizer["strip_accents"])
        normalizer["lowercase"] = True
        write_json(path, specification)
        return Tokenizer.from_file(path, tokenizer.get_config()["special_tokens"])


def optional_json(path):
    return read_json(path) if path.is_file() else {}


# ---------------------------------------------------------------- writing


def save_embedder(task, folder, *, overwrite=False):
    """Writes a `TextEmbedder` as a folder of modules, whole or not at all.

    Args:
        task: a `TextEmbedder` with a preprocessor.
        folder: a new one, or an empty one.
        overwrite: whether a folder that holds something may be replaced.

    Raises:
        FileExistsError: the folder holds something.
        ValueError: the task has no preprocessor, or an activation that they have no name for.
    """
    if task.preprocessor is None:
        raise ValueError("A task without a preprocessor has no tokenizer to write: give it one.")
    with replaced_folder(folder, overwrite) as new:
        write_task(task, new, head=False)
        kinds = ["Transformer", "Pooling"]
        kinds += ["Dense"] * (task.projection_dim is not None) + ["Normalize"] * task.normalize
        paths = ["" if number == 0 else f"{number}_{kind}" for number, kind in enumerate(kinds)]
        for path, kind in zip(paths, kinds):
            if kind in WRITERS:
                (new / path).mkdir()
                WRITERS[kind](task, new / path)
        modules = [
            {"idx": number, "name": str(number), "path": path, "type": f"{PACKAGE}.{kind}"}
            for number, (path, kind) in enumerate(zip(paths, kinds))
        ]
        write_json(new / MODULES, modules)
        longest = task.preprocessor.max_sequence_length
        write_json(new / LENGTHS, {"max_seq_length": longest, "do_lower_case": False})
        prompts = {"prompts": task.prompts, "default_prompt_name": task.default_prompt}
        write_json(new / PROMPTS, {**prompts, "similarity_fn_name": "cosine"})


def write_pooling(task, folder):
    """Writes the flags; or the newer names, where the flags cannot say the order."""
    modes = [task.pooling] if isinstance(task.pooling, str) else list(task.pooling)
    theirs = [name for mode in modes for name, ours in POOLING.items() if ours == mode]
    size = task.encoder.config.hidden_dim
    if theirs == [name for name in FLAGS.values() if name in theirs]:
        flags = {flag: name in theirs for flag, name in FLAGS.items()}
        config = {"word_embedding_dimension": size, **flags}
    else:
        config = {"embedding_dimension": size, "pooling_mode": theirs}
    write_json(folder / "config.json", {**config, "include_prompt": True})


def write_dense(task, folder):
    """Writes the dense layer's config and weights."""
    names = {ours: theirs for theirs, ours in ACTIVATIONS.items()}
    if task.projection_activation not in names:
        raise ValueError(
            f"sentence-transformers has no name for the activation {task.projection_activation!r}. "
            f"It has one for {', '.join(names)}."
        )
    layer, table = task.get_layer("projection"), head_names(task)
    config = {"in_features": layer.kernel.shape[0], "out_features": task.projection_dim}
    config["bias"] = task.projection_bias
    config["activation_function"] = names[task.projection_activation]
    write_json(folder / "config.json", config)
    tensors = {}
    for variable, value in weight_values(layer):
        place = locate(variable.path, table)
        tensors[place.name] = value.T.copy() if place.transposed else value
    write_tensors(tensors, folder / "model.safetensors")


WRITERS = {"Pooling": write_pooling, "Dense": write_dense}
