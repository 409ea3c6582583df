"""What a program without this library has to know of a task, as JSON: task.json."""

from .names import input_axes, input_names, output_names

FILE = "task.json"


def describe(task):
    """Names, shapes, labels and the numbers of the preprocessing.

    Returns:
        A dictionary that JSON can hold: `task`, `family`, `kind` (what its answers are), `inputs`,
        `outputs`, `classes` (for each output of classes its labels and problem), what the
        answers are made with, and of the preprocessing `max_sequence_length`, `pad_id`, `mask_id`,
        `padding_side` and `layouts`, the special ids around one text and around two.
    """
    known = {
        "task": type(task).__name__,
        "family": task.encoder.config.family,
        "kind": kind_of(task),
        "inputs": {
            name: {"axes": list(axes), "dtype": str(task.input[name].dtype)}
            for name, axes in input_axes(task).items()
        },
        "outputs": output_names(task),
        "classes": _classes(task),
        **_answers(task),
    }
    if task.preprocessor is not None and task.preprocessor.tokenizer.is_loaded:
        known.update(_preprocessing(task))
    return known


def kind_of(task):
    """What the answers of a task are; None for one that no runner reads."""
    if "visual_features" in input_names(task):
        return None
    kinds = {
        "TokenClassifier": "entities",
        "SpanExtractor": "answer",
        "MaskedLM": "fill",
        "TextEmbedder": "embed",
        "MultipleChoice": "choose",
    }
    names = [base.__name__ for base in type(task).__mro__]
    return next((kinds[name] for name in names if name in kinds), "classify")


def _classes(task):
    """Name of an output -> labels and problem."""
    if hasattr(task, "tasks"):
        return {
            name: {"labels": one["labels"], "problem": one["problem"], "task": key}
            for name, (key, one) in zip(output_names(task), task.tasks.items())
        }
    if not hasattr(task, "labels"):
        return {}
    return {"logits": {"labels": task.labels, "problem": getattr(task, "problem", "single")}}


def _answers(task):
    """The options that the answers depend on."""
    kind = kind_of(task)
    if kind == "entities":
        return {
            "aggregation": task.aggregation,
            "overlap": task.overlap,
            "chained": task.head_kind == "crf",
            "marks_entities": task.marks_entities,
            "transitions": [part.tolist() for part in task._transitions()],
        }
    if kind == "answer":
        names = ("max_answer_length", "n_best", "no_answer", "null_threshold")
        found = {name: getattr(task, name) for name in names}
        if task.preprocessor is not None:
            found |= {
                "stride": task.featurizer.stride,
                "query_length": task.featurizer.query_length,
            }
        return found
    if kind == "embed":
        return {"prefix": task.prefix(), "prompts": task.prompts, "normalize": task.normalize}
    windows = {"overlap": task.overlap} if type(task).__name__ == "DocumentClassifier" else {}
    return {"pairs": True} if type(task).__name__ == "PairScorer" else windows


def _preprocessing(task):
    tokenizer = task.preprocessor.tokenizer
    layouts = (tokenizer.template.layout(parts) for parts in (1, 2))
    return {
        "max_sequence_length": task.preprocessor.max_sequence_length,
        "pad_id": tokenizer.pad_id,
        "mask_id": tokenizer.mask_id,
        "padding_side": tokenizer.template.padding_side,
        "layouts": [
            {"ids": one.ids, "id_segments": one.id_segments, "segments": one.segments}
            for one in layouts
        ],
    }
