"""A small example of every task: what the contract tests run over."""

import dataclasses
from collections.abc import Callable

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing import preprocessor_for
from tests.tiny import tiny_electra, tiny_encoder, tiny_images, tiny_tokenizer, tiny_visual_encoder

# As many rows as whole batches of two have: another number would compile another program on JAX.
TEXTS = ["a great film", "awful food!", "we loved the room", "", "very dull, very dull", "good"]
LABELS = ["good", "bad", "good", "bad", "bad", "good"]
UNKNOWN = (["good", "bad", "good", "bad", "bad", "ugly"], "ugly")
LONG = "the film was not good and we hated it . " * 40
PAIRS = [("a film", "was good"), ("the room", "awful"), ("we", "loved it"), ("", "dull")]


@dataclasses.dataclass(frozen=True)
class Case:
    """A task and data for it.

    Args:
        cls: name of the task's class.
        options: of the task.
        x, y: training data; y is None where the task learns from x alone.
        long: an input longer than the model.
        wrong: labels that must be refused, and words of the message; None where there are none.
        windows: whether long input is read in windows rather than cut.
        needs_labels: whether it cannot learn from x alone.
        encoder: what makes its encoder.
        num_layers: blocks of the encoder; what is compiled grows with them.
    """

    cls: str
    options: dict
    x: list
    y: list
    long: object
    wrong: tuple = None
    windows: bool = False
    needs_labels: bool = True
    encoder: Callable = tiny_encoder
    num_layers: int = 1

    def build(self, **changes):
        encoder = changes.pop("encoder", None) or self.encoder(num_layers=self.num_layers)
        packing = {"max_sequence_length": 16, "num_buckets": 1}
        preprocessor = preprocessor_for(encoder.config, tiny_tokenizer(), **packing)
        options = {"seed": 1, **self.options, **changes}
        return getattr(kbz, self.cls)(encoder, preprocessor, **options)


WORDS = [text.split() for text in TEXTS]
TAGS = [["B-FOOD" if word[:4] == "food" else "O" for word in row] for row in WORDS]
TOKENS = {"x": WORDS, "y": TAGS, "long": LONG, "windows": True}
TOKENS["wrong"] = ([["B-CAR"] * len(row) for row in WORDS], "B-CAR")
REPLACED = [["replaced" if word == "dull" else "original" for word in row] for row in WORDS]
CHOICES = [("a film", ["good", "bad"]), ("we", ["loved it", "hated it", "never"]), ("", ["a"])]
CHOICES += [("it", ["a film", "the room", "food"])]
QUESTIONS = [
    ("what?", "a great film"),
    ("was it?", "the food was awful !"),
    ("a", ""),
    ("we", "we loved the room and they hated it very very very much again"),
]
# None, one or two images, with three regions and fewer.
IMAGES = [*tiny_images(3), None, tiny_images(2), tiny_images(1)[0][:0]]
VISUAL = {"encoder": tiny_visual_encoder}

CASES = {
    "text": Case(
        "TextClassifier",
        {"labels": ["bad", "good"]},
        TEXTS,
        LABELS,
        LONG,
        UNKNOWN,
    ),
    "document": Case(
        "DocumentClassifier",
        {"labels": ["bad", "good"], "overlap": 2},
        TEXTS,
        LABELS,
        LONG,
        UNKNOWN,
        windows=True,
    ),
    "early-exit": Case(
        "EarlyExitClassifier",
        {"labels": ["bad", "good"]},
        TEXTS,
        LABELS,
        LONG,
        UNKNOWN,
        num_layers=2,
    ),
    "pair": Case("PairScorer", {}, PAIRS, [0.9, 0.1, 0.5, 0.0], (LONG, LONG), (["a"] * 4, "numb")),
    "token": Case("TokenClassifier", {"entity_types": ["FOOD"]}, **TOKENS),
    "token-crf": Case("TokenClassifier", {"entity_types": ["FOOD"], "head": "crf"}, **TOKENS),
    "replaced": Case(
        "ReplacedTokenDetector", {}, **{**TOKENS, "y": REPLACED}, encoder=tiny_electra
    ),
    "mask": Case("MaskedLM", {}, TEXTS, None, LONG, (TEXTS, "Leave y out"), needs_labels=False),
    "choice": Case(
        "MultipleChoice", {}, CHOICES, [0, 1, 0, 2], (LONG, ["a", LONG]), ([5] * 4, "5")
    ),
    "visual-answer": Case(
        "AnswerClassifier",
        {"labels": ["bad", "good"]},
        list(zip(TEXTS, IMAGES)),
        LABELS,
        (LONG, IMAGES[0]),
        UNKNOWN,
        **VISUAL,
    ),
    "visual-mask": Case(
        "MaskedLM",
        {},
        list(zip(TEXTS, IMAGES)),
        None,
        (LONG, IMAGES[0]),
        (TEXTS, "Leave y out"),
        needs_labels=False,
        **VISUAL,
    ),
    "visual-choice": Case(
        "MultipleChoice",
        {},
        [(*row, image) for row, image in zip(CHOICES, IMAGES[2:])],
        [0, 1, 0, 2],
        (LONG, ["a", LONG], IMAGES[0]),
        ([5] * 4, "5"),
        **VISUAL,
    ),
    "embed": Case(
        "TextEmbedder",
        {},
        PAIRS,
        None,
        (LONG, LONG),
        ([0.5, None, 0.1, 0.2], "Row 1 is None"),
        needs_labels=False,
    ),
    "span": Case(
        "SpanExtractor",
        {},
        QUESTIONS,
        ["film", "awful", None, (3, 8)],
        ("was it?", LONG),
        (["film", "pizza", None, None], "Row 1: the answer 'pizza'"),
        windows=True,
    ),
}
