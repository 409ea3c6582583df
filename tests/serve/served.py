"""A tiny model of every task that is served, what it is asked, and what it must say."""

import dataclasses
from collections.abc import Callable

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing import preprocessor_for
from keras_bert_zoo.tasks.class_answers import answers as class_answers
from tests.tiny import tiny_electra, tiny_encoder, tiny_tokenizer

TEXTS = ["a great film", "", "we loved the room and they hated it", "dull!"]
LONG = "the film was not good and we hated it . " * 12
PAIRS = [["a film", "was good"], ["the room", ""], ["we", "loved it"]]
MASKED = ["a [MASK] film", "the [MASK] was [MASK] .", "[MASK]"]
QUESTIONS = [
    {"question": "what?", "context": "a great film"},
    {"question": "was it?", "context": LONG},
    {"question": "a", "context": ""},
]
PROMPTS = [
    {"prompt": "a film", "choices": ["good", "bad"]},
    {"prompt": "we", "choices": ["loved it", "hated it", "never"]},
]


@dataclasses.dataclass(frozen=True)
class Served:
    """A task over HTTP.

    Args:
        cls: name of the task's class.
        options: of the task.
        body: a request of several inputs.
        direct: `direct(task)`: the same predictions, by the task itself.
        single: a request of one input, whose answer is the first of `body`'s.
        encoder: what makes its encoder.
    """

    cls: str
    options: dict
    body: dict
    direct: Callable
    single: dict
    encoder: Callable = tiny_encoder

    def build(self, **changes):
        encoder = self.encoder(num_layers=1)
        packing = {"max_sequence_length": 16, "num_buckets": 1, **changes}
        preprocessor = preprocessor_for(encoder.config, tiny_tokenizer(), **packing)
        return getattr(kbz, self.cls)(encoder, preprocessor, seed=1, **self.options)


def labels(rows):
    """What is said of texts whose labels are given, best first."""
    return [{**row[0], "labels": row} for row in rows]


def pair_scores(task):
    pairs = [tuple(pair) for pair in PAIRS]
    rows = class_answers(task._labels, task.predict(pairs, verbose=0), None)
    return [{"score": float(s), "labels": row[:1]} for s, row in zip(task.score(pairs), rows)]


def early(task):
    logits, blocks = task.run(TEXTS)
    rows = class_answers(task._labels, logits, None)
    return [
        {**row, "labels": row["labels"][:1], "blocks": int(count)}
        for row, count in zip(labels(rows), blocks)
    ]


def many(task):
    return [
        {"mood": {**row["mood"], "labels": [row["mood"]]}, "stars": row["stars"]}
        for row in task.classify(TEXTS)
    ]


def spans(task):
    found = task.answer([dict(row) for row in QUESTIONS], top_k=3)
    return [{**rows[0], "answers": rows} for rows in found]


def fills(task):
    found = task.fill(MASKED, top_k=2)
    return [{"masks": [one] if isinstance(one[0], dict) else one} for one in found]


LABELS = {"labels": ["bad", "good"]}
MOOD = {"tasks": {"mood": ["bad", "good"], "stars": {"problem": "regression"}}}
TEXT, MANY = {"text": TEXTS[0]}, {"texts": TEXTS}
CASES = {
    "text": Served(
        "TextClassifier",
        LABELS,
        {**MANY, "top_k": 2},
        lambda task: labels(task.classify(TEXTS, top_k=2)),
        {**TEXT, "top_k": 2},
    ),
    "text-pairs": Served(
        "TextClassifier",
        LABELS,
        {"pairs": PAIRS, "top_k": 2},
        lambda task: labels(task.classify([tuple(pair) for pair in PAIRS], top_k=2)),
        {"text": PAIRS[0][0], "pair": PAIRS[0][1], "top_k": 2},
    ),
    "multi-label": Served(
        "TextClassifier",
        {"labels": ["a", "b", "c"], "problem": "multi_label"},
        MANY,
        lambda task: labels(task.classify(TEXTS, top_k=None)),
        TEXT,
    ),
    "number": Served(
        "TextClassifier",
        {"num_classes": 1, "problem": "regression"},
        MANY,
        lambda task: task.classify(TEXTS),
        TEXT,
    ),
    "document": Served(
        "DocumentClassifier",
        {**LABELS, "overlap": 2},
        {"texts": [*TEXTS, LONG], "top_k": 2},
        lambda task: labels(task.classify([*TEXTS, LONG], top_k=2)),
        {**TEXT, "top_k": 2},
    ),
    "early-exit": Served("EarlyExitClassifier", LABELS, MANY, early, TEXT),
    "several": Served("MultiTaskClassifier", MOOD, MANY, many, TEXT),
    "pair": Served(
        "PairScorer",
        {"labels": ["no", "yes"]},
        {"pairs": PAIRS},
        pair_scores,
        {"text": PAIRS[0][0], "pair": PAIRS[0][1]},
    ),
    "token": Served(
        "TokenClassifier",
        {"entity_types": ["FOOD"]},
        {"texts": [*TEXTS, LONG]},
        lambda task: [{"entities": row} for row in task.extract([*TEXTS, LONG])],
        TEXT,
    ),
    "replaced": Served(
        "ReplacedTokenDetector",
        {},
        {**MANY, "threshold": 0.2},
        lambda task: [{"words": row} for row in task.detect(TEXTS, threshold=0.2)],
        {**TEXT, "threshold": 0.2},
        tiny_electra,
    ),
    "span": Served(
        "SpanExtractor",
        {},
        {"questions": QUESTIONS, "top_k": 3},
        spans,
        {**QUESTIONS[0], "top_k": 3},
    ),
    "choice": Served(
        "MultipleChoice",
        {},
        {"prompts": PROMPTS},
        lambda task: task.choose([(row["prompt"], row["choices"]) for row in PROMPTS]),
        PROMPTS[0],
    ),
    "mask": Served(
        "MaskedLM",
        {},
        {"texts": MASKED, "top_k": 2},
        fills,
        {"text": MASKED[0], "top_k": 2},
    ),
    "embed": Served(
        "TextEmbedder",
        {"prompts": {"query": "we "}},
        {**MANY, "prompt": "query"},
        lambda task: [{"vector": row.tolist()} for row in task.embed(TEXTS, "query")],
        {**TEXT, "prompt": "query"},
    ),
}


def same(found, expected, tolerance=1e-5):
    """Whether two answers are alike: numbers nearly, all else exactly."""
    if isinstance(expected, dict):
        return set(found) == set(expected) and all(same(found[k], expected[k]) for k in expected)
    if isinstance(expected, (list, tuple)):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, float):
        return abs(found - expected) <= tolerance * max(1, abs(expected))
    return found == expected
