"""Tweets as BERTweet reads them (https://arxiv.org/abs/2005.10200, section 2).

The words are those that NLTK's TweetTokenizer found in 2020, when the model was trained, and that
transformers keeps a copy of; today's NLTK joins emoji and cuts words in other places.
"""

import functools
import html.entities
import re

# What is read as one word, tried in this order at each place.
_NESTED, _FLAT = r"\([^\s()]*?\([^\s()]+\)[^\s()]*?\)", r"\(\S+?\)"
_EYES, _NOSE, _MOUTH = r"[:;=8]", r"[-o*']?", r"[)(\]\[dp/:}{@|\\]"
_GAP = r"[ *\-.)]*"
WORDS = {
    "address": rf"(?:https?:(?:/{{1,3}}|[a-z0-9%])|[a-z0-9.\-]+\.[a-z]{{2,13}}/)"
    rf"(?:[^\s()<>{{}}\[\]]|{_NESTED}|{_FLAT})+"
    rf"(?:{_NESTED}|{_FLAT}|[^\s`!()\[\]{{}};:'\".,<>?«»“”‘’])",
    "domain": r"(?<!@)[a-z0-9]+(?:[.\-][a-z0-9]+)*\.[a-z]{2,13}\b/?(?!@)",
    "phone number": rf"(?:\+?[01]{_GAP})?(?:\(?\d{{3}}{_GAP})?\d{{3}}{_GAP}\d{{4}}",
    "face": rf"[<>]?{_EYES}{_NOSE}{_MOUTH}|{_MOUTH}{_NOSE}{_EYES}[<>]?|<3",
    "tag of HTML": r"<[^>\s]+>",
    "arrow": r"-+>|<-+",
    "user": r"@\w+",
    "hashtag": r"#+\w+[\w'\-]*\w+",
    "e-mail": r"[\w.+\-]+@[\w\-]+\.(?:[\w\-]\.?)+[\w\-]",
    "word with a mark inside": r"[^\W\d_](?:[^\W\d_]|['\-_])+[^\W\d_]",
    "number": r"[+\-]?\d+[,/.:\-]\d+[+\-]?",
    "word": r"\w+",
    "dots": r"\.(?:\s*\.)+",
    "anything else": r"\S",
}
_MARKS = {"’": "'", "…": "..."}
_MARK, _ENTITY = re.compile("[’…]"), re.compile(r"&(#?x?)([^&;\s]+);")
# Finding words takes time with the square of what has no space, and no tweet has more than this.
_LONG = re.compile(r"(\S{1000})(?=\S)")
_REPEATED, _ANY = re.compile(r"([^a-zA-Z0-9])\1{3,}"), re.compile(r"\S+")
# English contractions, in this order.
CONTRACTIONS = (
    ("cannot ", "can not "),
    ("n't ", " n't "),
    ("n 't ", " n't "),
    ("ca n't", "can't"),
    ("ai n't", "ain't"),
    *((f"'{end} ", f" '{end} ") for end in ("m", "re", "s", "ll", "d", "ve")),
    (" p . m .", "  p.m."),
    (" p . m ", " p.m "),
    (" a . m .", " a.m."),
    (" a . m ", " a.m "),
)


@functools.cache
def _library():
    """The pattern of a word, and the function that gives an emoji its name."""
    try:
        import emoji
        import regex
    except ImportError as error:
        raise ImportError(
            "This tokenizer normalizes tweets (`normalization` in tokenizer_config.json), which "
            f"needs a package that is not installed ({error.name}): run "
            "`pip install keras-bert-zoo[tweets]`."
        ) from error
    # Not `re`: its \w has no combining marks.
    return regex.compile("|".join(WORDS.values()), regex.IGNORECASE), emoji.demojize


def normal_tweet(text):
    """A tweet in BERTweet's spelling.

    Args:
        text: `Aligned`.

    Returns:
        `Aligned`: words, marks and emoji's names with a space between them; "@USER" for users,
        "HTTPURL" for addresses; "n't" and "'s" as words of their own.

    Raises:
        ImportError: the extra `tweets` is not installed.

    Example:
    >>> from keras_bert_zoo.tokenizers.aligned import Aligned
    >>> normal_tweet(Aligned("Don't @me, see www.x.org/ab 😂!!!")).text
    "Do n't @USER , see HTTPURL :face_with_tears_of_joy: ! ! !"
    """
    words, name = _library()
    text = text.sub(_MARK, lambda match: _MARKS[match[0]]).sub(_ENTITY, _character)
    text = text.sub(_REPEATED, lambda match: match[1] * 3)
    text = text.respaced(" ".join(words.findall(_LONG.sub(r"\1 ", text.text))))
    text = text.sub(_ANY, lambda match: _word(match[0], name))
    spelled = text.text
    for old, new in CONTRACTIONS:
        spelled = spelled.replace(old, new)
    return text.respaced(" ".join(spelled.split()))


def _character(match):
    """What an entity of HTML stands for; nothing if that is not known."""
    mark, body = match.groups()
    try:
        number = (
            int(body, 16 if "x" in mark else 10) if mark else html.entities.name2codepoint[body]
        )
        # Browsers read these as bytes of Windows' code page.
        return bytes([number]).decode("cp1252") if mark and 128 <= number < 160 else chr(number)
    except (KeyError, ValueError, OverflowError):
        return ""


def _word(word, name):
    if word.startswith("@"):
        return "@USER"
    if word.lower().startswith(("http", "www")):
        return "HTTPURL"
    return name(word) if len(word) == 1 else word
