"""Makes of a run what ships: a folder with weights of 16 bits, and the picture of its losses.

    pip install matplotlib
    KERAS_BACKEND=torch python recipes/bert_nano_en_uncased/release.py --work runs/1

The folder is one that transformers reads too.
"""

import argparse
import csv
import dataclasses
import json
import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
from pretrain import BATCH_SIZE, LENGTH, REPORT
from safetensors.numpy import load_file, save_file

import keras_bert_zoo as kbz
from keras_bert_zoo.families.bert import build

PRESETS = Path(__file__).parents[2] / "presets"
NAME = "bert_nano_en_uncased"
# As in BERT, for what is to come: fine-tuning, new heads. No text showed more than 128 places.
CHANGES = {"dropout": 0.1, "attention_dropout": 0.1, "initializer_range": 0.02}
CHANGES["max_sequence_length"] = 128
TOKENS = REPORT * BATCH_SIZE * LENGTH  # from one line of the log to the next


def weights(work, output):
    """Writes config, tokenizer and weights."""
    trained = kbz.MaskedLM.from_preset(work / "preset")
    encoder = build(dataclasses.replace(trained.encoder.config, **CHANGES))
    preprocessor = kbz.Preprocessor(trained.preprocessor.tokenizer, CHANGES["max_sequence_length"])
    task = kbz.MaskedLM(encoder, preprocessor)
    for ours, theirs in zip(task.weights, trained.weights, strict=True):
        value = keras.ops.convert_to_numpy(theirs)
        ours.assign(value[: ours.shape[0]])  # all of it, but for the places
    with tempfile.TemporaryDirectory() as place:
        task.save_to_hugging_face(place, overwrite=True)
        place = Path(place)
        tensors = load_file(place / "model.safetensors")
        halves = {name: value.astype("float16") for name, value in tensors.items()}
        lost = max(np.abs(halves[name] - tensors[name]).max() for name in tensors)
        print(f"largest loss of 16 bits: {lost:.1e}; largest weight: ", end="")
        print(f"{max(np.abs(value).max() for value in tensors.values()):.2f}")
        save_file(halves, place / "model.safetensors", metadata={"format": "pt"})
        config = json.loads((place / "config.json").read_text("utf-8"))
        config["dtype"] = "float32"  # what to compute in: transformers would take the file's
        (place / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        output.mkdir(parents=True, exist_ok=True)
        for path in place.iterdir():
            if path.name != "README.md":  # the card is written by hand
                shutil.copyfile(path, output / path.name)


def losses(work):
    """`(tokens read, loss, loss on held-out text)` of each report."""
    with open(work / "logs/log.csv", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            yield number * TOKENS, float(row["loss"]), float(row["val_loss"])


def picture(work, path):
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = NAME
    from matplotlib import pyplot

    tokens, ours, held_out = zip(*losses(work))
    _, axes = pyplot.subplots(figsize=(6, 3.5), layout="constrained")
    millions = [count / 1e6 for count in tokens]
    axes.plot(millions, ours, label="training")
    axes.plot(millions, held_out, label="held-out text")
    axes.set(xlabel="million tokens", ylabel="loss of hidden tokens (nats)")
    axes.grid(alpha=0.3)
    axes.legend()
    pyplot.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=PRESETS / NAME)
    args = parser.parse_args()
    weights(args.work, args.output)
    picture(args.work, args.output / "loss.svg")


if __name__ == "__main__":
    main()
