"""BPE over words: BERTweet and PhoBERT, from vocab.txt and bpe.codes; XLM, from two others."""

import re

from . import byte_bpe
from .added_tokens import S_TOKENS, content, family_tokens, register, roles
from .files import CONFIG, flags, read_json, read_text, required_files, rust, usable
from .moses import MosesWords
from .tweets import normal_tweet
from .word_engine import END, WordEngine

FILES = ("vocab.txt", "bpe.codes")
# The tokens of the first ids, which vocab.txt does not list.
# XLM's tokens; those that are called "extra" have no role, but are special too.
XLM_TOKENS = {
    "bos_token": "<s>",
    "unk_token": "<unk>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "cls_token": "</s>",
    "mask_token": "<special1>",
}
_XLM_EXTRA = {f"extra <special{index}>": f"<special{index}>" for index in range(10)}
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
    vocabulary = read_vocabulary(files["vocab.txt"], paths[0], first)
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


def xlm_from_folder(folder, config, specification):
    """XLM: <s> A </s>, and <s> A </s> B </s>.

    Args, returns and raises as `kinds.Kind.build`.
    """
    options = flags(config, {"do_lowercase_and_remove_accent": True}, folder / CONFIG)
    language = config.get("language", "en")
    prepare = MosesWords(language, options["do_lowercase_and_remove_accent"])
    paths = required_files(folder, *byte_bpe.FILES)
    files = {path.name: _lines(path) for path in paths}
    names, added_tokens = family_tokens(XLM_TOKENS, folder, config, {})
    if not any(name.startswith("extra ") for name in names):
        names.update(_XLM_EXTRA)
    vocabulary = byte_bpe.checked_vocabulary(read_json(paths[0]), paths[0])
    merges = read_codes(files["merges.txt"], paths[1])
    written = {"tokenizer_class": "XLMTokenizer", **options, "language": language, **names}
    extra = [name for name in names if name.startswith("extra ")]
    written["additional_special_tokens"] = [content(written.pop(name)) for name in extra]
    bos, sep, unk = (content(names[f"{role}_token"]) for role in ("bos", "sep", "unk"))

    def build():
        engine = WordEngine(vocabulary, merges, unk, str, _join_pieces, prepare, files, written)
        register(engine, names, added_tokens)
        engine.put(
            lambda index: rust().processors.TemplateProcessing(
                single=[bos, "$A", sep],
                pair=[bos, "$A", sep, "$B:1", f"{sep}:1"],
                special_tokens=[(token, index(token)) for token in (bos, sep)],
            )
        )
        return engine

    return usable(build, folder), roles(names)


def _lines(path):
    return re.sub("\r\n?", "\n", read_text(path, f"the {path.name} of a tokenizer of words"))


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


def _join_pieces(tokens):
    return "".join(tokens).replace(END, " ").strip()


def _join(tokens):
    return " ".join(tokens).replace("@@ ", "").strip()
