"""Comparing an `Encoding` with what transformers says of the same text."""

from hypothesis import strategies as st

from tests.tokenizers.hard_strings import HARD_CHARACTERS, HARD_STRINGS

SHORT = {name: text for name, text in HARD_STRINGS.items() if len(text) < 1000}
# Any character at all, and, as often, those known to be hard.
TEXT = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(HARD_CHARACTERS)),
    max_size=60,
)


def assert_same(encoding, reference, what):
    """Compare an `Encoding` with a `BatchEncoding` of one text, field by field."""
    assert encoding.ids == reference["input_ids"], what
    assert encoding.tokens == reference.tokens(), what
    assert encoding.offsets == reference["offset_mapping"], what
    assert encoding.word_ids == reference.word_ids(), what
    assert encoding.sequence_ids == reference.sequence_ids(), what
    assert encoding.segment_ids == reference["token_type_ids"], what
    assert encoding.special_tokens_mask == reference["special_tokens_mask"], what


def ask(reference, *texts, **options):
    return reference(
        *texts, return_offsets_mapping=True, return_special_tokens_mask=True, **options
    )
