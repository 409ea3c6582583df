"""Short rows for most of a training, long ones at its end."""

from pathlib import Path

from ..training import ResumableTraining

# https://arxiv.org/abs/1810.04805, appendix A.2: "90% of the steps [...] sequence length of 128".
# Attention costs the square of the length, and only its places have to be learnt from long rows.
PHASES = ((128, 0.9), (512, 0.1))


def fit_phases(
    pretrainer, sources, *, steps, phases=PHASES, steps_per_epoch=None, folder=None, **options
):
    """Trains with rows of several lengths, one after the other, under one schedule.

    Args:
        pretrainer: `Pretrainer`.
        sources: for each phase what `fit` takes: texts, or a corpus built for that length.
        steps: updates of all phases together.
        phases: for each its length, in tokens, and its share of the updates; BERT's if not given.
        steps_per_epoch: updates from one report to the next; a hundredth of `steps` if not given.
        folder: where checkpoints are kept, so that the same call goes on after a kill.
        **options: of `Pretrainer.fit`.

    Returns:
        List of Keras' `History`, one for each phase.

    Raises:
        ValueError: other than one source for each phase, or shares that are not 1 together.

    Example:

    >>> fit_phases(pretrainer, [Corpus("shards128"), Corpus("shards512")], steps=1_000_000)
    """
    shares = [share for _, share in phases]
    if len(sources) != len(phases) or abs(sum(shares) - 1) > 1e-6 or min(shares) <= 0:
        raise ValueError(
            f"Give a source for each phase, and shares above 0 that are 1 together. Given: "
            f"{len(sources)} sources, phases {phases}."
        )
    report = steps_per_epoch or max(1, steps // 100)
    if not pretrainer.compiled:
        pretrainer.compile(total_steps=steps)
    found = []
    for number, ((length, share), source) in enumerate(zip(phases, sources)):
        callbacks = [*options.get("callbacks", ())]
        if folder is not None:
            callbacks.append(ResumableTraining(Path(folder) / f"{number}_{length}"))
        pretrainer.set_length(length)
        epochs = max(1, round(share * steps / report))
        given = {**options, "callbacks": callbacks, "steps_per_epoch": report, "epochs": epochs}
        found.append(pretrainer.fit(source, **given))
    return found
