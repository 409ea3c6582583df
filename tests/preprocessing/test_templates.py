"""Rows of every family are packed, cut and padded as transformers does it."""

import numpy as np
import pytest

import keras_bert_zoo as kbz
from keras_bert_zoo.preprocessing import TruncationReport
from keras_bert_zoo.preprocessing.document_features import DocumentFeatures
from keras_bert_zoo.preprocessing.labels import Labels
from keras_bert_zoo.preprocessing.mask_features import MaskFeatures, Masking
from keras_bert_zoo.preprocessing.span_features import SpanFeatures
from keras_bert_zoo.preprocessing.token_features import TokenFeatures
from keras_bert_zoo.tokenizers.template import Template
from tests.tokenizers.tiny_folders import FOLDERS

pytestmark = [
    pytest.mark.any_backend,
    pytest.mark.filterwarnings("ignore:The vocabulary lacks:UserWarning"),
]

FAMILIES = [name for name in FOLDERS if "," not in name]


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request, tmp_path_factory):
    transformers = pytest.importorskip("transformers")
    folder = FOLDERS[request.param](tmp_path_factory.mktemp("folder"))
    reference = transformers.AutoTokenizer.from_pretrained(folder)
    return kbz.Tokenizer.from_folder(folder), reference


def made(tokenizer, length, **options):
    return kbz.Preprocessor(tokenizer, length, truncation="silent", **options)


TEXTS = [" ".join("a b hello the".split()[i % 4] for i in range(count)) for count in range(7)]
PAIRS = [(a, b) for a in TEXTS for b in TEXTS]


def test_rows_are_cut_as_transformers_cuts_them(pair):
    ours, reference = pair
    options = {"truncation": "longest_first", "return_token_type_ids": True}
    for most in range(4, 18):
        preprocessor = made(ours, most)
        for rows in ([(a,) for a in TEXTS], PAIRS):
            packed, _ = preprocessor.pack_rows(rows, TruncationReport(most))
            columns = [list(column) for column in zip(*rows)]
            expected = reference(*columns, max_length=most, **options)
            assert [ids for ids, _ in packed] == expected["input_ids"], most
            assert [segments for _, segments in packed] == expected["token_type_ids"]


def test_arrays(pair):
    ours, reference = pair
    a, b = zip(*PAIRS)
    out = made(ours, 24, buckets=[24])((list(a), list(b)))
    expected = reference(
        list(a),
        list(b),
        max_length=24,
        padding="max_length",
        truncation="longest_first",
        return_token_type_ids=True,
        return_attention_mask=True,
    )
    np.testing.assert_array_equal(out["token_ids"], expected["input_ids"])
    np.testing.assert_array_equal(out["padding_mask"], expected["attention_mask"])
    np.testing.assert_array_equal(out["segment_ids"], expected["token_type_ids"])


def test_no_room(pair):
    ours, _ = pair
    special = ours.template.pair.special
    assert special in (3, 4)
    packed, _ = made(ours, 4).pack_rows([("a", "b")], TruncationReport(4))
    assert len(packed[0][0]) == 4
    assert made(ours, 16).room(2) == 16 - special


def test_tags_stand_at_their_tokens(pair):
    ours, _ = pair
    features = TokenFeatures(made(ours, 12), Labels(["A", "B"]), overlap=2)
    rows, targets = features.read([["hello", "a"] * 5, ["b"]], [["A", "B"] * 5, ["B"]])
    found = features.features(rows, targets, TruncationReport(12))
    inputs, y, weight = features.collate(found, len(found), None)
    for place, feature in enumerate(found):
        row, window = feature.info
        ids = inputs["token_ids"][place]
        start = features.first_place
        count = window.end - window.start
        assert ids[start : start + count].tolist() == row.ids[window.start : window.end]
        assert not np.isin(ids[weight[place] > 0], ours.template.special_ids).any()
    assert weight.sum() == sum(len(np.unique(row.word_ids)) for row in features.tokens(rows))
    assert set(np.unique(y[weight > 0])) == {0, 1}


def test_answers_stand_at_their_tokens(pair):
    ours, _ = pair
    context = "the a b hello the b a the"
    features = SpanFeatures(made(ours, 16), max_query_length=4)
    rows, targets = features.read([("a b", context), ("a", context)], ["hello", None])
    (one, *others) = [
        feature
        for feature in features.features(rows, targets, TruncationReport(16))
        if feature.target[0] != feature.info.null
    ]
    assert all(other.row == 0 for other in others)
    ids = one.parts[0][0]
    first, last = one.target
    assert ours.decode(ids[first : last + 1]).strip() == "hello"
    (nothing, *_) = [
        feature for feature in features.features(rows, targets, TruncationReport(16))
        if feature.row == 1
    ]  # fmt: skip
    assert nothing.target == (nothing.info.null,) * 2
    assert nothing.parts[0][0][nothing.info.null] == ours.cls_id


def test_masks_and_documents(pair):
    ours, _ = pair
    for whole_words in (False, True):
        features = MaskFeatures(made(ours, 16), Masking(0.5, whole_words=whole_words))
        rows, targets = features.read(["the a b hello the b", "a"])
        found = features.features(rows, targets, TruncationReport(16))
        _, y, weight = features.collate(found, 2, np.random.default_rng(0))
        assert not np.isin(y[weight > 0], ours.template.special_ids).any()
    documents = DocumentFeatures(made(ours, 8), Labels(["A", "B"]))
    found = documents.features([TEXTS[6] * 3], None, TruncationReport(8))
    inside = [index for f in found for index in f.parts[0][0]]
    ids = ours.ids_batch([TEXTS[6] * 3])[0]
    kept = [index for index in inside if index not in ours.template.special_ids]
    assert [i for i in ids if i not in ours.template.special_ids][:5] == kept[:5]


def test_words_begin_after_their_space(tmp_path):
    tokenizer = kbz.Tokenizer.from_folder(FOLDERS["deberta-v2"](tmp_path))
    features = TokenFeatures(made(tokenizer, 32), Labels(["A", "B"]))
    text = "the hello a"
    (row,) = features.tokens([text])
    assert [text[a:b] for a, b in row.word_spans if a < b] == text.split()


def test_a_tokenizer_without_a_template(tmp_path):
    import tokenizers

    engine = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "a": 1}, "[UNK]"))
    engine.save(str(tmp_path / "tokenizer.json"))
    tokenizer = kbz.Tokenizer.from_file(tmp_path / "tokenizer.json")
    assert isinstance(tokenizer.template, Template)
    assert tokenizer.template.pair.special == 0
    special = {"cls": "[UNK]", "sep": "a"}
    named = kbz.Tokenizer.from_file(tmp_path / "tokenizer.json", special)
    assert named.template.single.ids == ((0,), (1,))


def test_a_template_that_turns_the_texts_round(tmp_path):
    import tokenizers

    engine = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "a": 1}, "[UNK]"))
    engine.post_processor = tokenizers.processors.TemplateProcessing(single="$A", pair="$B $A")
    engine.save(str(tmp_path / "tokenizer.json"))
    tokenizer = kbz.Tokenizer.from_file(tmp_path / "tokenizer.json")
    with pytest.raises(ValueError, match="only A, and A before B"):
        _ = tokenizer.template
