"""What a load did with each tensor and each config field."""

import dataclasses


class ConversionError(ValueError):
    """A checkpoint that cannot be loaded as it stands; `report` says what was found."""

    def __init__(self, message, report=None):
        super().__init__(message)
        self.report = report


@dataclasses.dataclass
class ConversionReport:
    """What was used of a checkpoint and what was not. Prints as a short table.

    Args:
        source: the files that were read.
        used: names of the tensors that filled a variable.
        missing: tensors that the model needs and the checkpoint lacks.
        new: variables that start from scratch, because the checkpoint is not expected to hold them.
        unused: tensors of other heads; nothing of this model asked for them.
        leftover: tensors that seem to belong to this model, and that nothing asked for.
        honoured: config field -> value that shaped the model.
        ignored: config field -> value that has no effect on the output.
        assumed: what no file says -> what was taken instead, and why.
        weights: names of the files that the tensors were read from.
        passed_over: other files of weights in the folder -> why they were not read.
    """

    source: str = ""
    used: list = dataclasses.field(default_factory=list)
    missing: list = dataclasses.field(default_factory=list)
    new: list = dataclasses.field(default_factory=list)
    unused: list = dataclasses.field(default_factory=list)
    leftover: list = dataclasses.field(default_factory=list)
    honoured: dict = dataclasses.field(default_factory=dict)
    ignored: dict = dataclasses.field(default_factory=dict)
    assumed: dict = dataclasses.field(default_factory=dict)
    weights: list = dataclasses.field(default_factory=list)
    passed_over: dict = dataclasses.field(default_factory=dict)

    def raise_if_incomplete(self):
        """Raises `ConversionError` if a tensor is missing or left over."""
        if self.missing or self.leftover:
            raise ConversionError(
                f"{self.source} does not fit the model that its config describes.\n{self}\n"
                "Load it with strict=False to go on all the same: missing tensors start from "
                "scratch, left-over ones are dropped.",
                self,
            )

    def __str__(self):
        rows = [("source", self.source)]
        if self.weights:
            more = len(self.weights) - 1
            rows.append(("weights from", self.weights[0] + (f" and {more} more" if more else "")))
        rows += [("not read", f"{name}: {why}") for name, why in self.passed_over.items()]
        for title, names in (
            ("tensors used", self.used),
            ("tensors missing", self.missing),
            ("tensors left over", self.leftover),
            ("tensors of other heads", self.unused),
            ("new weights", self.new),
        ):
            rows.append((title, f"{len(names)}{sample(names) if title != 'tensors used' else ''}"))
        for title, fields in (
            ("config honoured", self.honoured),
            ("config ignored", self.ignored),
        ):
            rows.append(
                (title, ", ".join(f"{key}={value}" for key, value in fields.items()) or "-")
            )
        rows += [("assumed", f"{key}={value}") for key, value in self.assumed.items()]
        return "\n".join(f"{title:<23}{value}" for title, value in rows)


def sample(names, most=4):
    """` (a, b, ...)` for the first names of a list; nothing for an empty one."""
    if not names:
        return ""
    return f" ({', '.join(names[:most])}{', ...' if len(names) > most else ''})"
