"""The README.md of a saved model, written from what is known of the task."""

import json

from .version import __version__

# End of the name of transformers' class -> what the Hub calls such a task.
PIPELINES = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMultipleChoice": "multiple-choice",
    "ForMaskedLM": "fill-mask",
    "ForPreTraining": None,
}


def model_card(task):
    """Markdown with front matter as the Hugging Face hub reads it, of a preset of this library."""
    return _card(task, "keras_bert_zoo", [], _use(task))


def transformers_card(task, architecture):
    """The same of a folder for transformers.

    Args:
        task: the task.
        architecture: name of transformers' class, as in config.json.
    """
    ending = next((end for end in PIPELINES if architecture.endswith(end)), None)
    pipeline = PIPELINES.get(ending)
    front = [f"pipeline_tag: {pipeline}"] if pipeline else []
    auto = f"AutoModel{ending or ''}"
    use = [
        f"from transformers import {auto}, AutoTokenizer",
        "",
        f'model = {auto}.from_pretrained("path/to/this/folder")',
        'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")',
        "",
    ]
    return _card(task, "transformers", front, [*use, *_use(task)])


def keras_hub_card(task, name):
    """The same of a preset of KerasHub.

    Args:
        task: the task.
        name: of KerasHub's class.
    """
    front = ["pipeline_tag: text-classification"] if name.endswith("Classifier") else []
    use = [
        "import keras_hub",
        "",
        f'model = keras_hub.models.{name}.from_preset("path/to/this/folder")',
        "",
    ]
    return _card(task, "keras-hub", front, [*use, *_use(task)])


def google_card(task, checkpoint):
    """The same of a checkpoint for Google's scripts.

    Args:
        task: the task.
        checkpoint: what the names of its files begin with.
    """
    use = [
        "import tensorflow as tf",
        "",
        f'reader = tf.train.load_checkpoint("path/to/this/folder/{checkpoint}")',
        "",
    ]
    return _card(task, "tensorflow", [], [*use, *_use(task)])


def saved_model_card(task, report):
    """The same of a SavedModel.

    Args:
        task: the task.
        report: what is known of it, with `signatures` and `tokenizer`.
    """
    inputs = report["signatures"]["serving_default"]["inputs"]
    values = ", ".join(f'{name}=tf.constant(["A text."])' for name in inputs)
    use = ["import tensorflow as tf"]
    tokenizer = report["tokenizer"] or {}
    if tokenizer.get("ops") == "text":
        use.append("import tensorflow_text  # its operations are in the graph")
    use += [
        "",
        'model = tf.saved_model.load("path/to/this/folder")',
        f'answers = model.signatures["serving_default"]({values})',
    ]
    lines = [_card(task, "tensorflow", [], use), "## Signatures", ""]
    for name, signature in report["signatures"].items():
        parts = [
            ", ".join(f"`{key}` {one['dtype']} {shape_text(one['shape'])}" for key, one in side)
            for side in (signature["inputs"].items(), signature["outputs"].items())
        ]
        lines.append(f"- `{name}`: {parts[0]} → {parts[1]}")
    if tokenizer and not tokenizer["exact"]:
        lines += [
            "",
            f"The tokenizer in the graph agrees with tokenizer.json on "
            f"{tokenizer['agreement']:.1%} of a suite of hard texts.",
        ]
    return "\n".join([*lines, ""])


def shape_text(shape):
    """A shape with `?` for what is open: `(?, 2)`.

    >>> shape_text([None, 2])
    '(?, 2)'
    """
    return f"({', '.join('?' if size is None else str(size) for size in shape)})"


def _use(task):
    return [
        "import keras_bert_zoo",
        "",
        f'task = keras_bert_zoo.{type(task).__name__}.from_preset("path/to/this/folder")',
        type(task).example,
    ]


def _card(task, library, front, use):
    config = task.encoder.config
    labels = getattr(task, "labels", None)
    lines = [
        "---",
        f"library_name: {library}",
        *front,
        f"tags: [keras, {config.family}, {task.name}]",
        "---",
        f"# {type(task).__name__} on a {config.family} encoder",
        "",
        f"Written by keras_bert_zoo {__version__}.",
        "",
        "| | |",
        "|---|---|",
        f"| encoder | {config.num_layers} layers, hidden size {config.hidden_dim}, "
        f"{config.num_heads} heads, vocabulary of {config.vocabulary_size:,} |",
        f"| parameters | {task.count_params():,} |",
        f"| problem | {getattr(task, 'problem', '-')} |",
        f"| labels | {', '.join(map(str, labels)) if labels else '-'} |",
    ]
    if origin := task.encoder.vocabulary_origin:
        lines.append(
            f"| vocabulary from another one's {origin['old_size']:,} rows | {origin['shared']:,} "
            f"kept, {origin['new']:,} made of several, {origin['dropped']:,} dropped |"
        )
    if task.preprocessor is not None:
        lines.append(f"| longest input | {task.preprocessor.max_sequence_length} tokens |")
    recipe = json.dumps(task.recipe.to_config(), indent=2)
    lines += ["", "## Recipe", "", "```json", recipe, "```"]
    lines += ["", "## Use", "", "```python", *use, "```", ""]
    return "\n".join(lines)
