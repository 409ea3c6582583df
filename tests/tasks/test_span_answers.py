"""What a user of SpanExtractor relies on: questions in, stretches of texts out."""

import keras
import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.layers.span_head import PADDING
from keras_bert_zoo.precision import dtype_scope
from tests.preprocessing.test_span_features import official_windows
from tests.tasks.questions import ANSWERS, ROWS, build
from tests.tiny import tiny_encoder, tiny_tokenizer, to_numpy


@pytest.fixture(scope="module")
def untrained():
    keras.utils.set_random_seed(4)
    return build()


# ---------------------------------------------------------------- answers


def test_one_question_or_many(untrained):
    task = untrained
    row = ROWS[1]
    one = task.answer(question=row["question"], context=row["context"])
    assert set(one) == {"answer", "start", "end", "score", "no_answer_score"}
    assert one["answer"] == row["context"][one["start"] : one["end"]]
    assert task.answer(row) == pytest.approx(one)
    questions, contexts = ["the food?"] * 3, [r["context"] for r in ROWS[:3]]
    many = task.answer(question=questions, context=contexts)
    assert [a["answer"] for a in many] == [task.answer(row)["answer"] for row in ROWS[:3]]
    for same in (
        task.answer(ROWS[:3]),
        task.answer(list(zip(questions, contexts))),
        task.answer("the food?", contexts),
        task.answer(np.array(questions), np.array(contexts)),
    ):
        assert [a["answer"] for a in same] == [a["answer"] for a in many]
    twice = task.answer(questions[:2], contexts[1])
    assert [a["answer"] for a in twice] == [one["answer"]] * 2
    assert task.answer([]) == task.answer([], []) == []


def test_the_best_ones_share_the_probability(untrained):
    task = untrained
    every = task.answer(ROWS[1]["question"], ROWS[1]["context"], top_k=None, n_best=6)
    assert len(every) == 7
    assert sum(one["score"] for one in every) == pytest.approx(1)
    assert [one["score"] for one in every] == sorted((o["score"] for o in every), reverse=True)
    (null,) = [one for one in every if one["answer"] == ""]
    assert (null["start"], null["end"]) == (0, 0)
    assert null["score"] == every[0]["no_answer_score"]
    assert [o["answer"] for o in task.answer(ROWS[1], top_k=3, n_best=6)] == [
        one["answer"] for one in every[:3]
    ]
    never = task.answer(ROWS[:1], top_k=None, n_best=6, no_answer="never")[0]
    assert len(never) == 6
    assert all(one["answer"] and one["no_answer_score"] == 0 for one in never)
    assert sum(one["score"] for one in never) == pytest.approx(1)
    short = task.answer(ROWS[1], top_k=None, n_best=500, max_answer_length=2)
    words = len(ROWS[1]["context"].split())
    assert len(short) == words + (words - 1) + 1
    assert max(len(one["answer"].split()) for one in short) == 2


def test_the_threshold_decides(untrained):
    for row in ROWS[:4]:
        every = untrained.answer(row, top_k=None, n_best=3)
        null = next(one for one in every if one["answer"] == "")
        best = max((one for one in every if one["answer"]), key=lambda one: one["score"])
        gap = np.log(null["score"] / best["score"])
        for shift, expected in ((-0.01, ""), (0.01, best["answer"])):
            one = untrained.answer(row, top_k=2, n_best=3, null_threshold=gap + shift)
            assert one[0]["answer"] == expected
            assert one[0]["no_answer_score"] == pytest.approx(null["score"], abs=1e-5)
            assert len({a["answer"] for a in one}) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"top_k": 0}, "top_k must be from 1 to n_best \\+ 1 = 21. Given: 0"),
        ({"top_k": 9, "n_best": 5}, "n_best \\+ 1 = 6"),
        ({"n_best": 0}, "n_best must be 1 or more"),
        ({"max_answer_length": 0}, "max_answer_length must be 1 or more"),
        ({"no_answer": "nver"}, "Did you mean 'never'"),
        ({"context": None}, "Give the text to answer from"),
        ({"question": ["a", "b"], "context": ["c"]}, "2 of question, 1 of context"),
    ],
    ids=str,
)
def test_impossible_options(untrained, options, words):
    with pytest.raises(ValueError, match=words):
        untrained.answer(**{"question": "a", "context": "b", **options})


def test_impossible_tasks():
    with pytest.raises(ValueError, match="n_best must be"):
        build(n_best=0)
    with pytest.raises(ValueError, match="stride must be"):
        build(stride=0)
    bare = kbz.SpanExtractor(tiny_encoder())
    with pytest.raises(ValueError, match="no preprocessor"):
        bare.answer("a", "b")
    assert bare.featurizer is None


