"""Writes BERT, ALBERT and ELECTRA as Google's scripts of TensorFlow 1 read them.

The tables of `google_names`, the other way round. TensorFlow need not be installed.
"""

import warnings

from ..card import google_card
from ..families import family_called
from ..tokenizers.sentencepiece_writer import model_of, sentencepiece_bytes
from .bundle_writer import write_bundle
from .google_names import FAMILY_NAMES, google_name
from .hugging_face_writer import CARD, architecture_of, head_config, parts_of, write_tokenizer
from .layouts import open_folder
from .native import replaced_folder, write_json

# What their code has besides `gelu`; what that is there, `GoogleNames.gelu` says.
ACTIVATIONS = ("relu", "tanh", "linear")


def save_google(task, folder, *, overwrite=False, head=True):
    """Writes a task as a checkpoint of TensorFlow 1, with its config and its vocabulary.

    A head that their scripts keep is written too: of BERT that of masked words, of a classifier,
    of answers. Of other tasks it is the encoder alone, which a warning says.

    Args:
        task: the task.
        folder: a new one, or an empty one.
        overwrite: whether a folder that holds something may be replaced.
        head: whether the head is written, where they have the same.

    Raises:
        FileExistsError: the folder holds something.
        ValueError: Google published no such family, or its code computes it with other numbers,
            or reads no such tokenizer. Nothing is written then.

    Example:

    >>> save_google(task, "for_tensorflow_1")
    >>> tf.train.load_checkpoint("for_tensorflow_1/bert_model.ckpt")
    """
    names = names_for(task.encoder.config)
    kept = head and keeps_head(task)
    config, tensors = parts_of(task, head=kept, pooler=True)
    prefix = "" if kept else family_called(names.family).hugging_face.prefix
    arrays = {}
    for name, array in tensors.items():
        theirs, transposed = google_name(prefix + name, names)
        arrays[theirs] = array.T if transposed else array
    with replaced_folder(folder, overwrite) as new:
        _write(task, new, names, _said(task, names, config, kept), arrays)
        _refuse_other_numbers(task.encoder.config, new)
    if head and not kept:
        warnings.warn(
            f"{folder}: Google's scripts have no place for the head of a {type(task).__name__}, "
            "which is left out. keras-bert-zoo keeps all of a model.",
            stacklevel=2,
        )


def names_for(config):
    """The `GoogleNames` of a family.

    Raises:
        ValueError: there are none.
    """
    found = next((names for names in FAMILY_NAMES if names.family == config.family), None)
    if found is None:
        known = ", ".join(sorted(names.family for names in FAMILY_NAMES))
        raise ValueError(
            f"Google published no {config.family} for TensorFlow 1. It has: {known}. Use "
            "hugging-face."
        )
    return found


def keeps_head(task):
    """Whether a checkpoint of theirs has a place for the head of a task."""
    tied = getattr(task, "tied", True)  # the token table is the output table in all their code
    return tied and architecture_of(task) in names_for(task.encoder.config).heads


def _said(task, names, config, head):
    """Their config. Their code passes over what is told there of a head."""
    meant, _ = names.gelu
    written = {meant: "gelu", **dict.fromkeys(ACTIVATIONS)}
    activation = config["hidden_act"]
    if activation not in written:
        raise ValueError(
            f"Google's code of {names.family} does not have the activation "
            f"{task.encoder.config.activation!r}. Use hugging-face."
        )
    fixed = {key: accepted[0] for key, accepted in names.required.items()}
    said = {key: config[key] for key in names.fields} | fixed | (head_config(task) if head else {})
    return {**said, "hidden_act": written[activation] or activation}


def _write(task, folder, names, config, arrays):
    """Writes all files."""
    if task.preprocessor is not None:
        write_tokenizer(task.preprocessor, folder)
        _write_vocabulary(task.preprocessor.tokenizer, folder, names)
    write_json(folder / names.config_file, config)
    write_bundle(folder / names.checkpoint, arrays)
    text = f'model_checkpoint_path: "{names.checkpoint}"\n'
    (folder / "checkpoint").write_text(text, "utf-8")
    (folder / CARD).write_text(google_card(task, names.checkpoint), "utf-8")


def _write_vocabulary(tokenizer, folder, names):
    """Writes the file that their tokenization.py reads."""
    specification = tokenizer.specification()
    kind = specification["model"]["type"]
    if kind == "WordPiece":
        tokens = sorted(tokenizer.vocabulary().items(), key=lambda item: item[1])
        text = "".join(f"{token}\n" for token, _ in tokens)
        (folder / "vocab.txt").write_text(text, "utf-8")
    elif kind == "Unigram" and "*.model" in names.vocabularies:
        (folder / "30k-clean.model").write_bytes(sentencepiece_bytes(model_of(specification)))
    else:
        raise ValueError(
            f"Google's code of {names.family} has no tokenizer of the kind {kind}. Use "
            "hugging-face, or set task.preprocessor = None to write the model without it."
        )


def _refuse_other_numbers(config, folder):
    """Reads the config again: what it has no place for has one value in their code."""
    found = open_folder(folder).encoder_config()
    other = [
        f"{name}={theirs!r} (given: {getattr(config, name)!r})"
        for name, theirs in vars(found).items()
        if name != "use_pooler" and getattr(config, name) != theirs
    ]
    if other:
        raise ValueError(
            f"Google's code of {config.family} always computes with {', and '.join(other)}: this "
            "encoder would give other outputs there. Use hugging-face or keras-bert-zoo."
        )
