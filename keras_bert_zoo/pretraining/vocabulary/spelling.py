"""What a token stands for, and how another tokenizer spells that: word pieces, bytes, pieces."""

import json

from ...tokenizers.files import load
from ...tokenizers.unigram import SPACE

WORDPIECE, BYTES, METASPACE, PLAIN = "wordpiece", "bytes", "metaspace", "plain"


class Spelling:
    """How a tokenizer writes words as tokens.

    Args:
        tokenizer: `keras_bert_zoo.Tokenizer`.

    Example:

    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##known", "##un"]
    >>> spelling = Spelling(Tokenizer.from_vocabulary(words))
    >>> spelling.ids("unknown", starts_word=True), spelling.ids("unknown", starts_word=False)
    ([5, 6], [7, 6])
    """

    def __init__(self, tokenizer):
        self.tokenizer, self.ids_of = tokenizer, tokenizer.vocabulary()
        self.special = set(tokenizer.special_ids)
        self.special |= {self.ids_of.get(token) for token in roles_of(tokenizer).values()}
        self.model = self.normalizer = None
        self.marks, self.prefix = PLAIN, ""
        try:
            specification = tokenizer.specification()
        except ValueError:  # BERTweet's and its like: nothing but texts can be asked
            return
        engine = load(specification, "the tokenizer")
        self.model, self.normalizer = engine.model, engine.normalizer
        self.marks, self.prefix = _marks(specification)

    def meaning(self, token):
        """`(text, whether a word begins with it)` of one of the tokenizer's tokens."""
        if self.marks == WORDPIECE:
            return token.removeprefix(self.prefix), not token.startswith(self.prefix)
        if self.marks == METASPACE:
            return token.replace(SPACE, " ").strip(), token.startswith(SPACE)
        if self.marks == BYTES:
            text = self.tokenizer.decode([self.ids_of[token]], skip_special_tokens=False)
            return text.strip() or text, text[:1].isspace()
        return token, True

    def written(self, token):
        """Ids of the pieces that this tokenizer's own model writes a token of the same marks with.

        Empty if one is missing.
        """
        if self.model is None:
            return []
        if self.marks == WORDPIECE and token.startswith(self.prefix) and token != self.prefix:
            return self._inside(token.removeprefix(self.prefix))
        return self._known([piece.id for piece in self.model.tokenize(token)], whole=True)

    def ids(self, text, starts_word):
        """Ids of a text, without special tokens and those for what is not known."""
        if not text or "\ufffd" in text:  # a part of a character
            return []
        if not starts_word and self.model is not None and self.marks in (WORDPIECE, METASPACE):
            plain = self.normalizer.normalize_str(text) if self.normalizer else text
            if self.marks == WORDPIECE:
                found = self._inside(plain)
            else:
                found = self._known([piece.id for piece in self.model.tokenize(plain)], whole=True)
            if found:
                return found
        space = " " if starts_word and self.marks == BYTES else ""
        return self._known(self.tokenizer.ids_batch([space + text])[0])

    def _known(self, ids, whole=False):
        known = [index for index in ids if index not in self.special]
        return [] if whole and len(known) < len(ids) else known

    def _inside(self, text):
        """The longest pieces that go on with a word, left to right; empty if there are none."""
        ids, start = [], 0
        while start < len(text):
            ends = range(len(text), start, -1)
            found = (self.ids_of.get(self.prefix + text[start:end]) for end in ends)
            index, end = next(((i, e) for i, e in zip(found, ends) if i is not None), (None, 0))
            if index is None:
                return []
            ids.append(index)
            start = end
        return ids


def _marks(specification):
    """`(how tokens say that a word begins or goes on, what they begin with to say so)`."""
    model, text = specification["model"], json.dumps(specification["pre_tokenizer"])
    prefix = model.get("continuing_subword_prefix") or ""
    if model["type"] == "WordPiece" and prefix:
        return WORDPIECE, prefix
    if '"ByteLevel"' in text:
        return BYTES, ""
    return (METASPACE if '"Metaspace"' in text else PLAIN), ""


def roles_of(tokenizer):
    """Role -> token, of the roles that there is a token for."""
    special = tokenizer.get_config()["special_tokens"]
    return {role: token for role, token in special.items() if token is not None}
