"""`--task choice`: a prompt and several texts, of which one goes with it."""

from ...preprocessing.choice_features import read_examples
from .kind import Examples, Kind, records


class Choices(Kind):
    cls = "MultipleChoice"
    formats = "a table with question (or context), choices (or ending0, ending1, ...) and label"

    def read(self, path, args):
        rows, labels = read_examples(records(path)[0])
        if labels is None:
            raise ValueError(f"{path} has no column of labels. It must be {self.formats}.")
        sizes = sorted({len(choices) for _, choices in rows})
        return Examples(str(path), rows, labels, f"{', '.join(map(str, sizes))} choices each")

    def judge(self, task, data, args):
        found = task.evaluate(
            data.x, data.y, batch_size=args.batch_size, verbose=0, return_dict=True
        )
        return {"accuracy": float(found["accuracy"])}

    def read_inputs(self, args):
        if args.file in (None, "-"):
            if len(args.texts) < 2:
                from ..arguments import UsageError

                raise UsageError("give a prompt and its choices, or --file with a table of them")
            yield [(args.texts[0], args.texts[1:])]
            return
        yield read_examples(records(args.file)[0])[0]

    def answers(self, task, inputs, args):
        found = task.choose(inputs, batch_size=args.batch_size)
        return [{"prompt": prompt, **one} for (prompt, _), one in zip(inputs, found)]


KIND = Choices()
