"""SQuAD 2.0 scores of a fine-tuned reader over several seeds: ours, or written by hand in torch.

    KERAS_BACKEND=jax python benchmarks/answering.py --encoder FOLDER --epochs 3
    python benchmarks/answering.py --encoder FOLDER --epochs 3 --by-hand

The questions are split by article, four of five for training. Both follow the recipe of
`accuracy.py`, with windows of 384 tokens, which few texts need: 128 apart in ours, with 128 tokens
in common in `--by-hand`, which is transformers' model, its tokenizer's windows, and the usual
search over 20 best starts and ends. Scores are in percent: of the answers as given, and with the
threshold for no answer that suits the test best.
"""

import numpy as np
from seeds import BATCH, data_folder, parser_of, report

from keras_bert_zoo.metrics import squad_scores
from keras_bert_zoo.preprocessing.squad import read_squad

LENGTH, STRIDE, BEST, LONGEST = 384, 128, 20, 30


def split(rows):
    """`(training, test)`: every fifth article is for the test."""
    titles = sorted({row["title"] for row in rows})
    held_out = set(titles[::5])
    return (
        [row for row in rows if row["title"] not in held_out],
        [row for row in rows if row["title"] in held_out],
    )


def shown(scores):
    names = ("exact", "f1", "best_exact", "best_f1")
    return {name: scores[name] for name in names if name in scores}


def ours(arguments, train, test, seed):
    import keras

    import keras_bert_zoo as kbz

    keras.utils.set_random_seed(seed)
    task = kbz.SpanExtractor.from_preset(
        arguments.encoder,
        recipe=kbz.Recipe(arguments.learning_rate),
        max_sequence_length=LENGTH,
        stride=STRIDE,
        n_best=BEST,
        max_answer_length=LONGEST,
    )
    task.fit(train, epochs=arguments.epochs, batch_size=BATCH, verbose=0)
    return shown(task.score(test))


def by_hand(arguments, train, test, seed):
    import by_hand
    import torch

    tokenizer, model = by_hand.load("AutoModelForQuestionAnswering", arguments, seed)

    def windows(rows):
        return tokenizer(
            [row["question"].lstrip() for row in rows],
            [row["context"] for row in rows],
            truncation="only_second",
            max_length=LENGTH,
            stride=STRIDE,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )

    def padded(encoded, places):
        fields = ("input_ids", "token_type_ids", "attention_mask")
        return tokenizer.pad(
            {name: [encoded[name][i] for i in places] for name in fields}, return_tensors="pt"
        )

    encoded = windows(train)
    goals = torch.tensor([goal(encoded, i, train) for i in range(len(encoded["input_ids"]))])

    def loss(places):
        outputs = model(**padded(encoded, places))
        entropy = torch.nn.functional.cross_entropy
        start, end = goals[places].T
        return (entropy(outputs.start_logits, start) + entropy(outputs.end_logits, end)) / 2

    by_hand.train(model, loss, len(goals), arguments)
    encoded, found = windows(test), {}
    with torch.no_grad():
        for first in range(0, len(encoded["input_ids"]), BATCH):
            places = list(range(first, min(first + BATCH, len(encoded["input_ids"]))))
            outputs = model(**padded(encoded, places))
            for place, *logits in zip(places, outputs.start_logits, outputs.end_logits):
                row = encoded["overflow_to_sample_mapping"][place]
                found.setdefault(row, []).append((place, *(one.numpy() for one in logits)))
    answers, gaps = {}, {}
    for row, parts in found.items():
        text, score = best_span(encoded, parts, test[row]["context"])
        gaps[row] = min(start[0] + end[0] for _, start, end in parts) - score
        answers[row] = text
    golds = {i: [a["text"] for a in row["answers"]] for i, row in enumerate(test)}
    given = {row: "" if gaps[row] > 0 else answers[row] for row in answers}
    best = squad_scores(answers, golds, gaps)
    return shown({**best, **{k: v for k, v in squad_scores(given, golds).items() if k in best}})


def goal(encoded, place, rows):
    """`(start, end)` of the answer in a window; 0, 0 if it is not in it."""
    row = rows[encoded["overflow_to_sample_mapping"][place]]
    if not row["answers"]:
        return 0, 0
    answer = row["answers"][0]
    first, last = answer["answer_start"], answer["answer_start"] + len(answer["text"])
    inside = [
        (token, *span)
        for token, (span, part) in enumerate(
            zip(encoded["offset_mapping"][place], encoded.sequence_ids(place))
        )
        if part == 1
    ]
    if not inside or inside[0][1] > first or inside[-1][2] < last:
        return 0, 0
    start = max((token for token, begin, _ in inside if begin <= first), default=0)
    end = min((token for token, _, finish in inside if finish >= last), default=0)
    return start, end


def best_span(encoded, parts, context):
    """`(text, score)` of the best span over the windows of a question."""
    best = ("", -np.inf)
    for place, start, end in parts:
        offsets, sequence = encoded["offset_mapping"][place], encoded.sequence_ids(place)
        for a in np.argsort(-start)[:BEST]:
            for b in np.argsort(-end)[:BEST]:
                valid = max(a, b) < len(sequence) and sequence[a] == sequence[b] == 1
                if valid and a <= b < a + LONGEST and start[a] + end[b] > best[1]:
                    best = (context[offsets[a][0] : offsets[b][1]], start[a] + end[b])
    return best


def main():
    arguments = parser_of(__doc__).parse_args()
    train, test = split(read_squad(data_folder() / "tasks/squad2/squad2.json"))
    run = by_hand if arguments.by_hand else ours
    report(arguments, lambda seed: run(arguments, train, test, seed))


if __name__ == "__main__":
    main()
