"""What an exported model calls its inputs and outputs, and which of their axes are open."""

import re

# Axes of the inputs by what they count. Tasks with choices have that axis after the batch.
AXES = {
    "token_ids": ("batch", "length"),
    "segment_ids": ("batch", "length"),
    "padding_mask": ("batch", "length"),
    "mask_positions": ("batch", "places"),
    "visual_features": ("batch", "regions", "visual_dim"),
    "visual_segment_ids": ("batch", "regions"),
    "visual_mask": ("batch", "regions"),
}


def input_names(task):
    """Names of a task's inputs, in an order that does not depend on the backend."""
    return [name for name in AXES if name in task.input]


def input_axes(task):
    """Name of an input -> names of its axes, such as `("batch", "length")`.

    >>> input_axes(task)["token_ids"]
    ('batch', 'length')
    """
    axes = {}
    for name in input_names(task):
        axes[name] = AXES[name]
        if len(task.input[name].shape) > len(AXES[name]):
            axes[name] = ("batch", "choices", *AXES[name][1:])
    return axes


def output_names(task):
    """Names of what `named_outputs` gives, in its order."""
    return list(_outputs(task))


def named_outputs(task, outputs):
    """A task's outputs under names that a person understands, one tensor each.

    Args:
        task: the task.
        outputs: what the model returns, tensors of any backend or arrays.

    Returns:
        Name -> tensor. Most tasks have `logits`. `SpanExtractor`: `start_logits`, `end_logits`;
        `TextEmbedder`: `embeddings`; a CRF: `logits`, `transitions`; `EarlyExitClassifier`:
        `logits`, of the last exit, and `exit_logits`, of all; `MultiTaskClassifier`:
        `NAME_logits` for each task.
    """
    return {name: part(outputs) for name, part in _outputs(task).items()}


def _outputs(task):
    """Name -> what takes that output from those of the model."""
    kinds = {base.__name__ for base in type(task).__mro__}
    if isinstance(task.output, dict):
        ending = "_logits" if "MultiTaskClassifier" in kinds else ""
        return {_plain(key) + ending: lambda outputs, key=key: outputs[key] for key in task.output}
    if "SpanExtractor" in kinds:
        return {"start_logits": lambda x: x[:, :, 0], "end_logits": lambda x: x[:, :, 1]}
    if "TextEmbedder" in kinds:
        return {"embeddings": lambda x: x}
    if "EarlyExitClassifier" in kinds:
        return {"logits": lambda x: x[:, -1], "exit_logits": lambda x: x}
    return {"logits": lambda x: x}


def _plain(name):
    """A name with nothing in it that a runtime may not take."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)