@pytest.mark.parametrize("where", ["question", "context", "both", "blank"])
def test_empty_texts(untrained, where):
    question = "" if where in ("question", "both") else "a"
    context = {"question": "good food"}.get(where, " \n" if where == "blank" else "")
    for no_answer in ("allowed", "never"):
        one = untrained.answer(question, context, no_answer=no_answer)
        assert one["answer"] == context[one["start"] : one["end"]]
        if where != "question":
            nothing = {"answer": "", "start": 0, "end": 0, "score": 1.0, "no_answer_score": 1.0}
            assert one == nothing
    untrained.score([(question, context), ("a", "food")], [None, "food"])


HARD = "we  😀 loved\t中文the 👨‍👩‍👧 cafe\u0301 — Good\u00a0FOOD. \n a\ud800 İ x"


def test_every_answer_is_a_part_of_its_context(untrained):
    every = untrained.answer("a", HARD, top_k=None, n_best=400)
    texts = {one["answer"] for one in every}
    assert all(one["answer"] == HARD[one["start"] : one["end"]] for one in every)
    assert {
        "😀",
        "中",
        "文the",
        "👨‍👩‍👧",
        "cafe\u0301",
        "Good\u00a0FOOD.",
        "loved\t中",
        "x",
    } <= texts
    assert untrained.score([("a", HARD)] * 2, ["cafe\u0301", "x"])["total"] == 2


# ---------------------------------------------------------------- windows and padding


def by_hand(task, question, context, length, stride, longest, n_best):
    """All stretches of all windows, one by one: `[(score, start, end)]`, and of no answer."""
    tokenizer = tiny_tokenizer()
    encoding = tokenizer.encode(context, add_special_tokens=False)
    query = tokenizer.encode(question, add_special_tokens=False).ids
    spans, owners = official_windows(len(encoding), length - 3 - len(query), stride)
    shift, found, nulls = len(query) + 2, [], []
    for number, (begin, end) in enumerate(spans):
        part = encoding.ids[begin:end]
        inputs = np.zeros((3, 1, length), "int32")
        inputs[0, 0, : shift + len(part) + 1] = [
            *(tokenizer.cls_id, *query, tokenizer.sep_id),
            *(*part, tokenizer.sep_id),
        ]
        inputs[1, 0, shift : shift + len(part) + 1] = 1
        inputs[2, 0, : shift + len(part) + 1] = 1
        names = ("token_ids", "segment_ids", "padding_mask")
        (logits,) = to_numpy(task.predict_on_batch(dict(zip(names, inputs))))
        nulls.append(logits[0, 0] + logits[0, 1])
        for first in range(begin, end):
            for last in range(first, min(first + longest, end)):
                if owners[first] == number:
                    score = logits[first - begin + shift, 0] + logits[last - begin + shift, 1]
                    place = (encoding.offsets[first][0], encoding.offsets[last][1])
                    found.append((float(score), *place))
    return sorted(found, reverse=True)[:n_best], float(min(nulls))


@pytest.mark.parametrize(("length", "stride", "words"), [(16, 4, 40), (12, 6, 31), (32, 5, 7)])
def test_windows_are_merged_as_by_hand(untrained, length, stride, words):
    task = build(length, encoder=untrained.encoder, stride=stride, max_answer_length=5, n_best=40)
    task.set_weights(untrained.get_weights())
    rng = np.random.default_rng(words)
    context = " ".join(rng.choice("a the good bad film food room we it".split(), words))
    found, null = by_hand(task, "was it?", context, length, stride, 5, 40)
    weights = np.exp(np.array([score for score, _, _ in found] + [null]))
    weights /= weights.sum()
    every = task.answer("was it?", context, top_k=None, no_answer="allowed", null_threshold=1e9)
    spans = [one for one in every if one["answer"]]
    assert [(one["start"], one["end"]) for one in spans] == [place[1:] for place in found]
    np.testing.assert_allclose([one["score"] for one in spans], weights[:-1], atol=1e-5)
    assert every[0]["no_answer_score"] == pytest.approx(weights[-1], abs=1e-5)
    (merged,) = task.predict([("was it?", context)], verbose=0)
    assert merged.shape == (1 + words, 2)
    assert merged[0].sum() == pytest.approx(null, abs=1e-4)


