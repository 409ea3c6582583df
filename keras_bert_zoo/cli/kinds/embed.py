"""`--task embed`: texts that belong together, or pairs with a score."""

from ...preprocessing.inputs import LABEL_COLUMNS
from ...tables import read_table
from ..data import read_texts
from .kind import Examples, Kind, texts_of


class Embeddings(Kind):
    cls = "TextEmbedder"
    formats = "a table with two or more columns of texts that belong together, and perhaps a score"

    def read(self, path, args):
        table = read_table(path)
        if not table.num_rows:
            raise ValueError(f"{path} holds no rows.")
        label = args.label_column or next((n for n in table if n.lower() in LABEL_COLUMNS), None)
        names = args.text_column and [n for one in args.text_column for n in one.split(",")]
        names = names or [name for name in table if name != label]
        for name in [*names, *([label] if label else [])]:
            if name not in table:
                raise ValueError(f"{path} has no column {name!r}. It has {', '.join(table)}.")
        if len(names) < 2:
            raise ValueError(
                f"{path} has the text column {names[0]!r} only. It must be {self.formats}."
            )
        rows = list(zip(*(read_texts(table, name, empty=True) for name in names)))
        scores = None
        if label:
            try:
                scores = [float(value) for value in table[label]]
            except (TypeError, ValueError):
                raise ValueError(f"{path}: column {label!r} must hold numbers.") from None
        what = f"columns {', '.join(names)}" + (f", scores {label}" if label else "")
        return Examples(str(path), rows, scores, what)

    def judge(self, task, data, args):
        scores = task.score(data.x, data.y, batch_size=args.batch_size)
        return {name: float(value) for name, value in scores.items()}

    def read_inputs(self, args):
        return texts_of(args)

    def answers(self, task, inputs, args):
        vectors = task.embed(inputs, batch_size=args.batch_size)
        return [{"text": text, "vector": v.tolist()} for text, v in zip(inputs, vectors)]


KIND = Embeddings()
