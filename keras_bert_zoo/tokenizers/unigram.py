"""SentencePiece's Unigram: ALBERT, XLM-R, CamemBERT, DeBERTa 2 and 3, and XLNet."""

import base64
import dataclasses
import json

from .added_tokens import CLS_TOKENS, S_TOKENS, content, family_tokens, register, roles
from .files import CONFIG, SPECIFICATION, flags, required_files, rust, usable
from .sentencepiece_model import (
    CONTROL,
    MODEL_TYPES,
    USER_DEFINED,
    check_charsmap,
    read_sentencepiece,
)

SPACE = "▁"
ALBERT_TOKENS = {**CLS_TOKENS, "unk_token": "<unk>", "pad_token": "<pad>"}
XLNET_TOKENS = {**S_TOKENS, "sep_token": "<sep>", "cls_token": "<cls>"}
# Made special where tokenizer.json, rather than a .model, holds the vocabulary.
CAMEMBERT_EXTRAS = ("<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED")
XLNET_EXTRAS = ("<eop>", "<eod>")


@dataclasses.dataclass(frozen=True)
class Source:
    """What a file holds, before the family has its say.

    Args:
        pieces: list of (piece, score).
        charsmap: bytes; b"" if there is none.
        unk_id: id of the unknown piece, as a .model says; None from a tokenizer.json.
        added: control and user-defined pieces of a .model, as JSON objects; None otherwise.
        post_processor: that of a tokenizer.json.
    """

    pieces: list
    charsmap: bytes = b""
    unk_id: int | None = None
    added: list | None = None
    post_processor: object = None


def albert_from_folder(folder, config, specification):
    """ALBERT: quotes, accents and case are made plain; [CLS] A [SEP] B [SEP].

    Args, returns and raises as `kinds.Kind.build`.
    """
    defaults = {"do_lower_case": True, "keep_accents": False, "add_prefix_space": True}
    options = flags(config, defaults, folder / CONFIG)
    source = read_source(folder, specification, "spiece.model")
    names, added_tokens = family_tokens(ALBERT_TOKENS, folder, config, specification)

    def build():
        engine = _engine(source.pieces, 1)
        engine.normalizer = _plain_quotes(source, **options)
        _metaspace(engine, "always" if options["add_prefix_space"] else "never")
        if source.post_processor is None:
            cls, sep = (content(names[f"{role}_token"]) for role in ("cls", "sep"))
            ids = {"[CLS]": engine.token_to_id(cls), "[SEP]": engine.token_to_id(sep)}
            engine.post_processor = _segments(ids, "[CLS]", "[SEP]")
        else:
            engine.post_processor = source.post_processor
        register(engine, names, added_tokens, _extras(config, source, ()))
        return engine

    return usable(build, folder), roles(names)


def xlm_roberta_from_folder(folder, config, specification):
    """XLM-R: <s> A </s></s> B </s>; the .model's first three pieces make way for fairseq's four.

    Args, returns and raises as `kinds.Kind.build`.
    """
    source = read_source(folder, specification, "sentencepiece.bpe.model")
    names, added_tokens = family_tokens(S_TOKENS, folder, config, specification)
    text = {name: str(content(token)) for name, token in names.items()}
    pieces = source.pieces
    if not specification:
        first = ("bos_token", "pad_token", "eos_token", "unk_token")
        pieces = [*((text[name], 0.0) for name in first), *pieces[3:], (text["mask_token"], 0.0)]
    return _fairseq(folder, config, source, names, added_tokens, pieces, 3, ())


def camembert_from_folder(folder, config, specification):
    """CamemBERT: as XLM-R, but that five pieces come first, and the mask takes the space before it.

    Args, returns and raises as `kinds.Kind.build`.
    """
    source = read_source(folder, specification, "sentencepiece.bpe.model")
    names, added_tokens = family_tokens(S_TOKENS, folder, config, specification, greedy_mask=True)
    text = {name: str(content(token)) for name, token in names.items()}
    pieces = source.pieces
    if not specification:
        first = ("<s>NOTUSED", text["pad_token"], "</s>NOTUSED", text["unk_token"])
        pieces = [
            *((piece, 0.0) for piece in first),
            ("<unk>NOTUSED", -100.0),
            *pieces[1:],
            (text["mask_token"], 0.0),
        ]
    unk = next((i for i, (piece, _) in enumerate(pieces) if piece == text["unk_token"]), 0)
    return _fairseq(folder, config, source, names, added_tokens, pieces, unk, CAMEMBERT_EXTRAS)


