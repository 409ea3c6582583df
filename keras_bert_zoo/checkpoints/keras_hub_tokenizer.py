"""The tokenizer of a KerasHub preset: its tokenizer.json, and the files under assets/tokenizer.

Theirs are a vocabulary and a few settings, ours a whole tokenizer.json. What is written is read
again at once: a tokenizer that would not come back the same is one that they cannot express.
"""

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

from ..tokenizers import Tokenizer
from ..tokenizers.sentencepiece_writer import model_of, sentencepiece_bytes
from .hugging_face import read_json
from .keras_hub_names import ASSETS, TOKENIZER, their_object
from .native import write_json


def read_tokenizer(folder, backbone):
    """The tokenizer of a preset's folder, as transformers' class of the same name has it."""
    folder = Path(folder)
    raw = read_json(folder / TOKENIZER)
    said = raw.get("config") if isinstance(raw.get("config"), dict) else {}
    config = {"tokenizer_class": backbone.tokenizer}
    if "lowercase" in said:
        config["do_lower_case"] = bool(said["lowercase"])
    # BERT strips accents where it lowers case; theirs says false there because it is not asked.
    if said.get("strip_accents") is True and not said.get("lowercase"):
        config["strip_accents"] = True
    if said.get("add_prefix_space") is True:
        config["add_prefix_space"] = True
    with tempfile.TemporaryDirectory() as place:
        for theirs, name in backbone.files.items():
            path = folder / ASSETS / theirs
            if not path.is_file():
                raise FileNotFoundError(f"{folder} has no {ASSETS / theirs}.")
            shutil.copy(path, Path(place) / name)
        (Path(place) / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
        return Tokenizer.from_folder(place)


def write_tokenizer(tokenizer, folder, backbone):
    """Writes a tokenizer, and returns its tokenizer.json.

    Raises:
        ValueError: KerasHub has no tokenizer that does the same.
    """
    specification = tokenizer.specification()
    kind, write = WRITERS[next(iter(backbone.files))]
    if specification["model"]["type"] != kind:
        raise _refusal(backbone, "model", kind, specification["model"]["type"])
    (folder / ASSETS).mkdir(parents=True)
    options = write(tokenizer, specification, folder / ASSETS, backbone)
    config = their_object(
        backbone,
        "Tokenizer",
        {"config_file": TOKENIZER, "sequence_length": None, **options},
        "int32",
    )
    write_json(folder / TOKENIZER, config)
    given, found = meaning(tokenizer), meaning(read_tokenizer(folder, backbone))
    for what in given:
        if given[what] != found[what]:
            raise _refusal(backbone, what, *_differing(given[what], found[what]))
    return config


def _word_pieces(tokenizer, specification, folder, backbone):
    normalizer = specification["normalizer"] or {}
    lowercase = bool(normalizer.get("lowercase"))
    strip = normalizer.get("strip_accents")
    tokens = _in_order(tokenizer, backbone)
    (folder / "vocabulary.txt").write_text("".join(f"{token}\n" for token in tokens), "utf-8")
    return {
        "vocabulary": None,
        "lowercase": lowercase,
        "strip_accents": lowercase if strip is None else strip,
        "split": True,
        "suffix_indicator": "##",
        "oov_token": tokenizer.unk_token,
        "special_tokens": None,
        "special_tokens_in_strings": False,
    }


def _byte_pairs(tokenizer, specification, folder, backbone):
    tokens = {token: index for index, token in enumerate(_in_order(tokenizer, backbone))}
    (folder / "vocabulary.json").write_text(json.dumps(tokens), "utf-8")
    merges = _merges(specification["model"])
    (folder / "merges.txt").write_text("".join(f"{a} {b}\n" for a, b in merges), "utf-8")
    return {
        "add_prefix_space": bool((specification["pre_tokenizer"] or {}).get("add_prefix_space"))
    }


def _pieces(tokenizer, specification, folder, backbone):
    model, changes = specification["model"], {}
    pieces = model["vocab"]
    if backbone.tokenizer == "XLMRobertaTokenizer":
        # Its file has three pieces where the tokenizer has four, and no mask.
        found = [piece for piece, _ in (*pieces[:4], pieces[-1])]
        if found != FAIRSEQ:
            raise _refusal(backbone, "first and last pieces", FAIRSEQ, found)
        changes = {"vocab": [pieces[3], pieces[0], pieces[2], *pieces[4:-1]], "unk_id": 0}
    if model["unk_id"] is None:
        raise _refusal(backbone, "model", "an unknown piece", "none")
    data = sentencepiece_bytes(model_of({**specification, "model": {**model, **changes}}))
    (folder / "vocabulary.spm").write_bytes(data)
    return {"proto": None, "add_bos": False, "add_eos": False}


FAIRSEQ = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
# Their first file -> the kind of model that it holds, and what writes it.
WRITERS = {
    "vocabulary.txt": ("WordPiece", _word_pieces),
    "vocabulary.json": ("BPE", _byte_pairs),
    "vocabulary.spm": ("Unigram", _pieces),
}


def _in_order(tokenizer, backbone):
    """Tokens in the order of their ids."""
    tokens = sorted(tokenizer.vocabulary().items(), key=lambda item: item[1])
    if [index for _, index in tokens] != list(range(len(tokens))):
        found = f"{len(tokens)} tokens and the highest id {tokens[-1][1]}"
        raise _refusal(backbone, "vocabulary", "an id for each line of its file", found)
    return [token for token, _ in tokens]


def _merges(model):
    return [tuple(m.split(" ") if isinstance(m, str) else m) for m in model.get("merges") or []]


def meaning(tokenizer):
    """What decides on the ids of a text, in a form that can be compared.

    Left out is the white space that an added token takes along, as RoBERTa's mask does: theirs has
    no word for it, and it shows only where a text has the token written in it.
    """
    specification = tokenizer.specification()
    model, normalizer = dict(specification["model"]), dict(specification["normalizer"] or {})
    scores = model.pop("vocab")
    if isinstance(scores, list):
        scores = [(piece, float(np.float32(score))) for piece, score in scores]
    if normalizer.get("strip_accents", 0) is None:
        normalizer["strip_accents"] = normalizer["lowercase"]
    before = dict(specification["pre_tokenizer"] or {})
    before.pop("trim_offsets", None)  # changes offsets only
    merges = _merges(model)
    model.pop("merges", None)
    return {
        "normalizer": normalizer,
        "pre-tokenizer": before,
        "model": {key: value or None for key, value in model.items()},
        "merges": merges,
        "vocabulary": tokenizer.vocabulary(),
        "scores": scores if isinstance(scores, list) else None,
        "added tokens": sorted(token["content"] for token in specification["added_tokens"]),
        "special tokens": tokenizer.get_config()["special_tokens"],
        "template": tokenizer.template,
    }


def _differing(given, found):
    """`(found, given)`, or of two large ones the first items that differ."""
    if isinstance(given, dict) and isinstance(found, dict):
        keys = [key for key in {**given, **found} if given.get(key) != found.get(key)]
        return tuple({key: one.get(key) for key in keys[:3]} for one in (found, given))
    if isinstance(given, list) and isinstance(found, list):
        return tuple(
            [one for one in a if one not in b][:3] for a, b in ((found, given), (given, found))
        )
    return found, given


def _refusal(backbone, what, theirs, ours):
    return ValueError(
        f"KerasHub's {backbone.kin('Tokenizer')} cannot do what this tokenizer does: its {what} "
        f"has {theirs!s:.200}, and this one's {ours!s:.200}. Use hugging-face or keras-bert-zoo, "
        "which keep any tokenizer; or set task.preprocessor = None to write the model without it."
    )
