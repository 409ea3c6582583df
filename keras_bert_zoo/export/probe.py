"""Inputs to compare an exported model with its task on, and how far apart they are."""

import numpy as np

from .names import input_axes, input_names, named_outputs

# Batch and length. Among them a batch of one, odd lengths, and a batch longer than its texts.
SHAPES = ((1, 5), (2, 9), (3, 16), (5, 3))


def probe_inputs(task, shapes=SHAPES, **sizes):
    """Inputs as the preprocessor would make them, of random tokens, with padding on the right.

    Args:
        task: the task.
        shapes: pairs of batch and length; those longer than the model are cut to its positions.
        **sizes: `choices`, `places` and `regions`, where the task has such axes; of different
            sizes in each batch if not given.

    Returns:
        For each shape a dictionary of int32 arrays; `visual_features` is float32. With choices, the
        last one of the last row is not there, which its padding says.
    """
    most = task.encoder.config.max_sequence_length
    found = []
    for index, (batch, length) in enumerate(shapes):
        all_sizes = {"choices": 2 + index % 3, "places": 1 + index % 4, "regions": 1 + index % 3}
        all_sizes |= {"batch": batch, "length": min(length, most), **sizes}
        found.append(_one(task, all_sizes, np.random.default_rng(index)))
    return found


def _one(task, sizes, generator):
    config = task.encoder.config
    sizes = {**sizes, "visual_dim": getattr(config, "visual_dim", None)}
    axes = input_axes(task)
    shapes = {name: tuple(sizes[axis] for axis in axes[name]) for name in input_names(task)}
    rows, length = shapes["padding_mask"][:-1], sizes["length"]
    real = generator.integers(min(2, length), length + 1, rows)
    real.flat[0] = length
    if len(rows) > 1 and real.size > 1:
        real.flat[-1] = 0
    mask = (np.arange(length) < real[..., None]).astype("int32")
    inputs = {"padding_mask": mask}
    inputs["token_ids"] = generator.integers(0, config.vocabulary_size, mask.shape) * mask
    second = np.arange(length) >= real[..., None] // 2
    inputs["segment_ids"] = second * mask * (getattr(config, "num_segments", 0) != 1)
    if "mask_positions" in axes:
        inputs["mask_positions"] = generator.integers(0, length, shapes["mask_positions"])
    if "visual_features" in axes:
        inputs |= _regions(shapes, generator)
    return {
        name: inputs[name].astype("float32" if name == "visual_features" else "int32")
        for name in axes
    }


def _regions(shapes, generator):
    mask = np.ones(shapes["visual_mask"], "int32")
    mask[-1, ..., 1:] = 0
    return {
        "visual_features": generator.normal(size=shapes["visual_features"]),
        "visual_segment_ids": mask,
        "visual_mask": mask,
    }


def expected_outputs(task, inputs):
    """Name -> array: what the task itself says of these inputs, in inference."""
    import keras

    outputs = task(inputs, training=False)
    outputs = keras.tree.map_structure(keras.ops.convert_to_numpy, outputs)
    return named_outputs(task, outputs)


def largest_difference(a, b):
    """The largest absolute difference between two sets of named arrays.

    Args:
        a, b: name -> array. Both need the same names and shapes.

    Returns:
        A float; 0.0 for arrays without numbers in them.

    Raises:
        ValueError: other names or shapes, or a number that is not finite.
    """
    if set(a) != set(b):
        raise ValueError(f"The outputs are {sorted(a)}, expected: {sorted(b)}.")
    largest = 0.0
    for name in a:
        one, other = np.asarray(a[name], "float64"), np.asarray(b[name], "float64")
        if one.shape != other.shape:
            raise ValueError(f"{name} has the shape {one.shape}, expected: {other.shape}.")
        if not (np.isfinite(one).all() and np.isfinite(other).all()):
            raise ValueError(f"{name} has numbers that are not finite.")
        largest = max(largest, float(np.abs(one - other).max(initial=0.0)))
    return largest


def label_agreement(a, b):
    """The share of places whose largest output is the same in both, over outputs of classes."""
    same = [np.argmax(a[name], -1) == np.argmax(b[name], -1) for name in a if name != "transitions"]
    return float(np.mean(np.concatenate([np.ravel(one) for one in same])))
