"""BERT's tokenizer, from vocab.txt and the small JSON files that transformers keeps beside it."""

import json
import pathlib
import warnings

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
SPECIFICATION, CONFIG = "tokenizer.json", "tokenizer_config.json"
# What tokenizer_config.json says of the text, with the defaults of BertTokenizer.
_OPTIONS = {"do_lower_case": True, "strip_accents": None, "tokenize_chinese_chars": True}
FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")
# Rust's `trim_end`; Python's own `rstrip()` would also take the four separators U+001C to U+001F.
_WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def rust():
    """The `tokenizers` module, imported on first use: importing this package stays cheap."""
    try:
        import tokenizers
    except ImportError as error:
        raise ImportError(
            "keras_bert_zoo reads text with the `tokenizers` library, which is not installed: "
            "run `pip install tokenizers`."
        ) from error
    return tokenizers


def read_text(path, expected):
    """The text of a UTF-8 file; `expected` says in errors what should have been there."""
    path = pathlib.Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder; expected {expected}. Try Tokenizer.from_folder.")
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; expected {expected}.")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text ({error}); expected {expected}.") from error


def read_json(path, expected="a JSON object", missing=None):
    """The JSON object in a file, or `missing`, where given, when there is no such file."""
    if missing is not None and not pathlib.Path(path).exists():
        return missing
    text = read_text(path, expected)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error}); expected {expected}.") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds a JSON {type(value).__name__}; expected {expected}.")
    return value


def read_specification(path):
    """The JSON object of a tokenizer.json, without padding and truncation.

    Both are the packer's business, and a hostile padding length can abort the process.
    """
    expected = "a tokenizer.json as written by the `tokenizers` library"
    specification = read_json(path, expected)
    if not isinstance(specification.get("model"), dict):
        raise ValueError(f"{path} has no `model` object; expected {expected}.")
    return {**specification, "padding": None, "truncation": None}


