"""Folders of fairseq give what transformers computes with the same weights."""

import argparse
import json
import os
import random

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.checkpoints.fairseq import FairseqFile, FairseqFolder, is_fairseq, translate
from keras_bert_zoo.checkpoints.fairseq_tokenizer import from_fairseq, read_dictionary, superseded
from keras_bert_zoo.checkpoints.torch_pickle import TorchFile
from tests.checkpoints import fairseq_folders
from tests.checkpoints.fairseq_folders import namespace, write_fairseq
from tests.parity.references import INPUTS, assert_same, reference
from tests.paths import data_path
from tests.tiny import to_numpy
from tests.tokenizers.hard_strings import HARD_STRINGS
from tests.tokenizers.tiny_folders import S_SPECIAL, byte_bpe_folder, sentencepiece_folder, write

omegaconf_modules = fairseq_folders.omegaconf_modules
MASK = INPUTS["padding_mask"]
IDS = np.where(MASK, INPUTS["token_ids"], 1).astype("int32")  # 5 and more, and padding
OURS = {**INPUTS, "token_ids": IDS}
PADDED = {"pad_token_id": 1, "type_vocab_size": 1, "max_position_embeddings": 26}
PADDED["layer_norm_eps"] = 1e-5  # as fairseq has it


def tiny(head, folder, family="Roberta", **config):
    """A random model of transformers, whose one segment is the zero vector that fairseq lacks."""
    config = {"initializer_range": 0.3, "num_labels": 3, **PADDED, **config}
    model = reference(f"{family}{head}", folder, f"{family}Config", **config)
    model.base_model.embeddings.token_type_embeddings.weight.data.zero_()
    return model


def theirs(model, **options):
    import torch

    ids, mask = torch.tensor(IDS).long(), torch.tensor(MASK).long()
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=mask, **options)


@pytest.fixture(scope="module")
def masked_lm(tmp_path_factory):
    return tiny("ForMaskedLM", tmp_path_factory.mktemp("hf"))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return tiny("ForSequenceClassification", tmp_path_factory.mktemp("hf"))


def add_tokenizer(folder, model):
    """The files of GPT-2's, cut to the model's vocabulary of single bytes."""
    vocabulary = {chr(ord("a") + i): i for i in range(26)}
    vocabulary.update({chr(ord("A") + i): 26 + i for i in range(26)})
    numbers = range(model.config.vocab_size - 5)
    vocabulary.update({str(i - 52): i for i in numbers if i > 51})
    lines = "".join(f"{number} 1\n" for number in numbers)
    files = {"encoder.json": vocabulary, "vocab.bpe": "#version: 0.2\n", "dict.txt": lines}
    write(folder, files)


@pytest.mark.parametrize("old", [False, True], ids=["new names", "old names"])
def test_encoder_and_masked_lm(masked_lm, tmp_path, old):
    write_fairseq(tmp_path, masked_lm, old=old)
    add_tokenizer(tmp_path, masked_lm)
    assert is_fairseq(tmp_path)
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert (encoder.config.family, encoder.config.use_pooler) == ("roberta", False)
    expected = theirs(masked_lm.roberta).last_hidden_state
    assert_same(to_numpy(encoder(OURS)), expected, MASK)
    report = encoder.conversion_report
    assert (report.missing, report.leftover, report.new) == ([], [], [])
    assert report.ignored["activation_dropout"] == 0.0
    task = kbz.MaskedLM.from_preset(tmp_path)
    places = np.tile(np.arange(9, dtype="int32"), (4, 1))
    logits = to_numpy(task({**OURS, "mask_positions": places}))
    assert_same(logits, theirs(masked_lm).logits, MASK)
    assert task.tied
    assert task.conversion_report.new == []
    assert len(task.fill("abc<mask>")) == 5


def test_classifier(classifier, tmp_path):
    write_fairseq(tmp_path, classifier, head="sentence_classification_head")
    add_tokenizer(tmp_path, classifier)
    task = kbz.TextClassifier.from_preset(tmp_path)
    assert_same(to_numpy(task(OURS)), theirs(classifier).logits)
    assert task.conversion_report.new == []
    assert task.get_layer("head").dropout.rate == 0.2
    assert task.predict(["abc"]).shape == (1, 3)


def test_several_heads_are_left_alone(classifier, tmp_path):
    import torch

    state = write_fairseq(tmp_path, classifier, head="mnli")
    for name in [name for name in state["model"] if "mnli" in name]:
        state["model"][name.replace("mnli", "rte")] = state["model"][name]
    torch.save(state, tmp_path / "model.pt")
    encoder = kbz.Encoder.from_preset(tmp_path)
    unused = encoder.conversion_report.unused
    assert "classifier.classification_heads.rte.out_proj.weight" in unused
    assert len(unused) == 8
    with pytest.raises(ValueError, match="has no head for a TextClassifier"):
        kbz.TextClassifier.from_preset(tmp_path)


