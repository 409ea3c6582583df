"""Which family a folder's tokenizer is of, and what reads it: one line for each."""

import dataclasses
from collections.abc import Callable

from . import byte_bpe, unigram, word_bpe, wordpiece
from .added_tokens import folder_tokens, register, roles
from .files import CONFIG, SPECIFICATION, listing, load, read_json, read_specification
from .sentencepiece_model import read_sentencepiece


@dataclasses.dataclass(frozen=True)
class Kind:
    """A family of tokenizers.

    Args:
        model: kind of model that its tokenizer.json has; one with another is taken as it is. None
            if transformers never reads a tokenizer.json of this family.
        files: what it is read from without a tokenizer.json.
        build: function of folder (`pathlib.Path`), tokenizer_config.json and tokenizer.json (both
            dicts, empty where missing). Returns a `tokenizers.Tokenizer`, and role to token;
            raises FileNotFoundError or ValueError that say which file is wrong, and why.
        classes: values of `tokenizer_class`, less "Fast", that transformers 5 runs as this one.
        models: values of `model_type` that it maps to one of these, if no class is written.
        settings: what of tokenizer_config.json `from_folder` may be told otherwise.
    """

    model: str
    files: tuple
    build: Callable
    classes: str
    models: str
    settings: tuple = ()


_SPM, _BPE, _CODES = ("sentencepiece.bpe.model",), byte_bpe.FILES, word_bpe.FILES
_ROBERTA = "RobertaTokenizer LongformerTokenizer BartTokenizer LEDTokenizer MvpTokenizer"
_ROBERTAS = """
    roberta roberta-prelayernorm longformer data2vec-text ibert lilt mra mega bart led mvp
"""
_XLM_ROBERTAS = "xlm-roberta xmod gte jina_embeddings_v3"
# fmt: off
KINDS = {
    "bert": Kind("WordPiece", ("vocab.txt",), wordpiece.bert_from_folder, wordpiece.BERT_TOKENIZERS, wordpiece.BERT_MODELS),  # noqa: E501
    "mpnet": Kind("WordPiece", ("vocab.txt",), wordpiece.mpnet_from_folder, "MPNetTokenizer", "mpnet"),  # noqa: E501
    "roberta": Kind("BPE", _BPE, byte_bpe.roberta_from_folder, _ROBERTA, _ROBERTAS),
    "deberta": Kind("BPE", _BPE, byte_bpe.deberta_from_folder, "DebertaTokenizer", "deberta"),
    "bertweet": Kind(None, _CODES, word_bpe.bertweet_from_folder, "BertweetTokenizer", "bertweet", ("normalization",)),  # noqa: E501
    "phobert": Kind(None, _CODES, word_bpe.phobert_from_folder, "PhobertTokenizer", "phobert"),
    "xlm": Kind(None, _BPE, word_bpe.xlm_from_folder, "XLMTokenizer", "xlm", ("language",)),
    "albert": Kind("Unigram", ("spiece.model",), unigram.albert_from_folder, "AlbertTokenizer", "albert yoso"),  # noqa: E501
    "xlm-roberta": Kind("Unigram", _SPM, unigram.xlm_roberta_from_folder, "XLMRobertaTokenizer", _XLM_ROBERTAS),  # noqa: E501
    "camembert": Kind("Unigram", _SPM, unigram.camembert_from_folder, "CamembertTokenizer", "camembert"),  # noqa: E501
    "deberta-v2": Kind("Unigram", ("spm.model",), unigram.deberta_v2_from_folder, "DebertaV2Tokenizer", "deberta-v2"),  # noqa: E501
    "xlnet": Kind("Unigram", ("spiece.model",), unigram.xlnet_from_folder, "XLNetTokenizer", "xlnet"),  # noqa: E501
}
# fmt: on
# For these transformers takes tokenizer.json as it is, whatever class is written.
AS_THEY_ARE = ("modernbert", "modernbert-decoder", "xlm-roberta-xl")


