"""Pieces of words, by tensorflow_text's kernel."""

import tensorflow as tf
import tensorflow_text as tf_text

from .ascii_text import is_ascii_word


class PieceMatcher(tf.Module):
    """Longest pieces first, with `FastWordpieceTokenizer`.

    Args:
        model: the WordPiece model of a tokenizer.json.
    """

    def __init__(self, model):
        super().__init__()
        vocabulary, prefix = model["vocab"], model["continuing_subword_prefix"]
        self._longest = model["max_input_chars_per_word"]
        self._too_long = _no_piece(vocabulary)
        pieces = {token: i for token, i in vocabulary.items() if token not in ("", prefix)}
        self._kernel = _kernel(model, pieces, 4 * self._longest, no_pretokenization=True)
        # The kernel finds words as well. It is exact in ASCII, and only knows such pieces here.
        pieces = {
            token: index
            for token, index in pieces.items()
            if token == model["unk_token"] or is_ascii_word(token.removeprefix(prefix))
        }
        self._ascii_kernel = _kernel(model, pieces, self._longest, no_pretokenization=False)

    def __call__(self, characters):
        """Ids of the pieces of words, ragged [w, pieces], of their characters, [w, characters]."""
        strings = tf.strings.unicode_encode(characters, "UTF-8")
        is_long = characters.row_lengths() > self._longest
        return self._kernel.tokenize(tf.where(is_long, self._too_long, strings))

    def ascii_ids(self, strings):
        """Ids of the pieces of strings, ragged [m, pieces]; all are `PLAIN_ASCII`."""
        return self._ascii_kernel.tokenize(strings)


def _kernel(model, pieces, longest, no_pretokenization):
    return tf_text.FastWordpieceTokenizer(
        vocab=_by_id(pieces),
        suffix_indicator=model["continuing_subword_prefix"],
        unknown_token=model["unk_token"],
        max_bytes_per_word=longest,
        token_out_type=tf.int32,
        no_pretokenization=no_pretokenization,
        support_detokenization=False,
    )


def _by_id(pieces):
    """Tokens in the order of their ids; what fills gaps is no word, nor the beginning of one."""
    tokens = [f"\ue000 {index}" for index in range(max(pieces.values()) + 1)]
    for token, index in pieces.items():
        tokens[index] = token
    return tokens


def _no_piece(vocabulary):
    """A character that no token begins with: a word that is not known."""
    begun = {token[:1] for token in vocabulary}
    return next(chr(point) for point in range(0xE000, 0xF900) if chr(point) not in begun)
