"""Damaged and hostile tokenizer files: a clear error or a tokenizer, and never a crash."""

import json
from contextlib import suppress
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keras_bert_zoo as kbz
from tests.tokenizers.tiny_folders import B_SPECIAL, FOLDERS, WORD_PIECES, write

pytestmark = [pytest.mark.any_backend, pytest.mark.filterwarnings("ignore::UserWarning")]
REFUSALS = (ValueError, FileNotFoundError)  # UnicodeDecodeError and JSONDecodeError are the first
BERT = {
    "vocab.txt": "\n".join([*B_SPECIAL, *WORD_PIECES.split()]),
    "config.json": {"model_type": "bert"},
    "tokenizer_config.json": {"do_lower_case": True, "model_max_length": 512},
}
KINDS = {
    "bert": lambda folder: write(folder, BERT),
    **{name: FOLDERS[name] for name in ("roberta", "deberta", "mpnet", "albert", "xlm-roberta")},
}
# What a JSON value is replaced with.
HOSTILE = [None, True, -1, 0, 2**31, 2**63, 1e308, "", "\x00", "[CLS]", "../../x", [], {}, [[]]]
HOSTILE += [{"a": {"b": []}}, ["x", -1], [["a", "b", "c"]], "x" * 5000]
FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EDITS = st.lists(
    st.tuples(st.integers(0, 2**20), st.binary(max_size=8), st.integers(0, 8)), max_size=4
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Sound folders by kind, each with its tokenizer.json as well."""
    found = {}
    for kind, fill in KINDS.items():
        folder = tmp_path_factory.mktemp(kind)
        fill(folder)
        kbz.Tokenizer.from_folder(folder)
        found[kind] = folder
    return found


def try_to_use(folder):
    with suppress(REFUSALS):
        tokenizer = kbz.Tokenizer.from_folder(folder)
        with suppress(ValueError):  # no unknown token, or nothing to pad with
            kbz.Preprocessor(tokenizer, 16)(["a cafe", "中国 <mask>"])


def damaged(folder, name, data):
    """Runs the tokenizer of a folder with one file changed."""
    path, sound = folder / name, (folder / name).read_bytes()
    try:
        path.write_bytes(data)
        try_to_use(folder)
    finally:
        path.write_bytes(sound)


@FUZZ
@given(kind=st.sampled_from(sorted(KINDS)), edits=EDITS, data=st.data())
def test_bytes_changed(folders, kind, edits, data):
    folder = folders[kind]
    name = data.draw(st.sampled_from(sorted(path.name for path in folder.iterdir())))
    content = (folder / name).read_bytes()
    for place, new, gone in edits:
        place %= len(content) + 1
        content = content[:place] + new + content[place + gone :]
    damaged(folder, name, content)


def places(value, path=()):
    """Paths of all parts of a JSON value, those of long lists and tables by their first ones."""
    yield path
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in islice(items, 6):
            yield from places(part, (*path, key))


def replaced(value, path, new):
    """A copy with one part replaced."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@FUZZ
@given(kind=st.sampled_from(sorted(KINDS)), data=st.data(), new=st.sampled_from(HOSTILE))
def test_values_changed(folders, specifications, kind, data, new):
    folder = specifications[kind]
    name = data.draw(st.sampled_from(sorted(path.name for path in folder.glob("*.json"))))
    value = json.loads((folder / name).read_text("utf-8"))
    path = data.draw(st.sampled_from(list(places(value))))
    damaged(folder, name, json.dumps(replaced(value, path, new)).encode())


@pytest.fixture(scope="module")
def specifications(folders, tmp_path_factory):
    """Sound folders by kind, saved: with a tokenizer.json."""
    found = {}
    for kind, folder in folders.items():
        found[kind] = tmp_path_factory.mktemp(f"{kind}-saved")
        kbz.Tokenizer.from_folder(folder).save(found[kind])
        (found[kind] / "config.json").write_bytes((folder / "config.json").read_bytes())
    return found
