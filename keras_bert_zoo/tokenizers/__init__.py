"""Text to ids and back: one specification, the fast `tokenizer.json`, run by the Rust library."""

from keras_bert_zoo.tokenizers.encoding import Encoding
from keras_bert_zoo.tokenizers.tokenizer import Tokenizer

__all__ = ["Encoding", "Tokenizer"]
