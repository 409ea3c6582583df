"""`--task mask`: texts alone; some of their tokens are hidden."""

from ...tables import pick_columns, read_table
from ..data import read_texts
from .kind import Examples, Kind, texts_of


class Masks(Kind):
    cls = "MaskedLM"
    formats = "a text a line (.txt), or a table with a column of texts"

    def read(self, path, args):
        table = read_table(path)
        if not table.num_rows:
            raise ValueError(f"{path} holds no texts.")
        names, _ = pick_columns(table, args.text_column, labelled=False)
        texts = read_texts(table, names[0], empty=True)
        texts = [text for text in texts if text.strip()]
        return Examples(str(path), texts, None, f"{sum(map(len, texts)):,} characters")

    def judge(self, task, data, args):
        found = task.evaluate(data.x, batch_size=args.batch_size, verbose=0, return_dict=True)
        return {name: float(found[name]) for name in ("accuracy", "loss")}

    def read_inputs(self, args):
        return texts_of(args)

    def answers(self, task, inputs, args):
        top_k = args.top_k if isinstance(args.top_k, int) else 5
        found = task.fill(inputs, top_k=top_k, batch_size=args.batch_size)
        return [{"text": text, "fills": one} for text, one in zip(inputs, found)]


KIND = Masks()
