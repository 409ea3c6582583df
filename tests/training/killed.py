"""A training of its own process, which is to be killed: `python -m tests.training.killed FOLDER`.

It prints a line for each batch: how many are done in the run, the epoch, and the mean loss. With
`--after N` it kills itself N times 10 ms after its first batch; with `--while MOMENT`, in the
middle of the second save.
"""

import argparse
import os
import pathlib
import signal
import threading

import keras

import keras_bert_zoo as kbz
from keras_bert_zoo.training import ResumableTraining, checkpoint_file
from tests.tiny import sentences, tiny_classifier, tiny_encoder, tiny_tokenizer

MOMENTS = ("write", "sync", "rename", "renamed")
TEXTS, LABELS = sentences(42)


class Lines(keras.callbacks.Callback):
    """Tells of each batch as soon as it is done."""

    def __init__(self, tell):
        super().__init__()
        self.tell = tell

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.tell(f"{self.epoch} {batch} {float(logs['loss']).hex()}")


def train(folder, tell, **options):
    """`(history, weights)` of a training with shuffle, dropout, accumulation and lengths."""
    keras.utils.set_random_seed(5)
    preprocessor = kbz.Preprocessor(tiny_tokenizer(), 32)
    task = tiny_classifier(preprocessor=preprocessor, encoder=tiny_encoder(num_layers=1))
    schedule = kbz.training.WarmupLinear(1e-3, 28, 4)
    task.compile(kbz.training.AdamW(schedule, gradient_accumulation_steps=2))
    callbacks = [Lines(tell)]
    if folder is not None:
        callbacks.append(ResumableTraining(folder, **options))
    history = task.fit(
        TEXTS, LABELS, batch_size=6, epochs=4, verbose=0, callbacks=callbacks
    ).history
    return history, task.get_weights()


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def kill_while(moment):
    """Kills the process at a moment of the second save."""
    saves = []
    real_sync, real_replace, real_write = os.fsync, os.replace, checkpoint_file._write

    def write(file, info, arrays):
        saves.append(1)
        if len(saves) == 2 and moment == "write":
            file.write(b"KBZRUN01 and then nothing")
            file.flush()
            kill()
        real_write(file, info, arrays)

    def sync(handle):
        if len(saves) == 2 and moment == "sync":
            kill()
        real_sync(handle)

    def replace(source, target):
        if len(saves) == 2 and moment == "rename":
            kill()
        real_replace(source, target)
        if len(saves) == 2 and moment == "renamed":
            kill()

    os.fsync, os.replace, checkpoint_file._write = sync, replace, write


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--after", type=int)
    parser.add_argument("--while", dest="moment", choices=MOMENTS)
    options = parser.parse_args()
    if options.moment:
        kill_while(options.moment)
    begun = []

    def tell(line):
        print(line, flush=True)
        if options.after is not None and not begun:
            begun.append(threading.Timer(options.after / 100, kill).start())

    train(options.folder, tell, every_steps=1)


if __name__ == "__main__":
    main()
