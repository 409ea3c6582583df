"""`keras-bert-zoo predict`: labels for texts, piece by piece, so that any number will do."""

import contextlib
import csv
import itertools
import json
import os
import sys
import tempfile
from pathlib import Path

from ..highlight import page, terminal
from ..tables import CHUNK, check_file, pick_columns, read_chunks, read_lines
from .arguments import UsageError
from .data import read_texts
from .failures import say
from .kinds import KINDS, is_kind, kind_of, saved_task
from .runtime import start_keras
from .saved import load_saved

NEEDS_KERAS = True
PARTS = ("text", "pair")
# Unicode's own line ends, which JSON allows in a string, and many readers of lines stop at.
LINE_ENDS = {ord(mark): f"\\u{ord(mark):04x}" for mark in "\x85\u2028\u2029"}


def run(args):
    check_output(args)
    task_name = saved_task(args.preset)
    if is_kind(task_name):
        run_kind(task_name, args)
        return
    if args.question is not None:
        raise UsageError("--question is for presets that answer questions")
    form = form_of(args)
    if form not in WRITERS:
        raise UsageError(f"--format {form} is for presets that mark stretches of texts")
    pieces = texts_of(args)
    if args.file not in (None, "-"):
        # The first piece before the model: what is wrong with the file is told at once.
        pieces = itertools.chain([next(pieces)], pieces)
    start_keras(debug=args.debug)
    task = load_saved(args)
    top_k = most_labels(task, args.top_k)
    cut = CutTexts(task)
    with opened(args.output) as stream:
        write = WRITERS[form](stream)
        for columns in pieces:
            if columns[0]:
                x = columns[0] if len(columns) == 1 else tuple(columns)
                answers = task.classify(x, top_k=top_k, batch_size=args.batch_size)
                cut.count()
                write(columns, answers)
            stream.flush()
    cut.tell()


def run_kind(task_name, args):
    """The same for a task that is not texts with labels."""
    form, cls = form_of(args), KINDS[task_name][0]
    if form == "csv":
        raise UsageError(f"the answers of a {cls} are written as JSON lines, not as CSV")
    if args.question is not None and task_name != "span":
        raise UsageError("--question is for presets that answer questions")
    if args.file not in (None, "-"):
        check_file(args.file)
    start_keras(debug=args.debug)
    kind = kind_of(task_name)
    if form in MARKED and kind.marks is None:
        raise UsageError(f"--format {form} is for presets that mark stretches; this is a {cls}")
    pieces = kind.read_inputs(args)
    if args.file not in (None, "-"):
        pieces = itertools.chain([next(pieces)], pieces)
    task = load_saved(args)
    with opened(args.output) as stream:
        write = MARKED[form](stream) if form in MARKED else None
        for inputs in pieces:
            for given, row in zip(inputs, kind.answers(task, inputs, args) if inputs else []):
                if write is not None:
                    write(*kind.marks(given, row))
                    continue
                line = json.dumps(row, ensure_ascii=False).translate(LINE_ENDS)
                stream.write(line + "\n")
            stream.flush()
        if form == "html":
            write.finish()


def form_of(args):
    """What is written: `--format`, or as the name of the output says."""
    suffix = Path(args.output or "").suffix.lower()
    return args.format or {".csv": "csv", ".html": "html"}.get(suffix, "jsonl")


def most_labels(task, asked):
    """How many labels to tell of each text; None for all.

    The best label alone says little where any number of them may hold, so `multi_label` tells all.
    """
    if task.problem == "regression":
        return 1
    if asked is None:
        return None if task.problem == "multi_label" else 1
    if asked != "all" and asked > task.num_classes:
        raise ValueError(f"--top-k {asked}: the classifier knows {task.num_classes} labels only.")
    return None if asked == "all" else asked


# -------------------------------------------------------------------------------------- input


def texts_of(args):
    """Pieces of the input: each a list of one or two lists of texts."""
    if args.texts and args.file:
        raise UsageError("give texts or --file, not both. See: keras-bert-zoo predict --help")
    if args.text_column and args.file in (None, "-"):
        raise UsageError("--text-column needs --file. See: keras-bert-zoo predict --help")
    if args.texts:
        return iter([[args.texts]])
    if args.file in (None, "-"):
        return _from_standard_input()
    return _from_file(args.file, args.text_column)