def from_folder(folder, settings=None):
    """The `tokenizers.Tokenizer` of a folder, and role to token, by the rules of transformers 5.

    Args:
        folder: `pathlib.Path`.
        settings: name to value, in place of what tokenizer_config.json says.

    Raises:
        FileNotFoundError, ValueError: a file is missing or unusable, and why; or the kind of
            tokenizer has no such setting.
    """
    config = read_json(folder / CONFIG, missing={})
    has_specification = (folder / SPECIFICATION).exists()
    kind, said = kind_of(folder, config)
    _check(settings or {}, kind, folder)
    config.update(settings or {})
    if not has_specification or (kind and KINDS[kind].model is None):
        kind = kind or (None if said else guess(folder))
        if kind is None:
            raise FileNotFoundError(_unknown(folder, said))
        return KINDS[kind].build(folder, config, {})
    specification = read_specification(folder / SPECIFICATION)
    # Read by Rust even where it is rebuilt from parts of it: this is what checks the file.
    engine = load(specification, folder / SPECIFICATION)
    if kind and type(engine.model).__name__ == KINDS[kind].model:
        return KINDS[kind].build(folder, config, specification)
    names, added_tokens = folder_tokens(folder, config, specification)
    register(engine, names, added_tokens)
    return engine, roles(names)


def _check(settings, kind, folder):
    known = KINDS[kind].settings if kind else ()
    if unknown := sorted(set(settings) - set(known)):
        raise ValueError(
            f"{unknown} given, but the tokenizer in {folder} ({kind or 'of no kind known'}) may be "
            f"told {list(known) or 'nothing'}: the rest is as its files say."
        )


def kind_of(folder, config):
    """The name of the kind that transformers would run, or None; and what said so, or None."""
    model = read_json(folder / "config.json", missing={})
    name = config.get("tokenizer_class") or model.get("tokenizer_class")
    model_type = str(model.get("model_type") or "")
    if model_type in AS_THEY_ARE:
        return None, f"model_type {model_type}"
    if name:
        found = [k for k, v in KINDS.items() if str(name).removesuffix("Fast") in v.classes.split()]
        return (found or [None])[0], f"tokenizer_class {name}"
    found = [k for k, v in KINDS.items() if model_type in v.models.split()]
    return (found or [None])[0], f"model_type {model_type}" if model_type else None


def guess(folder):
    """The name of the kind whose files are there, where only one can be meant; else None."""
    if (folder / "vocab.txt").is_file():
        # Without a class there is no telling BERTweet from PhoBERT, which read a text alike.
        return "bertweet" if (folder / "bpe.codes").is_file() else "bert"
    if all((folder / name).is_file() for name in byte_bpe.FILES):
        tokens = read_json(folder / "vocab.json")
        marks = {"<special0>": "xlm", "<s>": "roberta", "[CLS]": "deberta"}
        return next((kind for mark, kind in marks.items() if mark in tokens), None)
    if (folder / "spm.model").is_file():
        return "deberta-v2"
    if (folder / "spiece.model").is_file():
        pieces = {piece for piece, _ in read_sentencepiece(folder / "spiece.model").pieces}
        return "albert" if "[CLS]" in pieces else "xlnet" if "<cls>" in pieces else None
    return None


def _unknown(folder, said):
    accepted = "; ".join(
        f"{' and '.join(kind.files)} ({kind.classes.split()[0]})" for kind in KINDS.values()
    )
    return (
        f"{folder} has no {SPECIFICATION}, and nothing else that says for certain how to read it: "
        f"its class is {said or 'not written'}, found {listing(folder)}. Accepted are "
        f"{SPECIFICATION}; {accepted}. {CONFIG} says the class in `tokenizer_class`; or write "
        f"{SPECIFICATION} with transformers: "
        "AutoTokenizer.from_pretrained(...).save_pretrained(folder)."
    )
