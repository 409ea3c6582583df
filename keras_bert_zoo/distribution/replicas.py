"""How many devices, or processes, learn from each batch, and what they have to tell each other."""

import contextlib
import pickle
import sys

import keras
import numpy as np

BLOCK = 1024  # bytes


def replicas_of(model):
    """Into how many parts each batch of a model is cut.

    Args:
        model: `keras.Model`.
    """
    backend = keras.config.backend()
    if backend == "tensorflow":
        return model.distribute_strategy.num_replicas_in_sync
    if backend == "jax":
        distribution = keras.distribution.distribution()
        return 1 if distribution is None else distribution.num_model_replicas
    return processes()[1]


def needs_one_shape(model):
    """Whether all batches have to be of one shape: on TPUs, to TensorFlow."""
    if keras.config.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return isinstance(model.distribute_strategy, tf.distribute.TPUStrategy)


def processes():
    """`(number of a part, how many parts)`: of the rows of a batch, this process has that one."""
    backend = keras.config.backend()
    if backend == "jax":
        found = keras.distribution.distribution()
        if found is None:
            return 0, 1
        return found.data_shard_id, min(found.num_processes, found.num_model_replicas)
    group = _torch_group()
    return (group.get_rank(), group.get_world_size()) if group else (0, 1)


def _torch_group():
    """`torch.distributed`, if this process is one of several."""
    if keras.config.backend() != "torch" or "torch.distributed" not in sys.modules:
        return None
    group = sys.modules["torch.distributed"]
    return group if group.is_available() and group.is_initialized() else None


def together():
    """`(number of this process, how many there are)` of those that train together.

    On JAX several may have the same rows, where a layer is spread over them.
    """
    if keras.config.backend() == "jax" and keras.distribution.distribution() is not None:
        import jax

        return jax.process_index(), jax.process_count()
    return processes()


def shared(value):
    """What process 0 gives, in all processes that train together."""
    return gathered(value)[0]


def common(values):
    """Those of some values that all processes have that train together, a set."""
    return set.intersection(*gathered(set(values)))


def gathered(value):
    """What each process gives that trains together: a list, in their order.

    Args:
        value: anything that can be pickled.
    """
    if together()[1] == 1:
        return [value]
    if (group := _torch_group()) is not None:
        found = [None] * group.get_world_size()
        group.all_gather_object(found, value)
        return found
    from jax.experimental.multihost_utils import process_allgather

    sent = np.frombuffer(pickle.dumps(value), "uint8")
    sizes = process_allgather(np.array(len(sent), "int32"))
    blocks = -(-max(sizes) // BLOCK)  # few shapes, because each is compiled
    padded = np.pad(sent, (0, blocks * BLOCK - len(sent)))
    rows = zip(process_allgather(padded), sizes, strict=True)
    return [pickle.loads(row[:size].tobytes()) for row, size in rows]


def share_weights(variables):
    """Gives all processes the values that process 0 has."""
    group = _torch_group()
    if group is None:
        return
    for variable in variables:
        group.broadcast(variable.value.data, src=0)


def summed_gradients(gradients):
    """Gradients added up over replicas that each saw a part of the batch; None stays None.

    Losses are means of equal parts, so on PyTorch, where each process has the mean of its own, the
    sum is divided by their number. TensorFlow has divided the losses. On JAX there is one program,
    whose gradients are of the whole batch.
    """
    backend = keras.config.backend()
    real = [gradient for gradient in gradients if gradient is not None]
    if backend == "tensorflow":
        import tensorflow as tf

        context = tf.distribute.get_replica_context()
        if not real or context is None or context.num_replicas_in_sync == 1:
            return gradients
        found = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, real))
    elif (group := _torch_group()) is not None and real:
        import torch

        flat = torch.cat([gradient.reshape(-1) for gradient in real])
        group.all_reduce(flat)
        flat /= group.get_world_size()
        parts = flat.split([gradient.numel() for gradient in real])
        found = iter([part.view_as(old) for part, old in zip(parts, real)])
    else:
        return gradients
    return [None if gradient is None else next(found) for gradient in gradients]


def mean_of_parts(total, weight, least=1e-9):
    """`total / weight`, sums over a part of the batch, so that the parts' losses make the whole's.

    On one device that is all. Where replicas have parts of a batch, what they have is divided by
    the weight of all of it, and their gradients are added up to those of one device.

    Args:
        total, weight: float32 scalars: the weighted sum of losses, and the sum of the weights.
        least: what the weight is at least, so that nothing is divided by 0.
    """
    backend, replicas = keras.config.backend(), 1
    if backend == "tensorflow":
        import tensorflow as tf

        context = tf.distribute.get_replica_context()
        if context is not None and context.num_replicas_in_sync > 1:
            weight = context.all_reduce(tf.distribute.ReduceOp.SUM, weight)
    elif (group := _torch_group()) is not None:
        weight, replicas = weight.detach().clone(), group.get_world_size()
        group.all_reduce(weight)
    return total * replicas / keras.ops.maximum(weight, least)


def as_part(mean):
    """The mean over a replica's part of a batch, as what it adds to the loss of the whole."""
    return mean / _added_up()


def as_logged(part):
    """What a replica adds to the loss of the whole, as what a metric takes the average of."""
    return part * _added_up()


def _added_up():
    """Of how many parts Keras takes the sum rather than the mean: that is TensorFlow's way."""
    if keras.config.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


@contextlib.contextmanager
def summed_metrics(metrics):
    """Within it metrics are of what all processes saw; after it, again of this one's part."""
    group = _torch_group()
    if group is None:
        yield
        return
    import torch

    variables = [variable for metric in metrics for variable in metric.variables]
    own = [variable.value.detach().clone() for variable in variables]
    if own:
        flat = torch.cat([value.double().reshape(-1) for value in own])
        group.all_reduce(flat)
        sizes = [value.numel() for value in own]
        for variable, part, value in zip(variables, flat.split(sizes), own):
            variable.assign(part.view_as(value).to(value.dtype))
    yield
    for variable, value in zip(variables, own):
        variable.assign(value)


def part_of_rows(array):
    """The rows of this process, of an array of a whole batch."""
    number, count = processes()
    if count == 1:
        return array
    size = len(np.asarray(array)) // count
    return array[number * size : (number + 1) * size]
