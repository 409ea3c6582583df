"""BERT's tokenizer, from vocab.txt and the small JSON files that transformers keeps beside it."""

import json
import pathlib
import warnings

from .added_tokens import S_TOKENS, content, family_tokens, folder_tokens, register, roles
from .files import CONFIG, SPECIFICATION, flags, read_text, required_files, rust, usable

# Role -> BERT's token, in the order in which transformers appends those a vocabulary lacks.
BERT_TOKENS = {"unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]", "cls": "[CLS]", "mask": "[MASK]"}
# Values of `tokenizer_class` (less "Fast") that transformers 5 runs as BertTokenizer. For these it
# rebuilds the tokenizer from vocabulary and tokenizer_config.json, even beside a tokenizer.json.
BERT_TOKENIZERS = """
    BertTokenizer ConvBertTokenizer DistilBertTokenizer DPRContextEncoderTokenizer
    DPRQuestionEncoderTokenizer DPRReaderTokenizer ElectraTokenizer LayoutLMTokenizer
    LxmertTokenizer MobileBertTokenizer SqueezeBertTokenizer
"""
# Values of `model_type` that AutoTokenizer maps to one of them when no tokenizer_class is written.
BERT_MODELS = """
    bert convbert distilbert dpr electra ernie layoutlm lxmert megatron-bert mobilebert nezha
    nomic_bert qdqbert realm retribert squeezebert visual_bert
"""
# What tokenizer_config.json says of the text, with the defaults of BertTokenizer.
OPTIONS = {"do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True}
# Rust's `trim_end`; Python's own `rstrip()` would also take the four separators U+001C to U+001F.
_WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def read_vocabulary(path):
    """Token to id from a vocab.txt: one token a line, the line's number is its id.

    As in transformers 5, white space at the end of a line is cut: not the line's end alone, as its
    release 4 did, so that a token before a stray space is found. Of a token written twice, the
    last line counts.

    Raises:
        FileNotFoundError, ValueError: the file is missing, empty, or not UTF-8 without a BOM.
    """
    text = read_text(path, "a vocab.txt with one token a line")
    if text.startswith("\ufeff"):
        raise ValueError(
            f"{path} starts with a byte order mark, which would become part of its first token: "
            "save the file as UTF-8 without BOM."
        )
    lines = text.removesuffix("\n").split("\n")
    if not text.strip():
        raise ValueError(f"{path} is empty; expected a vocab.txt with one token a line.")
    return {line.rstrip(_WHITE_SPACE): index for index, line in enumerate(lines)}


def _as_vocabulary(vocabulary):
    if isinstance(vocabulary, (str, pathlib.PurePath)):
        return read_vocabulary(vocabulary)
    if isinstance(vocabulary, dict):
        return vocabulary
    tokens = list(vocabulary)
    for index, token in enumerate(tokens):
        if not isinstance(token, str):
            raise TypeError(
                f"vocabulary[{index}] is {token!r} ({type(token).__name__}); "
                "expected a path to a vocab.txt, or a list of str."
            )
    return {token: index for index, token in enumerate(tokens)}


def wordpiece(
    vocabulary,
    lowercase=True,
    strip_accents=None,
    tokenize_chinese_chars=True,
    clean_text=True,
    max_characters_per_word=100,
    special_tokens=None,
    added_tokens=(),
):
    """Build BERT's tokenizer over a vocabulary, equal to transformers' BertTokenizerFast.

    Args:
        vocabulary: path to a vocab.txt, list of tokens, or dict of token to id.
        lowercase: lower-case the text.
        strip_accents: remove accents; None does so exactly when `lowercase`.
        tokenize_chinese_chars: make every CJK ideograph a word.
        clean_text: drop control characters and make all white space a space.
        max_characters_per_word: longer words become the unknown token.
        special_tokens: role ("unk", "sep", "pad", "cls", "mask") to token, a str or the JSON
            object of an added token; None for a role without token. BERT's own by default.
        added_tokens: further tokens matched whole in the text, as JSON objects.

    Returns:
        A `tokenizers.Tokenizer` whose template is [CLS] $A [SEP] $B:1 [SEP]:1.

    Raises:
        ValueError: the vocabulary lacks the unknown token, or has no free ids for new tokens.

    Example:
    >>> engine = wordpiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hi"])
    >>> engine.encode("Hi").tokens
    ['[CLS]', 'hi', '[SEP]']
    """
    names = {**BERT_TOKENS, **(special_tokens or {})}
    unk, cls, sep = (_required(names, role) for role in ("unk", "cls", "sep"))
    vocabulary = _as_vocabulary(vocabulary)
    if unk not in vocabulary:
        raise ValueError(
            f"The vocabulary of {len(vocabulary)} tokens lacks the unknown token {unk!r}: add it, "
            'or name another with special_tokens={"unk": ...}.'
        )
    library = rust()
    model = library.models.WordPiece(
        vocabulary, unk_token=unk, max_input_chars_per_word=max_characters_per_word
    )
    engine = library.Tokenizer(model)
    engine.normalizer = library.normalizers.BertNormalizer(
        clean_text=clean_text,
        handle_chinese_chars=tokenize_chinese_chars,
        strip_accents=strip_accents,
        lowercase=lowercase,
    )
    engine.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
    engine.decoder = library.decoders.WordPiece(prefix="##")
    register(engine, names, added_tokens)
    engine.post_processor = library.processors.TemplateProcessing(
        single=f"{cls}:0 $A:0 {sep}:0",
        pair=f"{cls}:0 $A:0 {sep}:0 $B:1 {sep}:1",
        special_tokens=[(token, engine.token_to_id(token)) for token in (cls, sep)],
    )
    return engine


def _required(names, role):
    token = content(names[role])
    if not token:
        raise ValueError(f"BERT's tokenizer needs a {role} token; {token!r} was given.")
    return token


def bert_from_folder(folder, config, specification):
    """The vocabulary of `specification`, else of vocab.txt, with the settings of `config`."""
    if not specification:
        required_files(folder, "vocab.txt")
    names, added_tokens = folder_tokens(folder, config, specification)
    special = {role: names.pop(f"{role}_token", token) for role, token in BERT_TOKENS.items()}
    engine = wordpiece(
        specification["model"]["vocab"] if specification else folder / "vocab.txt",
        **bert_options(config, folder / CONFIG),
        special_tokens={**special, **names},
        added_tokens=added_tokens,
    )
    asked, found = json.loads(engine.normalizer.__getstate__()), specification.get("normalizer")
    if found not in (None, asked):
        warnings.warn(
            f"{folder}: {SPECIFICATION} normalizes with {found} but {CONFIG} asks for {asked}, "
            "which is used, as transformers does. Make the two files agree.",
            stacklevel=2,
        )
    return engine, {role: content(token) for role, token in special.items()}


def bert_options(config, path):
    """The arguments of `wordpiece` in a tokenizer_config.json, with BertTokenizer's defaults."""
    options = flags(config, OPTIONS, path)
    return {"lowercase": options.pop("do_lower_case"), **options}


def mpnet_from_folder(folder, config, specification):
    """MPNet: BERT's word pieces between RoBERTa's special tokens, but for [UNK].

    Args, returns and raises as `kinds.Kind.build`.
    """
    options = flags(config, OPTIONS, folder / CONFIG)
    defaults = {**S_TOKENS, "unk_token": "[UNK]"}
    names, added_tokens = family_tokens(defaults, folder, config, specification, greedy_mask=True)
    if specification:
        vocabulary = specification["model"]["vocab"]
    else:
        vocabulary = read_vocabulary(*required_files(folder, "vocab.txt"))
    library = rust()

    def build():
        unk, cls, sep = (content(names[f"{role}_token"]) for role in ("unk", "cls", "sep"))
        engine = library.Tokenizer(library.models.WordPiece(vocabulary, unk_token=str(unk)))
        engine.normalizer = library.normalizers.BertNormalizer(
            clean_text=True,
            handle_chinese_chars=options["tokenize_chinese_chars"],
            strip_accents=options["strip_accents"],
            lowercase=options["do_lower_case"],
        )
        engine.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
        engine.decoder = library.decoders.WordPiece(prefix="##")
        register(engine, names, added_tokens)
        ends = [(token, engine.token_to_id(token)) for token in (sep, cls)]
        engine.post_processor = library.processors.RobertaProcessing(*ends, True, False)
        return engine

    return usable(build, folder), roles(names)
