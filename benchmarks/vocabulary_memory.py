"""Time and memory of learning a vocabulary from a text of any size.

    python benchmarks/vocabulary_memory.py --gigabytes 2 --kind wordpiece --size 30000

The text is that of the books in `text/books.tar.xz`, over and over, with a made-up word of eight
letters at the end of each line: real texts of that size hold millions of rare words too, and a
table without a bound would grow with them. `--rust` gives the same texts to the trainer of the
`tokenizers` library, which keeps all words.
"""

import argparse
import json
import random
import resource
import tarfile
import time

from seeds import data_folder


def lines_of_books():
    with tarfile.open(data_folder() / "text" / "books.tar.xz") as archive:
        for member in archive:
            if member.isfile():
                yield from archive.extractfile(member).read().decode("utf-8").split("\n")


def texts(size, counted):
    """Lines of so many bytes in all; `counted` is a list, to which their number is added."""
    generator, lines, done = random.Random(0), list(lines_of_books()), 0
    while done < size:
        for line in lines:
            made_up = "".join(generator.choices("abcdefghijklmnopqrstuvwxyz", k=8))
            done += len(line.encode()) + len(made_up) + 2
            yield f"{line} {made_up}"
            if done >= size:
                break
    counted.append(done)


def rust(source, arguments):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    engine = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    engine.normalizer = normalizers.BertNormalizer()
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=arguments.size, min_frequency=2, special_tokens=["[UNK]"], show_progress=False
    )
    engine.train_from_iterator(source, trainer)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--kind", default="wordpiece")
    parser.add_argument("--size", type=int, default=30_000)
    parser.add_argument("--capacity", type=int, default=1_000_000)
    parser.add_argument("--rust", action="store_true")
    arguments = parser.parse_args()
    from keras_bert_zoo.pretraining import train_vocabulary

    counted, start = [], time.process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = texts(arguments.gigabytes * 1e9, counted)
    if arguments.rust:
        report = rust(source, arguments)
    else:
        _, report = train_vocabulary(
            source,
            arguments.kind,
            arguments.size,
            capacity=arguments.capacity,
            return_report=True,
        )
    line = {
        **vars(arguments),
        "bytes": counted[0],
        "report": str(report),
        "processor_seconds": round(time.process_time() - start),
        "megabytes_before": before // 1024,
        "megabytes_at_most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
