"""`keras-bert-zoo export`: a saved task for a runtime that does not have this library."""

import json

from .runtime import start_keras

NEEDS_KERAS = True


def run(args):
    options = dict(map(parsed, args.option))
    start_keras(debug=args.debug)
    from ..catalog import load_task

    task = load_task(args.preset)
    report = task.export(args.output, args.format, overwrite=args.overwrite, **options)
    print(json.dumps(report, indent=2, ensure_ascii=False))


def parsed(option):
    """`(name, value)` of `NAME=VALUE`; the value is read as JSON where it is such.

    Raises:
        ValueError: there is no `=`.

    >>> parsed("top_k=3"), parsed("ops=core")
    (('top_k', 3), ('ops', 'core'))
    """
    name, sign, text = option.partition("=")
    if not sign or not name:
        raise ValueError(f"--option is NAME=VALUE, such as ops=core. Given: {option!r}.")
    try:
        return name, json.loads(text)
    except ValueError:
        return name, text
