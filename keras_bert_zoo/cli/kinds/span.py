"""`--task span`: questions about texts, answered by a stretch of them."""

import json
from pathlib import Path

from ...preprocessing.squad import read_squad
from ..arguments import UsageError
from .kind import Examples, Kind, records


class Spans(Kind):
    cls = "SpanExtractor"
    formats = "SQuAD JSON, or JSON lines with question, context and answers"

    def read(self, path, args):
        rows = read_squad(path)
        if not rows:
            raise ValueError(f"{path} holds no questions.")
        without = sum(not row["answers"] for row in rows)
        return Examples(str(path), rows, None, f"{without:,} questions without an answer")

    def judge(self, task, data, args):
        scores = task.score(data.x, batch_size=args.batch_size)
        return {"f1": scores["f1"], **{k: v for k, v in scores.items() if k != "f1"}}

    def read_inputs(self, args):
        if args.question is not None:
            contexts = args.texts or ([Path(args.file).read_text("utf-8")] if args.file else [])
            if not contexts:
                raise UsageError("--question needs the text: predict DIR --question Q TEXT")
            yield [{"question": args.question, "context": context} for context in contexts]
        elif args.file:
            yield _questions(args.file)
        else:
            raise UsageError(
                "a question and a text are needed: --question Q TEXT, or --file with SQuAD JSON or "
                "columns question and context"
            )

    def answers(self, task, inputs, args):
        top_k = args.top_k if isinstance(args.top_k, int) else 1
        found = task.answer(inputs, top_k=top_k, batch_size=args.batch_size)
        return [
            {
                **{key: row[key] for key in ("id", "question") if key in row},
                **(one if isinstance(one, dict) else {"answers": one}),
            }
            for row, one in zip(inputs, found)
        ]

    def marks(self, row, answer):
        best = answer["answers"][0] if "answers" in answer else answer
        span = {"start": best["start"], "end": best["end"], "label": "answer"}
        spans = [{**span, "score": best["score"]}] if best["answer"] else []
        return row["context"], spans, row["question"]


def _questions(path):
    """Questions and contexts of a file that need not have answers."""
    if Path(path).suffix.lower() == ".json":
        value = json.loads(Path(path).read_text("utf-8-sig"))
        if isinstance(value, dict):
            return read_squad(path)
    rows, places = records(path)
    for row, place in zip(rows, places):
        for name in ("question", "context"):
            if not isinstance(row.get(name), str):
                raise ValueError(f"{place}: there is no {name}. Columns: {', '.join(row)}.")
    return rows


KIND = Spans()
