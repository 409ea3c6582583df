"""How often each word of a text of any length is seen."""

import collections
import re

from ...tokenizers.texts import without_surrogates
from .bounded_counts import BoundedCounts
from .texts import texts_in

# White space, but for the control characters among it: BERT takes those out, and joins what is
# on both sides. `str.split` would cut there.
_PLAIN = " \t\n\r\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CONTROLS = "\x0b\x0c\x85"
_FIELDS, _NOT_FOR_SPLIT = re.compile(f"[^{_PLAIN}]+"), re.compile(f"[{_CONTROLS}\x1c-\x1f]")
_SPACE = _PLAIN + _CONTROLS  # as Rust's \s
_RUNS = re.compile(f"[{_SPACE}]*[^{_SPACE}]+|[{_SPACE}]+")
# How many different stretches of text wait to be cut into words, each once; and how many
# characters of whole texts, where nothing may be cut.
_BUFFER, _CHARACTERS = 300_000, 50_000_000
_NO_MODEL = {
    "type": "WordPiece",
    "vocab": {"[UNK]": 0},
    "unk_token": "[UNK]",
    "continuing_subword_prefix": "##",
    "max_input_chars_per_word": 100,
}
# These look at a character and its accents alone, never beyond white space.
_LOCAL = ("BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents")
_LOCAL += ("Precompiled", "Nmt")


def count_words(source, tokenizer, *, capacity=1_000_000):
    """Counts the words that a tokenizer cuts texts into, before it looks for pieces.

    Args:
        source: see `texts_in`.
        tokenizer: `keras_bert_zoo.Tokenizer`, whose normalizer and pre-tokenizer are used.
        capacity: most different words that are kept; a million take about 150 MB.

    Returns:
        `BoundedCounts`.

    Raises:
        FileNotFoundError, TypeError, ValueError: what there is to read is not as it must be.
    """
    words_of, counts, waiting = _Words(tokenizer), BoundedCounts(capacity), collections.Counter()
    characters = 0  # of texts that wait as they are, which may be long
    for text in texts_in(source):
        waiting.update(words_of.stretches(text))
        characters += len(text) if words_of.cut is None else 0
        if len(waiting) > _BUFFER or characters > _CHARACTERS:
            counts.add(words_of.counted(waiting))
            waiting.clear()
            characters = 0
    counts.add(words_of.counted(waiting))
    return counts


class _Words:
    """Cuts texts into words, the same stretch of text only once.

    A text is cut at its white space first, which is fast, where that is known to change nothing:
    every word of BERT's lies between white space, and in byte-level BPE and SentencePiece's pieces
    white space belongs to the word after it.
    """

    def __init__(self, tokenizer):
        from ...tokenizers.files import load

        specification = {**tokenizer.specification(), "added_tokens": [], "post_processor": None}
        specification["model"] = _NO_MODEL
        self.engine = load(specification, "the tokenizer")
        self.cut = _cut_of(specification)

    def stretches(self, text):
        if self.cut is None:
            return [text]
        if self.cut is _FIELDS and not _NOT_FOR_SPLIT.search(text):
            return text.split()  # the same, faster
        return self.cut.findall(text)

    def counted(self, stretches):
        """Word -> count, from stretch -> count."""
        words = collections.defaultdict(int)
        for text, count in stretches.items():
            try:
                parts = self._parts(text)
            except (TypeError, UnicodeEncodeError):  # a lone surrogate, read as U+FFFD
                parts = self._parts(without_surrogates(text))
            for word, _ in parts:
                words[word] += count
        words.pop("", None)
        return words

    def _parts(self, text):
        normalizer, cutter = self.engine.normalizer, self.engine.pre_tokenizer
        text = text if normalizer is None else normalizer.normalize_str(text)
        return [(text, None)] if cutter is None else cutter.pre_tokenize_str(text)


def _cut_of(specification):
    """What may be cut without changing the words; None where that is not known."""
    normalizers = _steps(specification["normalizer"], "normalizers")
    steps = _steps(specification["pre_tokenizer"], "pretokenizers")
    if not steps or any(step["type"] not in _LOCAL for step in normalizers):
        return None
    if any(step.get("prepend_scheme") == "first" for step in steps):  # the text's, not a part's
        return None
    first = steps[0]["type"]
    if first in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit"):
        return _FIELDS
    alone = [step["type"] for step in steps] == ["ByteLevel"] and steps[0].get("use_regex", True)
    return _RUNS if alone and not steps[0]["add_prefix_space"] else None


def _steps(part, name):
    if part is None:
        return []
    return [step for one in part[name] for step in _steps(one, name)] if name in part else [part]
