"""Filling the variables of a model from named arrays."""

import keras
import numpy as np

from .report import ConversionError


def fill(variables, place_of, read, report, *, optional=False):
    """Assigns each variable the array that belongs to it, or notes that there is none.

    Args:
        variables: Keras variables.
        place_of: variable -> `Place`, or None where the format has no name for it.
        read: theirs -> array, or None if the checkpoint lacks it.
        report: `ConversionReport` that is added to.
        optional: whether a variable without an array is `new` rather than `missing`.

    Raises:
        ConversionError: an array has another shape than its variable.
    """
    for variable in variables:
        place = place_of(variable)
        value = read(place.name) if place else None
        if value is None:
            absent = report.new if optional else report.missing
            absent.append(place.name if place else variable.path)
            continue
        expected = place.shape_theirs(variable.shape)
        if tuple(value.shape) != expected:
            raise ConversionError(
                f"{report.source}: {place.name} has shape {tuple(value.shape)}; the config "
                f"describes {expected}. Weights and config do not belong together.",
                report,
            )
        variable.assign(place.to_ours(np.asarray(value)).astype(variable.dtype, copy=False))
        report.used.append(place.name)


def carry_over(old, new):
    """Assigns the weights of a model to those of another that are at the same paths.

    Args:
        old: where the values come from.
        new: where they go to; it may share layers with `old`.

    Returns:
        Paths of the weights that `old` does not have.
    """
    values = {weight.path: weight for weight in old.weights}
    for weight in new.weights:
        value = values.get(weight.path, weight)
        if value is not weight:
            # By value: JAX frees the arrays that a training or evaluation step took.
            weight.assign(np.array(keras.ops.convert_to_numpy(value)))
    return [weight.path for weight in new.weights if weight.path not in values]
