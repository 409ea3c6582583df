"""What batch inference has done."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Report:
    """What `predict` returns.

    Args:
        folder: of the answers.
        rows: in all shards.
        shards: how many there are.
        done_before: how many of them an earlier run had written.
        rows_before: rows in those.
        cut_texts: texts in all shards that were longer than the model, and were cut.
        seconds: that this run took, the loading of models included.
    """

    folder: pathlib.Path
    rows: int
    shards: int
    done_before: int
    rows_before: int
    cut_texts: int
    seconds: float

    @property
    def rows_per_second(self):
        """Of this run, the rows that it found done left out."""
        return (self.rows - self.rows_before) / self.seconds if self.seconds else 0.0

    def __str__(self):
        shards = "1 shard" if self.shards == 1 else f"{self.shards} shards"
        before = f" ({self.done_before} done before)" if self.done_before else ""
        cut = f"; {self.cut_texts:,} texts were cut" if self.cut_texts else ""
        return (
            f"{self.folder}: {self.rows:,} rows in {shards}{before}, "
            f"{self.seconds:,.1f} s, {self.rows_per_second:,.1f} rows a second{cut}"
        )
