"""`keras-bert-zoo corpus`: builds shards of examples for pre-training, and tells of them."""

import dataclasses
import json

from ..pretraining.corpus.packing import PACKINGS
from ..pretraining.corpus.settings import ENGINES, Settings
from .arguments import UsageError
from .values import chance, filled, whole

NEEDS_KERAS = False  # whose import takes longer than a small corpus
SETTINGS = tuple(field.name for field in dataclasses.fields(Settings))


def add_arguments(parser):
    """Adds `build` and `info`."""
    kinds = parser.add_subparsers(dest="action", metavar="ACTION")
    build = kinds.add_parser("build", help="text files to shards")
    _add_build(build)
    info = kinds.add_parser("info", help="what is in a corpus")
    info.add_argument("folder", type=filled, metavar="DIR", help="what `build` wrote")
    info.add_argument("--json", action="store_true", help="the whole manifest, as JSON")
    info.add_argument("--verify", action="store_true", help="compare every shard's checksum")
    info.add_argument("--examples", type=whole(0), default=2, metavar="N", help="default: 2")


def _add_build(parser):
    parser.add_argument(
        "--input",
        required=True,
        action="append",
        type=filled,
        metavar="FILES",
        help="a file, folder or pattern such as 'books/*.txt'; may be given several times. txt: a "
        "paragraph a line, a blank line between documents; jsonl, parquet: a document a row",
    )
    parser.add_argument(
        "--tokenizer", required=True, type=filled, help="a preset or the folder of a tokenizer"
    )
    parser.add_argument("--output", required=True, type=filled, metavar="DIR", help="for shards")
    parser.add_argument(
        "--packing",
        choices=PACKINGS,
        default="segment_pairs",
        help="segment_pairs (BERT; the default), full_sentences or doc_sentences (RoBERTa)",
    )
    parser.add_argument(
        "--length", type=whole(8), default=128, metavar="N", help="most tokens; default: 128"
    )
    parser.add_argument(
        "--short-seq-prob", type=chance, metavar="SHARE", help="default: 0.1 for pairs, else 0"
    )
    parser.add_argument(
        "--dupe-factor", type=whole(1), default=1, metavar="N", help="times that a text is packed"
    )
    parser.add_argument(
        "--language", type=filled, default="en", help="of the sentences; default: en"
    )
    parser.add_argument("--text-column", type=filled, default="text", metavar="C")
    parser.add_argument(
        "--shard-size", type=filled, default="32MB", metavar="SIZE", help="of text; default: 32MB"
    )
    parser.add_argument("--seed", type=whole(0, 2**32 - 1), default=0, help="default: 0")
    parser.add_argument("--engine", choices=ENGINES, default="local", help="default: local")
    parser.add_argument(
        "--workers", type=whole(1), metavar="N", help="processes; one a processor if not given"
    )


def run(args):
    if args.action is None:
        raise UsageError("name what to do: build, info. See: keras-bert-zoo corpus --help")
    build(args) if args.action == "build" else info(args)


def build(args):
    """Builds a corpus, and goes on where a build was that was killed."""
    from ..pretraining import build_corpus

    settings = {name: getattr(args, name) for name in SETTINGS}
    options = {"engine": args.engine, "workers": args.workers, "progress": True}
    corpus = build_corpus(args.input, args.tokenizer, args.output, **options, **settings)
    print(summary(corpus))


def info(args):
    """Tells of a corpus."""
    from ..pretraining import Corpus
    from ..pretraining.corpus.manifest import TOKENIZER
    from ..pretraining.corpus.tokenizer_folder import engine_of

    corpus = Corpus(args.folder)
    if args.verify:
        corpus.verify()
    if args.json:
        print(json.dumps(corpus.manifest, indent=2))
        return
    print(summary(corpus))
    engine = engine_of(corpus.folder / TOKENIZER)
    for number in range(min(args.examples, len(corpus))):
        one, place, parts = corpus[number], 0, []
        for length in one.lengths:
            ids = one.token_ids[place : place + length]
            parts.append(engine.decode(ids.tolist(), skip_special_tokens=False))
            place += length
        print(f"\n{number}: " + "\n   | ".join(parts))
    if args.verify:
        print("\nEvery shard is as it was written.")


def summary(corpus):
    """What a corpus is, in a few lines."""
    manifest, settings = corpus.manifest, corpus.manifest["settings"]
    rows, tokens, size = manifest["rows"], manifest["tokens"], manifest["bytes"] / 1e6
    short = f" ({manifest['left_out']:,} tokens in none)" if manifest["left_out"] else ""
    return (
        f"{corpus.folder}: {rows:,} examples of {settings['packing']}, of length "
        f"{settings['length']}, in {len(manifest['shards'])} shards of {size:,.1f} MB\n"
        f"{tokens:,} tokens, {tokens / rows:.1f} an example{short}, of {manifest['sentences']:,} "
        f"sentences in {manifest['documents']:,} documents\n"
        f"checksum {corpus.checksum}"
    )
