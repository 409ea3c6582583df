"""From a preset to a pretrainer that goes on from it."""

import warnings

from ..catalog import check_registry, locate, refuse_changes
from ..checkpoints import native
from ..checkpoints.fill import carry_over
from ..checkpoints.layouts import open_folder
from ..checkpoints.sentence_transformers import transformer_folder
from ..precision import dtype_scope
from .objectives import objective


def begun(cls, preset, objectives, *, dtype=None, strict=True, encoder_config=None, **options):
    """A `Pretrainer` on the encoder of a preset; see `Pretrainer.from_preset`."""
    objectives = [objective(one) for one in objectives]
    folder, info = locate(preset)
    if native.is_native(folder):
        refuse_changes(folder, encoder_config)
        return _from_task(cls, *native.load_task(folder, dtype), objectives, dtype, options)
    checkpoint = open_folder(transformer_folder(folder), strict=strict)
    checkpoint.changes = encoder_config or {}
    if all("MaskedLM" in one.styles for one in objectives):
        checkpoint = checkpoint.for_head("MaskedLM")
    encoder = checkpoint.encoder(dtype)
    check_registry(info, encoder)
    with dtype_scope(dtype):
        pretrainer = cls(encoder, checkpoint.tokenizer(), objectives, **options)
    known = {id(weight) for weight in encoder.weights}
    new = [weight for weight in pretrainer.weights if id(weight) not in known]
    checkpoint.fill_head(new, _names(pretrainer, checkpoint))
    pretrainer.conversion_report = checkpoint.report
    return pretrainer


def _names(pretrainer, checkpoint):
    """Our layer path -> their tensor prefix, of all heads that the family has."""
    names = {}
    for one in pretrainer.objectives:
        style = one.style_of(checkpoint.family)
        if not style:
            continue
        table = checkpoint.family.head(style).names_for(one.head)
        decoder = table.get(f"{one.head}/decoder")
        if decoder and checkpoint.has_own(f"{decoder}.weight"):
            warnings.warn(
                f"{checkpoint.folder} has an output table of its own, which is left out: in "
                "pre-training that of the encoder's tokens is the output's too.",
                stacklevel=5,
            )
        names.update(table)
    return names


def _from_task(cls, task, report, objectives, dtype, options):
    """On the encoder of a preset of this library; of heads it may have that of `MaskedLM`."""
    if task.preprocessor is None:
        raise ValueError(
            f"{report.source} was saved without a tokenizer. Load the encoder, and give both: "
            "Pretrainer(Encoder.from_preset(...), tokenizer)."
        )
    with dtype_scope(dtype):
        pretrainer = cls(task.encoder, task.preprocessor.tokenizer, objectives, **options)
    heads = {one.style_of(pretrainer.family) for one in pretrainer.objectives}
    old = task if task.head_style in heads else task.encoder
    report.new = carry_over(old, pretrainer)
    pretrainer.conversion_report = report
    return pretrainer
