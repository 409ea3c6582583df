"""How weights are cut up over devices: by heads, by inner width, by vocabulary."""

import re

import keras

# Part of a weight's path -> the axis that is cut up. https://arxiv.org/abs/1909.08053, section 3:
# what comes into a pair of matrices is cut by its outputs, what goes out by its inputs, so devices
# meet once after each pair.
RULES = {
    r"embeddings/tokens/embeddings$": 0,
    r"attention/(query|key|value|place_query|place_key|projection)/kernel$": 1,
    r"attention/(query|key|value|place_query)/bias$": 0,
    r"attention/out/kernel$": 0,
    r"feed_forward(_\d+)?/inner/kernel$": 1,
    r"feed_forward(_\d+)?/inner/bias$": 0,
    r"feed_forward(_\d+)?/out/kernel$": 0,
}
HEADS = r"attention/\w+/kernel$"  # those of three axes: (hidden_dim, heads, size of a head)


def layout_of(path, shape, parts):
    """The axes of a mesh that a weight is cut along, one for each axis of its own, or None.

    Args:
        path: of the weight.
        shape: of the weight.
        parts: over how many devices it is cut.

    Returns:
        A tuple such as `(None, "model")`; None for a weight that every device has all of: no rule
        is for it, or its axis cannot be cut evenly.

    Example:

    >>> layout_of("layer_0/feed_forward/inner/kernel", (768, 3072), parts=8)
    (None, 'model')
    """
    axis = next((axis for rule, axis in RULES.items() if re.search(rule, path)), None)
    if len(shape) == 3 and re.search(HEADS, path):
        axis = 1
    if axis is None or shape[axis] % parts:
        return None
    return tuple("model" if index == axis else None for index in range(len(shape)))


class CheckedModelParallel(keras.distribution.ModelParallel):
    """Keras' model parallelism by `RULES`, that says what it did with each weight.

    Args:
        mesh: `keras.distribution.DeviceMesh` with the axes `batch` and `model`.
    """

    def __init__(self, mesh):
        layouts = keras.distribution.LayoutMap(mesh)
        super().__init__(layout_map=layouts, batch_dim_name="batch", auto_shard_dataset=False)
        self.parts = mesh.shape[mesh.axis_names.index("model")]

    def get_variable_layout(self, variable):
        if getattr(variable, "_layout", None) is not None:
            return variable._layout
        axes = layout_of(variable.path, variable.shape, self.parts)
        axes = axes or (None,) * len(variable.shape)
        return keras.distribution.TensorLayout(axes, self.device_mesh)

    def get_tensor_layout(self, path):
        return None


def check_layout(model):
    """Whether a model's weights are cut up as the distribution says.

    Raises:
        ValueError: they are not: it was built elsewhere, or has no weight that can be cut.
    """
    distribution = keras.distribution.distribution()
    if not isinstance(distribution, CheckedModelParallel):
        return
    layouts = [getattr(variable, "_layout", None) for variable in model.weights]
    meshes = [layout and layout.device_mesh for layout in layouts]
    if any(mesh is not distribution.device_mesh for mesh in meshes):
        raise ValueError(
            "Some of the model's weights are not on the devices of this distribution. Build or "
            "load it within `with keras_bert_zoo.distribute(...):`, and train it there."
        )
    if not any("model" in layout.axes for layout in layouts):
        raise ValueError(
            f"None of the model's weights can be cut into {distribution.parts} equal parts, so "
            "every device would have all of them. Give a model_parallel that divides the number of "
            'heads and the inner width, or take distribute("data").'
        )
