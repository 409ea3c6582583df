"""A model keeps its weights when `fit`, `evaluate` or `predict` ends with an error, on JAX."""

import contextlib

import keras


@contextlib.contextmanager
def kept_weights(model):
    """Within it an error, or an interruption by the keyboard, leaves the weights as they are.

    While it steps, Keras (3.15) holds them in the step's own state on JAX, and takes them out of
    the model; an error would leave a model without weights.

    Args:
        model: `keras.Model`.
    """
    if keras.config.backend() != "jax":
        yield
        return
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.variables, *(optimizer.variables if optimizer else ())]
    before = [(variable, variable.value) for variable in variables]
    model._jax_state = None
    try:
        yield
    except BaseException:
        model.jax_state_sync()  # of the last step that was whole
        for variable, value in before:
            if variable._value is None and not value.is_deleted():
                variable.assign(value)  # there was none
        raise
