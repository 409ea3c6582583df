"""Goes on with pre-training: hidden words, and what a larger model says of each sentence.

    KERAS_BACKEND=torch python recipes/bert_nano_en_uncased/learn_sentences.py --work runs/1

After `pretrain.py` and `sentences.py`. Goes on where it was: the same command again after a kill.
"""

import argparse
from pathlib import Path

import keras
from sentences import read

from keras_bert_zoo.pretraining import MaskedTokens, Pretrainer, SentenceVectors, taught_sentences
from keras_bert_zoo.training import AdamW, ResumableTraining, WarmupLinear

HELD_OUT = 2_000  # sentences
LENGTH, BATCH_SIZE = 48, 64
REPORT = 250  # updates from one line of the log to the next


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--preset", type=Path, help="where to begin; that of pretrain.py if not")
    parser.add_argument("--output", default="taught_preset", help="a folder in --work")
    parser.add_argument("--steps", type=int, default=4_500)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--weight", type=float, default=10.0, help="of the vectors' loss")
    parser.add_argument("--precision", default="mixed_bfloat16")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    texts, vectors = read(args.work / "taught")
    objectives = [MaskedTokens(), SentenceVectors(vectors.shape[1], weight=args.weight)]
    options = {"length": LENGTH, "seed": 0, "dtype": args.precision}
    pretrainer = Pretrainer.from_preset(args.preset or args.work / "preset", objectives, **options)

    def examples(part):
        return taught_sentences(texts[part], vectors[part], pretrainer.tokenizer, LENGTH)

    rate = WarmupLinear(args.learning_rate, args.steps, args.steps // 50)
    pretrainer.compile(
        AdamW(rate, weight_decay=0.01, beta_2=0.98, epsilon=1e-6, global_clipnorm=1.0)
    )
    report = min(REPORT, args.steps)
    pretrainer.fit(
        examples(slice(HELD_OUT, None)),
        batch_size=BATCH_SIZE,
        steps_per_epoch=report,
        epochs=args.steps // report,
        validation_data=examples(slice(HELD_OUT)),
        callbacks=[ResumableTraining(args.work / f"{args.output}.checkpoints")],
        log_dir=args.work / f"{args.output}.logs",
        verbose=2,
    )
    pretrainer.task().save_to_preset(args.work / args.output, overwrite=True)


if __name__ == "__main__":
    main()
