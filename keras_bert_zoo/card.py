"""The README.md of a saved preset, written from what is known of the task."""

import json

from .version import __version__


def model_card(task):
    """Markdown with front matter as the Hugging Face hub reads it."""
    config = task.encoder.config
    labels = getattr(task, "labels", None)
    lines = [
        "---",
        "library_name: keras_bert_zoo",
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
    if task.preprocessor is not None:
        lines.append(f"| longest input | {task.preprocessor.max_sequence_length} tokens |")
    lines += [
        "",
        "## Recipe",
        "",
        "```json",
        json.dumps(task.recipe.to_config(), indent=2),
        "```",
        "",
        "## Use",
        "",
        "```python",
        "import keras_bert_zoo",
        "",
        f'task = keras_bert_zoo.{type(task).__name__}.from_preset("path/to/this/folder")',
        type(task).example,
        "```",
        "",
    ]
    return "\n".join(lines)