def test_norms_before_the_branches(tmp_path):
    model = tiny("ForMaskedLM", tmp_path / "hf", "XLMRobertaXL")
    write_fairseq(tmp_path, model, encoder_normalize_before=True, layernorm_embedding=False)
    encoder = kbz.Encoder.from_preset(tmp_path)
    assert encoder.config.family == "xlm_roberta_xl"
    expected = theirs(model.roberta).last_hidden_state
    assert_same(to_numpy(encoder(OURS)), expected, MASK)


def sizes(config):
    return config.num_heads, config.intermediate_dim, config.max_sequence_length, config.dropout


@pytest.mark.any_backend
@pytest.mark.parametrize("form", [namespace, fairseq_folders.dictionary, fairseq_folders.mixed])
def test_every_form_of_the_settings(masked_lm, tmp_path, form):
    write_fairseq(tmp_path, masked_lm, form, name="checkpoint_best.pt", dropout=0.3)
    config = FairseqFolder(tmp_path).encoder_config()
    assert sizes(config) == (2, 32, 24, 0.3)


@pytest.mark.any_backend
def test_settings_of_omegaconf(masked_lm, tmp_path, omegaconf_modules):
    write_fairseq(tmp_path, masked_lm, omegaconf_modules, dropout=0.3)
    config = FairseqFolder(tmp_path).encoder_config()
    assert sizes(config) == (2, 32, 24, 0.3)
    with pytest.raises(ValueError, match="may run code: refused"):
        TorchFile(tmp_path / "model.pt")


@pytest.mark.any_backend
def test_what_would_be_built_wrongly(masked_lm, tmp_path):
    def refused(match, **changes):
        write_fairseq(tmp_path, masked_lm, **changes)
        with pytest.raises(kbz.ConversionError, match=match):
            kbz.Encoder.from_preset(tmp_path)

    refused("model.pt: activation_fn='relu' changes the output", activation_fn="relu")
    refused("encoder_layers_to_keep='0,2'", encoder_layers_to_keep="0,2")
    refused("no_scale_embedding=False", no_scale_embedding=False)
    refused("settings have no encoder_attention_heads", encoder_attention_heads=...)
    refused("does not divide into num_heads=3", encoder_attention_heads=3)
    refused("num_layers must be a whole number", encoder_layers="2")
    refused("says 3 layers", encoder_layers=3)
    refused("left over", encoder_layers=1)
    refused("says intermediate_size=64", encoder_ffn_embed_dim=64)
    refused("says max_position_embeddings=514", max_positions=...)


@pytest.mark.any_backend
def test_tensors_that_are_not_a_robertas(masked_lm, tmp_path):
    import torch

    state = write_fairseq(tmp_path, masked_lm)

    def refused(match, changes, error=kbz.ConversionError):
        model = {k: v for k, v in {**state["model"], **changes}.items() if v is not None}
        torch.save({**state, "model": model}, tmp_path / "model.pt")
        with pytest.raises(error, match=match):
            kbz.Encoder.from_preset(tmp_path)

    start = "encoder.sentence_encoder."
    refused("left over +1 ", {f"{start}layers.0.self_attn.bias_k": torch.ones(1, 1, 16)})
    refused("missing +1 ", {f"{start}layers.0.fc1.bias": None})
    refused("embed_tokens; found", {f"{start}embed_tokens.weight": None})
    refused("are both embeddings", {f"{start}emb_layer_norm.weight": torch.ones(16)})
    refused("divide into 3", {f"{start}layers.0.self_attn.in_proj_bias": torch.ones(47)})
    refused("not a checkpoint of fairseq", dict.fromkeys(state["model"]), ValueError)
    torch.save(state["model"], tmp_path / "model.pt")
    with pytest.raises(ValueError, match="not a checkpoint of fairseq.*found 'encoder"):
        kbz.Encoder.from_preset(tmp_path)


class Evil:
    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


