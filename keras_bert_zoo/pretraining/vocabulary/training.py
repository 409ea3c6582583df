"""A vocabulary learnt from texts."""

import collections
import dataclasses
import json

from ...tokenizers import Tokenizer
from .blank import blank_tokenizer
from .merges import learn_merges
from .pieces import learn_pieces
from .words import count_words


@dataclasses.dataclass(frozen=True)
class VocabularyReport:
    """What a vocabulary was learnt from.

    Args:
        words: how many words there were, each as often as it was seen.
        different: how many different ones were kept.
        error: by how much the count of a word may be too low; 0 is exact.
        size: tokens of the vocabulary; less than asked for if there was nothing more to learn.
    """

    words: int
    different: int
    error: int
    size: int

    def __str__(self):
        exact = "exact" if not self.error else f"each at most {self.error:,} too low"
        return (
            f"{self.size:,} tokens from {self.words:,} words; {self.different:,} different words "
            f"were kept, their counts {exact}"
        )


def train_vocabulary(
    source,
    kind="wordpiece",
    size=8192,
    *,
    like=None,
    min_frequency=2,
    limit_alphabet=1000,
    capacity=1_000_000,
    return_report=False,
    **options,
):
    """Learns a vocabulary from texts of any amount, in memory that does not grow with them.

    The words are counted first, in a table of a fixed size; the pieces are learnt from the counts.
    WordPiece and byte-level BPE are learnt as the Rust `tokenizers` library learns them, token for
    token, and come out the same every time, which its own WordPiece does not. Unigram
    (https://arxiv.org/abs/1804.10959) is learnt by that library from the counted words.

    Args:
        source: path of a text file or a folder of `*.txt` (each line is a text, packed files are
            unpacked on the way), a list of `pathlib.Path`, or an iterable of str, the texts.
        kind: `"wordpiece"` (BERT), `"byte_bpe"` (RoBERTa) or `"unigram"` (ALBERT, XLM-R).
        size: most tokens, special ones included.
        like: a `Tokenizer` to follow in place of a kind: texts are prepared and cut into words as
            it does, and its special tokens come first, in their order. What a model that is to go
            on training needs: see `adapt_vocabulary`.
        min_frequency: pairs of pieces seen less often make no piece (WordPiece and BPE).
        limit_alphabet: most characters that are tokens of their own, the commonest ones; of a
            byte-level BPE it is the 256 bytes.
        capacity: most different words that are kept; a million take about 150 MB. See
            `BoundedCounts` for what is lost when there are more.
        return_report: whether to return a `VocabularyReport` too.
        **options: of the kind: `lowercase=True` and `strip_accents=None` (None does so exactly
            when `lowercase`) of WordPiece and Unigram, `tokenize_chinese_chars=True` of WordPiece,
            `add_prefix_space=False` of byte-level BPE.

    Returns:
        `Tokenizer`, or it and the report.

    Raises:
        FileNotFoundError, TypeError, ValueError: nothing to learn from, an option that is unknown,
            a size that has no room for the alphabet, or a `like` that cannot be followed.

    Example:

    >>> tokenizer = train_vocabulary(["low lower lowest"] * 9, size=24)
    >>> tokenizer.tokenize("lowest")
    ['lowest']
    """
    if like is not None and options:
        raise TypeError(f"{sorted(options)} are settled by `like`: leave them out, or give a kind.")
    blank = like if like is not None else blank_tokenizer(kind, **options)
    specification = blank.specification()
    learn = _learner(specification)
    counts = count_words(source, blank, capacity=capacity)
    if not len(counts):
        raise ValueError("There are no words to learn from: the texts are empty.")
    first = _first_tokens(specification)
    words, numbers = _sorted(counts, limit_alphabet if learn is not _learn_bytes else None)
    model = learn(specification["model"], first, words, numbers, size, min_frequency)
    roles = blank.get_config()["special_tokens"]
    tokenizer = Tokenizer.from_specification(_with_model(specification, model, first), roles)
    if not return_report:
        return tokenizer
    size = tokenizer.vocabulary_size
    return tokenizer, VocabularyReport(counts.total, len(counts), counts.error, size)


def _learner(specification):
    """The function that learns the pieces of such a tokenizer."""
    model, text = specification["model"], json.dumps(specification["pre_tokenizer"])
    if model.get("end_of_word_suffix"):
        raise ValueError(
            "The tokenizer marks the ends of words, and none like it can be learnt. Give a kind."
        )
    if model["type"] == "BPE":
        return _learn_bytes if '"ByteLevel"' in text else _learn_merges
    return {"WordPiece": _learn_merges, "Unigram": _learn_unigram}[model["type"]]


