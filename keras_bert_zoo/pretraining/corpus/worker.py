"""A process that writes shards: `python -m keras_bert_zoo.pretraining.corpus.worker`.

It reads tasks from standard input, one a line, and answers with lines of JSON. When the process
that started it is gone, so is the other end of both, and it ends.
"""

import base64
import json
import os
import pickle
import sys

from .shard import write_shard

TOLD = (ValueError, OSError, ImportError)  # what the input or the machine may be to blame for


def encoded(task):
    """A task as a line of text."""
    return base64.b64encode(pickle.dumps(task)).decode() + "\n"


def decoded(line):
    """The task of a line that `encoded` made."""
    return pickle.loads(base64.b64decode(line))


def main(tasks, answers):
    """Writes the shard of each task.

    Args:
        tasks: stream of `encoded` tasks.
        answers: stream; a line is `{"read": N}` for bytes or rows of the input that have been read,
            `{"told": ...}` for a shard that is finished, or `{"error": type, "message": ...}`.
    """

    def answer(**what):
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    for line in tasks:
        try:
            told = write_shard(decoded(line), lambda n: answer(read=n))
        except BrokenPipeError:
            return
        except TOLD as error:
            answer(error=type(error).__name__, message=str(error))
        else:
            answer(told=told)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        main(sys.stdin, answers)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)
