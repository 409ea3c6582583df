"""Texts on which tokenizers have been seen to disagree."""

HARD_TEXTS = (
    "",
    " ",
    "Hello world!",
    "Ünïcödé café",
    "a [MASK] b",
    "中国 Hello",
    "한국어",
    "a" * 101,
)
