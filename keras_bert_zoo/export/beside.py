"""What lies beside an exported model: tokenizer.json, the labels, and how to run it."""

from ..checkpoints.native import write_json
from .formats import copy_tokenizer
from .names import input_axes, output_names

# Kind of task -> the rows of the example, and how many texts each has.
PAIRS = ("PairScorer", "SpanExtractor")


def write_beside(task, folder, title, opened, **sizes):
    """Writes the tokenizer, labels.json, if there are labels, and README.md.

    Args:
        task: the task.
        folder: that of the exported model.
        title: what the model was written for, such as `"LiteRT"`.
        opened: Python code that opens the model in that folder and defines `run(inputs)`.
        **sizes: of the axes that are fixed.
    """
    copy_tokenizer(task, folder)
    write_labels(task, folder)
    (folder / "README.md").write_text(_readme(task, title, opened, sizes), "utf-8")


def write_labels(task, folder):
    """Writes labels.json, if there are labels: output -> names."""
    labels = labels_of(task)
    if labels:
        write_json(folder / "labels.json", labels)


def labels_of(task):
    """The names of the classes in the order of the logits, by output, where they have names."""
    tasks = getattr(task, "tasks", None)
    if tasks is not None:
        found = dict(zip(output_names(task), (one["labels"] for one in tasks.values())))
    else:
        found = {"logits": getattr(task, "labels", None)}
    return {name: list(labels) for name, labels in found.items() if labels}


def example(task, opened, **sizes):
    """Python code that runs the model in the folder it is in, with no part of this library."""
    return "\n".join(
        [*_imports(task, opened), "", *_inputs(task, sizes), "", "outputs = run(inputs)"]
    )


def _readme(task, title, opened, sizes):
    axes = {
        name: [sizes.get(axis, axis) for axis in axes] for name, axes in input_axes(task).items()
    }
    lines = [
        f"# {type(task).__name__} on a {task.encoder.config.family} encoder, for {title}",
        "",
        "Written by keras_bert_zoo; `export.json` says how it was compared with the task.",
        "",
        "| input | shape |",
        "|---|---|",
        *(f"| `{name}` | ({', '.join(map(str, shape))}) |" for name, shape in axes.items()),
        "",
        f"Outputs: {', '.join(f'`{name}`' for name in output_names(task))}.",
        "",
        "```python",
        example(task, opened, **sizes),
        "for name, array in outputs.items():",
        "    print(name, array.shape)",
        "```",
        "",
    ]
    return "\n".join(lines)


def _imports(task, opened):
    lines = ["import numpy as np"]
    if task.preprocessor is not None:
        lines.append("from tokenizers import Tokenizer")
    return [*lines, *opened.strip().splitlines()]


def _inputs(task, sizes):
    rows = sizes.get("batch", 2)
    choices = sizes.get("choices", 2) if "choices" in input_axes(task)["token_ids"] else None
    shape = (rows,) if choices is None else (rows, choices)
    lines = [
        *_ids(task, rows * (choices or 1), sizes),
        f"shape = ({', '.join(map(str, shape))}, -1)",
        "inputs = {",
        '    "token_ids": ids.reshape(shape),',
        '    "segment_ids": segments.reshape(shape),',
        '    "padding_mask": mask.reshape(shape),',
        "}",
    ]
    axes = input_axes(task)
    if "mask_positions" in axes:
        places = sizes.get("places", 1)
        lines.append(f'inputs["mask_positions"] = np.full(({rows}, {places}), 1, "int32")')
    if "visual_features" in axes:
        regions = (*shape, sizes.get("regions", 36))
        dim = task.encoder.config.visual_dim
        lines.append(f'inputs["visual_features"] = np.zeros({(*regions, dim)}, "float32")')
        lines += [
            f'inputs["{name}"] = np.ones({regions}, "int32")'
            for name in ("visual_segment_ids", "visual_mask")
        ]
    return lines


def _ids(task, count, sizes):
    """Lines that make `ids`, `segments` and `mask`, `(count, length)`."""
    if task.preprocessor is None:
        length = sizes.get("length", 8)
        return [
            f'ids = np.ones(({count}, {length}), "int32")',
            "segments, mask = np.zeros_like(ids), np.ones_like(ids)",
        ]
    tokenizer = task.preprocessor.tokenizer
    most = sizes.get("length", task.preprocessor.max_sequence_length)
    text = '("A question?", "A text.")' if _reads_pairs(task) else '"A text."'
    if "mask_positions" in input_axes(task):
        text = f'"{tokenizer.mask_token} is a text."'
    return [
        'tokenizer = Tokenizer.from_file("tokenizer.json")',
        f"tokenizer.enable_truncation({most})",
        f"tokenizer.enable_padding(pad_id={tokenizer.pad_id}, pad_token={tokenizer.pad_token!r}, "
        f"length={sizes.get('length')})",
        f"encoded = tokenizer.encode_batch([{text}] * {count})",
        'ids = np.array([one.ids for one in encoded], "int32")',
        'segments = np.array([one.type_ids for one in encoded], "int32")',
        'mask = np.array([one.attention_mask for one in encoded], "int32")',
    ]


def _reads_pairs(task):
    return {base.__name__ for base in type(task).__mro__} & {*PAIRS, "MultipleChoice"}
