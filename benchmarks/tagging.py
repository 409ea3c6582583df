"""Entity F1 of a fine-tuned tagger over several seeds: ours, or written by hand in torch.

    KERAS_BACKEND=jax python benchmarks/tagging.py --encoder FOLDER --data wnut17 --head crf
    python benchmarks/tagging.py --encoder FOLDER --data wnut17 --by-hand

Both follow the recipe of `accuracy.py`; the first piece of each word is labelled. `--by-hand` uses
transformers' model and tokenizer, a plain training loop, and seqeval's micro F1.
"""

from seeds import BATCH, data_folder, parser_of, report

from keras_bert_zoo.preprocessing.conll import read_conll
from keras_bert_zoo.preprocessing.tags import find_tags

LENGTH = 128
DATA = {
    "wnut17": ("wnut17/wnut17train.conll", "wnut17/emerging.test.annotated"),
    "english": ("uner/English-EWT/en_ewt-ud-dev.iob2", "uner/English-EWT/en_ewt-ud-test.iob2"),
    "portuguese": (
        "uner/Portuguese-Bosque/pt_bosque-ud-train.iob2",
        "uner/Portuguese-Bosque/pt_bosque-ud-test.iob2",
    ),
}


def ours(arguments, train, test, seed):
    import keras

    import keras_bert_zoo as kbz

    keras.utils.set_random_seed(seed)
    task = kbz.TokenClassifier.from_preset(
        arguments.encoder,
        labels=find_tags(train[1]),
        head=arguments.head,
        constrained=not arguments.free,
        recipe=kbz.Recipe(arguments.learning_rate),
        max_sequence_length=LENGTH,
    )
    task.fit(*train, epochs=arguments.epochs, batch_size=BATCH, verbose=0)
    return {"f1": task.score(*test).micro.f1}


def by_hand(arguments, train, test, seed):
    import by_hand
    import torch
    from seqeval.metrics import f1_score

    labels = find_tags(train[1])
    tokenizer, model = by_hand.load(
        "AutoModelForTokenClassification", arguments, seed, num_labels=len(labels)
    )

    def batch(sentences, tags, rows):
        encoded = tokenizer(
            [sentences[i] for i in rows],
            is_split_into_words=True,
            padding=True,
            truncation=True,
            max_length=LENGTH,
            return_tensors="pt",
        )
        goals = torch.full(encoded["input_ids"].shape, -100)
        for place, row in enumerate(rows):
            before = None
            for token, word in enumerate(encoded.word_ids(place)):
                if word is not None and word != before:
                    goals[place, token] = labels.index(tags[row][word])
                before = word
        return encoded, goals

    def loss(rows):
        inputs, goals = batch(*train, rows)
        logits = model(**inputs).logits
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), goals.flatten())

    by_hand.train(model, loss, len(train[0]), arguments)
    true, predicted = [], []
    with torch.no_grad():
        for start in range(0, len(test[0]), BATCH):
            rows = range(start, min(start + BATCH, len(test[0])))
            inputs, goals = batch(*test, rows)
            best = model(**inputs).logits.argmax(-1)
            for row, kept, found in zip(rows, goals, best):
                tags = [labels[i] for i in found[kept != -100].tolist()]
                # What was cut off counts as missed.
                true.append(test[1][row])
                predicted.append(tags + ["O"] * (len(test[1][row]) - len(tags)))
    return {"f1": f1_score(true, predicted)}


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--data", choices=DATA, default="wnut17")
    parser.add_argument("--head", choices=("softmax", "crf"), default="softmax")
    parser.add_argument("--free", action="store_true", help="tags are not constrained")
    arguments = parser.parse_args()
    train, test = (read_conll(data_folder() / "tasks" / path) for path in DATA[arguments.data])
    run = by_hand if arguments.by_hand else ours
    report(arguments, lambda seed: run(arguments, train, test, seed))


if __name__ == "__main__":
    main()
