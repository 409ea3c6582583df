"""The stretch of a text that answers a question: python run.py QUESTION TEXT"""

import types

from ...preprocessing.span_features import context_tokens
from ...preprocessing.strided_windows import strided_windows
from ...tasks.spans import candidates
from .head import LONGEST, TASK, encode, np, pack, run


def answers(arguments):
    question, context = arguments
    ids = encode(question).ids[: TASK["query_length"]]
    tokens = context_tokens(context, encode(context))
    layout = TASK["layouts"][1]["ids"]
    room = LONGEST - sum(map(len, layout)) - len(ids)
    parts = strided_windows(len(tokens.ids), room, min(TASK["stride"], room))
    rows = [pack(ids, tokens.ids[part.start : part.end]) for part in parts]
    outputs = run(rows, side="right")
    logits = np.stack([outputs["start_logits"], outputs["end_logits"]], axis=-1)
    shift = len(layout[0]) + len(ids) + len(layout[1])
    infos = [
        types.SimpleNamespace(
            tokens=tokens, window=part, shift=shift, null=0 if layout[0] else len(row[0]) - 1
        )
        for part, row in zip(parts, rows)
    ]
    found = candidates(context, list(zip(infos, logits)), TASK["n_best"], TASK["max_answer_length"])
    return found.answers(TASK["no_answer"], TASK["null_threshold"])[:1]
