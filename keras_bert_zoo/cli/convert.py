"""`keras-bert-zoo convert`: from any format that is read to any that is written.

What was written is read again, and every weight compared, before the command says that it is done.
"""

from pathlib import Path

import numpy as np

from .runtime import start_keras

NEEDS_KERAS = True


def run(args):
    output = Path(args.output)
    if output.exists() and not output.is_dir():
        raise FileExistsError(f"{output} is a file. Name a folder to write to.")
    start_keras(debug=args.debug)
    from ..catalog import locate
    from ..checkpoints.formats import holds_head, write

    folder, _ = locate(args.preset)
    if output.resolve() == Path(folder).resolve() or output.resolve() in Path(folder).parents:
        raise ValueError(f"{output} holds the source, and would be replaced. Name another folder.")
    task, has_head = read(folder, strict=not args.lenient)
    write(task, args.to, output, overwrite=args.overwrite, head=has_head)
    has_head = has_head and holds_head(task, args.to)
    count = compare(task, has_head, output, args.to)
    print(task.conversion_report)
    what = type(task).__name__ if has_head else "encoder without a head"
    print(f"\n{what} written to {output} as {args.to}; {count} weights read back, all equal")


def read(folder, strict=True):
    """`(task, whether it has a head)`. An encoder alone comes as a `TextEmbedder`."""
    from ..catalog import load_task, task_class
    from ..checkpoints.layouts import open_folder
    from ..checkpoints.native import is_native
    from ..checkpoints.sentence_transformers import is_sentence_transformers
    from ..tasks import TextEmbedder

    if is_native(folder) or is_sentence_transformers(folder):
        return load_task(folder, strict=strict), True
    checkpoint = open_folder(folder, strict=strict)
    cls = task_class(checkpoint)
    if cls.head_from_hugging_face(checkpoint) is not None:
        return load_task(folder, cls, strict=strict), True
    return load_task(folder, TextEmbedder, strict=strict), False


def compare(task, has_head, output, form):
    """Number of weights, all of them equal in what was written.

    Raises:
        ValueError: one is not; a mistake of this library.
    """
    from ..catalog import load_encoder, load_task
    from ..checkpoints.formats import weights_in

    if has_head:
        source, again = task, load_task(output, type(task))
    else:
        source, again = task.encoder, load_encoder(output)
    expected, found = (weights_in(model, form) for model in (source, again))
    other = [
        path
        for path, value in expected.items()
        if path not in found or not np.array_equal(value, found[path])
    ]
    if other:
        raise ValueError(
            f"{output}: {len(other)} weights are not as in the source, first {other[0]}. Please "
            "report this."
        )
    return len(expected)
