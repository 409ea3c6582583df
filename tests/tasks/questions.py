"""Questions that can be learnt, and a task for them."""

import keras_bert_zoo as kbz
from tests.tiny import sentences, tiny_encoder, tiny_tokenizer

CONTEXTS, LABELS = sentences(48)
WORDS = [{"negative": "bad", "positive": "good"}[label] for label in LABELS]
ROWS = [{"question": "the food?", "context": context} for context in CONTEXTS]
# Every fourth question has no answer in its context.
for n in range(0, 48, 4):
    ROWS[n]["context"] = ROWS[n]["context"].replace("good", "film").replace("bad", "film")
ANSWERS = [w if w in row["context"].split() else None for w, row in zip(WORDS, ROWS)]


def build(length=32, encoder=None, **options):
    """A task whose scores differ clearly, with one bucket, so that it is compiled once."""
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), length, buckets=[length], truncation="silent")
    options = {"recipe": kbz.Recipe(learning_rate=0.01), "seed": 5, **options}
    return kbz.SpanExtractor(encoder or wide_encoder(), preprocessor, **options)


def wide_encoder():
    return tiny_encoder(initializer_range=0.3)
