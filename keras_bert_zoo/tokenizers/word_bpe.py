"""BERTweet and PhoBERT: BPE over words, from vocab.txt and bpe.codes."""

import re

from .added_tokens import S_TOKENS, content, family_tokens, register, roles
from .files import CONFIG, flags, read_text, required_files, rust, usable
from .tweets import normal_tweet
from .word_engine import END, WordEngine

FILES = ("vocab.txt", "bpe.codes")
# The tokens of the first ids, which vocab.txt does not list.
_FIRST = ("bos_token", "pad_token", "eos_token", "unk_token")


def bertweet_from_folder(folder, config, specification):
    """BERTweet: <s> A </s>, and <s> A </s></s> B </s>, of tweets in its spelling if asked for.

    Args, returns and raises as `kinds.Kind.build`.
    """
    options = flags(config, {"normalization": False}, folder / CONFIG)
    prepare = normal_tweet if options["normalization"] else None
    return _from_folder(folder, config, "BertweetTokenizer", prepare, options)


def phobert_from_folder(folder, config, specification):
    """PhoBERT: the same, of Vietnamese whose words were joined with "_" before."""
    return _from_folder(folder, config, "PhobertTokenizer", None, {})


def _from_folder(folder, config, name, prepare, options):
    paths = required_files(folder, *FILES)
    files = {path.name: _lines(path) for path in paths}
    names, added_tokens = family_tokens(S_TOKENS, folder, config, {})
    first = [content(names[role]) for role in _FIRST]
    vocabulary, merges = read_vocabulary(files["vocab.txt"], paths[0], first), None
    merges = read_codes(files["bpe.codes"], paths[1])
    written = {"tokenizer_class": name, **options, **names}

    def build():
        engine = WordEngine(vocabulary, merges, first[3], _spell, _join, prepare, files, written)
        register(engine, names, added_tokens, expected=[content(names["mask_token"])])
        sep, cls = (content(names[f"{role}_token"]) for role in ("sep", "cls"))
        engine.put(
            lambda index: rust().processors.RobertaProcessing(
                (sep, index(sep)), (cls, index(cls)), trim_offsets=False, add_prefix_space=False
            )
        )
        return engine

    return usable(build, folder), roles(names)


def _lines(path):
    return re.sub("\r\n?", "\n", read_text(path, f"the {path.name} of a BERTweet"))


def read_vocabulary(text, path, first):
    """Token to id from a vocab.txt with "token count" on each line, after the `first` tokens."""
    vocabulary = {token: index for index, token in enumerate(first)}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        token, space, _ = line.strip().rpartition(" ")
        if not space:
            raise ValueError(f"{path}: line {number} is {line!r:.80}; expected a token, a count.")
        vocabulary[token] = len(vocabulary)
    return vocabulary


def read_codes(text, path):
    """Pairs of pieces in the order in which they are merged: two, and mostly a count, on a line.

    Like the tools, this takes no last line that has no end. transformers writes lines without
    counts, and then reads them as no pairs at all; here they are the pairs that they were.
    """
    merges = {}
    for number, line in enumerate(text.split("\n")[:-1], 1):
        pieces = line.split()
        if len(pieces) not in (2, 3):
            raise ValueError(
                f"{path}: line {number} is {line!r:.80}; expected two pieces and a count."
            )
        merges.pop(tuple(pieces[:2]), None)  # of a pair written twice, the last line counts
        merges[tuple(pieces[:2])] = None
    return list(merges)


def _spell(piece):
    return piece.removesuffix(END) if piece.endswith(END) else f"{piece}@@"


def _join(tokens):
    return " ".join(tokens).replace("@@ ", "").strip()
