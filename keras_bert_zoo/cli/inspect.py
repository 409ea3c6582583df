"""`keras-bert-zoo inspect`: what a preset is, and how well its files fit together."""

import dataclasses
import json
import re
import tempfile
from pathlib import Path

from .runtime import start_keras

NEEDS_KERAS = True


def run(args):
    start_keras(debug=args.debug)
    from ..catalog import locate
    from ..checkpoints.native import is_native

    folder, info = locate(args.preset)
    facts, report = (_native if is_native(folder) else _hugging_face)(folder)
    facts = {"preset": args.preset, **facts, "licence": licence(folder, info)}
    if args.json:
        report = {name: value for name, value in dataclasses.asdict(report).items() if value}
        print(json.dumps({**facts, "report": report}, indent=2, ensure_ascii=False, default=str))
        return
    for name, value in facts.items():
        print(f"{name.replace('_', ' '):<23}{_shown(value)}".rstrip())
    print(f"\n{report}")


def _native(folder):
    """Facts and the report of a folder that this library wrote."""
    from ..checkpoints import native

    task, report = native.load_task(folder)
    tokenizer = task.preprocessor and task.preprocessor.tokenizer
    parts = {**_task(task), **_encoder(task.encoder), "parameters": task.count_params()}
    return {"format": "keras_bert_zoo", **parts, "tokenizer": _tokenizer(tokenizer)}, report


def _hugging_face(folder):
    """Facts and the report of a folder in another layout, head or none."""
    from ..catalog import task_class
    from ..checkpoints.layouts import open_folder
    from ..checkpoints.sentence_transformers import is_sentence_transformers, transformer_folder

    # Not strict: what is missing is what one wants to be told here.
    checkpoint = open_folder(transformer_folder(folder), strict=False)
    cls = task_class(checkpoint)
    head = cls.head_from_hugging_face(checkpoint)
    encoder = checkpoint.encoder()
    parts = {"task": "none: an encoder only"}
    parameters = encoder.count_params()
    if is_sentence_transformers(folder):
        parts = {"task": "TextEmbedder"}
    elif head is not None:
        task = cls(encoder, None, **head)
        ours = {id(weight) for weight in encoder.weights}
        new = [weight for weight in task.weights if id(weight) not in ours]
        checkpoint.fill_head(new, cls.head_names(checkpoint))
        parts, parameters = _task(task), task.count_params()
    try:
        tokenizer = _tokenizer(checkpoint.tokenizer())
    except (OSError, ValueError) as error:
        tokenizer = f"none that can be read: {error}"
    parts = {**parts, **_encoder(encoder), "parameters": parameters}
    return {"format": checkpoint.layout, **parts, "tokenizer": tokenizer}, checkpoint.report


def _task(task):
    config = task.get_config()
    facts = {"task": type(task).__name__}
    if "problem" in config:
        facts["problem"] = config["problem"]
    if "labels" in config or "num_classes" in config:
        facts["labels"] = config.get("labels") or f"{config['num_classes']}, without names"
    for name in ("entity_types", "tasks"):
        if config.get(name):
            facts[name] = config[name]
    return facts


def _encoder(encoder):
    numbers = dataclasses.asdict(encoder.config)
    return {"family": encoder.config.family, "encoder": numbers}


def _tokenizer(tokenizer):
    """Kind, size and options, from the files that the tokenizer writes."""
    if tokenizer is None:
        return "none: it takes encoded inputs only"
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(folder)
        specification = Path(folder, "tokenizer.json")
        if not specification.is_file():  # BERTweet and the like
            config = json.loads(Path(folder, "tokenizer_config.json").read_text("utf-8"))
            return {
                "kind": config["tokenizer_class"],
                "vocabulary_size": tokenizer.vocabulary_size,
                "lowercase": config.get("do_lowercase_and_remove_accent", False),
            }
        specification = json.loads(specification.read_text("utf-8"))
    normalizer = specification.get("normalizer") or {}
    return {
        "kind": specification["model"].get("type", "unknown"),
        "vocabulary_size": tokenizer.vocabulary_size,
        "lowercase": '"Lowercase"' in json.dumps(normalizer) or normalizer.get("lowercase", False),
    }


def licence(folder, info):
    """The licence that the model card's front matter, or else the registry, names; or None."""
    card = Path(folder) / "README.md"
    text = card.read_text("utf-8", errors="replace") if card.is_file() else ""
    front = re.match(r"\s*---\n(.*?)\n---", text, re.DOTALL)
    named = front and re.search(r"^licen[cs]e:[ \t]*(\S.*?)\s*$", front[1], re.MULTILINE)
    return named[1].strip("'\"") if named else info.license if info else None


def _shown(value):
    if value is None:
        return "not known"
    if isinstance(value, dict):
        return ", ".join(f"{name}={item}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return f"{value:,}" if type(value) is int else str(value)
