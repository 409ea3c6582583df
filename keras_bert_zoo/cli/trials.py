"""`finetune --seeds` and `--search`: several trainings, of which the best is kept."""

import argparse
import itertools
import math
import statistics
from pathlib import Path

from .arguments import UsageError
from .failures import say

# What the papers try, by width: https://arxiv.org/abs/1810.04805, A.3, and for the small ones
# https://github.com/google-research/bert, "Smaller BERT Models".
RATES = ((512, (3e-4, 1e-4, 5e-5, 3e-5)), (None, (5e-5, 3e-5, 2e-5)))
BATCHES, EPOCHS = (16, 32), (2, 3, 4)


def wanted(args):
    """Whether more than one training is asked for.

    Raises:
        UsageError: it is, and there is nothing to judge them by.
    """
    if args.seeds == 1 and not args.search:
        return False
    if not (args.validation or args.validation_split):
        raise UsageError(
            "--seeds and --search need --validation FILE or --validation-split SHARE: the best is "
            "chosen by it, and not by --test"
        )
    return True


def grid(args, hidden_dim):
    """The settings to try: dictionaries of options. What the command line names is not varied."""
    if not args.search:
        return [{}]
    rates = next(rates for width, rates in RATES if width is None or hidden_dim <= width)
    if args.lora:
        from ..training.recipe import LORA_FACTOR

        rates = [LORA_FACTOR * rate for rate in rates]
    axes = {"learning_rate": rates, "batch_size": BATCHES, "epochs": EPOCHS}
    free = {name: values for name, values in axes.items() if getattr(args, name) is None}
    return [dict(zip(free, values)) for values in itertools.product(*free.values())]


def best_of(args, hidden_dim, train, judge, metric, floor=None, higher=True):
    """Trains for each setting and seed, prints each, and gives the best.

    Args:
        args: the command's arguments.
        hidden_dim: the encoder's width, which the grid depends on.
        train: arguments -> what was trained.
        judge: what was trained -> number, on the validation data.
        metric: name of the number.
        floor: what is reached without reading the texts; a run that is no better is degenerate.
        higher: whether more is better.

    Returns:
        What was trained best.
    """
    import keras

    best, best_figure, rows = None, None, []
    for setting in grid(args, hidden_dim):
        figures = []
        for seed in range(args.seed, args.seed + args.seeds):
            keras.utils.set_random_seed(seed)
            own = {**setting, "seed": seed, "run": _folder(args.run, setting, seed)}
            trained = train(argparse.Namespace(**{**vars(args), **own}))
            figure = float(judge(trained))
            failed = is_degenerate(figure, floor, higher)
            mark = " (degenerate: no better than not reading the texts)" if failed else ""
            print(f"{_named(setting)}seed {seed}: {metric} {figure:.4f}{mark}", flush=True)
            figures.append(figure)
            if best is None or _is_better(figure, best_figure, higher):
                best, best_figure = trained, figure
        rows.append((setting, figures))
    for setting, figures in rows:
        print(_named(setting) + told(figures, metric, floor, higher))
    if len(rows) > 1 or args.seeds > 1:
        say(
            "note",
            f"the best of {sum(len(f) for _, f in rows)} runs by the validation data is saved; its "
            f"{metric} there is the highest of all, so expect less of other texts: see --test",
        )
    return best


def is_degenerate(figure, floor, higher):
    """Whether a run has learnt nothing: it is no better than the floor, or not a number."""
    if math.isnan(figure):
        return True
    return floor is not None and not (figure > floor if higher else figure < floor)


def told(figures, metric, floor, higher):
    """`accuracy 0.8012 on average of 5 runs, deviation 0.0100, best 0.8110, worst ...`."""
    known = [figure for figure in figures if not math.isnan(figure)]
    if not known:
        return f"no run of {len(figures)} ended with a number"
    ends = (max(known), min(known)) if higher else (min(known), max(known))
    spread = f", deviation {statistics.stdev(known):.4f}" if len(known) > 1 else ""
    failed = sum(is_degenerate(figure, floor, higher) for figure in figures)
    return (
        f"{metric} {statistics.mean(known):.4f} on average of {len(figures)} runs{spread}, best "
        f"{ends[0]:.4f}, worst {ends[1]:.4f}, {failed} degenerate"
    )


def _is_better(figure, other, higher):
    if math.isnan(other):
        return True
    return figure > other if higher else figure < other


def _folder(run, setting, seed):
    """Where one of several trainings writes its course: `--run`, and what is its own."""
    parts = [f"{name}_{value:g}" for name, value in {**setting, "seed": seed}.items()]
    return run and str(Path(run) / "_".join(parts))


def _named(setting):
    return "".join(f"{name.replace('_', '-')} {value:g}, " for name, value in setting.items())
