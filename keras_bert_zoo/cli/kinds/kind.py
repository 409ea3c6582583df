"""What a file in this folder says about its task."""

import dataclasses

from ...tables import read_table


@dataclasses.dataclass
class Examples:
    """Data as the task's `fit` takes them.

    Args:
        path: the file.
        x, y: arguments of `fit`; y is None where the task learns from x alone.
        content: what is in it, for a person.
    """

    path: str
    x: object
    y: object
    content: str

    def __len__(self):
        return len(self.x)


class Kind:
    """How the command line reads, trains, judges and uses a task."""

    cls = None  # name of the task's class
    formats = ""  # what the files may be, for messages
    marks = None  # `(input, answer) -> (text, spans, title)`, where an answer is part of a text

    def read(self, path, args):
        """`Examples` of a file with labels."""
        raise NotImplementedError

    def head(self, train, others):
        """Options of a new head, from the training data; checks the other data against them."""
        return {}

    def judge(self, task, data, args):
        """Figures by name; the first is the one to tell."""
        raise NotImplementedError

    def read_inputs(self, args):
        """Pieces of input for `predict`: lists that `answers` takes."""
        raise NotImplementedError

    def answers(self, task, inputs, args):
        """A dictionary for each input, to be written as a line of JSON."""
        raise NotImplementedError


def records(path):
    """The rows of a table as dictionaries, and their places."""
    table = read_table(path)
    names = list(table)
    rows = [dict(zip(names, values)) for values in zip(*(table[name] for name in names))]
    if not rows:
        raise ValueError(f"{path} holds no rows.")
    return rows, [table.place(row) for row in range(len(rows))]


def texts_of(args):
    """Pieces of texts: the arguments, the lines or the rows of `--file`, or standard input."""
    from ..predict import texts_of as pieces

    for columns in pieces(args):
        yield columns[0] if len(columns) == 1 else list(zip(*columns))