@pytest.mark.any_backend
def test_code_is_refused_and_not_run(masked_lm, tmp_path):
    import torch

    state = write_fairseq(tmp_path, masked_lm)
    for place in ("args", "cfg", "model", "extra_state", "anything"):
        torch.save({**state, place: Evil(tmp_path / "ran")}, tmp_path / "model.pt")
        with pytest.raises(ValueError, match="mkdir.*may run code: refused"):
            kbz.Encoder.from_preset(tmp_path)
    hidden = argparse.Namespace(**{**vars(state["args"]), "lr": Evil(tmp_path / "ran")})
    torch.save({**state, "args": hidden}, tmp_path / "model.pt")
    with pytest.raises(ValueError, match="may run code: refused"):
        kbz.Encoder.from_preset(tmp_path)
    assert not (tmp_path / "ran").exists()
    torch.load(tmp_path / "model.pt", weights_only=False)
    assert (tmp_path / "ran").exists()  # it would work


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("said", "match"),
    [
        (b"cfairseq.tasks\nTask\n(tR}(U\1aK\1u", None),  # items set on an object are dropped
        (b"cfairseq.tasks\nTask\n)\x81q\7}U\4_valh\7sb", None),  # a node in itself
        (b"cfairseq.tasks\nTask\n}\x81", "no known class"),
        (b"ccollections\nOrderedDict\n)\x81", "no known class"),
        (b"cfairseq.tasks\nTask\n]R", "no short list"),
        (b"cfairsequel\nTask\n)\x81", "'fairsequel.Task', which may run code"),
        (b"c__builtin__\ngetattr\n)R", "'__builtin__.getattr', which may run code"),
        (b"cbuiltins\ndict.update\n)R", "'builtins.dict.update', which may run code"),
    ],
)
def test_objects_are_taken_as_data(masked_lm, tmp_path, said, match):
    from tests.checkpoints.test_torch_pickle import Raw, tensor, write_zip

    model = {"encoder.a": tensor()}
    path = write_zip(tmp_path / "m.pt", {"model": model, "args": {"a": Raw(said)}}, [bytes(8)])
    if match:
        with pytest.raises(ValueError, match=match):
            FairseqFile(path)
    else:
        assert FairseqFile(path).settings == {"a": None}


@pytest.mark.any_backend
def test_names():
    assert translate("encoder.sentence_encoder.layers.11.self_attn.in_proj_weight") == [
        f"encoder.layer.11.attention.self.{part}.weight" for part in ("query", "key", "value")
    ]
    assert translate("classification_heads.a.dense.bias") == ["classifier.dense.bias"]
    assert translate("encoder.lm_head.weight") == ["lm_head.decoder.weight"]
    assert translate("encoder.version") == ["encoder.version"]


# Tokenizers.


def gpt2_folder(folder, vocabulary, merges):
    """fairseq's files of a RoBERTa of transformers, over GPT-2's numbers in some order."""
    in_order = sorted(vocabulary, key=vocabulary.get)
    plain = [t for t in in_order if t not in S_SPECIAL and not t.startswith("madeupword")]
    numbers = list(range(len(plain)))
    random.Random(0).shuffle(numbers)
    encoder = dict(zip(plain, numbers))
    lines = [f"{encoder.get(token, token)} 1\n" for token in in_order if token not in S_SPECIAL]
    files = {"encoder.json": encoder, "vocab.bpe": merges, "dict.txt": "".join(lines)}
    return write(folder, files)


def assert_same_engine(ours, expected):
    ours, expected = (json.loads(engine.to_str()) for engine in (ours._loaded.engine, expected))
    for part in ("model", "normalizer", "pre_tokenizer", "post_processor", "decoder"):
        assert ours[part] == expected[part], part
    assert ours["added_tokens"] == expected["added_tokens"]


@pytest.mark.any_backend
@pytest.mark.parametrize("which", ["tiny", pytest.param("real", marks=pytest.mark.real)])
def test_byte_bpe_is_that_of_transformers(which, tmp_path):
    transformers = pytest.importorskip("transformers")
    if which == "real":
        source = data_path("vocab", "roberta")
        (tmp_path / "config.json").write_text('{"model_type": "roberta"}')
        for name in ("vocab.json", "merges.txt"):
            (tmp_path / name).symlink_to(source / name)
    else:
        byte_bpe_folder(tmp_path, "roberta", [*S_SPECIAL[:4], "[mask]"])
        path = tmp_path / "vocab.json"
        vocabulary = json.loads(path.read_text())
        vocabulary.pop("[mask]")
        size = len(vocabulary)
        vocabulary = {t: i for i, t in enumerate(sorted(vocabulary, key=vocabulary.get))}
        path.write_text(json.dumps({**vocabulary, "madeupword0000": size, "<mask>": size + 1}))
    vocabulary = json.loads((tmp_path / "vocab.json").read_text("utf-8"))
    merges = (tmp_path / "merges.txt").read_text("utf-8")
    ours = from_fairseq(gpt2_folder(tmp_path / "fairseq", vocabulary, merges))
    reference = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert ours.vocabulary() == vocabulary
    assert_same_engine(ours, reference._tokenizer)
    for name, text in HARD_STRINGS.items():
        assert ours(text) == reference(text)["input_ids"], name
    assert ours(["a"], ["b"])[0] == reference("a", "b")["input_ids"]


