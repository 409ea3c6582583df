"""Folders with tiny tokenizers of each family, trained where they are asked for."""

import io
import json

import pytest

from tests.tokenizers.hard_strings import HARD_STRINGS

SENTENCES = [
    *(text for text in HARD_STRINGS.values() if 0 < len(text) < 1000 and "\x00" not in text),
    "The capital of France is Paris, and that of Spain is Madrid.",
    "Tokenizers cut texts into pieces; pieces have ids, and ids have vectors.",
    "``Quoted,'' he said: 1, 2, 3, 40, 500 and 6,000.",
    "Le café naïf de l'été était déjà fermé à Noël.",
]
WORD_PIECES = """
    <s> <pad> </s> [UNK] hello he ##llo a b Hello café cafe 中 国 ##ing . [ ] < > the cap ##ital ,
"""
# Options of SentencePiece's trainer, as near to those of the checkpoints as a tiny model allows.
SENTENCE_PIECES = {
    "albert": {
        "file": "spiece.model",
        "pad_id": 0,
        "unk_id": 1,
        "bos_id": -1,
        "eos_id": -1,
        "control_symbols": ["[CLS]", "[SEP]", "[MASK]"],
        "user_defined_symbols": ["(", ")", "£", "–", "HELLO"],
    },
    "xlm-roberta": {"file": "sentencepiece.bpe.model", "user_defined_symbols": ["<ent>"]},
    "camembert": {"file": "sentencepiece.bpe.model", "normalization_rule_name": "identity"},
    "deberta-v2": {
        "file": "spm.model",
        "pad_id": 0,
        "pad_piece": "[PAD]",
        "bos_id": 1,
        "bos_piece": "[CLS]",
        "eos_id": 2,
        "eos_piece": "[SEP]",
        "unk_id": 3,
        "unk_piece": "[UNK]",
        "byte_fallback": True,
    },
    "xlnet": {
        "file": "spiece.model",
        "control_symbols": ["<cls>", "<sep>", "<pad>", "<mask>", "<eod>"],
        "user_defined_symbols": ["<eop>", "(", ")", "£"],
    },
}


