"""Byte-level BPE: RoBERTa and DeBERTa 1, from vocab.json and merges.txt or from tokenizer.json."""

from .added_tokens import CLS_TOKENS, S_TOKENS, content, family_tokens, register, roles
from .files import CONFIG, SPECIFICATION, flags, read_json, read_text, required_files, rust, usable

FILES = ("vocab.json", "merges.txt")


def roberta_from_folder(folder, config, specification):
    """RoBERTa, and those that use its tokenizer: <s> A </s>, and <s> A </s></s> B </s>.

    Args, returns and raises as `kinds.Kind.build`.
    """
    options = flags(config, {"add_prefix_space": False, "trim_offsets": True}, folder / CONFIG)
    names, added_tokens = family_tokens(S_TOKENS, folder, config, specification)
    model = read_model(folder, specification)

    def build():
        engine = _engine(model, options["add_prefix_space"])
        register(engine, names, added_tokens)
        sep, cls = (content(names[f"{role}_token"]) for role in ("sep", "cls"))
        engine.post_processor = rust().processors.RobertaProcessing(
            (sep, engine.token_to_id(sep)),
            (cls, engine.token_to_id(cls)),
            options["trim_offsets"],
            options["add_prefix_space"],
        )
        return engine

    return usable(build, folder), roles(names)


def deberta_from_folder(folder, config, specification):
    """DeBERTa 1: [CLS] A [SEP], and [CLS] A [SEP] [SEP] B [SEP], all of it segment 0.

    This is the template of transformers 5; its release 4 put one [SEP] between the two texts.
    Args, returns and raises as `kinds.Kind.build`.
    """
    options = flags(config, {"add_prefix_space": False}, folder / CONFIG)
    names, added_tokens = family_tokens(CLS_TOKENS, folder, config, specification)
    model = read_model(folder, specification)

    def build():
        engine = _engine(model, options["add_prefix_space"])
        register(engine, names, added_tokens)
        cls, sep = (content(names[f"{role}_token"]) for role in ("cls", "sep"))
        engine.post_processor = rust().processors.TemplateProcessing(
            single=[cls, "$A", sep],
            pair=[cls, "$A", sep, sep, "$B", sep],
            special_tokens=[(token, engine.token_to_id(token)) for token in (cls, sep)],
        )
        return engine

    return usable(build, folder), roles(names)


def _engine(model, add_prefix_space):
    library, (vocabulary, merges) = rust(), model
    bpe = library.models.BPE(
        vocab=vocabulary,
        merges=merges,
        continuing_subword_prefix="",
        end_of_word_suffix="",
        fuse_unk=False,
    )
    engine = library.Tokenizer(bpe)
    engine.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    engine.decoder = library.decoders.ByteLevel()
    return engine


def read_model(folder, specification):
    """Token to id, and pairs of tokens in the order in which they are merged.

    Raises:
        FileNotFoundError, ValueError: the files are missing or unusable, and why.
    """
    if specification:
        model, path = specification["model"], folder / SPECIFICATION
        merges = [m.split(" ") if isinstance(m, str) else m for m in model.get("merges") or []]
        return checked_vocabulary(model.get("vocab"), path), _merges(merges, path)
    vocabulary, merges = required_files(folder, *FILES)
    expected = "the merges of a byte-level BPE, two tokens a line"
    lines = read_text(merges, expected).replace("\r\n", "\n").removesuffix("\n").split("\n")
    lines = [line.split(" ") for line in lines if line and not line.startswith("#version")]
    return checked_vocabulary(read_json(vocabulary), vocabulary), _merges(lines, merges)


def checked_vocabulary(tokens, path):
    """The same, if ids are what they should be."""
    for token, index in tokens.items() if isinstance(tokens, dict) else [(None, tokens)]:
        if type(index) is not int or not 0 <= index < 2**31:
            raise ValueError(
                f"{path}: expected a vocabulary that maps tokens to ids of 0 or more; found "
                f"{index!r:.80} for {token!r:.80}."
            )
    return tokens


def _merges(merges, path):
    for number, merge in enumerate(merges):
        if len(merge) != 2 or not all(isinstance(token, str) for token in merge):
            raise ValueError(f"{path}: merge {number} is {merge!r:.80}; expected two tokens.")
    return [tuple(merge) for merge in merges]