@pytest.mark.any_backend
@pytest.mark.parametrize("family", ["xlm-roberta", "camembert"])
def test_sentencepiece_is_that_of_transformers(family, tmp_path):
    transformers = pytest.importorskip("transformers")
    options = {"user_defined_symbols": [], "normalization_rule_name": "nmt_nfkc"}
    sentencepiece_folder(tmp_path, family, **options)
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(str(tmp_path / "sentencepiece.bpe.model"))
    pieces = [model.id_to_piece(i) for i in range(model.vocab_size())]
    lines = [f"{piece} {999}\n" for piece in pieces[3:]]
    if family == "camembert":  # whose special tokens come again
        lines = [f"{piece} 999 #fairseq:overwrite\n" for piece in pieces[:3]] + lines
    folder = tmp_path / "fairseq"
    files = {"sentencepiece.bpe.model": (tmp_path / "sentencepiece.bpe.model").read_bytes()}
    write(folder, {**files, "dict.txt": "".join(lines)})
    ours, reference = from_fairseq(folder), transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert ours.vocabulary() == reference.get_vocab()
    for name, text in HARD_STRINGS.items():
        assert ours(text) == reference(text)["input_ids"], name
    assert ours("<mask>") == reference("<mask>")["input_ids"]


@pytest.mark.any_backend
def test_pieces_in_the_order_of_the_dictionary(tmp_path):
    """Against the rules of fairseq: SentencePiece cuts, dict.txt numbers."""
    sentencepiece_folder(tmp_path, "xlm-roberta", user_defined_symbols=[], byte_fallback=False)
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(str(tmp_path / "sentencepiece.bpe.model"))
    pieces = [model.id_to_piece(i) for i in range(3, model.vocab_size())]
    random.Random(0).shuffle(pieces)
    (tmp_path / "dict.txt").write_text("".join(f"{p} 5\n" for p in pieces), "utf-8")
    tokenizer = from_fairseq(tmp_path)
    ids = {piece: 4 + index for index, piece in enumerate(pieces)}
    for text in ("The capital of France is Paris", "500 and 6,000", "Le café naïf"):
        cut = model.encode(text, out_type=str)
        assert tokenizer(text) == [0, *(ids.get(piece, 3) for piece in cut), 2]
    assert tokenizer.mask_id == len(pieces) + 4


@pytest.mark.any_backend
def test_a_dictionary_that_cannot_be_used(tmp_path):
    path = tmp_path / "dict.txt"

    def refused(text, match):
        path.write_bytes(text.encode())
        with pytest.raises(ValueError, match=match):
            read_dictionary(path)

    refused("a 1\nb\n", "line 2: 'b'; expected a dictionary")
    refused("a 1\nb x\n", "line 2")
    refused("a 1\na 2\n", "'a' comes twice")
    refused("<pad> 1\n", "'<pad>' comes twice")
    path.write_bytes(b"a 1\r\nb b -1\n<unk> 1 #fairseq:overwrite\n<mask> 0\n")
    symbols = read_dictionary(path)
    assert symbols == ["<s>", "<pad>", "</s>", "<unk>", "a", "b b", "<unk>", "<mask>"]
    assert superseded(symbols) == [6]
    with pytest.raises(FileNotFoundError, match="vocab.bpe from https.*found"):
        from_fairseq(tmp_path)
    write(tmp_path, {"encoder.json": {"x": 0, "y": 1}, "vocab.bpe": ""})
    with pytest.raises(ValueError, match="do not belong together: 2 tokens have no id"):
        from_fairseq(tmp_path)


@pytest.mark.any_backend
def test_a_dictionary_of_another_model(masked_lm, tmp_path):
    write_fairseq(tmp_path, masked_lm)
    with pytest.raises(kbz.ConversionError, match="makes 6 tokens.*has 61 rows"):
        FairseqFolder(tmp_path).tokenizer()


@pytest.mark.any_backend
def test_which_folders_are_fairseqs(tmp_path):
    write(tmp_path, {"dict.txt": "a 1\n", "a.pt": "", "b.pt": ""})
    assert not is_fairseq(tmp_path)  # which of the two?
    (tmp_path / "b.pt").unlink()
    assert is_fairseq(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert not is_fairseq(tmp_path)
