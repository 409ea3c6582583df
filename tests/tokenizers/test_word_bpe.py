"""BERTweet's, PhoBERT's and XLM's tokenizers give what transformers' own, in Python, give."""

import copy
import doctest
import json
import pickle
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_bert_zoo as kbz
from keras_bert_zoo.cli import main
from keras_bert_zoo.tokenizers import Tokenizer, aligned, moses, tweets
from keras_bert_zoo.tokenizers.added_tokens import ROLES
from tests.parity.references import assert_same, reference
from tests.tokenizers.hard_strings import HARD_STRINGS
from tests.tokenizers.parity import SHORT, TEXT
from tests.tokenizers.tiny_folders import word_bpe_folder, write

pytestmark = pytest.mark.any_backend

transformers = pytest.importorskip("transformers", reason="transformers is the reference")

TWEETS = [
    "Don't @me!! I cannot believe it…😂😂 see https://t.co/abc?x=(1)(2(3)) or www.x.org/a_(b).",
    "RT @user_1: “it’s 5 p.m. in L.A.” … ain't we late?",
    "can't, won't; I'm you're she's he'd I've we'll",
    "A p . m . and a . m . and 5 p . m or a . m",
    "call +1 (555) 555-1234, 555 1234 or 555.123.4567 now :-) D8 8-D <3 </3 >:( =] ;o)",
    "#hash_tag's ##x me@example.co.uk <b>bold</b> --> <-- . . . ... 3/4 1,000 -5.5 1-2-3",
    "state-of-the-art rock'n'roll _x_ x_ -x- '",
    "&amp; &lt;b&gt; &#65; &#x41; &#X41; &xi; &eacute; &#150; &#129; &nope; &#99999999; &#-5;",
    "sooooo!!!!!! \n\n\n\n\n new\nline\n\nend \u200d\u200d\u200d\u200d 👨‍👩‍👧 👍🏽 🇫🇷 ❤️ ☺ 5⃣",
    "http://.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,.,., foo.na@example.com a.b.c.de/",
    "HTTPS://X.Y @ @: www http wwwhat HttP <mask> one<mask>two </s>",
    "n't n't n 't ca n't ai n't n'tn't 's's 've 'd 'll 're 'm cannot cannot",
]
CASES = {  # tokenizer_class -> what its tokenizer_config.json says
    "tweets": {"tokenizer_class": "BertweetTokenizer", "normalization": True},
    "bertweet": {"tokenizer_class": "BertweetTokenizer"},
    "phobert": {"tokenizer_class": "PhobertTokenizer"},
    "xlm": {"tokenizer_class": "XLMTokenizer"},
    "xlm, case kept": {"tokenizer_class": "XLMTokenizer", "do_lowercase_and_remove_accent": False},
}
# Read quickly as they are, with what Hypothesis would need long to hit upon.
WORDS = st.lists(
    st.sampled_from(
        [
            *". , ' @ # & ; : ( ) < > / - = 8 D p a m http:// www. n't 's".split(),
            *"can not 5 55 555 1234".split(),
            *"😂 ’ … &amp; &lt; x.com a@b.c <mask> <s> _ é \u0301 ! !!!! 🇫🇷".split(),
            *" \n",
        ]
    ),
    max_size=30,
).map("".join)


@pytest.fixture(scope="module", params=CASES)
def pair(request, tmp_path_factory):
    """Ours and the reference."""
    config = CASES[request.param]
    if config.get("normalization"):
        pytest.importorskip("emoji", reason="the extra `tweets`")
    if config["tokenizer_class"] == "XLMTokenizer":
        pytest.importorskip("sacremoses", reason="the extra `xlm`")
    folder = word_bpe_folder(tmp_path_factory.mktemp("folder"), config)
    return Tokenizer.from_folder(folder), transformers.AutoTokenizer.from_pretrained(folder)


def plain(reference, text):
    return reference.convert_tokens_to_ids(reference.tokenize(text))


def test_texts(pair):
    ours, reference = pair
    for text in [*HARD_STRINGS.values(), *TWEETS]:
        text = text if len(text) < 1000 else text[:4000]
        expected = plain(reference, text)
        encoding = ours.encode(text, add_special_tokens=False)
        assert encoding.ids == ours.ids_batch([text])[0] == expected, text
        assert encoding.tokens == reference.convert_ids_to_tokens(expected)
        assert all(0 <= a <= b <= len(text) for a, b in encoding.offsets)
        assert encoding.offsets == sorted(encoding.offsets)


