"""`keras-bert-zoo pretrain`: from a corpus to an encoder, new or further trained."""

import argparse
from pathlib import Path

from ..errors import nearest
from ..pretraining.objectives import OBJECTIVES
from ..pretraining.sizes import SIZES
from .arguments import add_run
from .finetune import check_output, check_replaceable
from .runtime import start_keras
from .values import filled, positive, whole

NEEDS_KERAS = True
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


def add_arguments(parser):
    """Adds what `pretrain` takes."""
    start = parser.add_mutually_exclusive_group(required=True)
    start.add_argument("--size", choices=SIZES, help="of a new BERT")
    start.add_argument("--preset", type=filled, help="what to go on from, with its tokenizer")
    parser.add_argument(
        "--corpus", required=True, type=filled, metavar="DIR", help="what `corpus build` wrote"
    )
    parser.add_argument("--validation", type=filled, metavar="DIR", help="a corpus held out")
    parser.add_argument("--output", required=True, type=filled, metavar="DIR", help="a new preset")
    parser.add_argument("--overwrite", action="store_true", help="replace DIR, whatever it holds")
    parser.add_argument(
        "--objectives",
        type=_objectives,
        default=["masked_tokens"],
        metavar="A,B,...",
        help=f"of {', '.join(OBJECTIVES)}; default: masked_tokens",
    )
    parser.add_argument("--steps", required=True, type=whole(1), metavar="N", help="updates")
    parser.add_argument("--batch-size", type=whole(1), default=32, metavar="N", help="default: 32")
    parser.add_argument(
        "--learning-rate", type=positive, default=1e-4, metavar="X", help="default: 1e-4, as BERT"
    )
    parser.add_argument(
        "--pack", action="store_true", help="several examples in a row, so that none has padding"
    )
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--seed", type=whole(0, 2**32 - 1), default=0, help="default: 0")
    parser.add_argument(
        "--report-every", type=whole(1), metavar="N", help="updates; a hundredth if not given"
    )
    add_run(parser)


def _objectives(text):
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in OBJECTIVES:
            raise argparse.ArgumentTypeError(
                f"unknown {name!r}.{nearest(name, OBJECTIVES)} Accepted: {', '.join(OBJECTIVES)}"
            )
    return names


def run(args):
    args.train, args.test = args.corpus, None
    check_output(args)
    start_keras(args.seed, args.debug)
    from ..pretraining import Corpus
    from ..training import ResumableTraining

    check_replaceable(args)
    corpus = Corpus(args.corpus)
    held_out = Corpus(args.validation) if args.validation else None
    pretrainer = built(args, corpus)
    pretrainer.compile(total_steps=args.steps)
    report = args.report_every or max(1, args.steps // 100)
    folder = args.run and Path(args.run)
    pretrainer.fit(
        corpus,
        batch_size=args.batch_size,
        steps_per_epoch=report,
        epochs=-(-args.steps // report),
        validation_data=held_out,
        callbacks=[ResumableTraining(folder / "checkpoints")] if folder else [],
        log_dir=folder,
        verbose=2,
    )
    pretrainer.task().save_to_preset(args.output, overwrite=args.overwrite)
    print(f"Saved to {args.output}")


def built(args, corpus):
    """The pretrainer, on a new encoder or on a trained one."""
    from ..precision import dtype_scope
    from ..pretraining import Pretrainer
    from ..pretraining.sizes import new_encoder
    from ..training import Recipe

    options = {
        "length": corpus.length,
        "recipe": Recipe(args.learning_rate, warmup=0.01),
        "pack": args.pack,
        "seed": args.seed,
    }
    if args.preset:
        dtype = {} if args.precision == "float32" else {"dtype": args.precision}
        found = Pretrainer.from_preset(args.preset, args.objectives, **dtype, **options)
        check_vocabulary(args, found.tokenizer, corpus.tokenizer)
        return found
    tokenizer = corpus.tokenizer
    with dtype_scope(args.precision):
        most = max(512, corpus.length)
        encoder = new_encoder(args.size, tokenizer.vocabulary_size, max_sequence_length=most)
        return Pretrainer(encoder, tokenizer, args.objectives, **options)


def check_vocabulary(args, ours, theirs):
    """The ids in the shards must be those of the preset's tokenizer."""
    if ours.vocabulary() != theirs.vocabulary():
        raise ValueError(
            f"--corpus {args.corpus} was built with another vocabulary than that of --preset "
            f"{args.preset}. Build it again with --tokenizer {args.preset}."
        )
