"""The tokenizers of fairseq: those of GPT-2 and SentencePiece, with ids by the order of dict.txt.

Both are written as transformers keeps them, and read by its rules. Source of the order:
`fairseq/data/dictionary.py` of https://github.com/facebookresearch/fairseq.
"""

import base64
import json
import shutil
import tempfile
from pathlib import Path

from ..tokenizers import Tokenizer
from ..tokenizers.added_tokens import FLAGS
from ..tokenizers.files import CONFIG, SPECIFICATION, listing, read_json, read_text
from ..tokenizers.sentencepiece_model import USER_DEFINED, read_sentencepiece

DICTIONARY, SENTENCEPIECE = "dict.txt", "sentencepiece.bpe.model"
GPT2 = ("encoder.json", "vocab.bpe")
SPECIAL, MASK = ("<s>", "<pad>", "</s>", "<unk>"), "<mask>"
OVERWRITE = " #fairseq:overwrite"
UNKNOWN_ID = SPECIAL.index("<unk>")


def read_dictionary(path):
    """Tokens in the order of their ids: the special ones, those of dict.txt, and `<mask>`.

    A token that comes again, as dict.txt must say, has the later id; `superseded` finds both.

    Raises:
        FileNotFoundError, ValueError: the file is missing or unusable, and why.
    """
    expected = "a dictionary of fairseq, a token and its count a line"
    symbols = list(SPECIAL)
    known = set(symbols)
    lines = read_text(path, expected).replace("\r\n", "\n").removesuffix("\n").split("\n")
    for number, line in enumerate(lines, 1):
        again = line.endswith(OVERWRITE)
        symbol, _, count = line.removesuffix(OVERWRITE).rpartition(" ")
        if not symbol or not count.removeprefix("-").isdecimal():
            raise ValueError(f"{path}, line {number}: {line!r:.80}; expected {expected}.")
        if symbol in known and not again:
            raise ValueError(
                f"{path}, line {number}: {symbol!r:.80} comes twice. A token may do so "
                f"only on a line that ends in {OVERWRITE.strip()!r}."
            )
        known.add(symbol)
        symbols.append(symbol)
    return symbols if MASK in known else [*symbols, MASK]


def superseded(symbols):
    """Ids that a token does not have, because it comes again.

    Of the unknown token it is the later one: fairseq gives what it does not know the first.

    >>> superseded(["<s>", "<pad>", "</s>", "<unk>", "a", "<s>", "<unk>"])
    [0, 6]
    """
    last = {symbol: index for index, symbol in enumerate(symbols)}
    last["<unk>"] = UNKNOWN_ID
    return [index for index, symbol in enumerate(symbols) if last[symbol] != index]


def from_fairseq(folder):
    """The `Tokenizer` of a folder of fairseq.

    Raises:
        FileNotFoundError, ValueError: a file is missing or unusable, and why.
    """
    folder = Path(folder)
    symbols = read_dictionary(folder / DICTIONARY)
    if (folder / SENTENCEPIECE).is_file():
        write = _sentencepiece
    elif all((folder / name).is_file() for name in GPT2):
        write = _gpt2
    else:
        raise FileNotFoundError(
            f"{folder} has a {DICTIONARY}, but not what makes tokens of texts: {SENTENCEPIECE}, or "
            f"{' and '.join(GPT2)} from https://dl.fbaipublicfiles.com/fairseq/gpt2_bpe/; found "
            f"{listing(folder)}."
        )
    with tempfile.TemporaryDirectory() as place:
        config = write(folder, symbols, Path(place))
        (Path(place) / CONFIG).write_text(json.dumps(config), "utf-8")
        return Tokenizer.from_folder(place)


def _gpt2(folder, symbols, place):
    """RoBERTa's files: dict.txt names GPT-2's tokens by their numbers there."""
    path = folder / GPT2[0]
    numbers = {str(number): token for token, number in read_json(path).items()}
    vocabulary = {numbers.get(symbol, symbol): index for index, symbol in enumerate(symbols)}
    unlisted = [token for token in numbers.values() if token not in vocabulary]
    if unlisted or superseded(symbols) or len(vocabulary) != len(symbols):
        raise ValueError(
            f"{folder / DICTIONARY} and {path} do not belong together: {len(unlisted)} tokens have "
            f"no id, first {unlisted[:3]}; {len(symbols)} ids are of {len(vocabulary)} tokens."
        )
    (place / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    shutil.copy(folder / GPT2[1], place / "merges.txt")
    return {"tokenizer_class": "RobertaTokenizer"}


def _sentencepiece(folder, symbols, place):
    """XLM-R's tokenizer.json, or CamemBERT's, where tokens come again."""
    path = folder / SENTENCEPIECE
    model = read_sentencepiece(path)
    if model.model_type != 1:
        raise ValueError(f"{path} is not a Unigram model, as those of XLM-R and CamemBERT are.")
    scores, twice = dict(model.pieces), set(superseded(symbols))
    users = {piece for (piece, _), kind in zip(model.pieces, model.kinds) if kind == USER_DEFINED}
    pieces = [
        (f"{symbol}NOTUSED", 0.0) if index in twice else (symbol, scores.get(symbol, 0.0))
        for index, symbol in enumerate(symbols)
    ]
    charsmap = base64.b64encode(model.charsmap).decode("ascii")
    normalizer = {"type": "Precompiled", "precompiled_charsmap": charsmap} if charsmap else None
    specification = {
        "version": "1.0",
        "model": {"type": "Unigram", "vocab": pieces, "unk_id": UNKNOWN_ID},
        "normalizer": normalizer,
        "added_tokens": [
            {"id": index, "content": symbol, **dict.fromkeys(FLAGS, False)}
            for index, symbol in enumerate(symbols)
            if symbol in users
        ],
    }
    (place / SPECIFICATION).write_text(json.dumps(specification), "utf-8")
    return {"tokenizer_class": "CamembertTokenizer" if twice else "XLMRobertaTokenizer"}
