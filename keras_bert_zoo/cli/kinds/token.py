"""`--task token`: words with tags."""

from collections import Counter
from pathlib import Path

from ...errors import nearest
from ...preprocessing.conll import read_conll
from ...preprocessing.tags import find_tags, spans_of_tags
from ...preprocessing.token_features import TAG_COLUMNS, WORD_COLUMNS
from .kind import Examples, Kind, records, texts_of

TABLES = (".jsonl", ".ndjson", ".json", ".parquet")


class Tokens(Kind):
    cls = "TokenClassifier"
    formats = "CoNLL (a word and its tag a line), or JSON lines with tokens and tags"

    def read(self, path, args):
        if Path(path).suffix.lower() in TABLES:
            sentences, tags = _from_table(path)
        else:
            from ...tables import check_file

            check_file(path)
            sentences, tags = read_conll(path)
        words, entities = sum(map(len, sentences)), Counter()
        for row in tags:
            entities.update(label for label, _, _ in spans_of_tags(row))
        told = ", ".join(f"{label} {count:,}" for label, count in entities.most_common(12))
        return Examples(str(path), sentences, tags, f"{words:,} words, {told or 'no entities'}")

    def head(self, train, others):
        tags = find_tags(train.y)
        if len(tags) < 2:
            raise ValueError(
                f"{train.path} has one tag only, {tags[0]!r}: there is nothing to tell apart."
            )
        for data in others:
            unknown = [tag for row in data.y for tag in row if tag not in tags]
            if unknown:
                raise ValueError(
                    f"{data.path} has the tag {unknown[0]!r}, which {train.path} lacks."
                    f"{nearest(unknown[0], tags)}"
                )
        return {"labels": tags}

    def judge(self, task, data, args):
        if not task.marks_entities:
            found = task.evaluate(data.x, data.y, verbose=0, return_dict=True)
            return {"accuracy": float(found["accuracy"])}
        scores = task.score(data.x, data.y, batch_size=args.batch_size)
        micro = scores.micro
        return {
            "entity_f1": micro.f1,
            "precision": micro.precision,
            "recall": micro.recall,
            **{f"f1_{label}": one.f1 for label, one in sorted(scores.labels.items())},
        }

    def read_inputs(self, args):
        return texts_of(args)

    def answers(self, task, inputs, args):
        found = task.extract(inputs, batch_size=args.batch_size)
        return [{"text": text, "entities": one} for text, one in zip(inputs, found)]

    def marks(self, text, answer):
        return text, answer["entities"], None


def _from_table(path):
    rows, places = records(path)
    words = next((name for name in WORD_COLUMNS if name in rows[0]), None)
    tags = next((name for name in TAG_COLUMNS if name in rows[0]), None)
    if words is None or tags is None:
        raise ValueError(
            f"{path} has the columns {', '.join(rows[0])}. It must have one of "
            f"{', '.join(WORD_COLUMNS)} and one of {', '.join(TAG_COLUMNS)}."
        )
    for row, place in zip(rows, places):
        if not all(isinstance(row[name], list) for name in (words, tags)):
            raise ValueError(f"{place}: {words!r} and {tags!r} must be lists.")
        if len(row[words]) != len(row[tags]):
            raise ValueError(f"{place}: {len(row[words])} words and {len(row[tags])} tags.")
    return [row[words] for row in rows], [[str(tag) for tag in row[tags]] for row in rows]


KIND = Tokens()
