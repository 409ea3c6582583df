"""Text to ids and back: one specification, the fast `tokenizer.json`, run by the Rust library."""

# Imported when first used: a process that only runs the Rust engine does without Keras.
__all__ = ["Encoding", "Tokenizer"]


def __getattr__(name):
    if name == "Encoding":
        from keras_bert_zoo.tokenizers.encoding import Encoding

        return Encoding
    if name == "Tokenizer":
        from keras_bert_zoo.tokenizers.tokenizer import Tokenizer

        return Tokenizer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
