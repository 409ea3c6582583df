"""A tokenized text."""

import dataclasses
import operator

# What the library calls the fields of `Encoding`.
_fields = operator.attrgetter(
    "ids", "tokens", "offsets", "word_ids", "type_ids", "sequence_ids", "special_tokens_mask"
)


@dataclasses.dataclass(frozen=True)
class Encoding:
    """One tokenized text, or pair of texts: lists with an entry for every token.

    Attributes:
        ids: the token ids.
        tokens: the tokens.
        offsets: (start, end) of each token, in characters of its own text (of its own word, after
            `encode_words`); (0, 0) for the special tokens of the template.
        word_ids: index of each token's word in its own text; None for special tokens.
        segment_ids: 0 or 1 as the template says; what BERT calls token types.
        sequence_ids: 0 in the first text, 1 in the second; None for special tokens.
        special_tokens_mask: 1 for the special tokens of the template, else 0.
    """

    ids: list
    tokens: list
    offsets: list
    word_ids: list
    segment_ids: list
    sequence_ids: list
    special_tokens_mask: list

    def __len__(self):
        return len(self.ids)


def encodings(found):
    """What the engine gives, as `Encoding`s."""
    return [Encoding(*_fields(encoding)) for encoding in found]
