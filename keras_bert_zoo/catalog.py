"""From the name of a preset, a folder or an address to an encoder or a task."""

from .checkpoints import native
from .checkpoints.fill import carry_over
from .checkpoints.layouts import open_folder
from .checkpoints.report import ConversionError
from .checkpoints.sentence_transformers import (
    is_sentence_transformers,
    load_embedder,
    transformer_folder,
)
from .encoder import Encoder
from .locating import locate
from .precision import dtype_scope
from .preprocessing import preprocessor_for
from .registry import get_preset, preset_names
from .training.freezing import restart_top

HEADS = ("auto", "load", "new")


def load_encoder(preset, *, load_weights=True, dtype=None, strict=True, encoder_config=None):
    """An encoder; see `Encoder.from_preset`."""
    if not load_weights and str(preset) in preset_names():
        info = get_preset(str(preset))
        config = {**info.config, **(encoder_config or {})}
        return Encoder.from_config({"family": info.family, **config, "dtype": dtype})
    folder, info = locate(preset)
    if native.is_native(folder):
        refuse_changes(folder, encoder_config)
        task, report = native.load_task(folder, dtype)
        task.encoder.conversion_report = report
        return task.encoder
    checkpoint = open_folder(transformer_folder(folder), strict=strict)
    checkpoint.changes = encoder_config or {}
    if not load_weights:
        config = vars(checkpoint.encoder_config())
        return Encoder.from_config({"family": checkpoint.family.name, **config, "dtype": dtype})
    encoder = checkpoint.encoder(dtype)
    check_registry(info, encoder)
    encoder.conversion_report = checkpoint.report
    return encoder


def refuse_changes(folder, encoder_config):
    """Raises a ValueError where a folder's config is to be changed that was saved with it."""
    if encoder_config:
        raise ValueError(
            f"encoder_config={encoder_config!r} given, but {folder} is a preset of this library, "
            "which keeps the config that it was saved with: give it when reading the checkpoint "
            "that the preset was made from."
        )


def load_task(
    preset, cls=None, *, head="auto", dtype=None, strict=True, encoder_config=None, **options
):
    """A task: the one that was saved, or a new head on a saved encoder.

    Args:
        preset: a built-in name, a folder, `hf://owner/name[@revision]` or `pkg:name`.
        cls: the task's class; the saved one if not given.
        head: `"load"` takes the head of the checkpoint, `"new"` starts one from scratch, `"auto"`
            starts one if labels or their number are given and takes the checkpoint's if not. What
            the task itself calls its head, as `"crf"`, is one of its options.
        dtype: precision policy, for example `"mixed_bfloat16"`.
        strict: whether a tensor that is missing or left over is an error.
        encoder_config: fields of the encoder's config that are to be other than the checkpoint
            says, such as `{"language": "en"}` for an XLM.
        **options: of the task (`labels`, `num_classes`, `problem` ...) and of its preprocessor
            (`max_sequence_length`, `truncation`, `fixed_batch_shape`, `num_buckets`).

    Raises:
        ValueError: unknown preset; or no head to load and no labels for a new one.
    """
    if cls is not None and head in cls.head_kinds:
        options["head"], head = head, "auto"
    if head not in HEADS:
        raise ValueError(f"head must be one of {', '.join(HEADS)}. Given: {head!r}.")
    dtype = follow_recipe(options, dtype)
    folder, info = locate(preset)
    asked = (set(cls.head_options) if cls else {"labels", "num_classes"}) & set(options)
    new = head == "new" or (head == "auto" and bool(asked))
    if native.is_native(folder):
        refuse_changes(folder, encoder_config)
        return _from_native(folder, cls, new, dtype, options)
    if not new and is_sentence_transformers(folder) and is_embedder(cls):
        refuse_changes(folder, encoder_config)
        return _from_sentence_transformers(folder, info, cls, dtype, strict, options)
    checkpoint = open_folder(transformer_folder(folder), strict=strict)
    checkpoint.changes = encoder_config or {}
    return _from_checkpoint(checkpoint, info, cls, new, dtype, options)


def restart(encoder, options):
    """Gives those layers new weights that the recipe among the options of a new head names."""
    restart_top(encoder, getattr(options.get("recipe"), "reinit_top", 0))


def follow_recipe(options, dtype):
    """Adds what the recipe among the options says of loading, where they do not; the precision."""
    recipe = options.get("recipe")
    for name in ("max_sequence_length", "seed"):
        if options.get(name) is None and getattr(recipe, name, None) is not None:
            options[name] = getattr(recipe, name)
    return dtype or getattr(recipe, "precision", None)


PREPROCESSOR_OPTIONS = (
    "max_sequence_length",
    "truncation",
    "fixed_batch_shape",
    "num_buckets",
    "buckets",
)


def split_options(options):
    """`(task options, preprocessor options)`."""
    ours = {key: options[key] for key in PREPROCESSOR_OPTIONS if key in options}
    return {key: value for key, value in options.items() if key not in ours}, ours


