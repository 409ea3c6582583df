"""Tokenizers of each kind before anything is learnt: all but their pieces."""

import json

from ...errors import unknown_name
from ...tokenizers import Tokenizer
from ...tokenizers.files import rust
from ...tokenizers.unigram import SPACE
from ...tokenizers.wordpiece import BERT_TOKENS

# Role -> token, in the order of the ids: the order of the published models of each kind.
WORDPIECE = {role: BERT_TOKENS[role] for role in ("pad", "unk", "cls", "sep", "mask")}
BYTE_BPE = {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>", "mask": "<mask>"}
UNIGRAM = {"pad": "<pad>", "unk": "<unk>", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}


def blank_tokenizer(kind, **options):
    """A tokenizer with special tokens and nothing else.

    Args:
        kind: `"wordpiece"`, BERT's; `"byte_bpe"`, RoBERTa's; `"unigram"`, with ALBERT's tokens.
        **options: `lowercase`, `strip_accents`, and `tokenize_chinese_chars` of the first;
            `add_prefix_space` of the second; `lowercase` and `strip_accents` of the third.

    Raises:
        TypeError: an option that the kind does not have.
        ValueError: an unknown kind.
    """
    if kind not in KINDS:
        raise unknown_name("kind of vocabulary", kind, KINDS)
    build, known = KINDS[kind]
    if unknown := sorted(set(options) - set(known)):
        raise TypeError(f"{kind} has no {unknown}. It may be told: {', '.join(known)}.")
    return build(**options)


def _wordpiece(**options):
    return Tokenizer.from_vocabulary(list(WORDPIECE.values()), **options)


def _byte_bpe(add_prefix_space=False):
    library = rust()
    ids = {token: index for index, token in enumerate(BYTE_BPE.values())}
    engine = library.Tokenizer(library.models.BPE(ids, []))
    engine.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    engine.decoder = library.decoders.ByteLevel()
    ends = [(BYTE_BPE[role], ids[BYTE_BPE[role]]) for role in ("sep", "cls")]
    engine.post_processor = library.processors.RobertaProcessing(*ends, True, add_prefix_space)
    return _tokenizer(engine, BYTE_BPE)


def _unigram(lowercase=True, strip_accents=None):
    library = rust()
    normalizers, pre = library.normalizers, library.pre_tokenizers
    pieces = [(token, 0.0) for token in UNIGRAM.values()]
    engine = library.Tokenizer(library.models.Unigram(pieces, list(UNIGRAM).index("unk"), False))
    steps = [normalizers.NFKC()]
    if lowercase if strip_accents is None else strip_accents:
        steps = [normalizers.NFKD(), normalizers.StripAccents()]
    engine.normalizer = normalizers.Sequence(steps + [normalizers.Lowercase()] * lowercase)
    engine.pre_tokenizer = pre.Sequence([pre.WhitespaceSplit(), pre.Metaspace(SPACE, "always")])
    engine.decoder = library.decoders.Metaspace(SPACE, "always")
    cls, sep = UNIGRAM["cls"], UNIGRAM["sep"]
    engine.post_processor = library.processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
        special_tokens=[(token, engine.token_to_id(token)) for token in (cls, sep)],
    )
    return _tokenizer(engine, UNIGRAM)


def _tokenizer(engine, roles):
    """With the roles' tokens special; the mask takes the white space before it along."""
    special = {"special": True, "normalized": False}
    engine.add_special_tokens(
        [rust().AddedToken(t, lstrip=role == "mask", **special) for role, t in roles.items()]
    )
    return Tokenizer.from_specification(json.loads(engine.to_str()), roles)


_TEXT = ("lowercase", "strip_accents")
KINDS = {
    "wordpiece": (_wordpiece, (*_TEXT, "tokenize_chinese_chars")),
    "byte_bpe": (_byte_bpe, ("add_prefix_space",)),
    "unigram": (_unigram, _TEXT),
}
