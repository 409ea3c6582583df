"""The command `keras-bert-zoo`: fine-tune, evaluate, predict, and look at presets.

Nothing here imports Keras before it must: `--help` and a mistyped column are answered at once.
"""

import contextlib
import importlib
import os
import sys
import warnings

from .arguments import UsageError, parse
from .failures import EXPECTED, is_out_of_memory, one_line, say
from .runtime import choose_backend

DONE, FAILED, MISUSED, INTERRUPTED, NO_READER = 0, 1, 2, 130, 141


def main(argv=None):
    """Runs the command.

    Args:
        argv: list of arguments; those of the process if not given.

    Returns:
        The exit code: 0, 1 for an error, 2 for wrong usage, 130 when interrupted, 141 when the
        reader of a pipe went away. An error is one line on stderr; `--debug` shows where it arose.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    debug = "--debug" in argv
    try:
        with warnings.catch_warnings():
            if not debug:
                _short_warnings()
            _use_utf8()
            _run(parse(argv))
        return DONE
    except UsageError as error:
        say("error", error)
        return MISUSED
    except BrokenPipeError:  # `keras-bert-zoo predict ... | head` is no mistake
        _forget_stdout()
        return NO_READER
    except KeyboardInterrupt:
        if debug:
            raise
        say("error", "interrupted.")
        return INTERRUPTED
    except EXPECTED as error:
        if debug:
            raise
        say("error", one_line(error))
        return FAILED
    except Exception as error:
        if debug or not is_out_of_memory(error):
            raise
        say("error", "out of memory: give a smaller --batch-size, or a smaller --max-length.")
        return FAILED


def _run(args):
    command = importlib.import_module(f".{args.module}", __package__)
    if command.NEEDS_KERAS:
        choose_backend(args.backend)
    command.run(args)
    sys.stdout.flush()  # here, where a reader that went away is still an error we see


def _short_warnings():
    warnings.simplefilter("ignore")
    # Not the subclasses for programmers, such as FutureWarning.
    warnings.simplefilter("default", UserWarning)

    def show(message, category, filename, lineno, file=None, line=None):
        say("warning", one_line(message))

    warnings.showwarning = show


def _use_utf8():
    """Output is UTF-8 whatever the locale is; half a character is written as JSON escapes it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _forget_stdout():
    """Else Python would flush it once more at its exit, and complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
