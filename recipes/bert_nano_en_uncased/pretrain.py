"""bert_nano_en_uncased: 4 blocks of 256 numbers and 8,192 tokens, learnt from public-domain text.

    KERAS_BACKEND=torch python recipes/bert_nano_en_uncased/pretrain.py --text FOLDER --work runs/1

FOLDER has `books.tar.xz`, `wikitext2` and `wiki-split`. Each step is left out if it is done, and
the training goes on where it was: the same command again is all that is needed after a kill.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
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
from keras_bert_zoo.training import AdamW, ResumableTraining, WarmupLinear

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
# As far apart as 256 numbers need be: with BERT's 0.02, for 768 to 1,024 of them, learning begins
# more slowly.
INITIALIZER_RANGE = 0.05
LENGTH, BATCH_SIZE = 128, 16
REPORT = 250  # updates from one line of the log to the next


def corpora(args):
    """The training corpus, and the one that is held out."""
    prepare(args.text, args.work / "text")
    folder = args.work / "shards"
    if (folder / "train/corpus.json").exists():
        tokenizer = Corpus(folder / "train").tokenizer
    else:
        tokenizer = train_vocabulary(args.work / "text/train", size=SIZES["vocabulary_size"])

    def built(name):
        text, options = str(args.work / f"text/{name}/*.txt"), {"packing": "full_sentences"}
        return build_corpus(text, tokenizer, folder / name, length=LENGTH, progress=True, **options)

    return built("train"), built("held_out")


def new_encoder():
    """The encoder; its positions begin as sines and cosines (https://arxiv.org/abs/1706.03762,
    section 3.5), so that neighbours are alike wherever they stand."""
    encoder = build(BertConfig(**SIZES, **NO_DROPOUT, initializer_range=INITIALIZER_RANGE))
    table = encoder.embeddings.positions.table.embeddings
    places, dim = table.shape
    angles = np.arange(places)[:, None] / 10_000 ** (np.arange(dim // 2) * 2 / dim)
    waves = np.concatenate([np.sin(angles), np.cos(angles)], -1)
    table.assign(waves * INITIALIZER_RANGE / waves.std())
    return encoder


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--batch-size", type=int, default=BATCH_SIZE)
    parser.add_argument("--steps", type=int, default=15_000)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--rate", type=float, default=0.2, help="share of hidden tokens")
    parser.add_argument("--precision", default="mixed_bfloat16")
    args = parser.parse_args()
    train, held_out = corpora(args)
    keras.utils.set_random_seed(0)
    with dtype_scope(args.precision):
        objectives = [MaskedTokens(rate=args.rate)]
        options = {"length": LENGTH, "pack": True, "seed": 0}
        pretrainer = Pretrainer(new_encoder(), train.tokenizer, objectives, **options)
    rate = WarmupLinear(args.learning_rate, args.steps, args.steps // 50)
    pretrainer.compile(
        AdamW(rate, weight_decay=0.01, beta_2=0.98, epsilon=1e-6, global_clipnorm=1.0)
    )
    report = min(REPORT, args.steps)
    pretrainer.fit(
        train,
        batch_size=args.batch_size,
        steps_per_epoch=report,
        epochs=args.steps // report,
        validation_data=held_out,
        validation_steps=20,
        callbacks=[ResumableTraining(args.work / "checkpoints")],
        log_dir=args.work / "logs",
        verbose=2,
    )
    pretrainer.task().save_to_preset(args.work / "preset", overwrite=True)


if __name__ == "__main__":
    main()
