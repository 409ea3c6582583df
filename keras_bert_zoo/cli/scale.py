"""`keras-bert-zoo scale predict`: answers for Parquet files of any size, that may be killed."""

from ..scale.engines import ENGINES
from .arguments import UsageError
from .export import parsed
from .values import filled, whole

NEEDS_KERAS = True  # by the workers: this process sets their backend, and does without


def add_arguments(parser):
    """Adds `predict`."""
    kinds = parser.add_subparsers(dest="action", metavar="ACTION")
    predict = kinds.add_parser("predict", help="Parquet in, Parquet out; goes on where it was")
    predict.add_argument("preset", type=filled, metavar="MODEL", help="a task that was saved")
    predict.add_argument(
        "--input",
        required=True,
        action="append",
        type=filled,
        metavar="FILES",
        help="a Parquet file, folder or pattern such as 'texts/*.parquet'; may be given several "
        "times",
    )
    predict.add_argument("--output", required=True, type=filled, metavar="DIR", help="for shards")
    predict.add_argument(
        "--text-column", type=filled, default="text", metavar="C", help="A,B for pairs"
    )
    predict.add_argument(
        "--columns", type=filled, metavar="A,B", help="to keep of the input; all if not given"
    )
    predict.add_argument(
        "--prefix", default="", help="before the names of the answers' columns; default: none"
    )
    predict.add_argument(
        "--shard-rows", type=whole(1), default=10_000, metavar="N", help="most; default: 10000"
    )
    predict.add_argument("--batch-size", type=whole(1), default=32, metavar="N", help="default: 32")
    predict.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the task, such as min_score=0.5, top_k=3 or prompt=passage",
    )
    predict.add_argument("--engine", choices=ENGINES, default="local", help="default: local")
    predict.add_argument("--workers", type=whole(1), metavar="N", help="default: 1")


def run(args):
    if args.action is None:
        raise UsageError("name what to do: predict. See: keras-bert-zoo scale --help")
    from ..scale import predict

    report = predict(
        args.input,
        args.preset,
        args.output,
        text_column=args.text_column.split(","),
        columns=args.columns and args.columns.split(","),
        prefix=args.prefix,
        shard_rows=args.shard_rows,
        batch_size=args.batch_size,
        engine=args.engine,
        workers=args.workers,
        progress=True,
        **dict(map(parsed, args.option)),
    )
    print(report)
