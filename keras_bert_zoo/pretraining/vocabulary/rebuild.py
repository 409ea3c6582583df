"""The same model with a token table of another size."""

from ...checkpoints.native import MARK, plain_config, weights_to_write
from ...encoder import Encoder
from ...layers.initializers import zeros_for_now
from ...layers.masked_lm_head import TokenScores
from ...precision import dtype_scope
from ...training import Recipe


def vocabulary_axes(model):
    """Path -> axis, of each weight of a task or an encoder that has an entry for each token."""
    encoder = getattr(model, "encoder", model)
    axes = {encoder.embeddings.tokens.embeddings.path: 0}
    for layer in model._flatten_layers():
        if isinstance(layer, TokenScores):
            axes[layer.bias.path] = 0
            if layer.decoder is not None:
                axes[layer.decoder.kernel.path] = 1
            if getattr(layer, "columns", None) is not None:
                axes[layer.columns.path] = 1
    return axes


def rebuilt(model, tokenizer, rows):
    """A new model with all weights of another, those of the vocabulary made anew.

    Low-rank updates are merged into the weights.

    Args:
        model: task or encoder.
        tokenizer: the new one, for a task that has a preprocessor.
        rows: `Rows`.

    Raises:
        ValueError: the model is quantized.
    """
    encoder = getattr(model, "encoder", model)
    if encoder._quantized:
        raise ValueError(
            f"The model is quantized to {encoder._quantized}, and no means can be taken of its "
            "rows. Adapt it first, and quantize what comes of it."
        )
    config = {**encoder.get_config(), "vocabulary_size": len(rows), "lora": None}
    with zeros_for_now():
        new = Encoder.from_config(config)
        if model is not encoder:
            new = _task_over(new, model, tokenizer)
    axes, values = vocabulary_axes(model), weights_to_write(model)
    for weight in new.weights:
        value = values[weight.path]
        weight.assign(rows.of(value, axes[weight.path]) if weight.path in axes else value)
    return new


def _task_over(encoder, task, tokenizer):
    """A task like another over another encoder."""
    config = plain_config(task)
    config = {key: value for key, value in config.items() if key not in (MARK, "task")}
    config["recipe"], preprocessor = Recipe(**config["recipe"]), task.preprocessor
    if preprocessor is not None:
        options = {**preprocessor.get_config(), "buckets": None}  # other lengths than before
        del options["tokenizer"]
        config["preprocessor"] = type(preprocessor)(tokenizer, **options)
    with dtype_scope(task.dtype_policy.name):
        return type(task)(**{**config, "encoder": encoder})
