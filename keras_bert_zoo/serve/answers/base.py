"""What the files of this folder say about their tasks."""

import dataclasses

from pydantic import BaseModel, ConfigDict

from ..forms import form, list_type, text_type


@dataclasses.dataclass
class Read:
    """A row that the model read.

    Args:
        answer: its answer.
        tokens: how many tokens it has, without special ones.
        cut: how many of them the model did not see.
    """

    answer: object
    tokens: int
    cut: int


class Prediction(BaseModel):
    """An answer as it is written."""

    model_config = ConfigDict(extra="forbid")


class Answers:
    """A task, how it is asked, and what it answers.

    Args:
        task: with a preprocessor. Its own warnings of texts that are cut are turned off: the
            answers have them.
        settings: `Settings`.
    """

    kind = ""  # what the page shows
    windows = False  # whether the task reads all of a long text
    prediction = Prediction  # model of an answer

    def __init__(self, task, settings):
        self.task, self.settings = task, settings
        self.preprocessor = task.preprocessor
        self.tells_cuts = self.preprocessor.truncation == "warn"
        if self.tells_cuts:
            self.preprocessor.truncation = "silent"
        self.forms = self.build_forms()

    def build_forms(self):
        """The pydantic models of requests."""
        raise NotImplementedError

    def fields(self):
        """What the page asks for: dictionaries of `name`, `label`, `type` and `example`."""
        raise NotImplementedError

    def facts(self):
        """What else the page wants to know."""
        return {}

    def rows(self, request):
        """What the model is to read for a request: a list."""
        raise NotImplementedError

    def group(self, request):
        """Options that change how the model is run; rows of one group can be in one batch."""
        return ()

    def parts(self, row, group):
        """The texts of a row: tuples of those that are read together."""
        return [(row,)]

    def run(self, rows, group, size):
        """The answers to rows, from one batch of at most `size`."""
        raise NotImplementedError

    def predictions(self, answers, request):
        """What is written, from the answers to the rows of a request."""
        return answers

    def read(self, rows, group, size):
        """A `Read` for each row. Called in the model's thread.

        Raises:
            ValueError: a row that the task refuses.
        """
        counts = [self._count(row, group) for row in rows]
        answers = self.run(rows, group, size)
        return [Read(answer, *count) for answer, count in zip(answers, counts)]

    def _count(self, row, group):
        """`(tokens, tokens that are cut)`."""
        tokens = cut = 0
        for texts in self.parts(row, group):
            count = sum(map(len, self.preprocessor.tokenizer.ids_batch(list(texts))))
            tokens += count
            if not self.windows:
                cut += max(count - self.preprocessor.room(len(texts)), 0)
        most = self.settings.max_tokens
        if self.windows and tokens > most:
            raise ValueError(f"A text may have {most} tokens. Given: {tokens}. Split it.")
        return tokens, cut

    # -------------------------------------------------------------- for texts alone

    def text_forms(self, example, text=None, **options):
        """Forms of a text and of texts.

        Args:
            example: a text.
            text: its type, if it is a special one.
            **options: fields, with their types and defaults.
        """
        text = text or text_type(self.settings, "What is to be read.")
        many = list_type(text, self.settings, "Several texts.")
        return [
            form("Text", "One text.", {"text": example}, text=(text, ...), **options),
            form("Texts", "Several texts.", {"texts": [example]}, texts=(many, ...), **options),
        ]

    @staticmethod
    def texts_of(request):
        """The texts of such a form."""
        return list(request.texts) if hasattr(request, "texts") else [request.text]

    @staticmethod
    def text_field(example, label="Text"):
        """The page's field for such a form."""
        return [{"name": "text", "label": label, "type": "text", "example": example}]