def test_the_test_is_not_empty(pair):
    """Merges, unknown pieces and whole words all happen."""
    ours, _ = pair
    ids = ours.ids_batch(list(SHORT.values()))
    assert 0.05 < sum(i == ours.unk_id for row in ids for i in row) / sum(map(len, ids)) < 0.5
    assert ours.tokenize("tokenizers cut") != list("tokenizers cut")


def test_rows(pair):
    ours, reference = pair
    texts = [*SHORT.values(), *TWEETS]
    for text, other in zip(texts, texts[::-1]):
        expected = reference(text, other, return_special_tokens_mask=True)
        encoding = ours.encode(text, other)
        assert encoding.ids == expected["input_ids"]
        assert ours(text) == reference(text)["input_ids"]
        if "token_type_ids" in expected:
            assert encoding.segment_ids == expected["token_type_ids"]
        if not set(ours.special_ids) & set(plain(reference, text + other)) - {ours.unk_id}:
            assert encoding.special_tokens_mask == expected["special_tokens_mask"]
        words = text.split() or ["a"]  # theirs takes no empty list
        expected = reference(words, is_split_into_words=True)["input_ids"]
        assert ours.encode_words(words).ids == expected


def test_decode(pair):
    ours, reference = pair
    for text in [*SHORT.values(), *TWEETS]:
        ids = ours(text)
        for skip in (True, False):
            assert ours.decode(ids, skip) == reference.decode(ids, skip_special_tokens=skip)
    assert ours.decode([0, 10**6]) == ""  # like every other tokenizer here
    for wrong in ([-1], [0.5]):
        with pytest.raises(ValueError, match="integers of 0 or more"):
            ours.decode(wrong)


def test_special_tokens(pair):
    ours, reference = pair
    assert ours.vocabulary() == reference.get_vocab()
    for role in ROLES:
        assert getattr(ours, f"{role}_token") == getattr(reference, f"{role}_token")
        assert getattr(ours, f"{role}_id") == getattr(reference, f"{role}_token_id")
        assert ours.id_to_token(getattr(ours, f"{role}_id")) == getattr(ours, f"{role}_token")
    assert set(ours.special_ids) == set(reference.all_special_ids)
    assert ours.vocabulary_size == len(reference)


@settings(deadline=None, max_examples=60, derandomize=True, database=None)
@given(text=st.one_of(TEXT, WORDS, st.lists(st.one_of(TEXT, WORDS), max_size=3).map(" ".join)))
def test_any_text(pair, text):
    ours, reference = pair
    assert ours.ids_batch([text]) == [plain(reference, text)]


def test_what_is_saved_reads_the_same(pair, tmp_path):
    ours, _ = pair
    changed = copy.deepcopy(ours)
    assert changed.add_tokens(["<new>"], special=True) == 1
    assert changed.add_tokens(["<new>", "newer"]) == 1
    assert changed.vocabulary_size == ours.vocabulary_size + 2
    changed.save(tmp_path)
    texts = [*SHORT.values(), *TWEETS, "a<new>b newer"]
    again = Tokenizer.from_folder(tmp_path)
    loaded = Tokenizer()
    loaded.load_assets(tmp_path)
    pickled = pickle.loads(pickle.dumps(changed))
    saved = transformers.AutoTokenizer.from_pretrained(tmp_path)
    expected = [saved(text)["input_ids"] for text in texts]
    for one in (changed, again, loaded, pickled):
        assert one(texts) == expected
        assert one.special_ids == changed.special_ids
        assert one.template == ours.template
        assert one.get_config()["special_tokens"] == ours.get_config()["special_tokens"]


def test_a_model_keeps_its_tokenizer(tmp_path, capsys):
    """A RoBERTa with BERTweet's files: read, kept as a preset, as a .keras file, written back."""
    import keras
    import torch

    folder = word_bpe_folder(tmp_path / "theirs", CASES["bertweet"])
    tokens = transformers.AutoTokenizer.from_pretrained(folder)
    sizes = {"vocab_size": len(tokens), "max_position_embeddings": 300, "pad_token_id": 1}
    model = reference("RobertaForSequenceClassification", folder, "RobertaConfig", **sizes)
    texts = TWEETS[1:4]
    with torch.no_grad():
        encoded = tokens(texts, padding=True, return_tensors="pt")
        expected = model(**encoded).logits
    task = kbz.TextClassifier.from_preset(folder)
    task.save_to_preset(tmp_path / "preset")
    task.save(tmp_path / "model.keras")
    task.save_to_hugging_face(tmp_path / "back")
    again = transformers.AutoTokenizer.from_pretrained(tmp_path / "back")
    assert type(again) is type(tokens)
    assert again(texts)["input_ids"] == tokens(texts)["input_ids"]
    for one in (
        task,
        kbz.TextClassifier.from_preset(tmp_path / "preset"),
        keras.saving.load_model(tmp_path / "model.keras"),
        kbz.TextClassifier.from_preset(tmp_path / "back"),
    ):
        assert_same(one.predict(texts), expected)
    capsys.readouterr()
    main(["inspect", str(tmp_path / "preset"), "--json"])
    found = json.loads(capsys.readouterr().out)["tokenizer"]
    assert found["kind"] == "BertweetTokenizer"
    assert found["vocabulary_size"] == len(tokens)


