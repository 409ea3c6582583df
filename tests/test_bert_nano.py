"""The model that ships: its folder, what it knows, and the recipe that made it."""

import importlib.util
import lzma
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.registry import get_preset, presets_folder
from tests.tiny import to_numpy

NAME = "bert_nano_en_uncased"
FOLDER = presets_folder() / NAME
KNOWN = {
    "It is one of the [MASK] important books of the century.": "most",
    "I do not [MASK] what you mean.": "know",
    "The ship sailed across the [MASK].": "sea",
    "They went [MASK] the house.": "into",
    "He shook his [MASK].": "head",
}
RECIPE = Path(__file__).parents[1] / "recipes" / NAME


def module(name, monkeypatch):
    """A file of the recipe, which is a folder of scripts."""
    monkeypatch.syspath_prepend(str(RECIPE))
    spec = importlib.util.spec_from_file_location(f"nano_{name}", RECIPE / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.any_backend
def test_it_comes_with_the_package():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 12e6
    task = kbz.TextClassifier.from_preset(NAME, labels=["no", "yes"])
    assert task.encoder.count_params() == get_preset(NAME).parameters
    assert task.encoder.config.dropout == task.encoder.config.attention_dropout == 0.1
    assert task.encoder.dtype_policy.name == "float32"
    assert task.preprocessor.tokenizer.vocabulary_size == 8192


def test_hidden_words_are_those_of_transformers():
    transformers = pytest.importorskip("transformers")
    import torch

    task = kbz.MaskedLM.from_preset(NAME)
    assert not task.conversion_report.missing
    assert not task.conversion_report.unused
    texts = ["He opened the [MASK] and looked out.", "[MASK] was the capital of [MASK]."]
    ours = task.predict(texts, verbose=0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(FOLDER)
    theirs = transformers.AutoModelForMaskedLM.from_pretrained(FOLDER).eval()
    assert theirs.dtype == torch.float32
    for text, logits in zip(texts, ours):
        inputs = tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            expected = theirs(**inputs).logits[0]
        expected = expected[inputs["input_ids"][0] == tokenizer.mask_token_id]
        np.testing.assert_allclose(to_numpy(logits), expected.numpy(), atol=1e-5)


@pytest.mark.any_backend
def test_it_knows_some_english():
    task = kbz.MaskedLM.from_preset(NAME)
    for text, word in KNOWN.items():
        assert word in [one["token"] for one in task.fill(text, top_k=5)], text


@pytest.mark.parametrize(
    ("apart", "together"),
    [
        ("It 's 3 @,@ 000 .", "It's 3,000."),
        ("a well @-@ known ( old ) man , who did n't", "a well-known (old) man, who didn't"),
        ("`` Go ! '' he said .", '"Go!" he said.'),
        ("it cost $ 5 ; or 2 @.@ 5", "it cost $5; or 2.5"),
    ],
)
@pytest.mark.any_backend
def test_words_taken_apart_are_put_together(apart, together, monkeypatch):
    assert module("text", monkeypatch).joined(apart) == together


@pytest.fixture
def raw_text(tmp_path):
    """A folder like that of the real text, with a few sentences."""
    folder, books = tmp_path / "raw", tmp_path / "books"
    for place in (folder / "wikitext2", folder / "wiki-split", books):
        place.mkdir(parents=True)
    story = "The old house stood by the river, and nobody had lived in it for years.\n" * 40
    for name in ("00078_Tarzan.txt", "00045_Anne.txt"):
        (books / name).write_text(story, "utf-8")
    with tarfile.open(folder / "books.tar.xz", "w:xz", preset=lzma.PRESET_DEFAULT) as archive:
        archive.add(books, arcname="books")
    for name in ("valid", "test"):
        (folder / "wikitext2" / f"{name}.txt").write_text(
            " = A Town = \n \n The town 's <unk> river is 3 @,@ 000 feet wide . \n" * 20, "utf-8"
        )
    for name in ("tune", "validation", "test"):
        row = "He was born in a small town .\tHe was born . <::::> It was small .\n"
        (folder / "wiki-split" / f"{name}.tsv").write_text(row * 20, "utf-8")
    return folder


@pytest.mark.any_backend
def test_the_recipe_from_text_to_preset(raw_text, tmp_path, monkeypatch):
    pytest.importorskip("pyarrow", reason="pip install -e .[corpus]")
    work = tmp_path / "run"
    command = ["--text", str(raw_text), "--work", str(work), "--steps", "3", "--batch-size", "4"]
    monkeypatch.setattr(sys, "argv", ["pretrain.py", *command])
    module("pretrain", monkeypatch).main()
    held_out = sorted(path.name for path in (work / "text/held_out").iterdir())
    assert held_out == ["00045_Anne.txt", "wiki_split.txt", "wikitext.txt"]
    assert "town's river is 3,000 feet" in (work / "text/train/wikitext.txt").read_text("utf-8")
    task = kbz.MaskedLM.from_preset(work / "preset")
    assert task.encoder.config.num_layers == 4
    assert (work / "logs/log.csv").exists()
