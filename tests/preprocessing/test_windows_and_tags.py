"""Windows cover a text once; tags say the same in every scheme."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_bert_zoo.preprocessing import tags
from keras_bert_zoo.preprocessing.windows import windows

pytestmark = pytest.mark.any_backend

TYPES = st.sampled_from(["PER", "LOC-x"])


@given(st.integers(0, 300), st.integers(1, 40), st.data())
def test_each_token_is_answered_for_once_and_in_its_window(length, room, data):
    overlap = data.draw(st.integers(0, room - 1))
    cut = windows(length, room, overlap)
    owned = [place for w in cut for place in range(w.first, w.last)]
    assert owned == list(range(length))
    for window in cut:
        assert window.start <= window.first <= window.last <= window.end
        assert window.end - window.start == min(room, length)
    for one, other in itertools.pairwise(cut):
        assert one.end - other.start >= overlap


def test_a_token_is_answered_for_where_it_has_most_context():
    cut = windows(23, 10, 4)
    for place in range(23):
        context = {
            i: min(place - w.start, w.end - 1 - place)
            for i, w in enumerate(cut)
            if w.start <= place < w.end
        }
        owner = next(i for i, w in enumerate(cut) if w.first <= place < w.last)
        # The begin and the end of the text are no lack of context.
        if cut[owner].start > 0 and cut[owner].end < 23:
            assert context[owner] >= max(context.values()) - 1


def test_too_much_overlap_is_refused():
    with pytest.raises(ValueError, match="from 0 to 5 tokens. Given: 6"):
        windows(10, 6, 6)


@st.composite
def spans(draw):
    found, place = [], draw(st.integers(0, 2))
    for _ in range(draw(st.integers(0, 4))):
        end = place + draw(st.integers(1, 3))
        found.append((draw(TYPES), place, end))
        place = end + draw(st.integers(0, 2))
    return found, place + draw(st.integers(0, 2))


@given(spans(), st.sampled_from(["BIO", "BIOES"]))
def test_schemes_hold_what_is_put_in(given_spans, scheme):
    found, length = given_spans
    written = tags.tags_of_spans(found, length, scheme)
    assert tags.spans_of_tags(written) == found
    assert set(written) <= set(tags.tags_of_types(["PER", "LOC-x"], scheme))
    first, following, last = tags.allowed_transitions(tags.tags_of_types(["PER", "LOC-x"], scheme))
    numbers = [tags.tags_of_types(["PER", "LOC-x"], scheme).index(tag) for tag in written]
    if numbers:
        assert first[numbers[0]]
        assert last[numbers[-1]]
        assert all(following[a, b] for a, b in itertools.pairwise(numbers))


@pytest.mark.parametrize(
    ("given_tags", "bio"),
    [
        (["I-PER", "I-PER", "B-PER"], ["B-PER", "I-PER", "B-PER"]),  # IOB1
        (["B-PER", "L-PER", "U-LOC", "O"], ["B-PER", "I-PER", "B-LOC", "O"]),  # BILOU
        (["S-PER", "B-LOC", "E-LOC"], ["B-PER", "B-LOC", "I-LOC"]),
        (["I-PER", "I-LOC"], ["B-PER", "B-LOC"]),
        ([], []),
    ],
)
def test_other_schemes_are_read(given_tags, bio):
    assert tags.convert_tags(given_tags, "BIO") == bio


def test_what_is_not_whole_is_not_allowed():
    names = tags.tags_of_types(["A", "B"], "BIOES")
    first, following, last = tags.allowed_transitions(names)
    place = names.index
    assert not first[place("I-A")]
    assert not last[place("B-A")]
    assert not following[place("B-A"), place("I-B")]
    assert not following[place("E-A"), place("I-A")]
    assert following[place("B-A"), place("E-A")]
    assert following[place("S-A"), place("B-A")]


def test_tags_that_mark_no_entities_are_free():
    assert not tags.has_entities(["NOUN", "VERB"])
    assert all(np.all(rule) for rule in tags.allowed_transitions(["NOUN", "VERB"]))
    assert tags.find_tags([["VERB", "NOUN"], ["NOUN"]]) == ["NOUN", "VERB"]
    assert tags.find_tags([["I-B", "O", "B-B"], ["B-A"]]) == ["O", "B-A", "B-B", "I-B"]


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="scheme"):
        tags.tags_of_types(["A"], "BOI")
    with pytest.raises(ValueError, match="overlap"):
        tags.tags_of_spans([("A", 0, 2), ("B", 1, 3)], 3)
