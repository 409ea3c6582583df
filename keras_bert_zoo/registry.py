"""The presets that come with the package: their names, sizes, sources and licences.

Each preset is one JSON file in the `presets/` folder. This module only reads and checks those
files; it needs nothing outside the standard library, so listing presets costs milliseconds.

    >>> get_preset("bert_tiny_en_uncased").parameters
    4385920
"""

import copy
import difflib
import functools
import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from keras_bert_zoo.errors import nearest, unknown_name

_LIST_HINT = "run keras_bert_zoo.list_presets() to see them all"


@dataclass(frozen=True)
class PresetInfo:
    """What one preset file says; `config` holds the encoder's arguments.

    `sources` are where the weights can come from, best first. `parameters` counts the encoder
    with its pooler. `aliases` are other names that `get_preset` takes for the same preset.
    """

    name: str
    description: str
    family: str
    config: dict = field(hash=False)
    tokenizer: dict = field(hash=False)
    sources: tuple[str, ...]
    aliases: tuple[str, ...]
    license: str
    languages: tuple[str, ...]
    parameters: int
    paper: str


# ------------------------------------------------------------------ what a preset file may hold


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

# Every number that a family's config may have.
_NUMBERS = {
    **dict.fromkeys(
        (
            "vocabulary_size",
            "num_layers",
            "hidden_dim",
            "num_heads",
            "intermediate_dim",
            "max_sequence_length",
            "embedding_dim",
            "bottleneck_dim",
            "num_feed_forwards",
            "num_groups",
            "num_tasks",
            "num_buckets",
            "global_every",
            "local_window",
        ),
        _POSITIVE,
    ),
    **dict.fromkeys(("num_segments", "convolution_size"), _COUNT),
    **dict.fromkeys(("dropout", "attention_dropout", "feed_forward_dropout"), _RATE),
    **dict.fromkeys(("activation", "convolution_activation"), _TEXT),
    **dict.fromkeys(("global_rotary_base", "local_rotary_base"), _BASE),
    "layer_norm_epsilon": _SMALL,
    "use_pooler": _one_of(True, False),
    "use_task_id": _one_of(True, False),
    "classifier_pooling": _one_of("cls", "mean"),
}
_COMMON = (
    "vocabulary_size",
    "num_layers",
    "hidden_dim",
    "num_heads",
    "intermediate_dim",
    "max_sequence_length",
    "activation",
    "dropout",
    "attention_dropout",
    "layer_norm_epsilon",
)
_BERT = (*_COMMON, "num_segments", "use_pooler")
# A new family adds its line here.
_CONFIGS = {
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
    "xlm_roberta": _BERT,
    "xlm_roberta_xl": _BERT,
    "xlnet": _COMMON,
}

_TOKENIZERS = {
    "byte_bpe": {"kind": _one_of("byte_bpe")},
    "unigram": {"kind": _one_of("unigram")},
    "wordpiece": {
        "kind": _one_of("wordpiece"),
        "lowercase": _one_of(True, False),
        "strip_accents": _one_of(None, True, False),
        "tokenize_chinese_chars": _one_of(True, False),
    },
}

