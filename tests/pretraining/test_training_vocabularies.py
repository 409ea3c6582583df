"""Vocabularies learnt from texts: as the libraries' own trainers, the same every time."""

import json
import random

import pytest
from tokenizers import Tokenizer as Rust
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

import keras_bert_zoo as kbz
from keras_bert_zoo.pretraining import train_vocabulary
from keras_bert_zoo.pretraining.vocabulary.pieces import learn_pieces
from tests.paths import data_path
from tests.tiny import sentences

pytestmark = pytest.mark.any_backend

TEXTS = [
    *sentences(300)[0],
    "Élodie's café déjà vu: 1, 2, 3 and 40.",
    "unbelievable unbelievably believable belief",
] * 2
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def by_id(tokens):
    return sorted(tokens, key=tokens.get)


@pytest.mark.parametrize("lowercase", [True, False])
def test_wordpiece_is_the_libraries_own(lowercase):
    ours = train_vocabulary(TEXTS, "wordpiece", 150, lowercase=lowercase)
    engine = Rust(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    engine.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # Its single characters in our order: else ties fall to another one every time.
    single = [t for t in by_id(ours.vocabulary()) if len(t.removeprefix("##")) == 1]
    trainer = trainers.WordPieceTrainer(
        vocab_size=150, min_frequency=2, special_tokens=[*BERT, *single], show_progress=False
    )
    engine.train_from_iterator(TEXTS, trainer)
    assert by_id(ours.vocabulary()) == by_id(engine.get_vocab())
    assert [ours.pad_id, ours.unk_id, ours.cls_id, ours.sep_id, ours.mask_id] == [0, 1, 2, 3, 4]
    assert ours.decode(ours("unbelievable café")) == (
        "unbelievable cafe" if lowercase else "unbelievable café"
    )


def test_byte_bpe_is_the_libraries_own():
    ours = train_vocabulary(TEXTS, "byte_bpe", 400)
    engine = Rust(models.BPE())
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    engine.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        min_frequency=2,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    engine.train_from_iterator(TEXTS, trainer)
    model = json.loads(engine.to_str())["model"]
    found = ours.specification()["model"]
    assert found["vocab"] == model["vocab"]
    assert [list(pair) for pair in found["merges"]] == [list(pair) for pair in model["merges"]]
    assert (ours.cls_id, ours.pad_id, ours.sep_id) == (0, 1, 2)
    text = "An unbelievable 中文 café!"
    assert ours.decode(ours(text)) == text


def test_unigram_is_the_libraries_own():
    ours = train_vocabulary(TEXTS, "unigram", 120)
    engine = Rust(models.Unigram())
    engine.normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    trainer = trainers.UnigramTrainer(vocab_size=115, show_progress=False)
    engine.train_from_iterator(TEXTS, trainer)
    theirs = dict(map(tuple, json.loads(engine.to_str())["model"]["vocab"]))
    found = dict(map(tuple, ours.specification()["model"]["vocab"][5:]))
    assert set(found) == set(theirs)
    # Characters that the trainer adds at the end have scores in an order of chance.
    assert max(abs(found[p] - theirs[p]) for p in found if len(p) > 1) < 1e-6
    assert ours.decode(ours("Unbelievable film")) == "unbelievable film"


def test_a_table_of_words_too_small_for_all_is_reported():
    texts = [f"{'good film ' * 20} rare{number}" for number in range(200)]
    exact, report = train_vocabulary(texts, size=60, return_report=True)
    assert (report.error, report.size) == (0, exact.vocabulary_size)
    assert report.words == 200 * 41
    pruned, report = train_vocabulary(texts, size=60, capacity=40, return_report=True)
    assert 0 < report.error < 20
    assert f"at most {report.error} too low" in str(report)
    assert {"good", "film"} <= set(pruned.vocabulary())


@pytest.mark.parametrize("kind", ["wordpiece", "byte_bpe", "unigram"])
def test_the_same_every_time_whatever_the_order(kind):
    size = {"wordpiece": 120, "byte_bpe": 330, "unigram": 100}[kind]
    first = train_vocabulary(TEXTS, kind, size).specification()
    mixed = random.Random(1).sample(TEXTS, len(TEXTS))
    assert train_vocabulary(mixed, kind, size).specification() == first


@pytest.mark.parametrize("kind", ["wordpiece", "byte_bpe", "unigram"])
def test_like_another_one(kind, tmp_path):
    size = {"wordpiece": 120, "byte_bpe": 330, "unigram": 100}[kind]
    old = train_vocabulary(TEXTS, kind, size)
    old.add_tokens(["mRNA"])
    old.add_tokens(["<entity>"], special=True)
    new = train_vocabulary(TEXTS[:100], like=old, size=size + 10)
    assert by_id(new.vocabulary())[:7] == [*by_id(old.vocabulary())[:5], "mRNA", "<entity>"]
    assert new.get_config()["special_tokens"] == old.get_config()["special_tokens"]
    text = "a mRNA film <entity>!"
    assert {new.token_to_id("mRNA"), new.token_to_id("<entity>")} <= set(new(text))
    assert new.template.single.ids == (
        tuple((new.token_to_id(old.id_to_token(ids[0])),) for ids in old.template.single.ids)
    )
    new.save(tmp_path)
    again = kbz.Tokenizer.from_folder(tmp_path)
    assert again(TEXTS[:20]) == new(TEXTS[:20])
    assert again("a", "b") == new("a", "b")


@pytest.mark.parametrize("kind", ["wordpiece", "byte_bpe", "unigram"])
def test_transformers_reads_it_to_the_same_ids(kind, tmp_path):
    transformers = pytest.importorskip("transformers", reason="the reference: pip install .[test]")
    size = {"wordpiece": 120, "byte_bpe": 330, "unigram": 100}[kind]
    ours = train_vocabulary(TEXTS, kind, size)
    ours.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    texts = [*TEXTS[:20], TEXTS[300], f"a {ours.mask_token} film"]
    assert theirs(texts)["input_ids"] == ours(texts)
    assert theirs(texts[:3], texts[3:6])["input_ids"] == ours(texts[:3], texts[3:6])
    assert theirs.mask_token_id == ours.mask_id
    assert theirs.pad_token_id == ours.pad_id


@pytest.mark.real
def test_like_the_published_ones():
    texts = data_path("text", "wikitext2", "valid.txt").read_text("utf-8").split("\n")[:300]
    bert = kbz.Tokenizer.from_vocabulary(data_path("vocab", "bert-uncased", "vocab.txt"))
    roberta = kbz.Tokenizer.from_file(data_path("vocab", "roberta", "roberta-base.json"))
    for old, size in ((bert, 600), (roberta, 600)):
        new = train_vocabulary(texts, like=old, size=size)
        assert new.vocabulary_size == size
        assert new.pad_id == old.pad_id  # of RoBERTa 1, from which positions are counted
        assert new.template.single.segments == old.template.single.segments
        plain = new.decode(new("The capital of France"))
        assert plain.lower().split() == "the capital of france".split()


def test_a_limited_alphabet_takes_the_commonest_characters():
    texts = ["aaaa bbbb cccc", "aaaa bbbb", "aaaa", "中文"]
    tokenizer = train_vocabulary(texts, size=60, limit_alphabet=2, min_frequency=1)
    assert {t for t in tokenizer.vocabulary() if len(t) == 1} == {"a", "b"}
    pieces = train_vocabulary(texts * 5, "unigram", 40, limit_alphabet=3)
    letters = {letter for piece in by_id(pieces.vocabulary())[5:] for letter in piece}
    assert letters == {"▁", "a", "b"}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"kind": "wordpieces"}, ValueError, "Did you mean 'wordpiece'"),
        ({"size": 20}, ValueError, "size=20 has no room for"),
        ({"kind": "byte_bpe", "size": 200}, ValueError, "has no room for 261 tokens"),
        ({"kind": "unigram", "size": 12}, ValueError, "size=12 has no room for 5 special"),
        ({"kind": "byte_bpe", "lowercase": True}, TypeError, "byte_bpe has no"),
        ({"source": []}, ValueError, "no words to learn from"),
        ({"capacity": 0}, ValueError, "capacity must be 2 words or more"),
    ],
)
def test_what_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        train_vocabulary(**{"source": TEXTS, "size": 500, **arguments})


def test_a_kind_and_a_likeness_are_not_mixed():
    like = train_vocabulary(TEXTS, size=100)
    with pytest.raises(TypeError, match="settled by `like`"):
        train_vocabulary(TEXTS, like=like, lowercase=False)


def test_a_word_that_holds_the_separator_is_left_out():
    assert dict(learn_pieces(["ab", "a\x1fb"], [50, 50], 10)).keys() >= {"a", "b"}
