"""bert_nano_en_uncased: 4 blocks of 256 numbers and 8,192 tokens, learnt from public-domain text.

    KERAS_BACKEND=torch python recipes/bert_nano_en_uncased/pretrain.py --text FOLDER --work runs/1

FOLDER has `books.tar.xz`, `wikitext2` and `wiki-split`. Each step is left out if it is done, and
the training goes on where it was: the same command again is all that is needed after a kill.
"""

import argparse
from pathlib import Path

import keras
from text import prepare

from keras_bert_zoo.families.bert import BertConfig, build
from keras_bert_zoo.precision import dtype_scope
from keras_bert_zoo.pretraining import (
    Corpus,
    MaskedTokens,
    Pretrainer,
    build_corpus,
    train_vocabulary,
)
from keras_bert_zoo.training import AdamW, ResumableTraining, WarmupStableDecay

# The paper's Mini (https://arxiv.org/abs/1908.08962), with a vocabulary of its own, and no pooler:
# nothing teaches it one. Dropout is for fine-tuning; little text is read twice.
SIZES = {
    "vocabulary_size": 8192,
    "num_layers": 4,
    "hidden_dim": 256,
    "num_heads": 4,
    "intermediate_dim": 1024,
    "use_pooler": False,
}
NO_DROPOUT = {"dropout": 0.0, "attention_dropout": 0.0}


def corpora(args):
    """The training corpus and the one that is held out."""
    prepare(args.text, args.work / "text")
    folder = args.work / "shards"
    if not (folder / "corpus.json").exists():
        tokenizer = train_vocabulary(args.work / "text/train", size=SIZES["vocabulary_size"])
    else:
        tokenizer = Corpus(folder).tokenizer
    options = {"packing": "full_sentences", "length": args.length}
    found = []
    for name, place in (("train", folder), ("held_out", args.work / "held_out_shards")):
        text = str(args.work / "text" / name / "*.txt")
        found.append(build_corpus(text, tokenizer, place, progress=True, **options))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--rate", type=float, default=0.2, help="share of hidden tokens")
    parser.add_argument("--precision", default="mixed_bfloat16")
    args = parser.parse_args()
    train, held_out = corpora(args)
    keras.utils.set_random_seed(0)
    with dtype_scope(args.precision):
        encoder = build(BertConfig(**SIZES, **NO_DROPOUT))
        objectives = [MaskedTokens(rate=args.rate)]
        pretrainer = Pretrainer(encoder, train.tokenizer, objectives, length=args.length, seed=0)
    rate = WarmupStableDecay(args.learning_rate, args.steps, 500, args.steps // 5)
    pretrainer.compile(
        AdamW(rate, weight_decay=0.01, beta_2=0.98, epsilon=1e-6, global_clipnorm=1.0)
    )
    report = 250
    pretrainer.fit(
        train,
        batch_size=args.batch_size,
        steps_per_epoch=report,
        epochs=args.steps // report,
        validation_data=held_out,
        validation_steps=20,
        callbacks=[ResumableTraining(args.work / "checkpoints", every_minutes=5)],
        log_dir=args.work / "logs",
        verbose=2,
    )
    pretrainer.task().save_to_preset(args.work / "preset", overwrite=True)


if __name__ == "__main__":
    main()
