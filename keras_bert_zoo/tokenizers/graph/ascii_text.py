"""Plain ASCII text, in which words are found without a table: the same for all of BERT's settings.

Control characters other than a tab and line ends are not part of it: they depend on `clean_text`.
"""

import string

import tensorflow as tf

PLAIN_ASCII = r"[\t\n\r -~]*"
_PUNCTUATION = r"([!-/:-@\[-`{-~])"


def is_plain_ascii(strings):
    """tf.bool [m], whether each string is plain ASCII."""
    return tf.strings.regex_full_match(strings, PLAIN_ASCII)


def ascii_words(strings):
    """The words of strings in plain ASCII, a ragged tensor [m, words]."""
    return tf.strings.split(tf.strings.regex_replace(strings, _PUNCTUATION, r" \1 "))


def is_ascii_word(token):
    """Whether a token may be found in a word of plain ASCII text."""
    if len(token) == 1:
        return token in string.printable and not token.isspace()
    return token.isascii() and token.isalnum()
