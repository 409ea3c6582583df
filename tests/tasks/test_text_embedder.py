"""TextEmbedder: vectors, search, training, saving."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.training.embedding_losses import (
    Matryoshka,
    MultipleNegativesRanking,
)
from tests.tiny import (
    NEGATIVE,
    POSITIVE,
    sentences,
    tiny_config,
    tiny_encoder,
    tiny_tokenizer,
    to_numpy,
)

TEXTS = [*sentences(19)[0], "", "x" * 30 + " film"]
PAIRS = [(POSITIVE[i], POSITIVE[i - 1]) for i in range(5)]
PAIRS += [(NEGATIVE[i], NEGATIVE[i - 1]) for i in range(5)]


def tiny_embedder(*, encoder=None, length=32, **options):
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), length)
    return kbz.TextEmbedder(encoder or tiny_encoder(), preprocessor, **{"seed": 7, **options})


def quick(task, loss="auto"):
    """Compiled to run without a graph, where tracing takes longer than a test's few steps.

    JAX would compile each operation by itself, for each shape of a batch.
    """
    task.compile(loss=loss, run_eagerly=keras.config.backend() != "jax")
    return task


# ---------------------------------------------------------------- vectors


def test_vectors_are_means_over_tokens():
    task = tiny_embedder()
    inputs = task.preprocessor(TEXTS)
    sequence, mask = to_numpy(task.encoder(inputs)), inputs["padding_mask"][..., None]
    expected = (sequence * mask).sum(1) / mask.sum(1)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors = task.embed(TEXTS)
    assert vectors.dtype == "float32"
    assert vectors.shape == (len(TEXTS), task.dim) == (21, 16)
    np.testing.assert_allclose(vectors, expected, atol=2e-6)
    np.testing.assert_array_equal(task.predict(TEXTS, verbose=0), vectors)


@pytest.mark.parametrize(
    ("options", "dim"),
    [
        ({"pooling": "cls"}, 16),
        ({"pooling": "max", "normalize": False}, 16),
        ({"pooling": "last"}, 16),
        ({"pooling": ("cls", "mean")}, 32),
        ({"projection_dim": 6, "projection_activation": "tanh"}, 6),
        ({"projection_dim": 6, "projection_bias": False, "normalize": False}, 6),
    ],
    ids=str,
)
def test_heads(options, dim):
    task = tiny_embedder(**options)
    vectors = task.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), dim)
    assert np.isfinite(vectors).all()
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.allclose(lengths, 1, atol=1e-6) is options.get("normalize", True)
    unit = task.embed(TEXTS, normalize=True)
    np.testing.assert_allclose(unit, vectors / lengths[:, None], atol=1e-6)
    assert len(task.weights) - len(task.encoder.weights) == (
        1 + options.get("projection_bias", True) if "projection_dim" in options else 0
    )


@pytest.mark.parametrize("batch_size", [1, 4, 50])
def test_the_batch_size_changes_nothing(batch_size):
    task = tiny_embedder()
    expected = task.embed(TEXTS)
    np.testing.assert_allclose(task.embed(TEXTS, batch_size=batch_size), expected, atol=1e-6)


def test_texts_in_every_form():
    task = tiny_embedder()
    expected = task.embed(TEXTS)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"id": range(len(TEXTS)), "text": TEXTS})
    forms = [tuple(TEXTS), np.array(TEXTS), frame, frame["text"], {"text": TEXTS}]
    forms += [[text.encode() for text in TEXTS], (TEXTS[i : i + 5] for i in range(0, 21, 5))]
    for texts in forms:
        np.testing.assert_allclose(task.embed(texts), expected, atol=1e-6)
    one = task.embed(TEXTS[0])
    assert one.shape == (16,)
    np.testing.assert_allclose(one, expected[0], atol=1e-6)
    assert task.embed([]).shape == (0, 16)
    assert task.embed("").shape == (16,)
    assert np.isfinite(task.embed("")).all()
    inputs = task.preprocessor(TEXTS)
    np.testing.assert_allclose(task.embed(inputs), expected, atol=1e-6)


def test_rows_of_several_texts():
    task = tiny_embedder()
    vectors = task.predict(PAIRS, batch_size=3, verbose=0)
    assert vectors.shape == (10, 2, 16)
    for column in (0, 1):
        alone = task.embed([pair[column] for pair in PAIRS])
        np.testing.assert_allclose(vectors[:, column], alone, atol=1e-6)
    flat = to_numpy(task.predict_on_batch(PAIRS))
    np.testing.assert_allclose(flat.reshape(10, 2, 16), vectors, atol=1e-6)


def test_a_very_long_text_is_cut_and_said_so():
    task = tiny_embedder()
    text = "the film was good " * 5000
    with pytest.warns(kbz.TruncationWarning, match="1 of 2 texts were cut to 32 tokens"):
        vectors = task.embed([text, "a film"])
    assert np.isfinite(vectors).all()
    assert task.truncation_report.cut_texts == 1


def test_prompts():
    prompts = {"query": "a ", "passage": "the ", "none": ""}
    task = tiny_embedder(prompts=prompts, default_prompt="query")
    plain = tiny_embedder(encoder=task.encoder)
    texts = ["film", "room"]
    for prompt, prefix in ((None, "a "), ("passage", "the "), ("none", ""), ("", "")):
        expected = plain.embed([prefix + text for text in texts])
        np.testing.assert_array_equal(task.embed(texts, prompt), expected)
    with pytest.raises(ValueError, match="Unknown prompt 'passages'. Did you mean 'passage'"):
        task.embed(texts, "passages")
    with pytest.raises(ValueError, match="this task has none"):
        plain.embed(texts, "query")
    with pytest.raises(ValueError, match="no prompt 'query'"):
        tiny_embedder(default_prompt="query")


def test_shorter_vectors():
    task = tiny_embedder()
    whole, short = task.embed(TEXTS), task.embed(TEXTS, truncate_dim=4)
    cut = whole[:, :4] / np.linalg.norm(whole[:, :4], axis=1, keepdims=True)
    np.testing.assert_allclose(short, cut, atol=1e-6)
    for dim in (0, 17):
        with pytest.raises(ValueError, match=f"truncate_dim must be 1 to 16. Given: {dim}"):
            task.embed(TEXTS, truncate_dim=dim)


def test_what_embed_refuses():
    task = tiny_embedder()
    with pytest.raises(ValueError, match="rows of 2 texts were given"):
        task.embed(PAIRS)
    with pytest.raises(ValueError, match="normalize=False"):
        task.embed(TEXTS, normalize=False)
    with pytest.raises(TypeError, match="Row 1 is None"):
        task.embed(["a", None])
    bare = kbz.TextEmbedder(tiny_encoder())
    with pytest.raises(ValueError, match="no preprocessor"):
        bare.embed("a")


# ---------------------------------------------------------------- comparing


def test_similarity():
    task = tiny_embedder(normalize=False)
    a, b = TEXTS[:3], TEXTS[3:8]
    first, second = task.embed(a, normalize=True), task.embed(b, normalize=True)
    for one, other in ((a, b), (first * 7, second), (a, second), (first.tolist(), b)):
        cosines = task.similarity(one, other)
        assert cosines.shape == (3, 5)
        assert cosines.dtype == "float32"
        np.testing.assert_allclose(cosines, first @ second.T, atol=1e-6)
    assert task.similarity("a film", "the room").shape == (1, 1)
    np.testing.assert_allclose(np.diag(task.similarity(a)), 1, atol=1e-6)
    tensor = keras.ops.convert_to_tensor(first)
    np.testing.assert_allclose(task.similarity(tensor, b), first @ second.T, atol=1e-6)


def test_search():
    task = tiny_embedder()
    cosines = task.similarity(TEXTS[:2], TEXTS)
    for corpus in (TEXTS, task.index(TEXTS), tuple(TEXTS)):
        found = task.search(TEXTS[:2], corpus, top_k=4)
        for row, query in zip(found, cosines):
            best = np.argsort(-query, kind="stable")[:4]
            assert [one["text"] for one in row] == [TEXTS[i] for i in best]
            np.testing.assert_allclose([one["score"] for one in row], query[best], atol=1e-6)
    by_matrix = task.search(TEXTS[0], task.embed(TEXTS), top_k=4, chunk_size=5)
    assert [one["index"] for one in by_matrix] == [one["index"] for one in found[0]]
    assert by_matrix[0]["text"] is None
    named = task.index(task.embed(TEXTS), TEXTS)
    assert task.search(TEXTS[0], named, top_k=4)[0]["text"] == TEXTS[0]
    assert task.search(task.embed(TEXTS[:2]), named, top_k=4) == [
        [pytest.approx(one) if isinstance(one, float) else one for one in row]
        for row in task.search(task.embed(TEXTS[:2]), TEXTS, top_k=4)
    ]
    assert task.search("a film", []) == []


def test_search_uses_the_usual_prompts():
    prompts = {"query": "a ", "document": "", "passage": "the "}
    task = tiny_embedder(prompts=prompts, default_prompt="query")
    plain = tiny_embedder(encoder=task.encoder)
    corpus = ["film", "room", "food"]
    expected = plain.search("a film", [f"the {text}" for text in corpus])
    found = task.search("film", corpus)
    assert [one["index"] for one in found] == [one["index"] for one in expected]
    assert [one["score"] for one in found] == pytest.approx([one["score"] for one in expected])
    plainly = task.search("film", corpus, query_prompt="", corpus_prompt="")
    expected = plain.search("film", corpus)
    assert [one["score"] for one in plainly] == pytest.approx([one["score"] for one in expected])


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "bfloat16"])
def test_half_precision(dtype):
    keras.config.set_dtype_policy(dtype)
    task = tiny_embedder(recipe=kbz.Recipe(1e-3), projection_dim=6)
    vectors = task.embed(TEXTS)
    assert vectors.dtype == "float32"
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    if dtype == "mixed_bfloat16":
        quick(task)
        assert np.isfinite(task.fit(PAIRS, batch_size=5, verbose=0).history["loss"]).all()


# ---------------------------------------------------------------- saving

OPTIONS = {
    "pooling": ["cls", "max"],
    "normalize": True,
    "projection_dim": 5,
    "projection_activation": "tanh",
    "projection_bias": False,
    "prompts": {"query": "a ", "passage": "the "},
    "default_prompt": "query",
    "column_prompts": ["query", "passage"],
    "loss": Matryoshka(MultipleNegativesRanking(0.1), [5, 2]),
}


@pytest.mark.parametrize("options", [{}, OPTIONS], ids=["plain", "all options"])
def test_saved_and_loaded_it_is_the_same(options, tmp_path):
    task = tiny_embedder(recipe=kbz.Recipe(1e-3), **options)
    task.fit(PAIRS, batch_size=5, verbose=0)
    task.save(tmp_path / "task.keras")
    task.save_to_preset(tmp_path / "preset")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    for again in (loaded, kbz.from_preset(tmp_path / "preset")):
        assert type(again) is kbz.TextEmbedder
        np.testing.assert_array_equal(again.embed(TEXTS), task.embed(TEXTS))
        ours, theirs = task.get_config(), again.get_config()
        for key in OPTIONS:
            assert theirs[key] == ours[key]
    assert loaded.compiled
    assert type(loaded.loss) is type(task.loss)


def test_a_new_head_on_a_saved_encoder(tmp_path):
    encoder = tiny_encoder()
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 32)
    classifier = kbz.TextClassifier(encoder, preprocessor, num_classes=2)
    classifier.save_to_preset(tmp_path / "classifier")
    task = kbz.TextEmbedder.from_preset(tmp_path / "classifier", pooling="cls")
    expected = kbz.TextEmbedder(encoder, preprocessor, pooling="cls").embed(TEXTS)
    np.testing.assert_array_equal(task.embed(TEXTS), expected)
    task.save_to_preset(tmp_path / "embedder")
    short = kbz.TextEmbedder.from_preset(tmp_path / "embedder", max_sequence_length=8)
    with pytest.warns(kbz.TruncationWarning, match="cut to 8 tokens"):
        short.embed(TEXTS)


def test_options_are_checked():
    with pytest.raises(ValueError, match="Unknown pooling 'first'"):
        tiny_embedder(pooling="first")
    with pytest.raises(ValueError, match="Unknown activation"):
        tiny_embedder(projection_dim=4, projection_activation="tan")
    with pytest.raises(ValueError, match="Unknown loss 'Triplets'. Did you mean 'Triplet'"):
        tiny_embedder(loss="Triplets")
    with pytest.raises(ValueError, match="no prompt 'query'"):
        tiny_embedder(column_prompts=["query"])


def test_the_pooler_is_not_trained():
    task = tiny_embedder(encoder=tiny_encoder())
    assert task.encoder.pooler is not None
    assert not task.encoder.pooler.trainable
    assert tiny_config().use_pooler
