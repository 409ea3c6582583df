"""Running a batch block by block, and letting rows leave between them."""

import json

import keras
import numpy as np
from keras import ops

from ..preprocessing.buckets import bucket_for


def uncertainty(logits):
    """How unsure a classifier is, from 0 (one class has it all) to 1 (all classes are equal).

    `sum(p log p) / log(1 / N)` over the probabilities of N classes: the entropy, as a share of the
    highest that there is (section 3.3 of https://arxiv.org/abs/2004.02178).

    Args:
        logits: float array `(..., num_classes)`.

    >>> uncertainty(np.log([[0.5, 0.5], [0.75, 0.25]])).round(4).tolist()
    [1.0, 0.8113]
    """
    logits = np.asarray(logits, "float64")
    logits = logits - logits.max(axis=-1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    entropy = -(np.exp(log_p) * log_p).sum(axis=-1)
    return np.clip(entropy / np.log(logits.shape[-1]), 0, 1)


def is_certain(logits, threshold):
    """Whether an exit's answer is good enough: its uncertainty is less than the threshold.

    At a threshold of 1 all are, also those that are as unsure as can be.
    """
    return (uncertainty(logits) < threshold) | (threshold >= 1)


def leave_early(steps, inputs, real, threshold, sizes=None):
    """Runs a batch until all of its rows have left.

    Args:
        steps: `Steps`.
        inputs: the encoder's inputs, arrays `(batch, length)`.
        real: how many of the rows want an answer; those after them fill the batch up.
        threshold: see `is_certain`. At the last exit all rows leave.
        sizes: numbers of rows that a batch may shrink to, sorted; any number if not given.

    Returns:
        `(logits, blocks)`: `(real, num_classes)` from the exit by which a row left, and how many
        blocks it took.
    """
    rows = np.arange(len(inputs["token_ids"]))  # which row stands at each place
    waiting = rows < real  # the places of those that are still to leave
    x, inputs = steps.begin(inputs)
    logits, blocks = None, np.zeros(real, int)
    for index in range(steps.count):
        places = places_kept(waiting, sizes)
        if len(places) < len(rows):
            rows, waiting = rows[places], waiting[places]
            x, inputs = taken((x, inputs), places)
        x, given = steps.advance(x, inputs, index)
        given = ops.convert_to_numpy(given)
        last = index == steps.count - 1
        leaving = waiting & (last | is_certain(given, threshold))
        logits = np.zeros((real, given.shape[-1]), "float32") if logits is None else logits
        logits[rows[leaving]], blocks[rows[leaving]] = given[leaving], index + 1
        waiting = waiting & ~leaving
        if not waiting.any():
            break
    return logits, blocks


def places_kept(waiting, sizes=None):
    """Numbers of the places that go on: those that wait, and as many others as a size asks for.

    >>> places_kept(np.array([False, True, False, True, True]), [2, 4]).tolist()
    [1, 3, 4, 0]
    """
    going, others = np.flatnonzero(waiting), np.flatnonzero(~waiting)
    size = len(going) if sizes is None else bucket_for(min(len(going), sizes[-1]), sizes)
    return np.concatenate([going, others[: max(size - len(going), 0)]])


def taken(tensors, places):
    """The rows at these places, of each tensor."""
    places = ops.convert_to_tensor(places.astype("int32"))
    return keras.tree.map_structure(lambda tensor: ops.take(tensor, places, axis=0), tensors)


class Steps:
    """The steps of `Exits` as programs of the backend. What it holds is of the layers as they are.

    Args:
        exits: `Exits`.
    """

    def __init__(self, exits):
        self.exits, self.count = exits, len(exits.heads)
        self._make, self._programs = PROGRAMS[keras.config.backend()], {}
        embeddings = exits.encoder.embeddings.variables
        self._begin = self._make(exits.encoder.begin, embeddings), embeddings
        self._steps = [None] * self.count

    def begin(self, inputs):
        """`(x, inputs)`: what the first block reads, and what all of them are told."""
        inputs = {key: ops.convert_to_tensor(value) for key, value in inputs.items()}
        program, variables = self._begin
        return program(variables, inputs), {
            key: inputs[key] for key in self.exits.encoder.block_inputs
        }

    def advance(self, x, inputs, index):
        """`Exits.step`."""
        if self._steps[index] is None:
            self._steps[index] = self._step(index)
        program, variables = self._steps[index]
        return program(variables, x, inputs)

    def _step(self, index):
        """`(program, variables)`. Steps that differ in nothing but values share a program."""
        variables = self.exits.step_variables(index)
        block = nameless(self.exits.encoder.blocks[index].get_config())
        kind = json.dumps([block, [(v.shape, v.dtype) for v in variables]], default=str)
        if kind not in self._programs or not SHARED:
            self._programs[kind] = self._make(
                lambda x, inputs: self.exits.step(x, inputs, index), variables
            )
        return self._programs[kind], variables


def nameless(config):
    """A layer's config without the names of layers in it."""
    if isinstance(config, dict):
        return {key: nameless(value) for key, value in config.items() if key != "name"}
    return [nameless(value) for value in config] if isinstance(config, (list, tuple)) else config


def on_torch(function, variables):
    """Torch runs a function as it is."""
    import torch

    def program(variables, *arguments):
        with torch.no_grad():
            return function(*arguments)

    return program


def on_tensorflow(function, variables):
    """One graph for all numbers of rows and all lengths; it reads the variables themselves."""
    import tensorflow as tf

    def open_spec(tensor):
        return tf.TensorSpec([None, None, *tensor.shape[2:]], tensor.dtype)

    graphs = []

    def program(variables, *arguments):
        if not graphs:
            signature = keras.tree.map_structure(open_spec, list(arguments))
            graphs.append(tf.function(function, input_signature=signature))
        return graphs[0](*arguments)

    return program


def on_jax(function, variables):
    """Compiled for each shape; the variables may be others that are like those of the function."""
    import jax

    own = variables

    @jax.jit
    def pure(values, *arguments):
        with keras.StatelessScope(state_mapping=list(zip(own, values, strict=True))):
            return function(*arguments)

    return lambda variables, *arguments: pure([v.value for v in variables], *arguments)


PROGRAMS = {"torch": on_torch, "tensorflow": on_tensorflow, "jax": on_jax}
SHARED = keras.config.backend() == "jax"  # where a program is given its variables