def load(specification, origin):
    """The `tokenizers.Tokenizer` of a specification; `origin` says in errors where it is from."""
    try:
        engine = rust().Tokenizer.from_str(json.dumps(specification))
        engine.encode("a", "b")
        return engine
    except (ImportError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in Rust is not an Exception
        raise ValueError(f"{origin} is not a usable tokenizer.json: {error}") from error


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


def content(token):
    """The text of a token written as a str or as a JSON object; None stays None."""
    return token.get("content") if isinstance(token, dict) else token


def _required(names, role):
    token = content(names[role])
    if not token:
        raise ValueError(f"BERT's tokenizer needs a {role} token; {token!r} was given.")
    return token


def register(engine, names, added_tokens=()):
    """Register special and added tokens in the order and with the flags of transformers.

    `names` maps to tokens as str, JSON object or None, `added_tokens` are JSON objects; those that
    the vocabulary lacks are appended to it, and those named are special.
    """
    named = {content(token): token for token in names.values() if token}
    tokens = {token["content"]: dict(token) for token in added_tokens}
    missing = [name for name in named if engine.token_to_id(name) is None and name not in tokens]
    known = {token.content for token in engine.get_added_tokens_decoder().values()}
    for name, token in named.items():
        if name in tokens or name not in known:
            tokens.setdefault(name, dict(token) if isinstance(token, dict) else {"content": name})
            tokens[name]["special"] = True
    check_free_ids(engine, tokens)
    AddedToken = rust().AddedToken
    engine.add_tokens(
        [
            AddedToken(name, **{flag: token[flag] for flag in FLAGS if flag in token})
            for name, token in tokens.items()
        ]
    )
    if missing:
        warnings.warn(
            f"The vocabulary lacks the special tokens {missing}: they were appended with the ids "
            f"{[engine.token_to_id(token) for token in missing]}, as transformers does, so the "
            "embedding needs these rows. Name other tokens if the vocabulary calls them otherwise.",
            stacklevel=2,
        )


def check_free_ids(engine, tokens):
    """Raise ValueError where appended tokens would get ids in use.

    The library gives a new token the number of tokens as its id. A token written twice in vocab.txt
    leaves a gap, so that number is already somebody's id.
    """
    if all(engine.token_to_id(token) is not None for token in tokens):
        return
    ids = engine.get_vocab(with_added_tokens=True).values()
    if ids and max(ids) >= len(ids):
        raise ValueError(
            f"Cannot append {list(tokens)}: the vocabulary has {len(ids)} tokens but its highest "
            f"id is {max(ids)}, so a new token would share an id. Some token is written twice, or "
            'ids are skipped: give every id a token of its own, such as "[unused1]".'
        )


def from_folder(folder):
    """The `tokenizers.Tokenizer` of a folder, and role to token, by the rules of transformers 5."""
    config = read_json(folder / CONFIG, missing={})
    is_bert = _follows_bert(folder, config)
    if not (folder / SPECIFICATION).exists():
        if is_bert is False or not (folder / "vocab.txt").exists():
            found = (
                sorted(path.name for path in folder.iterdir()) if folder.is_dir() else "no folder"
            )
            raise FileNotFoundError(
                f"{folder} has no {SPECIFICATION}, and no vocab.txt of a BERT tokenizer (class "
                f"{config.get('tokenizer_class')}); found {found}. Write {SPECIFICATION} with "
                "transformers: AutoTokenizer.from_pretrained(...).save_pretrained(folder)."
            )
        return _bert_from_folder(folder, config, {})
    specification = read_specification(folder / SPECIFICATION)
    # Read by Rust even where BERT's is rebuilt from parts of it: this is what checks the file.
    engine = load(specification, folder / SPECIFICATION)
    if is_bert and type(engine.model).__name__ == "WordPiece":
        return _bert_from_folder(folder, config, specification)
    names, added_tokens = _folder_tokens(folder, config, specification)
    register(engine, names, added_tokens)
    return engine, roles(names)


def roles(names):
    """Role to token, from names such as "cls_token"."""
    return {
        role: content(names[f"{role}_token"]) for role in BERT_TOKENS if f"{role}_token" in names
    }


def _follows_bert(folder, config):
    """Whether transformers would run this folder as BertTokenizer; None where nothing says."""
    name = config.get("tokenizer_class")
    model = {} if name else read_json(folder / "config.json", missing={})
    name = name or model.get("tokenizer_class")
    if name:
        return str(name).removesuffix("Fast") in BERT_TOKENIZERS.split()
    kind = model.get("model_type")
    return str(kind) in BERT_MODELS.split() if kind else None


def _bert_from_folder(folder, config, specification):
    """The vocabulary of `specification`, else of vocab.txt, with the settings of `config`."""
    names, added_tokens = _folder_tokens(folder, config, specification)
    special = {role: names.pop(f"{role}_token", token) for role, token in BERT_TOKENS.items()}
    engine = wordpiece(
        specification["model"]["vocab"] if specification else folder / "vocab.txt",
        **_options(config, folder / CONFIG),
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


def _options(config, path):
    """The arguments of `wordpiece` in a tokenizer_config.json, with BertTokenizer's defaults."""
    options = {**_OPTIONS, **{name: config[name] for name in _OPTIONS if name in config}}
    for name, value in options.items():
        if not isinstance(value, bool) and not (name == "strip_accents" and value is None):
            raise ValueError(f"{path} says {name} is {value!r}; expected true or false.")
    return {"lowercase": options.pop("do_lower_case"), **options}


def _folder_tokens(folder, config, specification):
    """Names such as "cls_token" to tokens, and the list of added tokens, of a folder.

    By the precedence of transformers: `added_tokens_decoder` in tokenizer_config.json silences
    special_tokens_map.json, added_tokens.json and the `added_tokens` of tokenizer.json.
    """
    names, listed = _named_tokens(config), config.get("added_tokens_decoder")
    if listed is None:
        names.update(_named_tokens(read_json(folder / "special_tokens_map.json", missing={})))
        special = {content(token) for token in names.values()}
        listed = {
            index: {"content": token, "special": token in special}
            for token, index in read_json(folder / "added_tokens.json", missing={}).items()
        }
        listed.update({token["id"]: token for token in specification.get("added_tokens") or []})
    if not isinstance(listed, dict) or not all(map(_is_token_object, listed.values())):
        raise ValueError(
            f"{folder / CONFIG}: expected `added_tokens_decoder` to map ids to objects with "
            f"`content`; found {listed!s:.200}."
        )
    return names, [listed[index] for index in sorted(listed, key=int)]


def _is_token_object(value):
    return isinstance(value, dict) and isinstance(value.get("content"), str)


def _named_tokens(config):
    """The special tokens in a tokenizer_config.json or special_tokens_map.json."""
    extra = config.get("extra_special_tokens") or config.get("additional_special_tokens") or {}
    if not isinstance(extra, dict):
        extra = {f"extra {content(token)}": token for token in extra}
    names = {key: value for key, value in config.items() if key.endswith("_token")}
    return {
        key: value
        for key, value in {**names, **extra}.items()
        if value is None or isinstance(value, str) or _is_token_object(value)
    }


def describe(engine, special_tokens):
    """The tokenizer_config.json with which transformers reads this tokenizer.json to the same ids.

    Its class is BertTokenizer only where rebuilding BERT's tokenizer gives this very one; else
    PreTrainedTokenizerFast, which takes tokenizer.json as it is.
    """
    specification = json.loads(engine.to_str())
    normalizer, added_tokens = specification["normalizer"] or {}, specification["added_tokens"]
    normalizer = {**normalizer, "do_lower_case": normalizer.get("lowercase", True)}
    normalizer["tokenize_chinese_chars"] = normalizer.get("handle_chinese_chars", True)
    options = {name: normalizer.get(name) for name in _OPTIONS}
    is_bert = type(engine.model).__name__ == "WordPiece" and all(special_tokens.values())
    if is_bert:
        rebuilt = wordpiece(
            specification["model"]["vocab"],
            **_options(options, CONFIG),
            special_tokens=special_tokens,
            added_tokens=added_tokens,
        )
        is_bert = json.loads(rebuilt.to_str()) == specification
    return {
        "tokenizer_class": "BertTokenizer" if is_bert else "PreTrainedTokenizerFast",
        **(options if is_bert else {}),
        **{f"{role}_token": token for role, token in special_tokens.items()},
        "added_tokens_decoder": {
            str(token["id"]): {key: token[key] for key in ("content", *FLAGS)}
            for token in added_tokens
        },
    }
