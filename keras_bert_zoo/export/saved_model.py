"""A TensorFlow SavedModel that takes raw text, and gives answers by name.

It is loaded with TensorFlow alone, and with tensorflow_text where `ops="text"`. A task on JAX or
PyTorch is built on TensorFlow in a process of its own, weights equal bit by bit; why that, and not
jax2tf, is in docs/decisions/0014.
"""

import inspect
import json
from pathlib import Path

import keras
import numpy as np

from ..distribution.on_tensorflow import outside_strategies
from ..errors import unknown_name
from .beside import write_labels
from .formats import copy_tokenizer, size_of
from .rebuild import write_on

OPS = ("text", "core")
SHARED = ("ops", "batch_size", "text")  # options of every task
TOLERANCE = 1e-4  # of the file that was read again; benchmarks/saved_model.py holds it to 1e-5
EXTRA = "assets.extra"


def write(task, folder, *, ops="text", batch_size=64, text=True, warmup=True, **options):
    """Writes a SavedModel into an empty folder.

    Args:
        task: the task.
        folder: path.
        ops: `"text"` uses the operations of tensorflow_text; `"core"` those of TensorFlow alone,
            for servers that have no others.
        batch_size: rows that the model is run on at a time, whatever a request holds.
        text: whether it takes raw text; without, only ids, in the signature `tokens`.
        warmup: whether requests are added with which TensorFlow Serving warms up.
        **options: of the task: `pairs`, whether `serving_default` of a `TextClassifier` takes
            pairs; `top_k`, answers at each mask of a `MaskedLM`.

    Returns:
        `signatures`, `tokenizer`, `largest_difference` and `bytes`.

    Raises:
        ImportError: TensorFlow, or tensorflow_text, is not installed.
        ValueError: an unknown option, or a tokenizer that has no graph.
    """
    if ops not in OPS:
        raise unknown_name("ops", ops, OPS)
    options.update(ops=ops, batch_size=batch_size, text=text)
    if keras.config.backend() != "tensorflow":
        return write_on("tensorflow", task, "saved_model", folder, {**options, "warmup": warmup})
    import tensorflow as tf

    served = build(task, **options)
    named = signatures_of(served)
    # Traced here, once: of functions that are not, TensorFlow makes graphs of its own.
    functions = {name: one.traced().get_concrete_function() for name, one in named.items()}
    tf.saved_model.save(served, str(folder), signatures=functions)
    report = {
        "signatures": {name: describe(functions[name]) for name in named},
        "tokenizer": told_of_tokenizer(served, ops),
        "largest_difference": compare(task, served, named, folder),
    }
    write_extra(task, Path(folder) / EXTRA, report)
    if warmup:
        from .warmup import write_requests

        write_requests(Path(folder) / EXTRA, named)
    return {**report, "bytes": size_of(folder)}


def build(task, **options):
    """The `Served` of a task.

    Raises:
        ValueError: an option that this task does not have.
    """
    from .graph.registry import served_class

    cls = served_class(task)
    known = [*inspect.signature(cls.set_up).parameters][2:]  # after self and the task
    for name in options:
        if name not in (*SHARED, *known):
            what = f"option of the SavedModel of a {type(task).__name__}"
            raise unknown_name(what, name, (*SHARED, "warmup", *known))
    return cls(task, **options)


def signatures_of(served):
    """Name -> `Signature`: those of raw text, and `tokens` of the encoder's own inputs."""
    from .graph.served import Signature

    specs = served.network.signature
    example = {
        name: np.ones([2, *[size or 4 for size in spec.shape[1:]]], spec.dtype.as_numpy_dtype)
        for name, spec in specs.items()
    }
    tokens = Signature(served.tokens, specs, example)
    if not served.reads_text:
        return {"serving_default": tokens}
    return {**served.signatures(), "tokens": tokens}


def describe(function):
    """Inputs and outputs of a signature, as JSON: name -> type and shape."""
    outputs = function.structured_outputs
    inputs = function.structured_input_signature[0]
    return {
        "inputs": {spec.name: _spec(spec) for spec in inputs},
        "outputs": {name: _spec(outputs[name]) for name in sorted(outputs)},
    }


def _spec(tensor):
    return {"dtype": tensor.dtype.name, "shape": tensor.shape.as_list()}


def told_of_tokenizer(served, ops):
    """What the report says of the ids that the graph makes."""
    if not served.reads_text:
        return None
    graph = served.tokenizer
    return {"ops": ops, "exact": graph.exact, "agreement": graph.agreement}


def compare(task, served, named, folder):
    """The largest difference between the file, read again, and what the task answers itself.

    Raises:
        RuntimeError: it answers otherwise; a mistake of this library.
    """
    import tensorflow as tf

    def answered(name, example):
        return loaded.signatures[name](**{k: tf.constant(v) for k, v in example.items()})

    loaded, largest = outside_strategies(tf.saved_model.load, str(folder)), 0.0
    for name, signature in named.items():
        if name == "tokens" or not served.reads_text:
            continue
        example = signature.example
        found = outside_strategies(answered, name, example)
        expected = served.expected(task, name, **example)
        largest = max(largest, difference(found, expected, f"{folder}, {name}"))
    return largest


def difference(found, expected, place):
    """The largest difference of numbers; other values must be equal.

    Args:
        found: name -> tensor.
        expected: name -> array, of some of the names.
        place: for the error.

    Raises:
        RuntimeError: other texts or integers, or numbers further apart than `TOLERANCE`.
    """
    largest = 0.0
    for name, value in expected.items():
        value, given = np.asarray(value), found[name].numpy()
        if given.dtype == object:
            given = np.vectorize(bytes.decode, otypes=[object])(given) if given.size else given
            same = np.array_equal(given, value.astype(object))
        elif value.dtype.kind == "f":
            away = np.abs(given - value).max(initial=0.0) if given.shape == value.shape else np.inf
            largest, same = max(largest, float(away)), away <= TOLERANCE
        else:
            same = np.array_equal(given, value)
        if not same:
            raise RuntimeError(
                f"{place}: {name} is {given!s:.200}, the task says {value!s:.200}. Please report "
                "this."
            )
    return largest


def write_extra(task, folder, report):
    """The labels, the tokenizer and a card beside the graph, where TensorFlow expects them."""
    from ..card import saved_model_card

    folder.mkdir()
    copy_tokenizer(task, folder)
    write_labels(task, folder)
    (folder / "README.md").write_text(saved_model_card(task, report), encoding="utf-8")
    (folder / "signatures.json").write_text(json.dumps(report["signatures"], indent=2), "utf-8")