_PRESET = {
    "description": _TEXT,
    "family": _one_of(*_CONFIGS),
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


def _check_preset(values: object, file: Path) -> None:
    if not isinstance(values, dict):
        raise ValueError(f"{file}: holds a {type(values).__name__}. It must be one JSON object.")
    if not _NAME.accepts(file.stem):
        raise ValueError(
            f"{file}: '{file.stem}' cannot name a preset. It must be {_NAME.wanted}. "
            "Rename the file."
        )
    _check_fields(values, _PRESET, file)
    config, tokenizer = values["config"], values["tokenizer"]
    rules = {name: _NUMBERS[name] for name in _CONFIGS[values["family"]]}
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


# ------------------------------------------------------------------------------ reading the files


def presets_folder() -> Path:
    """The folder that holds the preset files, in a wheel, an editable install or a checkout.

    Looked up by path because `importlib.resources` cannot follow the package name
    `keras_bert_zoo.presets`, which setup.cfg maps to another folder, in an editable install.
    """
    package = Path(__file__).resolve().parent
    candidates = (package / "presets", package.parent / "presets")
    for folder in candidates:
        if any(folder.glob("*.json")):
            return folder
    raise FileNotFoundError(
        f"No preset files (*.json) in {candidates[0]} or {candidates[1]}. The installation is "
        "incomplete: reinstall keras-bert-zoo, or run from a full checkout of its repository."
    )


def _read_preset(file: Path) -> PresetInfo:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # bad JSON and bad UTF-8 alike
        raise ValueError(f"{file}: not valid JSON in UTF-8: {error}.") from error
    _check_preset(values, file)
    frozen = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return PresetInfo(name=file.stem, **frozen)


@functools.cache
def _load(folder: Path) -> tuple[dict[str, PresetInfo], dict[str, str]]:
    """(presets by name, smallest first within a family; every accepted name -> preset name)."""
    presets = [_read_preset(file) for file in sorted(folder.glob("*.json"))]
    presets.sort(key=lambda preset: (preset.family, preset.parameters, preset.name))
    names = {preset.name: preset.name for preset in presets}
    for preset in presets:
        for alias in preset.aliases:
            if alias in names:
                raise ValueError(
                    f"{folder / preset.name}.json: field 'aliases' holds {alias!r}, which already "
                    f"means the preset {names[alias]!r}. Remove one of the two."
                )
            names[alias] = preset.name
    return {preset.name: preset for preset in presets}, names


# --------------------------------------------------------------------------- what the package uses


def preset_names() -> list[str]:
    """Names of all presets, smallest model first within a family; aliases are left out.

    >>> preset_names()[0]
    'albert_base_v2_en_uncased'
    """
    return list(_load(presets_folder())[0])


def get_preset(name: str) -> PresetInfo:
    """The preset called `name`, which may be an alias.

    Raises a ValueError that offers the nearest names when there is no such preset.

    >>> get_preset("bert_l2_h128_en_uncased").name
    'bert_tiny_en_uncased'
    """
    presets, names = _load(presets_folder())
    if not isinstance(name, str):
        raise TypeError(f"A preset name must be a str, got {name!r}. To choose one, {_LIST_HINT}.")
    if name not in names:
        near = _nearest_presets(name, presets, names)
        meant = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ValueError(
            f"No preset is called {name!r}.{meant} "
            f"There are {len(presets)} built-in presets: {_LIST_HINT}."
        )
    # A copy, so that a caller who edits the config does not change it for everyone.
    return copy.deepcopy(presets[names[name]])


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _nearest_presets(name: str, presets: dict, names: dict, count: int = 3) -> list[str]:
    """Presets whose name, alias or published name is spelt most like `name`, best first."""
    spellings = {}
    for preset in presets.values():
        for source in preset.sources:
            address = source.partition("@")[0]
            spellings.setdefault(_plain(address.rpartition("/")[2]), preset.name)
            spellings.setdefault(_plain(address.partition(":")[2]), preset.name)
    spellings |= {_plain(accepted): preset for accepted, preset in names.items()}
    given = _plain(name.partition("@")[0].removeprefix("hf://"))
    if given in spellings:
        return [spellings[given]]
    near = difflib.get_close_matches(given, spellings, n=3 * count)
    return list(dict.fromkeys(spellings[spelling] for spelling in near))[:count]


def list_presets(family: str | None = None, language: str | None = None) -> "PresetTable":
    """The presets as a table: print it, show it in a notebook, or loop over its rows.

    Multilingual presets are listed under the language "multi".

    >>> [preset.name for preset in list_presets(language="zh")]
    ['bert_base_zh']
    """
    presets = list(_load(presets_folder())[0].values())
    families = {preset.family for preset in presets}
    languages = {language for preset in presets for language in preset.languages}
    # An empty table for a misspelt filter would read as "we have none".
    if family is not None and family not in families:
        raise unknown_name("family", family, sorted(families))
    if language is not None and language not in languages:
        raise unknown_name("language", language, sorted(languages))
    return PresetTable(
        copy.deepcopy(preset)
        for preset in presets
        if family in (None, preset.family) and (language is None or language in preset.languages)
    )


# -------------------------------------------------------------------------------------- the table

_COLUMNS = ("name", "layers x hidden", "parameters", "languages", "licence", "weights from")
_RIGHT_ALIGNED = {"layers x hidden", "parameters"}


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f}M"


def _cells(preset: PresetInfo) -> tuple[str, ...]:
    return (
        preset.name,
        f"{preset.config['num_layers']} x {preset.config['hidden_dim']}",
        _millions(preset.parameters),
        ", ".join(preset.languages),
        preset.license,
        preset.sources[0],
    )


class PresetTable(tuple):
    """A tuple of `PresetInfo` that prints as an aligned table, and as HTML in a notebook."""

    __slots__ = ()

    def __repr__(self) -> str:
        rows = [_COLUMNS, *map(_cells, self)]
        widths = [max(map(len, column)) for column in zip(*rows)]
        rows.insert(1, tuple("-" * width for width in widths))
        return "\n".join(
            "  ".join(
                cell.rjust(width) if title in _RIGHT_ALIGNED else cell.ljust(width)
                for title, cell, width in zip(_COLUMNS, row, widths)
            ).rstrip()
            for row in rows
        )

    def _repr_html_(self) -> str:
        def row(tag, cells):
            return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

        body = "".join(row("td", _cells(preset)) for preset in self)
        return f"<table><thead>{row('th', _COLUMNS)}</thead><tbody>{body}</tbody></table>"