def test_offsets_of_tweets(tmp_path):
    pytest.importorskip("emoji", reason="the extra `tweets`")
    ours = Tokenizer.from_folder(word_bpe_folder(tmp_path, CASES["tweets"]))
    text = "Don't @me  &amp; http://t.co/x 😂<mask>wooooow……!"
    encoding = ours.encode(text, "@you")
    words = {}
    for word, part, (start, end) in zip(
        encoding.word_ids, encoding.sequence_ids, encoding.offsets, strict=True
    ):
        if part == 0:
            first, _ = words.get(word, (start, end))
            words[word] = (first, end)
    found = [text[start:end] for start, end in words.values()]
    assert found[:7] == ["Do", "n't", "@me", "&amp;", "http://t.co/x", "😂", "<mask>"]
    assert text[encoding.offsets[0][0] : encoding.offsets[0][1]] == ""
    assert encoding.offsets[-2][1] == len("@you")
    by_word = ours.encode_words(["see", "@me"])
    assert (by_word.offsets[-2][1], by_word.word_ids[-2]) == (3, 1)


def test_a_tweet_without_spaces():
    """Its words are found in stretches: of one, that would take minutes."""
    pytest.importorskip("emoji", reason="the extra `tweets`")
    found = tweets.normal_tweet(aligned.Aligned("a." * 2000))
    assert found.text.replace(" ", "") == "a." * 2000
    assert found.spans[-1] == (3999, 4000)


def test_a_surrogate_in_an_entity(tmp_path):
    pytest.importorskip("emoji", reason="the extra `tweets`")
    ours = Tokenizer.from_folder(word_bpe_folder(tmp_path, CASES["tweets"]))
    assert ours("a &#xD800; b") == ours("a \ud800 b") == ours("a \ufffd b")


@pytest.mark.parametrize(
    ("case", "package", "extra", "tools"),
    [
        ("tweets", "emoji", "tweets", tweets._library),
        ("tweets", "regex", "tweets", tweets._library),
        ("xlm", "sacremoses", "xlm", moses._tools),
    ],
)
def test_what_needs_an_extra_says_so(case, package, extra, tools, tmp_path, monkeypatch):
    if package == "regex":
        pytest.importorskip("emoji", reason="it is asked for first")
    folder = word_bpe_folder(tmp_path, CASES[case])
    monkeypatch.setitem(sys.modules, package, None)
    tools.cache_clear()
    with pytest.raises(ImportError, match=rf"\({package}\).*pip install keras-bert-zoo\[{extra}\]"):
        Tokenizer.from_folder(folder)
    monkeypatch.undo()
    tools.cache_clear()


@pytest.mark.parametrize("language", ["de", "fr", "ro", "ru", "xx"])
def test_languages_of_xlm(language, tmp_path):
    pytest.importorskip("sacremoses", reason="the extra `xlm`")
    folder = word_bpe_folder(tmp_path / "a", CASES["xlm"])
    ours = Tokenizer.from_folder(folder, language=language)
    reference = transformers.AutoTokenizer.from_pretrained(folder)
    ours.save(tmp_path / "b")
    again = Tokenizer.from_folder(tmp_path / "b")
    texts = [
        *TWEETS,
        "Șapte țări, „2\u00a0000” așa.",
        "z.B. Dr. Müller, p.ex. l'été d'où",
        "5\u00a0%",
    ]
    for text in [text for text in texts if "<" not in text]:
        expected = reference.convert_tokens_to_ids(reference._tokenize(text, lang=language))
        assert ours.ids_batch([text]) == again.ids_batch([text]) == [expected]


@pytest.mark.parametrize("language", ["zh", "ja", "th", 5])
def test_languages_that_xlm_cannot_have_here(language, tmp_path):
    folder = word_bpe_folder(tmp_path, CASES["xlm"])
    with pytest.raises(ValueError, match=f"language={language!r} is not read|two letters"):
        Tokenizer.from_folder(folder, language=language)


