"""`keras-bert-zoo serve`: a task behind HTTP."""

import dataclasses

from ..serve.settings import Settings
from .arguments import PRESET_HELP, add_truncation
from .failures import say
from .runtime import start_keras
from .saved import load_saved
from .values import filled, positive, whole

NEEDS_KERAS = True

# Field of `Settings` -> what `--help` says.
OPTIONS = {
    "max_batch_size": "most rows that the model reads at once",
    "max_wait_ms": "how long a row waits for others to join its batch",
    "queue_size": "most rows that wait; what comes beyond gets 503",
    "deadline": "seconds that a request waits for its answer; then it gets 504",
    "max_bytes": "most bytes in a request",
    "max_texts": "most inputs in a request",
    "max_characters": "most characters in a text",
    "max_tokens": "most tokens in a text, of a task that reads long texts in windows",
    "shutdown_seconds": "how long requests that are in may take at the end",
}


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("preset", type=filled, metavar="PRESET", help=PRESET_HELP)
    parser.add_argument(
        "--host", type=filled, default="127.0.0.1", help="default: 127.0.0.1, this machine alone"
    )
    parser.add_argument(
        "--port", type=whole(0, 65535), default=8000, metavar="N", help="default: 8000; 0: any"
    )
    parser.add_argument("--name", type=filled, help="what the model is called; as PRESET if not")
    parser.add_argument("--quiet", action="store_true", help="log only what goes wrong")
    add_truncation(parser)
    limits = parser.add_argument_group("batches and limits")
    for field in dataclasses.fields(Settings):
        number = field.type is int
        limits.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=whole(1) if number else none_or_positive,
            default=field.default,
            metavar="N" if number else "X",
            help=f"{OPTIONS[field.name]}; default: {field.default:{'d' if number else 'g'}}",
        )


def none_or_positive(text):
    """A finite number of 0 or more."""
    return 0.0 if text == "0" else positive(text)


def run(args):
    from ..serve import check_packages

    check_packages()
    from ..serve.server import address_of, listen
    from ..serve.server import run as serve

    names = [field.name for field in dataclasses.fields(Settings)]
    settings = Settings(**{name: getattr(args, name) for name in names})
    with listen(args.host, args.port) as sock:
        start_keras(debug=args.debug)
        task = load_saved(args)
        from ..serve.app import create_app
        from ..serve.logs import write_logs

        name = args.name or args.preset.rstrip("/").rpartition("/")[2]
        app = create_app(task, settings, name=name)
        write_logs(level="warning" if args.quiet else "info")
        say("note", f"{app.title} at {address_of(sock)}; Ctrl-C ends it.")
        try:
            serve(app, sock)
        except RuntimeError as error:
            raise OSError(str(error)) from error
