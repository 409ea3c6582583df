"""What a corpus is built with: all that decides what is in its shards."""

import dataclasses
import re

from ...errors import unknown_name
from .packing import PACKINGS

SHORT_PAIRS = 0.1  # of Google's script; RoBERTa's rows of sentences are never short on purpose
ENGINES = ("local", "ray")  # what writes shards; it does not decide what is in them
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


@dataclasses.dataclass(frozen=True)
class Settings:
    """What decides, with the input and the tokenizer, what is in the shards.

    Args:
        packing: `"segment_pairs"` (BERT), `"full_sentences"` (RoBERTa) or `"doc_sentences"`.
        length: most tokens of a row, the special ones around it included.
        short_seq_prob: of an example that is to be shorter; 0.1 for pairs and 0 else if not given.
        dupe_factor: how often each document is packed, with other random numbers each time.
        language: of the sentences, as ISO 639 has it, such as `"en"`.
        text_column: of the documents in .jsonl and .parquet files.
        shard_size: bytes of text that go into a shard, about; or a str such as `"32MB"`.
        seed: of all random numbers, 0 or more.

    Raises:
        ValueError: one of them is not as above.
    """

    packing: str = "segment_pairs"
    length: int = 128
    short_seq_prob: float | None = None
    dupe_factor: int = 1
    language: str = "en"
    text_column: str = "text"
    shard_size: int | str = 32 * 10**6
    seed: int = 0

    def __post_init__(self):
        if self.packing not in PACKINGS:
            raise unknown_name("packing", self.packing, PACKINGS)
        if self.short_seq_prob is None:
            usual = SHORT_PAIRS if self.packing == "segment_pairs" else 0.0
            object.__setattr__(self, "short_seq_prob", usual)
        object.__setattr__(self, "shard_size", size_of(self.shard_size))
        self._check("length", self.length, 8)
        self._check("dupe_factor", self.dupe_factor, 1)
        self._check("seed", self.seed, 0)
        self._check("shard_size", self.shard_size, 1)
        if not 0 <= self.short_seq_prob <= 1:
            raise ValueError(
                f"short_seq_prob is a probability, from 0 to 1. Given: {self.short_seq_prob!r}."
            )

    def _check(self, name, value, least):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be a whole number of {least} or more. Given: {value!r}.")


def size_of(text):
    """Bytes, from a number or a str such as `"32MB"`.

    Raises:
        ValueError: neither.

    >>> size_of("1.5kB"), size_of(7)
    (1500, 7)
    """
    if not isinstance(text, str):
        return text
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?)b?\s*", text.lower())
    if not found:
        raise ValueError(f"shard_size is bytes, such as 32MB or 500kB. Given: {text!r}.")
    return round(float(found[1]) * UNITS[found[2]])