def test_offsets_of_xlm(tmp_path):
    pytest.importorskip("sacremoses", reason="the extra `xlm`")
    ours = Tokenizer.from_folder(word_bpe_folder(tmp_path, CASES["xlm"]))
    text = "  Él dijo: «Café» …  10\u00a0%</s>ΣΑΣ "
    words = {}
    encoding = ours.encode(text, add_special_tokens=False)
    for word, (start, end) in zip(encoding.word_ids, encoding.offsets, strict=True):
        words[word] = (words.get(word, (start, end))[0], end)
    found = [text[start:end] for start, end in words.values()]
    assert found == ["Él", "dijo", ":", "«", "Café", "»", "…", "10", "\u00a0%", "</s>", "ΣΑΣ"]


def test_texts_that_are_changed_beyond_their_spaces():
    text = aligned.Aligned("a bc").respaced("x y")
    assert (text.text, text.span(0, 1), text.span(2, 2)) == ("x y", (0, 4), (0, 0))


def test_settings_in_place_of_the_files(tmp_path):
    pytest.importorskip("emoji", reason="the extra `tweets`")
    folder = word_bpe_folder(tmp_path / "a", CASES["tweets"])
    said = Tokenizer.from_folder(folder)
    write(folder, {"tokenizer_config.json": CASES["bertweet"]})
    told = Tokenizer.from_folder(folder, normalization=True)
    assert told(TWEETS) == said(TWEETS) != Tokenizer.from_folder(folder)(TWEETS)
    told.save(tmp_path / "b")  # it is written, too
    assert Tokenizer.from_folder(tmp_path / "b")(TWEETS) == said(TWEETS)
    with pytest.raises(ValueError, match=r"\['lower'\] given, .* told \['normalization'\]"):
        Tokenizer.from_folder(folder, lower=True)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"vocab.txt": "a 1\nb\n"}, r"vocab\.txt: line 2 is 'b'"),
        ({"bpe.codes": "a b 1\nc\n"}, r"bpe\.codes: line 2 is 'c'"),
        ({"tokenizer_config.json": {"normalization": "yes"}}, "normalization is 'yes'"),
        ({"merges.txt": "a b\nc d e f\n"}, r"merges\.txt: line 2 is 'c d e f'"),
        ({"vocab.json": {"a": -1}}, r"vocab\.json: .* found -1 for 'a'"),
        ({"vocab.json": {"a": 0}}, "usable tokenizer"),
    ],
)
def test_unusable_files(files, message, tmp_path):
    name = "XLMTokenizer" if {"merges.txt", "vocab.json"} & set(files) else "BertweetTokenizer"
    word_bpe_folder(tmp_path, {"tokenizer_class": name})
    write(tmp_path, {"config.json": {"tokenizer_class": name}, **files})
    with pytest.raises(ValueError, match=message):
        Tokenizer.from_folder(tmp_path)


def test_codes_without_counts(tmp_path):
    """What transformers writes: it loses its own merges then, we do not."""
    folder = word_bpe_folder(tmp_path / "a", CASES["bertweet"])
    transformers.AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path / "b")
    texts = list(SHORT.values())
    ours = Tokenizer.from_folder(folder)
    assert Tokenizer.from_folder(tmp_path / "b")(texts) == ours(texts)


@pytest.mark.parametrize("case", ["bertweet", "xlm"])
def test_files_alone(case, tmp_path):
    pytest.importorskip("sacremoses", reason="the extra `xlm`")
    folder = word_bpe_folder(tmp_path, CASES[case])
    named = Tokenizer.from_folder(folder)
    (folder / "tokenizer_config.json").unlink()
    assert Tokenizer.from_folder(folder)(TWEETS) == named(TWEETS)


def test_a_tokenizer_json_is_not_read(tmp_path):
    """As in transformers: their class reads vocab.txt and bpe.codes only."""
    folder = word_bpe_folder(tmp_path, CASES["phobert"])
    named = Tokenizer.from_folder(folder)
    model = {"type": "BPE", "vocab": {"a": 0}, "merges": []}
    write(folder, {"tokenizer.json": json.dumps({"version": "1.0", "model": model})})
    assert Tokenizer.from_folder(folder)(TWEETS) == named(TWEETS)


@pytest.mark.parametrize("module", [aligned, moses, tweets])
def test_examples_in_docstrings(module):
    for package in {tweets: ["emoji", "regex"], moses: ["sacremoses"]}.get(module, ()):
        pytest.importorskip(package, reason="an extra")
    assert doctest.testmod(module).failed == 0
