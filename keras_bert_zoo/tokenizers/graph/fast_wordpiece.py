"""Pieces of words, by tensorflow_text's kernel."""

import tensorflow as tf
import tensorflow_text as tf_text


class PieceMatcher(tf.Module):
    """Longest pieces first, with `FastWordpieceTokenizer`, which is given ready words.

    Args:
        model: the WordPiece model of a tokenizer.json.
    """

    def __init__(self, model):
        super().__init__()
        self._longest = model["max_input_chars_per_word"]
        self._too_long = _no_piece(model["vocab"])
        self._kernel = tf_text.FastWordpieceTokenizer(
            vocab=_by_id(model["vocab"], model["continuing_subword_prefix"]),
            suffix_indicator=model["continuing_subword_prefix"],
            unknown_token=model["unk_token"],
            max_bytes_per_word=4 * self._longest,
            token_out_type=tf.int32,
            no_pretokenization=True,
            support_detokenization=False,
        )

    def __call__(self, words):
        """Ids of the pieces of `Words`, a ragged tensor [w, pieces]."""
        characters = tf.RaggedTensor.from_row_splits(words.characters, words.splits, validate=False)
        strings = tf.strings.unicode_encode(characters, "UTF-8")
        is_long = characters.row_lengths() > self._longest
        return self._kernel.tokenize(tf.where(is_long, self._too_long, strings))


def _by_id(vocabulary, prefix):
    """Tokens in the order of their ids; what can be no piece, and gaps, get a name of their own."""
    tokens = [f" {index}" for index in range(max(vocabulary.values()) + 1)]
    for token, index in vocabulary.items():
        if token not in ("", prefix):
            tokens[index] = token
    return tokens


def _no_piece(vocabulary):
    """A character that no token begins with: a word that is not known."""
    begun = {token[:1] for token in vocabulary}
    return next(chr(point) for point in range(0xE000, 0xF900) if chr(point) not in begun)
