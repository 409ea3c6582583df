"""Others' byte-level BPE and SentencePiece in graphs, for `tokenizing.py`."""

import keras_hub
import tensorflow as tf
import tensorflow_text as tf_text

from keras_bert_zoo.tokenizers.sentencepiece_writer import model_of, sentencepiece_bytes


def others(tokenizer):
    """Name to a function of tf.string [n], from the same vocabulary as a tokenizer."""
    specification = tokenizer.specification()
    if specification["model"]["type"] == "BPE":
        return _byte_bpe(specification)
    data = sentencepiece_bytes(model_of(specification))
    return {
        "tensorflow_text SentencepieceTokenizer": _graph(tf_text.SentencepieceTokenizer(data)),
        "keras_hub SentencePieceTokenizer": _graph(
            keras_hub.tokenizers.SentencePieceTokenizer(data)
        ),
    }


def _byte_bpe(specification):
    model = specification["model"]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    special = [t["content"] for t in specification["added_tokens"] if t["special"]]
    hub = keras_hub.tokenizers.BytePairTokenizer(
        vocabulary=model["vocab"], merges=merges, unsplittable_tokens=special
    )
    return {"keras_hub BytePairTokenizer": _graph(hub)}


def _graph(tokenizer):
    return tf.function(tokenizer.tokenize, [tf.TensorSpec([None], tf.string)])
