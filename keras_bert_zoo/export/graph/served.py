"""What all tasks in a SavedModel share: a tokenizer, a network, and signatures."""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from ...tokenizers.graph import graph_tokenizer
from .network import Network
from .rows import fill, padded

TEXTS = tf.TensorSpec([None], tf.string)


@dataclasses.dataclass(frozen=True)
class Signature:
    """One way to call a SavedModel.

    Args:
        function: takes the inputs by name, and returns a dictionary of tensors.
        inputs: name -> `tf.TensorSpec`.
        example: name -> array, for warming up and for checking.
    """

    function: Callable
    inputs: dict
    example: dict

    def traced(self):
        """The signature as a `tf.function` with named inputs."""
        names = list(self.inputs)
        specs = [tf.TensorSpec(s.shape, s.dtype, name=n) for n, s in self.inputs.items()]
        return tf.function(
            lambda *values: self.function(**dict(zip(names, values))),
            input_signature=specs,
            autograph=False,
        )


class Served(tf.Module):
    """A task as a graph. A subclass says what its signatures are, and how outputs become answers.

    Args:
        task: the task, on TensorFlow.
        ops: see `graph_tokenizer`.
        batch_size: rows that the model is run on at a time.
        text: whether there are signatures of raw text.
    """

    def __init__(self, task, *, ops="text", batch_size=64, text=True, **options):
        super().__init__(name="served")
        self.network = Network(task, batch_size)
        self.set_up(task, **options)
        preprocessor = task.preprocessor
        self.reads_text = text and preprocessor is not None
        if not self.reads_text:
            return
        self.tokenizer = graph_tokenizer(preprocessor.tokenizer, ops)
        self._template = preprocessor.tokenizer.template
        self._pad_id = preprocessor.tokenizer.pad_id
        self._longest = preprocessor.max_sequence_length

    def set_up(self, task):
        """Takes what the subclass needs of the task; options are those of the format."""

    def signatures(self):
        """Name -> `Signature` for raw input, `"serving_default"` the first; none without text."""
        raise NotImplementedError

    def tokens(self, **inputs):
        """The answer for the encoder's own inputs."""
        raise NotImplementedError

    def expected(self, task, signature, **inputs):
        """What the task answers in Python, under the names of the signature's outputs.

        Args:
            task: the task.
            signature: name of it.
            **inputs: arrays, as the signature takes them, of str.
        """
        raise NotImplementedError

    @property
    def images(self):
        """Name -> `tf.TensorSpec` of what the model takes of images; nothing if it reads none."""
        specs = self.network.signature
        return {key: spec for key, spec in specs.items() if key.startswith("visual_")}

    def images_of(self, rows):
        """An example of `images`, of so many rows with one region each."""
        return {
            key: np.ones([rows, *[size or 1 for size in spec.shape[1:]]], spec.dtype.as_numpy_dtype)
            for key, spec in self.images.items()
        }

    # -------------------------------------------------------------- rows

    def pack(self, *texts, side=None):
        """The encoder's inputs for texts, or for pairs: string tensors `(n,)`."""
        parts = [self.tokenizer.ids(one) for one in texts]
        return self.pad(fill(self._template.layout(len(parts)), parts, self._longest), side)

    def pad(self, rows, side=None):
        """The encoder's inputs for packed rows, ragged `(token_ids, segment_ids)`."""
        return padded(*rows, self._pad_id, side or self._template.padding_side)
