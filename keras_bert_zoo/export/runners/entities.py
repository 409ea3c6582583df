"""Entities in texts: python run.py TEXT [TEXT ...]"""

from ...preprocessing.packing import after_space
from ...preprocessing.tags import spans_of_tags
from ...preprocessing.windows import windows
from ...tasks.decoding import best_path, marginals
from .head import LONGEST, TASK, encode, np, pack, run

LABELS = TASK["classes"]["logits"]["labels"]


def token_logits(ids):
    """The logits of each token; a long text is read in windows."""
    before, after = TASK["layouts"][0]["ids"]
    room = LONGEST - len(before) - len(after)
    overlap = room // 4 if TASK["overlap"] is None else TASK["overlap"]
    parts = windows(len(ids), room, overlap)
    found = run([pack(ids[part.start : part.end]) for part in parts], side="right")["logits"]
    shifts = [len(before) - part.start for part in parts]
    return np.concatenate(
        [
            logits[part.first + shift : part.last + shift]
            for logits, part, shift in zip(found, parts, shifts)
        ]
    )


def words_of(text, encoding):
    """Characters of each word, and its tokens as `(first, last)`."""
    _, first = np.unique(np.array(encoding.word_ids, "int64"), return_index=True)
    last = [*first[1:], len(encoding.ids)]
    spans = [(encoding.offsets[a][0], encoding.offsets[b - 1][1]) for a, b in zip(first, last)]
    return [(after_space(text, *span), span[1]) for span in spans], list(zip(first, last))


def answer(text):
    encoding = encode(text)
    if not encoding.ids:
        return []
    words, pieces = words_of(text, encoding)
    logits = token_logits(encoding.ids)
    join = {"first": lambda x: x[0], "max": lambda x: x.max(0), "average": lambda x: x.mean(0)}
    scores = np.array([join[TASK["aggregation"]](logits[a:b]) for a, b in pieces])
    transitions = [np.array(part, "float32") for part in TASK["transitions"]]
    path = best_path(scores, *transitions)
    shares = marginals(scores, *transitions, chained=TASK["chained"])[np.arange(len(path)), path]
    tags = [LABELS[tag] if LABELS else int(tag) for tag in path]
    alone = [(tag, word, word + 1) for word, tag in enumerate(tags)]
    return [
        {
            "text": text[words[first][0] : words[last - 1][1]],
            "label": label,
            "start": words[first][0],
            "end": words[last - 1][1],
            "score": float(shares[first:last].mean()),
        }
        for label, first, last in (spans_of_tags(tags) if TASK["marks_entities"] else alone)
    ]


def answers(arguments):
    return [answer(text) for text in arguments]