def test_answers_do_not_depend_on_batches(untrained):
    rows = [
        (row["question"], " ".join([row["context"]] * (1 + n % 5))) for n, row in enumerate(ROWS)
    ]
    together = untrained.answer(rows, batch_size=64)
    for other in (untrained.answer(rows, batch_size=1), untrained.answer(rows, batch_size=7)):
        for one, same in zip(other, together):
            assert one["answer"] == same["answer"]
            assert one["score"] == pytest.approx(same["score"], abs=1e-5)
    back = untrained.answer(rows[::-1], batch_size=16)[::-1]
    assert [one["answer"] for one in back] == [one["answer"] for one in together]


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_padding_has_no_probability(dtype):
    with dtype_scope(dtype):
        task = build()
    short = task._feeder().encode(ROWS[:3])
    logits = to_numpy(task(short))
    padded = short["padding_mask"] == 0
    assert padded.any()
    assert logits.dtype == "float32"
    assert (logits[padded] == PADDING).all()
    shares = to_numpy(keras.ops.softmax(logits, axis=1))
    assert (shares[padded] == 0).all()
    longest = short["padding_mask"].sum(1).max()
    cut = to_numpy(task({key: value[:, :longest] for key, value in short.items()}))
    tolerance = 1e-5 if dtype == "float32" else 0.05
    np.testing.assert_allclose(logits[:, :longest], cut, atol=tolerance)
    if dtype != "float32":
        figures = task.fit(ROWS, ANSWERS, batch_size=16, verbose=0).history
        assert np.isfinite(figures["loss"]).all()
    assert task.answer(ROWS[0])["answer"] in ROWS[0]["context"]


# ---------------------------------------------------------------- thresholds and scores


def test_the_threshold_of_the_best_f1_is_found_and_saved(untrained, tmp_path):
    task = build(encoder=untrained.encoder)
    task.set_weights(untrained.get_weights())
    before = task.score(ROWS, ANSWERS)
    found = [task.answer(row, top_k=None, n_best=20) for row in ROWS]
    gaps = []
    for every in found:
        null = next(one["score"] for one in every if one["answer"] == "")
        gaps.append(np.log(null / max(one["score"] for one in every if one["answer"])))
    tried = {}
    for threshold in [min(gaps) - 1, *gaps]:
        task.null_threshold = float(threshold) + 1e-4
        tried[threshold] = task.score(ROWS, ANSWERS)["f1"]
    threshold = task.fit_null_threshold(ROWS, ANSWERS)
    scores = task.score(ROWS, ANSWERS)
    assert task.null_threshold == threshold == scores["best_f1_thresh"] != 0
    assert scores["f1"] == scores["best_f1"] == pytest.approx(max(tried.values()))
    assert scores["best_f1"] == pytest.approx(before["best_f1"])
    assert before["f1"] <= scores["f1"]
    task.save_to_preset(tmp_path / "preset")
    task.save(tmp_path / "task.keras")
    for again in (
        kbz.from_preset(tmp_path / "preset"),
        keras.saving.load_model(tmp_path / "task.keras"),
    ):
        assert again.null_threshold == threshold
        assert again.score(ROWS, ANSWERS) == pytest.approx(scores)


@pytest.mark.parametrize("answers", [[None] * 3, ["film"] * 3], ids=["none", "all"])
def test_thresholds_at_the_ends(untrained, answers):
    """Where no question, or every one, has an answer, so it comes out."""
    task = build(encoder=untrained.encoder)
    rows = [("a", "film"), ("b", "film"), ("c", "film" if answers[0] else "")]
    threshold = task.fit_null_threshold(rows, answers)
    assert np.isfinite(threshold)
    found = [one["answer"] for one in task.answer(rows)]
    assert all(found) if answers[0] else not any(found)
    if answers[0] is None:
        assert task.score(rows, answers)["exact"] == 100


def test_scores_without_no_answer(untrained):
    task = build(encoder=untrained.encoder, no_answer="never")
    task.set_weights(untrained.get_weights())
    with pytest.raises(ValueError, match="no use for a threshold"):
        task.fit_null_threshold(ROWS, ANSWERS)
    scores = task.score(ROWS[1:4], ANSWERS[1:4])
    assert set(scores) == {
        *("exact", "f1", "total"),
        *("HasAns_exact", "HasAns_f1", "HasAns_total"),
    }
    given = [one["answer"] for one in task.answer(ROWS[1:4])]
    right = np.mean([a == b for a, b in zip(given, ANSWERS[1:4])])
    assert scores["exact"] == pytest.approx(100 * right)


def test_all_right_answers_count(untrained):
    row = ("a", "food was good")
    never = build(encoder=untrained.encoder, no_answer="never")
    never.set_weights(untrained.get_weights())
    given = never.answer([row])[0]["answer"]
    other = "food" if given != "food" else "good"
    assert never.score([row], [[other, given]])["exact"] == 100
    assert never.score([row], [other])["exact"] == 0
