"""What a training runs on, and why."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Devices:
    """What a training runs on.

    Args:
        kind: as `distribute` takes it, or `"one"`.
        replicas: into how many parts each batch is cut.
        what: what they are.
        why: why they were chosen.
        number: of this process, among those that train together.
        details: what else there is to know, for a backend's own code.
    """

    kind: str
    replicas: int
    what: str
    why: str
    number: int = 0
    details: object = None

    def __str__(self):
        return f"{self.what} ({self.kind}): {self.why}"
