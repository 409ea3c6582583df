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
    front = [f"pipeline_tag: {PIPELINES[ending]}"] if ending else []
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
    if task.preprocessor is not None:
        lines.append(f"| longest input | {task.preprocessor.max_sequence_length} tokens |")
    recipe = json.dumps(task.recipe.to_config(), indent=2)
    lines += ["", "## Recipe", "", "```json", recipe, "```"]
    lines += ["", "## Use", "", "```python", *use, "```", ""]
    return "\n".join(lines)