def _fairseq(folder, config, source, names, added_tokens, pieces, unk_id, extras):
    options = flags(config, {"add_prefix_space": True}, folder / CONFIG)

    def build():
        library, engine = rust(), _engine(pieces, unk_id)
        if source.charsmap:
            engine.normalizer = library.normalizers.Precompiled(source.charsmap)
        _metaspace(engine, "always" if options["add_prefix_space"] else "never")
        register(engine, names, added_tokens, _extras(config, source, extras))
        bos, eos = (content(names[name]) for name in ("bos_token", "eos_token"))
        engine.post_processor = library.processors.TemplateProcessing(
            single=[bos, "$A", eos],
            pair=[bos, "$A", eos, eos, "$B", eos],
            special_tokens=[(token, engine.token_to_id(token)) for token in (bos, eos)],
        )
        return engine

    return usable(build, folder), roles(names)


def deberta_v2_from_folder(folder, config, specification):
    """DeBERTa 2 and 3: [CLS] A [SEP] B [SEP]; [MASK] follows the pieces, at 128000.

    Args, returns and raises as `kinds.Kind.build`. The charsmap of the .model is left out, as
    transformers 5 does.
    """
    defaults = {"do_lower_case": False, "split_by_punct": False, "add_prefix_space": True}
    options = flags(config, defaults, folder / CONFIG)
    source = read_source(folder, specification, "spm.model")
    names, added_tokens = family_tokens(CLS_TOKENS, folder, config, specification)
    unk = (str(content(names["unk_token"])), 0.0)
    unk_id = _unk_id(config, source, 1, folder / CONFIG)
    unk_id = source.pieces.index(unk) if unk in source.pieces else unk_id

    def build():
        library, engine = rust(), _engine(source.pieces, unk_id)
        normalizers, pre = library.normalizers, library.pre_tokenizers
        blank = library.Regex(r"\s{2,}|[\n\r\t]")
        steps = [normalizers.Lowercase()] if options["do_lower_case"] else []
        steps += [normalizers.Replace(blank, " "), normalizers.NFC()]
        engine.normalizer = normalizers.Sequence([*steps, normalizers.Strip(False, True)])
        scheme = "always" if options["add_prefix_space"] else "first"
        steps = [pre.Punctuation(behavior="isolated")] if options["split_by_punct"] else []
        engine.pre_tokenizer = pre.Sequence([*steps, pre.Metaspace(SPACE, scheme)])
        engine.decoder = library.decoders.Metaspace(SPACE, scheme)
        mask = (content(names["mask_token"]),)
        register(engine, names, added_tokens, _extras(config, source, ()), expected=mask)
        cls, sep = (content(names[f"{role}_token"]) for role in ("cls", "sep"))
        ids = {token: engine.token_to_id(token) for token in (cls, sep)}
        engine.post_processor = _segments(ids, cls, sep)
        return engine

    return usable(build, folder), roles(names)


def xlnet_from_folder(folder, config, specification):
    """XLNet: A <sep> <cls>, and A <sep> B <sep> <cls>; <cls> is segment 2. Padding goes left.

    Args, returns and raises as `kinds.Kind.build`.
    """
    options = flags(config, {"do_lower_case": False}, folder / CONFIG)
    source = read_source(folder, specification, "spiece.model")
    names, added_tokens = family_tokens(
        XLNET_TOKENS, folder, config, specification, greedy_mask=True
    )
    unk_id = _unk_id(config, source, 0, folder / CONFIG)

    def build():
        library, engine = rust(), _engine(source.pieces, unk_id)
        engine.normalizer = _plain_quotes(source, keep_accents=False, **options)
        _metaspace(engine, "always")
        register(engine, names, added_tokens, _extras(config, source, XLNET_EXTRAS))
        sep, cls = (content(names[f"{role}_token"]) for role in ("sep", "cls"))
        engine.post_processor = library.processors.TemplateProcessing(
            single=["$A:0", f"{sep}:0", f"{cls}:2"],
            pair=["$A:0", f"{sep}:0", "$B:1", f"{sep}:1", f"{cls}:2"],
            special_tokens=[(token, engine.token_to_id(token)) for token in (sep, cls)],
        )
        return engine

    return usable(build, folder), roles(names)