def _from_native(folder, cls, new, dtype, options):
    task, report = native.load_task(folder, dtype)
    options, packing = split_options(options)
    cls = cls or type(task)
    # A head that there is nothing to say of can be put on any encoder.
    new = new or not (cls.head_options or isinstance(task, cls))
    other = not isinstance(task, cls)
    if not new and other and type(task).__name__ not in cls.also_reads:
        raise ValueError(
            f"{folder} holds a {type(task).__name__}, not a {cls.__name__}. To put a new head on "
            f'its encoder: {cls.__name__}.from_preset(..., head="new"), with what it is of.'
        )
    preprocessor = task.preprocessor
    if preprocessor is not None and (new or packing):
        # Lengths that were chosen for other data, or for a longer model, are chosen anew.
        config = {**preprocessor.get_config(), "buckets": None, **packing}
        del config["tokenizer"]
        preprocessor = type(preprocessor)(preprocessor.tokenizer, **config)
    if new:
        encoder = task.encoder
        restart(encoder, options)
        with dtype_scope(dtype):
            task = cls(encoder, preprocessor, **options)
        old = {id(weight) for weight in encoder.weights}
        report.new = [weight.path for weight in task.weights if id(weight) not in old]
    elif options or packing or other:
        saved, config = task, {**task.get_config(), **options}
        if other:
            del config["name"]
        task = (cls if other else type(task)).from_config(config)
        report.new = carry_over(saved, task)
        task.preprocessor = preprocessor
    task.conversion_report = report
    return task


def _from_checkpoint(checkpoint, info, cls, new, dtype, options):
    options, packing = split_options(options)
    cls = cls or task_class(checkpoint, {"labels", "num_classes"} & set(options))
    checkpoint = checkpoint if new else checkpoint.for_head(cls.head_style)
    found = None if new else cls.head_from_hugging_face(checkpoint)
    if found is None and cls.head_options and not set(cls.head_options) & set(options):
        hints = {"labels": 'labels=["a", "b", ...]', "num_classes": "num_classes=N"}
        hints["entity_types"] = 'entity_types=["PER", "LOC"]'
        hints["tasks"] = 'tasks={"mood": ["bad", "good"], "stars": {"problem": "regression"}}'
        hints["problem"] = 'problem="regression"'
        raise ValueError(
            f"{checkpoint.folder} has no head for a {cls.__name__}: say what the new one is of, "
            f"with {', or '.join(hints[name] for name in cls.head_options)}."
        )
    encoder = checkpoint.encoder(dtype)
    check_registry(info, encoder)
    longest = encoder.config.max_sequence_length
    packing = {"max_sequence_length": longest, **packing}
    preprocessor = preprocessor_for(encoder.config, checkpoint.tokenizer(), **packing)
    if found is None:
        restart(encoder, options)
    head = {**(checkpoint.head_dropout(cls.head_style) if cls.has_dropout else {}), **(found or {})}
    with dtype_scope(dtype):
        task = cls(encoder, preprocessor, **{**head, **options})
    ours = {id(weight) for weight in encoder.weights}
    names = cls.head_names(checkpoint) if found is not None else {}
    checkpoint.fill_head([w for w in task.weights if id(w) not in ours], names)
    task.conversion_report = checkpoint.report
    return task


def is_embedder(cls):
    """Whether a folder of modules is to be read as what it is; None leaves it to the folder."""
    return cls is None or cls.head_style == "TextEmbedder"


def _from_sentence_transformers(folder, info, cls, dtype, strict, options):
    from .tasks import TextEmbedder

    options, packing = split_options(options)
    task = load_embedder(
        folder, cls or TextEmbedder, dtype=dtype, strict=strict, options=options, packing=packing
    )
    check_registry(info, task.encoder)
    return task


def task_class(checkpoint, asked=()):
    """The task whose head a folder holds; `TextClassifier` if that is not known.

    A config that names no class, as Google's, leaves it to the tensors: of the heads that they can
    be told by, the first that is there.

    Args:
        checkpoint: `HuggingFaceFolder`.
        asked: options of a head that were given; only a task that takes them is meant.
    """
    from .tasks import (
        TASKS,
        MaskedLM,
        ReplacedTokenDetector,
        SpanExtractor,
        TextClassifier,
    )

    for cls in (TextClassifier, *TASKS.values()):  # of all that read one head it comes first
        if (
            cls.architecture
            and not cls.also_reads
            and set(asked) <= set(cls.head_options)
            and checkpoint.is_for(cls.architecture, unsaid=False)
        ):
            return cls
    if asked or checkpoint.config.get("architectures"):
        return TextClassifier
    for cls in (TextClassifier, SpanExtractor, MaskedLM, ReplacedTokenDetector):
        known = cls.head_style in checkpoint.family.heads
        if known and cls.head_from_hugging_face(checkpoint) is not None:
            return cls
    return TextClassifier


def check_registry(info, encoder):
    """A built-in preset must be what the registry says it is."""
    if info is None:
        return
    config = encoder.get_config()
    # Rates of dropout are habits, the pooler may be left out, one of the languages may be chosen,
    # and their names are the checkpoint's own.
    free = ("dropout", "attention_dropout", "feed_forward_dropout", "use_pooler")
    free += ("language", "languages")
    numbers = {key: value for key, value in info.config.items() if key not in free}
    other = {key: value for key, value in numbers.items() if config[key] != value}
    if other:
        raise ConversionError(
            f"The files of preset {info.name} differ from what it is known to be: "
            + ", ".join(f"{key} is {config[key]}, not {value}" for key, value in other.items())
        )
