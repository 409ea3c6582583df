"""What a preset file may hold: its fields, the numbers of each family, the kinds of tokenizer.

Nothing here needs anything outside the standard library, as in `registry`.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from keras_bert_zoo.errors import nearest


class _Rule(NamedTuple):
    wanted: str  # completes the sentence "It must be ..."
    accepts: Callable[[object], bool]


def _is_int(value) -> bool:
    return type(value) is int and value > 0  # `isinstance` would let True through


def _is_rate(value) -> bool:
    return type(value) in (int, float) and 0 <= value < 1


def _matching(pattern: str, wanted: str) -> _Rule:
    regex = re.compile(pattern)
    return _Rule(wanted, lambda value: isinstance(value, str) and bool(regex.fullmatch(value)))


def _list_of(rule: _Rule, *, at_least: int) -> _Rule:
    def accepts(value):
        return (
            isinstance(value, list)
            and len(value) >= at_least
            and len(set(map(str, value))) == len(value)
            and all(map(rule.accepts, value))
        )

    kind = "a non-empty list" if at_least else "a list"
    return _Rule(f"{kind} of distinct items, each {rule.wanted}", accepts)


def _one_of(*values) -> _Rule:
    # Compared with their types, because in Python True == 1 and False == 0.
    def accepts(value):
        return any(type(value) is type(item) and value == item for item in values)

    return _Rule("one of " + ", ".join(map(repr, values)), accepts)


_POSITIVE = _Rule("a positive integer", _is_int)
_COUNT = _Rule("an integer of at least 0", lambda value: value == 0 or _is_int(value))
_BASE = _Rule("a number above 1", lambda value: type(value) in (int, float) and value > 1)
_RATE = _Rule("a number of at least 0 and below 1", _is_rate)
_SMALL = _Rule("a number above 0 and below 1", lambda value: _is_rate(value) and value > 0)
_TEXT = _matching(r"\S.*\S", "a sentence on one line")
_OBJECT = _Rule("an object", lambda value: isinstance(value, dict))
_NAME = _matching(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", "a name in lower snake case")
_SOURCE = _matching(
    r"hf://[\w.-]+/[\w.-]+(@[\w./-]+)?"
    r"|kaggle://[\w.-]+/[\w.-]+/[\w.-]+/[\w.-]+(/\d+)?"
    r"|pkg:[A-Za-z_]\w*(/[\w.-]+)*",
    "'hf://owner/name[@revision]', 'kaggle://owner/model/framework/variation[/version]' "
    "or 'pkg:python_package[/sub/folder]'",
)


def _are_scores(value) -> bool:
    return isinstance(value, dict) and all(
        re.fullmatch(r"https://\S+", address)
        and isinstance(scores, dict)
        and scores
        and all(type(score) in (int, float) and 0 <= score <= 100 for score in scores.values())
        for address, scores in value.items()
    )


_SCORES = _Rule(
    "an object: https:// address of who published it -> object of what was measured -> number "
    "from 0 to 100",
    _are_scores,
)

_SIZES = (
    "vocabulary_size",
    "num_layers",
    "hidden_dim",
    "num_heads",
    "intermediate_dim",
    "max_sequence_length",
)
# Every number that a family's config may have.
_NUMBERS = {
    **dict.fromkeys(
        (
            *_SIZES,
            "embedding_dim",
            "bottleneck_dim",
            "num_feed_forwards",
            "num_groups",
            "num_tasks",
            "num_languages",
            "num_buckets",
            "global_every",
            "local_window",
            "visual_dim",
        ),
        _POSITIVE,
    ),
    **dict.fromkeys(("num_segments", "convolution_size"), _COUNT),
    **dict.fromkeys(("dropout", "attention_dropout", "feed_forward_dropout"), _RATE),
    **dict.fromkeys(("activation", "convolution_activation"), _TEXT),
    **dict.fromkeys(("global_rotary_base", "local_rotary_base"), _BASE),
    "layer_norm_epsilon": _SMALL,
    "use_pooler": _one_of(True, False),
    **dict.fromkeys(
        ("use_task_id", "use_language_embeddings", "sinusoidal_positions"), _one_of(True, False)
    ),
    "languages": _OBJECT,
    "language": _one_of(None),  # a preset is of all its languages
    "classifier_pooling": _one_of("cls", "mean"),
}
_COMMON = (
    *_SIZES,
    "activation",
    "dropout",
    "attention_dropout",
    "layer_norm_epsilon",
)
_BERT = (*_COMMON, "num_segments", "use_pooler")
# A new family adds its line here.
CONFIGS = {
    "albert": (*_COMMON, "embedding_dim", "num_segments", "num_groups", "use_pooler"),
    "bert": _BERT,
    "camembert": _BERT,
    "deberta": (*_COMMON, "num_segments"),
    "deberta_v2": (*_COMMON, "num_buckets", "convolution_size", "convolution_activation"),
    "distilbert": _COMMON,
    "electra": (*_COMMON, "embedding_dim", "num_segments"),
    "ernie": (*_BERT, "use_task_id", "num_tasks"),
    "mobilebert": (*_BERT, "embedding_dim", "bottleneck_dim", "num_feed_forwards"),
    "modernbert": (
        *_COMMON,
        "feed_forward_dropout",
        "global_every",
        "local_window",
        "global_rotary_base",
        "local_rotary_base",
        "classifier_pooling",
    ),
    "mpnet": (*_COMMON, "num_buckets", "use_pooler"),
    "roberta": _BERT,
    "visual_bert": (*_BERT, "visual_dim"),
    "xlm": (
        *_COMMON,
        "num_languages",
        "use_language_embeddings",
        "languages",
        "language",
        "sinusoidal_positions",
    ),
    "xlm_roberta": _BERT,
    "xlm_roberta_xl": _BERT,
    "xlnet": _COMMON,
}

_TOKENIZERS = {
    "byte_bpe": {"kind": _one_of("byte_bpe")},
    "unigram": {"kind": _one_of("unigram")},
    "word_bpe": {"kind": _one_of("word_bpe")},
    "wordpiece": {
        "kind": _one_of("wordpiece"),
        "lowercase": _one_of(True, False),
        "strip_accents": _one_of(None, True, False),
        "tokenize_chinese_chars": _one_of(True, False),
    },
    "xlm": {"kind": _one_of("xlm")},
}

_PRESET = {
    "description": _TEXT,
    "family": _one_of(*CONFIGS),
    "config": _OBJECT,
    "tokenizer": _OBJECT,
    "sources": _list_of(_SOURCE, at_least=1),
    "aliases": _list_of(_NAME, at_least=0),
    "license": _matching(r"[a-z0-9.+-]+", "an SPDX identifier in lower case, such as 'apache-2.0'"),
    "languages": _list_of(
        _matching(r"[a-z]{2,3}|multi", "an ISO 639 code such as 'en', or 'multi'"), at_least=1
    ),
    "parameters": _POSITIVE,
    "paper": _matching(r"https://\S+", "an address that begins with https://"),
    "scores": _SCORES,
}


def _check_fields(values: dict, rules: dict[str, _Rule], file: Path, prefix: str = "") -> None:
    """Raise a ValueError naming the file and the field unless `values` follows `rules` exactly."""
    for key in values:
        if key not in rules:
            raise ValueError(
                f"{file}: unknown field '{prefix}{key}'.{nearest(key, rules)} "
                f"Accepted here: {', '.join(rules)}."
            )
    for key, rule in rules.items():
        if key not in values:
            raise ValueError(f"{file}: field '{prefix}{key}' is missing. It must be {rule.wanted}.")
        if not rule.accepts(values[key]):
            raise ValueError(
                f"{file}: field '{prefix}{key}' is {values[key]!r}. It must be {rule.wanted}."
            )


def check_preset(values: object, file: Path) -> None:
    if not isinstance(values, dict):
        raise ValueError(f"{file}: holds a {type(values).__name__}. It must be one JSON object.")
    if not _NAME.accepts(file.stem):
        raise ValueError(
            f"{file}: '{file.stem}' cannot name a preset. It must be {_NAME.wanted}. "
            "Rename the file."
        )
    _check_fields(values, _PRESET, file)
    config, tokenizer = values["config"], values["tokenizer"]
    rules = {name: _NUMBERS[name] for name in CONFIGS[values["family"]]}
    _check_fields(config, rules, file, "config.")
    kind = tokenizer.get("kind")
    if not isinstance(kind, str) or kind not in _TOKENIZERS:
        raise ValueError(
            f"{file}: field 'tokenizer.kind' is {kind!r}. "
            f"It must be {_one_of(*_TOKENIZERS).wanted}."
        )
    _check_fields(tokenizer, _TOKENIZERS[kind], file, "tokenizer.")
    if config["hidden_dim"] % config["num_heads"]:
        raise ValueError(
            f"{file}: field 'config.num_heads' is {config['num_heads']}. It must divide "
            f"'config.hidden_dim', which is {config['hidden_dim']}."
        )
