"""Embeddings with a vector for the language of the text (XLM)."""

import keras
from keras import ops

from .embeddings import Embeddings


@keras.saving.register_keras_serializable("keras_bert_zoo")
class LanguageEmbeddings(Embeddings):
    """`Embeddings`, and the same vector at each token: that of the texts' language.

    Source: section 3.1 of https://arxiv.org/abs/1901.07291.

    Args:
        num_languages: rows of the table of languages.
        language: the row that is added; None for none, as in transformers where none is given.
        *arguments, **options: of `Embeddings`.

    Example:

    >>> layer = LanguageEmbeddings(100, 128, num_languages=15, language=4)
    >>> ids = np.zeros((2, 10), "int32")
    >>> layer(ids, ids, ids + 1).shape
    (2, 10, 128)
    """

    def __init__(self, *arguments, num_languages, language=None, **options):
        super().__init__(*arguments, **options)
        self.num_languages, self.language = num_languages, language
        self.languages = self._table(num_languages, "languages")

    def build(self, token_ids_shape, *_):
        super().build(token_ids_shape)
        self.languages.build()

    def vectors(self, token_ids, segment_ids, padding_mask, places=None):
        x = super().vectors(token_ids, segment_ids, padding_mask, places)
        if self.language is None:
            return x
        return x + self.languages(ops.full((1, 1), self.language, "int32"))

    def get_config(self):
        config = {"num_languages": self.num_languages, "language": self.language}
        return {**super().get_config(), **config}