def read_source(folder, specification, name):
    """`Source` of a tokenizer.json, or else of a .model file.

    Raises:
        FileNotFoundError, ValueError: the file is missing or unusable, and why.
    """
    if specification:
        return _from_specification(specification, folder / SPECIFICATION)
    (path,) = required_files(folder, name)
    model = read_sentencepiece(path)
    if model.model_type != 1:
        raise ValueError(
            f"{path} is a {MODEL_TYPES[model.model_type]} model; this family's are Unigram models."
        )
    added = [
        {"content": piece, "normalized": False, "special": kind == CONTROL}
        for (piece, _), kind in zip(model.pieces, model.kinds)
        if kind in (CONTROL, USER_DEFINED)
    ]
    return Source(model.pieces, model.charsmap, model.unk_id, added)


def _from_specification(specification, path):
    """Checked by the Rust library before, so that pieces are pieces."""
    normalizer = specification.get("normalizer") or {}
    steps = normalizer["normalizers"] if normalizer.get("type") == "Sequence" else [normalizer]
    found = (step for step in steps if step.get("type") == "Precompiled")
    charsmap = base64.b64decode(next(found, {}).get("precompiled_charsmap") or "")
    try:
        check_charsmap(charsmap)
    except ValueError as error:
        raise ValueError(f"{path} is not usable: {error}.") from error
    pieces = [(piece, float(score)) for piece, score in specification["model"]["vocab"]]
    engine = rust().Tokenizer.from_str(_without_vocabulary(specification))
    return Source(pieces, charsmap, post_processor=engine.post_processor)


def _without_vocabulary(specification):
    """The same tokenizer.json of one piece, as text: the rest of it is read from that."""
    model = {"type": "Unigram", "vocab": [["a", 0.0]], "unk_id": 0}
    return json.dumps({**specification, "model": model, "added_tokens": []})


def _unk_id(config, source, default, path):
    """Id of the unknown piece: the .model's, else that of tokenizer_config.json."""
    unk_id = config.get("unk_id", default) if source.unk_id is None else source.unk_id
    if type(unk_id) is not int or not 0 <= unk_id < len(source.pieces):
        raise ValueError(
            f"{path} says unk_id is {unk_id!r}; there are {len(source.pieces)} pieces."
        )
    return unk_id


def _extras(config, source, usual):
    """Tokens added after those with names; tokenizer_config.json silences all others."""
    if "extra_special_tokens" in config or config.get("additional_special_tokens"):
        return ()
    if source.added is not None:
        return source.added
    return [{"content": token, "special": True} for token in usual]


def _engine(pieces, unk_id):
    library = rust()
    return library.Tokenizer(library.models.Unigram(pieces, unk_id, False))


def _metaspace(engine, scheme):
    pre = rust().pre_tokenizers
    engine.pre_tokenizer = pre.Sequence([pre.WhitespaceSplit(), pre.Metaspace(SPACE, scheme)])
    engine.decoder = rust().decoders.Metaspace(SPACE, scheme)


def _plain_quotes(source, do_lower_case, keep_accents, **_):
    """The normalizer of ALBERT and XLNet."""
    normalizers = rust().normalizers
    steps = [normalizers.Replace("``", '"'), normalizers.Replace("''", '"')]
    if not keep_accents:
        steps += [normalizers.NFKD(), normalizers.StripAccents()]
    if do_lower_case:
        steps.append(normalizers.Lowercase())
    if source.charsmap:
        steps.append(normalizers.Precompiled(source.charsmap))
    return normalizers.Sequence(steps)


def _segments(ids, cls, sep):
    """BERT's template, with 0 for an id that there is not, as transformers puts it."""
    return rust().processors.TemplateProcessing(
        single=[f"{cls}:0", "$A:0", f"{sep}:0"],
        pair=[f"{cls}:0", "$A:0", f"{sep}:0", "$B:1", f"{sep}:1"],
        special_tokens=[(token, index or 0) for token, index in ids.items()],
    )
