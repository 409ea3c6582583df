"""Words as XLM reads them: Moses' punctuation and words, then lower case without accents."""

import dataclasses
import functools
import re
import unicodedata

from .aligned import Aligned

# Their words are not between spaces, so each needs a program of its own.
OTHER_TOOLS = {"ja": "KyTea", "th": "PyThaiNLP", "zh": "Jieba"}
# Moses' replace-unicode-punctuation.perl, but for the two full stops.
_PLAIN = str.maketrans(
    "，、”“∶：？《》）！（；」「１２３４５６７８９０～’━〈〉【】％",
    ',,""::?"")!(;""1234567890~\'-<>[]%',
) | {ord("…"): "..."}
_PUNCTUATION = re.compile(rf"[{''.join(map(chr, _PLAIN))}]|[。．]\s*")
_ANY = re.compile(".", re.DOTALL)
# Romanian letters are read without their marks, as in the data of WMT 2016.
_ROMANIAN = str.maketrans("ŞşȘșŢţȚțĂăÂâÎî", "SsSsTtTtAaAaIi")


@functools.cache
def _tools(language):
    """Moses' substitutions of punctuation, and its tokenizer."""
    try:
        import sacremoses
    except ImportError as error:
        raise ImportError(
            "XLM's tokenizer cuts texts into words with Moses' rules, which needs a package that "
            f"is not installed ({error.name}): run `pip install keras-bert-zoo[xlm]`."
        ) from error
    found = sacremoses.MosesPunctNormalizer(lang=language).substitutions
    changes = [(re.compile(pattern), new) for pattern, new in found]
    return changes, sacremoses.MosesTokenizer(lang=language)


@dataclasses.dataclass(frozen=True)
class MosesWords:
    """A function of an `Aligned` that returns another: XLM's words with a space between them.

    Args:
        language: code of the language, such as "en".
        lowercase: whether words are in lower case and without accents.

    Raises:
        ValueError: a language that is not written with spaces.

    Example:
    >>> from keras_bert_zoo.tokenizers.aligned import Aligned
    >>> MosesWords("en", lowercase=True)(Aligned("He said: “Café!”")).text
    'he said : " cafe ! "'
    """

    language: str
    lowercase: bool

    def __post_init__(self):
        if not isinstance(self.language, str):
            raise ValueError(
                f"language must be a code of two letters such as 'en'. Given: {self.language!r}."
            )
        if self.language in OTHER_TOOLS:
            raise ValueError(
                f"language={self.language!r} is not read: its words are found by "
                f"{OTHER_TOOLS[self.language]}, not by Moses' rules. Put spaces between the words "
                "yourself, and leave `language` as it is."
            )

    def __call__(self, text):
        changes, tokenizer = _tools(self.language)
        text = text.sub(_PUNCTUATION, _plain)
        for pattern, new in changes:
            text = text.sub(pattern, lambda match, new=new: match.expand(new))
        text = text.sub(re.compile(r"^\s+|\s+$"), lambda match: "").sub(_ANY, _printed)
        if self.language == "ro":
            text = text.sub(_ANY, lambda match: match[0].translate(_ROMANIAN))
        words = tokenizer.tokenize(text.text, return_str=False, escape=False)
        text = text.respaced(" ".join(words))
        return _without_accents(text) if self.lowercase else text


def _plain(match):
    return ". " if match[0][0] in "。．" else match[0].translate(_PLAIN)


def _printed(match):
    return "" if unicodedata.category(match[0]).startswith("C") else match[0]


def _without_accents(text):
    letters = text.sub(_ANY, lambda match: _lower(match[0]))
    whole = _lower(text.text)  # a sigma at the end of a word is another letter
    return Aligned(whole, letters.spans) if len(whole) == len(letters.text) else letters


def _lower(text):
    marked = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in marked if unicodedata.category(c) != "Mn").lower()
