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
from dataclasses import dataclass, field
from pathlib import Path

from keras_bert_zoo.errors import unknown_name
from keras_bert_zoo.preset_rules import check_preset

_LIST_HINT = "run keras_bert_zoo.list_presets() to see them all"


@dataclass(frozen=True)
class PresetInfo:
    """What one preset file says; `config` holds the encoder's arguments.

    `sources` are where the weights can come from, best first. `parameters` counts the encoder
    with its pooler. `aliases` are other names that `get_preset` takes for the same preset. `scores`
    are those that were published: address of who did -> what was measured -> number from 0 to 100.
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
    scores: dict = field(hash=False)


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
    check_preset(values, file)
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