def _sorted(counts, limit_alphabet):
    """Words and counts in one order whatever the order of the texts, of the commonest characters.

    Characters beyond the limit are taken out of the words.
    """
    words = sorted(counts)
    numbers = [counts[word] for word in words]
    if limit_alphabet is None:
        return words, numbers
    seen = collections.Counter()
    for word, number in zip(words, numbers):
        for letter in word:
            seen[letter] += number
    if len(seen) <= limit_alphabet:
        return words, numbers
    rare = sorted(seen, key=lambda letter: (-seen[letter], letter))[limit_alphabet:]
    table, merged = str.maketrans("", "", "".join(rare)), collections.Counter()
    for word, number in zip(words, numbers):
        merged[word.translate(table)] += number
    merged.pop("", None)
    words = sorted(merged)
    return words, [merged[word] for word in words]


def _first_tokens(specification):
    """Added tokens, special ones among them, and the unknown one, in the order of their ids."""
    ids = {token["content"]: token["id"] for token in specification["added_tokens"]}
    model = specification["model"]
    if model["type"] == "Unigram":
        if model.get("unk_id") is not None:
            ids.setdefault(model["vocab"][model["unk_id"]][0], model["unk_id"])
    elif model.get("unk_token") in model["vocab"]:
        ids.setdefault(model["unk_token"], model["vocab"][model["unk_token"]])
    return sorted(ids, key=ids.get)


def _learn_merges(model, first, words, numbers, size, min_frequency, alphabet=None):
    prefix = model.get("continuing_subword_prefix") or ""
    start = list(dict.fromkeys([*first, *(alphabet or sorted(set().union(*words)))]))
    inside = {letter for word in words for letter in word[1:]} if prefix else ()
    if len(start) + len(inside) > size:
        raise ValueError(
            f"size={size} has no room for {len(start) + len(inside):,} tokens that must be: "
            f"{len(first)} special ones and the alphabet. Give a larger size, or a smaller "
            "limit_alphabet."
        )
    tokens, merges = learn_merges(
        words, numbers, start, size, prefix=prefix, min_frequency=min_frequency
    )
    ids = {token: index for index, token in enumerate(tokens)}
    learnt = {**model, "vocab": ids}
    return {**learnt, "merges": [list(pair) for pair in merges]} if "merges" in model else learnt


def _learn_bytes(*given):
    from ...tokenizers.files import rust

    return _learn_merges(*given, alphabet=sorted(rust().pre_tokenizers.ByteLevel.alphabet()))


def _learn_unigram(model, first, words, numbers, size, min_frequency):
    index = model.get("unk_id")
    index = index if index is None else first.index(model["vocab"][index][0])
    pieces = [*((token, 0.0) for token in first), *learn_pieces(words, numbers, size, first)]
    return {**model, "vocab": [list(piece) for piece in pieces], "unk_id": index}


def _with_model(specification, model, first):
    """The specification around what was learnt, with the new ids of its tokens."""
    vocabulary = model["vocab"]
    if isinstance(vocabulary, list):
        vocabulary = {piece: index for index, (piece, _) in enumerate(vocabulary)}
    added = [{**t, "id": vocabulary[t["content"]]} for t in specification["added_tokens"]]
    return {
        **specification,
        "model": model,
        "added_tokens": sorted(added, key=lambda token: token["id"]),
        "post_processor": renumbered(specification["post_processor"], vocabulary),
    }


def renumbered(processor, vocabulary):
    """A post-processor with the ids of its tokens in another vocabulary.

    Args:
        processor: JSON object, or None.
        vocabulary: token -> id.
    """
    if processor is None:
        return None
    changed = dict(processor)
    for name in ("sep", "cls"):
        if name in changed:
            changed[name] = [changed[name][0], vocabulary[changed[name][0]]]
    if isinstance(changed.get("special_tokens"), dict):
        changed["special_tokens"] = {
            name: {**token, "ids": [vocabulary[one] for one in token["tokens"]]}
            for name, token in changed["special_tokens"].items()
        }
    if "processors" in changed:
        changed["processors"] = [renumbered(one, vocabulary) for one in changed["processors"]]
    return changed
