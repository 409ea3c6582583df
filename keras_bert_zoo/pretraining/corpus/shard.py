"""One shard: a pure function of its stretches of the input, the settings and the tokenizer."""

import dataclasses

from .documents import documents
from .packers import PACKERS
from .records import Writer
from .sentences import Counts, Splitter, batches
from .settings import Settings
from .tokens import tokenizer_of


@dataclasses.dataclass(frozen=True)
class Task:
    """What a process needs to write a shard.

    Args:
        path: of the file to write.
        stretches: tuple of `(InputFile, start, stop, number)`; `number` is that of a document at
            the beginning of the file.
        copy: number of this time that the documents are packed.
        settings: `Settings`.
        tokenizer: folder of the tokenizer.
        rooms: tokens that a row of one text and a row of a pair have room for.
        separator: id of the token between documents.
        plan: digest of what the whole corpus is built from and with.
    """

    path: str
    stretches: tuple
    copy: int
    settings: Settings
    tokenizer: str
    rooms: tuple
    separator: int | None
    plan: str


def write_shard(task, advance=lambda amount: None):
    """Writes a shard; it appears whole or not at all.

    Args:
        task: `Task`.
        advance: called with how many bytes, or rows, of the input have been read since.

    Returns:
        What the file says of itself; see `records.told`.
    """
    counts, settings = Counts(), task.settings
    pack = PACKERS[settings.packing](settings, task.rooms, task.copy, counts, task.separator)
    found = batches(
        numbered(task, advance),
        Splitter(settings.language),
        tokenizer_of(task.tokenizer),
        pack.sentence_rooms,
        counts,
    )
    with Writer(task.path, settings.length) as writer:
        for batch in found:
            writer.write(pack(batch))
        writer.write(pack.rest())
        told = {**dataclasses.asdict(counts), "plan": task.plan}
        return writer.close(told)


def numbered(task, advance):
    """`(number, paragraphs)` of each document of a task; its number is its place in the input."""
    for file, start, stop, number in task.stretches:
        done = start
        for place, paragraphs, end in documents(file, start, stop, task.settings.text_column):
            yield number + place, paragraphs
            advance(end - done)
            done = end
        advance(stop - done)
