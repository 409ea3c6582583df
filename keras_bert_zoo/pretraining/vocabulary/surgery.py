"""Another vocabulary in a trained model."""

import collections
import copy
import dataclasses
import hashlib
import json

from ...encoder import Encoder
from ...errors import unknown_name
from ...tokenizers import Tokenizer
from .extension import extended_tokenizer, holds
from .fit import check_fit
from .rebuild import rebuilt
from .rows import extending_rows, replacing_rows

MODES = ("replace", "extend")


@dataclasses.dataclass(frozen=True)
class AdaptationReport:
    """What became of the rows of a token table.

    Args:
        mode: "replace" or "extend".
        old_size, new_size: rows before and after.
        shared: rows that were copied, bit for bit.
        new: rows that are the mean of the old pieces of their token.
        unknown: rows of tokens that the old tokenizer cannot write: the mean of all rows.
        unused: rows without a token.
        dropped: old tokens whose row is in none of the new places as it was.
        old_vocabulary, new_vocabulary: SHA-256 of the tokens in the order of their ids.
        tokenizer: the new one.
    """

    mode: str
    old_size: int
    new_size: int
    shared: int
    new: int
    unknown: int
    unused: int
    dropped: int
    old_vocabulary: str
    new_vocabulary: str
    tokenizer: object = dataclasses.field(repr=False)

    def to_config(self):
        """The same as plain values, less the tokenizer: what a preset keeps."""
        fields = dataclasses.fields(self)
        return {f.name: getattr(self, f.name) for f in fields if f.name != "tokenizer"}

    def __str__(self):
        return (
            f"{self.mode}: {self.old_size:,} rows became {self.new_size:,}; {self.shared:,} "
            f"shared, {self.new:,} new from their old pieces, {self.unknown:,} from the mean of "
            f"all, {self.unused:,} without a token; {self.dropped:,} old tokens dropped"
        )


def adapt_vocabulary(model, tokenizer, mode="replace", *, old_tokenizer=None):
    """Puts another vocabulary into a trained model, so that what it knows is kept.

    Rows of tokens that both vocabularies have are copied, bit for bit; a special token takes the
    row of the old one in its role, whatever it is called and whatever id it has. A new token starts
    as the mean of the rows of the pieces that the old tokenizer writes it with. The same is done to
    the bias, the decoder and the further columns of a masked LM's head.

    Args:
        model: a task, which stays as it is, or an `Encoder`.
        tokenizer: `Tokenizer` of the new vocabulary; with `"extend"` also a list of str, tokens
            that are to be matched whole. One made by `train_vocabulary(..., like=old_tokenizer)`
            fits any model.
        mode: `"replace"`: the vocabulary is that of `tokenizer`. `"extend"`: all old ids stay, and
            what `tokenizer` has beyond the old one is appended: it is a copy of the old tokenizer
            after `add_tokens`, or, of WordPiece and Unigram, any other, whose pieces are appended.
        old_tokenizer: what the model reads with now: of an encoder, which has none of its own; or
            as it was, of a task whose tokenizer was given tokens already.

    Returns:
        `(new, report)`: a task or encoder of the same kind, not compiled, and `AdaptationReport`,
        whose `tokenizer` is the one that the new model reads with. What is saved of the new model
        says where its vocabulary is from: a preset in config.json, a folder for transformers in
        vocabulary.json, and both in the card.

    Raises:
        TypeError: not a task nor an encoder, or no tokenizer.
        ValueError: no old tokenizer, a quantized model, or a tokenizer that the model cannot use.

    Example:

    >>> domain = train_vocabulary("notes.txt", like=task.preprocessor.tokenizer, size=8192)
    >>> task, report = adapt_vocabulary(task, domain)
    >>> task, report = adapt_vocabulary(task, ["mRNA"], mode="extend")
    """
    if mode not in MODES:
        raise unknown_name("mode", mode, MODES)
    encoder, old = _parts_of(model, old_tokenizer)
    size = encoder.config.vocabulary_size
    tokenizer = _new_tokenizer(old, tokenizer, mode)
    check_fit(encoder.config, old, tokenizer)
    if mode == "extend":
        rows = extending_rows(old, tokenizer, size)
    else:
        rows = replacing_rows(old, tokenizer)
    new = rebuilt(model, tokenizer, rows)
    report = _report(mode, size, rows, old, tokenizer)
    before = encoder.vocabulary_origin
    origin = {**report.to_config(), **({"before": dict(before)} if before else {})}
    getattr(new, "encoder", new).vocabulary_origin = origin
    return new, report


def _parts_of(model, old_tokenizer):
    """The encoder of a task or the encoder itself, and the tokenizer that it reads with."""
    encoder = getattr(model, "encoder", model)
    if not isinstance(encoder, Encoder):
        raise TypeError(f"Expected a task or an Encoder. Given: {type(model).__name__}.")
    preprocessor = getattr(model, "preprocessor", None)
    old = old_tokenizer or (preprocessor and preprocessor.tokenizer)
    if old is None:
        raise ValueError(
            f"This {type(model).__name__} has no tokenizer to tell which row is of which token: "
            "give the one that it was trained with as old_tokenizer."
        )
    if old.vocabulary_size > encoder.config.vocabulary_size:
        raise ValueError(
            f"The old tokenizer has {old.vocabulary_size:,} tokens, the table "
            f"{encoder.config.vocabulary_size:,} rows. If tokens were added to it, give it as it "
            'was before as old_tokenizer; or give the tokens as a list, with mode="extend".'
        )
    return encoder, old


def _new_tokenizer(old, tokenizer, mode):
    if isinstance(tokenizer, (list, tuple)) and mode == "extend":
        new = copy.deepcopy(old)
        new.add_tokens(tokenizer)
        return new
    if not isinstance(tokenizer, Tokenizer):
        expected = "a Tokenizer, or a list of str" if mode == "extend" else "a Tokenizer"
        raise TypeError(f"mode={mode!r} takes {expected}. Given: {type(tokenizer).__name__}.")
    if mode == "extend" and not holds(tokenizer, old):
        return extended_tokenizer(old, tokenizer)
    return tokenizer


def _report(mode, size, rows, old, new):
    kinds = collections.Counter(rows.kinds)
    copied = {s[0] for s, kind in zip(rows.sources, rows.kinds) if kind == "shared"}
    return AdaptationReport(
        mode=mode,
        old_size=size,
        new_size=len(rows),
        **{kind: kinds[kind] for kind in ("shared", "new", "unknown", "unused")},
        dropped=len(set(old.vocabulary().values()) - copied),
        old_vocabulary=digest(old),
        new_vocabulary=digest(new),
        tokenizer=new,
    )


def digest(tokenizer):
    """SHA-256 of a tokenizer's tokens and ids, as hexadecimal digits."""
    tokens = sorted(tokenizer.vocabulary().items(), key=lambda item: (item[1], item[0]))
    return hashlib.sha256(json.dumps(tokens).encode()).hexdigest()
