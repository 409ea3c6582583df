"""The task's model inside of a graph, run over any number of rows."""

import keras
import tensorflow as tf


class Network(tf.Module):
    """A task's model in inference.

    Args:
        task: the task, on TensorFlow.
        batch_size: rows that are run at a time; it bounds the memory of a request.
        name: of the module.
    """

    def __init__(self, task, batch_size, name=None):
        super().__init__(name)
        # The weights are tracked, not the model: what Keras would save of it is not needed.
        with tf.init_scope():
            self.weights_of_model = [weight.value for weight in task.weights]
        self._call = lambda inputs: task(inputs, training=False)
        self._names = tuple(task.input)
        self._shapes = {key: value.shape for key, value in task.input.items()}
        self._types = {key: value.dtype for key, value in task.input.items()}
        self._outputs = task.output
        self._batch_size = batch_size

    @property
    def signature(self):
        """Name -> `tf.TensorSpec` of each input, all dimensions open but those of features."""
        return {
            key: tf.TensorSpec([None, *self._shapes[key][1:]], self._types[key], name=key)
            for key in self._names
        }

    def __call__(self, inputs):
        """The model's outputs, in its structure; `inputs` may hold more than the model takes."""
        inputs = {key: inputs[key] for key in self._names}
        size = self._batch_size
        # One at least: no rows are a batch, too. The model is in the graph once, in this loop.
        count = tf.maximum((tf.shape(inputs["token_ids"])[0] + size - 1) // size, 1)
        arrays = tuple(
            tf.TensorArray(
                output.dtype, count, element_shape=(None, *output.shape[1:]), infer_shape=False
            )
            for output in keras.tree.flatten(self._outputs)
        )

        def step(index, arrays):
            part = {key: value[index * size : (index + 1) * size] for key, value in inputs.items()}
            found = keras.tree.flatten(self._call(part))
            return index + 1, tuple(a.write(index, one) for a, one in zip(arrays, found))

        _, arrays = tf.while_loop(
            lambda index, _: index < count, step, (0, arrays), parallel_iterations=1
        )
        return keras.tree.pack_sequence_as(self._outputs, [array.concat() for array in arrays])
