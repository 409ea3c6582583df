"""Whether an ONNX file says what its task says: reopened, and asked at several shapes."""

import itertools

import numpy as np

from .names import input_axes
from .onnx_graph import MODEL
from .probe import SHAPES, expected_outputs, largest_difference, probe_inputs

# The largest difference that is allowed, as a share of the largest output if that is more than 1.
# Eight bits are judged by the angle between outputs on texts.
TOLERANCE = {"float32": 1e-4, "float16": 2e-2}
LEAST_COSINE = 0.9  # the mean over the texts
TEXTS = (
    "The service was good and we loved the room.",
    "Paris is the capital of France, where Ada Lovelace never lived.",
    "Never again! An awful film, dull from its begin to its end.",
    "What time does the museum open on 24 December 2024?",
    "El tren a Madrid sale a las nueve.",
    "It rains.",
    "Who wrote the letter, and when was it sent to London?",
    "A man is eating a piece of bread in the park.",
)


def open_session(folder):
    """A new onnxruntime session on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    path = str(folder / MODEL)
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def ask(session, inputs):
    """Name -> array: the outputs of a session."""
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def compare(task, folder, precision):
    """What the report says of the file against the task.

    Args:
        task: on any backend.
        folder: of the file.
        precision: one of `onnx_precision.PRECISIONS`.

    Returns:
        `largest_difference`, and the shapes it was found over; except for float32 also `texts`:
        over probe texts the `cosine` of the outputs, the mean and the least, and the `agreement`,
        the share of outputs whose largest number is the same one.

    Raises:
        RuntimeError: they differ by more than the precision explains.
    """
    session = open_session(folder)
    worst, most, shapes = 0.0, 0.0, []
    for inputs in probe_inputs(task, (*SHAPES, _longest(task))):
        expected = expected_outputs(task, inputs)
        worst = max(worst, largest_difference(ask(session, inputs), expected))
        sizes = (np.abs(array[array > -1e8]).max(initial=0) for array in expected.values())
        most = max(most, *map(float, sizes))
        shapes.append(list(inputs["padding_mask"].shape))
    report = {"largest_difference": worst, "compared_shapes": shapes}
    allowed = TOLERANCE.get(precision, np.inf) * max(1.0, most)
    if worst > allowed:
        raise RuntimeError(
            f"The file differs from the task by {worst:.2g}, more than {allowed:.2g}. Nothing was "
            "kept. Please report this, with the family and the task."
        )
    if precision != "float32":
        report["texts"] = _on_texts(task, session)
        if precision == "int8" and report["texts"]["cosine"] < LEAST_COSINE:
            raise RuntimeError(
                f"With eight bits the outputs for probe texts have a mean cosine of only "
                f"{report['texts']['cosine']:.3f} with the task's. Nothing was kept. Take "
                'precision="float16", or verify=False to have the file all the same.'
            )
    return report


def _longest(task):
    length = task.encoder.config.max_sequence_length
    return 1, min(length, 128)


def _on_texts(task, session):
    cosines, same = [], []
    for inputs in text_inputs(task):
        found, expected = ask(session, inputs), expected_outputs(task, inputs)
        for name, true in expected.items():
            if name == "transitions":  # weights, not answers
                continue
            a, b = found[name].reshape(-1), true.reshape(-1)
            a, b = (np.where(one < -1e8, 0, one).astype("float64") for one in (a, b))
            cosines.append(float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12)))
            if true.shape[-1] > 1:
                same.append((found[name].argmax(-1) == true.argmax(-1)).mean())
    return {
        "count": len(TEXTS),
        "cosine": float(np.mean(cosines)),
        "least_cosine": float(np.min(cosines)),
        "agreement": float(np.mean(same)) if same else None,
    }


def text_inputs(task):
    """Batches of one row each, of probe texts; of random tokens where a task reads no texts."""
    preprocessor = task.preprocessor
    if preprocessor is None or "visual_features" in task.input:
        yield from probe_inputs(task, ((1, 12),) * 4)
        return
    axes = input_axes(task)
    pairs = itertools.pairwise(TEXTS) if "choices" in axes["token_ids"] else ((t,) for t in TEXTS)
    for texts in pairs:
        rows = [(text,) for text in texts]
        packed, _ = preprocessor.pack_rows(rows, _NoReport(), refuse=False)
        inputs = preprocessor.pad(packed)
        if len(texts) > 1:
            inputs = {name: array[None] for name, array in inputs.items()}
        if "mask_positions" in axes:
            inputs["mask_positions"] = np.array([[1, 2]], "int32")
        yield inputs


class _NoReport:
    """In place of a `TruncationReport`: probe texts may be cut."""

    def add(self, counts, cut):
        pass
