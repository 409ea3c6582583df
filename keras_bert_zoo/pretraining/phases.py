"""Short rows for most of a training, long ones at its end."""

from pathlib import Path

from ..training import ResumableTraining

# https://arxiv.org/abs/1810.04805, appendix A.2: "90% of the steps [...] sequence length of 128".
# Attention costs the square of the length, and only its places have to be learnt from long rows.
PHASES = ((128, 0.9), (512, 0.1))


def fit_phases(
    pretrainer,
    sources,
    *,
    steps,
    phases=PHASES,
    batch_size=32,
    steps_per_epoch=None,
    log_dir=None,
    folder=None,
    **options,
):
    """Trains with rows of several lengths, one after the other, under one schedule.

    Args:
        pretrainer: `Pretrainer`.
        sources: for each phase what `fit` takes: texts, or a corpus built for that length.
        steps: updates of all phases together.
        phases: for each its length, in tokens, and its share of the updates; BERT's if not given.
        batch_size: rows of a batch; a list has one number for each phase.
        steps_per_epoch: updates from one report to the next; a hundredth of `steps` if not given.
        log_dir: folder of logs, one for each phase in it.
        folder: where checkpoints are kept, so that the same call goes on after a kill.
        **options: of `Pretrainer.fit`.

    Returns:
        List of Keras' `History`, one for each phase.

    Raises:
        ValueError: other than one source (or size of batches) for each phase, or shares that are
            not 1 together.

    Example:

    >>> fit_phases(pretrainer, [Corpus("shards128"), Corpus("shards512")], steps=1_000_000)
    """
    shares = [share for _, share in phases]
    if len(sources) != len(phases) or abs(sum(shares) - 1) > 1e-6 or min(shares) <= 0:
        raise ValueError(
            f"Give a source for each phase, and shares above 0 that are 1 together. Given: "
            f"{len(sources)} sources, phases {phases}."
        )
    sizes = [batch_size] * len(phases) if isinstance(batch_size, int) else [*batch_size]
    if len(sizes) != len(phases):
        raise ValueError(f"batch_size={batch_size} has other than one number for each of {phases}.")
    report = steps_per_epoch or max(1, steps // 100)
    if not pretrainer.compiled:
        pretrainer.compile(total_steps=steps)
    found = []
    for number, ((length, share), source, size) in enumerate(zip(phases, sources, sizes)):
        callbacks, name = [*options.get("callbacks", ())], f"{number}_{length}"
        if folder is not None:
            callbacks.append(ResumableTraining(Path(folder) / name))
        pretrainer.set_length(length)
        epochs = max(1, round(share * steps / report))
        given = {**options, "callbacks": callbacks, "steps_per_epoch": report, "epochs": epochs}
        logs = None if log_dir is None else Path(log_dir) / name
        found.append(pretrainer.fit(source, batch_size=size, log_dir=logs, **given))
    return found