def _from_standard_input():
    alone = sys.stdin.isatty()
    if alone:
        say("note", "one text a line; end with Ctrl-D.")
    # Whoever types wants the answer to each line.
    for table in read_lines(sys.stdin.buffer, "standard input", 1 if alone else CHUNK):
        yield [table["text"]]


def _from_file(path, text_columns):
    names = None
    for table in read_chunks(path):
        if names is None:
            if not table:  # JSON lines without a line
                yield [[]]
                return
            names, _ = pick_columns(table, text_columns, labelled=False)
        yield [read_texts(table, name, empty=True) for name in names]


# -------------------------------------------------------------------------------------- output


def check_output(args):
    """The output is not to be a folder, nor a file that is read."""
    if args.output is None:
        return
    output = Path(args.output)
    if output.is_dir():
        raise IsADirectoryError(f"--output {output} is a folder. Name a file.")
    if not output.parent.is_dir():
        raise FileNotFoundError(f"--output {output}: there is no folder {str(output.parent)!r}.")
    if args.file not in (None, "-") and output.exists() and output.samefile(args.file):
        raise ValueError(f"--output {output} is the file that is read. Name another one.")


@contextlib.contextmanager
def opened(path):
    """Standard output, or a file that is there when all went well, and as it was if not."""
    if path is None:
        yield sys.stdout
        return
    path = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="", errors="backslashreplace") as stream:
            yield stream
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def json_lines(stream):
    """A function that writes a piece as JSON lines."""

    def write(columns, answers):
        for *texts, answer in zip(*columns, answers):
            row = dict(zip(PARTS, texts))
            row |= answer if isinstance(answer, dict) else {"labels": answer}
            line = json.dumps(row, ensure_ascii=False).translate(LINE_ENDS)
            stream.write(line + "\n")

    return write


def csv_rows(stream):
    """A function that writes a piece as CSV; the header goes before the first."""
    writer, header = csv.writer(stream, lineterminator="\n"), []

    def write(columns, answers):
        for *texts, answer in zip(*columns, answers):
            cells = dict(zip(PARTS, texts)) | _cells(answer)
            if not header:
                header.extend(cells)
                writer.writerow(header)
            writer.writerow(cells.values())

    return write


def _cells(answer):
    """One answer as a flat dictionary: several labels get numbers, best first."""
    if isinstance(answer, dict):
        if not isinstance(answer.get("value"), list):
            return answer
        return {f"value_{number}": value for number, value in enumerate(answer["value"], 1)}
    return {
        f"{name}_{number}": value
        for number, item in enumerate(answer, 1)
        for name, value in item.items()
    }


def colored(stream):
    """A function that writes texts with their marks in colour, if they go to a terminal.

    https://no-color.org: the variable NO_COLOR turns colours off, FORCE_COLOR on.
    """
    color = bool(os.environ.get("FORCE_COLOR")) or (
        stream.isatty() and not os.environ.get("NO_COLOR")
    )
    known = []

    def write(text, spans, title=None):
        stream.write(terminal(text, spans, title=title, color=color, known=known) + "\n")

    return write


class HtmlPage:
    """Collects texts with their marks, and writes them as one page."""

    def __init__(self, stream):
        self.stream, self.rows = stream, []

    def __call__(self, text, spans, title=None):
        self.rows.append((text, spans, title))

    def finish(self):
        self.stream.write(page(self.rows, "keras-bert-zoo predict"))


WRITERS = {"jsonl": json_lines, "csv": csv_rows}
MARKED = {"text": colored, "html": HtmlPage}


class CutTexts:
    """Counts what is cut in all pieces, to warn once at the end and not with each.

    Args:
        task: its own warnings are turned off.
    """

    def __init__(self, task):
        self.task, self.reports = task, []
        self.warns = task.preprocessor.truncation == "warn"
        if self.warns:
            task.preprocessor.truncation = "silent"

    def count(self):
        """Takes the report of the piece that was just classified."""
        if self.warns and self.task.truncation_report.cut_texts:
            self.reports.append(self.task.truncation_report)

    def tell(self):
        """Warns if anything was cut."""
        if self.reports:
            texts = sum(report.cut_texts for report in self.reports)
            tokens = sum(report.cut_tokens for report in self.reports)
            say(
                "warning",
                f"{texts:,} texts were cut to {self.reports[0].max_length} tokens: {tokens:,} "
                "tokens were dropped. --truncation error refuses such texts.",
            )