def write(folder, files):
    """Writes texts, bytes and JSON objects by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        if isinstance(value, dict):
            value = json.dumps(value)
        (folder / name).write_bytes(value.encode() if isinstance(value, str) else value)
    return folder


def sentencepiece_model(**options):
    """The bytes of a model trained on SENTENCES; skips the test without the trainer."""
    sentencepiece = pytest.importorskip("sentencepiece", reason="it trains the tiny models")
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES),
        model_writer=written,
        minloglevel=2,
        **{"vocab_size": 900, "hard_vocab_limit": False, "model_type": "unigram", **options},
    )
    return written.getvalue()


def sentencepiece_folder(folder, family, config=None, **options):
    """A folder with a .model of a family, and a config.json that says so."""
    options = {**SENTENCE_PIECES[family], **options}
    name = options.pop("file")
    files = {name: sentencepiece_model(**options), "config.json": {"model_type": family}}
    return write(folder, {**files, "tokenizer_config.json": config or {}})


def byte_bpe_folder(folder, family, special, config=None):
    """A folder with vocab.json and merges.txt, of 600 tokens; special ones come first."""
    import tokenizers

    engine = tokenizers.Tokenizer(tokenizers.models.BPE())
    engine.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=special,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    engine.train_from_iterator(SENTENCES, trainer)
    model = json.loads(engine.to_str())["model"]
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    files = {"vocab.json": model["vocab"], "merges.txt": "#version: 0.2\n" + "\n".join(merges)}
    configs = {"config.json": {"model_type": family}, "tokenizer_config.json": config or {}}
    return write(folder, {**files, **configs})


def word_bpe_folder(folder, config):
    """A folder with vocab.txt and bpe.codes, or XLM's vocab.json and merges.txt.

    Every seventh piece is in no text, so not listed.
    """
    vocabulary, merges = word_pieces()
    if config.get("tokenizer_class") == "XLMTokenizer":
        specials = ["<s>", "</s>", "<pad>", "<unk>", *(f"<special{i}>" for i in range(10))]
        files = {"vocab.json": {piece: i for i, piece in enumerate([*specials, *vocabulary])}}
        files["merges.txt"] = "".join(f"{a} {b} {99}\n" for a, b in merges)
        return write(folder, {**files, "tokenizer_config.json": config})
    written = [p.removesuffix("</w>") if p.endswith("</w>") else f"{p}@@" for p in vocabulary]
    lines = [f"{piece} {9999 - index}\n" for index, piece in enumerate(dict.fromkeys(written))]
    codes = [f"{a} {b} {9999 - index}\n" for index, (a, b) in enumerate(merges)]
    files = {"vocab.txt": "".join(lines), "bpe.codes": "".join(codes)}
    return write(folder, {**files, "tokenizer_config.json": config})


def word_pieces():
    """Pieces of words that end in "</w>", of which every seventh is left out, and all merges."""
    import tokenizers

    engine = tokenizers.Tokenizer(tokenizers.models.BPE(end_of_word_suffix="</w>"))
    engine.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=2000, end_of_word_suffix="</w>", min_frequency=1, show_progress=False
    )
    tweets = ["@USER see HTTPURL , :face_with_tears_of_joy: ! ! ! Do n't can not it 's p.m."]
    engine.train_from_iterator([" ".join(t.split()) for t in [*SENTENCES, *tweets * 9]], trainer)
    model = json.loads(engine.to_str())["model"]
    merges = [m.split(" ") if isinstance(m, str) else m for m in model["merges"]]
    special = {f"{token}</w>" for token in S_SPECIAL}
    pieces = [piece for piece in sorted(model["vocab"]) if piece not in special]
    pieces = [piece for index, piece in enumerate(pieces) if index % 7]
    return pieces, merges


S_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
B_SPECIAL = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
MPNET = {"vocab.txt": "\n".join([*WORD_PIECES.split(), "<mask>"]) + "\n"}
GREEDY = {"content": "<mask>", "lstrip": True, "rstrip": False, "normalized": False}
FOLDERS = {  # what is in the folder -> function that fills it
    "roberta": lambda f: byte_bpe_folder(f, "roberta", S_SPECIAL),
    "roberta, spaced": lambda f: byte_bpe_folder(
        f,
        "roberta",
        S_SPECIAL,
        {
            "tokenizer_class": "RobertaTokenizer",
            "add_prefix_space": True,
            "trim_offsets": False,
            "mask_token": {"__type": "AddedToken", **GREEDY, "single_word": False},
        },
    ),
    "distilroberta": lambda f: byte_bpe_folder(f, "roberta", S_SPECIAL, {"model_max_length": 512}),
    "deberta": lambda f: byte_bpe_folder(f, "deberta", B_SPECIAL),
    "mpnet": lambda f: write(f, {**MPNET, "config.json": {"model_type": "mpnet"}}),
    "mpnet, cased": lambda f: write(
        f,
        {
            **MPNET,
            "config.json": {"model_type": "mpnet"},
            "tokenizer_config.json": {
                "tokenizer_class": "MPNetTokenizerFast",
                "do_lower_case": False,
                "tokenize_chinese_chars": False,
            },
        },
    ),
    **{name: lambda f, name=name: sentencepiece_folder(f, name) for name in SENTENCE_PIECES},
    "albert, cased": lambda f: sentencepiece_folder(
        f, "albert", {"do_lower_case": False, "keep_accents": True}
    ),
    "albert, mask of the user": lambda f: sentencepiece_folder(
        f,
        "albert",
        control_symbols=["[CLS]", "[SEP]"],
        user_defined_symbols=["[MASK]", ".", "(", ")"],
    ),
    "camembert, named tokens": lambda f: sentencepiece_folder(
        f, "camembert", {"additional_special_tokens": ["<new>"], "mask_token": "<hidden>"}
    ),
    "deberta-v2, lower, punctuation": lambda f: sentencepiece_folder(
        f, "deberta-v2", {"do_lower_case": True, "split_by_punct": True}
    ),
    "xlnet, lower": lambda f: sentencepiece_folder(f, "xlnet", {"do_lower_case": True}),
    "xlm-roberta, no charsmap": lambda f: sentencepiece_folder(
        f, "xlm-roberta", normalization_rule_name="identity", byte_fallback=True
    ),
}
for kind in ("mobilebert", "electra", "distilbert"):
    FOLDERS[kind] = lambda f, kind=kind: write(
        f,
        {
            "vocab.txt": "\n".join([*B_SPECIAL, *WORD_PIECES.split()]),
            "config.json": {"model_type": kind},
        },
    )
