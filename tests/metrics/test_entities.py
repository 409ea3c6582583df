"""Entities and their scores are seqeval's, on any tags, in both of its modes."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_bert_zoo.metrics import entity_scores, entity_spans
from keras_bert_zoo.metrics.entities import SCHEMES

pytestmark = pytest.mark.any_backend

LABELS = ("PER", "LOC", "work-of-art", "B-side")
PREFIXES = {name: scheme.prefixes for name, scheme in SCHEMES.items()}


def tags_of(prefixes):
    bare = list(prefixes)
    return st.sampled_from(["O", "O", *(f"{p}-{lab}" for p in bare for lab in LABELS), *bare])


@st.composite
def pairs(draw, prefixes):
    """True and predicted tags; predictions copy some sentences, so that entities agree."""
    lengths = draw(st.lists(st.integers(0, 8), min_size=1, max_size=4))
    tag = tags_of(prefixes)
    true = [[draw(tag) for _ in range(length)] for length in lengths]
    ours = [
        [t if draw(st.booleans()) else draw(tag) for t in tags] if draw(st.booleans()) else tags
        for tags in true
    ]
    return true, ours


def their_scores(function, pair, zero, **options):
    """`{average: (precision, recall, f1, support)}`, those of the labels as four lists."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            average: function(*pair, average=average, zero_division=zero, **options)
            for average in ("micro", "macro", "weighted", None)
        }


def check(ours, theirs):
    row = lambda s: (s.precision, s.recall, s.f1, s.support)  # noqa: E731
    assert row(ours.micro) == pytest.approx(theirs["micro"], abs=1e-12)
    assert row(ours.weighted) == pytest.approx(theirs["weighted"], abs=1e-12)
    if ours.labels:  # theirs is nan if there are none
        assert row(ours.macro) == pytest.approx(theirs["macro"], abs=1e-12)
    each = list(zip(*theirs[None]))
    assert [row(score) for score in ours.labels.values()] == [pytest.approx(t) for t in each]


@settings(max_examples=300, deadline=None)
@given(pair=pairs("BIES"), zero=st.sampled_from([0, 1]))
def test_default_mode_is_that_of_seqeval(pair, zero):
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling", reason="the reference")
    for tags in pair[0]:
        theirs = [(label, start, last + 1) for label, start, last in seqeval.get_entities(tags)]
        assert entity_spans(tags) == theirs
    theirs = their_scores(seqeval.precision_recall_fscore_support, pair, zero)
    check(entity_scores(*pair, zero_division=zero), theirs)


@pytest.mark.parametrize("scheme", PREFIXES)
def test_strict_mode_is_that_of_seqeval(scheme):
    seqeval = pytest.importorskip("seqeval.metrics.v1", reason="the reference")
    schemes = pytest.importorskip("seqeval.scheme", reason="the reference")
    their_scheme = getattr(schemes, "IOBES" if scheme == "BIOES" else scheme)

    @settings(max_examples=100, deadline=None)
    @given(pair=pairs(PREFIXES[scheme]), zero=st.sampled_from([0, 1]))
    def check_pair(pair, zero):
        for tags in pair[0]:
            theirs = schemes.Tokens(tags, their_scheme).entities
            theirs = [(entity.tag, entity.start, entity.end) for entity in theirs]
            assert entity_spans(tags, "strict", scheme) == theirs
        function = seqeval.precision_recall_fscore_support
        theirs = their_scores(function, pair, zero, scheme=their_scheme)
        check(entity_scores(*pair, "strict", scheme, zero), theirs)

    check_pair()


