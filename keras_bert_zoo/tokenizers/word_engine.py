"""BPE over words whose last piece ends in "</w>": what fastBPE and subword-nmt learn."""

import dataclasses
import functools
import re

from .aligned import Aligned
from .files import rust
from .texts import without_surrogates

END = "</w>"
# No word has a space, so no piece is called this.
_UNKNOWN = " unknown"
# What `str.isspace` says; Rust's \s lacks U+001C to U+001F.
_WHITE_SPACE = "\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# A line's end right after a word belongs to the word, as in the tools.
_WORD = rf"[^{_WHITE_SPACE}]+\n?"


@dataclasses.dataclass(frozen=True)
class Row:
    """One tokenized text or pair, with the fields of the Rust library's `Encoding`."""

    ids: list
    tokens: list
    offsets: list
    word_ids: list
    type_ids: list
    sequence_ids: list
    special_tokens_mask: list


class WordEngine:
    """Such a tokenizer, used like a `tokenizers.Tokenizer`.

    The Rust library needs an id for every piece that merging passes through; these vocabularies
    have none for those that no text was left with. So it works with ids of its own, one for each
    piece, and `ids` says which is which token's, the unknown one's for those without.

    Args:
        vocabulary: token to id.
        merges: pairs of pieces in the order in which they are merged.
        unknown: the unknown token.
        spell: function of a piece that returns how the vocabulary writes it.
        join: function of a list of tokens that returns a text.
        prepare: function of an `Aligned` that returns another: what is done to a text before, and
            to each of the parts between the special tokens in it. None for nothing.
        files: name to text: what it was read from, to write it again.
        config: what tokenizer_config.json says beside the special tokens.

    Special tokens are found in what `prepare` made of a text too.
    """

    def __init__(self, vocabulary, merges, unknown, spell, join, prepare, files, config):
        library = rust()
        letters = sorted({letter for token in vocabulary for letter in token})
        pieces = [_UNKNOWN, *letters, *(letter + END for letter in letters)]
        pieces += [piece for a, b in merges for piece in (a, b, a + b)]
        pieces = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
        model = library.models.BPE(pieces, merges, unk_token=_UNKNOWN, end_of_word_suffix=END)
        self.inner = library.Tokenizer(model)
        self.inner.pre_tokenizer = library.pre_tokenizers.Split(
            library.Regex(_WORD), "removed", invert=True
        )
        self.vocabulary, self.tokens = dict(vocabulary), {v: k for k, v in vocabulary.items()}
        self.ids = [vocabulary.get(spell(piece), vocabulary[unknown]) for piece in pieces]
        self.ids[pieces[_UNKNOWN]] = vocabulary[unknown]
        self.join, self.prepare, self.files, self.config = join, prepare, files, config
        self.post_processor = None

    def put(self, template):
        """Set the template: a function of token -> id that returns a post-processor."""
        self.post_processor = template(self.token_to_id)
        self.inner.post_processor = template(self.inner.token_to_id)

    def token_to_id(self, token):
        return self.vocabulary.get(token)

    def id_to_token(self, index):
        return self.tokens.get(index)

    def get_vocab(self, with_added_tokens=True):
        return dict(self.vocabulary)

    def get_added_tokens_decoder(self):
        added = self.inner.get_added_tokens_decoder()
        return {self.ids[index]: token for index, token in added.items()}

    def add_tokens(self, tokens, add=None):
        for token in tokens:
            name = token if isinstance(token, str) else token.content
            index = self.vocabulary.setdefault(name, len(self.vocabulary))
            self.tokens[index] = name
            (add or self.inner.add_tokens)([token])
            place = self.inner.token_to_id(name)
            self.ids += [None] * (place + 1 - len(self.ids))
            self.ids[place] = index

    def add_special_tokens(self, tokens):
        self.add_tokens(tokens, self.inner.add_special_tokens)

    def encode(self, text, pair=None):
        return self.encode_batch([text if pair is None else (text, pair)])[0]

    def encode_batch(self, texts, add_special_tokens=True, is_pretokenized=False):
        prepared = self._prepared(texts)
        found = self.inner.encode_batch(_plain(prepared), is_pretokenized, add_special_tokens)
        rows = []
        for given, row in zip(prepared, found):
            ids = [self.ids[index] for index in row.ids]
            tokens = [self.tokens[index] for index in ids]
            spans = row.offsets if self.prepare is None else _spans(given, row, is_pretokenized)
            rest = (row.word_ids, row.type_ids, row.sequence_ids, row.special_tokens_mask)
            rows.append(Row(ids, tokens, spans, *rest))
        return rows

    def encode_batch_fast(self, texts, add_special_tokens=True, is_pretokenized=False):
        given = _plain(self._prepared(texts))
        found = self.inner.encode_batch_fast(given, is_pretokenized, add_special_tokens)
        rest = ((),) * (len(dataclasses.fields(Row)) - 1)
        return [Row([self.ids[index] for index in row.ids], *rest) for row in found]

    def decode_batch(self, batch, skip_special_tokens=True):
        added = self.get_added_tokens_decoder()
        special = {index for index, token in added.items() if token.special}
        left_out = special if skip_special_tokens else ()
        texts = []
        for ids in batch:
            if not all(isinstance(index, int) and index >= 0 for index in ids):
                raise TypeError("an id is no integer of 0 or more")
            found = (self.tokens.get(index) for index in ids if index not in left_out)
            texts.append(self.join([token for token in found if token is not None]))
        return texts

    def _prepared(self, texts):
        if self.prepare is None:
            return texts
        names = {token.content for token in self.inner.get_added_tokens_decoder().values()}
        longest_first = sorted(names, key=len, reverse=True)
        special = re.compile(f"({'|'.join(map(re.escape, longest_first))})")
        return _each(functools.partial(self._prepared_text, special), texts)

    def _prepared_text(self, special, text):
        made, place = Aligned(""), 0
        for number, part in enumerate(special.split(text)):
            end = place + len(part)
            part = Aligned(part, [(i, i + 1) for i in range(place, end)])
            made += part if number % 2 else self.prepare(part)
            place = end
        return made


def _each(function, value):
    """What a function makes of each text in lists and tuples of them."""
    if isinstance(value, (list, tuple)):
        return type(value)(_each(function, one) for one in value)
    return function(value)


def _plain(prepared):
    """The texts alone. An entity of HTML may have become a surrogate."""
    return _each(lambda x: without_surrogates(x.text) if isinstance(x, Aligned) else x, prepared)


def _spans(given, row, is_pretokenized):
    """The offsets of a row, in the texts as the caller gave them."""
    parts, spans = given if isinstance(given, tuple) else (given,), []
    for part, word, (start, end) in zip(row.sequence_ids, row.word_ids, row.offsets):
        if part is None:
            spans.append((0, 0))
            continue
        text = parts[part][word] if is_pretokenized else parts[part]
        spans.append(text.span(start, end))
    return spans
