"""What is learnt from: a stretch of text as tokens, before special tokens are put around it."""

import dataclasses

import numpy as np


@dataclasses.dataclass
class Example:
    """A stretch of text to learn from, before special tokens are put around it.

    Args:
        token_ids: int32 `(n,)`, the tokens of its parts, one part's after the other's.
        starts_word: bool `(n,)`, whether a token is the first of its word.
        lengths: how many tokens each part has: one part, or two of which the second goes on where
            the first ends.
        document: number of the document that it is of.
        spans: int32 `(k, 2)`, stretches of tokens that belong together (entities, phrases), from
            the first to the one after the last.
        languages: the row of each part's language in the encoder's table, for `TranslatedTokens`.
        vector: float `(n,)`, what another model says of the whole, for `SentenceVectors`.
    """

    token_ids: np.ndarray
    starts_word: np.ndarray
    lengths: tuple[int, ...]
    document: int = 0
    spans: np.ndarray | None = None
    languages: tuple[int, ...] = ()
    vector: np.ndarray | None = None


class Examples:
    """Examples in memory. Any other source has `len` and `read` too.

    Args:
        examples: list of `Example`.

    Raises:
        ValueError: there are none.
    """

    def __init__(self, examples):
        self._examples = list(examples)
        if not self._examples:
            raise ValueError("There is nothing to learn from: no text has a token.")

    def __len__(self):
        return len(self._examples)

    def read(self, numbers):
        """The examples with these numbers, a list."""
        return [self._examples[number] for number in numbers]


def examples_of(texts, tokenizer, length):
    """Texts as examples, each a document; what is longer than a row becomes several.

    Args:
        texts: list of str.
        tokenizer: `keras_bert_zoo.Tokenizer`.
        length: most tokens of a row, special ones included.

    Raises:
        TypeError: something else than texts.
        ValueError: no text has a token.

    Example:

    >>> source = examples_of(["A text.", "Another."], tokenizer, length=128)
    >>> len(source)
    2
    """
    texts = [texts] if isinstance(texts, str) else list(texts)
    wrong = next((text for text in texts if not isinstance(text, str)), None)
    if wrong is not None:
        raise TypeError(
            f"Pre-training takes a list of texts, or a corpus. Given: {type(wrong).__name__} "
            f"{str(wrong)[:60]!r} among them."
        )
    room, found = length - tokenizer.template.single.special, []
    for document, one in enumerate(tokenizer.encode_batch(texts, add_special_tokens=False)):
        ids, words = np.array(one.ids, "int32"), np.array(one.word_ids)
        starts = np.ones(len(ids), bool)
        starts[1:] = words[1:] != words[:-1]
        for first in range(0, len(ids), room):
            part = slice(first, first + room)
            found.append(Example(ids[part], starts[part], (len(ids[part]),), document))
    return Examples(found)