BY_HAND = [
    # What each scheme is for.
    ("IOB1", "I-A I-A B-A O I-B", [("A", 0, 2), ("A", 2, 3), ("B", 4, 5)]),
    ("IOB2", "B-A I-A B-A O B-B", [("A", 0, 2), ("A", 2, 3), ("B", 4, 5)]),
    ("IOE1", "I-A E-A I-A O I-B", [("A", 0, 2), ("A", 2, 3), ("B", 4, 5)]),
    ("IOE2", "I-A E-A E-A O E-B", [("A", 0, 2), ("A", 2, 3), ("B", 4, 5)]),
    ("BIOES", "B-A I-A E-A S-A O S-B", [("A", 0, 3), ("A", 3, 4), ("B", 5, 6)]),
    ("BILOU", "B-A I-A L-A U-A O U-B", [("A", 0, 3), ("A", 3, 4), ("B", 5, 6)]),
    # What breaks a scheme is no entity in the strict mode,
    ("IOB2", "I-A O B-A I-B", [("A", 2, 3)]),
    ("BIOES", "B-A O S-B I-A E-A", [("B", 2, 3)]),
    # but is read in the default one.
    (None, "I-A O B-A I-B", [("A", 0, 1), ("A", 2, 3), ("B", 3, 4)]),
    (None, "B-A O S-B I-A E-A", [("A", 0, 1), ("B", 2, 3), ("A", 3, 5)]),
    (None, "E-A E-A I-A I-A B-A", [("A", 0, 1), ("A", 1, 2), ("A", 2, 4), ("A", 4, 5)]),
    # Labels with dashes, and none.
    (None, "B-x-y I-x-y I-y B I", [("x-y", 0, 2), ("y", 2, 3), ("_", 3, 5)]),
    (None, "", []),
]


@pytest.mark.parametrize(("scheme", "tags", "spans"), BY_HAND)
def test_spans_by_hand(scheme, tags, spans):
    assert entity_spans(tags.split(), "strict" if scheme else "default", scheme) == spans


def test_scores_by_hand():
    true = [["B-A", "I-A", "O", "B-B"], ["B-A", "O"]]
    ours = [["B-A", "O", "O", "B-B"], ["B-A", "B-C"]]
    scores = entity_scores(true, ours)
    assert scores.micro.precision == 0.5
    assert scores.micro.recall == pytest.approx(2 / 3)
    assert scores.macro.f1 == pytest.approx((0.5 + 1 + 0) / 3)
    assert scores.weighted.f1 == pytest.approx((2 * 0.5 + 1) / 3)
    assert [(k, v.support) for k, v in scores.labels.items()] == [("A", 2), ("B", 1), ("C", 0)]


def test_nothing_to_find_and_nothing_found():
    empty = entity_scores([["O"]], [["O"]], zero_division=1)
    assert empty.micro == empty.macro == empty.weighted
    assert (empty.micro.f1, empty.labels) == (1.0, {})
    assert entity_scores([["O"]], [["O"]]).micro.f1 == 0.0
    assert entity_scores([["O"]], [["B-A"]], zero_division=1).weighted.f1 == 0.0


def test_printed_it_is_a_table():
    lines = str(entity_scores([["B-organisation"]], [["B-organisation"]])).split("\n")
    assert lines[0].split() == ["precision", "recall", "f1", "support"]
    assert lines[1].split() == ["organisation", "1.0000", "1.0000", "1.0000", "1"]
    assert [line.split()[0] for line in lines[3:]] == ["micro", "macro", "weighted"]
    assert {len(line) for line in lines if line} == {len(lines[0])}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([["B-A"]], [["B-A"], ["O"]]), "true has 1 sequences and predicted 2"),
        (([["B-A"]], [["O", "O"]]), r"true\[0\] has 1 tags and predicted\[0\] 2"),
        ((["B-A"], ["O"]), "true must be a list of sequences.*'B-A'"),
        (([["O"], ["X-A"]], [["O"], ["O"]]), r"true\[1\]: 'X-A' is no tag here.*B, I, E, S"),
        (([["O"]], [["U-A"]]), r"predicted\[0\]: 'U-A'.*scheme='BILOU'"),
        (([["O"]], [["PER"]]), "'PER' is no tag"),
        (([["O"]], [[""]]), "'' is no tag"),
        (([["O"]], [[3]]), "A tag is a str such as 'B-PER'. Given: 3"),
        (([["E-A"]], [["O"]], "strict", "IOB2"), "'E-A' is no tag here.*one of B, I with"),
        (([["O"]], [["O"]], "strikt"), "Unknown mode 'strikt'. Did you mean 'strict'"),
        (([["O"]], [["O"]], "strict"), "needs a scheme. Accepted: IOB1, IOB2"),
        (([["O"]], [["O"]], "strict", "IOB3"), "Unknown scheme 'IOB3'. Did you mean"),
        (([["O"]], [["O"]], "default", None, 2), "zero_division must be 0 or 1. Given: 2"),
    ],
)
def test_what_is_wrong_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        entity_scores(*arguments)
