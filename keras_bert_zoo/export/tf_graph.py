"""A task on TensorFlow as one function of named tensors, with open axes or fixed ones."""

from .names import input_axes, named_outputs

CONSTANT = ("visual_dim",)  # axes that the model itself fixes


def tf_module(task, **sizes):
    """A `tf.Module` whose function `serve` is the task in inference.

    Args:
        task: the task, on TensorFlow.
        **sizes: name of an axis -> its size; any other is open. See `input_axes`.

    Raises:
        ValueError: an axis that the task does not have, or a size that it cannot have.
    """
    import tensorflow as tf

    check_sizes(task, sizes)
    fixed = {**sizes, **{name: getattr(task.encoder.config, name, None) for name in CONSTANT}}
    signature = {
        name: tf.TensorSpec([fixed.get(axis) for axis in axes], task.input[name].dtype, name)
        for name, axes in input_axes(task).items()
    }

    def serve(inputs):
        return named_outputs(task, task(inputs, training=False))

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=[signature], autograph=False)
    module.weights = [weight.value for weight in task.weights]
    return module


def check_sizes(task, sizes):
    """Raises a ValueError for sizes of axes that a task's inputs cannot have."""
    known = {axis for axes in input_axes(task).values() for axis in axes} - set(CONSTANT)
    for axis, size in sizes.items():
        if axis not in known:
            raise ValueError(
                f"Unknown option {axis!r}: of a {type(task).__name__} these sizes can be fixed: "
                f"{', '.join(sorted(known))}."
            )
        if type(size) is not int or size < 1:
            raise ValueError(f"{axis} is a whole number from 1 on. Given: {size!r}.")
    most = task.encoder.config.max_sequence_length
    if sizes.get("length", 1) > most:
        raise ValueError(f"length={sizes['length']} is more than the {most} that the encoder has.")
